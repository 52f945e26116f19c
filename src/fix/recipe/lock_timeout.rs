//! `SET lock_timeout` in front of what waits for a strong lock, and `SET lock_timeout = 0` in front of what must not give up.

use super::At;
use crate::{
    effect::{Runner, predict},
    fix::{layout::Piece, rewrite::Rewrite},
    sql::Statement,
};

/// Sets it.
pub(super) fn set(at: &At<'_>) -> Result<Rewrite, String> {
    let in_block = at.layout.pieces.get(at.n).ok_or("the statement is not found")?.begin.is_some();
    // Where nobody said that there is a transaction, SET LOCAL might do nothing.
    let is_local = in_block
        || at.situation.transaction.is_shared() && matches!(at.runner(), Some(Runner::File | Runner::Batch));
    let local = if is_local { "LOCAL " } else { "" };
    let before = format!("SET {local}lock_timeout = '{}'", at.lock_timeout);
    let next = rest(at).find(|it| sets_lock_timeout(it) || runs_alone(it));
    // A concurrent build waits for other transactions by its nature and must not be cut short.
    let after =
        next.filter(|it| !is_local && !sets_lock_timeout(it)).map(|_| "RESET lock_timeout".to_owned());
    Ok(Rewrite::Around { before, after })
}

/// Lifts it for one statement.
pub(super) fn lift(at: &At<'_>) -> Result<Rewrite, String> {
    let again = at.situation.lock_timeout_ms.ok_or("no lock_timeout is in force")?;
    // A second build right behind must not be cut short either.
    let is_needed = rest(at).next().is_some_and(|it| !sets_lock_timeout(it) && !runs_alone(it));
    let after = is_needed.then(|| format!("SET lock_timeout = '{}'", shown(again)));
    Ok(Rewrite::Around { before: "SET lock_timeout = 0".to_owned(), after })
}

fn rest<'a>(at: &At<'a>) -> impl Iterator<Item = &'a Piece> {
    at.layout.pieces.iter().skip(at.n + 1)
}

fn runs_alone(piece: &Piece) -> bool {
    piece.statement.as_ref().is_some_and(predict::must_run_alone)
}

fn sets_lock_timeout(piece: &Piece) -> bool {
    match &piece.statement {
        Some(Statement::Set(set)) => set.setting == "lock_timeout",
        Some(Statement::Reset { setting }) => setting.as_ref().is_none_or(|it| it == "lock_timeout"),
        _ => false,
    }
}

/// A duration as settings have it.
fn shown(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}
