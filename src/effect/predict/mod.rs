//! What a statement will do, from SQL, the catalog so far and the server's major version. Pure.
//!
//! One file a family of statements; each fact stands where it is used, with its source, and is observed on every supported major by
//! `fixtures/effects/`. Nothing here knows of rules or messages.

mod alter_table;
mod attach_index;
mod attached;
mod bound;
mod calls;
mod closure;
mod create_as;
mod create_index;
mod create_table;
mod drop;
mod drop_index;
mod effects;
mod enum_value;
mod exposure;
mod foreign_keys;
mod held;
mod immutable;
mod lock_table;
mod objects;
mod publication;
mod published;
mod reads;
mod reindex;
mod rows;
mod shape;
mod transaction;
mod truncate;
mod type_change;
mod types;
mod upkeep;
mod vacuum;
mod volatility;

use crate::{
    catalog::Catalog,
    effect::{Action, Effect},
    sql::statement::{RelationKind, Statement},
};

pub(crate) use calls::takes_unknown_time;
pub(crate) use effects::{Effects, Known};
pub use held::held;
pub use transaction::refused_in_code;
pub(crate) use volatility::is_volatile;

/// The effects of `statement` on a server of `major`, run after everything that `catalog` has seen.
///
/// Relations that the statement itself makes are not in the list, since nobody can wait for them.
/// What stands inside DO bodies and called functions is not looked into: the caller runs those statements one by one.
pub fn predict(statement: &Statement, catalog: &Catalog, major: u16) -> Vec<Effect> {
    let mut effects = Effects::new(catalog, major);
    predict_into(statement, &mut effects);
    effects.finish()
}

/// The effects of `statement` as [`predict`] tells them, with what the session makes of them: which tables it has emptied, and which locks
/// it has already.
pub fn predict_in_session(statement: &Statement, catalog: &Catalog, major: u16) -> Vec<Effect> {
    let mut effects = predict(statement, catalog, major);
    held::mark_empty(&mut effects, catalog);
    held::mark_held(&mut effects, &catalog.session);
    effects
}

fn predict_into(statement: &Statement, effects: &mut Effects<'_>) {
    if transaction::is_refused(statement, effects) || enum_value::is_too_early(statement, effects) {
        return;
    }
    shape::predict(statement, effects);
    upkeep::predict(statement, effects);
    match statement {
        Statement::Alter(it) => alter_table::predict(it, effects),
        Statement::AttachIndex { parent, child } => attach_index::attach(parent, child, effects),
        Statement::AlterAllInTablespace { kind, tablespace } => {
            attach_index::move_all(*kind, tablespace, effects);
        }
        Statement::CreateTable(it) => create_table::predict(it, effects),
        Statement::CreateTableAs(it) => {
            create_as::create(it, Action::CreateTableAs, RelationKind::Table, effects);
        }
        Statement::CreateMaterializedView(it) => {
            create_as::create(it, Action::CreateMaterializedView, RelationKind::MaterializedView, effects);
        }
        Statement::CreateView(it) => create_as::create_view(it, effects),
        Statement::RefreshMaterializedView { name, concurrently, with_data } => {
            create_as::refresh(name, *concurrently, *with_data, effects);
        }
        Statement::CreateIndex(it) => create_index::predict(it, effects),
        Statement::DropRelation(it) if it.kind == RelationKind::Index => drop_index::predict(it, effects),
        Statement::DropRelation(it) => drop::predict(it, effects),
        Statement::Truncate { tables, cascade, restart_identity } => {
            truncate::predict(tables, *cascade, *restart_identity, effects);
        }
        Statement::Reindex { target, concurrently } => reindex::predict(target, *concurrently, effects),
        Statement::Cluster { table, index } => vacuum::cluster(table.as_ref(), index.as_ref(), effects),
        Statement::Vacuum { tables, full, analyze } => vacuum::vacuum(tables, *full, *analyze, effects),
        Statement::Analyze { tables } => vacuum::analyze(tables, effects),
        Statement::Repack { table, concurrently } => vacuum::repack(table.as_ref(), *concurrently, effects),
        Statement::LockTable { tables, mode, .. } => lock_table::predict(tables, mode, effects),
        Statement::AlterType { name, action } => types::alter_type(name, action, effects),
        Statement::AlterDomain { name, action } => types::alter_domain(name, action, effects),
        Statement::CreatePublication { name, members } => publication::create(name, members, effects),
        Statement::AlterPublication { name, change } => publication::alter(name, change, effects),
        Statement::CreateSchema { elements, .. } => {
            for element in elements {
                predict_into(element, effects);
            }
        }
        _ => {
            // Each of these looks at its own family only.
            rows::predict(statement, rows::Depth::Run, effects);
            attached::predict(statement, effects);
            objects::predict(statement, effects);
            transaction::predict(statement, effects);
        }
    }
}

/// Whether no transaction block allows `statement`.
pub fn must_run_alone(statement: &Statement) -> bool {
    transaction::alone(statement, u16::MAX).is_some()
}
