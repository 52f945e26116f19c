//! Finds a server's programs: given, installed, or kept from an earlier download.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::account::Account;

/// A folder with `postgres` and `initdb` of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) folder: PathBuf,
    /// As in `postgres --version`, such as `16.14`.
    pub(super) version: String,
}

impl Binaries {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The programs in `folder`, if they run as `account` and are of the wanted major version.
    pub(super) fn in_folder(folder: &Path, major: u16, account: Account) -> Result<Self, String> {
        if !folder.join("initdb").is_file() || !folder.join("postgres").is_file() {
            return Err("no postgres and initdb there".to_owned());
        }
        let mut command = account.command(&folder.join("postgres"));
        let output =
            command.arg("--version").output().map_err(|error| format!("postgres does not run: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let version = said.split_whitespace().nth(2).unwrap_or_default();
        if !output.status.success() || version.is_empty() {
            return Err(format!("postgres does not run: {}", String::from_utf8_lossy(&output.stderr).trim()));
        }
        if major_of(version) != Some(major) {
            return Err(format!("it is PostgreSQL {version}"));
        }
        Ok(Self { folder: folder.to_owned(), version: version.to_owned() })
    }

    /// The installed server of the wanted major version.
    pub(super) fn installed(major: u16, account: Account) -> Option<Self> {
        candidates(major).iter().find_map(|folder| Self::in_folder(folder, major, account).ok())
    }
}

/// The major version in text such as `16.14` and `18beta1`.
pub(super) fn major_of(version: &str) -> Option<u16> {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version.get(..end)?.parse().ok()
}

/// The newest of `versions`: their numbers decide, one after the other.
pub(super) fn newest<'a>(versions: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    versions.max_by_key(|version| {
        version.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse().ok()).collect::<Vec<u32>>()
    })
}

/// Where servers are installed: on the `PATH`, where `pg_config` says, and where packages of the large systems put them.
fn candidates(major: u16) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        env::split_paths(&path).filter(|it| it.join("initdb").is_file()).collect();
    let config = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).output();
    if let Some(folder) = config.ok().and_then(|it| String::from_utf8(it.stdout).ok()) {
        folders.push(PathBuf::from(folder.trim()));
    }
    folders.extend(
        [
            format!("/usr/lib/postgresql/{major}/bin"),
            format!("/usr/pgsql-{major}/bin"),
            format!("/usr/libexec/postgresql{major}"),
            format!("/opt/homebrew/opt/postgresql@{major}/bin"),
            format!("/usr/local/opt/postgresql@{major}/bin"),
            format!("/Applications/Postgres.app/Contents/Versions/{major}/bin"),
        ]
        .map(PathBuf::from),
    );
    // On Debian the commands on the PATH are wrappers, and links lead to the real folder.
    folders.into_iter().map(|it| fs::canonicalize(&it).unwrap_or(it)).collect()
}

/// The folder that `LOCKKEEPER_PG_BIN_<major>` names.
pub(super) fn given(major: u16) -> Option<PathBuf> {
    env::var_os(format!("LOCKKEEPER_PG_BIN_{major}")).filter(|it| it != OsStr::new("")).map(PathBuf::from)
}
