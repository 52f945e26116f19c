//! Actions on one column, other than adding it or changing its type.
//!
//! Source: `ATPrepCmd` and `ATExecDropColumn`, `ATExecSetNotNull`, `ATExecSetExpression` in `src/backend/commands/tablecmds.c`;
//! manual, ALTER TABLE. Observed by `fixtures/effects/columns*.sql`.

use super::{Altered, rebuild};
use crate::{
    catalog::{ConstraintKind, Fill},
    effect::{
        Action, Effect, Harm, Lock, Manner, Reason, Role, Work,
        predict::{Effects, Known},
    },
    sql::statement::{AlterAction, Ident, RelationKind},
};

/// Adds what an action on a column does.
pub(super) fn predict(action: &AlterAction, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    use AlterAction as A;
    match action {
        A::DropColumn { column, if_exists, cascade } => {
            drop_column(column, *if_exists, *cascade, altered, effects);
        }
        A::SetNotNull { column } => set_not_null(column, altered, effects),
        A::SetExpression { column, .. } => set_expression(column, altered, effects),
        A::SetDefault { column, .. } => spread(Action::SetDefault, column, altered, effects),
        A::DropDefault { column } => {
            let effect = altered.on_table(Action::DropDefault).object(column.clone());
            altered.spread(&effect.harm(Harm::BreaksWriters), effects);
        }
        A::DropNotNull { column } if is_in_primary_key(column, &altered.table) => {
            let detail = format!("column {column} is in a primary key");
            effects.fails(Action::DropNotNull, Some(&altered.table), Reason::DependedOn, "42P16", detail);
        }
        A::DropNotNull { column } => {
            let effect = altered.on_table(Action::DropNotNull).object(column.clone());
            let is_nullable = altered.table.entry.and_then(|it| it.column(column)).and_then(|it| it.not_null);
            if effects.major >= 18 && is_nullable == Some(false) {
                // There is no constraint whose children could follow.
                effects.push(effect);
            } else {
                altered.spread(&effect.harm(Harm::BreaksReaders), effects);
            }
        }
        A::DropExpression { column, .. } => spread(Action::DropExpression, column, altered, effects),
        A::SetStatistics { column } => spread(Action::SetStatistics, column, altered, effects),
        A::SetStorage { column } => spread(Action::SetStorage, column, altered, effects),
        A::AddIdentity { column } => identity(Action::AddIdentity, column, altered, effects),
        A::SetIdentity { column } => {
            identity(Action::SetIdentity, column, altered, effects);
            lock_sequences(Action::SetIdentity, column, &altered.table, Lock::ShareRowExclusive, effects);
        }
        A::DropIdentity { column, .. } => {
            identity(Action::DropIdentity, column, altered, effects);
            lock_sequences(Action::DropIdentity, column, &altered.table, Lock::AccessExclusive, effects);
        }
        A::SetCompression { column } => {
            effects.push(altered.on_table(Action::SetCompression).object(column.clone()));
        }
        A::SetColumnOptions { column } => {
            effects.push(altered.on_table(Action::SetColumnOptions).object(column.clone()));
        }
        _ => {}
    }
}

fn is_in_primary_key(column: &Ident, table: &Known<'_>) -> bool {
    table.entry.is_some_and(|it| {
        it.constraints.iter().any(
            |it| matches!(&it.kind, ConstraintKind::PrimaryKey { columns, .. } if columns.contains(column)),
        )
    })
}

fn spread(action: Action, column: &Ident, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    altered.spread(&altered.on_table(action).object(column.clone()), effects);
}

/// Identity spreads to the partitions of a partitioned table since 17, and to inheritance children never.
fn identity(action: Action, column: &Ident, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let effect = altered.on_table(action).object(column.clone());
    if effects.major >= 17 && altered.table.relation.kind == RelationKind::PartitionedTable {
        altered.spread(&effect, effects);
    } else {
        effects.push(effect);
    }
}

/// What hangs on the column goes with it: its indexes, its constraints with their triggers on the other table, its sequence.
fn drop_column(
    column: &Ident,
    if_exists: bool,
    cascade: bool,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    let missing =
        altered.table.is_complete() && altered.table.entry.is_some_and(|it| it.column(column).is_none());
    let mut effect = altered
        .on_table(Action::DropColumn)
        .object(column.clone())
        .manner_if(cascade, Manner::Cascade)
        .manner_if(if_exists, Manner::IfExists);
    if missing {
        if if_exists {
            effects.push(effect);
        } else {
            let detail = format!("column {column} of {} does not exist", altered.table.relation.name);
            effects.fails(Action::DropColumn, Some(&altered.table), Reason::Missing, "42703", detail);
        }
        return;
    }
    let key = altered.table.entry.and_then(|it| it.partitioning.as_ref());
    if key.is_some_and(|it| it.columns.contains(column)) {
        let detail = format!("column {column} is part of the partition key");
        effects.fails(Action::DropColumn, Some(&altered.table), Reason::DependedOn, "42P16", detail);
        return;
    }
    if !cascade && let Some(detail) = rebuild::needed_by(column, &altered.table, effects) {
        effects.fails(Action::DropColumn, Some(&altered.table), Reason::DependedOn, "2BP01", detail);
        return;
    }
    effect = effect.harm(Harm::LosesData).harm(Harm::BreaksReaders).harm(Harm::BreaksWriters);
    effect.detail = lost_with(column, &altered.table, effects);
    altered.spread(&effect, effects);
    if let Some(more) = lost_of_others(column, altered, effects) {
        let mut effect = Effect::of(Action::Other).because(Reason::TakesMore).object(column.clone());
        effect.relation = Some(altered.table.relation.clone());
        effects.push(effect.detail(more));
    }
    let members: Vec<Known<'_>> = altered.family().map(|(it, _)| it.clone()).collect();
    for member in &members {
        for index in rebuild::indexes_on(column, member, effects) {
            effects.lock(Action::DropColumn, &index, Role::Index, Lock::AccessExclusive);
        }
        lock_sequences(Action::DropColumn, column, member, Lock::AccessExclusive, effects);
        rebuild::lock_foreign_key_partners(Action::DropColumn, column, member, effects);
    }
    if cascade {
        for view in rebuild::views_that_may_read(column, &altered.table, effects) {
            let effect = Effect::on(Action::DropColumn, &view, Lock::AccessExclusive);
            effects.push(effect.role(Role::Dependent).because(Reason::Cascade).harm(Harm::BreaksReaders));
        }
    }
}

/// The names of the constraints and indexes that go with the column, for the message.
fn lost_with(column: &Ident, table: &Known<'_>, effects: &Effects<'_>) -> Option<String> {
    let entry = table.entry?;
    let constraints = entry.constraints.iter().filter(|it| it.kind.columns().contains(column));
    let mut names: Vec<String> = constraints.map(|it| it.name.to_string()).collect();
    for index in rebuild::indexes_on(column, table, effects) {
        let name = index.relation.name.name.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| names.join(", "))
}

/// The constraints and indexes that go with the column, though columns that stay are in them as well.
fn lost_of_others(column: &Ident, altered: &Altered<'_, '_>, effects: &Effects<'_>) -> Option<String> {
    let stays = |it: &Ident| {
        let drops =
            |action: &AlterAction| matches!(action, AlterAction::DropColumn { column, .. } if column == it);
        it != column && !altered.alter.actions.iter().any(drops)
    };
    let mut names: Vec<&Ident> = Vec::new();
    for constraint in &altered.table.entry?.constraints {
        let columns = constraint.kind.columns();
        if columns.contains(column) && columns.iter().any(stays) {
            names.push(&constraint.name);
        }
    }
    let indexes = rebuild::indexes_on(column, &altered.table, effects);
    for (index, of) in indexes.iter().filter_map(|it| Some((it, it.entry?.index.as_ref()?))) {
        let name = &index.relation.name.name;
        let mut columns = of.columns.iter().flatten().chain(&of.expression_columns);
        if columns.any(stays) && !names.contains(&name) {
            names.push(name);
        }
    }
    let names: Vec<&str> = names.into_iter().map(Ident::as_str).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

pub(super) fn lock_sequences(
    action: Action,
    column: &Ident,
    table: &Known<'_>,
    lock: Lock,
    effects: &mut Effects<'_>,
) {
    let Some(entry) = table.entry else { return };
    let owned: Vec<Known<'_>> = effects.all(&entry.sequences);
    for sequence in owned {
        let is_owner =
            sequence.entry.is_some_and(|it| it.owned_by.as_ref().is_some_and(|(_, owner)| owner == column));
        if is_owner {
            effects.lock(action, &sequence, Role::Sequence, lock);
        }
    }
}

/// The scan is spared when the column is NOT NULL already, or a valid CHECK says `column IS NOT NULL` (12 and later).
/// Source: `NotNullImpliedByRelConstraints` in `tablecmds.c`.
fn set_not_null(column: &Ident, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let effect = altered.on_table(Action::SetNotNull).object(column.clone());
    if matches!(knowledge(column, &altered.table), NotNull::Already) {
        // Before 18 inheritance children are asked all the same.
        if effects.major < 18 && altered.table.relation.kind != RelationKind::PartitionedTable {
            altered.spread(&effect, effects);
        } else {
            effects.push(effect);
        }
        return;
    }
    let members: Vec<(Known<'_>, Role)> = altered.family().map(|(it, role)| (it.clone(), role)).collect();
    for (member, role) in members {
        let mut effect = effect.clone().role(role);
        effect.relation = Some(member.relation.clone());
        match knowledge_after(altered, column, &member) {
            NotNull::Already => {}
            NotNull::Proven => effect = effect.because(Reason::Proven),
            NotNull::Unproven => {
                effect = effect.because(Reason::Validation).harm(Harm::MayFail).harm(Harm::BreaksWriters);
                if super::has_rows(member.relation.kind) {
                    effect = effect.work(&[Work::Scan]);
                }
            }
        }
        effects.push(effect);
    }
}

/// What is known of a column's NULLs once the constraints that the same ALTER TABLE drops are gone: drops run first.
fn knowledge_after(altered: &Altered<'_, '_>, column: &Ident, table: &Known<'_>) -> NotNull {
    let drops_proof = altered.alter.actions.iter().any(|it| {
        let AlterAction::DropConstraint { name, .. } = it else { return false };
        let constraint = table.entry.and_then(|it| it.constraint(name));
        constraint.is_some_and(
            |it| matches!(&it.kind, ConstraintKind::Check { not_null, .. } if not_null.contains(column)),
        )
    });
    match knowledge(column, table) {
        NotNull::Proven if drops_proof => NotNull::Unproven,
        known => known,
    }
}

/// What is known of a column's NULLs.
pub(super) enum NotNull {
    /// It is NOT NULL, and that is validated.
    Already,
    /// A valid constraint proves that it holds no NULL.
    Proven,
    /// It may hold NULLs.
    Unproven,
}

/// What is known of the NULLs of `column`.
pub(super) fn knowledge(column: &Ident, table: &Known<'_>) -> NotNull {
    let Some(entry) = table.entry else { return NotNull::Unproven };
    let unvalidated = entry.constraints.iter().any(|it| {
        !it.valid && matches!(&it.kind, ConstraintKind::NotNull { column: named } if named == column)
    });
    if entry.column(column).is_some_and(|it| it.not_null == Some(true)) && !unvalidated {
        return NotNull::Already;
    }
    let proven = entry.constraints.iter().any(|it| {
        it.valid && matches!(&it.kind, ConstraintKind::Check { not_null, .. } if not_null.contains(column))
    });
    if proven { NotNull::Proven } else { NotNull::Unproven }
}

/// 17 and later. A stored column is computed again for every row; a virtual one is not (18).
fn set_expression(column: &Ident, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let effect = altered.on_table(Action::SetExpression).object(column.clone());
    let members: Vec<(Known<'_>, Role)> = altered.family().map(|(it, role)| (it.clone(), role)).collect();
    for (member, role) in members {
        let fill = member.entry.and_then(|it| it.column(column)).map(|it| it.fill);
        if fill == Some(Fill::GeneratedVirtual) {
            let mut effect = effect.clone().role(role);
            effect.relation = Some(member.relation.clone());
            effects.push(effect);
        } else {
            super::rewrite(&effect.clone().because(Reason::StoredGenerated), &member, role, effects);
            rebuild::indexes_of_changed_column(Action::SetExpression, column, &member, effects);
        }
    }
}
