//! `DROP CONSTRAINT`.
//!
//! A foreign key's triggers are dropped on both tables, so both are locked.
//! Source: `ATExecDropConstraint` in `src/backend/commands/tablecmds.c`, `RemoveConstraintById` in
//! `src/backend/catalog/pg_constraint.c`. Observed by `fixtures/effects/constraints*.sql`.

use super::Altered;
use crate::{
    catalog::{Constraint, ConstraintKind, Oid},
    effect::{
        Action, Effect, Harm, Lock, Manner, Reason, Role,
        predict::{Effects, Known},
    },
    sql::statement::{Ident, RelationKind},
};

/// Adds what dropping the constraint does.
pub(super) fn predict(
    name: &Ident,
    if_exists: bool,
    cascade: bool,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    let effect = altered
        .on_table(Action::DropConstraint)
        .object(name.clone())
        .manner_if(if_exists, Manner::IfExists)
        .manner_if(cascade, Manner::Cascade);
    let Some(constraint) = altered.table.entry.and_then(|it| it.constraint(name)) else {
        if altered.table.is_complete() && !if_exists {
            let detail = format!("constraint {name} does not exist");
            effects.fails(Action::DropConstraint, Some(&altered.table), Reason::Missing, "42704", detail);
        } else if altered.table.is_complete() {
            effects.push(effect);
        } else {
            effects.push(effect.harm(Harm::BreaksWriters));
        }
        return;
    };
    if constraint.inherited {
        let detail = format!("constraint {name} is inherited: drop it on the parent");
        effects.fails(Action::DropConstraint, Some(&altered.table), Reason::DependedOn, "42P16", detail);
        return;
    }
    match &constraint.kind {
        ConstraintKind::ForeignKey { referenced, .. } => {
            spread_to_partitions(&effect, altered, effects);
            for partner in effects.all(&[*referenced]) {
                lock_tree(&partner, Role::Referenced, effects);
            }
        }
        ConstraintKind::Unique { index, .. }
        | ConstraintKind::PrimaryKey { index, .. }
        | ConstraintKind::Exclude { index, .. } => {
            // ON CONFLICT counts on it.
            let effect = effect.harm(Harm::BreaksWriters);
            drop_index_constraint(&effect, constraint, *index, cascade, altered, effects);
        }
        ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. } => {
            if constraint.no_inherit {
                effects.push(effect);
            } else {
                altered.spread(&effect, effects);
            }
        }
    }
}

fn spread_to_partitions(effect: &Effect, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    if altered.table.relation.kind == RelationKind::PartitionedTable {
        altered.spread(effect, effects);
    } else {
        effects.push(effect.clone());
    }
}

/// The index goes with its constraint, and with CASCADE the foreign keys that need it.
fn drop_index_constraint(
    effect: &Effect,
    constraint: &Constraint,
    index: Option<Oid>,
    cascade: bool,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    spread_to_partitions(effect, altered, effects);
    for index in effects.all(index.as_slice()) {
        effects.lock(Action::DropConstraint, &index, Role::Index, Lock::AccessExclusive);
        for child in effects.descendants(&index) {
            effects.lock(Action::DropConstraint, &child, Role::Index, Lock::AccessExclusive);
        }
    }
    let needing = needing(constraint, &altered.table, effects);
    if needing.is_empty() {
        return;
    }
    if !cascade {
        let names: Vec<String> = needing.iter().map(|it| it.relation.name.to_string()).collect();
        let detail = format!("foreign keys of {} need it", names.join(", "));
        effects.fails(Action::DropConstraint, Some(&altered.table), Reason::DependedOn, "2BP01", detail);
        return;
    }
    for table in needing {
        let effect = Effect::on(Action::DropConstraint, &table, Lock::AccessExclusive);
        effects.push(effect.role(Role::Referencing).because(Reason::Cascade));
    }
}

/// The tables whose foreign keys refer to the constraint's columns.
fn needing<'a>(constraint: &Constraint, table: &Known<'a>, effects: &Effects<'a>) -> Vec<Known<'a>> {
    let (ConstraintKind::Unique { columns, .. } | ConstraintKind::PrimaryKey { columns, .. }) =
        &constraint.kind
    else {
        return Vec::new();
    };
    let is_primary = matches!(constraint.kind, ConstraintKind::PrimaryKey { .. });
    let Some(oid) = table.entry.map(|it| it.oid) else { return Vec::new() };
    let mut found = effects.referencing(table);
    found.retain(|it| {
        it.entry.is_some_and(|it| {
            it.constraints.iter().any(|key| match &key.kind {
                ConstraintKind::ForeignKey { referenced, referenced_columns, .. } => {
                    *referenced == oid
                        && (referenced_columns == columns || is_primary && referenced_columns.is_empty())
                }
                _ => false,
            })
        })
    });
    found
}

fn lock_tree(root: &Known<'_>, role: Role, effects: &mut Effects<'_>) {
    effects.lock(Action::DropConstraint, root, role, Lock::AccessExclusive);
    for child in effects.partitions(&root.clone()) {
        // Before 15 those that are partitioned themselves have no triggers of the key.
        if effects.major >= 15 || child.relation.kind != RelationKind::PartitionedTable {
            effects.lock(Action::DropConstraint, &child, role, Lock::AccessExclusive);
        }
    }
}
