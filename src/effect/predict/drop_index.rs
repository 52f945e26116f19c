//! `DROP INDEX`: the index and its table are locked ACCESS EXCLUSIVE; concurrently, the table SHARE UPDATE EXCLUSIVE.
//!
//! Concurrently, the index itself is locked ACCESS EXCLUSIVE, too, but only when nobody can be using it any more.
//! Source: `RangeVarCallbackForDropRelation` in `src/backend/commands/tablecmds.c`, `index_drop` in `src/backend/catalog/index.c`;
//! manual, DROP INDEX. Observed by `fixtures/effects/index.sql`.

use super::{
    Effects, Known,
    drop::{Seed, seed},
};
use crate::{
    effect::{Action, Effect, Harm, Lock, Manner, Reason, Role},
    sql::statement::{DropRelation, RelationKind},
};

const ACTION: Action = Action::DropIndex;

/// Adds what `drop` of indexes does.
pub(super) fn predict(drop: &DropRelation, effects: &mut Effects<'_>) {
    if drop.concurrently && (drop.names.len() > 1 || drop.cascade) {
        let detail = "DROP INDEX CONCURRENTLY drops one index, and without CASCADE";
        effects.fails(ACTION, None, Reason::WrongKind, "0A000", detail);
        return;
    }
    for name in &drop.names {
        match seed(name, drop, ACTION, effects) {
            Seed::Found(index) if !is_refused(&index, drop, effects) => drop_one(&index, drop, effects),
            Seed::Absent => {}
            Seed::Found(_) | Seed::Refused => return,
        }
    }
}

fn is_refused(index: &Known<'_>, drop: &DropRelation, effects: &mut Effects<'_>) -> bool {
    let name = &index.relation.name;
    let Some(entry) = index.entry else { return false };
    if drop.concurrently && index.relation.kind == RelationKind::PartitionedIndex {
        let detail =
            format!("{name} is the index of a partitioned table, which cannot be dropped concurrently");
        effects.fails(ACTION, Some(index), Reason::Partitioned, "0A000", detail);
        return true;
    }
    let needs = if entry.index.as_ref().is_some_and(|it| it.of_constraint) {
        "a constraint"
    } else if !entry.parents.is_empty() {
        "the partitioned table's index"
    } else {
        return false;
    };
    let detail = format!("cannot drop {name} because {needs} requires it");
    effects.fails(ACTION, Some(index), Reason::DependedOn, "2BP01", detail);
    true
}

fn drop_one<'a>(index: &Known<'a>, drop: &DropRelation, effects: &mut Effects<'a>) {
    let lock = if drop.concurrently { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive };
    let with_manner = |effect: Effect| {
        effect
            .object(index.relation.name.name.clone())
            .manner_if(drop.concurrently, Manner::Concurrently)
            .manner_if(drop.if_exists, Manner::IfExists)
    };
    let mut family = vec![index.clone()];
    family.extend(effects.descendants(index));
    let mut is_first = true;
    if index.relation.kind == RelationKind::PartitionedIndex {
        // The whole tree of tables is locked, also where it has no part of the index.
        let tables = index.entry.and_then(|it| it.index.as_ref()).map(|it| effects.all(&[it.table]));
        for table in tables.unwrap_or_default() {
            for partition in effects.descendants(&table) {
                effects.push(with_manner(Effect::on(ACTION, &partition, lock).role(Role::Child)));
            }
        }
    }
    for member in &family {
        let tables = member.entry.and_then(|it| it.index.as_ref()).map(|it| effects.all(&[it.table]));
        for table in tables.unwrap_or_default() {
            let role = if is_first { Role::Subject } else { Role::Child };
            let mut effect = with_manner(Effect::on(ACTION, &table, lock).role(role));
            // ON CONFLICT counts on a unique index.
            if is_unique(member) {
                effect = effect.harm(Harm::BreaksWriters);
            }
            effects.push(effect);
            is_first = false;
        }
        // Without its table, the index is all that can be named.
        let role = if is_first { Role::Subject } else { Role::Index };
        let lock = if is_first { lock } else { Lock::AccessExclusive };
        effects.push(with_manner(Effect::on(ACTION, member, lock).role(role)));
    }
}

fn is_unique(index: &Known<'_>) -> bool {
    index.entry.and_then(|it| it.index.as_ref()).is_some_and(|it| it.unique)
}
