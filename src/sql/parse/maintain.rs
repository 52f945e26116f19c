//! `VACUUM`, `ANALYZE`, `CLUSTER`, `REINDEX`, `REFRESH`, `LOCK`, `TRUNCATE`.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::alter::cascades;
use super::is_off;
use super::name::{ident_of, leaf, name_of, relation_ref, table_ref};
use super::table::with_data;
use crate::sql::statement::{Name, ReindexTarget, Statement};

/// `TRUNCATE`.
pub(super) fn truncate(node: &ast::Truncate) -> Option<Statement> {
    Some(Statement::Truncate {
        tables: node.table_list()?.table_relation_names().filter_map(|it| table_ref(&it)).collect(),
        cascade: cascades(node.drop_behavior()),
        restart_identity: matches!(node.identity_action(), Some(ast::IdentityAction::RestartIdentity(_))),
    })
}

/// `REINDEX`.
pub(super) fn reindex(node: &ast::Reindex) -> Option<Statement> {
    let target = match node.reindex_target()? {
        ast::ReindexTarget::ReindexTargetIndex(it) => ReindexTarget::Index(name_of(it.index_ref())?),
        ast::ReindexTarget::ReindexTargetTable(it) => ReindexTarget::Table(name_of(it.table_name_ref())?),
        ast::ReindexTarget::ReindexTargetSchema(it) => ReindexTarget::Schema(ident_of(it.schema_ref())?),
        ast::ReindexTarget::ReindexTargetDatabase(it) => ReindexTarget::Database(ident_of(it.database_ref())),
        ast::ReindexTarget::ReindexTargetSystem(it) => ReindexTarget::System(ident_of(it.database_ref())),
    };
    Some(Statement::Reindex { target, concurrently: node.is_concurrently() })
}

/// `CLUSTER`, in its new form and in the old `CLUSTER index ON table`.
pub(super) fn cluster(node: &ast::Cluster) -> Statement {
    match node.cluster_legacy() {
        Some(legacy) => Statement::Cluster {
            table: legacy.on_path().and_then(|it| name_of(it.table_name_ref())),
            index: ident_of(legacy.index_ref()),
        },
        None => Statement::Cluster {
            table: name_of(node.table_name_ref()),
            index: node.cluster_using_index().and_then(|it| ident_of(it.index_ref())),
        },
    }
}

/// `VACUUM`.
pub(super) fn vacuum(node: &ast::Vacuum) -> Statement {
    let option = |wanted: &[&str]| {
        node.vacuum_option_list().is_some_and(|list| {
            list.vacuum_options().any(|it| {
                let named = it.vacuum_option_name().and_then(|it| leaf(it.syntax()));
                named.is_some_and(|it| wanted.contains(&it.as_str()))
                    && !it.vacuum_option_value().is_some_and(|it| is_off(it.syntax()))
            })
        })
    };
    Statement::Vacuum {
        tables: tables(node.table_and_columns_list()),
        full: node.is_full(),
        analyze: node.analyze_token().is_some()
            || node.analyse_token().is_some()
            || option(&["analyze", "analyse"]),
    }
}

/// `ANALYZE`.
pub(super) fn analyze(node: &ast::Analyze) -> Statement {
    Statement::Analyze { tables: tables(node.table_and_columns_list()) }
}

/// `REPACK`.
pub(super) fn repack(node: &ast::Repack) -> Statement {
    let concurrently = node.option_item_list().is_some_and(|list| {
        list.option_items().any(|it| {
            it.option_item_key().and_then(|it| leaf(it.syntax())).as_deref() == Some("concurrently")
                && !it.option_item_value().is_some_and(|it| is_off(it.syntax()))
        })
    });
    Statement::Repack { table: tables(node.table_and_columns_list()).pop(), concurrently }
}

fn tables(list: Option<ast::TableAndColumnsList>) -> Vec<Name> {
    let Some(list) = list else { return Vec::new() };
    list.table_and_columnss().filter_map(|it| Some(table_ref(&it.table_relation_name()?)?.name)).collect()
}

/// `REFRESH MATERIALIZED VIEW`.
pub(super) fn refresh(node: &ast::Refresh) -> Option<Statement> {
    Some(Statement::RefreshMaterializedView {
        name: name_of(node.view_ref())?,
        concurrently: node.concurrently_token().is_some(),
        with_data: with_data(node.data_option()),
    })
}

/// `LOCK TABLE`.
pub(super) fn lock(node: &ast::Lock) -> Option<Statement> {
    let mode = node.lock_mode_clause().and_then(|it| it.lock_mode()).map(|it| words(it.syntax()));
    Some(Statement::LockTable {
        tables: node.relation_list()?.relation_names().filter_map(|it| relation_ref(&it)).collect(),
        mode: mode.unwrap_or_else(|| "ACCESS EXCLUSIVE".to_owned()),
        nowait: node.nowait().is_some(),
    })
}

/// The keywords of a node, in capitals and one space apart.
fn words(node: &SyntaxNode) -> String {
    let mut words = String::new();
    for token in node.children_with_tokens().filter_map(squawk_syntax::SyntaxElement::into_token) {
        if !token.kind().is_trivia() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(&token.text().to_ascii_uppercase());
        }
    }
    words
}
