//! What was made on servers that are not ours is removed when somebody ends us: by Ctrl-C, or by SIGTERM.
//!
//! Who ends us a second time does not want to wait for that.

use std::{
    process,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};

use super::ours::Ours;
use crate::error::Error;

/// What there is to be removed.
static ALL: Mutex<Vec<Weak<Ours>>> = Mutex::new(Vec::new());

/// Whether somebody listens already.
static LISTENS: Mutex<bool> = Mutex::new(false);

/// Whether we are to end.
static ENDS: AtomicBool = AtomicBool::new(false);

/// Has `ours` removed when a signal comes.
pub(super) fn watch(ours: &Arc<Ours>) -> Result<(), Error> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(ours));
    let mut listens = LISTENS.lock().unwrap_or_else(PoisonError::into_inner);
    if !*listens {
        listen()
            .map_err(|source| Error::Runtime { attempted: "cannot listen for signals".to_owned(), source })?;
        *listens = true;
    }
    Ok(())
}

/// Whether a signal ends us.
pub(super) fn ends() -> bool {
    ENDS.load(Ordering::SeqCst)
}

/// Does not return if a signal ends us: what fails now fails for that, and nobody needs to hear of it.
pub(super) fn let_end() {
    while ends() {
        thread::sleep(Duration::from_secs(1));
    }
}

fn listen() -> std::io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (ready, is_ready) = mpsc::channel();
    thread::spawn(move || {
        runtime.block_on(async {
            let signals =
                signal(SignalKind::interrupt()).and_then(|it| Ok((it, signal(SignalKind::terminate())?)));
            let (mut interrupt, mut terminate) = match signals {
                Ok(signals) => signals,
                Err(error) => return drop(ready.send(Err(error))),
            };
            let _ = ready.send(Ok(()));
            loop {
                let signal = tokio::select! {
                    _ = interrupt.recv() => SignalKind::interrupt(),
                    _ = terminate.recv() => SignalKind::terminate(),
                };
                // As a shell reports who was ended by a signal.
                let code = 128 + signal.as_raw_value();
                if ENDS.swap(true, Ordering::SeqCst) {
                    process::exit(code);
                }
                thread::spawn(move || {
                    end_all();
                    process::exit(code);
                });
            }
        });
    });
    is_ready.recv().unwrap_or_else(|_| Err(std::io::Error::other("the thread ended")))
}

fn end_all() {
    let all = std::mem::take(&mut *ALL.lock().unwrap_or_else(PoisonError::into_inner));
    for ours in all.iter().filter_map(Weak::upgrade) {
        // There is nobody left to be told; the next run finds what stays.
        let _ = ours.end();
    }
}
