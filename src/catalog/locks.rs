//! The locks of an open transaction.
//!
//! Source: manual, 13.3.1: a lock, once acquired, is held until the end of the transaction; a savepoint's rollback releases what was
//! locked after it.

use rustc_hash::FxHashMap;

use crate::{
    effect::{Lock, Locked, Relation},
    sql::statement::Name,
};

/// What a transaction holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Locks {
    /// In order of being taken, each relation once with its strongest mode.
    held: Vec<Held>,
    /// Where in `held` a relation is.
    places: FxHashMap<Name, usize>,
    /// What `held` was: the place, and what was there before.
    changes: Vec<(usize, Before)>,
}

/// A lock held until COMMIT.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The relation.
    pub relation: Relation,
    /// The mode.
    pub lock: Lock,
    /// The place of the statement that took it: the byte offset of its start in the file.
    pub since: usize,
    /// Whether it was said already that it is held through work: once a transaction is enough.
    pub told: bool,
}

/// What was in a place of the locks held.
#[derive(Clone, Debug)]
enum Before {
    Nothing,
    /// A weaker lock, and since when.
    Lock(Lock, usize),
    /// Another name.
    Name(Name),
}

impl Locks {
    pub(super) fn held(&self) -> &[Held] {
        &self.held
    }

    /// The lock on a relation.
    pub(super) fn on(&self, name: &Name) -> Option<Lock> {
        self.places.get(name).and_then(|at| self.held.get(*at)).map(|it| it.lock)
    }

    pub(super) fn hold(&mut self, locked: &Locked, since: usize) {
        let name = &locked.relation.name;
        let place = self.places.get(name).copied();
        match place.and_then(|at| self.held.get_mut(at).map(|held| (at, held))) {
            None => {
                self.places.insert(name.clone(), self.held.len());
                self.changes.push((self.held.len(), Before::Nothing));
                self.held.push(Held {
                    relation: locked.relation.clone(),
                    lock: locked.lock,
                    since,
                    told: false,
                });
            }
            Some((at, held)) if held.lock < locked.lock => {
                self.changes.push((at, Before::Lock(held.lock, held.since)));
                (held.lock, held.since, held.told) = (locked.lock, since, false);
            }
            Some(_) => {}
        }
    }

    /// Remembers that it was said of the relation that its lock is held through work.
    pub(super) fn tell(&mut self, name: &Name) {
        if let Some(held) = self.places.get(name).and_then(|at| self.held.get_mut(*at)) {
            held.told = true;
        }
    }

    pub(super) fn rename(&mut self, from: &Name, to: &Name) {
        if let Some(at) = self.places.remove(from)
            && let Some(held) = self.held.get_mut(at)
        {
            self.places.insert(to.clone(), at);
            // Those who wait for it know it by the name that it had.
            held.relation.known_as.get_or_insert_with(|| Box::new(from.clone()));
            self.changes.push((at, Before::Name(std::mem::replace(&mut held.relation.name, to.clone()))));
        }
    }

    /// How many changes there were: what [`let_go_to`](Self::let_go_to) takes.
    pub(super) fn n_changes(&self) -> usize {
        self.changes.len()
    }

    /// Undoes all changes after the first `n_changes`.
    pub(super) fn let_go_to(&mut self, n_changes: usize) {
        while self.changes.len() > n_changes
            && let Some((at, before)) = self.changes.pop()
        {
            match (before, self.held.get_mut(at)) {
                (Before::Lock(lock, since), Some(held)) => (held.lock, held.since) = (lock, since),
                (Before::Name(name), Some(held)) => held.relation.name = name,
                (Before::Nothing, _) | (_, None) => self.held.truncate(at),
            }
        }
        self.places =
            self.held.iter().enumerate().map(|(at, held)| (held.relation.name.clone(), at)).collect();
    }
}
