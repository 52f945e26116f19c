//! `DROP`.

use squawk_syntax::ast::{self, AstChildren, AstNode};

use super::alter::cascades;
use super::name::{ident_of, name_of, names};
use crate::sql::statement::{DropObject, DropRelation, Name, ObjectKind, RelationKind, Statement};

/// `DROP` of relations.
pub(super) fn relations<N: AstNode>(
    kind: RelationKind,
    nodes: AstChildren<N>,
    if_exists: Option<ast::IfExists>,
    behavior: Option<ast::DropBehavior>,
) -> Statement {
    Statement::DropRelation(DropRelation {
        kind,
        names: names(nodes),
        if_exists: if_exists.is_some(),
        cascade: cascades(behavior),
        concurrently: false,
    })
}

/// `DROP INDEX`.
pub(super) fn index(node: &ast::DropIndex) -> Statement {
    Statement::DropRelation(DropRelation {
        kind: RelationKind::Index,
        names: names(node.index_refs()),
        if_exists: node.if_exists().is_some(),
        cascade: cascades(node.drop_behavior()),
        concurrently: node.concurrently_token().is_some(),
    })
}

/// `DROP` of objects that are not relations.
pub(super) fn objects(
    kind: ObjectKind,
    names: Vec<Name>,
    if_exists: Option<ast::IfExists>,
    behavior: Option<ast::DropBehavior>,
) -> Statement {
    Statement::DropObject(DropObject {
        kind,
        names,
        if_exists: if_exists.is_some(),
        cascade: cascades(behavior),
    })
}

/// `DROP TRIGGER`.
pub(super) fn trigger(node: &ast::DropTrigger) -> Option<Statement> {
    Some(Statement::DropTrigger {
        name: ident_of(node.trigger_ref())?,
        table: name_of(node.on_relation())?,
        if_exists: node.if_exists().is_some(),
        cascade: cascades(node.drop_behavior()),
    })
}

/// `DROP RULE`.
pub(super) fn rule(node: &ast::DropRule) -> Option<Statement> {
    Some(Statement::DropRule {
        name: ident_of(node.rule_ref())?,
        table: name_of(node.on_relation())?,
        if_exists: node.if_exists().is_some(),
        cascade: cascades(node.drop_behavior()),
    })
}

/// `DROP POLICY`.
pub(super) fn policy(node: &ast::DropPolicy) -> Option<Statement> {
    Some(Statement::DropPolicy {
        name: ident_of(node.policy_ref())?,
        table: name_of(node.on_table())?,
        if_exists: node.if_exists().is_some(),
    })
}
