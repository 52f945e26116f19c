//! What hangs on a column and is dropped, locked or made again with it.
//!
//! Source: `RememberAllDependentForRebuilding` and `ATPostAlterTypeCleanup` in `src/backend/commands/tablecmds.c`,
//! `RemoveTriggerById` in `src/backend/commands/trigger.c`. Observed by `fixtures/effects/alter-type*.sql`.

use crate::{
    catalog::{Constraint, ConstraintKind, Oid},
    effect::{
        Action, Lock, Role, Work, WorkSet,
        predict::{Effects, Known},
    },
    sql::statement::{Ident, Name, RelationKind},
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
    let members = std::iter::once(root.clone());
    let is_tree = root.relation.kind == RelationKind::PartitionedTable;
    let children = if is_tree { effects.descendants(root) } else { Vec::new() };
    for member in members.chain(children).collect::<Vec<_>>() {
        // Before 15 only the leaves have triggers of their own to drop.
        let weak = member.relation.kind == RelationKind::PartitionedTable && effects.major < 15;
        if weak && action != Action::AlterColumnType {
            continue;
        }
        let lock = if weak && action == Action::AlterColumnType {
            Lock::ShareRowExclusive
        } else {
            Lock::AccessExclusive
        };
        effects.lock(action, &member, role, lock);
    }
}

/// What is certain to keep a column from being dropped without CASCADE.
pub(super) fn needed_by(column: &Ident, table: &Known<'_>, effects: &Effects<'_>) -> Option<String> {
    if let Some(view) = view_that_reads(column, table, effects) {
        return Some(format!("{} reads column {column}", view.relation.name));
    }
    let referencing = referencing_by(column, table, effects, |it| {
        // Without them the key refers to a primary key that nobody has seen.
        matches!(&it.kind, ConstraintKind::ForeignKey { referenced_columns, .. } if !referenced_columns.is_empty())
    });
    referencing.first().map(|it| format!("a foreign key of {} refers to column {column}", it.relation.name))
}

/// A view or materialized view that is certain to read `column` of `table`: no other relation that it reads may have such a column.
pub(super) fn view_that_reads<'a>(
    column: &Ident,
    table: &Known<'a>,
    effects: &Effects<'a>,
) -> Option<Known<'a>> {
    let entry = table.entry?;
    let lacks_it = |other: &Oid| {
        let other = effects.catalog.relation(*other);
        other.is_some_and(|it| it.complete && it.columns.iter().all(|it| it.name != *column))
    };
    let reads_it = |view: &Known<'a>| {
        view.entry.is_some_and(|it| match &it.reads[..] {
            [_] => it.reads_columns.contains(column),
            all => {
                let mut others = all.iter().filter(|it| **it != entry.oid);
                it.names_columns.contains(column) && others.all(lacks_it)
            }
        })
    };
    effects.all(&entry.read_by).into_iter().find(reads_it)
}

/// The tables with a foreign key to `column` of `table`.
pub(super) fn referencing_through<'a>(
    column: &Ident,
    table: &Known<'a>,
    effects: &Effects<'a>,
) -> Vec<Known<'a>> {
    referencing_by(column, table, effects, |_| true)
}

/// Those of them whose foreign key is valid.
pub(super) fn validly_referencing_through<'a>(
    column: &Ident,
    table: &Known<'a>,
    effects: &Effects<'a>,
) -> Vec<Known<'a>> {
    referencing_by(column, table, effects, |it| it.valid)
}

fn referencing_by<'a>(
    column: &Ident,
    table: &Known<'a>,
    effects: &Effects<'a>,
    counts: impl Fn(&Constraint) -> bool,
) -> Vec<Known<'a>> {
    let Some(oid) = table.entry.map(|it| it.oid) else { return Vec::new() };
    let mut found = effects.referencing(table);
    found.retain(|it| {
        it.entry.is_some_and(|it| {
            it.constraints.iter().any(|constraint| {
                counts(constraint)
                    && matches!(&constraint.kind, ConstraintKind::ForeignKey { referenced, referenced_columns, .. }
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

/// A rewrite of a table builds all its indexes, so that none has work of its own.
pub(super) fn leave_builds_to_rewrites(effects: &mut Effects<'_>) {
    let catalog = effects.catalog;
    let rewritten = effects.found().iter().filter(|it| it.work.contains(Work::Rewrite));
    let tables = rewritten.filter_map(|it| catalog.find(&it.relation.as_ref()?.name));
    let built: Vec<Oid> = tables.flat_map(|it| it.indexes.iter().copied()).collect();
    let names: Vec<Name> = effects.all(&built).into_iter().map(|it| it.relation.name).collect();
    for effect in effects.found() {
        if effect.relation.as_ref().is_some_and(|it| names.contains(&it.name)) {
            effect.work = WorkSet::NONE;
        }
    }
}

/// The views and materialized views that read `column` of `table`, and those that read these.
pub(in crate::effect::predict) fn views_that_may_read<'a>(
    column: &Ident,
    table: &Known<'a>,
    effects: &Effects<'a>,
) -> Vec<Known<'a>> {
    let mut found: Vec<Known<'a>> = Vec::new();
    let Some(entry) = table.entry else { return found };
    let mut direct = effects.all(&entry.read_by);
    direct.retain(|it| it.entry.is_some_and(|it| it.reads_columns.contains(column)));
    let mut waiting: Vec<_> = direct.iter().filter_map(|it| it.entry.map(|it| it.oid)).collect();
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
