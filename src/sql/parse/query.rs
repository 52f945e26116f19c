//! Queries.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode};

use super::reads::Reads;
use crate::sql::statement::{Ident, Query};

/// The facts of a query that sees these common table expressions.
pub(super) fn query(select: &ast::SelectVariant, ctes: &[Ident]) -> Query {
    let mut reads = Reads::inside(ctes);
    reads.visit(select.syntax());
    reads.into_query(has_where(select))
}

/// The facts of the query that a view or a new table is made of, with the columns that it names; it may be missing.
pub(super) fn query_of(select: Option<ast::SelectVariant>) -> Query {
    let Some(select) = select else { return Query::default() };
    let mut reads = Reads::detailed();
    reads.visit(select.syntax());
    Query { has_star: has_star(select.syntax()), ..reads.into_query(has_where(&select)) }
}

/// Whether there is a `*` for all columns, as in `*` and `t.*`, but not in `count(*)` or `a * b`.
fn has_star(node: &SyntaxNode) -> bool {
    let mut tokens = node.descendants_with_tokens().filter_map(SyntaxElement::into_token);
    tokens.any(|it| {
        let parent = it.parent().map(|it| it.kind());
        it.kind() == SyntaxKind::STAR && matches!(parent, Some(SyntaxKind::TARGET | SyntaxKind::FIELD_EXPR))
    })
}

/// The facts of an expression on its own, as a query that reads them.
pub(super) fn query_in<N: AstNode>(node: &N) -> Query {
    let mut reads = Reads::default();
    reads.visit(node.syntax());
    reads.into_query(false)
}

fn has_where(select: &ast::SelectVariant) -> bool {
    match select {
        ast::SelectVariant::Select(it) => it.where_clause().is_some(),
        ast::SelectVariant::SelectInto(it) => it.where_clause().is_some(),
        ast::SelectVariant::ParenSelect(it) => it.select().is_some_and(|it| has_where(&it)),
        ast::SelectVariant::CompoundSelect(_)
        | ast::SelectVariant::Table(_)
        | ast::SelectVariant::Values(_) => false,
    }
}
