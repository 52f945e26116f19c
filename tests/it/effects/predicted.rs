//! What lockkeeper predicts of a case: what `lint` reports of its last statement.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::{
    effect::{Action, Effect, Lock, Outcome, Scope, Target, Work, WorkSet},
    lint::{Input, InputRole, LintedStatement, Options, lint},
    rule::RuleSet,
    sql::{source::Source, statement::StatementKind},
};

use super::{Case, is_query, line, without_planned};

/// The locks that a transaction holds, by the relations' names.
type Held = BTreeMap<String, BTreeSet<Lock>>;

/// The prediction, in the form of [`super::observe::all`].
pub(super) fn predicted(case: &Case, major: u16) -> String {
    let statements: Vec<&str> = case.before.iter().chain([&case.statement]).map(String::as_str).collect();
    let scope = if case.alone { Scope::None } else { Scope::File };
    let inputs = [
        input("setup.sql", &case.setup.join("\n"), InputRole::Schema, None),
        input("case.sql", &statements.join("\n;\n"), InputRole::Linted, Some(scope)),
    ];
    let options =
        Options { postgres: major, settings: Vec::new(), require_reason: false, keep_statements: true };
    let report = lint(&inputs, &RuleSet::of(Vec::new()), &options);
    let Some((judged, earlier)) = report.files.first().and_then(|file| file.statements.split_last()) else {
        return "      unreadable\n".to_owned();
    };
    let held = if case.alone { Held::new() } else { held(earlier) };
    shown(&judged.outcome, &held, case)
}

fn input(path: &str, text: &str, role: InputRole, transaction: Option<Scope>) -> Input {
    Input { source: Source::new(path, text.as_bytes().to_vec()), role, framework: "plain", transaction }
}

fn held(statements: &[LintedStatement]) -> Held {
    let mut held = Held::new();
    for effect in statements.iter().flat_map(|it| &it.outcome.effects) {
        if let (Some(relation), Some(lock)) = (&effect.relation, effect.lock) {
            held.entry(relation.name.to_string()).or_default().insert(lock);
        }
    }
    held
}

fn shown(outcome: &Outcome, held: &Held, case: &Case) -> String {
    if outcome.statement == StatementKind::Unreadable {
        return "      unreadable\n".to_owned();
    }
    if let Some(sqlstate) = outcome.fails_with() {
        return format!("      fails: {sqlstate}\n");
    }
    let mut relations: BTreeMap<String, (Option<Lock>, WorkSet)> = BTreeMap::new();
    for effect in outcome.effects.iter().filter(|it| it.action != Action::HoldLock) {
        let Some(relation) = &effect.relation else { continue };
        let known = relations.entry(relation.name.to_string()).or_default();
        *known = (known.0.max(taken(effect, held, case.alone)), known.1.union(effect.work));
    }
    for (_, work) in relations.values_mut().filter(|(_, work)| work.contains(Work::Rewrite)) {
        // Several effects of one statement: a rewrite implies what the others need to read and build.
        *work = WorkSet::of(&[Work::Rewrite]);
    }
    relations.retain(|_, (lock, work)| lock.is_some() || !work.is_empty());
    if relations.is_empty() {
        return "      nothing\n".to_owned();
    }
    let work = |work| without_planned(work, is_query(case));
    relations.iter().map(|(name, (lock, done))| line(name, *lock, work(*done))).collect()
}

/// The lock of an effect, unless its transaction holds that mode already. On what it made itself, it holds the strongest.
fn taken(effect: &Effect, held: &Held, alone: bool) -> Option<Lock> {
    let relation = effect.relation.as_ref()?;
    let is_held = |lock: &Lock| {
        held.get(&relation.name.to_string()).is_some_and(|it| it.contains(lock))
            || !alone && relation.target == Target::New && *lock == Lock::AccessExclusive
    };
    effect.lock.filter(|lock| !is_held(lock))
}
