//! `ALTER` of indexes, views and sequences, and what makes them.

use squawk_syntax::ast::{self, AstNode};

use super::alter::{action, all_in_tablespace, altered, settings};
use super::expr::{expr, expr_some};
use super::name::{column_path, ident_of, leaf, name_of, table_ref};
use super::query::query_of;
use super::table::{include_columns, persistence, plain_column};
use crate::sql::statement::{
    AlterAction, CreateIndex, CreateSequence, CreateView, Ident, Name, Persistence, RelationKind, Statement,
};

/// `CREATE INDEX`.
pub(super) fn create_index(node: &ast::CreateIndex) -> Option<Statement> {
    let table = table_ref(&node.table_relation_name()?)?;
    let method = node.using_method().and_then(|it| ident_of(it.access_method_ref()));
    let mut index = CreateIndex {
        name: ident_of(node.index()),
        table: table.name,
        only: table.only,
        unique: node.unique_token().is_some(),
        concurrently: node.concurrently_token().is_some(),
        if_not_exists: node.if_not_exists().is_some(),
        method: method.unwrap_or_else(|| Ident::new_static("btree")),
        columns: Vec::new(),
        include: include_columns(node.index_include_clause()),
        expressions: Vec::new(),
        predicate: expr_some(node.where_clause().and_then(|it| it.expr())),
        special: node.nulls_distinct_option().is_some(),
    };
    for item in node.partition_item_list()?.partition_items() {
        let key = item.expr()?;
        let column = plain_column(&key);
        if column.is_none() {
            index.expressions.push(expr(&key));
        }
        index.columns.push(column);
        index.special |= item.op_class_ref().is_some()
            || item.attribute_list().is_some()
            || item.nulls_order().is_some()
            || item.collate().is_some()
            || matches!(key, ast::Expr::Collate(_))
            || matches!(item.sort_order(), Some(ast::SortOrder::SortDesc(_) | ast::SortOrder::SortUsing(_)));
    }
    Some(Statement::CreateIndex(index))
}

/// `ALTER INDEX`.
pub(super) fn alter_index(node: &ast::AlterIndex) -> Option<Statement> {
    use ast::AlterIndexAction as Node;
    if let Some(all) = node.all_in_tablespace() {
        return all_in_tablespace(RelationKind::Index, &all);
    }
    let name = name_of(node.index_ref())?;
    let action = match node.action()? {
        Node::AttachIndexPartition(it) => {
            return Some(Statement::AttachIndex { parent: name, child: name_of(it.index_ref())? });
        }
        Node::AlterSetStatistics(it) => {
            let number = it.expr().map(|it| it.syntax().text().to_string().into());
            let column = ident_of(it.column_name_ref()).or(number)?;
            if it.set_statistics().is_some() {
                AlterAction::SetStatistics { column }
            } else {
                AlterAction::SetColumnOptions { column }
            }
        }
        Node::DependsOnExtension(_) | Node::NoDependsOnExtension(_) => AlterAction::DependsOnExtension,
        Node::IndexRenameTo(it) => AlterAction::RenameTo { to: ident_of(it.index())? },
        Node::ResetOptions(it) => reset_options(&it),
        Node::SetOptions(it) => AlterAction::SetOptions { options: settings(it.attribute_list()) },
        Node::SetTablespace(it) => AlterAction::SetTablespace { tablespace: ident_of(it.tablespace_ref())? },
    };
    Some(altered(RelationKind::Index, name, node.if_exists(), false, vec![action]))
}

fn reset_options(node: &ast::ResetOptions) -> AlterAction {
    AlterAction::ResetOptions {
        options: settings(node.attribute_list()).into_iter().map(|(name, _)| name).collect(),
    }
}

/// `CREATE VIEW`.
pub(super) fn create_view(node: &ast::CreateView) -> Option<Statement> {
    let name = name_of(node.view())?;
    let mut query = query_of(node.query());
    if node.recursive_token().is_some() {
        query.relations.retain(|it| it.name != name);
    }
    Some(Statement::CreateView(CreateView {
        name,
        or_replace: node.or_replace().is_some(),
        temporary: persistence(node.persistence()) == Persistence::Temporary,
        security_invoker: settings(node.with_params().and_then(|it| it.attribute_list())).iter().any(
            |(name, value)| {
                let value = value.trim_matches('\'');
                let is_on = ["", "true", "on", "1"].iter().any(|it| value.eq_ignore_ascii_case(it));
                name == "security_invoker" && is_on
            },
        ),
        query,
    }))
}

/// `ALTER VIEW`.
pub(super) fn alter_view(node: &ast::AlterView) -> Option<Statement> {
    use ast::AlterViewAction as Node;
    let action = match node.action()? {
        Node::AlterViewColumn(it) => {
            let column = ident_of(it.name())?;
            match it.alter_view_column_action()? {
                ast::AlterViewColumnAction::DropDefault(_) => AlterAction::DropDefault { column },
                ast::AlterViewColumnAction::SetDefault(it) => {
                    AlterAction::SetDefault { column, expr: expr(&it.expr()?) }
                }
            }
        }
        Node::OwnerTo(_) => AlterAction::OwnerTo,
        Node::RenameColumn(it) => AlterAction::RenameColumn {
            from: ident_of(it.column_name_ref())?,
            to: ident_of(it.column_name())?,
        },
        Node::ResetOptions(it) => reset_options(&it),
        Node::SetOptions(it) => AlterAction::SetOptions { options: settings(it.attribute_list()) },
        Node::SetSchema(it) => AlterAction::SetSchema { schema: ident_of(it.schema_ref())? },
        Node::ViewRenameTo(it) => AlterAction::RenameTo { to: ident_of(it.view())? },
    };
    let name = name_of(node.view_ref())?;
    Some(altered(RelationKind::View, name, node.if_exists(), false, vec![action]))
}

/// `ALTER MATERIALIZED VIEW`.
pub(super) fn alter_materialized_view(node: &ast::AlterMaterializedView) -> Option<Statement> {
    use ast::AlterMaterializedViewAction as Node;
    if let Some(all) = node.all_in_tablespace() {
        return all_in_tablespace(RelationKind::MaterializedView, &all);
    }
    let mut actions = Vec::new();
    for node in node.action() {
        actions.push(match node {
            Node::DependsOnExtension(_) | Node::NoDependsOnExtension(_) => AlterAction::DependsOnExtension,
            Node::RenameColumn(it) => AlterAction::RenameColumn {
                from: ident_of(it.column_name_ref())?,
                to: ident_of(it.column_name())?,
            },
            Node::SetSchema(it) => AlterAction::SetSchema { schema: ident_of(it.schema_ref())? },
            Node::ViewRenameTo(it) => AlterAction::RenameTo { to: ident_of(it.view())? },
            Node::AlterTableAction(it) => action(&it)?,
        });
    }
    let name = name_of(node.view_ref())?;
    Some(altered(RelationKind::MaterializedView, name, node.if_exists(), false, actions))
}

/// `CREATE SEQUENCE`.
pub(super) fn create_sequence(node: &ast::CreateSequence) -> Option<Statement> {
    Some(Statement::CreateSequence(CreateSequence {
        name: name_of(node.sequence())?,
        if_not_exists: node.if_not_exists().is_some(),
        persistence: persistence(node.persistence()),
        owned_by: node.sequence_options().find_map(|it| owned_by(&it)).flatten(),
    }))
}

/// `OWNED BY`; the inner `None` is `OWNED BY NONE`.
#[expect(clippy::option_option, reason = "whether it is written, and what it says")]
fn owned_by(option: &ast::SequenceOption) -> Option<Option<(Name, Ident)>> {
    match option {
        ast::SequenceOption::OptionOwnedBy(it) => match it.owned_by_target()? {
            ast::OwnedByTarget::OwnedByNone(_) => Some(None),
            ast::OwnedByTarget::QualifiedColumnNameRef(it) => Some(column_path(&it.path_ref()?)),
        },
        _ => None,
    }
}

/// `ALTER SEQUENCE`. Its options make one action together.
pub(super) fn alter_sequence(node: &ast::AlterSequence) -> Option<Statement> {
    use ast::AlterSequenceAction as Node;
    let mut actions = Vec::new();
    let (mut options, mut restart, mut owner, mut ty) = (false, false, None, false);
    for node in node.actions() {
        match node {
            Node::OwnerTo(_) => actions.push(AlterAction::OwnerTo),
            Node::SequenceRenameTo(it) => {
                actions.push(AlterAction::RenameTo { to: ident_of(it.sequence())? });
            }
            Node::SetLogged(_) => actions.push(AlterAction::SetLogged),
            Node::SetUnlogged(_) => actions.push(AlterAction::SetUnlogged),
            Node::SetSchema(it) => {
                actions.push(AlterAction::SetSchema { schema: leaf(it.schema_ref()?.syntax())? });
            }
            Node::SequenceOption(it) => {
                options = true;
                restart |= matches!(it, ast::SequenceOption::OptionRestart(_));
                ty |= matches!(it, ast::SequenceOption::OptionAsType(_));
                owner = owned_by(&it).or(owner);
            }
        }
    }
    if options {
        actions.push(AlterAction::SequenceOptions { restart, owned_by: owner, ty });
    }
    let name = name_of(node.sequence_ref())?;
    Some(altered(RelationKind::Sequence, name, node.if_exists(), false, actions))
}
