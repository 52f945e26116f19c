//! `ALTER TABLE`, and its forms for foreign tables.

use squawk_syntax::ast::{self, AstChildren, AstNode};

use super::expr::{expr, expr_some};
use super::name::{ident_of, leaf, name_of, names, table_ref};
use super::table::{column_constraint, partition_bound, table_constraint};
use super::ty::{type_name, type_of, type_path};
use crate::sql::statement::{
    Alter, AlterAction, AlterConstraint, ColumnConstraint, ColumnDef, Detach, Ident, Name, RelationKind,
    ReplicaIdentity, RowSecurity, Statement,
};

/// `ALTER TABLE`.
pub(super) fn alter_table(node: &ast::AlterTable) -> Option<Statement> {
    if let Some(all) = node.all_in_tablespace() {
        return all_in_tablespace(RelationKind::Table, &all);
    }
    altered_table(RelationKind::Table, node.table_relation_name(), node.if_exists(), node.actions())
}

/// `ALTER FOREIGN TABLE`.
pub(super) fn alter_foreign_table(node: &ast::AlterForeignTable) -> Option<Statement> {
    let kind = RelationKind::ForeignTable;
    altered_table(kind, node.table_relation_name(), node.if_exists(), node.actions())
}

fn altered_table(
    kind: RelationKind,
    table: Option<ast::TableRelationName>,
    if_exists: Option<ast::IfExists>,
    nodes: AstChildren<ast::AlterTableAction>,
) -> Option<Statement> {
    let table = table_ref(&table?)?;
    let actions = nodes.map(|it| action(&it)).collect::<Option<Vec<_>>>()?;
    Some(altered(kind, table.name, if_exists, table.only, actions))
}

/// The statement around the actions.
pub(super) fn altered(
    kind: RelationKind,
    name: Name,
    if_exists: Option<ast::IfExists>,
    only: bool,
    actions: Vec<AlterAction>,
) -> Statement {
    Statement::Alter(Alter { kind, name, if_exists: if_exists.is_some(), only, actions })
}

/// `ALL IN TABLESPACE a SET TABLESPACE b`.
pub(super) fn all_in_tablespace(kind: RelationKind, node: &ast::AllInTablespace) -> Option<Statement> {
    let tablespace = ident_of(node.set_tablespace()?.tablespace_ref())?;
    Some(Statement::AlterAllInTablespace { kind, tablespace })
}

/// Whether a `DROP` says `CASCADE`.
pub(super) fn cascades(behavior: Option<ast::DropBehavior>) -> bool {
    matches!(behavior, Some(ast::DropBehavior::Cascade(_)))
}

/// One action of `ALTER TABLE`.
pub(super) fn action(node: &ast::AlterTableAction) -> Option<AlterAction> {
    use ast::AlterTableAction as Node;
    Some(match node {
        Node::AddColumn(it) => add_column(it)?,
        Node::DropColumn(it) => AlterAction::DropColumn {
            column: ident_of(it.column_name_ref())?,
            if_exists: it.if_exists().is_some(),
            cascade: cascades(it.drop_behavior()),
        },
        Node::AlterColumn(it) => alter_column(ident_of(it.column_name_ref())?, &it.option()?)?,
        Node::RenameColumn(it) => AlterAction::RenameColumn {
            from: ident_of(it.column_name_ref())?,
            to: ident_of(it.column_name())?,
        },
        Node::AddConstraint(it) => AlterAction::AddConstraint(table_constraint(&it.constraint()?)?),
        Node::AlterConstraint(it) => AlterAction::AlterConstraint {
            name: ident_of(it.constraint_name_ref())?,
            change: constraint_change(it.constraint_options()),
        },
        Node::ValidateConstraint(it) => {
            AlterAction::ValidateConstraint { name: ident_of(it.constraint_name_ref())? }
        }
        Node::DropConstraint(it) => AlterAction::DropConstraint {
            name: ident_of(it.constraint_name_ref())?,
            if_exists: it.if_exists().is_some(),
            cascade: cascades(it.drop_behavior()),
        },
        Node::RenameConstraint(it) => AlterAction::RenameConstraint {
            from: ident_of(it.constraint_name_ref())?,
            to: ident_of(it.constraint_name())?,
        },
        Node::TableRenameTo(it) => AlterAction::RenameTo { to: ident_of(it.table_name())? },
        Node::SetSchema(it) => AlterAction::SetSchema { schema: ident_of(it.schema_ref())? },
        Node::OwnerTo(_) => AlterAction::OwnerTo,
        Node::AttachPartition(_)
        | Node::DetachPartition(_)
        | Node::MergePartitions(_)
        | Node::SplitPartition(_)
        | Node::InheritTable(_)
        | Node::NoInheritTable(_)
        | Node::OfType(_)
        | Node::NotOf(_) => family(node)?,
        Node::EnableTrigger(_) | Node::EnableAlwaysTrigger(_) | Node::EnableReplicaTrigger(_) => {
            AlterAction::SwitchTrigger { enable: true }
        }
        Node::DisableTrigger(_) => AlterAction::SwitchTrigger { enable: false },
        Node::EnableRule(_) | Node::EnableAlwaysRule(_) | Node::EnableReplicaRule(_) => {
            AlterAction::SwitchRule { enable: true }
        }
        Node::DisableRule(_) => AlterAction::SwitchRule { enable: false },
        Node::EnableRls(_) => AlterAction::RowSecurity { change: RowSecurity::Enable },
        Node::DisableRls(_) => AlterAction::RowSecurity { change: RowSecurity::Disable },
        Node::ForceRls(_) => AlterAction::RowSecurity { change: RowSecurity::Force },
        Node::NoForceRls(_) => AlterAction::RowSecurity { change: RowSecurity::NoForce },
        Node::ReplicaIdentity(it) => {
            AlterAction::ReplicaIdentity { identity: replica_identity(&it.replica_identity_option()?)? }
        }
        Node::ClusterOn(it) => AlterAction::ClusterOn { index: ident_of(it.index_ref())? },
        Node::SetWithoutCluster(_) => AlterAction::SetWithoutCluster,
        Node::SetWithoutOids(_) => AlterAction::SetWithoutOids,
        Node::SetLogged(_) => AlterAction::SetLogged,
        Node::SetUnlogged(_) => AlterAction::SetUnlogged,
        Node::SetTablespace(it) => AlterAction::SetTablespace { tablespace: ident_of(it.tablespace_ref())? },
        Node::SetAccessMethod(it) => {
            AlterAction::SetAccessMethod { method: ident_of(it.access_method_ref()) }
        }
        Node::SetOptions(it) => AlterAction::SetOptions { options: settings(it.attribute_list()) },
        Node::ResetOptions(it) => AlterAction::ResetOptions {
            options: settings(it.attribute_list()).into_iter().map(|(name, _)| name).collect(),
        },
        Node::AlterOptionList(_) | Node::OptionItemList(_) => AlterAction::ForeignOptions,
    })
}

fn add_column(node: &ast::AddColumn) -> Option<AlterAction> {
    let constraints = node.constraints().filter_map(|it| column_constraint(&it));
    Some(AlterAction::AddColumn {
        column: ColumnDef {
            name: ident_of(node.column_name())?,
            ty: type_of(node.ty()),
            collation: node.collate().and_then(|it| name_of(it.collation_ref())),
            constraints: constraints.collect::<Vec<ColumnConstraint>>(),
        },
        if_not_exists: node.if_not_exists().is_some(),
    })
}

fn alter_column(column: Ident, node: &ast::AlterColumnOption) -> Option<AlterAction> {
    use ast::AlterColumnOption as Node;
    Some(match node {
        Node::SetDefault(it) => AlterAction::SetDefault { column, expr: expr(&it.expr()?) },
        Node::DropDefault(_) => AlterAction::DropDefault { column },
        Node::SetNotNull(_) => AlterAction::SetNotNull { column },
        Node::DropNotNull(_) => AlterAction::DropNotNull { column },
        Node::SetType(it) => AlterAction::SetType {
            column,
            ty: type_name(&it.ty()?)?,
            collation: it.collate().and_then(|it| name_of(it.collation_ref())),
            using: expr_some(it.using_expr().and_then(|it| it.expr())),
        },
        Node::SetExpression(it) => AlterAction::SetExpression { column, expr: expr(&it.expr()?) },
        Node::DropExpression(it) => {
            AlterAction::DropExpression { column, if_exists: it.if_exists().is_some() }
        }
        Node::AddGenerated(_) => AlterAction::AddIdentity { column },
        Node::SetGenerated(_)
        | Node::SetGeneratedOptions(_)
        | Node::SetSequenceOption(_)
        | Node::Restart(_) => AlterAction::SetIdentity { column },
        Node::DropIdentity(it) => AlterAction::DropIdentity { column, if_exists: it.if_exists().is_some() },
        Node::SetStatistics(_) => AlterAction::SetStatistics { column },
        Node::SetStorage(_) => AlterAction::SetStorage { column },
        Node::SetCompression(_) => AlterAction::SetCompression { column },
        Node::SetOptions(_) | Node::ResetOptions(_) | Node::SetOptionsList(_) => {
            AlterAction::SetColumnOptions { column }
        }
        // `ALTER CONSTRAINT` has these, columns do not.
        Node::Inherit(_) | Node::NoInherit(_) => return None,
    })
}

/// Actions about partitions, parents and row types.
fn family(node: &ast::AlterTableAction) -> Option<AlterAction> {
    use ast::AlterTableAction as Node;
    Some(match node {
        Node::AttachPartition(it) => AlterAction::AttachPartition {
            partition: name_of(it.table_name_ref())?,
            bound: partition_bound(&it.partition_type()?),
        },
        Node::DetachPartition(it) => AlterAction::DetachPartition {
            partition: name_of(it.table_name_ref())?,
            mode: match it.detach_partition_option() {
                None => Detach::Plain,
                Some(ast::DetachPartitionOption::DetachConcurrently(_)) => Detach::Concurrently,
                Some(ast::DetachPartitionOption::DetachFinalize(_)) => Detach::Finalize,
            },
        },
        Node::MergePartitions(it) => AlterAction::MergePartitions {
            partitions: names(it.table_name_ref_list()?.table_name_refs()),
            into: name_of(it.table_name())?,
        },
        Node::SplitPartition(it) => AlterAction::SplitPartition { partition: name_of(it.table_name_ref())? },
        Node::InheritTable(it) => AlterAction::Inherit { parent: name_of(it.table_name_ref())? },
        Node::NoInheritTable(it) => AlterAction::NoInherit { parent: name_of(it.table_name_ref())? },
        Node::OfType(it) => AlterAction::OfType { ty: type_path(it.ty())? },
        Node::NotOf(_) => AlterAction::NotOf,
        _ => return None,
    })
}

/// The strongest of the changes: enforcement scans, the rest do not.
fn constraint_change(nodes: AstChildren<ast::ConstraintOption>) -> AlterConstraint {
    let mut change = AlterConstraint::Deferrability;
    for node in nodes {
        match node {
            ast::ConstraintOption::Enforced(_) => return AlterConstraint::Enforced,
            ast::ConstraintOption::NotEnforced(_) => return AlterConstraint::NotEnforced,
            ast::ConstraintOption::Inherit(_) | ast::ConstraintOption::NoInherit(_) => {
                change = AlterConstraint::Inherit;
            }
            ast::ConstraintOption::DeferrableConstraintOption(_)
            | ast::ConstraintOption::InitiallyDeferredConstraintOption(_)
            | ast::ConstraintOption::InitiallyImmediateConstraintOption(_)
            | ast::ConstraintOption::NotDeferrableConstraintOption(_)
            | ast::ConstraintOption::NotValid(_) => {}
        }
    }
    change
}

fn replica_identity(node: &ast::ReplicaIdentityOption) -> Option<ReplicaIdentity> {
    Some(match node {
        ast::ReplicaIdentityOption::ReplicaIdentityDefault(_) => ReplicaIdentity::Default,
        ast::ReplicaIdentityOption::ReplicaIdentityFull(_) => ReplicaIdentity::Full,
        ast::ReplicaIdentityOption::ReplicaIdentityNothing(_) => ReplicaIdentity::Nothing,
        ast::ReplicaIdentityOption::UsingIndexName(it) => ReplicaIdentity::Index(ident_of(it.index_ref())?),
    })
}

/// `(name = value, toast.name = value)`: names folded, values as written.
pub(super) fn settings(list: Option<ast::AttributeList>) -> Vec<(Ident, String)> {
    let Some(list) = list else { return Vec::new() };
    list.attribute_options()
        .filter_map(|it| {
            let name = leaf(it.name()?.syntax())?;
            let name = match it.namespace().and_then(|it| leaf(it.syntax())) {
                Some(namespace) => format!("{namespace}.{name}").into(),
                None => name,
            };
            let value = it.attribute_value().map(|it| it.syntax().text().to_string());
            Some((name, value.unwrap_or_default()))
        })
        .collect()
}
