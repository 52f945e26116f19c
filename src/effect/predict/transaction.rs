//! The transaction: statements that cannot be inside a transaction block, and those that do nothing outside one.
//!
//! Source: the callers of `PreventInTransactionBlock`, `RequireTransactionBlock` and `WarnNoTransactionBlock`
//! (`src/backend/access/transam/xact.c`); manual, the Notes of each statement. Observed by `fixtures/effects/session.sql`.

use super::{Effects, attached::no_effect};
use crate::{
    effect::{Action, Effect, Harm, Manner, Reason},
    sql::statement::{
        AlterAction, AlterObject, Detach, ObjectKind, ReindexTarget, RelationKind, Set, Statement,
        Transaction,
    },
};

/// Why no transaction block allows the statement: what to call it and its action. `None` when it may be in one.
///
/// What depends on the kind of a relation is decided by [`is_refused`].
pub(super) fn alone(statement: &Statement, major: u16) -> Option<(&'static str, Action)> {
    Some(match statement {
        Statement::CreateIndex(it) if it.concurrently => ("CREATE INDEX CONCURRENTLY", Action::CreateIndex),
        Statement::DropRelation(it) if it.concurrently => ("DROP INDEX CONCURRENTLY", Action::DropIndex),
        Statement::Reindex { concurrently: true, .. } => ("REINDEX CONCURRENTLY", Action::Reindex),
        Statement::Reindex { target, .. } => match target {
            ReindexTarget::Schema(_) => ("REINDEX SCHEMA", Action::Reindex),
            ReindexTarget::Database(_) => ("REINDEX DATABASE", Action::Reindex),
            ReindexTarget::System(_) => ("REINDEX SYSTEM", Action::Reindex),
            ReindexTarget::Index(_) | ReindexTarget::Table(_) => return None,
        },
        // Before 14 its grammar is what refuses it.
        Statement::Alter(it) if major >= 14 && it.actions.iter().any(is_concurrent_detach) => {
            ("ALTER TABLE … DETACH CONCURRENTLY", Action::DetachPartition)
        }
        Statement::Vacuum { .. } => ("VACUUM", Action::Vacuum),
        Statement::Cluster { table: None, .. } => ("CLUSTER", Action::Cluster),
        Statement::Repack { table: None, .. } | Statement::Repack { concurrently: true, .. } => {
            ("REPACK", Action::Repack)
        }
        Statement::AlterSystem { .. } => ("ALTER SYSTEM", Action::AlterSystem),
        Statement::AlterDatabase { action: AlterObject::SetTablespace, .. } => {
            ("ALTER DATABASE … SET TABLESPACE", Action::AlterDatabase)
        }
        Statement::CreateDatabase { .. } => ("CREATE DATABASE", Action::CreateDatabase),
        Statement::CreateSubscription { creates_slot: true, .. } => {
            ("CREATE SUBSCRIPTION with a replication slot", Action::CreateSubscription)
        }
        Statement::DropObject(it) if it.kind == ObjectKind::Database => {
            ("DROP DATABASE", Action::DropDatabase)
        }
        Statement::DropObject(it) if it.kind == ObjectKind::Tablespace => {
            ("DROP TABLESPACE", Action::DropObject)
        }
        Statement::Other(ObjectKind::Tablespace) => ("CREATE TABLESPACE", Action::Other),
        Statement::Discard { all: true } => ("DISCARD ALL", Action::Other),
        _ => return None,
    })
}

fn is_concurrent_detach(action: &AlterAction) -> bool {
    matches!(action, AlterAction::DetachPartition { mode: Detach::Concurrently, .. })
}

/// Whether the statement fails because of where it stands; then that is said.
pub(super) fn is_refused(statement: &Statement, effects: &mut Effects<'_>) -> bool {
    let is_detach = matches!(statement, Statement::Alter(it) if it.actions.iter().any(is_concurrent_detach));
    // Before 14 the grammar does not know it, wherever it stands.
    if effects.catalog.session.open.is_none() || is_detach && effects.major < 14 {
        return false;
    }
    let Some((what, action)) = alone(statement, effects.major).or_else(|| of_partitioned(statement, effects))
    else {
        return false;
    };
    let detail = format!("{what} cannot run inside a transaction block");
    effects.fails(action, None, Reason::InTransaction, "25001", detail);
    true
}

/// What commits after each partition: REINDEX since 14, CLUSTER since 15.
fn of_partitioned(statement: &Statement, effects: &Effects<'_>) -> Option<(&'static str, Action)> {
    let kind_of = |name, kind| effects.known(name, kind).relation.kind;
    match statement {
        Statement::Reindex { target: ReindexTarget::Index(name), .. } if effects.major >= 14 => {
            let is_it = kind_of(name, RelationKind::Index) == RelationKind::PartitionedIndex;
            is_it.then_some(("REINDEX INDEX of a partitioned index", Action::Reindex))
        }
        Statement::Reindex { target: ReindexTarget::Table(name), .. } if effects.major >= 14 => {
            let is_it = kind_of(name, RelationKind::Table) == RelationKind::PartitionedTable;
            is_it.then_some(("REINDEX TABLE of a partitioned table", Action::Reindex))
        }
        Statement::Cluster { table: Some(name), .. } if effects.major >= 15 => {
            let is_it = kind_of(name, RelationKind::Table) == RelationKind::PartitionedTable;
            is_it.then_some(("CLUSTER of a partitioned table", Action::Cluster))
        }
        _ => None,
    }
}

/// COMMIT or ROLLBACK in code that cannot end its transaction: a block is open around it, or a function that is no procedure ran it.
///
/// Source: manual, Transaction Management of PL/pgSQL; `_SPI_commit` in `src/backend/executor/spi.c`.
pub fn refused_in_code(by_do_or_call: bool) -> Effect {
    let detail = if by_do_or_call {
        "code cannot end the transaction block that is open around it"
    } else {
        "code that a query calls cannot end the transaction"
    };
    let mut effect =
        Effect::of(Action::Transaction).because(Reason::InTransaction).harm(Harm::Fails).detail(detail);
    effect.sqlstate = Some("2D000");
    effect
}

/// Adds what transaction control and SET do that a reader may not expect.
pub(super) fn predict(statement: &Statement, effects: &mut Effects<'_>) {
    let is_open = effects.catalog.session.open.is_some();
    match statement {
        Statement::Transaction(it) => control(it, is_open, effects),
        Statement::Set(it) => set(it, is_open, effects),
        Statement::SetConstraints if !is_open => {
            no_effect(Action::Set, Reason::OutsideTransaction, Some("constraints".into()), effects);
        }
        _ => {}
    }
}

fn control(statement: &Transaction, is_open: bool, effects: &mut Effects<'_>) {
    let action = Action::Transaction;
    match statement {
        Transaction::Begin if is_open => no_effect(action, Reason::InTransaction, None, effects),
        Transaction::Commit { chain: false } | Transaction::Rollback { chain: false } if !is_open => {
            no_effect(action, Reason::OutsideTransaction, None, effects);
        }
        Transaction::Commit { .. }
        | Transaction::Rollback { .. }
        | Transaction::Savepoint(_)
        | Transaction::Release(_)
        | Transaction::RollbackTo(_)
            if !is_open =>
        {
            let detail = "this can only be used in a transaction block";
            effects.fails(action, None, Reason::OutsideTransaction, "25P01", detail);
        }
        Transaction::FinishPrepared if is_open => {
            let detail = "a prepared transaction cannot be ended inside a transaction block";
            effects.fails(action, None, Reason::InTransaction, "25001", detail);
        }
        _ => {}
    }
}

fn set(set: &Set, is_open: bool, effects: &mut Effects<'_>) {
    if set.local && !is_open {
        no_effect(Action::Set, Reason::OutsideTransaction, Some(set.setting.clone()), effects);
        return;
    }
    let mut effect = Effect::of(Action::Set).object(set.setting.clone());
    if set.setting == "session_replication_role"
        && set.values.first().is_some_and(|it| it.eq_ignore_ascii_case("replica"))
    {
        effect = effect.because(Reason::TriggersOff);
    }
    effects.push(effect.manner_if(set.local, Manner::Local));
}
