//! The lock that each action of ALTER TABLE needs on its table.
//!
//! Source: `AlterTableGetLockLevel` and `AlterTableGetRelOptionsLockLevel` in `src/backend/commands/tablecmds.c`, the `lockmode` of each
//! storage parameter in `src/backend/access/common/reloptions.c`; manual, ALTER TABLE. The same on 13 to 18.
//! Observed by `fixtures/effects/`.

use crate::{
    effect::Lock,
    sql::statement::{AlterAction, Detach, Ident, RelationKind, TableConstraintKind},
};

/// The lock that `action` needs.
pub(super) fn of(action: &AlterAction, kind: RelationKind) -> Lock {
    use AlterAction as A;
    match action {
        A::SetStatistics { .. }
        | A::SetColumnOptions { .. }
        | A::ClusterOn { .. }
        | A::SetWithoutCluster
        | A::ValidateConstraint { .. }
        | A::AttachPartition { .. }
        | A::DetachPartition { mode: Detach::Concurrently | Detach::Finalize, .. } => {
            Lock::ShareUpdateExclusive
        }

        A::SwitchTrigger { .. } => Lock::ShareRowExclusive,
        A::AddConstraint(it) if matches!(it.kind, TableConstraintKind::ForeignKey { .. }) => {
            Lock::ShareRowExclusive
        }

        A::SetOptions { options } => strongest_of_options(options.iter().map(|(name, _)| name), kind),
        A::ResetOptions { options } => strongest_of_options(options.iter(), kind),

        // An index is renamed under a weaker lock since 12, so that queries can go on.
        A::RenameTo { .. } if matches!(kind, RelationKind::Index | RelationKind::PartitionedIndex) => {
            Lock::ShareUpdateExclusive
        }

        A::AddColumn { .. }
        | A::DropColumn { .. }
        | A::SetDefault { .. }
        | A::DropDefault { .. }
        | A::SetNotNull { .. }
        | A::DropNotNull { .. }
        | A::SetType { .. }
        | A::SetExpression { .. }
        | A::DropExpression { .. }
        | A::AddIdentity { .. }
        | A::SetIdentity { .. }
        | A::DropIdentity { .. }
        | A::SetStorage { .. }
        | A::SetCompression { .. }
        | A::AddConstraint(_)
        | A::AlterConstraint { .. }
        | A::DropConstraint { .. }
        | A::RenameColumn { .. }
        | A::RenameConstraint { .. }
        | A::RenameTo { .. }
        | A::SetSchema { .. }
        | A::OwnerTo
        | A::DetachPartition { mode: Detach::Plain, .. }
        | A::MergePartitions { .. }
        | A::SplitPartition { .. }
        | A::Inherit { .. }
        | A::NoInherit { .. }
        | A::OfType { .. }
        | A::NotOf
        | A::SwitchRule { .. }
        | A::RowSecurity { .. }
        | A::ReplicaIdentity { .. }
        | A::SetWithoutOids
        | A::SetLogged
        | A::SetUnlogged
        | A::SetTablespace { .. }
        | A::SetAccessMethod { .. }
        | A::SequenceOptions { .. }
        | A::ForeignOptions
        | A::DependsOnExtension => Lock::AccessExclusive,
    }
}

fn strongest_of_options<'a>(options: impl Iterator<Item = &'a Ident>, kind: RelationKind) -> Lock {
    options.map(|name| of_option(name, kind)).max().unwrap_or(Lock::AccessExclusive)
}

/// The lock that a storage parameter needs; one that is not known needs the strongest.
fn of_option(name: &str, kind: RelationKind) -> Lock {
    let name = name.strip_prefix("toast.").unwrap_or(name);
    let is_weak = name.starts_with("autovacuum_")
        || matches!(
            name,
            "fillfactor"
                | "toast_tuple_target"
                | "parallel_workers"
                | "vacuum_truncate"
                | "vacuum_index_cleanup"
                | "vacuum_max_eager_freeze_failure_rate"
                | "log_autovacuum_min_duration"
                | "deduplicate_items"
                | "n_distinct"
                | "n_distinct_inherited"
        );
    let is_relation_with_rows = !matches!(kind, RelationKind::View);
    if is_weak && is_relation_with_rows { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive }
}
