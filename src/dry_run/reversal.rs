//! The way back: each judged file that has one is run, taken back and run again, in a copy of the database of before.
//!
//! A way back must leave the schema that was there before its file, and the file must run again as if nothing had been. That rows are lost on
//! the way is to be expected. One file after the other goes there and back, so that what is left is known by its file.

use std::collections::BTreeSet;

use super::{
    Before, File, Options, Statement,
    passes::{Copy, LookInCopy, refusal},
};
use crate::{
    error::Error,
    pg::describe::{Difference, difference},
    pg::session::Refusal,
};

/// At most so many ways back are tried, the last ones: the others were used or will never be.
pub const MAX_WAYS_BACK: usize = 30;

/// What became of the way back of one file.
#[derive(Clone, Debug, Default)]
pub struct Reversal {
    /// Which of the judged files, from 0.
    pub file: usize,
    /// The statements of the way back, by its files. They were looked at as the judged ones are.
    pub down: Vec<Vec<Statement>>,
    /// What sets the schema that the way back leaves apart from the one before the file. Nothing should.
    pub left: Difference,
    /// The file's statements once more; none if the way back was refused.
    pub again: Vec<Statement>,
    /// What sets the schema then apart from the one that the file made first. Nothing should.
    pub differs: Difference,
}

impl Reversal {
    /// The statement of the way back that was refused, and what the server said.
    pub fn refusal(&self) -> Option<(&Statement, &Refusal)> {
        self.down.iter().find_map(|it| refusal(it))
    }

    /// The statement of the file that was refused when it ran again, and what the server said.
    pub fn refusal_again(&self) -> Option<(&Statement, &Refusal)> {
        refusal(&self.again)
    }

    /// Whether the way back leads to where the file began, and from there the file to where it led.
    pub fn holds(&self) -> bool {
        self.refusal().is_none()
            && self.refusal_again().is_none()
            && self.left.is_empty()
            && self.differs.is_empty()
    }
}

/// Tries the ways back of `files`.
pub(super) fn run(
    before: &Before<'_>,
    files: &[&File<'_>],
    options: &Options<'_>,
) -> Result<Vec<Reversal>, Error> {
    let reversible: Vec<usize> =
        (0..files.len()).filter(|n| files.get(*n).is_some_and(|it| !it.back.is_empty())).collect();
    let Some(last) = reversible.last() else { return Ok(Vec::new()) };
    let tried: BTreeSet<usize> =
        reversible.iter().copied().skip(reversible.len().saturating_sub(MAX_WAYS_BACK)).collect();
    let mut reversals = Vec::new();
    let mut copy = before.open("back", options)?;
    for (n, file) in files.iter().enumerate().take(last + 1) {
        if !tried.contains(&n) {
            copy.send_one(file)?;
            continue;
        }
        options.listener.tell(super::Phase::Reversal, reversals.len(), tried.len());
        let reversal = there_and_back(&copy, file, n)?;
        let holds = reversal.holds();
        reversals.push(reversal);
        if !holds && n < *last {
            // The next file begins where this one led.
            copy.drop()?;
            copy = before.open("back", options)?;
            for file in files.iter().take(n + 1) {
                copy.send_one(file)?;
            }
        }
    }
    copy.drop()?;
    Ok(reversals)
}

fn there_and_back(copy: &Copy<'_>, file: &File<'_>, n: usize) -> Result<Reversal, Error> {
    let start = copy.schema()?;
    copy.send_one(file)?;
    let end = copy.schema()?;
    let mut reversal =
        Reversal { file: n, down: copy.send(&file.back, &mut LookInCopy)?, ..Reversal::default() };
    reversal.left = difference(&start, &copy.schema()?);
    if reversal.refusal().is_none() {
        reversal.again = copy.send_one(file)?;
        reversal.differs = difference(&end, &copy.schema()?);
    }
    Ok(reversal)
}
