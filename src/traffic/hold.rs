//! How long a lock is held, and what that rests on.

use std::fmt;

use serde::Serialize;

/// From how long to how long, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(into = "Written")]
pub struct Hold {
    /// At least.
    pub low_ms: u64,
    /// At most.
    pub high_ms: u64,
    /// What it rests on.
    pub basis: Basis,
}

/// What an estimate rests on, the best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// There is no work that grows with a table.
    #[default]
    Nothing,
    /// A calibration; how many times beyond its largest table it lies, 1 for within.
    Measured(u64),
    /// A throughput that nobody measured.
    Assumed,
}

/// As reports have it.
#[derive(Serialize)]
struct Written {
    low: u64,
    high: u64,
    basis: &'static str,
    extrapolated: Option<u64>,
}

impl From<Hold> for Written {
    fn from(hold: Hold) -> Self {
        let (basis, extrapolated) = match hold.basis {
            Basis::Nothing => ("nothing", None),
            Basis::Measured(factor) => ("measured", Some(factor)),
            Basis::Assumed => ("assumed", None),
        };
        Self { low: hold.low_ms, high: hold.high_ms, basis, extrapolated }
    }
}

/// How far an extrapolation is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// At most 3 times beyond what was measured.
    Good,
    /// At most 30 times.
    Fair,
    /// Further.
    Rough,
}

impl Grade {
    /// Of an extrapolation by this factor.
    pub const fn of(factor: u64) -> Self {
        match factor {
            0..=3 => Self::Good,
            4..=30 => Self::Fair,
            _ => Self::Rough,
        }
    }

    /// As people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Rough => "rough",
        }
    }
}

impl Hold {
    /// A time that is known.
    pub(super) fn exactly(ms: u64) -> Self {
        Self { low_ms: ms, high_ms: ms, basis: Basis::Nothing }
    }

    /// One after the other.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            low_ms: self.low_ms.saturating_add(next.low_ms),
            high_ms: self.high_ms.saturating_add(next.high_ms),
            basis: self.basis.max(next.basis),
        }
    }
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
