//! What stopped a run. A [`Finding`](crate::finding::Finding) is not an error: it is what a run is for.

use std::{io, path::PathBuf};

/// Why a run could not be finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// A file or folder could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The report could not be written to its stream.
    #[error("cannot write the report")]
    Report(#[source] io::Error),
    /// `lockkeeper.toml` or a baseline is wrong; the message shows where.
    #[error("{}: {problem}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The place, the mistake and the choices.
        problem: String,
    },
    /// A rule file breaks the format.
    #[error("rule {id}: {problem}")]
    Rule {
        /// The rule's file stem.
        id: String,
        /// The place, the mistake and the choices.
        problem: String,
    },
    /// git could not be asked, or refused to answer.
    #[error("{attempted}: {problem}")]
    Git {
        /// What was attempted.
        attempted: String,
        /// What git said, or why it could not be asked.
        problem: String,
    },
    /// What a client sent is no message.
    #[error("cannot understand the client's message")]
    Client(#[source] io::Error),
    /// A throwaway server could not be had or did not start.
    #[error("cannot start a throwaway PostgreSQL {major}: {problem}")]
    Sandbox {
        /// The wanted major version.
        major: u16,
        /// What went wrong, and what to do next.
        problem: String,
    },
    /// What drives a connection could not be started.
    #[error("{attempted}")]
    Runtime {
        /// What was attempted, on what.
        attempted: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// A server that the user named did not take the connection.
    #[error("cannot connect to {server}; {next}")]
    Connect {
        /// The server, as in `db.example:5432/shop as app`; never a password.
        server: String,
        /// What to do about it.
        next: String,
        /// What the client or the server said.
        source: Box<tokio_postgres::Error>,
    },
    /// The servers that the user named give no snapshot.
    #[error("cannot take a snapshot of {server}: {problem}")]
    Snapshot {
        /// The server, or all of them.
        server: String,
        /// What is so, and what to do about it.
        problem: String,
    },
    /// A server that the user named for a dry run cannot be used for one, or not be left as it was.
    #[error("cannot use {server} for a dry run: {problem}")]
    Lent {
        /// The server, or the command that was to make one.
        server: String,
        /// What is so, and what to do about it.
        problem: String,
    },
    /// What was there before the files of a dry run could not be made.
    #[error("{place}: cannot make what was there before: {problem}")]
    Backdrop {
        /// The file and the line.
        place: String,
        /// What the server said.
        problem: String,
    },
    /// A file of a dry run cannot be run as it is.
    #[error("{place}: cannot run this: {problem}")]
    Unrunnable {
        /// The file and the line.
        place: String,
        /// Why, and what to do about it.
        problem: String,
    },
    /// What stands between a program and a throwaway server broke.
    #[error("cannot watch what the command does on the throwaway server")]
    Traced {
        /// What the operating system or the server said.
        source: io::Error,
    },
    /// A command of a dry run failed, and no server is to blame.
    #[error("`{command}`: {problem}")]
    Command {
        /// The command.
        command: String,
        /// How it ended, and what to do about it.
        problem: String,
    },
    /// A server could not be reached or refused a statement.
    #[error("PostgreSQL: {attempted}")]
    Postgres {
        /// What was attempted, on what.
        attempted: String,
        /// What the client or the server said.
        source: Box<tokio_postgres::Error>,
    },
}

impl Error {
    /// The process's exit code. 0 is "nothing at or above the fail level" and 1 is "findings", so errors are 2.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Report(_)
            | Self::Config { .. }
            | Self::Rule { .. }
            | Self::Git { .. }
            | Self::Client(_)
            | Self::Sandbox { .. }
            | Self::Runtime { .. }
            | Self::Connect { .. }
            | Self::Snapshot { .. }
            | Self::Lent { .. }
            | Self::Backdrop { .. }
            | Self::Unrunnable { .. }
            | Self::Traced { .. }
            | Self::Command { .. }
            | Self::Postgres { .. } => 2,
        }
    }
}
