//! How much a table is used, and so how much a lock on it costs.

pub mod snapshot;

use serde::{Deserialize, Serialize};

/// How much a table is used. Severities of rules depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heat {
    /// Few would notice if it stood still for a while.
    Cold,
    /// Used, but not all the time.
    Warm,
    /// Nothing is known, which is never taken for safe.
    #[default]
    Unknown,
    /// Used all the time: whoever waits for it piles up at once.
    Hot,
}
