//! Looks at one session while it runs one statement after the other, as whoever runs migrations sends them.
//!
//! The session is asked for nothing but its own counters, and what only its own transaction sees; all else another session looks at.

use std::{collections::BTreeSet, thread, time::Duration};

use super::{
    super::{Sandbox, Session},
    Observed, Watched,
    alone::Place,
    look,
    snapshot::Relations,
};
use crate::error::Error;

/// How long a statement that runs outside of any transaction may take.
const PATIENCE: Duration = Duration::from_hours(1);

/// How long to sleep while the server is still at work.
const PAUSE: Duration = Duration::from_micros(200);

/// How many tables others stand in the way of at the same time, each by a session of its own.
const MAX_OBSTACLES: usize = 20;

/// What a session is doing between two statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No transaction is open.
    Idle,
    /// A transaction is open.
    InTransaction,
    /// A transaction is open, and can only be rolled back.
    Aborted,
}

/// Who looks.
pub struct Observer<'o> {
    sandbox: &'o Sandbox,
    database: &'o str,
    watcher: Session,
    /// The relations that all see; `None` when they may have changed.
    committed: Option<Relations>,
    /// The relations that the open transaction sees; `None` when they may be others than it saw last.
    current: Option<Relations>,
}

impl<'o> Observer<'o> {
    /// An observer of sessions in `database`.
    pub fn new(sandbox: &'o Sandbox, database: &'o str) -> Result<Self, Error> {
        let watcher = sandbox.connect(database)?;
        Ok(Self { sandbox, database, watcher, committed: None, current: None })
    }

    /// What `session` is doing, as the server knows it.
    pub fn state(&self, session: &Session) -> Result<State, Error> {
        let question =
            format!("SELECT state FROM pg_catalog.pg_stat_activity WHERE pid = {}", session.backend());
        loop {
            let rows = self.watcher.rows(&question)?;
            return Ok(match rows.first().map(|it| it.text(0)) {
                Some("idle in transaction") => State::InTransaction,
                Some("idle in transaction (aborted)") => State::Aborted,
                // The client hears of a mistake before the server has cleared away what the statement left.
                Some("active") => {
                    thread::sleep(PAUSE);
                    continue;
                }
                _ => State::Idle,
            });
        }
    }

    /// To be told that a transaction is about to begin.
    pub fn begins(&mut self) {
        (self.committed, self.current) = (None, None);
    }

    /// To be told that something ran in the open transaction that was not observed.
    pub fn misses(&mut self, session: &dyn Watched) -> Result<(), Error> {
        self.current = Some(Relations::read(session)?);
        Ok(())
    }

    /// Runs `statement` in the open transaction of `session`.
    ///
    /// When the server refuses it, that is what was observed.
    pub fn in_transaction(&mut self, session: &dyn Watched, statement: &str) -> Result<Observed, Error> {
        let committed = match self.committed.take() {
            Some(known) => known,
            None => Relations::read(&self.watcher)?,
        };
        let relations = self.current.as_ref().unwrap_or(&committed);
        let (observed, after) = look(session, &self.watcher, relations, &committed, statement)?;
        (self.committed, self.current) = (Some(committed), after);
        Ok(observed)
    }

    /// Runs `statement` in `session`, which has no open transaction. `tables` are names of those that it may lock.
    ///
    /// When the server refuses it, that is what was observed.
    pub fn alone(
        &self,
        session: &dyn Watched,
        statement: &str,
        tables: &BTreeSet<String>,
    ) -> Result<Observed, Error> {
        let tables: BTreeSet<&str> = tables.iter().take(MAX_OBSTACLES).map(String::as_str).collect();
        let place = Place {
            sandbox: self.sandbox,
            database: self.database,
            watcher: &self.watcher,
            patience: PATIENCE,
        };
        place.run(session, statement, &|relation| tables.contains(relation.name().as_str()))
    }
}
