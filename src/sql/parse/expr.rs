//! Expressions, reduced to what decides locks and work.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode, BinOp, LitKind, PostfixOp, PrefixOp};

use super::calls;
use super::name::leaf;
use super::reads::Reads;
use super::ty::type_of;
use crate::sql::statement::{Expr, ExprShape, Ident};

/// The facts of an expression.
pub(super) fn expr(node: &ast::Expr) -> Expr {
    expr_of(node, Reads::detailed())
}

/// [`expr`] of a child that may be missing.
pub(super) fn expr_some(node: Option<ast::Expr>) -> Option<Expr> {
    node.map(|it| expr(&it))
}

/// The facts of an expression, found by a walk that already knows its scope.
pub(super) fn expr_of(node: &ast::Expr, mut reads: Reads) -> Expr {
    reads.visit(node.syntax());
    Expr {
        text: node.syntax().text().to_string(),
        shape: shape(node),
        functions: reads.functions,
        columns: reads.columns,
        casts: reads.casts,
        operators: reads.operators,
        relations: reads.relations,
    }
}

/// What the expression is as a whole.
fn shape(node: &ast::Expr) -> ExprShape {
    match node {
        ast::Expr::ParenExpr(it) => it.expr().map_or(ExprShape::Other, |it| shape(&it)),
        ast::Expr::Literal(it) => match it.kind() {
            Some(LitKind::Null(_)) => ExprShape::Null,
            Some(LitKind::True(_)) => ExprShape::True,
            Some(LitKind::PositionalParam(_) | LitKind::Default(_)) | None => ExprShape::Other,
            Some(_) => ExprShape::Constant,
        },
        ast::Expr::NameRef(it) => match it.syntax().first_token() {
            Some(token) if calls::is_value_keyword(token.kind()) => ExprShape::Other,
            _ => leaf(it.syntax()).map_or(ExprShape::Other, ExprShape::Column),
        },
        ast::Expr::FieldExpr(it) => field(it),
        ast::Expr::CastExpr(it) => cast(it),
        ast::Expr::CallExpr(it) => next_val(it).unwrap_or_default(),
        // A collation changes no value.
        ast::Expr::Collate(it) => {
            it.expr().and_then(|it| column(&it)).map_or(ExprShape::Other, ExprShape::Column)
        }
        ast::Expr::BinExpr(it) => binary(it),
        ast::Expr::PostfixExpr(_) => not_null(node),
        ast::Expr::PrefixExpr(it) => match it.op() {
            Some(PrefixOp::Not(_)) => not_null(node),
            _ if is_constant(node) => ExprShape::Constant,
            _ => ExprShape::Other,
        },
        ast::Expr::ArrayExpr(_) | ast::Expr::TupleExpr(_) if is_constant(node) => ExprShape::Constant,
        ast::Expr::ArrayExpr(_)
        | ast::Expr::TupleExpr(_)
        | ast::Expr::BetweenExpr(_)
        | ast::Expr::CaseExpr(_)
        | ast::Expr::IndexExpr(_)
        | ast::Expr::SliceExpr(_) => ExprShape::Other,
    }
}

/// `table.column` is the column; `(expression).field` is not.
fn field(node: &ast::FieldExpr) -> ExprShape {
    let base = node.base().map(|it| it.syntax().kind());
    let column = node.field().and_then(|it| leaf(it.syntax()));
    match (base, column) {
        (Some(SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR), Some(column))
            if node.star_token().is_none() =>
        {
            ExprShape::Column(column)
        }
        _ => ExprShape::Other,
    }
}

fn cast(node: &ast::CastExpr) -> ExprShape {
    let Some(inner) = node.expr() else {
        return if node.literal().is_some() { ExprShape::Constant } else { ExprShape::Other };
    };
    match shape(&inner) {
        ExprShape::Column(column) => match type_of(node.ty()) {
            Some(ty) => ExprShape::CastColumn(column, Box::new(ty)),
            None => ExprShape::Other,
        },
        ExprShape::True | ExprShape::Constant => ExprShape::Constant,
        ExprShape::Null => ExprShape::Null,
        ExprShape::CastColumn(..) | ExprShape::NotNull(_) | ExprShape::NextVal(_) | ExprShape::Other => {
            ExprShape::Other
        }
    }
}

/// `nextval('sequence')`, the literal perhaps cast to `regclass`.
fn next_val(call: &ast::CallExpr) -> Option<ExprShape> {
    let function = calls::callee(&call.syntax().first_child()?)?;
    if function.name != "nextval" || function.schema.is_some() {
        return None;
    }
    let has_one = call.arg_list()?.args().nth(1).is_none();
    calls::sequence(call.syntax()).filter(|_| has_one).map(ExprShape::NextVal)
}

fn binary(node: &ast::BinExpr) -> ExprShape {
    match node.op() {
        Some(BinOp::Eq(_)) => match (node.lhs(), node.rhs()) {
            (Some(ast::Expr::Literal(left)), Some(ast::Expr::Literal(right)))
                if !is_null(&left) && left.syntax().text() == right.syntax().text() =>
            {
                ExprShape::True
            }
            _ => ExprShape::Other,
        },
        Some(BinOp::And(_) | BinOp::IsNot(_) | BinOp::IsDistinctFrom(_)) => {
            not_null(&ast::Expr::BinExpr(node.clone()))
        }
        _ => ExprShape::Other,
    }
}

fn not_null(node: &ast::Expr) -> ExprShape {
    let mut columns = Vec::new();
    let mut rest = vec![node.clone()];
    while let Some(node) = rest.pop() {
        match node {
            ast::Expr::ParenExpr(it) => rest.extend(it.expr()),
            ast::Expr::BinExpr(it) if matches!(it.op(), Some(BinOp::And(_))) => {
                rest.extend(it.rhs());
                rest.extend(it.lhs());
            }
            other => {
                if let Some(column) = tested_not_null(&other)
                    && !columns.contains(&column)
                {
                    columns.push(column);
                }
            }
        }
    }
    if columns.is_empty() { ExprShape::Other } else { ExprShape::NotNull(columns) }
}

/// The column of `c IS NOT NULL` in any of the forms that PostgreSQL itself turns into it.
fn tested_not_null(node: &ast::Expr) -> Option<Ident> {
    match node {
        ast::Expr::PostfixExpr(it) => match it.op()? {
            PostfixOp::NotNull(_) => column(&it.expr()?),
            _ => None,
        },
        ast::Expr::PrefixExpr(it) => match it.op()? {
            PrefixOp::Not(_) => tested_null(&it.expr()?),
            _ => None,
        },
        ast::Expr::BinExpr(it) => {
            let (left, right) = (it.lhs()?, it.rhs()?);
            match it.op()? {
                BinOp::IsNot(_) | BinOp::IsDistinctFrom(_) if is_null_expr(&right) => column(&left),
                BinOp::IsDistinctFrom(_) if is_null_expr(&left) => column(&right),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The column of `c IS NULL`.
fn tested_null(node: &ast::Expr) -> Option<Ident> {
    match node {
        ast::Expr::ParenExpr(it) => tested_null(&it.expr()?),
        ast::Expr::PostfixExpr(it) => match it.op()? {
            PostfixOp::IsNull(_) => column(&it.expr()?),
            _ => None,
        },
        ast::Expr::BinExpr(it) => match it.op()? {
            BinOp::Is(_) if is_null_expr(&it.rhs()?) => column(&it.lhs()?),
            _ => None,
        },
        _ => None,
    }
}

fn column(node: &ast::Expr) -> Option<Ident> {
    match shape(node) {
        ExprShape::Column(it) => Some(it),
        _ => None,
    }
}

fn is_null_expr(node: &ast::Expr) -> bool {
    matches!(node, ast::Expr::Literal(it) if is_null(it))
}

fn is_null(literal: &ast::Literal) -> bool {
    matches!(literal.kind(), Some(LitKind::Null(_)))
}

/// Whether the expression holds literals only and calls nothing.
fn is_constant(node: &ast::Expr) -> bool {
    match node {
        ast::Expr::Literal(it) => {
            !matches!(it.kind(), Some(LitKind::PositionalParam(_) | LitKind::Default(_)) | None)
        }
        ast::Expr::ParenExpr(it) => it.expr().is_some_and(|it| is_constant(&it)),
        ast::Expr::CastExpr(it) => match it.expr() {
            Some(inner) => is_constant(&inner),
            None => it.literal().is_some(),
        },
        ast::Expr::PrefixExpr(it) => {
            matches!(it.op(), Some(PrefixOp::Minus(_) | PrefixOp::Plus(_)))
                && it.expr().is_some_and(|it| is_constant(&it))
        }
        ast::Expr::ArrayExpr(it) => it.select_variant().is_none() && it.exprs().all(|it| is_constant(&it)),
        ast::Expr::TupleExpr(it) => it.exprs().all(|it| is_constant(&it)),
        _ => false,
    }
}
