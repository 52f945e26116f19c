//! How bad a finding is, given what is known of its tables: heat for every lock, size for work that grows with them.

use super::{Severities, timeouts};
use crate::{
    effect::{Blocks, Effect, Harm, Lock, Outcome, Relation, Target},
    finding::{Damage, Range, Severity, Stall},
    traffic::{Basis, Grade, Heat, Hold, Queue, Traffic, about, between, grouped, number::whole, time},
};

/// What is known when one statement is judged.
#[derive(Clone, Copy)]
pub struct Weights<'t> {
    /// The tables.
    pub traffic: &'t Traffic,
    /// How long the statement's locks are held: until its transaction ends. `None` if that is not known.
    pub held: Option<Hold>,
}

/// What of a finding depends on its tables.
pub(super) struct Weighed {
    pub(super) severity: Severity,
    /// Numbers for the message.
    pub(super) cost: Option<String>,
    /// The same, as numbers.
    pub(super) damage: Option<Damage>,
    /// Why the tables are taken for what they are, and what would change if.
    pub(super) notes: Vec<String>,
}

/// How many tables a finding explains.
const MAX_EXPLAINED: usize = 3;

/// Weighs what a rule of these severities says of the effects.
pub(super) fn weigh(
    severities: Severities,
    effects: &[&Effect],
    outcome: &Outcome,
    weights: &Weights<'_>,
) -> Weighed {
    let traffic = weights.traffic;
    if traffic.is_empty() {
        return Weighed {
            severity: severities.at(Heat::Unknown),
            cost: None,
            damage: None,
            notes: Vec::new(),
        };
    }
    let tables = tables(effects);
    let cost = if depends_on_heat(severities) { costly(&tables, effects, outcome, weights) } else { None };
    // Whoever waits for the lock is waited for as well, unless it gives up or nobody would notice.
    let blocks = effects.iter().filter_map(|it| it.lock).map(Lock::blocks).max().unwrap_or(Blocks::Nothing);
    let would_notice = cost.as_ref().is_none_or(|it| it.queue.waiting.1 >= 1.0)
        || tables.iter().any(|it| traffic.has_unseen_users(it, blocks));
    let is_waited_for = outcome.situation.lock_timeout_ms.is_none() && would_notice;
    let hold = weights.held.filter(|_| grows(effects) && depends_on_heat(severities));
    let severity = severity(severities, &tables, hold, is_waited_for, traffic);
    // Of what is certain to fail, it does not matter who would have waited.
    let fails = effects.iter().any(|it| it.harms.contains(Harm::Fails));
    let explained = if fails { &[][..] } else { &tables[..] };
    let mut notes: Vec<String> =
        explained.iter().take(MAX_EXPLAINED).filter_map(|it| traffic.evidence(it)).collect();
    if let Some(cost) = &cost {
        notes.extend(cost.basis(traffic));
        notes.extend(timeouts::in_words(&cost.timeouts));
    }
    let damage = cost.as_ref().and_then(Cost::damage);
    let cost = cost.map(|it| it.in_words(traffic));
    Weighed { severity, cost, damage, notes }
}

/// How bad it is on these tables, whose locks are held for `hold` if the work grows with them.
fn severity(
    severities: Severities,
    tables: &[&Relation],
    hold: Option<Hold>,
    is_waited_for: bool,
    traffic: &Traffic,
) -> Severity {
    let heats: Vec<Heat> = tables.iter().map(|it| traffic.heat(it)).collect();
    let hottest = heats.iter().copied().max().unwrap_or_default();
    let Some(hold) = hold else { return severities.at(hottest) };
    if hold.low_ms > traffic.budget_ms(hottest) {
        return severities.at(Heat::Hot);
    }
    let is_brief = tables.iter().zip(heats).all(|(table, heat)| {
        let wait_ms = if is_waited_for { traffic.wait_ms(table, None) } else { 0 };
        hold.high_ms.saturating_add(wait_ms) <= traffic.budget_ms(heat)
    });
    let severity = severities.at(hottest);
    if is_brief { severity.min(Severity::Note) } else { severity }
}

/// Whether a rule is about making others wait: what breaks the application is as bad on any table.
fn depends_on_heat(severities: Severities) -> bool {
    severities.hot != severities.cold
}

/// Whether there is work that grows with a table.
fn grows(effects: &[&Effect]) -> bool {
    effects.iter().any(|it| !it.effort().is_empty())
}

/// The relations that the effects are on and that may be in use, each once; indexes only where there is no other.
fn tables<'e>(effects: &[&'e Effect]) -> Vec<&'e Relation> {
    let mut found: Vec<&Relation> = Vec::new();
    let in_use =
        effects.iter().filter_map(|it| it.relation.as_ref()).filter(|it| it.target == Target::Existing);
    for relation in in_use {
        if !found.iter().any(|it| it.name == relation.name) {
            found.push(relation);
        }
    }
    if found.iter().any(|it| it.kind.has_rows()) {
        found.retain(|it| it.kind.has_rows());
    }
    found
}

/// What a lock on one table costs.
struct Cost<'e> {
    table: &'e Relation,
    lock: Lock,
    /// How long the lock is held; `None` for a moment.
    hold: Option<Hold>,
    wait_ms: u64,
    queue: Queue,
    timeouts: Vec<Stall>,
    /// Whether the finding is about another table in the first place.
    is_of_other: bool,
}

/// The most expensive lock of the finding; `None` if nothing is known or nobody waits.
fn costly<'e>(
    tables: &[&'e Relation],
    effects: &[&Effect],
    outcome: &Outcome,
    weights: &Weights<'_>,
) -> Option<Cost<'e>> {
    let traffic = weights.traffic;
    let hold = if grows(effects) { Some(weights.held?) } else { None };
    let costs = tables.iter().filter_map(|table| {
        let on_it = effects.iter().filter(|it| it.relation.as_ref().is_some_and(|it| it.name == table.name));
        let lock = on_it.filter_map(|it| it.lock).max()?;
        let blocks = lock.blocks();
        let per_s = traffic.per_s(table, blocks)?;
        let wait_ms = traffic.wait_ms(table, outcome.situation.lock_timeout_ms);
        let (in_force, longest_ms) = (outcome.situation.lock_timeout_ms, traffic.wait_ms(table, None));
        let queue = Queue::new(per_s, wait_ms, hold.unwrap_or_default(), traffic.pool());
        let timeouts = timeouts::compare(per_s, longest_ms, hold.unwrap_or_default(), in_force, traffic);
        let is_of_other = tables.first().is_some_and(|it| it.name != table.name);
        (blocks > Blocks::Nothing).then_some(Cost {
            table,
            lock,
            hold,
            wait_ms,
            queue,
            timeouts,
            is_of_other,
        })
    });
    costs.max_by(|a, b| a.queue.waiting.1.total_cmp(&b.queue.waiting.1))
}

impl Cost<'_> {
    /// `for 4–9 min; about 58,000–130,000 statements wait, and a pool of 60 is gone in 400 ms`
    fn in_words(&self, traffic: &Traffic) -> String {
        let (low, high) = (whole(self.queue.waiting.0), whole(self.queue.waiting.1));
        let whom = if self.is_of_other { format!(" for {}", self.table.name) } else { String::new() };
        let waiting = match low {
            _ if high == 0 => "hardly a statement waits".to_owned(),
            0 => format!("up to {} statements wait{whom}", about(high)),
            _ => format!("about {} statements wait{whom}", between(low, high)),
        };
        let how_long = match self.hold {
            Some(hold) => format!("for {hold}"),
            None if self.wait_ms == 0 => "for a moment".to_owned(),
            None => {
                format!("behind a transaction as long as the longest that was seen, {}", time(self.wait_ms))
            }
        };
        match self.queue.pool_gone_s.zip(traffic.pool()) {
            Some((seconds, pool)) => {
                let gone = time(whole(seconds * 1000.0).max(1));
                format!("{how_long}; {waiting}, and a pool of {pool} is gone in {gone}")
            }
            None => format!("{how_long}; {waiting}"),
        }
    }

    /// `None` if hardly a statement waits.
    fn damage(&self) -> Option<Damage> {
        let (low, high) = self.queue.waiting;
        (high >= 1.0).then(|| Damage {
            relation: self.table.name.to_string(),
            lock: self.lock.name(),
            hold_ms: self.hold,
            waiting: Range { low: whole(low), high: whole(high) },
            pool_gone_ms: self.queue.pool_gone_s.map(|it| whole(it * 1000.0)),
            timeouts: self.timeouts.clone(),
        })
    }

    /// What the time rests on.
    fn basis(&self, traffic: &Traffic) -> Option<String> {
        match self.hold.filter(|it| it.high_ms > 0)?.basis {
            Basis::Nothing => None,
            Basis::Measured(factor) => {
                let calibration = traffic.calibration()?;
                let grade = Grade::of(factor).name();
                let others = traffic.other_settings();
                let but = if others.is_empty() {
                    String::new()
                } else {
                    format!("; it had {}, unlike the snapshot's server", others.join(", "))
                };
                Some(match factor {
                    0 | 1 => format!("the time is by {calibration}, whose tables were as large: {grade}{but}"),
                    _ => format!("the time is by {calibration}, {} times beyond its largest table: {grade}{but}", grouped(factor)),
                })
            }
            Basis::Assumed => Some(
                "the time is that of the tables' bytes at a throughput that is assumed; `lockkeeper calibrate` measures it"
                    .to_owned(),
            ),
        }
    }
}
