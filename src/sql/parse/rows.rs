//! Statements that write rows.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::constant::is_string;
use super::expr::expr_of;
use super::name::{ident_of, name_of, relation_ref, table_ref};
use super::query::{query, query_of};
use super::reads::Reads;
use super::{Origin, is_off, statement};
use crate::sql::statement::{Delete, Expr, Ident, Insert, Merge, Query, Statement, Update};

/// `INSERT` that sees these common table expressions.
pub(super) fn insert(node: &ast::Insert, ctes: &[Ident]) -> Option<Statement> {
    let mut reads = Reads::inside(ctes);
    reads.enter_with(node.with_clause());
    let (rows, n_rows) = match node.insert_source() {
        Some(ast::InsertSource::SelectVariant(source)) => {
            (Some(query(&source, reads.ctes())), n_rows(&source))
        }
        Some(ast::InsertSource::DefaultValues(_)) => (None, Some(1)),
        None => return None,
    };
    let conflict = node.on_conflict_clause();
    let updates_on_conflict = conflict
        .as_ref()
        .is_some_and(|it| matches!(it.conflict_action(), Some(ast::ConflictAction::ConflictDoUpdateSet(_))));
    let names_conflict = conflict
        .as_ref()
        .is_some_and(|it| matches!(it.conflict_target(), Some(ast::ConflictTarget::ConflictOnIndex(_))));
    let on_conflict = conflict.is_some();
    reads.visit_some(conflict);
    reads.visit_some(node.returning_clause());
    let source = node.insert_source().filter(|_| n_rows.is_none_or(|it| it <= FEW_ROWS));
    Some(Statement::Insert(Insert {
        table: name_of(node.relation_name_ref())?,
        columns: targets(node.column_target_list()),
        query: rows,
        n_rows,
        updates_on_conflict,
        names_conflict,
        on_conflict,
        with: reads.into_query(false),
        literals: source.map_or_else(Vec::new, |it| literals(it.syntax())),
    }))
}

/// Enums' values are seldom written in bulk by the transaction that adds them, and large INSERTs must not be walked twice.
const FEW_ROWS: usize = 8;

/// The first string literals that could be a name.
fn literals(node: &SyntaxNode) -> Vec<Ident> {
    let strings = node.descendants().filter_map(ast::Literal::cast).filter(is_string);
    let values = strings.filter_map(|it| it.string_value());
    values.map(|it| Ident::new(&*it)).filter(|it| it.len() <= 63).take(32).collect()
}

/// How many rows a VALUES list has.
fn n_rows(source: &ast::SelectVariant) -> Option<usize> {
    match source {
        ast::SelectVariant::Values(it) => Some(it.row_list()?.rows().count()),
        ast::SelectVariant::ParenSelect(it) => n_rows(&it.select()?),
        _ => None,
    }
}

/// `UPDATE` that sees these common table expressions.
pub(super) fn update(node: &ast::Update, ctes: &[Ident]) -> Option<Statement> {
    let mut reads = Reads::inside(ctes);
    reads.enter_with(node.with_clause());
    reads.visit_some(node.set_clause());
    reads.visit_some(node.from_clause());
    let predicate = predicate(node.where_clause_or_current_of(), &mut reads);
    reads.visit_some(node.returning_clause());
    Some(Statement::Update(Update {
        table: relation_ref(&node.relation_name()?)?,
        columns: set_columns(node.set_clause()),
        literals: node.set_clause().map_or_else(Vec::new, |it| literals(it.syntax())),
        reads: reads.into_query(predicate.is_some()),
        predicate,
    }))
}

/// `DELETE` that sees these common table expressions.
pub(super) fn delete(node: &ast::Delete, ctes: &[Ident]) -> Option<Statement> {
    let mut reads = Reads::inside(ctes);
    reads.enter_with(node.with_clause());
    reads.visit_some(node.using_clause());
    let predicate = predicate(node.where_clause_or_current_of(), &mut reads);
    reads.visit_some(node.returning_clause());
    Some(Statement::Delete(Delete {
        table: relation_ref(&node.relation_name()?)?,
        reads: reads.into_query(predicate.is_some()),
        predicate,
    }))
}

/// `MERGE` that sees these common table expressions.
pub(super) fn merge(node: &ast::Merge, ctes: &[Ident]) -> Option<Statement> {
    let mut reads = Reads::inside(ctes);
    reads.enter_with(node.with_clause());
    reads.visit_some(node.using_on_clause());
    let (mut inserts, mut changes) = (false, false);
    for clause in node.merge_when_clauses() {
        reads.visit(clause.syntax());
        let action = match clause {
            ast::MergeWhenClause::MergeWhenMatched(it) => it.merge_action(),
            ast::MergeWhenClause::MergeWhenNotMatchedSource(it) => it.merge_action(),
            ast::MergeWhenClause::MergeWhenNotMatchedTarget(it) => it.merge_action(),
        };
        match action {
            Some(ast::MergeAction::MergeInsert(_)) => inserts = true,
            Some(ast::MergeAction::MergeDelete(_) | ast::MergeAction::MergeUpdate(_)) => changes = true,
            Some(ast::MergeAction::MergeDoNothing(_)) | None => {}
        }
    }
    reads.visit_some(node.returning_clause());
    Some(Statement::Merge(Merge {
        table: table_ref(&node.table_relation_name()?)?,
        reads: reads.into_query(false),
        inserts,
        changes,
    }))
}

/// The WHERE clause, whose reads are the statement's too.
fn predicate(clause: Option<ast::WhereClauseOrCurrentOf>, reads: &mut Reads) -> Option<Expr> {
    match clause? {
        ast::WhereClauseOrCurrentOf::WhereClause(it) => {
            let node = it.expr()?;
            reads.visit(node.syntax());
            Some(expr_of(&node, Reads::detailed_inside(reads.ctes())))
        }
        ast::WhereClauseOrCurrentOf::WhereCurrentOf(it) => {
            let text = it.syntax().text().to_string();
            Some(Expr { text: text["where".len()..].trim().to_owned(), ..Expr::default() })
        }
    }
}

fn targets(list: Option<ast::ColumnTargetList>) -> Vec<Ident> {
    let Some(list) = list else { return Vec::new() };
    list.column_targets().filter_map(|it| ident_of(it.name())).collect()
}

fn set_columns(clause: Option<ast::SetClause>) -> Vec<Ident> {
    let mut columns = Vec::new();
    let Some(list) = clause.and_then(|it| it.set_column_list()) else { return columns };
    for column in list.set_columns() {
        match column {
            ast::SetColumn::SetMultipleColumns(it) => columns.extend(targets(it.column_target_list())),
            ast::SetColumn::SetSingleColumn(it) => {
                columns.extend(it.column_target().and_then(|it| ident_of(it.name())));
            }
        }
    }
    columns
}

/// `COPY`.
pub(super) fn copy(node: &ast::Copy, origin: &Origin) -> Statement {
    let rows = node.copy_query().and_then(|it| it.preparable_stmt()).map(|it| match select(&it) {
        Some(select) => query(&select, &[]),
        None => Query { writes: statement(it.syntax(), origin).into_iter().collect(), ..Query::default() },
    });
    Statement::Copy {
        table: node.copy_table().and_then(|it| name_of(it.table_name_ref())),
        from: matches!(node.copy_direction(), Some(ast::CopyDirection::CopyFrom(_))),
        query: rows,
    }
}

fn select(node: &ast::PreparableStmt) -> Option<ast::SelectVariant> {
    ast::SelectVariant::cast(node.syntax().clone())
}

/// `EXPLAIN`.
pub(super) fn explain(node: &ast::Explain, origin: &Origin) -> Option<Statement> {
    let analyze = match node.explain_mode() {
        Some(ast::ExplainMode::ExplainAnalyze(_)) => true,
        Some(ast::ExplainMode::ExplainOptionList(it)) => it.explain_options().any(|it| {
            let is_analyze =
                matches!(ident_of(it.explain_option_name()).as_deref(), Some("analyze" | "analyse"));
            is_analyze && !it.explain_option_value().is_some_and(|it| is_off(it.syntax()))
        }),
        Some(ast::ExplainMode::ExplainVerbose(_)) | None => false,
    };
    let explained = statement(node.explain_stmt()?.syntax(), origin)?;
    Some(Statement::Explain { analyze, statement: Box::new(explained) })
}

/// `PREPARE name AS …`.
pub(super) fn prepare(node: &ast::Prepare, origin: &Origin) -> Option<Statement> {
    Some(Statement::Prepare { statement: Box::new(statement(node.stmt()?.syntax(), origin)?) })
}

/// `DECLARE … CURSOR FOR …`.
pub(super) fn declare(node: &ast::Declare) -> Statement {
    Statement::DeclareCursor {
        hold: matches!(node.cursor_hold(), Some(ast::CursorHold::WithHold(_))),
        query: query_of(node.query()),
    }
}
