//! Which major versions of PostgreSQL lockkeeper knows.

use std::ops::RangeInclusive;

/// The majors whose locks and work are known, because tests observe them.
pub const MAJORS: RangeInclusive<u16> = 13..=18;

/// The oldest major that PostgreSQL still mends, and so the default: what is safe there is safe later, with few exceptions.
///
/// Source: <https://www.postgresql.org/support/versioning/>; 14 had its last release on 2026-11-12.
pub const OLDEST_SUPPORTED: u16 = 15;

/// `major`, if it is known; else what is.
pub fn major(major: u16) -> Result<u16, String> {
    if MAJORS.contains(&major) {
        Ok(major)
    } else {
        Err(format!("PostgreSQL {major} is not known, expected {} to {}", MAJORS.start(), MAJORS.end()))
    }
}
