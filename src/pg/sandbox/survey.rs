//! What a throwaway server would be made of here, without making one.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{
    MAJORS,
    account::Account,
    binaries::{self, Binaries},
    download, folder,
};

/// What there is here.
#[derive(Debug)]
pub struct Survey {
    /// The programs of each major version.
    pub servers: Vec<(u16, Found)>,
    /// Whom a server runs as; the error says why it cannot.
    pub account: Result<String, String>,
    /// The folder for what outlives a run: downloaded servers, and the first files of new ones.
    pub cache: Result<PathBuf, String>,
    /// The folder for a server's files while it runs.
    pub home: PathBuf,
    /// How many bytes are free there; `None` if that cannot be known.
    pub free_bytes: Option<u64>,
    /// Why nothing can be made in [`home`](Self::home), if so.
    pub problem: Option<String>,
    /// What earlier runs left there; the next run removes it.
    pub left: Vec<PathBuf>,
    /// Whether there is an npm that could fetch a server.
    pub has_npm: bool,
}

/// Where a server's programs would come from.
#[derive(Clone, Debug)]
pub enum Found {
    /// A variable names their folder: it, and the whole version, or why they cannot be used.
    Given(PathBuf, Result<String, String>),
    /// They are installed: their folder, and the whole version.
    Installed(PathBuf, String),
    /// They were downloaded earlier.
    Kept(PathBuf, String),
    /// They would be downloaded.
    Missing,
}

/// Looks around.
pub fn survey() -> Survey {
    let path = env::var_os("PATH").unwrap_or_default();
    let has_npm = env::split_paths(&path).any(|it| it.join("npm").is_file());
    let account = match Account::choose() {
        Ok(account) => account,
        Err(problem) => {
            return Survey {
                servers: Vec::new(),
                account: Err(problem),
                cache: Err("no server can run".to_owned()),
                home: env::temp_dir(),
                free_bytes: None,
                problem: None,
                left: Vec::new(),
                has_npm,
            };
        }
    };
    let cache = folder::cache(account);
    let home = folder::base(account);
    let servers = MAJORS.map(|major| (major, found(major, account, cache.as_deref().ok())));
    Survey {
        servers: servers.to_vec(),
        account: Ok(account.to_string()),
        cache,
        free_bytes: rustix::fs::statvfs(&home).ok().map(|it| it.f_bavail.saturating_mul(it.f_frsize)),
        problem: folder::try_out(&home, account).err(),
        left: folder::left(&home),
        home,
        has_npm,
    }
}

fn found(major: u16, account: Account, cache: Option<&Path>) -> Found {
    if let Some(folder) = binaries::given(major) {
        let version = Binaries::in_folder(&folder, major, account).map(|it| it.version);
        return Found::Given(folder, version);
    }
    if let Some(Binaries { folder, version }) = Binaries::installed(major, account) {
        return Found::Installed(folder, version);
    }
    let kept = cache.and_then(|it| download::kept(it, major));
    match kept.and_then(|it| Binaries::in_folder(&it, major, account).ok()) {
        Some(Binaries { folder, version }) => Found::Kept(folder, version),
        None => Found::Missing,
    }
}
