//! For how long one deploy locks one table, in all its files: each lock may be brief enough, and all of them together not.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{BUDGET, file_name};
use crate::{
    effect::{Blocks, Locked, Role, Target},
    lint::{
        Change, Input, InputRole,
        replay::{Ran, Said},
    },
    rule::list,
    sql::statement::Name,
    traffic::{Traffic, time},
};

/// How many of the places are named.
const MAX_PLACES: usize = 5;

/// The locks of the deploy so far.
#[derive(Clone, Debug)]
pub(super) struct Deploy {
    traffic: Arc<Traffic>,
    /// Whether anything came before what is judged: a history that is judged as a whole is no deploy, but years of them.
    has_past: bool,
    tables: FxHashMap<Name, Locks>,
}

/// The locks on one table.
#[derive(Clone, Debug, Default)]
struct Locks {
    /// Where they are taken, and for how many milliseconds they are held at most.
    places: Vec<(String, u64)>,
    /// How many are held for a time that nobody knows.
    n_unknown: usize,
    /// The transaction that took the last one: what it locks again it has.
    transaction: Option<u32>,
    is_told: bool,
}

impl Deploy {
    pub(super) fn new(traffic: Arc<Traffic>) -> Self {
        Self { traffic, has_past: false, tables: FxHashMap::default() }
    }

    /// Adds the locks of a file, and says of the one that is too much that it is.
    pub(super) fn add(&mut self, input: &Input, statements: &mut [Ran]) {
        let is_deployed = match input.change {
            _ if input.role != InputRole::Linted => {
                self.has_past = true;
                false
            }
            Change::New { .. } => true,
            // Nobody says what is merged: then all that is judged is to run.
            Change::Unknown => self.has_past,
            Change::Unchanged | Change::Edited { .. } | Change::Deleted { .. } => false,
        };
        if !is_deployed || self.traffic.is_empty() {
            return;
        }
        for ran in statements {
            for locked in ran.outcome.locks().iter().filter(|it| makes_wait(it)) {
                if let Some(detail) = self.count(locked, ran, input) {
                    let relation = Some(locked.relation.clone());
                    ran.said.push(Said { rule: BUDGET, at: ran.span, detail, relation });
                }
            }
        }
    }

    /// Counts one lock; what is to be said if it is the one that goes over the budget.
    fn count(&mut self, locked: &Locked, ran: &Ran, input: &Input) -> Option<String> {
        let table = &locked.relation;
        let name = table.known_as.as_deref().unwrap_or(&table.name);
        let locks = self.tables.entry(name.clone()).or_default();
        if locks.transaction.replace(ran.transaction) == Some(ran.transaction) {
            return None;
        }
        let Some(held) = ran.held else {
            locks.n_unknown += 1;
            return None;
        };
        if held.high_ms == 0 {
            return None;
        }
        let (path, line) =
            (input.source.path().display().to_string(), input.source.position(ran.span.start).line);
        locks.places.push((format!("{}:{line}", file_name(&path)), held.high_ms));
        let sum_ms = locks.places.iter().fold(0_u64, |sum, it| sum.saturating_add(it.1));
        let heat = self.traffic.heat(table);
        let budget_ms = self.traffic.deploy_budget_ms(heat);
        // One that is too much by itself is another rule's.
        if locks.is_told || locks.places.len() < 2 || sum_ms <= budget_ms {
            return None;
        }
        locks.is_told = true;
        let (sum, budget, heat) = (time(sum_ms), time(budget_ms), heat.name());
        let (name, places) = (&table.name, locks.in_words());
        Some(format!(
            "{name} for up to {sum} in all, more than the {budget} that its heat ({heat}) allows: {places}"
        ))
    }
}

impl Locks {
    /// `1.sql:3 for up to 5 s and this one for up to 6 s`
    fn in_words(&self) -> String {
        let Some(((_, here_ms), before)) = self.places.split_last() else { return String::new() };
        let left_out = before.len().saturating_sub(MAX_PLACES);
        let mut places: Vec<String> = before
            .iter()
            .take(MAX_PLACES)
            .map(|(place, ms)| format!("{place} for up to {}", time(*ms)))
            .collect();
        if left_out > 0 {
            places.push(format!("{left_out} more"));
        }
        places.push(format!("this one for up to {}", time(*here_ms)));
        let unknown = match self.n_unknown {
            0 => String::new(),
            1 => "; of one more nobody knows for how long".to_owned(),
            n => format!("; of {n} more nobody knows for how long"),
        };
        format!("{}{unknown}", list(&places))
    }
}

/// Whether users of a table wait for the lock. Those of a partition are those of its parent.
fn makes_wait(locked: &Locked) -> bool {
    let relation = &locked.relation;
    relation.target == Target::Existing
        && relation.kind.has_rows()
        && locked.role != Role::Child
        && locked.lock.blocks() >= Blocks::Writes
}
