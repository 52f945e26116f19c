//! How far the transaction around a file's statements reaches.

use super::read::{Kind, Piece};
use crate::{
    effect::{Runner, predict},
    sql::{Statement, statement::Transaction},
};

/// How these statements are sent: as declared, else as they themselves show.
///
/// A file that controls its transactions itself, or that holds a statement which no transaction block allows, must be run statement by
/// statement. Anything else is taken to run as one transaction, as most runners do: the locks of one statement are held through the next.
pub(super) fn of(pieces: &[Piece], declared: Option<Runner>) -> Runner {
    match declared {
        // One statement alone commits by itself.
        Some(Runner::Query) if pieces.iter().filter(|it| is_sent(it)).count() < 2 => Runner::Own,
        Some(declared) => declared,
        None if pieces.iter().any(runs_alone) => Runner::Own,
        None => Runner::File,
    }
}

fn is_sent(piece: &Piece) -> bool {
    !matches!(piece.kind, Kind::Meta { .. })
}

fn runs_alone(piece: &Piece) -> bool {
    match &piece.kind {
        Kind::Statement(statement) => controls(statement) || predict::must_run_alone(statement),
        Kind::Unreadable { .. } | Kind::Meta { .. } => false,
    }
}

/// Whether a statement begins or ends transactions, or is code that does.
fn controls(statement: &Statement) -> bool {
    match statement {
        Statement::Transaction(
            Transaction::Begin
            | Transaction::Commit { .. }
            | Transaction::Rollback { .. }
            | Transaction::Prepare,
        ) => true,
        Statement::Do(body) => body.statements.iter().any(|it| controls(&it.statement)),
        _ => false,
    }
}
