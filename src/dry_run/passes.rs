//! Files sent in copies of the database: only as their runner sends them, and looked at where that is asked for.
//!
//! What is the whole server's, a role or a tablespace, is there for all copies, so statements that make, change or drop it are left out.

use std::time::{Duration, Instant};

use super::{
    Fate, File, Options, Statement,
    engine::Engine,
    judged::Look,
    piece::Piece,
    walk::{Place, Visitor, refused, walk},
};
use crate::{
    effect::Outcome,
    error::Error,
    pg::{
        Sandbox,
        describe::{Description, describe},
        session::Refusal,
    },
};

/// Sends statements, and looks at none.
pub(super) struct Send;

impl Visitor for Send {
    fn visit(
        &mut self,
        engine: &mut Engine<'_>,
        _: Place,
        piece: &Piece,
        predicted: Option<&Outcome>,
    ) -> Result<Fate, Error> {
        let started = Instant::now();
        if piece.is_of_server() {
            return Ok(Fate::Ran(Duration::ZERO));
        }
        Ok(match engine.send(piece)? {
            Ok(()) => Fate::Ran(started.elapsed()),
            Err(refusal) => refused(refusal, predicted),
        })
    }
}

/// Looks at each statement.
pub(super) struct LookInCopy;

impl Visitor for LookInCopy {
    fn visit(
        &mut self,
        engine: &mut Engine<'_>,
        place: Place,
        piece: &Piece,
        predicted: Option<&Outcome>,
    ) -> Result<Fate, Error> {
        if piece.is_of_server() {
            return Ok(Fate::Ran(Duration::ZERO));
        }
        Look.visit(engine, place, piece, predicted)
    }
}

/// A copy of the database, in which files are sent.
pub(super) struct Copy<'c> {
    pub(super) sandbox: &'c Sandbox,
    pub(super) database: String,
    pub(super) options: &'c Options<'c>,
}

impl Copy<'_> {
    /// Sends files, each as its runner does, and ends what they share.
    pub(super) fn send<'f>(
        &self,
        files: impl IntoIterator<Item = &'f File<'f>>,
        visitor: &mut dyn Visitor,
    ) -> Result<Vec<Vec<Statement>>, Error> {
        let mut engine = Engine::new(self.sandbox, &self.database, &self.options.settings)?;
        walk(&mut engine, files.into_iter(), &self.options.values, visitor)
    }

    /// Sends one file as it is.
    pub(super) fn send_one(&self, file: &File<'_>) -> Result<Vec<Statement>, Error> {
        Ok(self.send([file], &mut Send)?.pop().unwrap_or_default())
    }

    /// The schema as it is now.
    pub(super) fn schema(&self) -> Result<Description, Error> {
        describe(&self.sandbox.connect(&self.database)?)
    }

    /// Makes a copy of the copy.
    pub(super) fn again(&self, name: &str) -> Result<Self, Error> {
        let database = format!("{}_{name}", self.database);
        self.sandbox.copy_database(&self.database, &database)?;
        Ok(Self { sandbox: self.sandbox, database, options: self.options })
    }

    /// Removes it.
    pub(super) fn drop(self) -> Result<(), Error> {
        self.sandbox.drop_database(&self.database)
    }
}

/// The statement that the server refused, and what it said.
pub(super) fn refusal(statements: &[Statement]) -> Option<(&Statement, &Refusal)> {
    statements.iter().find_map(|it| match &it.fate {
        Fate::Refused { refusal, .. } => Some((it, &**refusal)),
        Fate::Observed { .. } | Fate::Ran(_) | Fate::NotRun => None,
    })
}
