//! Stands before a throwaway server and watches what a program does there, whatever it is written in: it speaks PostgreSQL's protocol.
//!
//! It listens on this machine's loopback only, and lets in who knows the password that was made up for this run. Each connection is a
//! thread, which does one thing after the other; what a client is told waits until what it did was looked at.

mod client;
mod server;
mod startup;
mod trace;
mod tunnel;
mod watched;
mod wire;

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    io,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, Scope},
    time::{Duration, Instant},
};

pub use self::trace::{Manner, Trace, Traced, TracedFate};
use self::{startup::Begun, tunnel::Tunnel, watched::failed};
use super::{Sandbox, session::Refusal};
use crate::error::Error;

/// How long connections may go on when the program has ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to sleep between two looks at them.
const PAUSE: Duration = Duration::from_millis(2);

/// Statements are parsed here, and may be nested deep; memory is only taken for what is used.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Where a program finds the server.
#[derive(Clone, Debug)]
pub struct Door {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The password of the user `postgres`.
    pub password: String,
}

/// What all connections share.
struct Shared<'s> {
    sandbox: &'s Sandbox,
    database: &'s str,
    manner: fn(&str) -> Manner,
    password: String,
    numbers: AtomicUsize,
    is_over: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    trace: Trace,
    /// The first thing that went wrong on our side.
    error: Option<Error>,
    /// The connections that are open, so that they can be ended.
    open: HashMap<usize, TcpStream>,
}

impl Shared<'_> {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that nothing else has.
    fn number(&self) -> usize {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn manner(&self, sql: &str) -> Manner {
        if sql.is_empty() { Manner::Quiet } else { (self.manner)(sql) }
    }

    fn keep(&self, traced: Traced) {
        self.seen().trace.statements.push(traced);
    }

    /// The transaction around the last statement of a session could not be committed.
    fn refuse_last(&self, session: usize, refusal: Refusal) {
        let mut seen = self.seen();
        if let Some(last) = seen.trace.statements.iter_mut().rev().find(|it| it.session == session) {
            last.fate = TracedFate::RefusedAtCommit(refusal);
        }
    }
}

/// Does `work`, which may connect to `database` by the door that it is told, and returns what was done there. `manner` says how each
/// statement is to be watched.
pub fn trace<T>(
    sandbox: &Sandbox,
    database: &str,
    manner: fn(&str) -> Manner,
    work: impl FnOnce(&Door) -> Result<T, Error>,
) -> Result<(T, Trace), Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let shared = Shared {
        sandbox,
        database,
        manner,
        password: password(),
        numbers: AtomicUsize::new(1),
        is_over: AtomicBool::new(false),
        seen: Mutex::default(),
    };
    let door = Door { port: address.port(), password: shared.password.clone() };
    let done = thread::scope(|scope| {
        let shared = &shared;
        scope.spawn(move || listen(scope, &listener, shared));
        let _end = End { shared, address };
        work(&door)
    })?;
    let seen = shared.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    seen.error.map_or(Ok((done, seen.trace)), Err)
}

/// Ends what listens, however the work ended.
struct End<'e> {
    shared: &'e Shared<'e>,
    address: SocketAddr,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.shared.end(self.address);
    }
}

impl Shared<'_> {
    /// Waits until all is done that was sent, and lets nobody in any more.
    fn end(&self, address: SocketAddr) {
        let started = Instant::now();
        while !self.seen().open.is_empty() && started.elapsed() < PATIENCE {
            thread::sleep(PAUSE);
        }
        self.is_over.store(true, Ordering::Relaxed);
        // Who listens hears of it by this.
        let _ = TcpStream::connect(address);
        for stream in self.seen().open.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Something that nobody guesses: the standard library takes it from the system to protect its maps.
fn password() -> String {
    let [a, b] = [0, 1].map(|n| RandomState::new().hash_one(n));
    format!("{a:016x}{b:016x}")
}

fn listen<'scope>(scope: &'scope Scope<'scope, '_>, listener: &TcpListener, shared: &'scope Shared<'scope>) {
    for stream in listener.incoming() {
        if shared.is_over.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let session = shared.number();
        if let Ok(stream) = stream.try_clone() {
            shared.seen().open.insert(session, stream);
        }
        let serve = move || {
            let served = serve(stream, shared, session);
            let mut seen = shared.seen();
            // Who hangs up, does not wait for an answer.
            if let Err(error) = served
                && !is_end(&error)
            {
                seen.error.get_or_insert(error);
            }
            seen.open.remove(&session);
        };
        let started = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, serve);
        if let Err(source) = started {
            shared.seen().error.get_or_insert(failed(source));
        }
    }
}

/// Whether a connection only ended earlier than was polite.
fn is_end(error: &Error) -> bool {
    let Error::Traced { source } = error else { return false };
    matches!(
        source.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::InvalidData
    )
}

fn serve(stream: TcpStream, shared: &Shared<'_>, session: usize) -> Result<(), Error> {
    let folder = shared.sandbox.socket_folder();
    let begun = startup::begin(stream, folder, &shared.password).map_err(failed)?;
    match begun {
        Begun::Connected(ends, database) if database == shared.database => {
            let (client, server) = *ends;
            shared.seen().trace.n_connections += 1;
            Tunnel::new(shared, session, client, server)?.serve()
        }
        Begun::Connected(ends, database) => {
            let (client, server) = *ends;
            let passed = startup::pass(client, server);
            *shared.seen().trace.elsewhere.entry(database).or_default() += 1;
            passed.map_err(failed)
        }
        Begun::Refused => {
            shared.seen().trace.n_strangers += 1;
            Ok(())
        }
        Begun::Done => Ok(()),
    }
}
