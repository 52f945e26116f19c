//! How far a long run has come, on a terminal: one line that is gone when the run is over.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::dry_run::{Phase, Progress};

/// How often the time is written anew.
const EVERY: Duration = Duration::from_millis(200);

/// The line.
pub(super) struct Line {
    bar: ProgressBar,
}

impl Line {
    /// A line on stderr; nothing at all unless somebody looks at it.
    pub(super) fn new(is_watched: bool) -> Self {
        let target = if is_watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4}  {msg}") {
            bar.set_style(style);
        }
        if is_watched {
            bar.enable_steady_tick(EVERY);
        }
        Self { bar }
    }

    /// Says what is done on a server of this major version.
    pub(super) fn show(&self, postgres: u16, progress: Progress) {
        let Progress { phase, n_done, n_all } = progress;
        let (what, unit) = match phase {
            Phase::Backdrop => ("making what was there before", "file"),
            Phase::Rows => ("filling tables", "table"),
            Phase::Judged => ("running statements", "statement"),
            Phase::Probe => ("measuring who would wait", "pass"),
            Phase::Reversal => ("trying ways back", "file"),
            Phase::Rerun => ("trying failures in the middle", "failure"),
            Phase::Predict => ("measuring larger tables", "size"),
        };
        let n = (n_done + 1).min(n_all);
        self.bar.set_message(format!("PostgreSQL {postgres}: {what}, {unit} {n} of {n_all}"));
    }

    /// Says what is waited for before there is anything to count.
    pub(super) fn say(&self, what: String) {
        self.bar.set_message(what);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
