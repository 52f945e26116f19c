//! Where sandboxes live: a cache that lasts, and a private directory for each server that does not.

use std::{
    env,
    fs::{self, DirBuilder, File, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};

use super::account::Account;

/// A Unix socket's path has 108 bytes on Linux and 104 on macOS, and the server's file name needs 20 of them.
const LONGEST_DIRECTORY_BYTES: usize = 80;

/// Every private directory's name begins so, and has a living owner or none ever again.
const PREFIX: &str = "lockkeeper-pg-";

/// The name of one that is being made begins so: nobody holds its lock yet.
const UNFINISHED: &str = "lockkeeper-new-";

/// The file that a living owner holds locked.
const OWNER: &str = "owner";

/// Returns the folder for what outlives a run, made if need be: the user's cache, or where `account` cannot enter that, the machine's.
pub(super) fn cache(account: Account) -> Result<PathBuf, String> {
    let own = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|it| it.is_absolute())
        .or_else(|| env::home_dir().map(|home| home.join(".cache")));
    let shared = [PathBuf::from("/var/cache"), env::temp_dir()];
    let candidates = own.into_iter().chain(shared).map(|base| base.join("lockkeeper"));
    let mut problem = String::new();
    for folder in candidates.filter(|folder| account.can_enter(folder)) {
        match make_own(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) => problem = format!(": {} ({error})", folder.display()),
        }
    }
    Err(format!("no folder to keep servers in{problem}; set XDG_CACHE_HOME to one that can be written"))
}

/// Makes `folder`. What runs from it must be nobody else's, so somebody else's folder is refused.
fn make_own(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let found = fs::symlink_metadata(folder)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to somebody else"));
    }
    fs::set_permissions(folder, Permissions::from_mode(0o755))
}

/// A private directory, and the lock that says that its owner lives.
#[derive(Debug)]
pub(super) struct Private {
    pub(super) path: PathBuf,
    /// Held until we end, however we end.
    _owner: File,
}

impl Private {
    /// Makes a directory that only `account` can enter, for a socket and a server's files.
    pub(super) fn make(account: Account) -> Result<Self, String> {
        let base = base(account);
        sweep(&base);
        Self::make_in(&base, account)
    }

    /// It has its name only when it has its owner: whoever sweeps meanwhile must not take it for one that was left.
    fn make_in(base: &Path, account: Account) -> Result<Self, String> {
        loop {
            let name = unique();
            let unfinished = base.join(format!("{UNFINISHED}{name}"));
            match DirBuilder::new().mode(0o700).create(&unfinished) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(format!("cannot make {}: {error}", unfinished.display())),
            }
            let path = base.join(format!("{PREFIX}{name}"));
            let owner = account.own(&unfinished).and_then(|()| lock(&unfinished));
            match owner.and_then(|owner| fs::rename(&unfinished, &path).map(|()| owner)) {
                Ok(owner) => return Ok(Self { path, _owner: owner }),
                Err(error) => {
                    let _ = fs::remove_dir_all(&unfinished);
                    // A process of the same number left a server's files behind, and nobody could sweep them.
                    if !path.exists() {
                        return Err(format!("cannot make {}: {error}", path.display()));
                    }
                }
            }
        }
    }
}

/// A name that no other work of this machine uses now.
pub(super) fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Makes an empty folder in `parent` for work that ends with a rename out of it, and clears away what earlier work left when it was killed.
pub(super) fn workshop(parent: &Path) -> Result<PathBuf, String> {
    /// No download takes so long.
    const STALE: Duration = Duration::from_hours(24);
    /// Long enough for whoever shares the folder with us, but not the numbers of processes.
    const SOME_TIME: Duration = Duration::from_hours(1);
    let path = parent.join(format!(".{}", unique()));
    let failed = |error: io::Error| format!("cannot make {}: {error}", path.display());
    fs::create_dir_all(parent).map_err(failed)?;
    for entry in fs::read_dir(parent).map_err(failed)?.flatten() {
        let limit = if is_of_nobody(&entry.path(), ".") { SOME_TIME } else { STALE };
        if entry.file_name().to_string_lossy().starts_with('.') && is_older(&entry.path(), limit) {
            // Somebody else may clear it away at the same time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    DirBuilder::new().mode(0o700).create(&path).map_err(failed)?;
    Ok(path)
}

/// Whether the process that made `path`, and gave it this prefix and its own number, has ended.
fn is_of_nobody(path: &Path, prefix: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let number = name.strip_prefix(prefix).and_then(|it| it.split('-').next()?.parse().ok());
    let process = number.and_then(Pid::from_raw);
    process.is_some_and(|it| test_kill_process(it) == Err(Errno::SRCH))
}

fn is_older(path: &Path, limit: Duration) -> bool {
    let made = fs::metadata(path).and_then(|it| it.modified());
    made.is_ok_and(|made| SystemTime::now().duration_since(made).is_ok_and(|age| age > limit))
}

/// The folder for temporary files if a socket's path fits in it and `account` can enter it, else `/tmp`.
pub(super) fn base(account: Account) -> PathBuf {
    let wanted = env::temp_dir();
    let fits = wanted.as_os_str().len() + PREFIX.len() + 14 < LONGEST_DIRECTORY_BYTES;
    if fits && account.can_enter(&wanted) { wanted } else { PathBuf::from("/tmp") }
}

fn lock(directory: &Path) -> io::Result<File> {
    let owner = File::create(directory.join(OWNER))?;
    owner.lock()?;
    Ok(owner)
}

/// Removes what runs left that ended together with their supervisor, as when the machine went down.
///
/// A server that still ran there notices within a minute that its files are gone, and stops.
fn sweep(base: &Path) {
    for path in left(base) {
        // Another process may sweep as well, or may not let us: then it is not ours to report.
        let _ = fs::remove_dir_all(path);
    }
}

/// What is left of runs that have ended.
pub(super) fn left(base: &Path) -> Vec<PathBuf> {
    /// Making a directory takes less than a second.
    const TIME_TO_MAKE: Duration = Duration::from_mins(10);
    /// The same, where its maker is no process of this machine; it may be one of a container.
    const MOMENT: Duration = Duration::from_secs(2);
    let entries = fs::read_dir(base).into_iter().flatten().flatten();
    let is_left = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(PREFIX) && has_no_owner(path)
            || name.starts_with(UNFINISHED)
                && is_older(path, if is_of_nobody(path, UNFINISHED) { MOMENT } else { TIME_TO_MAKE })
    };
    entries.map(|it| it.path()).filter(is_left).collect()
}

/// Makes a directory as for a server, and removes it.
pub(super) fn try_out(base: &Path, account: Account) -> Result<(), String> {
    let made = Private::make_in(base, account)?;
    fs::remove_dir_all(&made.path).map_err(|error| format!("cannot remove {}: {error}", made.path.display()))
}

/// Whether nobody lives in `directory`: its lock is free, or it is being removed.
fn has_no_owner(directory: &Path) -> bool {
    match File::open(directory.join(OWNER)) {
        Ok(owner) => owner.try_lock().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn who_sweeps_takes_no_directory_that_has_just_been_made() {
        let account = Account::choose().unwrap();
        let home = Private::make(account).unwrap();
        let base = home.path.as_path();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..300 {
                        sweep(base);
                        let made = Private::make_in(base, account).unwrap();
                        sweep(base);
                        assert!(made.path.is_dir(), "somebody swept {} away", made.path.display());
                        fs::remove_dir_all(&made.path).unwrap();
                    }
                });
            }
        });
        fs::remove_dir_all(base).unwrap();
    }
}
