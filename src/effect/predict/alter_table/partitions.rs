//! Partitions and inheritance: `ATTACH`, `DETACH`, `INHERIT`, `NO INHERIT`.
//!
//! Source: `ATExecAttachPartition`, `AttachPartitionEnsureIndexes`, `ATExecDetachPartition`, `ATExecAddInherit` in
//! `src/backend/commands/tablecmds.c`; manual, ALTER TABLE. Observed by `fixtures/effects/partition*.sql`.

use super::{
    Altered,
    constraints::{self, ForeignKey},
};
use crate::{
    catalog::{ConstraintKind, Index},
    effect::{
        Action, Effect, Harm, Lock, Manner, Reason, Role, Work,
        predict::{Effects, Known, bound},
    },
    sql::statement::{AlterAction, Detach, Name, PartitionBound, RelationKind},
};

/// Adds what an action on partitions or inheritance does.
pub(super) fn predict(action: &AlterAction, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    match action {
        AlterAction::AttachPartition { partition, bound } => attach(partition, bound, altered, effects),
        AlterAction::DetachPartition { partition, mode } => detach(partition, *mode, altered, effects),
        AlterAction::Inherit { parent } => {
            effects.push(altered.on_table(Action::Inherit));
            let parent = effects.known(parent, RelationKind::Table);
            effects.lock(Action::Inherit, &parent, Role::Parent, Lock::ShareUpdateExclusive);
        }
        AlterAction::NoInherit { parent } => {
            let name = parent.name.clone();
            effects.push(altered.on_table(Action::NoInherit).object(name).harm(Harm::BreaksReaders));
            let parent = effects.known(parent, RelationKind::Table);
            effects.lock(Action::NoInherit, &parent, Role::Parent, Lock::AccessShare);
        }
        AlterAction::MergePartitions { .. } => {
            effects.push(altered.on_table(Action::MergePartitions).work(&[Work::WriteRows]));
        }
        AlterAction::SplitPartition { .. } => {
            effects.push(altered.on_table(Action::SplitPartition).work(&[Work::WriteRows]));
        }
        _ => {}
    }
}

/// The parent stays open to reads and writes; the partition and the DEFAULT partition are read under the strongest lock, unless a
/// valid CHECK proves that no row can be in the wrong place.
fn attach(partition: &Name, bound: &PartitionBound, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let action = Action::AttachPartition;
    effects.push(altered.on_table(action).object(partition.name.clone()));
    for index in effects.indexes(&altered.table) {
        effects.lock(action, &index, Role::Index, Lock::ShareUpdateExclusive);
    }
    let child = effects.known(partition, RelationKind::Table);
    let key = altered.table.entry.and_then(|it| it.partitioning.as_ref());
    let proven = bound::is_proven(&child, key, bound);
    add_attached(action, &child, proven, effects);
    for descendant in effects.descendants(&child) {
        add_attached(action, &descendant, proven, effects);
    }
    build_missing_indexes(&altered.table, &child, effects);
    if let Some(default) = effects.default_partition(&altered.table) {
        let excluded = bound::is_excluded(&default, key, bound);
        let members = std::iter::once(default.clone()).chain(effects.descendants(&default));
        for member in members.collect::<Vec<_>>() {
            let mut effect = Effect::on(action, &member, Lock::AccessExclusive).role(Role::DefaultPartition);
            if !excluded && super::has_rows(member.relation.kind) {
                effect = effect.because(Reason::Validation).work(&[Work::Scan]).harm(Harm::MayFail);
            }
            effects.push(effect);
        }
    }
    clone_foreign_keys(&child, altered, effects);
    for referencing in effects.referencing(&altered.table) {
        // Before 15 the triggers on its side are not made again.
        let lock = if effects.major < 15 { Lock::AccessShare } else { Lock::ShareRowExclusive };
        effects.lock(action, &referencing, Role::Referencing, lock);
    }
}

fn add_attached(action: Action, table: &Known<'_>, proven: bool, effects: &mut Effects<'_>) {
    let mut effect = Effect::on(action, table, Lock::AccessExclusive).role(Role::Child);
    if proven {
        effect = effect.because(Reason::Proven);
    } else if super::has_rows(table.relation.kind) {
        effect = effect.because(Reason::Validation).work(&[Work::Scan]).harm(Harm::MayFail);
    }
    effects.push(effect);
}

/// Every index of the parent that the partition does not have is built.
fn build_missing_indexes(parent: &Known<'_>, child: &Known<'_>, effects: &mut Effects<'_>) {
    let own = effects.indexes(child);
    let is_missing = |wanted: &Known<'_>| {
        let Some(wanted) = wanted.entry.and_then(|it| it.index.as_ref()) else { return false };
        !own.iter().any(|it| it.entry.and_then(|it| it.index.as_ref()).is_some_and(|it| matches(wanted, it)))
    };
    if effects.indexes(parent).iter().any(is_missing) {
        for member in std::iter::once(child.clone()).chain(effects.descendants(child)).collect::<Vec<_>>() {
            if super::has_rows(member.relation.kind) {
                let effect = Effect::on(Action::AttachPartition, &member, Lock::AccessExclusive);
                let effect = effect.role(Role::Child).because(Reason::IndexedColumn);
                effects.push(effect.work(&[Work::Scan, Work::BuildIndex]));
            }
        }
    }
}

/// An index that fits can be attached; a constraint's index only fits a constraint's.
fn matches(wanted: &Index, own: &Index) -> bool {
    wanted.columns == own.columns
        && wanted.unique == own.unique
        && wanted.method == own.method
        && wanted.partial == own.partial
        && (!wanted.of_constraint || own.of_constraint)
}

/// The partition gets a copy of each foreign key of the parent, and its rows are tested against it.
fn clone_foreign_keys(child: &Known<'_>, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let Some(entry) = altered.table.entry else { return };
    for constraint in &entry.constraints {
        let ConstraintKind::ForeignKey { columns, referenced, .. } = &constraint.kind else { continue };
        let has_it = child.entry.is_some_and(|it| {
            it.constraints.iter().any(|own| {
                matches!(&own.kind, ConstraintKind::ForeignKey { columns: mine, referenced: to, .. }
                    if mine == columns && to == referenced)
            })
        });
        let Some(partner) = effects.catalog.relation(*referenced) else { continue };
        let name = partner.name.clone();
        if has_it {
            let partner = effects.known(&name, RelationKind::Table);
            // The partition's own triggers are dropped in favour of the parent's.
            effects.lock(Action::AttachPartition, &partner, Role::Referenced, Lock::AccessExclusive);
            continue;
        }
        let key = ForeignKey {
            action: Action::AttachPartition,
            because: Some(Reason::ForeignKeyColumn),
            object: constraint.name.clone(),
            validates: true,
            not_valid: false,
        };
        let on_child = Altered {
            table: child.clone(),
            lock: Lock::AccessExclusive,
            children: effects.descendants(child),
            alter: altered.alter,
        };
        constraints::add_foreign_key(&key, &name, &on_child, effects);
    }
}

/// CONCURRENTLY (14 and later) leaves the parent open; it cannot run in a transaction block, nor beside a DEFAULT partition.
fn detach(partition: &Name, mode: Detach, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let action = Action::DetachPartition;
    let concurrently = mode == Detach::Concurrently;
    let default = effects.default_partition(&altered.table);
    if concurrently && effects.catalog.session.open.is_some() {
        let detail = "DETACH … CONCURRENTLY cannot run inside a transaction block";
        effects.fails(action, Some(&altered.table), Reason::InTransaction, "25001", detail);
        return;
    }
    if concurrently && default.is_some() {
        let detail = "DETACH … CONCURRENTLY is refused while there is a DEFAULT partition";
        effects.fails(action, Some(&altered.table), Reason::HasDefaultPartition, "55000", detail);
        return;
    }
    let effect = altered.on_table(action).object(partition.name.clone());
    effects.push(effect.manner_if(concurrently, Manner::Concurrently));
    let child = effects.known(partition, RelationKind::Table);
    let has_neighbours = default.is_some() || !effects.referencing(&altered.table).is_empty();
    // Before 14 the partition itself is only kept from other schema changes, unless there is more to do.
    let weak = effects.major < 14 && !has_neighbours && effects.referenced(&altered.table).is_empty();
    let lock = if weak { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive };
    effects.lock(action, &child, Role::Child, lock);
    for descendant in effects.descendants(&child) {
        effects.lock(action, &descendant, Role::Child, Lock::AccessExclusive);
    }
    for index in effects.indexes(&child) {
        // Those that hang on an index of the parent are cut off.
        if index.entry.is_some_and(|it| !it.parents.is_empty()) {
            effects.lock(action, &index, Role::Index, Lock::AccessExclusive);
        }
    }
    if let Some(default) = default.filter(|_| mode == Detach::Plain) {
        effects.lock(action, &default, Role::DefaultPartition, Lock::AccessExclusive);
    }
    for partner in effects.referenced(&altered.table) {
        effects.lock(action, &partner, Role::Referenced, Lock::ShareRowExclusive);
    }
    test_references(&child, altered, effects);
}

/// No row of the partition may be referred to: the referencing tables are searched for one.
fn test_references(child: &Known<'_>, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let action = Action::DetachPartition;
    let referencing = effects.referencing(&altered.table);
    if referencing.is_empty() {
        return;
    }
    for partner in referencing {
        let effect = Effect::on(action, &partner, Lock::AccessExclusive).role(Role::Referencing);
        effects.push(effect.because(Reason::Validation).work(&[Work::Scan]).harm(Harm::MayFail));
        constraints::read_indexes(action, &partner, effects);
    }
    for member in std::iter::once(child.clone()).chain(effects.descendants(child)).collect::<Vec<_>>() {
        let effect = Effect::on(action, &member, Lock::AccessExclusive).role(Role::Child);
        if super::has_rows(member.relation.kind) {
            effects.push(effect.because(Reason::Validation).work(&[Work::Scan]));
            constraints::read_indexes(action, &member, effects);
        } else {
            effects.push(effect);
        }
    }
}
