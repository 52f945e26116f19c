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

use super::account::Account;

/// A Unix socket's path has 108 bytes on Linux and 104 on macOS, and the server's file name needs 20 of them.
const LONGEST_DIRECTORY_BYTES: usize = 80;

/// Every private directory's name begins so.
const PREFIX: &str = "lockkeeper-pg-";

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
        loop {
            let path = base.join(format!("{PREFIX}{}", unique()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    let owner = account.own(&path).and_then(|()| lock(&path));
                    return match owner {
                        Ok(owner) => Ok(Self { path, _owner: owner }),
                        Err(error) => Err(format!("cannot use {}: {error}", path.display())),
                    };
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("cannot make {}: {error}", path.display())),
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
    let path = parent.join(format!(".{}", unique()));
    let failed = |error: io::Error| format!("cannot make {}: {error}", path.display());
    fs::create_dir_all(parent).map_err(failed)?;
    for entry in fs::read_dir(parent).map_err(failed)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with('.') && is_older(&entry.path(), STALE) {
            // Somebody else may clear it away at the same time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    DirBuilder::new().mode(0o700).create(&path).map_err(failed)?;
    Ok(path)
}

fn is_older(path: &Path, limit: Duration) -> bool {
    let made = fs::metadata(path).and_then(|it| it.modified());
    made.is_ok_and(|made| SystemTime::now().duration_since(made).is_ok_and(|age| age > limit))
}

/// The folder for temporary files if a socket's path fits in it and `account` can enter it, else `/tmp`.
fn base(account: Account) -> PathBuf {
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
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_left_over(&entry.path()) {
            // Another process may sweep as well, or may not let us: then it is not ours to report.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether nobody lives in `directory`: its lock is free, or was never made although there was time.
fn is_left_over(directory: &Path) -> bool {
    /// Between making a directory and locking it are microseconds.
    const TIME_TO_LOCK: Duration = Duration::from_mins(10);
    match File::open(directory.join(OWNER)) {
        Ok(owner) => owner.try_lock().is_ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => is_older(directory, TIME_TO_LOCK),
        Err(_) => false,
    }
}
