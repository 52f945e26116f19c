//! The eight table-level lock modes, what each conflicts with, and what it blocks.
//!
//! Source: manual, 13.3.1 Table-Level Locks; `LockConflicts` in PostgreSQL's `src/backend/storage/lmgr/lock.c`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A table-level lock mode, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Lock {
    /// Taken by `SELECT`.
    #[serde(rename = "ACCESS SHARE")]
    AccessShare,
    /// Taken by `SELECT … FOR UPDATE` and its kin.
    #[serde(rename = "ROW SHARE")]
    RowShare,
    /// Taken by `INSERT`, `UPDATE`, `DELETE` and `MERGE`.
    #[serde(rename = "ROW EXCLUSIVE")]
    RowExclusive,
    /// Taken by `VACUUM`, `CREATE INDEX CONCURRENTLY`, `VALIDATE CONSTRAINT`.
    #[serde(rename = "SHARE UPDATE EXCLUSIVE")]
    ShareUpdateExclusive,
    /// Taken by `CREATE INDEX`.
    #[serde(rename = "SHARE")]
    Share,
    /// Taken by `CREATE TRIGGER` and `ADD FOREIGN KEY`.
    #[serde(rename = "SHARE ROW EXCLUSIVE")]
    ShareRowExclusive,
    /// Taken by `REFRESH MATERIALIZED VIEW CONCURRENTLY`.
    #[serde(rename = "EXCLUSIVE")]
    Exclusive,
    /// Taken by most forms of `ALTER TABLE`, by `DROP TABLE` and `TRUNCATE`.
    #[serde(rename = "ACCESS EXCLUSIVE")]
    AccessExclusive,
}

/// Which statements of the application wait behind a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blocks {
    /// Neither reads nor writes: only maintenance and other schema changes wait.
    Nothing,
    /// `INSERT`, `UPDATE`, `DELETE` and `MERGE` wait; `SELECT` does not.
    Writes,
    /// Everything waits, `SELECT` included.
    Everything,
}

impl Lock {
    /// All modes, weakest first.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// PostgreSQL's own name, as in `LOCK TABLE … IN … MODE`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// The name in `pg_locks.mode`.
    pub const fn pg_locks_mode(self) -> &'static str {
        match self {
            Self::AccessShare => "AccessShareLock",
            Self::RowShare => "RowShareLock",
            Self::RowExclusive => "RowExclusiveLock",
            Self::ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            Self::Share => "ShareLock",
            Self::ShareRowExclusive => "ShareRowExclusiveLock",
            Self::Exclusive => "ExclusiveLock",
            Self::AccessExclusive => "AccessExclusiveLock",
        }
    }

    /// Reads `pg_locks.mode`; `None` for the modes that are not of relations.
    pub fn from_pg_locks_mode(mode: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lock| lock.pg_locks_mode() == mode)
    }

    /// Reads the words between `IN` and `MODE` of `LOCK TABLE`, in any case and with any white space.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lock| {
            let mut words = name.split_whitespace();
            lock.name().split(' ').all(|word| words.next().is_some_and(|it| it.eq_ignore_ascii_case(word)))
                && words.next().is_none()
        })
    }

    /// Whether one transaction must wait for `self` while another holds `other`.
    pub fn conflicts_with(self, other: Self) -> bool {
        use Lock::{
            AccessExclusive, AccessShare, Exclusive, RowExclusive, RowShare, Share, ShareRowExclusive,
            ShareUpdateExclusive,
        };
        match self {
            AccessShare => other == AccessExclusive,
            RowShare => other >= Exclusive,
            RowExclusive => other >= Share,
            ShareUpdateExclusive => other >= ShareUpdateExclusive,
            Share => other >= RowExclusive && other != Share,
            ShareRowExclusive => other >= RowExclusive,
            Exclusive => other >= RowShare,
            AccessExclusive => true,
        }
    }

    /// Which statements of the application wait while this lock is held, or queued for.
    pub fn blocks(self) -> Blocks {
        if self.conflicts_with(Self::AccessShare) {
            Blocks::Everything
        } else if self.conflicts_with(Self::RowExclusive) {
            Blocks::Writes
        } else {
            Blocks::Nothing
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
