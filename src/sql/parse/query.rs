//! Queries.

use squawk_syntax::ast::{self, AstNode};

use super::reads::Reads;
use crate::sql::statement::{Ident, Query};

/// The facts of a query that sees these common table expressions.
pub(super) fn query(select: &ast::SelectVariant, ctes: &[Ident]) -> Query {
    let mut reads = Reads::inside(ctes);
    reads.visit(select.syntax());
    reads.into_query(has_where(select))
}

/// [`query`] of a child that may be missing.
pub(super) fn query_of(select: Option<ast::SelectVariant>) -> Query {
    select.map(|it| query(&it, &[])).unwrap_or_default()
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
