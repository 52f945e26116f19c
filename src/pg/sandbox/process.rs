//! The server's process under its supervisor.

use std::{
    fs,
    io::Read,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{account::Account, binaries::Binaries};

/// Starts the server, waits for the end of standard input, stops the server at once, and removes its directory, which is `$0`.
///
/// Only the server keeps standard output open, so its end is the server's end. A TERM ends the wait; others are not for us:
/// Ctrl-C goes to our owner, whose end we notice.
const SUPERVISOR: &str = r#"
trap '' HUP INT
trap : TERM
"$@" 2>"$0/log" &
server=$!
exec >/dev/null
read -r _
kill -QUIT "$server"
wait "$server"
rm -rf "$0"
"#;

/// How long a server may take to start. A machine under load once took 6 s.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server and its supervisor.
#[derive(Debug)]
pub(super) struct Process {
    supervisor: Child,
    /// Its end is the supervisor's sign. `None` once it was closed.
    sign: Option<ChildStdin>,
    directory: PathBuf,
}

impl Process {
    /// Starts a server in `directory`; `prepare` fills the data folder that it is given, and returns the settings.
    pub(super) fn start(
        directory: &Path,
        account: Account,
        binaries: &Binaries,
        prepare: impl FnOnce(&Path) -> Result<Vec<(String, String)>, String>,
    ) -> Result<Self, String> {
        let data = directory.join("data");
        let settings = prepare(&data).inspect_err(|_| {
            // Nothing runs there yet, and the caller only hears of the first problem.
            let _ = fs::remove_dir_all(directory);
        })?;
        let mut command = account.command(Path::new("/bin/sh"));
        command.arg("-c").arg(SUPERVISOR).arg(directory).arg(binaries.program("postgres"));
        command.arg("-D").arg(&data).arg("-k").arg(directory);
        command.args(settings.iter().flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut supervisor = command.spawn().map_err(|error| format!("cannot run /bin/sh: {error}"))?;
        let sign = supervisor.stdin.take();
        let output = supervisor.stdout.take();
        let process = Self { supervisor, sign, directory: directory.to_owned() };
        let end = thread::spawn(move || output.map(|mut it| it.read_to_end(&mut Vec::new())));
        process.wait_until_ready(&data, &end)?;
        Ok(process)
    }

    /// Waits for the eighth line of `postmaster.pid`, which says whether the server takes connections.
    fn wait_until_ready<T>(&self, data: &Path, end: &JoinHandle<T>) -> Result<(), String> {
        let started = Instant::now();
        loop {
            let file = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            if file.lines().nth(7).is_some_and(|it| it.trim() == "ready") {
                return Ok(());
            }
            if end.is_finished() || started.elapsed() > PATIENCE {
                let log = fs::read(self.directory.join("log")).unwrap_or_default();
                let log = String::from_utf8_lossy(&log);
                let last: Vec<&str> = log.lines().rev().take(3).collect();
                let last: Vec<&str> = last.into_iter().rev().collect();
                return Err(format!("the server did not start: {}", last.join("; ")));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.sign = None;
        // The supervisor has no other work than to end; what it could not remove is removed here.
        let _ = self.supervisor.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
