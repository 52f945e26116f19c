//! What of a file changed since it was merged: only that is judged, and what has run somewhere must not change.

use super::{Input, fingerprint, replay::Said};
use crate::{
    finding::{Position, Span},
    sql::split,
};

/// How a file differs from what was merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change {
    /// Nobody asked: all of the file counts.
    #[default]
    Unknown,
    /// It is as it was merged, so that nothing in it is reported.
    Unchanged,
    /// It is not merged yet.
    New {
        /// The last migration that is merged, if this one runs before it.
        behind: Option<String>,
    },
    /// It was merged with another text.
    Edited {
        /// What changed, in order.
        lines: Vec<Lines>,
        /// Its parts when it was merged that run once; what does not run is blank, as in [`Input::source`]. Files of most frameworks
        /// are one part.
        merged: Vec<String>,
    },
    /// It was merged and is gone; its text is empty.
    Deleted {
        /// How many others are gone as well.
        n_others: usize,
    },
}

/// Lines of a file that are new or other than before, 1-based and inclusive.
///
/// Lines that were taken away after line 7 and before line 8 are from 8 to 7: what reaches over that place is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    /// The first line.
    pub first: u32,
    /// The last line.
    pub last: u32,
}

impl Change {
    /// Whether what stands from `start` to `end` is to be judged.
    pub(super) fn touches(&self, start: Position, end: Position) -> bool {
        match self {
            Self::Unknown | Self::New { .. } => true,
            Self::Unchanged | Self::Deleted { .. } => false,
            Self::Edited { lines, .. } => {
                let after = lines.partition_point(|it| it.last < start.line);
                lines.get(after).is_some_and(|it| it.first <= end.line)
            }
        }
    }
}

/// What is to be said of the change itself.
pub(super) fn said(input: &Input, statements: &[Span]) -> Option<Said> {
    let first = statements.first().copied().unwrap_or(Span { start: 0, end: 0 });
    match &input.change {
        Change::Unknown | Change::Unchanged | Change::New { behind: None } => None,
        Change::New { behind: Some(last) } => {
            Some(Said { rule: "migration-out-of-order", at: first, detail: last.clone(), relation: None })
        }
        Change::Edited { merged, .. } => {
            let is_changed = |it: &&Span| {
                input.change.touches(input.source.position(it.start), input.source.position(it.end))
            };
            let at = statements.iter().find(is_changed).copied().unwrap_or(first);
            let detail =
                "this migration was edited after it was merged: where it ran already, the change never runs";
            let said =
                Said { rule: "merged-migration-edited", at, detail: detail.to_owned(), relation: None };
            (!keeps(input, merged)).then_some(said)
        }
        Change::Deleted { n_others } => {
            let what = match n_others {
                0 => "this migration was".to_owned(),
                1 => "this migration and another one were".to_owned(),
                n => format!("this migration and {n} others were"),
            };
            let detail =
                format!("{what} deleted after the merge: where it ran already, that takes nothing back");
            Some(Said { rule: "merged-migration-edited", at: first, detail, relation: None })
        }
    }
}

/// Whether the file still has every part that was merged, in their order. Others may have come.
fn keeps(input: &Input, merged: &[String]) -> bool {
    let text = input.source.text();
    let ends = input.parts.iter().map(|it| it.0).chain([text.len()]);
    let parts = ends.scan(0, |start, end| text.get(std::mem::replace(start, end)..end));
    let mut parts = parts.map(normal);
    // What stands before the first of several parts is none.
    let is_part = |it: &Vec<String>| merged.len() == 1 || !it.is_empty();
    merged.iter().map(|it| normal(it)).filter(is_part).all(|part| parts.any(|it| it == part))
}

/// What a text runs: comments, white space and how lines end are no part of it.
fn normal(text: &str) -> Vec<String> {
    // git may write other ends of lines to the work tree than it keeps.
    let text = text.replace("\r\n", "\n");
    split::split(&text).pieces.iter().map(|it| fingerprint::normalise(it.span.of(&text))).collect()
}
