//! Calls and operators, and the functions behind SQL's special forms.

use squawk_syntax::SyntaxKind;
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::name::{folded, leaf, name_in_text};
use crate::sql::statement::{Ident, Name, Set};

/// The function that a call names. `pg_catalog` comes first in every search path and is left out.
pub(super) fn callee(node: &SyntaxNode) -> Option<Name> {
    if node.kind() == SyntaxKind::NAME_REF {
        return Some(Name { schema: None, name: leaf(node)? });
    }
    let name = leaf(&node.last_child()?)?;
    let base = node.first_child()?;
    // A database may stand in front of the schema.
    let schema = if base.kind() == SyntaxKind::FIELD_EXPR { base.last_child()? } else { base };
    Some(Name { schema: leaf(&schema).filter(|it| it != "pg_catalog"), name })
}

/// What looks like a call but is part of the grammar, without a function in the catalog.
pub(super) fn is_special_form(name: &str) -> bool {
    matches!(name, "coalesce" | "greatest" | "least" | "nullif" | "grouping" | "row" | "xmlconcat")
}

/// The function behind a special form with a grammar of its own.
pub(super) fn behind(kind: SyntaxKind, node: &SyntaxNode) -> Option<&'static str> {
    Some(match kind {
        SyntaxKind::EXTRACT_FN => "extract",
        SyntaxKind::SUBSTRING_FN => "substring",
        SyntaxKind::POSITION_FN => "position",
        SyntaxKind::OVERLAY_FN => "overlay",
        SyntaxKind::COLLATION_FOR_FN => "pg_collation_for",
        SyntaxKind::XML_EXISTS_FN => "xmlexists",
        SyntaxKind::TRIM_FN => match ast::TrimFn::cast(node.clone())?.trim_side() {
            Some(ast::TrimSide::TrimLeading(_)) => "ltrim",
            Some(ast::TrimSide::TrimTrailing(_)) => "rtrim",
            Some(ast::TrimSide::TrimBoth(_)) | None => "btrim",
        },
        _ => return None,
    })
}

/// `CURRENT_TIMESTAMP` and the other words that are a value without parentheses.
pub(super) fn is_value_keyword(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::CURRENT_CATALOG_KW
            | SyntaxKind::CURRENT_DATE_KW
            | SyntaxKind::CURRENT_ROLE_KW
            | SyntaxKind::CURRENT_SCHEMA_KW
            | SyntaxKind::CURRENT_TIME_KW
            | SyntaxKind::CURRENT_TIMESTAMP_KW
            | SyntaxKind::CURRENT_USER_KW
            | SyntaxKind::LOCALTIME_KW
            | SyntaxKind::LOCALTIMESTAMP_KW
            | SyntaxKind::SESSION_USER_KW
            | SyntaxKind::SYSTEM_USER_KW
            | SyntaxKind::USER_KW
    )
}

/// The operator of a binary or prefix expression, comparisons left out unless they are `OPERATOR(…)`.
pub(super) fn operator(node: &SyntaxNode) -> Option<Ident> {
    for child in node.children_with_tokens() {
        if let Some(token) = child.as_token() {
            match token.kind() {
                SyntaxKind::PLUS
                | SyntaxKind::MINUS
                | SyntaxKind::STAR
                | SyntaxKind::SLASH
                | SyntaxKind::PERCENT
                | SyntaxKind::CARET => return Some(Ident::new(token.text())),
                _ => {}
            }
        } else if let Some(node) = child.as_node() {
            match node.kind() {
                SyntaxKind::CUSTOM_OP => return Some(node.text().to_string().into()),
                SyntaxKind::OPERATOR_CALL => {
                    let op = ast::OperatorCall::cast(node.clone())?.op()?;
                    let text = op.syntax().text().to_string();
                    return Some(text.rsplit('.').next().unwrap_or(&text).trim().into());
                }
                _ => {}
            }
        }
    }
    None
}

/// The sequence that a call names in its first argument, a literal that is perhaps cast to `regclass`.
pub(super) fn sequence(call: &SyntaxNode) -> Option<Name> {
    let mut arg = ast::CallExpr::cast(call.clone())?.arg_list()?.args().next()?.expr()?;
    loop {
        arg = match arg {
            ast::Expr::Literal(it) => return name_in_text(&it.string_value()?),
            ast::Expr::CastExpr(it) => match it.literal() {
                Some(literal) if it.expr().is_none() => ast::Expr::Literal(literal),
                _ => it.expr()?,
            },
            ast::Expr::ParenExpr(it) => it.expr()?,
            _ => return None,
        };
    }
}

/// The column whose sequence a call finds by `pg_get_serial_sequence` in its first argument.
pub(super) fn serial_column(call: &SyntaxNode) -> Option<(Name, Ident)> {
    let ast::Expr::CallExpr(finder) = ast::CallExpr::cast(call.clone())?.arg_list()?.args().next()?.expr()?
    else {
        return None;
    };
    if callee(&finder.syntax().first_child()?)?.name != "pg_get_serial_sequence" {
        return None;
    }
    let mut texts = finder.arg_list()?.args().map(|it| match it.expr()? {
        ast::Expr::Literal(it) => it.string_value(),
        _ => None,
    });
    Some((name_in_text(&texts.next()??)?, texts.next()??.into()))
}

/// `set_config('name', 'value', is_local)`, if all three are literals.
pub(super) fn set_config(call: &SyntaxNode) -> Option<Set> {
    let args = ast::CallExpr::cast(call.clone())?.arg_list()?;
    let mut literals = args.args().map(|it| match it.expr() {
        Some(ast::Expr::Literal(literal)) => Some(literal),
        _ => None,
    });
    let setting = folded(&literals.next()??.string_value()?);
    let value = literals.next()??.string_value()?;
    let local = match literals.next()??.kind()? {
        ast::LitKind::True(_) => true,
        ast::LitKind::False(_) => false,
        _ => return None,
    };
    Some(Set { values: values(&setting, &value), setting, local })
}

/// A list in one string means the same as the list in `SET`.
fn values(setting: &str, value: &str) -> Vec<String> {
    if setting != "search_path" {
        return vec![value.to_owned()];
    }
    value.split(',').map(|it| it.trim().trim_matches('"').to_owned()).collect()
}
