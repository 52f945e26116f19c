//! What a statement will do, from SQL, the catalog so far and the server's major version. Pure.
//!
//! One file a family of statements; each fact stands where it is used, with its source, and is observed on every supported major by
//! `fixtures/effects/`. Nothing here knows of rules or messages.

mod alter_table;
mod bound;
mod closure;
mod effects;
mod held;
mod type_change;
mod volatility;

use crate::{catalog::Catalog, effect::Effect, sql::statement::Statement};

pub(crate) use effects::{Effects, Known};
pub use held::held;

/// The effects of `statement` on a server of `major`, run after everything that `catalog` has seen.
///
/// Relations that the statement itself makes are not in the list, since nobody can wait for them.
/// What stands inside DO bodies and called functions is not looked into: the caller runs those statements one by one.
pub fn predict(statement: &Statement, catalog: &Catalog, major: u16) -> Vec<Effect> {
    let mut effects = Effects::new(catalog, major);
    match statement {
        Statement::Alter(it) => alter_table::predict(it, &mut effects),
        _ => {}
    }
    effects.finish()
}

/// Whether no transaction block allows `statement`.
pub fn must_run_alone(statement: &Statement) -> bool {
    match statement {
        Statement::CreateIndex(it) => it.concurrently,
        Statement::DropRelation(it) => it.concurrently,
        Statement::Reindex { concurrently, .. } => *concurrently,
        Statement::Vacuum { .. } | Statement::AlterSystem { .. } | Statement::CreateDatabase { .. } => true,
        _ => false,
    }
}
