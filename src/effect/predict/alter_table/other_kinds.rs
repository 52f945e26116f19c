//! `ALTER INDEX`, `ALTER SEQUENCE`, `ALTER VIEW`, … where they differ from `ALTER TABLE`.
//!
//! Source: `AlterSequence` in `src/backend/commands/sequence.c`; `ATExecSetTableSpace`, `RenameRelation` in
//! `src/backend/commands/tablecmds.c`. Observed by `fixtures/effects/`.

use super::level;
use crate::{
    effect::{
        Action, Effect, Harm, Lock, Manner, Reason, Role, Work,
        predict::{Effects, Known},
    },
    sql::statement::{Alter, AlterAction, Name, RelationKind},
};

/// Adds what `alter` does when its subject is not a table; false when it is one.
pub(super) fn predict(alter: &Alter, subject: &Known<'_>, effects: &mut Effects<'_>) -> bool {
    match subject.relation.kind {
        RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable => false,
        RelationKind::Sequence => {
            alter.actions.iter().for_each(|it| sequence(it, subject, effects));
            true
        }
        RelationKind::Index | RelationKind::PartitionedIndex => {
            alter.actions.iter().for_each(|it| index(it, alter, subject, effects));
            true
        }
        RelationKind::View | RelationKind::MaterializedView | RelationKind::CompositeType => {
            alter.actions.iter().for_each(|it| view(it, subject, effects));
            alter.actions.iter().for_each(|it| cluster_on(it, subject, effects));
            true
        }
    }
}

/// SHARE ROW EXCLUSIVE makes `nextval` wait, which needs ROW EXCLUSIVE.
fn sequence(action: &AlterAction, subject: &Known<'_>, effects: &mut Effects<'_>) {
    let effect = match action {
        AlterAction::SequenceOptions { restart, owned_by, .. } => {
            if let Some(Some((table, _))) = owned_by {
                let table = effects.known(table, RelationKind::Table);
                effects.lock(Action::AlterSequence, &table, Role::Read, Lock::AccessShare);
            }
            Effect::on(Action::AlterSequence, subject, Lock::ShareRowExclusive)
                .manner_if(*restart, Manner::Restart)
        }
        AlterAction::RenameTo { to } => renamed(Action::Rename, subject, Lock::AccessExclusive, to),
        AlterAction::SetSchema { schema } => {
            renamed(Action::SetSchema, subject, Lock::AccessExclusive, schema)
        }
        AlterAction::OwnerTo => Effect::on(Action::SetOwner, subject, Lock::AccessExclusive),
        AlterAction::SetLogged | AlterAction::SetUnlogged => {
            Effect::on(Action::AlterSequence, subject, Lock::AccessExclusive)
        }
        _ => Effect::on(Action::AlterSequence, subject, Lock::AccessExclusive),
    };
    effects.push(effect);
}

fn renamed(action: Action, subject: &Known<'_>, lock: Lock, to: &str) -> Effect {
    let effect = Effect::on(action, subject, lock).detail(to);
    effect.harm(Harm::BreaksReaders).harm(Harm::BreaksWriters)
}

/// `ALTER TABLE index RENAME` is stronger than `ALTER INDEX index RENAME`.
fn index(action: &AlterAction, alter: &Alter, subject: &Known<'_>, effects: &mut Effects<'_>) {
    let effect = match action {
        AlterAction::RenameTo { to } => {
            let lock = level::of(action, alter.kind);
            Effect::on(Action::Rename, subject, lock).detail(to.to_string())
        }
        AlterAction::SetTablespace { tablespace } => {
            let stays = subject
                .entry
                .is_some_and(|it| it.tablespace.as_deref().unwrap_or("pg_default") == tablespace.as_str());
            let effect = Effect::on(Action::SetTablespace, subject, Lock::AccessExclusive);
            let effect = effect.object(tablespace.clone());
            if stays || subject.relation.kind == RelationKind::PartitionedIndex {
                effect
            } else {
                effect.work(&[Work::Rewrite])
            }
        }
        AlterAction::SetOptions { .. } | AlterAction::ResetOptions { .. } => {
            Effect::on(Action::SetOptions, subject, level::of(action, subject.relation.kind))
        }
        AlterAction::SetStatistics { .. } => {
            Effect::on(Action::SetStatistics, subject, Lock::ShareUpdateExclusive)
        }
        AlterAction::OwnerTo => Effect::on(Action::SetOwner, subject, Lock::AccessExclusive),
        _ => Effect::on(Action::AlterOther, subject, Lock::AccessExclusive),
    };
    effects.push(effect);
}

/// The index that a materialized view is clustered on is locked as the view is.
fn cluster_on(action: &AlterAction, subject: &Known<'_>, effects: &mut Effects<'_>) {
    if let AlterAction::ClusterOn { index } = action {
        let name = Name { schema: subject.relation.name.schema.clone(), name: index.clone() };
        let index = effects.known(&name, RelationKind::Index);
        effects.lock(Action::ClusterOn, &index, Role::Index, Lock::ShareUpdateExclusive);
    }
}

fn view(action: &AlterAction, subject: &Known<'_>, effects: &mut Effects<'_>) {
    let kind = subject.relation.kind;
    let effect = match action {
        AlterAction::RenameTo { to } => renamed(Action::Rename, subject, Lock::AccessExclusive, to),
        AlterAction::RenameColumn { from, to } => {
            renamed(Action::RenameColumn, subject, Lock::AccessExclusive, to).object(from.clone())
        }
        AlterAction::SetSchema { schema } => {
            renamed(Action::SetSchema, subject, Lock::AccessExclusive, schema)
        }
        AlterAction::SetOptions { .. } | AlterAction::ResetOptions { .. } => {
            Effect::on(Action::SetOptions, subject, level::of(action, kind))
        }
        AlterAction::SetTablespace { tablespace } if kind == RelationKind::MaterializedView => {
            let effect = Effect::on(Action::SetTablespace, subject, Lock::AccessExclusive);
            effect.object(tablespace.clone()).work(&[Work::Rewrite])
        }
        AlterAction::AddColumn { .. }
        | AlterAction::DropColumn { .. }
        | AlterAction::SetType { .. }
        | AlterAction::SetNotNull { .. }
        | AlterAction::DropNotNull { .. }
        | AlterAction::AddConstraint(_)
            if matches!(kind, RelationKind::View | RelationKind::MaterializedView) =>
        {
            let action = super::action_of(action);
            effects.fails(action, Some(subject), Reason::WrongKind, "42809", "it is not a table");
            return;
        }
        AlterAction::SetAccessMethod { .. } if effects.major < 15 => {
            let detail = "SET ACCESS METHOD needs PostgreSQL 15";
            effects.fails(Action::SetAccessMethod, Some(subject), Reason::Version, "42601", detail);
            return;
        }
        AlterAction::OwnerTo => {
            effects.push(Effect::on(Action::SetOwner, subject, Lock::AccessExclusive));
            for index in effects.indexes(&subject.clone()) {
                let lock = Lock::AccessExclusive;
                effects.lock(Action::SetOwner, &index, Role::Index, lock);
            }
            return;
        }
        _ => Effect::on(Action::AlterOther, subject, level::of(action, kind)),
    };
    effects.push(effect);
}
