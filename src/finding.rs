//! What a run is for: a place in the user's SQL and what is wrong there.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::traffic::Hold;

pub use crate::sql::source::{Position, Span};

/// How bad a finding is, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Not reported.
    Off,
    /// Worth knowing.
    Note,
    /// Should be looked at before it runs.
    Warning,
    /// Should not run as it is.
    Error,
}

impl Severity {
    /// The name in rules, configuration and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong, or worth knowing, at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id: its file's stem.
    pub rule: SmolStr,
    /// How bad it is here.
    pub severity: Severity,
    /// The file, as it was named to us; shared by its findings.
    pub path: Arc<str>,
    /// The statement, or the part of it that matters.
    pub span: Span,
    /// Where `span` begins.
    pub start: Position,
    /// Where `span` ends, exclusive.
    pub end: Position,
    /// The relation, `schema.name`, when there is one.
    pub relation: Option<String>,
    /// What is blocked, lost or broken: one line.
    pub message: String,
    /// What to write instead: one line.
    pub help: Option<String>,
    /// Further facts, one line each: the lock, what it blocks, since when it is held.
    pub notes: Vec<String>,
    /// Stable under edits elsewhere: of the rule, the relation and the normalised statement.
    pub fingerprint: String,
    /// How to edit the finding's file so that it is gone; `None` when nobody looked, or when no safe edit of this file alone does it.
    pub fix: Option<Box<Fix>>,
    /// The declaration that gave it another severity; `None` if none did.
    pub overridden: Option<Box<Overridden>>,
    /// What the lock costs those who use the table; `None` where nothing is known of it, or nobody waits.
    pub damage: Option<Box<Damage>>,
}

/// What a lock costs those who use the table, by what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The table, `schema.name`.
    pub relation: String,
    /// PostgreSQL's name of the lock.
    pub lock: &'static str,
    /// How long it is held; `None` for a moment.
    pub hold_ms: Option<Hold>,
    /// How many statements wait in the end.
    pub waiting: Range,
    /// After how many milliseconds all connections of the pool wait; `None` if that does not come to pass, or no pool is known.
    pub pool_gone_ms: Option<u64>,
    /// The same without a `lock_timeout`, with the one in force if there is one, and with the recommended one.
    pub timeouts: Vec<Stall>,
}

/// Who waits, depending on the `lock_timeout`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stall {
    /// Which one.
    pub timeout: Timeout,
    /// In milliseconds; `None` if the lock is waited for without end.
    pub lock_timeout_ms: Option<u64>,
    /// How many tries it takes at most until the longest transaction is over.
    pub tries: u64,
    /// How many statements wait at the end of a try: of one that has its lock at once, and of the last one.
    pub waiting: Range,
    /// How many milliseconds they wait, all together, in all tries.
    pub stalled_ms: Range,
    /// After how many milliseconds all connections of the pool wait; `None` if that does not come to pass, or no pool is known.
    pub pool_gone_ms: Option<u64>,
}

/// A `lock_timeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timeout {
    /// There is none, whatever is in force.
    None,
    /// The one in force; the migration is tried once.
    InForce,
    /// The one that is recommended, with retries.
    Recommended,
}

/// From how much to how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    /// At least.
    pub low: u64,
    /// At most.
    pub high: u64,
}

/// What the user has declared of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overridden {
    /// How bad the finding would be without it.
    pub severity: Severity,
    /// Why it is not.
    pub reason: String,
    /// The last day on which that holds, year-month-day.
    pub until: Option<String>,
    /// Where it is declared: `lockkeeper.toml:12`.
    pub place: String,
}

/// Edits of one file that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// In order of place; they do not overlap. All are of the text as it is now.
    pub edits: Vec<Edit>,
    /// Whether they may be made without asking.
    pub applicability: Applicability,
}

/// Whether a fix may be made without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applicability {
    /// The schema becomes what it would have become.
    Safe,
}

/// A part of a text, and what to put in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// Bytes from the file's start.
    pub offset: usize,
    /// How many bytes are replaced; 0 where something is only added.
    pub length: usize,
    /// What stands there then.
    pub text: String,
}
