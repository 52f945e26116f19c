//! Runs the files that are judged, and looks at each statement.

use std::{collections::BTreeSet, time::Instant};

use super::{
    Fate, Listener, Phase,
    compare::compare,
    engine::Engine,
    piece::Piece,
    walk::{Place, Visitor, refused},
};
use crate::{
    effect::{Action, Outcome},
    error::Error,
    pg::{
        observe::{Observed, State},
        session::Refusal,
    },
    sql::statement::Transaction,
};

/// What the server says when a statement is in a transaction that must not be.
const ACTIVE_TRANSACTION: &str = "25001";

/// Looks at each statement.
pub(super) struct Look;

/// The same, and tells how many of how many were looked at.
pub(super) struct CountedLook<'l> {
    pub(super) listener: Listener<'l>,
    pub(super) n_done: usize,
    pub(super) n_all: usize,
}

impl Visitor for CountedLook<'_> {
    fn visit(
        &mut self,
        engine: &mut Engine<'_>,
        place: Place,
        piece: &Piece,
        predicted: Option<&Outcome>,
    ) -> Result<Fate, Error> {
        self.listener.tell(Phase::Judged, self.n_done, self.n_all);
        self.n_done += 1;
        Look.visit(engine, place, piece, predicted)
    }
}

impl Visitor for Look {
    fn visit(
        &mut self,
        engine: &mut Engine<'_>,
        _: Place,
        piece: &Piece,
        predicted: Option<&Outcome>,
    ) -> Result<Fate, Error> {
        let state = engine.state()?;
        if state == State::Aborted || piece.is_quiet() || piece.rows.is_some() {
            return quietly(engine, piece, predicted);
        }
        let observed = match state {
            State::InTransaction => engine.look(piece)?,
            _ if piece.needs_transaction() => return quietly(engine, piece, predicted),
            _ if piece.runs_alone() => alone(engine, piece, predicted)?,
            _ => match wrapped(engine, piece)? {
                Ok(observed) => observed,
                // The server knows more of what must run alone than we do.
                Err(refusal) if refusal.sqlstate == ACTIVE_TRANSACTION => alone(engine, piece, predicted)?,
                Err(refusal) => return Ok(refused(refusal, predicted)),
            },
        };
        Ok(fate(observed, piece, predicted, engine.sees_all()))
    }
}

/// Runs a statement that is a transaction of its own in one that is ours, so that it can be looked at before its end.
fn wrapped(engine: &mut Engine<'_>, piece: &Piece) -> Result<Result<Observed, Refusal>, Error> {
    engine.begin()?;
    let observed = engine.look(piece)?;
    if let Some(refusal) = observed.refusal {
        engine.roll_back()?;
        return Ok(Err(refusal));
    }
    Ok(engine.commit()?.map(|()| observed))
}

/// Runs a statement that no transaction may be around.
fn alone(engine: &mut Engine<'_>, piece: &Piece, predicted: Option<&Outcome>) -> Result<Observed, Error> {
    let effects = predicted.map(|it| it.effects.as_slice()).unwrap_or_default();
    let touched = effects.iter().filter(|it| it.action != Action::HoldLock);
    let tables: BTreeSet<String> =
        touched.filter_map(|it| it.relation.as_ref()).map(|it| it.name.to_string()).collect();
    engine.look_alone(piece, &tables)
}

/// Runs a statement at which there is nothing to be seen.
fn quietly(engine: &mut Engine<'_>, piece: &Piece, predicted: Option<&Outcome>) -> Result<Fate, Error> {
    let started = Instant::now();
    if engine.state()? == State::Idle {
        // It may be a BEGIN.
        engine.observer.begins();
    }
    let said = engine.send(piece)?;
    let took = started.elapsed();
    engine.observer.is_past();
    if piece.transaction().is_some() && engine.state()? == State::Idle {
        // What the transaction made is there for all now.
        engine.observer.begins();
    }
    if piece.rows.is_some() {
        engine.observer.misses_rows();
    }
    if said.is_ok() && matches!(piece.transaction(), Some(Transaction::RollbackTo(_))) {
        // What was made since is taken back.
        engine.observer.misses(&engine.session)?;
    }
    Ok(match said {
        Ok(()) => Fate::Ran(took),
        Err(refusal) => refused(refusal, predicted),
    })
}

fn fate(mut observed: Observed, piece: &Piece, predicted: Option<&Outcome>, sees_all: bool) -> Fate {
    if let Some(refusal) = observed.refusal.take() {
        return refused(refusal, predicted);
    }
    let mut done = compare(predicted, piece.statement.as_ref(), &observed);
    let left_open = match () {
        () if piece.is_filled_in => Some("lint does not know what was put into it"),
        () if observed.was_alone && !sees_all => Some("only a superuser can see all of what it does"),
        () => None,
    };
    if let Some(why) = left_open {
        done.compared = done.compared.left_open(why);
        done.effects = predicted.map(|it| it.effects.clone()).unwrap_or_default();
    }
    Fate::Observed { observed: Box::new(observed), compared: done.compared, effects: done.effects }
}
