//! What a recipe wants done, before anyone has looked where it can be done.

use crate::finding::{Edit, Span};

/// A safe form of one statement.
pub(super) enum Rewrite {
    /// The statement stays where it is.
    Stays {
        /// Edits inside of it.
        edits: Vec<Edit>,
        /// What follows once its transaction is over.
        after: Vec<Step>,
    },
    /// Other statements take its place, in a later transaction if it is in one.
    Moves {
        /// The statements.
        steps: Vec<Step>,
        /// What they make or change.
        names: Vec<String>,
        /// What becomes of later statements of the transaction that name it.
        named: Named,
    },
    /// Settings are put around it.
    Around {
        /// In front of it.
        before: String,
        /// Behind it.
        after: Option<String>,
    },
}

/// What becomes of a statement that names what is moved out of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// It must not be there: it may need what is moved.
    Refused,
    /// It goes along.
    Follows,
}

/// A statement that is a transaction of its own.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Its text, without a semicolon.
    pub(super) sql: String,
    /// No transaction block may hold it.
    pub(super) alone: bool,
    /// When it runs, if it cannot stay in its file.
    pub(super) phase: Phase,
}

/// The new files of one file, in the order in which they run. Each is a transaction of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Indexes are built or dropped, nothing waits.
    Index,
    /// Rows are written, in batches that each commit.
    Backfill,
    /// What needs these rows.
    Constrain,
    /// Rows are tested, nothing waits.
    Validate,
    /// What was proven is made use of: short, strong locks.
    Finish,
}

impl Phase {
    /// What the new file's name has behind the old one's.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Backfill => "backfill",
            Self::Constrain => "constrain",
            Self::Validate => "validate",
            Self::Finish => "finish",
        }
    }

    /// What the new file says of itself.
    pub(super) fn purpose(self) -> &'static str {
        match self {
            Self::Index => "what no transaction block may hold",
            Self::Backfill => "the rows, in batches that each commit; after a break it may run again",
            Self::Constrain => "what needs the rows filled",
            Self::Validate => "the long part, which blocks neither reads nor writes",
            Self::Finish => "the short part, which needs what was done before",
        }
    }
}

impl Step {
    /// A statement that may share its transaction.
    pub(super) fn new(phase: Phase, sql: String) -> Self {
        Self { sql, alone: false, phase }
    }

    /// A statement that no transaction block may hold.
    pub(super) fn alone(phase: Phase, sql: String) -> Self {
        Self { sql, alone: true, phase }
    }
}

/// `text` put in at `offset`.
pub(super) fn insert(offset: usize, text: impl Into<String>) -> Edit {
    Edit { offset, length: 0, text: text.into() }
}

/// `text` put in the place of `span`.
pub(super) fn replace(span: Span, text: impl Into<String>) -> Edit {
    Edit { offset: span.start, length: span.end - span.start, text: text.into() }
}

/// The part `span` of `text` after those of `edits` that are in it. Edits are in order.
pub(super) fn edited(text: &str, span: Span, edits: &[Edit]) -> String {
    let mut out = String::new();
    let mut at = span.start;
    for edit in edits.iter().filter(|it| span.start <= it.offset && it.offset + it.length <= span.end) {
        out.push_str(text.get(at..edit.offset).unwrap_or_default());
        out.push_str(&edit.text);
        at = edit.offset + edit.length;
    }
    out.push_str(text.get(at..span.end).unwrap_or_default());
    out
}

/// `bytes` after `edits`, which are in order and do not overlap.
pub(super) fn apply(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for edit in edits {
        out.extend_from_slice(bytes.get(at..edit.offset).unwrap_or_default());
        out.extend_from_slice(edit.text.as_bytes());
        at = edit.offset + edit.length;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}
