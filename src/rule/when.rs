//! The conditions that a rule may set: one line each, all typed, so that a misspelled key or value cannot load.

use serde::{Deserialize, Serialize};

use super::many::Many;
use crate::{
    effect::{Action, Blocks, Effect, Harm, Lock, Manner, Outcome, Reason, Role, Scope, Target, Work},
    sql::statement::{RelationKind, StatementKind},
};

macro_rules! conditions {
    ($($(#[$doc:meta])+ $field:ident: $type:ty = |$want:ident, $effect:ident, $outcome:ident| $holds:expr;)+) => {
        /// Conditions on one effect, all of which must hold. An absent one always holds.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct When {
            $($(#[$doc])+ pub $field: Option<$type>,)+
        }

        impl When {
            /// The first condition that does not hold for this effect of `outcome`, by its Rust name; `None` when all hold.
            pub fn failing(&self, effect: &Effect, outcome: &Outcome) -> Option<&'static str> {
                $(
                    let holds = |$want: &$type, $effect: &Effect, $outcome: &Outcome| $holds;
                    if self.$field.as_ref().is_some_and(|it| !holds(it, effect, outcome)) {
                        return Some(stringify!($field));
                    }
                )+
                None
            }

            /// Each condition that is set, with these conditions without it.
            pub fn each_dropped(&self) -> Vec<(&'static str, Self)> {
                let mut dropped = Vec::new();
                $(
                    if self.$field.is_some() {
                        dropped.push((stringify!($field), Self { $field: None, ..self.clone() }));
                    }
                )+
                dropped
            }
        }
    };
}

conditions! {
    /// What kind of statement it is.
    statement: Many<StatementKind> = |want, _effect, outcome| want.contains(&outcome.statement);
    /// What it does.
    action: Many<Action> = |want, effect, _outcome| want.contains(&effect.action);
    /// What it does is none of these.
    not_action: Many<Action> = |want, effect, _outcome| !want.contains(&effect.action);
    /// Why there is work, or why it fails.
    because: Many<Reason> = |want, effect, _outcome| effect.because.is_some_and(|it| want.contains(&it));
    /// None of these is why.
    not_because: Many<Reason> = |want, effect, _outcome| effect.because.is_none_or(|it| !want.contains(&it));
    /// The lock is one of these, by PostgreSQL's names.
    lock: Many<Lock> = |want, effect, _outcome| effect.lock.is_some_and(|it| want.contains(&it));
    /// The lock is this one or a stronger one.
    lock_at_least: Lock = |want, effect, _outcome| effect.lock.is_some_and(|it| it >= *want);
    /// The lock makes the application wait: `writes` holds for locks that block everything, too.
    blocks: Blocks = |want, effect, _outcome| effect.lock.map_or(Blocks::Nothing, Lock::blocks) >= *want;
    /// Any of this goes on under the lock.
    work: Many<Work> = |want, effect, _outcome| want.0.iter().any(|it| effect.effort().contains(*it));
    /// Whether nothing goes on that grows with the relation.
    no_work: bool = |want, effect, _outcome| effect.effort().is_empty() == *want;
    /// Whether the whole statement, on every relation that is in use, does no work under a lock that makes the application wait.
    brief: bool = |want, _effect, outcome| is_brief(outcome) == *want;
    /// Whether the relation was there before.
    target: Target = |want, effect, _outcome| effect.relation.as_ref().is_some_and(|it| it.target == *want);
    /// There is no relation, or it is not this: what concerns no relation counts as in use.
    not_target: Target = |want, effect, _outcome| effect.relation.as_ref().is_none_or(|it| it.target != *want);
    /// What the relation is to the statement.
    role: Many<Role> = |want, effect, _outcome| want.contains(&effect.role);
    /// What kind of relation it is.
    kind: Many<RelationKind> = |want, effect, _outcome| effect.relation.as_ref().is_some_and(|it| want.contains(&it.kind));
    /// It does any of this to the application.
    harm: Many<Harm> = |want, effect, _outcome| want.0.iter().any(|it| effect.harms.contains(*it));
    /// It does none of this to the application.
    not_harm: Many<Harm> = |want, effect, _outcome| !want.0.iter().any(|it| effect.harms.contains(*it));
    /// It is done in any of these ways.
    manner: Many<Manner> = |want, effect, _outcome| want.0.iter().any(|it| effect.manners.contains(*it));
    /// It is done in none of these ways.
    not_manner: Many<Manner> = |want, effect, _outcome| !want.0.iter().any(|it| effect.manners.contains(*it));
    /// Whether other statements share the transaction.
    transaction: Many<Sharing> = |want, _effect, outcome| want.contains(&sharing(outcome.situation.transaction));
    /// Whether a `lock_timeout` is in force.
    lock_timeout: Timeout = |want, _effect, outcome| timeout(outcome.situation.lock_timeout_ms) == *want;
    /// Whether a `statement_timeout` is in force.
    statement_timeout: Timeout = |want, _effect, outcome| timeout(outcome.situation.statement_timeout_ms) == *want;
}

impl When {
    /// Whether every condition holds for this effect of `outcome`.
    pub fn holds(&self, effect: &Effect, outcome: &Outcome) -> bool {
        self.failing(effect, outcome).is_none()
    }
}

/// Who is in a statement's transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// Other statements: a lock is held until the last of them is done.
    Shared,
    /// The statement alone.
    Own,
    /// It commits by itself, more than once.
    None,
}

/// Whether a timeout is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timeout {
    /// It is in force.
    Set,
    /// It is not: whoever waits, waits for ever.
    Unset,
}

fn sharing(scope: Scope) -> Sharing {
    match scope {
        Scope::File | Scope::Batch => Sharing::Shared,
        Scope::Own => Sharing::Own,
        Scope::None => Sharing::None,
    }
}

fn timeout(milliseconds: Option<u64>) -> Timeout {
    if milliseconds.is_some() { Timeout::Set } else { Timeout::Unset }
}

fn is_brief(outcome: &Outcome) -> bool {
    !outcome.effects.iter().any(|effect| {
        effect.relation.as_ref().is_some_and(|it| it.target == Target::Existing)
            && effect.lock.is_some_and(|lock| lock.blocks() > Blocks::Nothing)
            && !effect.effort().is_empty()
    })
}
