//! One question to a server: read-only, short, and asked again where others were in the way.

use std::{thread, time::Duration};

use super::super::{Address, Row, Session, session::Refusal};
use crate::error::Error;

/// What surrounds each question. LOCAL, so that a pooler hands nothing of it to others.
///
/// 1 s: whoever holds a catalog or a table longer is at work on it, and must not find us in the queue.
/// 10 s: 10,000 tables take less than 2 s.
const BEFORE: &str = "BEGIN READ ONLY; \
     SET LOCAL lock_timeout = '1s'; \
     SET LOCAL statement_timeout = '10s'; \
     SET LOCAL search_path = pg_catalog; \
     SET LOCAL extra_float_digits = 1; ";

const AFTER: &str = "; COMMIT";

/// How often a question is asked that met with what passes.
const N_TRIES: usize = 3;

/// What passes: an object that went meanwhile (internal error, undefined object or table), a lock that was not granted in time, and
/// a conflict with what a replica replays.
const PASSES: [&str; 6] = ["XX000", "42704", "42P01", "55P03", "40001", "40P01"];

/// A session to ask, and whose it is.
pub(super) struct Ask<'s> {
    session: &'s Session,
    address: &'s Address,
}

impl<'s> Ask<'s> {
    pub(super) fn new(session: &'s Session, address: &'s Address) -> Self {
        Self { session, address }
    }

    /// The rows of `query`, which must be one statement; `what` says in an error what was to be read.
    pub(super) fn rows(&self, what: &str, query: &str) -> Result<Vec<Row>, Error> {
        self.in_transaction(BEFORE, what, query)
    }

    /// The same, with the settings as the session has them from its role and database.
    pub(super) fn rows_as_is(&self, what: &str, query: &str) -> Result<Vec<Row>, Error> {
        self.in_transaction("BEGIN READ ONLY; ", what, query)
    }

    fn in_transaction(&self, before: &str, what: &str, query: &str) -> Result<Vec<Row>, Error> {
        let sql = format!("{before}{query}{AFTER}");
        let mut n_tries = 1;
        loop {
            let error = match self.session.rows(&sql) {
                Ok(rows) => return Ok(rows),
                Err(error) => error,
            };
            let refusal = Refusal::of(&error);
            // What is left of a failed transaction; a broken connection shows in the error that we have.
            let _ = self.session.batch("ROLLBACK");
            let passes = refusal.as_ref().is_some_and(|it| PASSES.contains(&it.sqlstate.as_str()));
            if !passes || n_tries == N_TRIES {
                return Err(self.failed(what, error, refusal.as_ref()));
            }
            n_tries += 1;
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// The error, with the server and what was asked instead of the question's text.
    fn failed(&self, what: &str, error: Error, refusal: Option<&Refusal>) -> Error {
        let next = match refusal.map(|it| it.sqlstate.as_str()) {
            Some("55P03") => "; a session holds a lock on a catalog: see pg_locks",
            Some("57014") => "; the server was too slow: try again when it has less to do",
            Some("42501") => "; GRANT pg_monitor to the role",
            _ => "",
        };
        match error {
            Error::Postgres { source, .. } => {
                Error::Postgres { attempted: format!("cannot read {what} of {}{next}", self.address), source }
            }
            error => error,
        }
    }
}
