//! `LOCK TABLE`: the tables with their children, and what is behind a view.
//!
//! Source: `LockTableCommand`, `LockTableRecurse`, `LockViewRecurse` in `src/backend/commands/lockcmds.c`; manual, LOCK.
//! Observed by `fixtures/effects/partition.sql`.

use super::{Effects, Known};
use crate::{
    effect::{Action, Effect, Lock, Manner, Reason, Role},
    sql::statement::{RelationKind, RelationRef},
};

const ACTION: Action = Action::LockTable;

/// Adds what `LOCK TABLE` does; without a mode it is ACCESS EXCLUSIVE.
pub(super) fn predict(tables: &[RelationRef], mode: &str, effects: &mut Effects<'_>) {
    if effects.catalog.session.open.is_none() {
        let detail = "LOCK TABLE can only be used in a transaction block";
        effects.fails(ACTION, None, Reason::OutsideTransaction, "25P01", detail);
        return;
    }
    let lock = Lock::from_name(mode).unwrap_or(Lock::AccessExclusive);
    for table in tables {
        let known = effects.known(&table.name, RelationKind::Table);
        match known.relation.kind {
            RelationKind::Table | RelationKind::PartitionedTable | RelationKind::View => {}
            _ => {
                let detail = format!("{} is not a table or view", known.relation.name);
                effects.fails(ACTION, Some(&known), Reason::WrongKind, "42809", detail);
                return;
            }
        }
        let mut locked = Vec::new();
        lock_one(&known, Role::Subject, table.only, lock, &mut locked, effects);
    }
}

fn lock_one<'a>(
    known: &Known<'a>,
    role: Role,
    only: bool,
    lock: Lock,
    locked: &mut Vec<Known<'a>>,
    effects: &mut Effects<'a>,
) {
    if locked.iter().any(|it| it.relation.name == known.relation.name) {
        return;
    }
    locked.push(known.clone());
    effects.push(Effect::on(ACTION, known, lock).role(role).manner_if(true, Manner::Explicit));
    if known.relation.kind == RelationKind::View {
        let reads = known.entry.map_or_else(Vec::new, |it| effects.all(&it.reads));
        let lockable = |it: &Known<'_>| {
            matches!(
                it.relation.kind,
                RelationKind::Table | RelationKind::PartitionedTable | RelationKind::View
            )
        };
        for base in reads.iter().filter(|it| lockable(it)) {
            lock_one(base, Role::Read, false, lock, locked, effects);
        }
    } else if !only {
        for child in effects.descendants(known) {
            lock_one(&child, Role::Child, true, lock, locked, effects);
        }
    }
}
