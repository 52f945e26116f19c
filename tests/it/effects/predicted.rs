//! What lockkeeper predicts of a case, and whether that is what a server did.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::{
    catalog::{Catalog, Oid, Session},
    effect::{Action, Effect, Harm, Lock, Work, WorkSet, predict::predict},
    sql::{
        Statement,
        parse::parse,
        statement::{ObjectKind, RelationKind},
    },
};

use super::{Case, is_query, line, without_planned};
use crate::support::TIME_ZONE;

/// A prediction.
pub(crate) struct Predicted {
    /// In the form of [`super::observe::all`].
    pub(crate) text: String,
    /// Relations that the same transaction made: it holds many locks on them, and nobody waits for those.
    fresh: BTreeSet<String>,
    /// Partitioned indexes, whose locks are let go again before an observer of a statement that runs alone can see them.
    unseen: BTreeSet<String>,
    /// Whether the statement runs code, whose statements whoever asks for a prediction takes one by one, or reaches what a role or an
    /// extension owns.
    is_beyond: bool,
    /// Whether the fixture says that nobody foresees the refusal.
    is_unforeseen: bool,
}

/// The modes that the transaction holds.
type Held = BTreeMap<Oid, BTreeSet<Lock>>;

/// The prediction of a case.
pub(crate) fn predicted(case: &Case, major: u16) -> Predicted {
    let mut catalog = Catalog::new();
    catalog.session = Session::with_defaults([("timezone".into(), vec![TIME_ZONE.to_owned()])]);
    for statement in case.setup.iter().filter_map(|it| read(it)) {
        catalog.apply(&statement, major);
    }
    catalog.start_file(1);
    if !case.alone {
        catalog.begin_by_runner();
    }
    let there_before: BTreeSet<Oid> = catalog.relations().map(|it| it.oid).collect();
    let mut held = Held::new();
    for statement in case.before.iter().filter_map(|it| read(it)) {
        if !case.alone {
            add(&mut held, &predict(&statement, &catalog, major), &catalog);
        }
        catalog.apply(&statement, major);
    }
    let made = catalog.relations().filter(|it| !there_before.contains(&it.oid) && !case.alone);
    let fresh = made.map(|it| it.name.to_string()).collect();
    let partitioned = catalog.relations().filter(|it| it.kind == RelationKind::PartitionedIndex);
    let unseen = partitioned.filter(|_| case.alone).map(|it| it.name.to_string()).collect();
    let Some(statement) = read(&case.statement) else {
        return Predicted {
            text: "      unreadable\n".to_owned(),
            fresh,
            unseen,
            is_beyond: false,
            is_unforeseen: case.unforeseen,
        };
    };
    let effects = predict(&statement, &catalog, major);
    let text = shown(&effects, &held, &catalog, is_query(case));
    let is_beyond = is_beyond(&statement, &catalog);
    Predicted { text, fresh, unseen, is_beyond, is_unforeseen: case.unforeseen }
}

fn read(sql: &str) -> Option<Statement> {
    parse(sql.trim_end().trim_end_matches(';')).ok()
}

fn is_beyond(statement: &Statement, catalog: &Catalog) -> bool {
    match statement {
        Statement::Do(_)
        | Statement::Call { .. }
        | Statement::Other(ObjectKind::Other)
        | Statement::DropOwned { .. }
        | Statement::ReassignOwned => true,
        Statement::DropObject(it) => it.kind == ObjectKind::Extension && it.cascade,
        Statement::Select(query) => query.functions.iter().any(|it| !catalog.find_functions(it).is_empty()),
        _ => false,
    }
}

fn add(held: &mut Held, effects: &[Effect], catalog: &Catalog) {
    for effect in effects {
        if let (Some(relation), Some(lock)) = (&effect.relation, effect.lock)
            && let Some(known) = catalog.find(&relation.name)
        {
            held.entry(known.oid).or_default().insert(lock);
        }
    }
}

fn shown(effects: &[Effect], held: &Held, catalog: &Catalog, is_query: bool) -> String {
    let refusal = effects.iter().find(|it| it.harms.contains(Harm::Fails)).and_then(|it| it.sqlstate);
    if let Some(sqlstate) = refusal {
        return format!("      fails: {sqlstate}\n");
    }
    let mut relations: BTreeMap<String, (Option<Lock>, WorkSet)> = BTreeMap::new();
    for effect in effects.iter().filter(|it| it.action != Action::HoldLock) {
        let Some(relation) = &effect.relation else { continue };
        let oid = catalog.find(&relation.name).map(|it| it.oid);
        // Each setup is a whole database: what the catalog does not have is not there.
        if oid.is_none() && relation.kind != RelationKind::CompositeType {
            continue;
        }
        let is_held = |lock: &Lock| oid.and_then(|it| held.get(&it)).is_some_and(|it| it.contains(lock));
        let lock = effect.lock.filter(|lock| !is_held(lock));
        let known = relations.entry(relation.name.to_string()).or_default();
        *known = (known.0.max(lock), known.1.union(effect.work));
    }
    for (_, work) in relations.values_mut().filter(|(_, work)| work.contains(Work::Rewrite)) {
        // Several effects of one statement: a rewrite implies what the others need to read and build.
        *work = WorkSet::of(&[Work::Rewrite]);
    }
    let lines: String = relations
        .iter()
        .map(|(name, (lock, work))| (name, lock, without_planned(*work, is_query)))
        .filter(|(_, lock, work)| lock.is_some() || !work.is_empty())
        .map(|(name, lock, work)| line(name, *lock, work))
        .collect();
    if lines.is_empty() { "      nothing\n".to_owned() } else { lines }
}

impl Predicted {
    /// Whether this is what a server did, which may lock `more`: what a new object depends on.
    pub(crate) fn agrees_with(&self, observed: &str, more: bool) -> bool {
        if self.is_beyond {
            return true;
        }
        if let Some(sqlstate) = observed.trim().strip_prefix("fails: ")
            && !self.text.contains("fails: ")
        {
            return self.is_unforeseen || only_a_server_knows(sqlstate);
        }
        let predicted = self.comparable(&self.text);
        let mut observed = self.comparable(observed);
        if more {
            let is_more = |line: &String| line.ends_with("  ACCESS SHARE") && !predicted.contains(line);
            observed.retain(|line| !is_more(line));
            if observed.is_empty() {
                return predicted.is_empty() || predicted == ["      nothing"];
            }
        }
        observed == predicted
    }

    fn comparable(&self, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for line in text.lines() {
            let mut parts = line.trim().split("  ");
            let name = parts.next().unwrap_or_default();
            if self.unseen.contains(name) {
                continue;
            }
            if !self.fresh.contains(name) {
                lines.push(line.to_owned());
            } else if let Some(work) = parts.nth(1) {
                lines.push(format!("{name} {work}"));
            }
        }
        lines
    }
}

/// Whether a refusal depends on rows, or on what a history need not tell: names of what it did not make, types of expressions, privileges,
/// settings, the server's files.
fn only_a_server_knows(sqlstate: &str) -> bool {
    let rows = ["22", "23", "55P02", "P0001"];
    let names = ["42P01", "42703", "42704", "42883", "3F000", "42P02", "26000", "34000", "58P01"];
    let expressions = ["42804", "42846", "42P17", "42P18", "42P22", "42725", "42830", "42803", "428C9"];
    let others = ["42501"];
    rows.iter().chain(&names).chain(&expressions).chain(&others).any(|it| sqlstate.starts_with(it))
}
