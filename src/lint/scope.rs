//! How far the transaction around a file's statements reaches.

use super::read::{File, Kind};
use crate::{
    effect::{Scope, predict},
    sql::{Statement, statement::Transaction},
};

/// The scope of a file: as declared, else as the file itself shows.
///
/// A file that controls its transactions itself, or that holds a statement which no transaction block allows, must be run statement by
/// statement. Anything else is taken to run as one transaction, as most runners do: the locks of one statement are held through the next.
pub(super) fn of(file: &File, declared: Option<Scope>) -> Scope {
    declared.unwrap_or_else(|| {
        let runs_alone = file.pieces.iter().any(|it| match &it.kind {
            Kind::Statement(statement) => controls(statement) || predict::must_run_alone(statement),
            Kind::Unreadable { .. } | Kind::Meta { .. } => false,
        });
        if runs_alone { Scope::Own } else { Scope::File }
    })
}

fn controls(statement: &Statement) -> bool {
    matches!(
        statement,
        Statement::Transaction(
            Transaction::Begin
                | Transaction::Commit { .. }
                | Transaction::Rollback { .. }
                | Transaction::Prepare
        )
    )
}
