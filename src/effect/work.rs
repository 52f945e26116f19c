//! What goes on under a lock, and so what the wait grows with.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A kind of work whose duration grows with the relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Every row of the table is read.
    Scan,
    /// An index is built from every row.
    BuildIndex,
    /// Every row is written again to a new file; every index is built again.
    Rewrite,
    /// Rows are inserted, updated or deleted.
    WriteRows,
}

impl Work {
    /// Every kind, in the order in which reports list them.
    pub const ALL: [Self; 4] = [Self::Scan, Self::BuildIndex, Self::Rewrite, Self::WriteRows];

    /// The name in rules and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::BuildIndex => "build-index",
            Self::Rewrite => "rewrite",
            Self::WriteRows => "write-rows",
        }
    }
}

/// A set of kinds of work. Empty: only the system catalogs change, whatever the table's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorkSet(u8);

impl WorkSet {
    /// No work that grows with the table.
    pub const NONE: Self = Self(0);

    /// The set of these kinds.
    pub fn of(kinds: &[Work]) -> Self {
        kinds.iter().fold(Self::NONE, |set, work| set.with(*work))
    }

    /// This set and `work`.
    #[must_use]
    pub const fn with(self, work: Work) -> Self {
        Self(self.0 | 1 << work as u8)
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `work` is in it.
    pub const fn contains(self, work: Work) -> bool {
        self.0 & 1 << work as u8 != 0
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in it, in the order of [`Work::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Work> {
        Work::ALL.into_iter().filter(move |work| self.contains(*work))
    }
}

impl FromIterator<Work> for WorkSet {
    fn from_iter<I: IntoIterator<Item = Work>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::with)
    }
}

impl Serialize for WorkSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl fmt::Display for WorkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, work) in self.iter().enumerate() {
            write!(f, "{}{}", if n == 0 { "" } else { ", " }, work.name())?;
        }
        Ok(())
    }
}
