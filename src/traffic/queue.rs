//! Who waits: statements that come while a lock is waited for and held.
//!
//! A request is granted only if it conflicts with no lock that is held and with none that is waited for, so whoever comes later waits
//! behind the migration as well. Source: `src/backend/storage/lmgr/README`, Lock Requests; `ProcSleep` in
//! `src/backend/storage/lmgr/proc.c`.

use super::{Hold, number::float};

/// What waits behind a lock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    /// Conflicting statements each second.
    pub per_s: f64,
    /// How many of them wait at the end: if the lock is had at once, and if it is waited for as long as can be expected.
    pub waiting: (f64, f64),
    /// How many seconds they wait, all of them together. They come at an even pace, so each waits for half of the time on average.
    pub stalled_s: (f64, f64),
    /// After how many seconds all connections of the pool wait; `None` if no pool is known, or it is never used up.
    pub pool_gone_s: Option<f64>,
}

impl Queue {
    /// `per_s` conflicting statements come each second, the lock is waited for at most `wait_ms` and held for `hold`.
    pub fn new(per_s: f64, wait_ms: u64, hold: Hold, pool: Option<u64>) -> Self {
        let statements = |ms: u64| per_s * in_seconds(ms);
        let longest_ms = hold.high_ms.saturating_add(wait_ms);
        let waiting = (statements(hold.low_ms), statements(longest_ms));
        let stalled_s = (stalled_s(per_s, hold.low_ms), stalled_s(per_s, longest_ms));
        let pool_gone_s = pool.map(|it| float(it) / per_s).filter(|it| *it < in_seconds(longest_ms));
        Self { per_s, waiting, stalled_s, pool_gone_s }
    }

    /// The same where the lock is had at last, after so many tries that each gave up when `timeout_ms` were over. Whoever waited behind one
    /// of them was served before the next.
    #[must_use]
    pub fn after(self, n_tries: u64, timeout_ms: u64) -> Self {
        let (low, high) = self.stalled_s;
        Self { stalled_s: (low, high + float(n_tries) * stalled_s(self.per_s, timeout_ms)), ..self }
    }
}

/// What those who come in a time wait for its end.
fn stalled_s(per_s: f64, ms: u64) -> f64 {
    per_s * in_seconds(ms) * in_seconds(ms) / 2.0
}

fn in_seconds(ms: u64) -> f64 {
    float(ms) / 1000.0
}
