//! How long a statement takes as its tables grow, and so how long it will take in production.

use crate::traffic::Hold;

/// The times of one statement on databases of several sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// What was measured, the smallest first.
    pub points: Vec<Point>,
    /// Whether the time does not grow with the tables: it changes the catalogs only.
    pub is_constant: bool,
    /// How long it takes in production, and what is known of that; `None` without a snapshot that knows its tables.
    pub production: Option<Production>,
}

/// One size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The rows of the largest table that the statement works on.
    pub rows: u64,
    /// How long it took, in milliseconds: the time in the middle of several.
    pub ms: f64,
}

/// A time that was not measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Production {
    /// The rows of the same table there, by the snapshot.
    pub rows: u64,
    /// From how long to how long, and how many times beyond the largest size that is.
    pub took: Hold,
    /// From how long to how long its locks are held: until the end of its transaction.
    pub held: Hold,
    /// What each model says at [`rows`](Self::rows), in milliseconds: linear, n·log n, power.
    pub models_ms: [f64; 3],
}
