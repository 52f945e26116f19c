//! What hangs on a relation: triggers, rules, policies, statistics.

use squawk_syntax::ast::{self, AstNode};

use super::calls::callee;
use super::expr::expr;
use super::name::{ident_of, name_of};
use super::{Origin, object, statement};
use crate::sql::statement::{CreateTrigger, Expr, Statement};

/// `CREATE TRIGGER`.
pub(super) fn create_trigger(node: &ast::CreateTrigger) -> Option<Statement> {
    let called = node.call_expr().and_then(|it| it.syntax().first_child());
    Some(Statement::CreateTrigger(CreateTrigger {
        name: ident_of(node.trigger())?,
        table: name_of(node.on_relation())?,
        or_replace: node.or_replace().is_some(),
        constraint: node.constraint_token().is_some(),
        for_each_row: matches!(node.trigger_level(), Some(ast::TriggerLevel::ForEachRow(_))),
        from: node.from_table().and_then(|it| name_of(it.table_name_ref())),
        function: called.and_then(|it| callee(&it)),
    }))
}

/// `ALTER TRIGGER`.
pub(super) fn alter_trigger(node: &ast::AlterTrigger) -> Option<Statement> {
    let rename_to = match node.action()? {
        ast::AlterTriggerAction::TriggerRenameTo(it) => Some(ident_of(it.trigger())?),
        ast::AlterTriggerAction::DependsOnExtension(_) | ast::AlterTriggerAction::NoDependsOnExtension(_) => {
            None
        }
    };
    Some(Statement::AlterTrigger {
        name: ident_of(node.trigger_ref())?,
        table: name_of(node.on_relation())?,
        rename_to,
    })
}

/// `CREATE RULE`.
pub(super) fn create_rule(node: &ast::CreateRule, origin: &Origin) -> Option<Statement> {
    Some(Statement::CreateRule {
        name: ident_of(node.rule())?,
        table: name_of(node.rule_on()?.relation_name_ref())?,
        or_replace: node.or_replace().is_some(),
        actions: rule_actions(node, origin),
    })
}

/// An action that cannot be read is left out: it does nothing now.
fn rule_actions(node: &ast::CreateRule, origin: &Origin) -> Vec<Statement> {
    let stmts: Vec<ast::RuleStmt> = match node.rule_do().and_then(|it| it.rule_action()) {
        Some(ast::RuleAction::RuleStmtList(it)) => it.rule_stmts().collect(),
        Some(ast::RuleAction::RuleStmt(it)) => vec![it],
        Some(ast::RuleAction::Nothing(_)) | None => Vec::new(),
    };
    stmts.iter().filter_map(|it| statement(it.syntax(), origin)).collect()
}

/// `ALTER RULE`.
pub(super) fn alter_rule(node: &ast::AlterRule) -> Option<Statement> {
    Some(Statement::AlterRule {
        name: ident_of(node.rule_ref())?,
        table: name_of(node.on_relation())?,
        rename_to: node.rule_rename_to().and_then(|it| ident_of(it.rule())),
    })
}

/// `CREATE POLICY`.
pub(super) fn create_policy(node: &ast::CreatePolicy) -> Option<Statement> {
    Some(Statement::CreatePolicy {
        name: ident_of(node.policy())?,
        table: name_of(node.on_table())?,
        restrictive: node
            .as_policy_type()
            .and_then(|it| it.ident_token())
            .is_some_and(|it| it.text().eq_ignore_ascii_case("restrictive")),
        writes_of_all: !matches!(
            node.policy_command().and_then(|it| it.command()),
            Some(ast::PolicyCommandKind::PolicyCommandSelect(_))
        ) && node.policy_roles().is_none_or(|it| object::has_public(it.role_ref_list())),
        exprs: exprs(node.using_expr_clause(), node.with_check_expr_clause()),
    })
}

/// `ALTER POLICY`.
pub(super) fn alter_policy(node: &ast::AlterPolicy) -> Option<Statement> {
    let (rename_to, exprs) = match node.action()? {
        ast::AlterPolicyAction::PolicyRenameTo(it) => (Some(ident_of(it.policy())?), Vec::new()),
        ast::AlterPolicyAction::AlterPolicyTo(it) => {
            (None, exprs(it.using_expr_clause(), it.with_check_expr_clause()))
        }
    };
    Some(Statement::AlterPolicy {
        name: ident_of(node.policy_ref())?,
        table: name_of(node.on_table())?,
        rename_to,
        exprs,
    })
}

fn exprs(using: Option<ast::UsingExprClause>, check: Option<ast::WithCheckExprClause>) -> Vec<Expr> {
    let using = using.and_then(|it| it.expr());
    using.into_iter().chain(check.and_then(|it| it.expr())).map(|it| expr(&it)).collect()
}

/// `CREATE STATISTICS`.
pub(super) fn create_statistics(node: &ast::CreateStatistics) -> Statement {
    Statement::CreateStatistics {
        name: name_of(node.statistics()),
        if_not_exists: node.if_not_exists().is_some(),
        table: node.from_table().and_then(|it| name_of(it.table_name_ref())),
    }
}
