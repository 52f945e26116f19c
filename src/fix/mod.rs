//! `fix`: what to write instead, written.
//!
//! A recipe turns a statement with a finding into a safe form; `place` decides where that can stand, given the transactions;
//! the file is read and judged again, and an edit that does not take its finding away, or brings another, is dropped with the reason. So it
//! goes on until nothing is left to do. What an edit does not name stays byte for byte as it was. No I/O.

mod allow;
mod layout;
mod names;
mod new_file;
mod place;
mod readings;
mod recipe;
mod rewrite;
mod round;
mod schema;
mod suggest;
mod tokens;

use std::path::{Path, PathBuf};

use crate::{
    finding::{Finding, Severity},
    lint::{Change, Input, InputRole, Options},
    rule::RuleSet,
};

pub use allow::allow;
pub use suggest::Suggester;

/// What a run knows of its surroundings.
pub struct World<'w> {
    /// The rules.
    pub rules: &'w RuleSet,
    /// What `lint` assumes. Statements are kept whatever it says.
    pub options: &'w Options,
    /// What to set `lock_timeout` to: `2s`.
    pub lock_timeout: &'w str,
    /// Why what cannot be rewritten is allowed by comments; `None` to leave it.
    pub allow: Option<&'w str>,
    /// Reads a file's bytes as `lint` would.
    pub read: &'w (dyn Fn(&Path, Vec<u8>) -> Input + Sync),
    /// Whether a finding counts, with the severity that it has then.
    pub keep: &'w (dyn Fn(&mut Finding) -> bool + Sync),
    /// Whether a finding was there before and is to be left alone. Asked once for each that was found first.
    pub is_known: &'w (dyn Fn(&Finding) -> bool + Sync),
    /// The names of the files in a folder, also of those that are no migrations.
    pub names: &'w (dyn Fn(&Path) -> Vec<String> + Sync),
}

/// One file of a history: as it is judged, and its bytes.
pub struct Draft {
    /// Its bytes before; `None` for a file that `fix` makes.
    pub before: Option<Vec<u8>>,
    /// Its bytes now.
    pub now: Vec<u8>,
}

/// A history that is fixed.
pub struct Fixed {
    /// The files that changed or are new, in the order in which they run.
    pub files: Vec<(PathBuf, Draft)>,
    /// The findings that are gone.
    pub fixed: Vec<Finding>,
    /// The findings that a comment allows now.
    pub allowed: Vec<Finding>,
    /// The findings that have a recipe which does not fit here, and why not.
    pub refused: Vec<(Finding, String)>,
    /// All that is left, those included.
    pub left: Vec<Finding>,
    /// How many files were run to find that, each as often as it was run: what it cost.
    pub n_run: usize,
}

impl Fixed {
    /// The worst that is left.
    pub fn worst(&self) -> Severity {
        self.left.iter().map(|it| it.severity).max().unwrap_or(Severity::Off)
    }
}

/// Fixes one history. `bytes` has each input's own, up to the parts that do not run.
pub fn fix(inputs: Vec<Input>, bytes: Vec<Vec<u8>>, world: &World<'_>) -> Fixed {
    let mut round = round::Rounds::new(inputs, bytes, world);
    while round.next() {}
    if let Some(reason) = world.allow {
        round.allow(reason);
    }
    round.finish()
}

/// Whether a rule may find more after a fix than before it: what a longer migration brings with it.
pub fn may_follow(rule: &str) -> bool {
    recipe::MAY_FOLLOW.contains(&rule)
}

/// Whether a file's findings are ours to fix. What was merged may have run somewhere and stays as it is.
fn is_ours(input: &Input) -> bool {
    let is_merged = match input.change {
        Change::Unknown | Change::New { .. } => false,
        Change::Unchanged | Change::Edited { .. } | Change::Deleted { .. } => true,
    };
    input.role == InputRole::Linted && !is_merged && input.source.unreadable().is_empty()
}
