//! Sends statements as a framework does: in its transactions, in a session of its own for each file.
//!
//! A file that is sent as one message is sent statement by statement in a transaction: for the server that is the same, except that it
//! reads the whole message before it runs the first statement, which [`Engine::reads`] makes up for.
//! Source: `exec_simple_query` in `src/backend/tcop/postgres.c`.

use std::{cell::Cell, collections::BTreeSet};

use super::piece::Piece;
use crate::{
    effect::Runner,
    error::Error,
    pg::{
        Sandbox, Session,
        observe::{Observed, Observer, State},
        session::{Refusal, answer},
    },
    sql::{Statement as Sql, statement::Transaction},
};

/// A database, and the session that runs files in it.
pub(super) struct Engine<'e> {
    sandbox: &'e Sandbox,
    database: &'e str,
    settings: &'e [(String, String)],
    pub(super) observer: Observer<'e>,
    pub(super) session: Session,
    /// Whether the open transaction is the runner's, not the file's.
    by_runner: bool,
    /// What the session is doing, if nothing was sent since that was asked.
    known: Cell<Option<State>>,
    /// Whether statements are looked at.
    looks: bool,
}

impl<'e> Engine<'e> {
    pub(super) fn new(
        sandbox: &'e Sandbox,
        database: &'e str,
        settings: &'e [(String, String)],
    ) -> Result<Self, Error> {
        let observer = Observer::new(sandbox, database)?;
        let session = connect(sandbox, database, settings)?;
        Ok(Self {
            sandbox,
            database,
            settings,
            observer,
            session,
            by_runner: false,
            known: Cell::new(None),
            looks: false,
        })
    }

    /// Begins a file: it has a session of its own, unless the runner's transaction goes on.
    pub(super) fn start_file(&mut self) -> Result<(), Error> {
        if !self.by_runner {
            self.session = connect(self.sandbox, self.database, self.settings)?;
            self.known.set(None);
        }
        Ok(())
    }

    /// Whether all is seen of what runs outside of transactions: that takes locks on catalogs.
    pub(super) fn sees_all(&self) -> bool {
        self.sandbox.is_superuser()
    }

    /// To be told that statements are looked at from now on.
    pub(super) fn is_looked_at(&mut self) -> Result<(), Error> {
        self.looks = true;
        self.observer.measure()
    }

    pub(super) fn state(&self) -> Result<State, Error> {
        if let Some(known) = self.known.get() {
            return Ok(known);
        }
        let state = self.observer.state(&self.session)?;
        self.known.set(Some(state));
        Ok(state)
    }

    /// Begins the runner's transaction.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        if self.looks {
            self.observer.begin(&self.session)?;
        } else {
            self.observer.begins();
            self.session.batch("BEGIN")?;
        }
        self.by_runner = true;
        self.known.set(Some(State::InTransaction));
        Ok(())
    }

    /// Runs a statement in the open transaction, and looks at it.
    pub(super) fn look(&mut self, piece: &Piece) -> Result<Observed, Error> {
        let observed = self.observer.in_transaction(&self.session, &piece.text)?;
        // What runs code may end the transaction, and what cannot be read may be anything.
        let is_plain = !matches!(piece.statement, None | Some(Sql::Do(_) | Sql::Call { .. } | Sql::Other(_)));
        self.known.set(Some(State::InTransaction).filter(|_| is_plain && observed.refusal.is_none()));
        Ok(observed)
    }

    /// Runs a statement that no transaction may be around, and looks at it. `tables` are names of those that it may lock.
    pub(super) fn look_alone(&mut self, piece: &Piece, tables: &BTreeSet<String>) -> Result<Observed, Error> {
        self.known.set(None);
        self.observer.begins();
        self.observer.alone(&self.session, &piece.text, tables)
    }

    /// Ends the open transaction as its runner does, if one is open.
    pub(super) fn commit(&mut self) -> Result<Result<(), Refusal>, Error> {
        self.by_runner = false;
        if self.state()? == State::Idle {
            return Ok(Ok(()));
        }
        let said = answer(self.session.batch("COMMIT"))?;
        // What is refused is rolled back.
        self.known.set(Some(State::Idle).filter(|_| said.is_ok()));
        Ok(said)
    }

    /// Drops the open transaction, if one is open, as the end of a connection does.
    pub(super) fn roll_back(&mut self) -> Result<(), Error> {
        self.by_runner = false;
        if self.state()? == State::Idle {
            return Ok(());
        }
        self.known.set(None);
        self.session.batch("ROLLBACK")
    }

    /// Ends the transaction that all files share.
    pub(super) fn finish_batch(&mut self) -> Result<(), Error> {
        if self.by_runner { self.commit()?.map_err(|it| broken(&it)) } else { Ok(()) }
    }

    /// Does what the runner does before it sends `next`. Returns whether `next` is to be sent at all: within one message a BEGIN only makes
    /// the transaction that is open an explicit one.
    pub(super) fn before(&mut self, runner: Runner, next: &Piece) -> Result<bool, Error> {
        let is_idle = self.state()? == State::Idle;
        let is_begin = next.transaction() == Some(&Transaction::Begin);
        match runner {
            Runner::Around => {
                let is_alone = next.statement.as_ref().is_some_and(crate::effect::scope::is_sent_alone);
                if is_alone && self.by_runner && !is_idle {
                    self.commit()?.map_err(|it| broken(&it))?;
                } else if !is_alone && is_idle {
                    self.begin()?;
                }
            }
            Runner::Query if is_begin && self.by_runner && !is_idle => {
                self.by_runner = false;
                return Ok(false);
            }
            Runner::Query if is_idle && !is_begin => self.begin()?,
            Runner::Query | Runner::File | Runner::Own | Runner::Batch => {}
        }
        Ok(true)
    }

    /// Takes note of what the file itself did with its transaction.
    pub(super) fn after(&mut self) -> Result<(), Error> {
        if self.by_runner && self.state()? == State::Idle {
            self.by_runner = false;
        }
        Ok(())
    }

    /// Begins what the runner sends together.
    pub(super) fn start_part(&mut self, runner: Runner) -> Result<(), Error> {
        if runner != Runner::Own && self.state()? == State::Idle { self.begin() } else { Ok(()) }
    }

    /// Ends what the runner sends together: its own transaction is committed. A file's own that was left open is lost with the connection.
    pub(super) fn end_part(&mut self, runner: Runner) -> Result<Result<(), Refusal>, Error> {
        match runner {
            Runner::Batch if self.by_runner => Ok(Ok(())),
            Runner::File | Runner::Around | Runner::Batch => self.commit(),
            Runner::Query if self.by_runner => self.commit(),
            Runner::Query | Runner::Own => self.roll_back().map(Ok),
        }
    }

    /// Sends one statement, and nothing else.
    pub(super) fn send(&mut self, piece: &Piece) -> Result<Result<(), Refusal>, Error> {
        self.known.set(None);
        answer(match &piece.rows {
            Some(rows) => self.session.copy_in(&piece.text, rows),
            None => self.session.batch(&piece.text),
        })
    }

    /// Whether the server can read all of a message, which nothing of is run; else what it says of it.
    pub(super) fn reads(&mut self, message: &str) -> Result<Result<(), Refusal>, Error> {
        self.session.reads(message)
    }
}

/// A transaction of the runner's could not be ended, and no single statement is to blame.
fn broken(refusal: &Refusal) -> Error {
    Error::Backdrop { place: "COMMIT".to_owned(), problem: refusal.to_string() }
}

fn connect(sandbox: &Sandbox, database: &str, settings: &[(String, String)]) -> Result<Session, Error> {
    let session = sandbox.connect(database)?;
    let has_time_zone = settings.iter().any(|it| it.0.eq_ignore_ascii_case("timezone"));
    let usual = (!has_time_zone).then(|| ("timezone".to_owned(), super::TIME_ZONE.to_owned()));
    for (name, value) in usual.iter().chain(settings) {
        let quote = |it: &str| it.replace('\'', "''");
        session.rows(&format!(
            "SELECT pg_catalog.set_config('{}', '{}', false)",
            quote(name),
            quote(value)
        ))?;
    }
    Ok(session)
}
