//! `CREATE TABLE`, columns and constraints.

use squawk_syntax::ast::{self, AstChildren, AstNode};

use super::alter::settings;
use super::expr::expr;
use super::name::{ident_of, idents, leaf, name, name_of, names};
use super::query::{query, query_of};
use super::ty::{type_of, type_path};
use crate::sql::statement::{
    ColumnConstraint, ColumnConstraintKind, ColumnDef, ConstraintOptions, CreateTable, CreateTableAs, Ident,
    KeyAction, KeyActions, LikeClause, Name, PartitionBound, PartitionBy, PartitionOf, Persistence, Query,
    RelationKind, Statement, TableConstraint, TableConstraintKind,
};

/// `CREATE TABLE`.
pub(super) fn create_table(node: &ast::CreateTable) -> Option<Statement> {
    let mut table = empty_table(name_of(node.table_name())?, node.if_not_exists().is_some());
    table.persistence = persistence(node.persistence());
    add_arguments(&mut table, node.table_arg_list());
    table.inherits = node.inherits().map(|it| names(it.table_name_refs())).unwrap_or_default();
    table.partition_of = partition_of(node.partition_of(), node.partition_type());
    table.of_type = node.of_type().and_then(|it| type_path(it.ty()));
    if let Some(ast::TableParams::WithParams(it)) = node.table_params() {
        table.options = settings(it.attribute_list());
    }
    if let Some(by) = node.partition_by() {
        table.partition_by = Some(partition_by(&by)?);
        table.kind = RelationKind::PartitionedTable;
    }
    Some(Statement::CreateTable(table))
}

/// `CREATE FOREIGN TABLE`.
pub(super) fn create_foreign_table(node: &ast::CreateForeignTable) -> Option<Statement> {
    let mut table = empty_table(name_of(node.table_name())?, node.if_not_exists().is_some());
    table.kind = RelationKind::ForeignTable;
    add_arguments(&mut table, node.table_arg_list());
    table.inherits = node.inherits().map(|it| names(it.table_name_refs())).unwrap_or_default();
    table.partition_of = partition_of(node.partition_of(), node.partition_type());
    Some(Statement::CreateTable(table))
}

fn empty_table(name: Name, if_not_exists: bool) -> CreateTable {
    CreateTable {
        name,
        kind: RelationKind::Table,
        if_not_exists,
        persistence: Persistence::Permanent,
        columns: Vec::new(),
        constraints: Vec::new(),
        inherits: Vec::new(),
        like: Vec::new(),
        partition_of: None,
        partition_by: None,
        of_type: None,
        options: Vec::new(),
    }
}

fn add_arguments(table: &mut CreateTable, list: Option<ast::TableArgList>) {
    let Some(list) = list else { return };
    for argument in list.args() {
        match argument {
            ast::TableArg::Column(it) => table.columns.extend(column(&it)),
            ast::TableArg::LikeClause(it) => table.like.extend(like(&it)),
            ast::TableArg::TableConstraint(it) => {
                let constraint = ast::Constraint::cast(it.syntax().clone());
                table.constraints.extend(constraint.and_then(|it| table_constraint(&it)));
            }
        }
    }
}

/// `TEMPORARY` or `UNLOGGED`.
pub(super) fn persistence(node: Option<ast::Persistence>) -> Persistence {
    match node {
        None => Persistence::Permanent,
        Some(ast::Persistence::Temp(_)) => Persistence::Temporary,
        Some(ast::Persistence::Unlogged(_)) => Persistence::Unlogged,
    }
}

fn like(node: &ast::LikeClause) -> Option<LikeClause> {
    let mut like = LikeClause {
        source: name_of(node.relation_name_ref())?,
        defaults: false,
        constraints: false,
        indexes: false,
        identity: false,
        generated: false,
    };
    // Later options override earlier ones.
    for option in node.like_options() {
        let (on, property) = match option {
            ast::LikeOption::IncludingProperty(it) => (true, it.table_property()),
            ast::LikeOption::ExcludingProperty(it) => (false, it.table_property()),
        };
        match property {
            Some(ast::TableProperty::PropertyAll(_)) => {
                like = LikeClause {
                    defaults: on,
                    constraints: on,
                    indexes: on,
                    identity: on,
                    generated: on,
                    ..like
                }
            }
            Some(ast::TableProperty::PropertyDefaults(_)) => like.defaults = on,
            Some(ast::TableProperty::PropertyConstraints(_)) => like.constraints = on,
            Some(ast::TableProperty::PropertyIndexes(_)) => like.indexes = on,
            Some(ast::TableProperty::PropertyIdentity(_)) => like.identity = on,
            Some(ast::TableProperty::PropertyGenerated(_)) => like.generated = on,
            Some(
                ast::TableProperty::PropertyComments(_)
                | ast::TableProperty::PropertyCompression(_)
                | ast::TableProperty::PropertyStatistics(_)
                | ast::TableProperty::PropertyStorage(_),
            )
            | None => {}
        }
    }
    Some(like)
}

fn partition_of(parent: Option<ast::PartitionOf>, bound: Option<ast::PartitionType>) -> Option<PartitionOf> {
    Some(PartitionOf { parent: name_of(parent?.table_name_ref())?, bound: partition_bound(&bound?) })
}

/// `FOR VALUES …` or `DEFAULT`.
pub(super) fn partition_bound(node: &ast::PartitionType) -> PartitionBound {
    match node {
        ast::PartitionType::PartitionDefault(_) => PartitionBound::Default,
        ast::PartitionType::PartitionForValuesFrom(_)
        | ast::PartitionType::PartitionForValuesIn(_)
        | ast::PartitionType::PartitionForValuesWith(_) => {
            PartitionBound::Values(node.syntax().text().to_string().trim().to_owned())
        }
    }
}

fn partition_by(node: &ast::PartitionBy) -> Option<PartitionBy> {
    let mut by = PartitionBy {
        strategy: leaf(node.partition_strategy()?.syntax())?,
        columns: Vec::new(),
        has_expressions: false,
    };
    for item in node.partition_item_list()?.partition_items() {
        match item.expr().as_ref().and_then(plain_column) {
            Some(column) => by.columns.push(column),
            None => by.has_expressions = true,
        }
    }
    Some(by)
}

/// The column of a key item. PostgreSQL takes `(c)` and `c COLLATE x` for the plain column too.
pub(super) fn plain_column(node: &ast::Expr) -> Option<Ident> {
    match node {
        ast::Expr::NameRef(it) => leaf(it.syntax()),
        ast::Expr::ParenExpr(it) => plain_column(&it.expr()?),
        ast::Expr::Collate(it) => plain_column(&it.expr()?),
        _ => None,
    }
}

/// A column with its options.
pub(super) fn column(node: &ast::Column) -> Option<ColumnDef> {
    let mut column = ColumnDef {
        name: ident_of(node.name())?,
        ty: type_of(node.ty()),
        collation: None,
        constraints: Vec::new(),
    };
    for clause in node.clauses() {
        match clause {
            ast::ColumnClause::Collate(it) => column.collation = name_of(it.collation_ref()),
            ast::ColumnClause::ColumnConstraint(it) => {
                let constraint = ast::Constraint::cast(it.syntax().clone());
                column.constraints.extend(constraint.and_then(|it| column_constraint(&it)));
            }
            ast::ColumnClause::AlterOptionList(_)
            | ast::ColumnClause::CompressionMethod(_)
            | ast::ColumnClause::Storage(_)
            | ast::ColumnClause::WithOptions(_) => {}
        }
    }
    Some(column)
}

/// A constraint in a column definition.
pub(super) fn column_constraint(node: &ast::Constraint) -> Option<ColumnConstraint> {
    let kind = match node {
        ast::Constraint::CheckConstraint(it) => ColumnConstraintKind::Check(expr(&it.expr()?)),
        ast::Constraint::DefaultConstraint(it) => ColumnConstraintKind::Default(expr(&it.expr()?)),
        ast::Constraint::GeneratedConstraint(it) => generated(&it.generated_as()?)?,
        ast::Constraint::NotNullConstraint(_) => ColumnConstraintKind::NotNull,
        ast::Constraint::NullConstraint(_) => ColumnConstraintKind::Null,
        ast::Constraint::PrimaryKeyConstraint(_) => ColumnConstraintKind::PrimaryKey,
        ast::Constraint::UniqueConstraint(_) => ColumnConstraintKind::Unique,
        ast::Constraint::ReferencesConstraint(it) => ColumnConstraintKind::References {
            table: name_of(it.table())?,
            column: ident_of(it.column()),
            actions: key_actions(it.referential_actions()),
        },
        ast::Constraint::ExcludeConstraint(_) | ast::Constraint::ForeignKeyConstraint(_) => return None,
    };
    Some(ColumnConstraint {
        name: ident_of(node.constraint_name()),
        kind,
        options: options(node.constraint_options()),
    })
}

fn generated(node: &ast::GeneratedAs) -> Option<ColumnConstraintKind> {
    Some(match node {
        ast::GeneratedAs::GeneratedIdentity(_) => ColumnConstraintKind::Identity,
        ast::GeneratedAs::GeneratedStored(it) => ColumnConstraintKind::Generated {
            expr: expr(&it.expr()?),
            stored: it.generated_kind().map(|it| matches!(it, ast::GeneratedKind::Stored(_))),
        },
    })
}

/// A table constraint.
pub(super) fn table_constraint(node: &ast::Constraint) -> Option<TableConstraint> {
    let kind = match node {
        ast::Constraint::CheckConstraint(it) => TableConstraintKind::Check(expr(&it.expr()?)),
        ast::Constraint::NotNullConstraint(it) => {
            TableConstraintKind::NotNull { column: ident_of(it.column_name_ref())? }
        }
        ast::Constraint::UniqueConstraint(it) => {
            if let Some(using) = it.using_index() {
                TableConstraintKind::UniqueUsingIndex { index: ident_of(using.index_ref())? }
            } else {
                let (columns, without_overlaps) = index_columns(it.index_parameters());
                TableConstraintKind::Unique { columns, without_overlaps }
            }
        }
        ast::Constraint::PrimaryKeyConstraint(it) => {
            if let Some(using) = it.using_index() {
                TableConstraintKind::PrimaryKeyUsingIndex { index: ident_of(using.index_ref())? }
            } else {
                let (columns, without_overlaps) = index_columns(it.index_parameters());
                TableConstraintKind::PrimaryKey { columns, without_overlaps }
            }
        }
        ast::Constraint::ExcludeConstraint(it) => TableConstraintKind::Exclude {
            columns: it
                .constraint_exclusion_list()?
                .constraint_exclusions()
                .filter_map(|it| plain_column(&it.expr()?))
                .collect(),
        },
        ast::Constraint::ForeignKeyConstraint(it) => TableConstraintKind::ForeignKey {
            columns: key_columns(it.from_columns()),
            table: name_of(it.table_name_ref())?,
            referenced_columns: key_columns(it.to_columns()),
            actions: key_actions(it.referential_actions()),
        },
        ast::Constraint::DefaultConstraint(_)
        | ast::Constraint::GeneratedConstraint(_)
        | ast::Constraint::NullConstraint(_)
        | ast::Constraint::ReferencesConstraint(_) => return None,
    };
    Some(TableConstraint {
        name: ident_of(node.constraint_name()),
        kind,
        options: options(node.constraint_options()),
    })
}

fn index_columns(parameters: Option<ast::IndexParameters>) -> (Vec<Ident>, bool) {
    let Some(list) = parameters.and_then(|it| it.column_list()) else { return (Vec::new(), false) };
    (idents(list.column_name_refs()), list.without_overlaps().is_some())
}

/// The columns of a foreign key; that of `PERIOD` is one of them.
fn key_columns(list: Option<ast::ForeignKeyColumnList>) -> Vec<Ident> {
    let Some(list) = list else { return Vec::new() };
    let mut columns = idents(list.column_name_refs());
    columns.extend(list.period_column().and_then(|it| ident_of(it.name())));
    columns
}

/// `ON DELETE` and `ON UPDATE`.
fn key_actions(nodes: AstChildren<ast::ReferentialAction>) -> KeyActions {
    let mut actions = KeyActions::default();
    for node in nodes {
        match node {
            ast::ReferentialAction::OnDeleteAction(it) => actions.on_delete = key_action(it.ref_action()),
            ast::ReferentialAction::OnUpdateAction(it) => actions.on_update = key_action(it.ref_action()),
        }
    }
    actions
}

fn key_action(node: Option<ast::RefAction>) -> KeyAction {
    match node {
        Some(ast::RefAction::NoAction(_)) | None => KeyAction::NoAction,
        Some(ast::RefAction::Restrict(_)) => KeyAction::Restrict,
        Some(ast::RefAction::Cascade(_)) => KeyAction::Cascade,
        Some(ast::RefAction::SetNullColumns(_)) => KeyAction::SetNull,
        Some(ast::RefAction::SetDefaultColumns(_)) => KeyAction::SetDefault,
    }
}

/// The options that follow a constraint.
pub(super) fn options(nodes: AstChildren<ast::ConstraintOption>) -> ConstraintOptions {
    let mut options = ConstraintOptions::default();
    for node in nodes {
        match node {
            ast::ConstraintOption::NotValid(_) => options.not_valid = true,
            ast::ConstraintOption::NotEnforced(_) => options.not_enforced = true,
            ast::ConstraintOption::NoInherit(_) => options.no_inherit = true,
            ast::ConstraintOption::DeferrableConstraintOption(_)
            | ast::ConstraintOption::InitiallyDeferredConstraintOption(_) => options.deferrable = true,
            ast::ConstraintOption::Enforced(_)
            | ast::ConstraintOption::Inherit(_)
            | ast::ConstraintOption::InitiallyImmediateConstraintOption(_)
            | ast::ConstraintOption::NotDeferrableConstraintOption(_) => {}
        }
    }
    options
}

/// `CREATE TABLE … AS`.
pub(super) fn create_table_as(node: &ast::CreateTableAs) -> Option<Statement> {
    let columns = match node.table_arg_list() {
        Some(list) => list
            .args()
            .filter_map(|it| match it {
                ast::TableArg::Column(it) => ident_of(it.name()),
                ast::TableArg::LikeClause(_) | ast::TableArg::TableConstraint(_) => None,
            })
            .collect(),
        None => Vec::new(),
    };
    let rows = match node.query() {
        Some(ast::CreateTableAsQuery::SelectVariant(it)) => query(&it, &[]),
        Some(ast::CreateTableAsQuery::Execute(_)) | None => Query::default(),
    };
    Some(Statement::CreateTableAs(CreateTableAs {
        name: name_of(node.table_name())?,
        if_not_exists: node.if_not_exists().is_some(),
        persistence: persistence(node.persistence()),
        columns,
        query: rows,
        with_data: with_data(node.data_option()),
    }))
}

/// `SELECT … INTO`.
pub(super) fn select_into(node: &ast::SelectInto) -> Option<Statement> {
    let into = node.into_clause()?;
    Some(Statement::CreateTableAs(CreateTableAs {
        name: name(into.table_name()?.syntax())?,
        if_not_exists: false,
        persistence: persistence(into.persistence()),
        columns: Vec::new(),
        query: query(&ast::SelectVariant::SelectInto(node.clone()), &[]),
        with_data: true,
    }))
}

/// `CREATE MATERIALIZED VIEW`.
pub(super) fn create_materialized_view(node: &ast::CreateMaterializedView) -> Option<Statement> {
    Some(Statement::CreateMaterializedView(CreateTableAs {
        name: name_of(node.view())?,
        if_not_exists: node.if_not_exists().is_some(),
        persistence: Persistence::Permanent,
        columns: node.column_list().map(|it| idents(it.column_names())).unwrap_or_default(),
        query: query_of(node.query()),
        with_data: with_data(node.data_option()),
    }))
}

/// Not `WITH NO DATA`.
pub(super) fn with_data(option: Option<ast::DataOption>) -> bool {
    !matches!(option, Some(ast::DataOption::WithNoData(_)))
}

/// The columns of `INCLUDE (…)` of an index.
pub(super) fn include_columns(clause: Option<ast::IndexIncludeClause>) -> Vec<Ident> {
    let Some(list) = clause.and_then(|it| it.partition_item_list()) else { return Vec::new() };
    list.partition_items().filter_map(|it| plain_column(&it.expr()?)).collect()
}
