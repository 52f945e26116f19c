//! What was predicted of a statement beside what a server did, and the effects that rules judge then.
//!
//! Compared are the relations that were there before, for all to see: nobody waits for others. Not compared is what neither side decides:
//!
//! - whether a query reads a table from end to end, which the planner chooses by the rows that there are;
//! - that nothing was written, and less was locked for that, where there was no row to write;
//! - the work on an index, which its table tells as well: one that is dropped and one that is made may have the same name;
//! - what code does that a statement runs, or a trigger: which of its statements run depends on what they find.

use std::collections::BTreeMap;

use crate::{
    effect::{
        Action, Effect, Harm, HarmSet, Lock, MannerSet, Outcome, Relation, Role, Target, Work, WorkSet,
    },
    pg::observe::Observed,
    sql::{
        Statement,
        statement::{Ident, Name, ObjectKind, RelationKind},
    },
};

/// Both sides of one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The relations that either side names, by name.
    pub relations: Vec<Pair>,
    /// Why the sides need not be the same; `None` if they are compared.
    pub open: Option<&'static str>,
    /// The SQLSTATE with which the statement was predicted to fail, if it did not.
    pub should_have_failed: Option<&'static str>,
}

/// Both sides of one relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Schema and name before the statement.
    pub relation: String,
    /// What it is.
    pub kind: RelationKind,
    /// What was predicted; `None` if nothing was.
    pub predicted: Option<Side>,
    /// What was observed; `None` if nothing was.
    pub observed: Option<Side>,
    /// Whether the sides differ in what is compared.
    pub differs: bool,
}

/// What one side says of a relation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The strongest lock that the statement takes and that its transaction did not have.
    pub lock: Option<Lock>,
    /// The strongest lock that its transaction had before.
    pub had: Option<Lock>,
    /// The work under it.
    pub work: WorkSet,
}

impl Compared {
    /// The relations at which the sides differ.
    pub fn differences(&self) -> impl Iterator<Item = &Pair> {
        self.relations.iter().filter(|it| it.differs)
    }

    /// The same with nothing compared, for this reason.
    pub(super) fn left_open(mut self, why: &'static str) -> Self {
        self.open = Some(why);
        self.should_have_failed = None;
        self.relations.iter_mut().for_each(|it| it.differs = false);
        self
    }

    /// Each difference in words.
    pub fn in_words(&self) -> Vec<String> {
        let failed = self.should_have_failed.map(|it| format!("it should have failed with {it}, and ran"));
        let differs = |it: &Pair| {
            let side = |it: Option<Side>| it.unwrap_or_default().in_words();
            format!("{}: predicted {}, observed {}", it.relation, side(it.predicted), side(it.observed))
        };
        failed.into_iter().chain(self.differences().map(differs)).collect()
    }

    /// Whether prediction and observation agree in all that is compared.
    pub fn agrees(&self) -> bool {
        self.should_have_failed.is_none() && self.differences().next().is_none()
    }
}

impl Side {
    /// `SHARE with scan, build-index`.
    fn in_words(self) -> String {
        let lock = self.lock.map_or("no lock", Lock::name);
        if self.work.is_empty() { lock.to_owned() } else { format!("{lock} with {}", self.work) }
    }
}

/// What comes of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Both sides.
    pub compared: Compared,
    /// What the statement did: as predicted where that was seen, else as it was seen.
    pub effects: Vec<Effect>,
}

/// Compares what was predicted of a statement with what a server did. A statement that cannot be read has no prediction.
pub fn compare(predicted: Option<&Outcome>, statement: Option<&Statement>, observed: &Observed) -> Done {
    let effects = predicted.map(|it| it.effects.as_slice()).unwrap_or_default();
    let should_have_failed = predicted.and_then(Outcome::fails_with);
    let weighs = Weighs::of(statement, observed);
    let open = match (predicted, statement) {
        (None, _) | (_, None) => Some("nothing was predicted of what cannot be read"),
        (_, Some(statement)) if runs_code(statement) => Some("it runs code, which decides what it does"),
        _ if weighs.is_query && observed.fires_triggers => {
            Some("it fires triggers, whose code decides what they do")
        }
        _ => None,
    };
    let predictions = if should_have_failed.is_some() { BTreeMap::new() } else { sides(effects, observed) };
    let mut relations: BTreeMap<&str, Pair> = BTreeMap::new();
    for (name, (kind, side)) in &predictions {
        let pair = Pair {
            relation: name.clone(),
            kind: *kind,
            predicted: Some(*side),
            observed: None,
            differs: false,
        };
        relations.insert(name, pair);
    }
    for seen in observed.relations.iter().filter(|it| observed.existing.contains(&it.name)) {
        let had = observed.held.get(&seen.name).and_then(|it| it.last().copied());
        let side = Side { lock: seen.lock, had, work: seen.work };
        let new = || Pair {
            relation: seen.name.clone(),
            kind: seen.kind,
            predicted: None,
            observed: None,
            differs: false,
        };
        relations.entry(&seen.name).or_insert_with(new).observed = Some(side);
    }
    let mut relations: Vec<Pair> = relations.into_values().collect();
    relations.retain(|it| {
        let says = |side: Option<Side>| side.is_some_and(|it| it.lock.is_some() || !it.work.is_empty());
        says(it.predicted) || says(it.observed)
    });
    for pair in &mut relations {
        pair.differs = open.is_none() && should_have_failed.is_none() && weighs.differ(pair);
    }
    let compared = Compared { relations, open, should_have_failed };
    Done { effects: judged(effects, &compared), compared }
}

/// The predicted side of each relation that is there.
fn sides(effects: &[Effect], observed: &Observed) -> BTreeMap<String, (RelationKind, Side)> {
    let mut sides: BTreeMap<String, (RelationKind, Side)> = BTreeMap::new();
    for effect in effects.iter().filter(|it| it.action != Action::HoldLock) {
        let Some(relation) = &effect.relation else { continue };
        let name = relation.name.to_string();
        if !observed.existing.contains(&name) {
            continue;
        }
        let held = observed.held.get(&name).map(Vec::as_slice).unwrap_or_default();
        let side = &mut sides.entry(name).or_insert((relation.kind, Side::default())).1;
        side.lock = side.lock.max(effect.lock.filter(|it| !held.contains(it)));
        side.had = held.last().copied();
        side.work = side.work.union(effect.work);
    }
    for (_, side) in sides.values_mut().filter(|it| it.1.work.contains(Work::Rewrite)) {
        // A rewrite implies what the others need to read and build.
        side.work = WorkSet::of(&[Work::Rewrite]);
    }
    sides
}

/// Whether a statement runs code, or reaches what a role or an extension owns.
fn runs_code(statement: &Statement) -> bool {
    match statement {
        Statement::Do(_)
        | Statement::Call { .. }
        | Statement::Other(ObjectKind::Other)
        | Statement::DropOwned { .. }
        | Statement::ReassignOwned => true,
        Statement::DropObject(it) => it.kind == ObjectKind::Extension && it.cascade,
        Statement::Select(query) => !query.functions.is_empty(),
        _ => false,
    }
}

/// What of a statement is compared.
struct Weighs {
    /// Whether the planner decides what is read from end to end.
    is_planned: bool,
    /// Whether the rows that there are decide what is written, and what is locked for that.
    is_query: bool,
    /// Whether it ran by itself, so that locks on some relations were let go unseen.
    was_alone: bool,
}

impl Weighs {
    fn of(statement: Option<&Statement>, observed: &Observed) -> Self {
        let is_query = matches!(
            statement,
            Some(
                Statement::Select(_)
                    | Statement::Insert(_)
                    | Statement::Update(_)
                    | Statement::Delete(_)
                    | Statement::Merge(_)
                    | Statement::Copy { .. }
                    | Statement::Explain { .. }
            )
        );
        let reads = matches!(
            statement,
            Some(
                Statement::CreateTableAs(_)
                    | Statement::CreateMaterializedView(_)
                    | Statement::RefreshMaterializedView { .. }
            )
        );
        Self { is_planned: is_query || reads, is_query, was_alone: observed.was_alone }
    }

    fn differ(&self, pair: &Pair) -> bool {
        if self.was_alone && pair.kind == RelationKind::PartitionedIndex {
            return false;
        }
        let (predicted, observed) = (pair.predicted.unwrap_or_default(), pair.observed.unwrap_or_default());
        let had = predicted.had.max(observed.had);
        let lock_differs = match (predicted.lock, observed.lock) {
            (predicted, observed) if self.is_query && predicted >= observed => false,
            // What is new depends on it; who reads or writes does not wait for that.
            (None, Some(Lock::AccessShare)) => false,
            // What the transaction holds already covers what is weaker.
            (predicted, observed) => predicted.max(had) != observed.max(had),
        };
        let is_index = matches!(pair.kind, RelationKind::Index | RelationKind::PartitionedIndex);
        let work_differs = Work::ALL.into_iter().any(|work| {
            let (predicted, observed) = (predicted.work.contains(work), observed.work.contains(work));
            let is_open = match work {
                Work::Scan => self.is_planned,
                Work::WriteRows => self.is_query && predicted,
                Work::BuildIndex | Work::Rewrite => false,
            };
            predicted != observed && !is_open && !is_index
        });
        lock_differs || work_differs
    }
}

/// The effects as they were seen.
fn judged(predicted: &[Effect], compared: &Compared) -> Vec<Effect> {
    let mut effects: Vec<Effect> = predicted.to_vec();
    if compared.should_have_failed.is_some() {
        effects.retain(|it| !it.harms.contains(Harm::Fails));
    }
    for pair in compared.relations.iter().filter(|it| it.differs || compared.should_have_failed.is_some()) {
        let seen = pair.observed.unwrap_or_default();
        let is_of = |it: &Effect| {
            it.action != Action::HoldLock
                && it.relation.as_ref().is_some_and(|it| it.name.to_string() == pair.relation)
        };
        let mut is_there = false;
        for effect in effects.iter_mut().filter(|it| is_of(it)) {
            // The first of several tells all that was seen, the others no more than that.
            effect.lock = if is_there { effect.lock.min(seen.lock) } else { seen.lock };
            effect.work = if is_there {
                effect.work.iter().filter(|it| seen.work.contains(*it)).collect()
            } else {
                seen.work
            };
            is_there = true;
        }
        if !is_there {
            effects.push(unforeseen(pair, seen));
        }
    }
    effects
}

/// The effect of which nothing was predicted.
fn unforeseen(pair: &Pair, seen: Side) -> Effect {
    let (schema, name) = pair.relation.split_once('.').unwrap_or(("public", &pair.relation));
    let name = Name { schema: Some(Ident::from(schema)), name: Ident::from(name) };
    Effect {
        action: Action::Other,
        because: None,
        relation: Some(Relation::new(name, pair.kind, Target::Existing)),
        role: Role::Dependent,
        lock: seen.lock,
        work: seen.work,
        harms: HarmSet::NONE,
        manners: MannerSet::NONE,
        object: None,
        key: None,
        detail: None,
        sqlstate: None,
    }
}
