//! What ALTER TABLE refuses whatever the rows are, as far as the catalog tells.
//!
//! Source: `ATSimplePermissions`, `ATPrepCmd` and the `ATExec…` functions in `src/backend/commands/tablecmds.c`, each with its
//! `ereport`. Observed by the cases of `fixtures/effects/` that fail.

use super::Altered;
use crate::{
    catalog::{ConstraintKind, Fill},
    effect::{
        Reason,
        predict::{Effects, immutable, type_change},
    },
    sql::statement::{
        AlterAction, ConstraintOptions, Detach, Ident, RelationKind, TableConstraint, TableConstraintKind,
    },
};

/// Why an action is refused.
pub(super) struct Refusal {
    pub(super) because: Reason,
    pub(super) sqlstate: &'static str,
    pub(super) detail: String,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every caller's answer is an Option, and most answers are refusals"
)]
fn refusal(because: Reason, sqlstate: &'static str, detail: impl Into<String>) -> Option<Refusal> {
    Some(Refusal { because, sqlstate, detail: detail.into() })
}

/// Adds the refusal of `action`, if it is one.
pub(super) fn check(action: &AlterAction, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) -> bool {
    let found = of_version(action, effects.major)
        .or_else(|| of_shape(action, altered, effects.major))
        .or_else(|| of_constraint(action, altered, effects))
        .or_else(|| of_type(action, altered, effects))
        .or_else(|| of_names(action, altered, effects))
        .or_else(|| of_expressions(action, effects));
    let Some(Refusal { because, sqlstate, detail }) = found else { return false };
    effects.fails(super::action_of(action), Some(&altered.table), because, sqlstate, detail);
    true
}

/// What calls or reads what it may not.
fn of_expressions(action: &AlterAction, effects: &Effects<'_>) -> Option<Refusal> {
    let (sqlstate, detail) = immutable::of_action(action, effects)?;
    Some(Refusal { because: Reason::WrongKind, sqlstate, detail })
}

/// What an older server's grammar does not know.
fn of_version(action: &AlterAction, major: u16) -> Option<Refusal> {
    let (since, what) = match action {
        AlterAction::SetCompression { .. } => (14, "SET COMPRESSION"),
        AlterAction::DetachPartition { mode: Detach::Concurrently | Detach::Finalize, .. } => {
            (14, "DETACH … CONCURRENTLY")
        }
        AlterAction::SetAccessMethod { .. } => (15, "SET ACCESS METHOD"),
        AlterAction::SetExpression { .. } => (17, "SET EXPRESSION"),
        AlterAction::AddConstraint(TableConstraint { options, .. }) if options.not_enforced => {
            (18, "NOT ENFORCED")
        }
        _ => return None,
    };
    (major < since).then(|| Refusal {
        because: Reason::Version,
        sqlstate: "42601",
        detail: format!("{what} needs PostgreSQL {since}"),
    })
}

/// The column that an action changes in the table and in all that inherit it.
fn inherited_column(action: &AlterAction) -> Option<&Ident> {
    match action {
        AlterAction::DropColumn { column, .. } | AlterAction::SetType { column, .. } => Some(column),
        AlterAction::RenameColumn { from, .. } => Some(from),
        _ => None,
    }
}

/// What partitions, parents, children and typed tables do not allow.
fn of_shape(action: &AlterAction, altered: &Altered<'_, '_>, major: u16) -> Option<Refusal> {
    let entry = altered.table.entry?;
    let is_partitioned = entry.kind == RelationKind::PartitionedTable;
    let is_typed = entry.of_type.is_some();
    if is_typed
        && matches!(
            action,
            AlterAction::AddColumn { .. }
                | AlterAction::DropColumn { .. }
                | AlterAction::SetType { .. }
                | AlterAction::RenameColumn { .. }
        )
    {
        return refusal(Reason::WrongKind, "42809", "a typed table has the columns of its type");
    }
    let has_children = !entry.children.is_empty();
    let skips_children = altered.alter.only && has_children;
    if skips_children
        && (spreads(action) || is_partitioned && matches!(action, AlterAction::SetNotNull { .. }))
    {
        return refusal(Reason::Partitioned, "42P16", "it must be done to the children too: leave out ONLY");
    }
    match action {
        AlterAction::SetUnlogged | AlterAction::SetLogged
            if entry.referenced_by.iter().any(|it| *it != entry.oid)
                && matches!(action, AlterAction::SetUnlogged)
                && !(is_partitioned && major >= 18) =>
        {
            refusal(Reason::DependedOn, "42P16", "a table that a logged table refers to cannot be unlogged")
        }
        AlterAction::Inherit { .. } if entry.is_partition() => {
            refusal(Reason::Partitioned, "42809", "a partition inherits from its parent only")
        }
        AlterAction::AttachPartition { .. } if entry.complete && !is_partitioned => {
            let sqlstate = if major < 18 { "42P17" } else { "42809" };
            refusal(Reason::WrongKind, sqlstate, "the table is not partitioned")
        }
        _ => None,
    }
}

/// Whether an action must be done to all children.
fn spreads(action: &AlterAction) -> bool {
    match action {
        AlterAction::AddColumn { .. }
        | AlterAction::SetType { .. }
        | AlterAction::RenameColumn { .. }
        | AlterAction::ValidateConstraint { .. } => true,
        AlterAction::AddConstraint(it) => {
            matches!(it.kind, TableConstraintKind::Check(_)) && !it.options.no_inherit
        }
        _ => false,
    }
}

/// What constraints do not allow.
fn of_constraint(action: &AlterAction, altered: &Altered<'_, '_>, effects: &Effects<'_>) -> Option<Refusal> {
    let entry = altered.table.entry?;
    match action {
        AlterAction::ValidateConstraint { name } => {
            let constraint = entry.constraint(name)?;
            let can_be_validated = matches!(
                constraint.kind,
                ConstraintKind::Check { .. }
                    | ConstraintKind::ForeignKey { .. }
                    | ConstraintKind::NotNull { .. }
            );
            if !can_be_validated {
                return refusal(
                    Reason::WrongKind,
                    "42809",
                    format!("{name} is neither a CHECK nor a foreign key"),
                );
            }
            if !constraint.enforced {
                return refusal(Reason::WrongKind, "55000", format!("{name} is NOT ENFORCED"));
            }
            None
        }
        AlterAction::AlterConstraint {
            name,
            change: crate::sql::statement::AlterConstraint::Deferrability,
        } => {
            let constraint = entry.constraint(name)?;
            if matches!(constraint.kind, ConstraintKind::ForeignKey { .. }) {
                return None;
            }
            refusal(Reason::WrongKind, "42809", format!("{name} is not a foreign key"))
        }
        AlterAction::AddConstraint(TableConstraint {
            kind: TableConstraintKind::ForeignKey { table, columns, referenced_columns, .. },
            ..
        }) => super::foreign_key::refusal(altered, table, columns, referenced_columns, effects),
        AlterAction::AddConstraint(TableConstraint {
            kind: TableConstraintKind::NotNull { .. },
            options: ConstraintOptions { no_inherit: true, .. },
            ..
        }) if entry.kind == RelationKind::PartitionedTable && effects.major >= 18 => {
            refusal(Reason::Partitioned, "0A000", "a partitioned table's NOT NULL cannot be NO INHERIT")
        }
        AlterAction::AddIdentity { column } => {
            let column = entry.column(column)?;
            if column.not_null == Some(false) {
                return refusal(Reason::WrongKind, "55000", "an identity column must be NOT NULL first");
            }
            (column.fill == Fill::Default).then_some(())?;
            refusal(Reason::WrongKind, "55000", "the column has a default already")
        }
        _ => None,
    }
}

/// The columns that every table has.
const SYSTEM_COLUMNS: [&str; 6] = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

/// What a change of type does not allow.
fn of_type(action: &AlterAction, altered: &Altered<'_, '_>, effects: &Effects<'_>) -> Option<Refusal> {
    let AlterAction::SetType { column, ty, using, .. } = action else { return None };
    if SYSTEM_COLUMNS.contains(&column.as_str()) {
        return refusal(Reason::WrongKind, "0A000", format!("{column} is a system column"));
    }
    let changes_it =
        |it: &&AlterAction| matches!(it, AlterAction::SetType { column: other, .. } if other == column);
    if altered.alter.actions.iter().filter(changes_it).count() > 1 {
        return refusal(Reason::Duplicate, "0A000", format!("the type of {column} is changed twice"));
    }
    let entry = altered.table.entry?;
    let old = entry.column(column)?;
    if using.is_none()
        && let Some(old) = &old.ty
        && !type_change::is_assignable(old, ty, effects.catalog)
    {
        let detail = format!("{old} is not cast to {ty} without USING");
        return refusal(Reason::TypeRewrite, "42804", detail);
    }
    let is_integer = matches!(ty.name.name.as_str(), "int2" | "int4" | "int8");
    if old.fill == Fill::Identity && !is_integer {
        return refusal(Reason::WrongKind, "22023", "an identity column must be an integer");
    }
    None
}

/// Names that are not there, or are taken.
fn of_names(action: &AlterAction, altered: &Altered<'_, '_>, effects: &Effects<'_>) -> Option<Refusal> {
    let entry = altered.table.entry?;
    if let Some(column) = inherited_column(action) {
        let parents = effects.all(&entry.parents);
        if parents.iter().any(|it| it.entry.is_some_and(|it| it.column(column).is_some())) {
            return refusal(Reason::DependedOn, "42P16", format!("column {column} is inherited"));
        }
        if entry.complete
            && entry.column(column).is_none()
            && !matches!(action, AlterAction::DropColumn { .. })
        {
            return refusal(
                Reason::Missing,
                "42703",
                format!("column {column} of {} does not exist", entry.name),
            );
        }
    }
    match action {
        AlterAction::RenameColumn { to, .. } if entry.column(to).is_some() => {
            refusal(Reason::Duplicate, "42701", format!("column {to} exists"))
        }
        AlterAction::RenameTo { to } => {
            let name = crate::sql::statement::Name { schema: entry.name.schema.clone(), name: to.clone() };
            effects.catalog.find(&name)?;
            refusal(Reason::Duplicate, "42P07", format!("relation {to} exists"))
        }
        AlterAction::ClusterOn { index } if entry.complete => {
            let exists = effects.indexes(&altered.table).iter().any(|it| it.relation.name.name == *index);
            if exists {
                return None;
            }
            refusal(Reason::Missing, "42704", format!("index {index} does not exist"))
        }
        AlterAction::ReplicaIdentity { identity: crate::sql::statement::ReplicaIdentity::Index(index) } => {
            let indexes = effects.indexes(&altered.table);
            let known = indexes.iter().find(|it| it.relation.name.name == *index)?;
            let is_unique =
                known.entry.and_then(|it| it.index.as_ref()).is_some_and(|it| it.unique && !it.partial);
            if is_unique {
                return None;
            }
            refusal(Reason::WrongKind, "42809", format!("index {index} is not unique"))
        }
        AlterAction::DetachPartition { partition, .. } if entry.complete => {
            let is_partition = effects.all(&entry.children).iter().any(|it| {
                effects.catalog.find(partition).is_some_and(|found| found.name == it.relation.name)
            });
            if is_partition {
                return None;
            }
            refusal(Reason::Missing, "42P01", format!("{partition} is not a partition of it"))
        }
        AlterAction::AttachPartition { partition, .. } => {
            let is_partition = effects.catalog.find(partition).is_some_and(|it| it.is_partition());
            is_partition.then_some(())?;
            refusal(Reason::WrongKind, "42809", format!("{partition} is a partition already"))
        }
        _ => None,
    }
}
