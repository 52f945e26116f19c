//! How long work takes that grows with a table, from its bytes.
//!
//! Nobody measured the server, so the throughput is assumed, and its band is wide: from a shared disk in a cloud to a server whose table
//! is in memory. Index builds are counted by the table's bytes, since those are read and sorted.

use std::fmt;

use serde::Serialize;

use super::snapshot::Table;
use crate::effect::Work;

/// From how long to how long, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// At least.
    #[serde(rename = "low")]
    pub low_ms: u64,
    /// At most.
    #[serde(rename = "high")]
    pub high_ms: u64,
}

/// Bytes a second, slow and fast.
#[derive(Clone, Copy)]
struct Throughput {
    slow: u64,
    fast: u64,
}

const MB: u64 = 1_000_000;

/// What is assumed where nothing was measured.
const fn assumed(work: Work) -> Throughput {
    match work {
        Work::Scan => Throughput { slow: 100 * MB, fast: 1_000 * MB },
        Work::BuildIndex => Throughput { slow: 20 * MB, fast: 150 * MB },
        Work::Rewrite => Throughput { slow: 15 * MB, fast: 120 * MB },
        Work::WriteRows => Throughput { slow: 5 * MB, fast: 50 * MB },
    }
}

impl Hold {
    /// How long this work on a table takes: at least that on its main fork, at most that on all that it may concern.
    pub(super) fn of(work: Work, table: &Table) -> Self {
        let Throughput { slow, fast } = assumed(work);
        let with_toast = table.heap_bytes.saturating_add(table.toast_bytes);
        let most = match work {
            // The indexes of a table that is rewritten are built anew.
            Work::Rewrite => table.bytes(),
            Work::Scan | Work::BuildIndex | Work::WriteRows => with_toast,
        };
        Self { low_ms: milliseconds(table.heap_bytes, fast), high_ms: milliseconds(most, slow) }
    }

    /// One after the other.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            low_ms: self.low_ms.saturating_add(next.low_ms),
            high_ms: self.high_ms.saturating_add(next.high_ms),
        }
    }
}

fn milliseconds(bytes: u64, per_s: u64) -> u64 {
    bytes.saturating_mul(1000) / per_s
}

/// The units of a time, the largest first, and how many milliseconds each has.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

/// `4–9 min`, `200 ms–1.5 s`, `a moment`.
impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((low, low_unit), (high, high_unit)) = (in_unit(self.low_ms), in_unit(self.high_ms));
        if self.high_ms == 0 {
            f.write_str("a moment")
        } else if (&low, low_unit) == (&high, high_unit) {
            write!(f, "about {high} {high_unit}")
        } else if low_unit == high_unit || self.low_ms == 0 {
            write!(f, "{low}–{high} {high_unit}")
        } else {
            write!(f, "{low} {low_unit}–{high} {high_unit}")
        }
    }
}

/// The number in its unit, with a decimal where it has one digit only.
fn in_unit(ms: u64) -> (String, &'static str) {
    let (unit, size) = UNITS.into_iter().find(|it| ms >= it.1).unwrap_or(("ms", 1));
    let tenths = ms.saturating_mul(10) / size;
    let number = if tenths < 100 && !tenths.is_multiple_of(10) && size > 1 {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        (tenths / 10).to_string()
    };
    (number, unit)
}
