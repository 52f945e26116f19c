//! Runs the files that are judged, and looks at each statement.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    Fate, File, Ran, Statement,
    backdrop::{is_absent, parts},
    compare::compare,
    engine::Engine,
    piece::{Piece, pieces},
    place,
};
use crate::{
    effect::{Action, Outcome, Runner},
    error::Error,
    pg::{
        observe::{Observed, State},
        session::Refusal,
    },
    sql::{Statement as Sql, source::Span, statement::Transaction},
};

/// What the server says when a statement is in a transaction that must not be.
const ACTIVE_TRANSACTION: &str = "25001";

/// Runs `files` until the first refusal.
pub(super) fn run<'f>(
    engine: &mut Engine<'_>,
    files: impl Iterator<Item = &'f File<'f>>,
    values: &[(String, String)],
    ran: &mut Ran,
) -> Result<(), Error> {
    // A file that cannot be sent ends the run before it begins.
    let files = files.map(|file| Ok((file, pieces(file, values)?))).collect::<Result<Vec<_>, Error>>()?;
    let mut run = Run { engine, files: Vec::new(), open: Vec::new(), is_over: false, clock: Duration::ZERO };
    for (file, pieces) in &files {
        run.file(file, pieces)?;
    }
    run.finish()?;
    ran.files = run.files;
    Ok(())
}

struct Run<'r, 'e> {
    engine: &'r mut Engine<'e>,
    files: Vec<Vec<Statement>>,
    /// The statements of the open transaction: file and statement.
    open: Vec<(usize, usize)>,
    /// Whether the server refused a statement.
    is_over: bool,
    /// The time of all that ran so far.
    clock: Duration,
}

impl Run<'_, '_> {
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
        self.engine.start_part(runner)?;
        Ok(Ok(()))
    }

    fn piece(&mut self, runner: Runner, file: &File<'_>, piece: &Piece) -> Result<Fate, Error> {
        let started = Instant::now();
        if !self.engine.before(runner, piece)? {
            return Ok(Fate::Ran(started.elapsed()));
        }
        let predicted = file.predicted.iter().find(|it| it.0 == piece.span).map(|it| it.1);
        self.open.push(self.here());
        let fate = self.run_one(piece, predicted)?;
        if let Fate::Refused { refusal, .. } = &fate {
            if matches!(piece.statement, Some(Sql::CreateExtension { .. })) && is_absent(refusal) {
                let place = place(file.source.path(), file.source, piece.span);
                let problem = format!("{refusal}: this server does not have it, another may (--pg-bin)");
                return Err(Error::Unrunnable { place, problem });
            }
            self.is_over = true;
            self.engine.roll_back()?;
        }
        self.engine.after()?;
        Ok(fate)
    }

    fn run_one(&mut self, piece: &Piece, predicted: Option<&Outcome>) -> Result<Fate, Error> {
        let engine = &mut *self.engine;
        let state = engine.state()?;
        if state == State::Aborted || piece.is_quiet() || piece.rows.is_some() {
            return self.quietly(piece, predicted);
        }
        let observed = match state {
            State::InTransaction => engine.observer.in_transaction(&engine.session, &piece.text)?,
            _ if piece.needs_transaction() => return self.quietly(piece, predicted),
            _ if piece.runs_alone() => self.alone(piece, predicted)?,
            _ => match self.wrapped(piece)? {
                Ok(observed) => observed,
                // The server knows more of what must run alone than we do.
                Err(refusal) if refusal.sqlstate == ACTIVE_TRANSACTION => self.alone(piece, predicted)?,
                Err(refusal) => return Ok(refused(refusal, predicted)),
            },
        };
        Ok(fate(observed, piece, predicted))
    }

    /// Runs a statement that is a transaction of its own in one that is ours, so that it can be looked at before its end.
    fn wrapped(&mut self, piece: &Piece) -> Result<Result<Observed, Refusal>, Error> {
        let engine = &mut *self.engine;
        engine.begin()?;
        let observed = engine.observer.in_transaction(&engine.session, &piece.text)?;
        if let Some(refusal) = observed.refusal {
            engine.roll_back()?;
            return Ok(Err(refusal));
        }
        Ok(engine.commit()?.map(|()| observed))
    }

    /// Runs a statement that no transaction may be around.
    fn alone(&mut self, piece: &Piece, predicted: Option<&Outcome>) -> Result<Observed, Error> {
        let engine = &mut *self.engine;
        let effects = predicted.map(|it| it.effects.as_slice()).unwrap_or_default();
        let touched = effects.iter().filter(|it| it.action != Action::HoldLock);
        let tables: BTreeSet<String> =
            touched.filter_map(|it| it.relation.as_ref()).map(|it| it.name.to_string()).collect();
        engine.observer.alone(&engine.session, &piece.text, &tables)
    }

    /// Runs a statement at which there is nothing to be seen.
    fn quietly(&mut self, piece: &Piece, predicted: Option<&Outcome>) -> Result<Fate, Error> {
        let started = Instant::now();
        let engine = &mut *self.engine;
        if engine.state()? == State::Idle {
            // It may be a BEGIN.
            engine.observer.begins();
        }
        let said = engine.send(piece)?;
        let took = started.elapsed();
        if said.is_ok() && matches!(piece.transaction(), Some(Transaction::RollbackTo(_))) {
            // What was made since is taken back.
            engine.observer.misses(&engine.session)?;
        }
        Ok(match said {
            Ok(()) => Fate::Ran(took),
            Err(refusal) => refused(refusal, predicted),
        })
    }

    /// The place of the next statement: of the last file, after those that are there.
    fn here(&self) -> (usize, usize) {
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
            statements.push(Statement { span: piece.span, fate, held_for: None, began, growth: None });
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

fn fate(mut observed: Observed, piece: &Piece, predicted: Option<&Outcome>) -> Fate {
    if let Some(refusal) = observed.refusal.take() {
        return refused(refusal, predicted);
    }
    let mut done = compare(predicted, piece.statement.as_ref(), &observed);
    if piece.is_filled_in {
        done.compared = done.compared.left_open("lint does not know what was put into it");
        done.effects = predicted.map(|it| it.effects.clone()).unwrap_or_default();
    }
    Fate::Observed { observed: Box::new(observed), compared: done.compared, effects: done.effects }
}

fn refused(refusal: Refusal, predicted: Option<&Outcome>) -> Fate {
    let is_foreseen = predicted.and_then(Outcome::fails_with) == Some(refusal.sqlstate.as_str());
    Fate::Refused { refusal: Box::new(refusal), is_foreseen, at_commit: false }
}
