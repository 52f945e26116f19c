//! Strings that are known before anything runs.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode, BinOp};

use super::calls::callee;

/// The text of an expression that is a string whatever the data: a literal, a concatenation of such, or `format` of such.
pub(super) fn text(node: &ast::Expr) -> Option<String> {
    match node {
        ast::Expr::Literal(it) => match it.kind()? {
            ast::LitKind::String(_)
            | ast::LitKind::EscString(_)
            | ast::LitKind::DollarQuotedString(_)
            | ast::LitKind::NationalString(_)
            | ast::LitKind::UnicodeEscString(_) => it.string_value(),
            ast::LitKind::IntNumber(it) | ast::LitKind::NumericNumber(it) => Some(it.text().to_owned()),
            _ => None,
        },
        ast::Expr::ParenExpr(it) => text(&it.expr()?),
        ast::Expr::CastExpr(it) => text(&it.expr()?),
        ast::Expr::BinExpr(it) => concatenated(it),
        ast::Expr::CallExpr(it) => called(it),
        _ => None,
    }
}

/// `a || b || c`, which leans to the left.
fn concatenated(node: &ast::BinExpr) -> Option<String> {
    let mut parts = Vec::new();
    let mut node = node.clone();
    loop {
        match node.op()? {
            BinOp::CustomOp(it) if it.syntax().text() == "||" => {}
            _ => return None,
        }
        parts.push(text(&node.rhs()?)?);
        match node.lhs()? {
            ast::Expr::BinExpr(left) => node = left,
            first => {
                parts.push(text(&first)?);
                parts.reverse();
                return Some(parts.concat());
            }
        }
    }
}

fn called(node: &ast::CallExpr) -> Option<String> {
    let function = callee(&node.syntax().first_child()?)?;
    let mut args = node.arg_list()?.args().map(|it| text(&it.expr()?));
    let first = args.next()??;
    match (function.schema, function.name.as_str()) {
        (None, "format") => formatted(&first, args),
        (None, "quote_ident") => Some(quoted_ident(&first)),
        (None, "quote_literal") => Some(quoted_literal(&first)),
        _ => None,
    }
}

/// `format` with `%s`, `%I` and `%L` in turn; positions and widths are left to the server.
fn formatted(pattern: &str, mut args: impl Iterator<Item = Option<String>>) -> Option<String> {
    let mut text = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        match chars.next()? {
            '%' => text.push('%'),
            's' => text.push_str(&args.next()??),
            'I' => text.push_str(&quoted_ident(&args.next()??)),
            'L' => text.push_str(&quoted_literal(&args.next()??)),
            _ => return None,
        }
    }
    Some(text)
}

/// Quoted always: the text is only read again, so that it need not be pretty.
fn quoted_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quoted_literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Whether a literal is a string of any kind, and not a number, a keyword or a parameter.
pub(super) fn is_string(literal: &ast::Literal) -> bool {
    literal.syntax().first_token().is_some_and(|it| {
        matches!(
            it.kind(),
            SyntaxKind::STRING
                | SyntaxKind::ESC_STRING
                | SyntaxKind::DOLLAR_QUOTED_STRING
                | SyntaxKind::NATIONAL_STRING
                | SyntaxKind::UNICODE_ESC_STRING
        )
    })
}
