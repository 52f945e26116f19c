//! How long work takes where nobody measured: from a table's bytes, at a throughput that is assumed.
//!
//! The band is wide: from a shared disk in a cloud to a server whose table is in memory. Index builds are counted by the table's bytes,
//! since those are read and sorted.

use super::{Basis, Hold, snapshot::Table};
use crate::effect::Work;

/// Bytes a second, slow and fast.
#[derive(Clone, Copy)]
struct Throughput {
    slow: u64,
    fast: u64,
}

const MB: u64 = 1_000_000;

/// What is assumed.
const fn assumed(work: Work) -> Throughput {
    match work {
        Work::Scan => Throughput { slow: 100 * MB, fast: 1_000 * MB },
        Work::BuildIndex => Throughput { slow: 20 * MB, fast: 150 * MB },
        Work::Rewrite => Throughput { slow: 15 * MB, fast: 120 * MB },
        Work::WriteRows => Throughput { slow: 5 * MB, fast: 50 * MB },
    }
}

/// How long this work on a table takes: at least that on its main fork, at most that on all that it may concern.
pub(super) fn hold(work: Work, table: &Table) -> Hold {
    let Throughput { slow, fast } = assumed(work);
    let with_toast = table.heap_bytes.saturating_add(table.toast_bytes);
    let most = match work {
        // The indexes of a table that is rewritten are built anew.
        Work::Rewrite => table.bytes(),
        Work::Scan | Work::BuildIndex | Work::WriteRows => with_toast,
    };
    Hold {
        low_ms: milliseconds(table.heap_bytes, fast),
        high_ms: milliseconds(most, slow),
        basis: Basis::Assumed,
    }
}

fn milliseconds(bytes: u64, per_s: u64) -> u64 {
    bytes.saturating_mul(1000) / per_s
}
