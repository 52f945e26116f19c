//! Sessions that try to get at a table as an application would, and one that stands in the way as a report does.

use super::{
    Session,
    session::{Refusal, Row},
};
use crate::{effect::Lock, error::Error};

/// What is said when a lock could not be had at once, or soon.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// A session that tries whether a table can be read and written.
pub struct Prober {
    session: Session,
    read: String,
    write: String,
}

/// How an application would get at a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// As a SELECT does.
    Read,
    /// As an INSERT, an UPDATE or a DELETE does.
    Write,
}

impl Prober {
    /// For the table of this name, which is SQL text.
    pub fn new(session: Session, table: &str) -> Self {
        // A query is planned as well, which locks the indexes: they may be locked where their table is not.
        let begin = "BEGIN; SET LOCAL lock_timeout = '1ms'; LOCK TABLE";
        let read =
            format!("{begin} {table} IN ACCESS SHARE MODE NOWAIT; EXPLAIN SELECT FROM {table}; ROLLBACK");
        let write = format!(
            "{begin} {table} IN ROW EXCLUSIVE MODE NOWAIT; EXPLAIN DELETE FROM {table} WHERE false; ROLLBACK"
        );
        Self { session, read, write }
    }

    /// Whether who would get at the table now had to wait. A table that is not there keeps nobody waiting.
    pub fn is_blocked(&self, access: Access) -> Result<bool, Error> {
        let sql = match access {
            Access::Read => &self.read,
            Access::Write => &self.write,
        };
        let Err(error) = self.session.batch(sql) else { return Ok(false) };
        let refusal = Refusal::of(&error).ok_or(error)?;
        self.session.batch("ROLLBACK")?;
        Ok(refusal.sqlstate == LOCK_NOT_AVAILABLE)
    }
}

/// A transaction that has read some tables and goes on.
pub struct Reader(Session);

impl Reader {
    /// Begins it, and reads those of `tables`, which are SQL text, that are there.
    pub fn start(session: Session, tables: &[String]) -> Result<Self, Error> {
        session.batch("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT")?;
        for table in tables {
            let name = table.replace('\'', "''");
            let is_there = session.rows(&format!("SELECT pg_catalog.to_regclass('{name}') IS NOT NULL"))?;
            if is_there.first().is_some_and(|it| it.is_true(0)) {
                session.batch(&format!("SELECT FROM {table} LIMIT 0"))?;
            }
        }
        Ok(Self(session))
    }

    /// Ends it.
    pub fn end(self) -> Result<(), Error> {
        self.0.batch("ROLLBACK")
    }
}

/// What a session waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The relation, if it is one that others see.
    pub relation: Option<String>,
    /// The lock that it asked for; `None` if it waits for transactions to end.
    pub lock: Option<Lock>,
}

/// What the session behind the server process `backend` waits for; `None` if it waits for no lock.
pub fn awaited(watcher: &Session, backend: i32) -> Result<Option<Awaited>, Error> {
    let rows = watcher.rows(&format!(
        "SELECT l.locktype, n.nspname || '.' || c.relname, l.mode FROM pg_catalog.pg_locks l \
         LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation \
         LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE l.pid = {backend} AND NOT l.granted"
    ))?;
    let awaited = |row: &Row| {
        let is_relation = row.text(0) == "relation";
        Awaited {
            relation: Some(row.text(1).to_owned()).filter(|it| !it.is_empty()),
            lock: Lock::from_pg_locks_mode(row.text(2)).filter(|_| is_relation),
        }
    };
    Ok(rows.first().map(awaited))
}
