//! Which files are migrations, in which order they run, which part of each runs going up, and what takes it back.
//!
//! A folder is one history: all its files, in [`natural`] order of their paths below it. A single file brings the history that
//! it stands in: the files of its folder that run before it are replayed and not judged. Files named together that stand in one
//! folder are one history. What stands in different folders, named separately, knows nothing of each other.

mod detect;
mod down;
pub mod framework;
mod history;
mod order;
mod projects;
mod up;
mod walk;

pub use detect::Detected;
pub use down::{WayBack, ways_back};
pub use framework::Framework;
pub use history::histories;
pub use order::natural;
pub use projects::{Projects, code_in, is_ours, projects};
pub use up::{Up, fixed_parts, keep_up_part};
pub use walk::{Depth, sql_files};

use std::path::PathBuf;

use globset::GlobSet;

/// The files of one history, in the order in which they run.
#[derive(Clone, Debug)]
pub struct History {
    /// The framework that runs them.
    pub detected: Detected,
    /// The folder that was named; `None` if files were.
    pub folder: Option<PathBuf>,
    /// The files.
    pub files: Vec<MigrationFile>,
    /// The files that run after the last one that was asked for.
    pub later: Vec<PathBuf>,
    /// How many down migrations were left out.
    pub n_down: usize,
    /// How many files were left out because the framework does not run them.
    pub n_other: usize,
}

/// One file of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it was asked for. Otherwise it is there only because it ran earlier.
    pub is_asked_for: bool,
}

/// Which files to leave out, and what is known of the framework.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Files that a folder's walk leaves out.
    pub exclude: Exclude,
    /// The framework that the user declared.
    pub framework: Option<&'static Framework>,
}

/// Files that a folder's walk leaves out.
#[derive(Clone, Debug)]
pub struct Exclude {
    /// What the patterns are relative to.
    pub root: PathBuf,
    /// The patterns.
    pub globs: GlobSet,
}

impl Exclude {
    /// Leaves out nothing.
    pub fn nothing() -> Self {
        Self { root: PathBuf::new(), globs: GlobSet::empty() }
    }
}
