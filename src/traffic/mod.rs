//! How much tables are used and how large they are, and so what a lock on them costs. Pure: files are read elsewhere.
//!
//! Two axes, and never one number: **size** matters only for work that grows with the table, **heat** for every lock that makes somebody
//! wait. What is not known is [`Heat::Unknown`], which is never taken for safe.

mod assumed;
pub mod calibration;
mod duration;
mod file;
pub mod hash;
mod hold;
mod index;
mod job;
pub mod merge;
pub mod number;
mod queue;
pub mod rates;
pub mod sample;
pub mod schema;
pub mod snapshot;
mod sort_key;
mod tables;
mod words;
mod written;

pub use calibration::Calibration;
pub use hold::{Basis, Grade, Hold};
pub use queue::Queue;
pub use snapshot::Snapshot;
pub use tables::{Declared, Limits, Traffic};
pub use words::{about, between, grouped, time};
pub use written::written;

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

impl Heat {
    /// As people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
            Self::Unknown => "unknown",
            Self::Hot => "hot",
        }
    }
}
