//! `ALTER TABLE`, and the forms of it that indexes, views and sequences share.
//!
//! One statement takes one lock on its table, the strongest that any of its actions needs, before any action runs
//! (`AlterTableGetLockLevel` in PostgreSQL's `src/backend/commands/tablecmds.c`), and so do the children to which an action spreads
//! (`ATPrepCmd` there). Manual: ALTER TABLE.

mod add_column;
mod add_index;
mod change_type;
mod columns;
mod constraints;
mod drop_constraint;
mod foreign_key;
mod level;
mod other_kinds;
mod partitions;
mod rebuild;
mod refuse;
mod rename;
mod storage;

pub(super) use rebuild::views_that_may_read;

use super::{Effects, Known};
use crate::{
    catalog::ConstraintKind,
    effect::{Action, Effect, Lock, Manner, Reason, Role, Work},
    sql::statement::{Alter, AlterAction, Ident, RelationKind},
};

/// What every action of one ALTER TABLE shares.
pub(crate) struct Altered<'a, 's> {
    /// The table.
    pub(crate) table: Known<'a>,
    /// The strongest lock that any action needs.
    pub(crate) lock: Lock,
    /// Its partitions or inheritance children; empty with ONLY.
    pub(crate) children: Vec<Known<'a>>,
    /// The statement.
    pub(crate) alter: &'s Alter,
}

impl Altered<'_, '_> {
    /// Whether the statement itself drops the column. Drops come before anything is added, whatever the order in which they are written.
    ///
    /// Source: `AT_PASS_DROP` in `src/backend/commands/tablecmds.c`.
    fn drops_column(&self, column: &Ident) -> bool {
        let is_it = |it: &AlterAction| matches!(it, AlterAction::DropColumn { column: dropped, .. } if dropped == column);
        self.alter.actions.iter().any(is_it)
    }

    /// Whether the table has a primary key that the statement does not drop.
    fn keeps_primary_key(&self) -> bool {
        let constraints = self.table.entry.map_or(&[][..], |it| &it.constraints);
        constraints.iter().any(|it| match &it.kind {
            ConstraintKind::PrimaryKey { columns, .. } => {
                let goes = |action: &AlterAction| matches!(action, AlterAction::DropConstraint { name, .. } if *name == it.name);
                !self.alter.actions.iter().any(goes) && !columns.iter().any(|it| self.drops_column(it))
            }
            _ => false,
        })
    }
}

/// Adds what `alter` does where ALTER TYPE spreads to a typed table, which would be refused if it were written.
pub(super) fn predict_recursing(alter: &Alter, effects: &mut Effects<'_>) {
    let table = effects.known(&alter.name, alter.kind);
    let children = effects.descendants(&table);
    let altered = Altered { table, lock: Lock::AccessExclusive, children, alter };
    for action in &alter.actions {
        predict_action(action, &altered, effects);
    }
}

/// Adds what `alter` does.
pub(super) fn predict(alter: &Alter, effects: &mut Effects<'_>) {
    let table = effects.known(&alter.name, alter.kind);
    if other_kinds::predict(alter, &table, effects) {
        return;
    }
    let lock = alter.actions.iter().map(|it| level::of(it, table.relation.kind)).max();
    let Some(lock) = lock else { return };
    if alter.if_exists && table.entry.is_none() {
        // It may not be there, and then nothing is done.
        for action in &alter.actions {
            let effect = Effect::on(action_of(action), &table, lock).because(Reason::MayExist);
            effects.push(effect.manner_if(true, Manner::IfExists));
        }
        return;
    }
    let children = if alter.only { Vec::new() } else { effects.descendants(&table) };
    let altered = Altered { table, lock, children, alter };
    for action in &alter.actions {
        if !refuse::check(action, &altered, effects) {
            predict_action(action, &altered, effects);
        }
    }
    rebuild::leave_builds_to_rewrites(effects);
}

fn predict_action(action: &AlterAction, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    use AlterAction as A;
    match action {
        A::AddColumn { column, if_not_exists } => {
            add_column::predict(column, *if_not_exists, altered, effects);
        }
        A::SetType { column, ty, collation, using } => {
            change_type::predict(column, ty, collation.as_ref(), using.as_ref(), altered, effects);
        }
        A::DropColumn { .. }
        | A::SetDefault { .. }
        | A::DropDefault { .. }
        | A::SetNotNull { .. }
        | A::DropNotNull { .. }
        | A::SetExpression { .. }
        | A::DropExpression { .. }
        | A::AddIdentity { .. }
        | A::SetIdentity { .. }
        | A::DropIdentity { .. }
        | A::SetStatistics { .. }
        | A::SetStorage { .. }
        | A::SetCompression { .. }
        | A::SetColumnOptions { .. } => columns::predict(action, altered, effects),
        A::AddConstraint(_)
        | A::AlterConstraint { .. }
        | A::ValidateConstraint { .. }
        | A::DropConstraint { .. } => constraints::predict(action, altered, effects),
        A::RenameColumn { .. }
        | A::RenameConstraint { .. }
        | A::RenameTo { .. }
        | A::SetSchema { .. }
        | A::OwnerTo => rename::predict(action, altered, effects),
        A::AttachPartition { .. }
        | A::DetachPartition { .. }
        | A::MergePartitions { .. }
        | A::SplitPartition { .. }
        | A::Inherit { .. }
        | A::NoInherit { .. } => partitions::predict(action, altered, effects),
        A::OfType { .. }
        | A::NotOf
        | A::SwitchTrigger { .. }
        | A::SwitchRule { .. }
        | A::RowSecurity { .. }
        | A::ReplicaIdentity { .. }
        | A::ClusterOn { .. }
        | A::SetWithoutCluster
        | A::SetWithoutOids
        | A::SetLogged
        | A::SetUnlogged
        | A::SetTablespace { .. }
        | A::SetAccessMethod { .. }
        | A::SetOptions { .. }
        | A::ResetOptions { .. }
        | A::SequenceOptions { .. }
        | A::ForeignOptions
        | A::DependsOnExtension => storage::predict(action, altered, effects),
    }
}

impl<'a> Altered<'a, '_> {
    /// An effect on the table itself, under the statement's lock.
    pub(crate) fn on_table(&self, action: Action) -> Effect {
        Effect::on(action, &self.table, self.lock)
    }

    /// An effect on a child, under the statement's lock.
    pub(crate) fn on_child(&self, action: Action, child: &Known<'_>) -> Effect {
        Effect::on(action, child, self.lock).role(Role::Child)
    }

    /// The table and the children to which an action spreads.
    pub(crate) fn family(&self) -> impl Iterator<Item = (&Known<'a>, Role)> {
        std::iter::once((&self.table, Role::Subject)).chain(self.children.iter().map(|it| (it, Role::Child)))
    }

    /// Adds `effect` for the table and each child to which the action spreads; work is left out for those that have no rows of their own.
    pub(crate) fn spread(&self, effect: &Effect, effects: &mut Effects<'_>) {
        for (member, role) in self.family() {
            let mut effect = effect.clone();
            effect.relation = Some(member.relation.clone());
            effect.role = role;
            if !has_rows(member.relation.kind) {
                effect.work = crate::effect::WorkSet::NONE;
            }
            effects.push(effect);
        }
    }
}

/// What an action is, as rules name it.
pub(crate) fn action_of(action: &AlterAction) -> Action {
    use crate::sql::statement::TableConstraintKind as K;
    use AlterAction as A;
    match action {
        A::AddColumn { .. } => Action::AddColumn,
        A::DropColumn { .. } => Action::DropColumn,
        A::SetType { .. } => Action::AlterColumnType,
        A::SetNotNull { .. } => Action::SetNotNull,
        A::SetExpression { .. } => Action::SetExpression,
        A::SetCompression { .. } => Action::SetCompression,
        A::SetAccessMethod { .. } => Action::SetAccessMethod,
        A::AddIdentity { .. } => Action::AddIdentity,
        A::RenameColumn { .. } => Action::RenameColumn,
        A::RenameTo { .. } => Action::Rename,
        A::SetLogged => Action::SetLogged,
        A::SetUnlogged => Action::SetUnlogged,
        A::ValidateConstraint { .. } => Action::ValidateConstraint,
        A::AlterConstraint { .. } => Action::AlterConstraint,
        A::AttachPartition { .. } => Action::AttachPartition,
        A::DetachPartition { .. } => Action::DetachPartition,
        A::Inherit { .. } => Action::Inherit,
        A::ClusterOn { .. } => Action::ClusterOn,
        A::ReplicaIdentity { .. } => Action::ReplicaIdentity,
        A::AddConstraint(it) => match it.kind {
            K::Check(_) => Action::AddCheck,
            K::NotNull { .. } => Action::AddNotNull,
            K::ForeignKey { .. } => Action::AddForeignKey,
            K::Unique { .. } | K::UniqueUsingIndex { .. } => Action::AddUnique,
            K::PrimaryKey { .. } | K::PrimaryKeyUsingIndex { .. } => Action::AddPrimaryKey,
            K::Exclude { .. } => Action::AddExclusion,
        },
        _ => Action::AlterOther,
    }
}

/// Whether a relation of this kind has rows of its own, so that work on it takes time.
pub(crate) fn has_rows(kind: RelationKind) -> bool {
    !matches!(
        kind,
        RelationKind::PartitionedTable
            | RelationKind::PartitionedIndex
            | RelationKind::View
            | RelationKind::CompositeType
            | RelationKind::ForeignTable
    )
}

/// A rewrite of `member`: each of its indexes is locked and built again.
///
/// Source: `finish_heap_swap` in `src/backend/commands/cluster.c`, `reindex_relation` in `src/backend/catalog/index.c`.
pub(crate) fn rewrite(effect: &Effect, member: &Known<'_>, role: Role, effects: &mut Effects<'_>) {
    let mut on_table = effect.clone().role(role);
    on_table.relation = Some(member.relation.clone());
    let action = effect.action;
    if !has_rows(member.relation.kind) {
        on_table.work = crate::effect::WorkSet::NONE;
        effects.push(on_table);
        return;
    }
    effects.push(on_table.work(&[Work::Rewrite]));
    let known = effects.catalog.find(&member.relation.name).map(|it| effects.entry(it));
    for index in known.iter().flat_map(|it| effects.indexes(it)).collect::<Vec<_>>() {
        effects.lock(action, &index, Role::Index, Lock::AccessExclusive);
    }
}
