//! Remembers what servers did, for whoever tries one prediction after the other: with `LOCKKEEPER_REUSE=1`.
//!
//! A memory is of one case on one version, and of the code that looked: whatever changes makes it another one.

use std::{env, fs, path::PathBuf};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::Case;

/// The code that decides what is seen.
const LOOKS: [&str; 6] = [
    include_str!("../../../src/pg/observe/mod.rs"),
    include_str!("../../../src/pg/observe/alone.rs"),
    include_str!("../../../src/pg/observe/snapshot.rs"),
    include_str!("../../../src/pg/observe/work.rs"),
    include_str!("../support.rs"),
    include_str!("observe.rs"),
];

/// Where the memory of `case` on the server of this version is, whether or not there is one; `None` when nothing is to be remembered.
fn place(version: &str, case: &Case) -> Option<PathBuf> {
    env::var_os("LOCKKEEPER_REUSE")?;
    let Case { setup, before, statement, alone, fails, .. } = case;
    let what = format!("{LOOKS:?}{version}{setup:?}{before:?}{statement}{alone}{fails:?}");
    let name = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(what));
    Some(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("observed").join(name))
}

pub(super) fn recall(version: &str, case: &Case) -> Option<String> {
    fs::read_to_string(place(version, case)?).ok()
}

pub(super) fn remember(version: &str, case: &Case, did: &str) {
    if let Some(place) = place(version, case) {
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, did).unwrap();
    }
}
