//! Sends files as their runners do, until the first refusal, and gives each statement to who is there for it.

use std::time::{Duration, Instant};

use super::{
    Fate, File, Statement,
    backdrop::{is_absent, parts},
    engine::Engine,
    piece::{Piece, pieces},
    place,
};
use crate::{
    effect::{Outcome, Runner},
    error::Error,
    pg::{observe::State, session::Refusal},
    sql::{Statement as Sql, source::Span},
};

/// The place of a statement: its file, and which of its statements.
pub(super) type Place = (usize, usize);

/// Who sends the statements, and looks at them.
pub(super) trait Visitor {
    /// No transaction is open, and the statement at `place` begins one.
    fn begins(&mut self, _: Place) -> Result<(), Error> {
        Ok(())
    }

    /// Sends a statement.
    fn visit(
        &mut self,
        engine: &mut Engine<'_>,
        place: Place,
        piece: &Piece,
        predicted: Option<&Outcome>,
    ) -> Result<Fate, Error>;

    /// The transaction of these statements has ended.
    fn ended(&mut self, _: &[Place]) -> Result<(), Error> {
        Ok(())
    }
}

/// Runs `files` until the first refusal.
pub(super) fn walk<'f>(
    engine: &mut Engine<'_>,
    files: impl Iterator<Item = &'f File<'f>>,
    values: &[(String, String)],
    visitor: &mut dyn Visitor,
) -> Result<Vec<Vec<Statement>>, Error> {
    // A file that cannot be sent ends the run before it begins.
    let files = files.map(|file| Ok((file, pieces(file, values)?))).collect::<Result<Vec<_>, Error>>()?;
    let mut walk = Walk {
        engine,
        visitor,
        files: Vec::new(),
        open: Vec::new(),
        n_ended: 0,
        is_over: false,
        clock: Duration::ZERO,
    };
    for (file, pieces) in &files {
        walk.file(file, pieces)?;
    }
    walk.finish()?;
    Ok(walk.files)
}

struct Walk<'r, 'e> {
    engine: &'r mut Engine<'e>,
    visitor: &'r mut dyn Visitor,
    files: Vec<Vec<Statement>>,
    /// The statements of the open transaction: file and statement.
    open: Vec<Place>,
    /// How many transactions have ended.
    n_ended: usize,
    /// Whether the server refused a statement.
    is_over: bool,
    /// The time of all that ran so far.
    clock: Duration,
}

impl Walk<'_, '_> {
    fn file(&mut self, file: &File<'_>, pieces: &[Piece]) -> Result<(), Error> {
        self.files.push(Vec::new());
        if !self.is_over {
            self.engine.start_file()?;
        }
        for (runner, pieces) in parts(file, pieces) {
            let read = self.start_part(runner, pieces)?;
            for piece in pieces {
                let fate = match &read {
                    _ if self.is_over => Fate::NotRun,
                    Err((at, refusal)) if *at == piece.span => {
                        self.is_over = true;
                        refused(refusal.clone(), None)
                    }
                    Err(_) => Fate::NotRun,
                    Ok(()) => self.piece(runner, file, piece)?,
                };
                self.take(piece, fate)?;
            }
            if !self.is_over {
                let ended = self.engine.end_part(runner)?;
                self.ended(ended)?;
            }
        }
        Ok(())
    }

    /// Begins a part. The error is what the server says of the message as a whole, and of which statement.
    fn start_part(&mut self, runner: Runner, pieces: &[Piece]) -> Result<Result<(), (Span, Refusal)>, Error> {
        if self.is_over {
            return Ok(Ok(()));
        }
        if let (Runner::Query, Some(last)) = (runner, pieces.last())
            && pieces.iter().all(|it| it.rows.is_none())
        {
            let message: String = pieces.iter().flat_map(|it| [it.text.as_str(), ";\n"]).collect();
            if let Err(refusal) = self.engine.reads(&message)? {
                let mut left = refusal.position.and_then(|it| usize::try_from(it).ok()).unwrap_or(1);
                let is_there = |it: &&Piece| {
                    let n_characters = it.text.chars().count() + ";\n".len();
                    let is_there = left <= n_characters;
                    left = left.saturating_sub(n_characters);
                    is_there
                };
                let span = pieces.iter().find(is_there).unwrap_or(last).span;
                return Ok(Err((span, Refusal { position: None, ..refusal })));
            }
        }
        self.begins()?;
        self.engine.start_part(runner)?;
        Ok(Ok(()))
    }

    fn piece(&mut self, runner: Runner, file: &File<'_>, piece: &Piece) -> Result<Fate, Error> {
        let started = Instant::now();
        self.begins()?;
        if !self.engine.before(runner, piece)? {
            return Ok(Fate::Ran(started.elapsed()));
        }
        let predicted = file.predicted.iter().find(|it| it.0 == piece.span).map(|it| it.1);
        self.open.push(self.here());
        let fate = self.visitor.visit(self.engine, self.here(), piece, predicted)?;
        if let Fate::Refused { refusal, .. } = &fate {
            if matches!(piece.statement, Some(Sql::CreateExtension { .. })) && is_absent(refusal) {
                let place = place(file.source.path(), file.source, piece.span);
                let problem = format!("{refusal}: this server does not have it, another may (--pg-bin)");
                return Err(Error::Unrunnable { place, problem });
            }
            if is_the_servers(refusal) {
                let place = place(file.source.path(), file.source, piece.span);
                let problem = format!(
                    "{refusal}: that is the server's fault, not the file's (TMPDIR says where a throwaway server has its files)"
                );
                return Err(Error::Unrunnable { place, problem });
            }
            self.is_over = true;
            self.engine.roll_back()?;
        }
        self.engine.after()?;
        Ok(fate)
    }

    /// Tells the visitor if the next statement begins a transaction.
    fn begins(&mut self) -> Result<(), Error> {
        if self.engine.state()? == State::Idle { self.visitor.begins(self.here()) } else { Ok(()) }
    }

    /// The place of the next statement: of the last file, after those that are there.
    fn here(&self) -> Place {
        (self.files.len().saturating_sub(1), self.files.last().map_or(0, Vec::len))
    }

    /// Keeps what became of a statement.
    fn take(&mut self, piece: &Piece, fate: Fate) -> Result<(), Error> {
        if let Some(statements) = self.files.last_mut() {
            let began = self.clock;
            self.clock += match &fate {
                Fate::Observed { observed, .. } => observed.took,
                Fate::Ran(took) => *took,
                Fate::Refused { .. } | Fate::NotRun => Duration::ZERO,
            };
            let ran = !matches!(fate, Fate::NotRun);
            statements.push(Statement {
                span: piece.span,
                fate,
                held_for: None,
                began,
                transaction: ran.then_some(self.n_ended),
                growth: None,
            });
        }
        if self.is_over || self.engine.state()? == State::Idle {
            self.ended(Ok(()))?;
        }
        Ok(())
    }

    /// The open transaction has ended; the error is what the server says of its COMMIT.
    fn ended(&mut self, how: Result<(), Refusal>) -> Result<(), Error> {
        if how.is_ok() && !self.is_over && self.engine.state()? != State::Idle {
            return Ok(());
        }
        self.visitor.ended(&self.open)?;
        if !self.open.is_empty() {
            self.n_ended += 1;
        }
        let mut until_end = Duration::ZERO;
        for (file, n) in self.open.drain(..).rev() {
            let Some(statement) = self.files.get_mut(file).and_then(|it| it.get_mut(n)) else { continue };
            match &statement.fate {
                Fate::Observed { observed, .. } => {
                    until_end += observed.took;
                    statement.held_for = Some(until_end);
                }
                Fate::Ran(took) => until_end += *took,
                Fate::Refused { .. } | Fate::NotRun => {}
            }
        }
        if let Err(refusal) = how {
            self.is_over = true;
            if let Some(last) = self.files.iter_mut().rev().find_map(|it| it.last_mut()) {
                last.fate = Fate::Refused { refusal: Box::new(refusal), is_foreseen: false, at_commit: true };
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Error> {
        if self.is_over {
            return Ok(());
        }
        let ended = self.engine.commit()?;
        self.ended(ended)
    }
}

/// Whether a server that has room and goes on would have run it: disk or memory full, an error of the disk, a server that stops.
fn is_the_servers(refusal: &Refusal) -> bool {
    matches!(refusal.sqlstate.as_str(), "53100" | "53200" | "58030" | "57P01" | "57P02" | "57P03")
}

pub(super) fn refused(refusal: Refusal, predicted: Option<&Outcome>) -> Fate {
    let is_foreseen = predicted.and_then(Outcome::fails_with) == Some(refusal.sqlstate.as_str());
    Fate::Refused { refusal: Box::new(refusal), is_foreseen, at_commit: false }
}
