//! A session that is watched: one of ours, or one of another program that a proxy stands before.

use super::super::{
    Notice, Session,
    session::{Refusal, Row, answer},
};
use crate::error::Error;

/// How long a session goes on listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To the end of the open transaction.
    EndOfTransaction,
    /// Until told otherwise.
    Told,
}

/// What must be asked in the watched session itself, and how it runs what is watched.
pub trait Watched: Sync {
    /// The process id of the server process behind it.
    fn backend(&self) -> i32;

    /// Runs one statement of ours between two of the session's own, and returns its rows.
    fn rows(&self, sql: &str) -> Result<Vec<Row>, Error>;

    /// Makes the server tell all, down to DEBUG1.
    fn listen(&self, until: Until) -> Result<(), Error>;

    /// Makes the server tell as much as before.
    fn listen_no_more(&self, until: Until) -> Result<(), Error>;

    /// Returns what the server told since the last call, oldest first.
    fn take_notices(&self) -> Vec<Notice>;

    /// Runs what is watched.
    fn run(&self, statement: &str) -> Result<Result<(), Refusal>, Error>;
}

impl Watched for Session {
    fn backend(&self) -> i32 {
        self.backend()
    }

    fn rows(&self, sql: &str) -> Result<Vec<Row>, Error> {
        self.rows(sql)
    }

    fn listen(&self, until: Until) -> Result<(), Error> {
        self.batch(&format!("SET {}client_min_messages = debug1", until.word()))?;
        self.take_notices();
        Ok(())
    }

    fn listen_no_more(&self, until: Until) -> Result<(), Error> {
        self.batch(&format!("SET {}client_min_messages = notice", until.word()))
    }

    fn take_notices(&self) -> Vec<Notice> {
        self.take_notices()
    }

    fn run(&self, statement: &str) -> Result<Result<(), Refusal>, Error> {
        answer(self.batch(statement))
    }
}

impl Until {
    /// The word of `SET` for it.
    pub(in crate::pg) const fn word(self) -> &'static str {
        match self {
            Self::EndOfTransaction => "LOCAL ",
            Self::Told => "",
        }
    }
}
