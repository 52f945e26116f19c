//! How long locks are held: until the transaction ends, so that what its later statements do counts as well.

use super::replay::Ran;
use crate::traffic::{Hold, Traffic};

/// Puts to each statement how long its locks are held: while it works, and while what comes after it in its transaction does.
pub(super) fn until_end(statements: &mut [Ran], traffic: &Traffic) {
    if traffic.is_empty() {
        return;
    }
    let mut later: Option<(u32, Option<Hold>)> = None;
    for ran in statements.iter_mut().rev() {
        let own = traffic.duration(&ran.outcome);
        let is_shared = ran.outcome.situation.transaction.is_shared();
        ran.held = match later {
            Some((transaction, rest)) if is_shared && transaction == ran.transaction => {
                own.zip(rest).map(|(own, rest)| own.then(rest))
            }
            _ => own,
        };
        later = Some((ran.transaction, ran.held));
    }
}
