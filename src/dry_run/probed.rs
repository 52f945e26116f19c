//! What others met while the judged files ran once more, with nothing but what their runner sends.
//!
//! Times are since the pass began, by one clock for all.

use std::time::Duration;

use crate::{effect::Lock, pg::session::Refusal, sql::source::Span};

/// One pass over the judged files.
#[derive(Clone, Debug, Default)]
pub struct Probed {
    /// How long a transaction that had read the tables stayed open in the way of each transaction that conflicts with readers; `None`:
    /// nobody else was there.
    pub reader: Option<Duration>,
    /// The time between two tries to get at a table: an interval is known to that.
    pub every: Duration,
    /// The statements, by file, as far as they were sent.
    pub files: Vec<Vec<Timed>>,
    /// Who was blocked on each relation that was there before, by its name.
    pub lanes: Vec<Lane>,
    /// How many tables were locked as well, and not tried.
    pub n_left_out: usize,
}

/// One statement of a pass.
#[derive(Clone, Debug)]
pub struct Timed {
    /// From its first token to its last, in bytes from the file's start.
    pub span: Span,
    /// When it was sent.
    pub from: Duration,
    /// When the server had answered.
    pub to: Duration,
    /// When its transaction had ended.
    pub released: Duration,
    /// What it waited for, in order.
    pub waits: Vec<Wait>,
    /// Why the server refused it: a `lock_timeout`, say.
    pub refusal: Option<Refusal>,
}

/// A time in which a statement waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The relation that it waited for; `None` if it waited for transactions to end, on whatever relation.
    pub relation: Option<String>,
    /// The lock that it asked for; `None` if it waited for transactions.
    pub lock: Option<Lock>,
    /// Since when.
    pub from: Duration,
    /// Until when.
    pub to: Duration,
}

/// Who was blocked on one relation, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Schema and name before the pass.
    pub relation: String,
    /// When a SELECT had to wait, each from and to.
    pub reads_blocked: Vec<(Duration, Duration)>,
    /// When an INSERT, UPDATE or DELETE had to wait.
    pub writes_blocked: Vec<(Duration, Duration)>,
}

impl Lane {
    /// How long a SELECT had to wait.
    pub fn reads(&self) -> Duration {
        self.reads_blocked.iter().map(|(from, to)| to.saturating_sub(*from)).sum()
    }

    /// How long an INSERT, UPDATE or DELETE had to wait.
    pub fn writes(&self) -> Duration {
        self.writes_blocked.iter().map(|(from, to)| to.saturating_sub(*from)).sum()
    }
}
