//! What lockkeeper predicts of a case.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::{
    catalog::Catalog,
    effect::{Action, Effect, Harm, Lock, Work, WorkSet, predict::predict},
    sql::{Statement, parse::parse},
};

use super::{Case, is_query, line, without_planned};

/// The locks of a transaction, by the relations' names.
type Held = BTreeMap<String, BTreeSet<Lock>>;

/// The prediction, in the form of [`super::observe::all`].
pub(super) fn predicted(case: &Case, major: u16) -> String {
    let mut catalog = Catalog::new();
    let mut held = Held::new();
    for sql in &case.setup {
        if let Some(statement) = read(sql) {
            catalog.apply(&statement, major);
        }
    }
    if !case.alone {
        catalog.begin_by_runner();
    }
    for sql in &case.before {
        let Some(statement) = read(sql) else { continue };
        let there_before: BTreeSet<String> = names(&catalog);
        if !case.alone {
            add(&mut held, &predict(&statement, &catalog, major));
        }
        catalog.apply(&statement, major);
        if !case.alone {
            // Nobody else can have a lock on what the transaction made: it holds the strongest.
            for name in names(&catalog).difference(&there_before) {
                held.entry(name.clone()).or_default().insert(Lock::AccessExclusive);
            }
        }
    }
    let Some(statement) = read(&case.statement) else { return "      unreadable\n".to_owned() };
    shown(&predict(&statement, &catalog, major), &held, is_query(case))
}

fn read(sql: &str) -> Option<Statement> {
    parse(sql.trim_end().trim_end_matches(';')).ok()
}

fn names(catalog: &Catalog) -> BTreeSet<String> {
    catalog.relations().map(|it| it.name.to_string()).collect()
}

fn add(held: &mut Held, effects: &[Effect]) {
    for effect in effects {
        if let (Some(relation), Some(lock)) = (&effect.relation, effect.lock) {
            held.entry(relation.name.to_string()).or_default().insert(lock);
        }
    }
}

fn shown(effects: &[Effect], held: &Held, is_query: bool) -> String {
    let refusal = effects.iter().find(|it| it.harms.contains(Harm::Fails)).and_then(|it| it.sqlstate);
    if let Some(sqlstate) = refusal {
        return format!("      fails: {sqlstate}\n");
    }
    let mut relations: BTreeMap<String, (Option<Lock>, WorkSet)> = BTreeMap::new();
    for effect in effects.iter().filter(|it| it.action != Action::HoldLock) {
        let Some(relation) = &effect.relation else { continue };
        let name = relation.name.to_string();
        let is_held = |lock: &Lock| held.get(&name).is_some_and(|it| it.contains(lock));
        let lock = effect.lock.filter(|lock| !is_held(lock));
        let known = relations.entry(name).or_default();
        *known = (known.0.max(lock), known.1.union(effect.work));
    }
    for (_, work) in relations.values_mut().filter(|(_, work)| work.contains(Work::Rewrite)) {
        // Several effects of one statement: a rewrite implies what the others need to read and build.
        *work = WorkSet::of(&[Work::Rewrite]);
    }
    relations.retain(|_, (lock, work)| lock.is_some() || !work.is_empty());
    if relations.is_empty() {
        return "      nothing\n".to_owned();
    }
    relations.iter().map(|(name, (lock, work))| line(name, *lock, without_planned(*work, is_query))).collect()
}
