//! How long locks are held: until the transaction ends, so that what its later statements do counts as well.

use super::{Input, InputRole, replay::Ran, replay::Replayed};
use crate::traffic::{Hold, Traffic};

/// Puts to each statement how long its locks are held: while it works, and while what comes after it in its transaction does.
pub(super) fn until_end<'r>(statements: impl DoubleEndedIterator<Item = &'r mut Ran>, traffic: &Traffic) {
    if traffic.is_empty() {
        return;
    }
    let mut later: Option<(u32, Option<Hold>)> = None;
    for ran in statements.rev() {
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

/// The same for files that may share transactions. What is not judged has run before.
pub(super) fn across(files: &mut [(&Input, Replayed)], traffic: &Traffic) {
    let judged = files.iter_mut().filter(|it| it.0.role == InputRole::Linted);
    until_end(judged.flat_map(|it| &mut it.1.statements), traffic);
}
