//! What hangs on a column and is dropped, locked or made again with it.
//!
//! Source: `RememberAllDependentForRebuilding` and `ATPostAlterTypeCleanup` in `src/backend/commands/tablecmds.c`,
//! `RemoveTriggerById` in `src/backend/commands/trigger.c`. Observed by `fixtures/effects/alter-type*.sql`.

use crate::{
    catalog::ConstraintKind,
    effect::{
        Action, Lock, Role,
        predict::{Effects, Known},
    },
    sql::statement::Ident,
};

/// The indexes of `table` that name `column` in their key, their INCLUDE list, an expression or their predicate.
pub(super) fn indexes_on<'a>(column: &Ident, table: &Known<'a>, effects: &Effects<'a>) -> Vec<Known<'a>> {
    let mut found = effects.indexes(table);
    found.retain(|it| {
        it.entry.and_then(|it| it.index.as_ref()).is_some_and(|index| {
            index.columns.iter().flatten().any(|it| it == column)
                || index.include.contains(column)
                || index.expression_columns.contains(column)
        })
    });
    found
}

/// The partner of each foreign key that has `column` on this side, and each table whose foreign key refers to it:
/// the constraint's triggers on both tables are dropped, under the strongest lock.
pub(super) fn lock_foreign_key_partners(
    action: Action,
    column: &Ident,
    table: &Known<'_>,
    effects: &mut Effects<'_>,
) {
    let Some(entry) = table.entry else { return };
    for constraint in &entry.constraints {
        if let ConstraintKind::ForeignKey { columns, referenced, .. } = &constraint.kind
            && columns.contains(column)
        {
            for partner in effects.all(&[*referenced]) {
                lock_tree(action, &partner, Role::Referenced, effects);
            }
        }
    }
    for partner in referencing_through(column, table, effects) {
        lock_tree(action, &partner, Role::Referencing, effects);
    }
}

fn lock_tree(action: Action, root: &Known<'_>, role: Role, effects: &mut Effects<'_>) {
    effects.lock(action, root, role, Lock::AccessExclusive);
    if root.relation.kind == crate::sql::statement::RelationKind::PartitionedTable {
        for child in effects.descendants(&root.clone()) {
            effects.lock(action, &child, role, Lock::AccessExclusive);
        }
    }
}

/// The tables with a foreign key to `column` of `table`.
pub(super) fn referencing_through<'a>(
    column: &Ident,
    table: &Known<'a>,
    effects: &Effects<'a>,
) -> Vec<Known<'a>> {
    let Some(oid) = table.entry.map(|it| it.oid) else { return Vec::new() };
    let mut found = effects.referencing(table);
    found.retain(|it| {
        it.entry.is_some_and(|it| {
            it.constraints.iter().any(|constraint| {
                matches!(&constraint.kind, ConstraintKind::ForeignKey { referenced, referenced_columns, .. }
                    if *referenced == oid && (referenced_columns.is_empty() || referenced_columns.contains(column)))
            })
        })
    });
    found
}

/// Locks on the indexes that are dropped and made again because `column` changes.
pub(super) fn indexes_of_changed_column(
    action: Action,
    column: &Ident,
    table: &Known<'_>,
    effects: &mut Effects<'_>,
) {
    for index in indexes_on(column, table, effects) {
        effects.lock(action, &index, Role::Index, Lock::AccessExclusive);
    }
}

/// The views and materialized views that read `table`, and those that read them. Which columns they read is not known.
pub(in crate::effect::predict) fn views_that_may_read<'a>(
    table: &Known<'a>,
    effects: &Effects<'a>,
) -> Vec<Known<'a>> {
    let mut found: Vec<Known<'a>> = Vec::new();
    let mut waiting = table.entry.map_or_else(Vec::new, |it| it.read_by.clone());
    while let Some(oid) = waiting.pop() {
        for view in effects.all(&[oid]) {
            if found.iter().all(|it| it.relation.name != view.relation.name) {
                waiting.extend(view.entry.iter().flat_map(|it| it.read_by.iter().copied()));
                found.push(view);
            }
        }
    }
    found
}
