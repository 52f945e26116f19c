//! The names and marks by which databases of dry runs are known again on a server that others use as well.

use std::hash::{BuildHasher, Hasher, RandomState};

use sha2::{Digest, Sha256};

/// Every database of a dry run is named so, and then by its run.
const PREFIX: &str = "lockkeeper_dry_run_";

/// The comment on each of them begins so.
pub(super) const MARK: &str = "lockkeeper dry-run: ";

/// What the server shows of our sessions.
pub(super) const APPLICATION: &str = "lockkeeper dry-run";

/// The first key of the advisory lock that a run holds while it lives; the second is its [`Tag`].
pub(super) const LOCK_CLASS: u32 = 0x6c6b_6472;

/// The number of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    /// A number that no other run has.
    pub(super) fn new() -> Self {
        let [a, b, c, d, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
        Self(u32::from_le_bytes([a, b, c, d]))
    }

    /// The run whose database has this name.
    ///
    /// The name alone tells that we gave it: who is killed may have no time left for a comment.
    pub(super) fn of(database: &str) -> Option<Self> {
        let rest = database.strip_prefix(PREFIX)?;
        let tag = Self(u32::from_str_radix(rest.get(..8)?, 16).ok()?);
        database.strip_prefix(&tag.stem())?.starts_with('_').then_some(tag)
    }

    /// What the names of the run's databases begin with.
    fn stem(self) -> String {
        let check = Sha256::digest(format!("{PREFIX}{:08x}", self.0));
        let check = check.first_chunk().map_or(0, |it| u16::from_be_bytes(*it));
        format!("{PREFIX}{:08x}{check:04x}", self.0)
    }

    /// The name of the run's database for its `n`th history.
    pub(super) fn database(self, n: usize) -> String {
        format!("{}_{n}", self.stem())
    }

    /// The second key of its lock, as `pg_locks` shows it.
    pub(super) fn key(self) -> u32 {
        self.0
    }

    /// The same as the function that takes the lock wants it.
    pub(super) fn signed_key(self) -> i32 {
        self.0.cast_signed()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_run_gave_are_known_again() {
        let tag = Tag::new();
        let name = tag.database(3);
        assert_eq!(Tag::of(&name).unwrap(), tag);
        assert_eq!(Tag::of(&format!("{name}_before_probe")).unwrap(), tag);
        for other in
            ["lockkeeper_dry_run_", "lockkeeper_dry_run_00000000", "lockkeeper_dry_run_mine", &name[1..]]
        {
            assert_eq!(Tag::of(other), None, "{other}");
        }
        let damaged = if name.contains('7') { name.replace('7', "8") } else { name.replace('_', "-") };
        assert_eq!(Tag::of(&damaged), None, "{damaged}");
    }
}
