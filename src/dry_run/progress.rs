//! How far a run has come, for whoever waits for it.

use std::fmt;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What goes on.
    pub phase: Phase,
    /// How many of it are done.
    pub n_done: usize,
    /// How many there are of it.
    pub n_all: usize,
}

/// What goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Files are run that make what was there before.
    Backdrop,
    /// Tables are filled.
    Rows,
    /// Statements are run and looked at.
    Judged,
    /// The files are run once more while others try to get at the tables.
    Probe,
    /// Ways back are tried.
    Reversal,
    /// Failures in the middle of files are tried.
    Rerun,
    /// Statements are run on databases of several sizes.
    Predict,
}

/// Who is told how far a run has come. By default nobody.
#[derive(Clone, Copy)]
pub struct Listener<'l>(pub &'l dyn Fn(Progress));

impl Listener<'_> {
    /// So many of what goes on are done.
    pub(super) fn tell(self, phase: Phase, n_done: usize, n_all: usize) {
        (self.0)(Progress { phase, n_done, n_all });
    }
}

impl Default for Listener<'_> {
    fn default() -> Self {
        Self(&|_| ())
    }
}

impl fmt::Debug for Listener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}
