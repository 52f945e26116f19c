//! `CREATE TABLE`: the tables that the new one refers to, is a partition of, inherits from or is like.
//!
//! Source: `DefineRelation` and `MergeAttributes` in `src/backend/commands/tablecmds.c`, `transformTableLikeClause` in
//! `src/backend/parser/parse_utilcmd.c`; manual, CREATE TABLE. Observed by `fixtures/effects/table.sql` and `partition.sql`.

use super::{Effects, Known, alter_table::has_rows, bound, immutable};
use crate::{
    catalog::{ConstraintKind, Partitioning},
    effect::{Action, Effect, Harm, Lock, Manner, Reason, Relation, Role, Target, Work},
    sql::statement::{
        ColumnConstraintKind, CreateTable, Ident, Name, PartitionBound, PartitionOf, RelationKind,
        TableConstraintKind,
    },
};

/// Adds what `create` does to the relations that are there already.
pub(super) fn predict(create: &CreateTable, effects: &mut Effects<'_>) {
    if is_settled(Action::CreateTable, &create.name, create.kind, create.if_not_exists, effects) {
        return;
    }
    if let Some(refusal) = immutable::of_table(create, effects) {
        immutable::refuse(Action::CreateTable, None, refusal, effects);
        return;
    }
    if let Some(lacks) = keys(create).iter().find_map(|it| partitioning(create)?.beyond(it)) {
        effects.fails(Action::CreateTable, None, Reason::Partitioned, "0A000", lacks);
        return;
    }
    for (table, object) in references(create) {
        let referenced = effects.known(table, RelationKind::Table);
        if referenced.relation.name != effects.catalog.qualify(&create.name) {
            lock_referenced(Action::CreateTable, &referenced, &object, effects);
        }
    }
    if let Some(partition) = &create.partition_of {
        create_partition(create, partition, effects);
    }
    for parent in &create.inherits {
        let parent = effects.known(parent, RelationKind::Table);
        effects.lock(Action::CreateTable, &parent, Role::Parent, Lock::ShareUpdateExclusive);
    }
    for like in &create.like {
        let source = effects.known(&like.source, RelationKind::Table);
        effects.lock(Action::CreateTable, &source, Role::Read, Lock::AccessShare);
    }
    if let Some(ty) = &create.of_type {
        let ty = effects.composite(ty);
        effects.lock(Action::CreateTable, &ty, Role::Read, Lock::AccessShare);
    }
}

/// Whether nothing remains to be said, because a relation of the new one's name is there. With IF NOT EXISTS that is no mistake.
pub(super) fn is_settled(
    action: Action,
    name: &Name,
    kind: RelationKind,
    if_not_exists: bool,
    effects: &mut Effects<'_>,
) -> bool {
    let manner = |effect: Effect| effect.manner_if(if_not_exists, Manner::IfNotExists);
    let found = effects.catalog.find(name).filter(|it| {
        // An unqualified name is made in the first schema of the search path, whatever the others have.
        name.schema.is_some()
            || it.name.schema.as_deref() == Some(effects.catalog.session.creation_schema().as_str())
    });
    let Some(found) = found else {
        if if_not_exists && !effects.catalog.is_absent(&effects.catalog.qualify(name)) {
            let mut effect = manner(Effect::of(action)).because(Reason::MayExist);
            let name = effects.catalog.qualify(name);
            effect.relation = Some(Relation::new(name, kind, Target::Existing));
            effects.push(effect);
        }
        return false;
    };
    let known = effects.entry(found);
    if if_not_exists {
        let mut effect = manner(Effect::of(action)).because(Reason::Duplicate).harm(Harm::NoEffect);
        effect.relation = Some(known.relation);
        effects.push(effect);
        return true;
    }
    // A relation that is only heard of may be gone by now.
    if known.is_made() {
        let detail = format!("relation {} already exists", known.relation.name);
        effects.fails(action, Some(&known), Reason::Duplicate, "42P07", detail);
    }
    known.is_made()
}

/// How it is partitioned, as the catalog will have it.
fn partitioning(create: &CreateTable) -> Option<Partitioning> {
    let by = create.partition_by.as_ref()?;
    Some(Partitioning {
        strategy: by.strategy.clone(),
        columns: by.columns.clone(),
        has_expressions: by.has_expressions,
    })
}

/// The columns of each of its unique keys.
fn keys(create: &CreateTable) -> Vec<Vec<Option<Ident>>> {
    let is_key = |it: &ColumnConstraintKind| {
        matches!(it, ColumnConstraintKind::Unique | ColumnConstraintKind::PrimaryKey)
    };
    let of_columns = create.columns.iter().filter(|it| it.constraints.iter().any(|it| is_key(&it.kind)));
    let of_table = create.constraints.iter().filter_map(|it| match &it.kind {
        TableConstraintKind::Unique { columns, .. } | TableConstraintKind::PrimaryKey { columns, .. } => {
            Some(columns.iter().cloned().map(Some).collect())
        }
        _ => None,
    });
    of_columns.map(|it| vec![Some(it.name.clone())]).chain(of_table).collect()
}

/// The tables that its foreign keys refer to, each with the constraint's name or column.
fn references(create: &CreateTable) -> Vec<(&Name, Ident)> {
    let mut found = Vec::new();
    for column in &create.columns {
        for constraint in &column.constraints {
            if let ColumnConstraintKind::References { table, .. } = &constraint.kind {
                found.push((table, constraint.name.clone().unwrap_or_else(|| column.name.clone())));
            }
        }
    }
    for constraint in &create.constraints {
        if let TableConstraintKind::ForeignKey { table, columns, .. } = &constraint.kind {
            found.push((table, constraint.name.clone().unwrap_or_else(|| columns.join(", ").into())));
        }
    }
    found
}

/// A foreign key puts triggers on the table it refers to, and on all its partitions, under SHARE ROW EXCLUSIVE (`CreateTrigger` in
/// `src/backend/commands/trigger.c`).
fn lock_referenced(action: Action, referenced: &Known<'_>, object: &Ident, effects: &mut Effects<'_>) {
    let mut tables = vec![referenced.clone()];
    if referenced.relation.kind == RelationKind::PartitionedTable {
        tables.extend(referenced.entry.map_or_else(Vec::new, |it| effects.descendants(&effects.entry(it))));
    }
    for table in tables {
        let effect = Effect::on(action, &table, Lock::ShareRowExclusive).role(Role::Referenced);
        effects.push(effect.object(object.clone()));
    }
}

/// The parent is locked ACCESS EXCLUSIVE, and so is its DEFAULT partition, whose rows are tested against the new bound. The parent's indexes
/// and foreign keys are made for the partition, too.
fn create_partition(create: &CreateTable, partition: &PartitionOf, effects: &mut Effects<'_>) {
    let action = Action::CreatePartition;
    let parent = effects.known(&partition.parent, RelationKind::PartitionedTable);
    let effect = Effect::on(action, &parent, Lock::AccessExclusive).role(Role::Parent);
    effects.push(effect.object(create.name.name.clone()));
    for index in effects.indexes(&parent) {
        effects.lock(action, &index, Role::Index, Lock::ShareUpdateExclusive);
    }
    if partition.bound != PartitionBound::Default {
        scan_default_partition(action, &parent, &partition.bound, effects);
    }
    let Some(entry) = parent.entry else { return };
    for constraint in &entry.constraints {
        if let ConstraintKind::ForeignKey { referenced, .. } = &constraint.kind {
            for referenced in effects.all(&[*referenced]) {
                lock_referenced(action, &referenced, &constraint.name, effects);
            }
        }
    }
    // Since 15 the triggers that a foreign key has on the table it refers to are cloned under the lock for adding them
    // (`CloneFkReferenced`).
    let lock = if effects.major >= 15 { Lock::ShareRowExclusive } else { Lock::AccessShare };
    for referencing in effects.referencing(&parent) {
        let inherits = referencing.entry.is_some_and(|it| it.is_partition());
        if !inherits {
            effects.lock(action, &referencing, Role::Referencing, lock);
        }
    }
}

/// The DEFAULT partition, and its own partitions, are searched for rows that belong to the new one (`check_default_partition_contents` in
/// `src/backend/partitioning/partbounds.c`), unless a valid CHECK says that there are none.
fn scan_default_partition<'a>(
    action: Action,
    parent: &Known<'a>,
    new_bound: &PartitionBound,
    effects: &mut Effects<'a>,
) {
    let Some(default) = effects.default_partition(parent) else { return };
    let key = parent.entry.and_then(|it| it.partitioning.as_ref());
    let excluded = bound::is_excluded(&default, key, new_bound);
    let mut tables = vec![default.clone()];
    tables.extend(effects.descendants(&default));
    for table in tables {
        let effect = Effect::on(action, &table, Lock::AccessExclusive).role(Role::DefaultPartition);
        if excluded || !has_rows(table.relation.kind) {
            effects.push(effect);
        } else {
            let because = Reason::HasDefaultPartition;
            effects.push(effect.because(because).harm(Harm::MayFail).work(&[Work::Scan]));
        }
    }
}
