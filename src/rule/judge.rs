//! Effects in, judgements out: one for each rule and each thing that a statement does.

use super::{
    file::Rule,
    set::RuleSet,
    template::{Facts, blocked, in_words, list},
    weigh::{Weights, weigh},
};
use crate::{
    effect::{Action, Effect, Harm, Outcome, Relation, Role, Work},
    finding::{Damage, Severity},
};

/// What a rule says of a statement.
#[derive(Clone, Debug)]
pub struct Judgement<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// How bad it is here.
    pub severity: Severity,
    /// What is blocked, lost or broken: one line.
    pub message: String,
    /// What to write instead: one line.
    pub help: Option<String>,
    /// Further facts, one line each.
    pub notes: Vec<String>,
    /// The relation that it is about.
    pub relation: Option<Relation>,
    /// What the lock costs those who use the table.
    pub damage: Option<Box<Damage>>,
    /// Which of the outcome's effects it is about, by their indexes.
    pub effects: Vec<usize>,
}

/// The effects of one statement that one rule is about, and that are one thing to the reader.
struct Group {
    rule: usize,
    action: Action,
    /// The first effect on a subject, which says what object it is about.
    subject: Option<usize>,
    effects: Vec<usize>,
}

/// What the rules say of a statement, in the order of its effects.
pub(super) fn judge<'a>(rules: &'a RuleSet, outcome: &Outcome, weights: &Weights<'_>) -> Vec<Judgement<'a>> {
    let mut groups: Vec<Group> = Vec::new();
    for (rule, n) in matches(rules, outcome) {
        add(&mut groups, rules, rule, n, outcome);
    }
    let mut judgements: Vec<(Action, Judgement<'a>)> = Vec::new();
    for group in &groups {
        let Some(judgement) = judgement(rules, group, outcome, weights) else { continue };
        // Different actions of one statement may be the same to the reader; one action on two objects is mended twice.
        let is_said = |it: &&mut (Action, Judgement<'a>)| {
            it.0 != group.action && it.1.rule.id == judgement.rule.id && it.1.message == judgement.message
        };
        match judgements.iter_mut().find(is_said) {
            Some(said) => said.1.effects.extend(judgement.effects),
            None => judgements.push((group.action, judgement)),
        }
    }
    let judgements = judgements.into_iter().map(|it| it.1);
    judgements.filter(|it| it.severity > Severity::Off).collect()
}

/// The rules and effects that belong together, by their indexes, in the order of the effects. Rules that are off are among them:
/// whoever switches off a rule does not want to hear the same from a general one.
fn matches(rules: &RuleSet, outcome: &Outcome) -> Vec<(usize, usize)> {
    // A statement that is certain to fail does nothing else, and takes its transaction with it.
    let fails = outcome.effects.iter().any(|it| it.harms.contains(Harm::Fails));
    let mut matches = Vec::new();
    for (n, effect) in outcome.effects.iter().enumerate() {
        if fails && !effect.harms.contains(Harm::Fails) {
            continue;
        }
        let candidates = rules.candidates(effect);
        let holds = |rule: &Rule| rule.when.iter().any(|when| when.holds(effect, outcome));
        matches
            .extend(candidates.filter(|it| rules.rules().get(*it).is_some_and(holds)).map(|rule| (rule, n)));
    }
    let is_general = |rule: usize| rules.rules().get(rule).is_some_and(|it| it.otherwise);
    let is_special =
        |rule: usize| rules.rules().get(rule).is_some_and(|it| !it.otherwise && !it.is_of_situation());
    let action = |n: usize| outcome.effects.get(n).map(|it| it.action);
    let all = matches.clone();
    matches.retain(|(general, n)| {
        !is_general(*general)
            || !all.iter().any(|(special, other)| {
                is_special(*special) && action(*other) == action(*n) && all.contains(&(*general, *other))
            })
    });
    matches
}

/// Adds an effect to the group that it belongs to: what the same action does to other relations is one finding.
fn add(groups: &mut Vec<Group>, rules: &RuleSet, rule: usize, n: usize, outcome: &Outcome) {
    let Some(effect) = outcome.effects.get(n) else { return };
    let subject = (effect.role == Role::Subject).then_some(n);
    let object = |n: Option<usize>| n.and_then(|n| outcome.effects.get(n)).map(|it| &it.object);
    // Where a statement stands is the same for all that it does.
    let is_of_situation = rules.rules().get(rule).is_some_and(Rule::is_of_situation);
    // An index or a child that goes along may have its own name as the object, or none.
    let same = groups.iter_mut().rev().find(|it| {
        let is_one_thing = it.subject.is_none() || subject.is_none() || object(it.subject) == object(subject);
        it.rule == rule && (is_of_situation || it.action == effect.action && is_one_thing)
    });
    match same {
        Some(group) => {
            group.effects.push(n);
            group.subject = group.subject.or(subject);
        }
        None => groups.push(Group { rule, action: effect.action, subject, effects: vec![n] }),
    }
}

fn judgement<'a>(
    rules: &'a RuleSet,
    group: &Group,
    outcome: &Outcome,
    weights: &Weights<'_>,
) -> Option<Judgement<'a>> {
    let rule = rules.rules().get(group.rule)?;
    let mut indexes = group.effects.clone();
    indexes.sort_by_key(|n| outcome.effects.get(*n).map(|it| it.role != Role::Subject));
    let effects: Vec<&Effect> = indexes.iter().filter_map(|n| outcome.effects.get(*n)).collect();
    let facts = Facts::Effects(outcome, &effects);
    let weighed = weigh(rule.severity, &effects, outcome, weights);
    let mut message = rule.message.fill(&facts);
    let mut notes = notes(&message, outcome, &effects);
    notes.extend(weighed.notes);
    if let Some(cost) = weighed.cost {
        message.push_str(": ");
        message.push_str(&cost);
    }
    Some(Judgement {
        rule,
        severity: weighed.severity,
        notes,
        message,
        damage: weighed.damage.map(Box::new),
        help: rule.help.as_ref().map(|it| it.fill(&facts)),
        relation: effects.iter().find_map(|it| it.relation.clone()),
        effects: group.effects.clone(),
    })
}

/// The locks of one finding: first the subject's, unless the message names it; then the others, those of one mode in one line.
fn notes(message: &str, outcome: &Outcome, effects: &[&Effect]) -> Vec<String> {
    let subject = effects.iter().find_map(|it| it.relation.as_ref());
    let mut notes: Vec<String> =
        subject.and_then(|it| own_lock(it, message, outcome, effects)).into_iter().collect();
    let mut by_lock: Vec<(_, Vec<String>)> = Vec::new();
    for effect in effects.iter().filter(|it| it.role != Role::Index) {
        let (Some(relation), Some(lock)) = (&effect.relation, effect.lock) else { continue };
        let name = relation.name.to_string();
        if subject.is_some_and(|it| it.name == relation.name) || by_lock.iter().any(|it| it.1.contains(&name))
        {
            continue;
        }
        match by_lock.iter_mut().find(|it| it.0 == lock) {
            Some((_, names)) => names.push(name),
            None => by_lock.push((lock, vec![name])),
        }
    }
    let line = |(lock, names): &(crate::effect::Lock, Vec<String>)| {
        format!("also locks {} {lock}, which blocks {}", list(names), blocked(lock.blocks()))
    };
    notes.extend(by_lock.iter().map(line));
    notes
}

/// The strongest lock on the relation that the finding is about, how long it is held, and the work under it.
fn own_lock(relation: &Relation, message: &str, outcome: &Outcome, effects: &[&Effect]) -> Option<String> {
    let own = || effects.iter().filter(|it| it.relation.as_ref().is_some_and(|it| it.name == relation.name));
    let lock = own().filter_map(|it| it.lock).max()?;
    if message.contains(lock.name()) {
        return None;
    }
    let until = if outcome.situation.transaction.is_shared() { "COMMIT" } else { "it is done" };
    let work: Vec<String> = Work::ALL
        .into_iter()
        .filter(|work| own().any(|it| it.effort().contains(*work)))
        .map(|it| in_words(it).to_owned())
        .collect();
    let during = if work.is_empty() { String::new() } else { format!(", during {}", list(&work)) };
    let blocked = blocked(lock.blocks());
    Some(format!("locks {} {lock}, which blocks {blocked} until {until}{during}", relation.name))
}
