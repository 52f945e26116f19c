//! `RENAME`, `SET SCHEMA` and `OWNER TO`.
//!
//! Views follow a rename, since they refer to columns by number; functions and applications do not.
//! Source: `renameatt_internal`, `RenameConstraint`, `AlterTableNamespaceInternal`, `ATExecChangeOwner` in
//! `src/backend/commands/tablecmds.c`. Observed by `fixtures/effects/rename*.sql`.

use super::Altered;
use crate::{
    catalog::ConstraintKind,
    effect::{
        Action, Harm, Lock, Role,
        predict::{Effects, Known},
    },
    sql::statement::{AlterAction, Ident},
};

/// Adds what a rename or its kin does.
pub(super) fn predict(action: &AlterAction, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    match action {
        AlterAction::RenameColumn { from, to } => {
            let effect = altered
                .on_table(Action::RenameColumn)
                .object(from.clone())
                .detail(to.to_string())
                .harm(Harm::BreaksReaders)
                .harm(Harm::BreaksWriters);
            altered.spread(&effect, effects);
        }
        AlterAction::RenameConstraint { from, .. } => rename_constraint(from, altered, effects),
        AlterAction::RenameTo { to } => {
            let effect = altered
                .on_table(Action::Rename)
                .detail(to.to_string())
                .harm(Harm::BreaksReaders)
                .harm(Harm::BreaksWriters);
            effects.push(effect);
        }
        AlterAction::SetSchema { schema } => {
            let effect = altered.on_table(Action::SetSchema).detail(schema.to_string());
            effects.push(effect.harm(Harm::BreaksReaders).harm(Harm::BreaksWriters));
            lock_all(Action::SetSchema, &altered.table, Part::Sequences, effects);
        }
        AlterAction::OwnerTo => {
            effects.push(altered.on_table(Action::SetOwner));
            lock_all(Action::SetOwner, &altered.table, Part::IndexesAndSequences, effects);
        }
        _ => {}
    }
}

/// The index of a constraint is renamed with it. A CHECK is renamed in every child.
fn rename_constraint(name: &Ident, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let effect = altered.on_table(Action::RenameConstraint).object(name.clone());
    let kind = altered.table.entry.and_then(|it| it.constraint(name)).map(|it| &it.kind);
    match kind {
        Some(ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. }) => {
            altered.spread(&effect, effects);
        }
        Some(
            ConstraintKind::Unique { index, .. }
            | ConstraintKind::PrimaryKey { index, .. }
            | ConstraintKind::Exclude { index, .. },
        ) => {
            effects.push(effect);
            for index in effects.all(index.as_slice()) {
                let lock = Lock::ShareUpdateExclusive;
                effects.lock(Action::RenameConstraint, &index, Role::Index, lock);
            }
        }
        Some(ConstraintKind::ForeignKey { .. }) | None => effects.push(effect),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Sequences,
    IndexesAndSequences,
}

fn lock_all(action: Action, table: &Known<'_>, part: Part, effects: &mut Effects<'_>) {
    let Some(entry) = table.entry else { return };
    let mut found: Vec<(Known<'_>, Role)> =
        effects.all(&entry.sequences).into_iter().map(|it| (it, Role::Sequence)).collect();
    if part == Part::IndexesAndSequences {
        found.extend(effects.all(&entry.indexes).into_iter().map(|it| (it, Role::Index)));
    }
    for (member, role) in found {
        effects.lock(action, &member, role, Lock::AccessExclusive);
    }
}
