//! What is to be said of ways back and of second tries: a rule, and the detail for its message.

use super::{Failure, Rerun, Retry, Reversal, Statement};
use crate::{
    pg::{describe::Difference, session::Refusal},
    sql::source::Source,
};

/// The rule that tells what cannot be run again before anything is run.
pub const FORESEEN: &str = "cannot-run-again";

impl Reversal {
    /// What is to be said of a statement of the way back, in its file of this number.
    pub fn said_of_down(&self, file: usize, statement: &Statement) -> Vec<(&'static str, String)> {
        if let Some((refused, refusal)) = self.refusal() {
            let is_it = refused.span == statement.span
                && self.down.get(file).is_some_and(|it| it.iter().any(|it| std::ptr::eq(it, refused)));
            return if is_it { vec![("down-fails", shown(refusal))] } else { Vec::new() };
        }
        // That a prediction of it was wrong is worth as much as of any other.
        let mut said = statement.said();
        let last = self.down.len().checked_sub(1);
        let is_last = Some(file) == last && is_last(statement, self.down.last());
        if is_last && matters(&self.left) {
            said.push(("down-differs", self.left.in_words()));
        }
        said
    }

    /// What is to be said of a statement of the file, which ran again.
    pub fn said_of_file(&self, statement: &Statement) -> Option<(&'static str, String)> {
        match self.refusal_again() {
            Some((refused, refusal)) if refused.span == statement.span => {
                Some(("up-again-fails", shown(refusal)))
            }
            None if matters(&self.differs) && is_last(statement, Some(&self.again)) => {
                Some(("up-again-differs", self.differs.in_words()))
            }
            Some(_) | None => None,
        }
    }
}

impl Rerun {
    /// What is to be said of a statement of the file.
    pub fn said(&self, statement: &Statement, source: &Source) -> Vec<(&'static str, String)> {
        let when = |failures: &[&Failure]| {
            let places: Vec<String> = failures.iter().map(|it| it.place(source)).collect();
            let after = match self.retry {
                Retry::After(what) => format!(", and {what}"),
                Retry::FromStart | Retry::FromPart | Retry::FromFailure => String::new(),
            };
            format!("{}{after}", places.join(" or "))
        };
        let mut said = Vec::new();
        let refused = |it: &&Failure| it.refusal().is_some_and(|it| it.0.span == statement.span);
        let refused: Vec<&Failure> = self.failures.iter().filter(refused).collect();
        if let Some((_, refusal)) = refused.first().and_then(|it| it.refusal()) {
            said.push(("rerun-fails", format!("{}: {}", when(&refused), shown(refusal))));
        }
        for failure in &self.failures {
            if failure.span == statement.span && failure.refusal().is_none() && matters(&failure.differs) {
                said.push(("rerun-differs", format!("{}: {}", when(&[failure]), failure.differs.in_words())));
            }
        }
        said
    }
}

impl Failure {
    /// `behind line 3`, `in line 3`.
    pub fn place(&self, source: &Source) -> String {
        let line = source.position(self.span.start).line;
        let word = if self.is_inside { "in" } else { "behind" };
        format!("{word} line {line}")
    }
}

/// Whether a difference is one that somebody could have avoided: a column that comes back comes last.
fn matters(difference: &Difference) -> bool {
    !difference.is_empty() && !difference.is_only_order()
}

fn is_last(statement: &Statement, all: Option<&Vec<Statement>>) -> bool {
    all.and_then(|it| it.last()).is_some_and(|it| it.span == statement.span)
}

fn shown(refusal: &Refusal) -> String {
    let detail = refusal.detail.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
    format!("{refusal}{detail}")
}
