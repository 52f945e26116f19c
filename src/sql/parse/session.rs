//! Statements about the transaction and the session.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::constant::is_string;
use super::name::{folded, ident_of, leaf};
use crate::sql::statement::{Ident, Set, Statement, Transaction};

/// `COMMIT`, `END`, `COMMIT PREPARED`.
pub(super) fn commit(node: &ast::Commit) -> Statement {
    Statement::Transaction(match node {
        ast::Commit::CommitPrepared(_) => Transaction::FinishPrepared,
        ast::Commit::CommitTransaction(it) => Transaction::Commit { chain: chains(it.chain_clause()) },
    })
}

/// `ROLLBACK`, `ABORT`, `ROLLBACK TO`, `ROLLBACK PREPARED`.
pub(super) fn rollback(node: &ast::Rollback) -> Option<Statement> {
    Some(Statement::Transaction(match node {
        ast::Rollback::RollbackPrepared(_) => Transaction::FinishPrepared,
        ast::Rollback::RollbackToSavepoint(it) => Transaction::RollbackTo(ident_of(it.savepoint_ref())?),
        ast::Rollback::RollbackTransaction(it) => Transaction::Rollback { chain: chains(it.chain_clause()) },
    }))
}

pub(super) fn chains(clause: Option<ast::ChainClause>) -> bool {
    matches!(clause, Some(ast::ChainClause::AndChain(_)))
}

/// `SET`.
pub(super) fn set(node: &ast::Set) -> Option<Statement> {
    let local = matches!(node.set_scope(), Some(ast::SetScope::LocalScope(_)));
    let (setting, values) = match node.set_target()? {
        ast::SetTarget::SetCatalog(_) => (Ident::new_static("catalog"), Vec::new()),
        ast::SetTarget::SetConfig(it) => {
            (parameter(&it.config_parameter_ref()?)?, assigned(it.config_assignment()))
        }
        ast::SetTarget::SetSchemaValue(it) => (
            Ident::new_static("search_path"),
            it.literal().and_then(|it| it.string_value()).into_iter().collect(),
        ),
        ast::SetTarget::SetTimeZone(it) => {
            let value = it.config_value().map(|it| value(it.syntax()));
            let interval = it.cast_expr().map(|it| it.syntax().text().to_string());
            (Ident::new_static("timezone"), value.or(interval).into_iter().collect())
        }
        ast::SetTarget::SetXmlOption(it) => {
            let value = it.xml_document_or_content().map(|it| value(it.syntax()));
            (Ident::new_static("xmloption"), value.into_iter().collect())
        }
    };
    Some(Statement::Set(Set { setting, local, values }))
}

/// The name of a setting, with its prefix if it is a custom one. Settings are not case-sensitive, even in quotes.
pub(super) fn parameter(node: &ast::ConfigParameterRef) -> Option<Ident> {
    let path = node.path_ref()?;
    let name = leaf(path.segment()?.syntax())?;
    let setting = match path.qualifier().and_then(|it| it.segment()) {
        Some(prefix) => Ident::from(format!("{}.{name}", leaf(prefix.syntax())?)),
        None => name,
    };
    Some(match folded(&setting).as_str() {
        "names" => Ident::new_static("client_encoding"),
        _ => folded(&setting),
    })
}

/// The values of a `SET`; none for `TO DEFAULT` and `FROM CURRENT`.
pub(super) fn assigned(node: Option<ast::ConfigAssignment>) -> Vec<String> {
    match node {
        Some(ast::ConfigAssignment::ToConfigValue(it)) => {
            it.config_values().map(|it| value(it.syntax())).collect()
        }
        Some(ast::ConfigAssignment::FromCurrent(_)) | None => Vec::new(),
    }
}

fn value(node: &SyntaxNode) -> String {
    if let Some(literal) = ast::Literal::cast(node.clone()) {
        return literal
            .string_value()
            .filter(|_| is_string(&literal))
            .unwrap_or_else(|| node.text().to_string());
    }
    match ast::ConfigValueName::cast(node.clone()) {
        Some(name) => leaf(name.syntax()).map(String::from).unwrap_or_default(),
        None => node.text().to_string(),
    }
}

/// `RESET`.
pub(super) fn reset(node: &ast::Reset) -> Option<Statement> {
    let setting = match node.reset_target()? {
        ast::ResetTarget::All(_) => None,
        ast::ResetTarget::ConfigParameterRef(it) => Some(parameter(&it)?),
        ast::ResetTarget::ResetTimeZone(_) => Some(Ident::new_static("timezone")),
        ast::ResetTarget::ResetTransactionIsolation(_) => Some(Ident::new_static("transaction_isolation")),
    };
    Some(Statement::Reset { setting })
}

/// `SET ROLE`.
pub(super) fn set_role(node: &ast::SetRole) -> Statement {
    let role = match node.set_role_target() {
        Some(ast::SetRoleTarget::Literal(it)) => it.string_value().map(Into::into),
        Some(ast::SetRoleTarget::RoleRef(it)) => ident_of(Some(it)),
        Some(ast::SetRoleTarget::SetRoleNone(_)) | None => None,
    };
    Statement::SetRole { role }
}

/// `SET SESSION AUTHORIZATION`.
pub(super) fn set_session_authorization(node: &ast::SetSessionAuth) -> Statement {
    let role = match node.set_session_auth_target() {
        Some(ast::SetSessionAuthTarget::Literal(it)) => it.string_value().map(Into::into),
        Some(ast::SetSessionAuthTarget::RoleRef(it)) => ident_of(Some(it)),
        Some(ast::SetSessionAuthTarget::SetSessionAuthDefault(_)) | None => None,
    };
    Statement::SetRole { role }
}

/// `SET NAMES 'encoding'`, which the parser does not know.
pub(super) fn set_names(text: &str) -> Option<Statement> {
    let mut words = text.trim_end().trim_end_matches(';').split_whitespace();
    let set = words.next()?;
    let mut names = words.next()?;
    let local = names.eq_ignore_ascii_case("local");
    if local || names.eq_ignore_ascii_case("session") {
        names = words.next()?;
    }
    let value = words.next()?;
    if !set.eq_ignore_ascii_case("set") || !names.eq_ignore_ascii_case("names") || words.next().is_some() {
        return None;
    }
    let values = match value {
        _ if value.eq_ignore_ascii_case("default") => Vec::new(),
        _ => vec![value.trim_matches('\'').to_owned()],
    };
    Some(Statement::Set(Set { setting: Ident::new_static("client_encoding"), local, values }))
}
