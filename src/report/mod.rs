//! What a run says: [`Event`]s go in, one [`Reporter`] a format writes them out.
//!
//! Only this module and the command line write to the user; everything writes to a writer that it was given.

mod concise;
mod damage;
#[cfg(unix)]
pub mod dry_run;
mod excerpt;
mod full;
mod json;
mod several;
mod target;

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    effect::Runner,
    finding::{Finding, Overridden, Position, Severity},
    lint::{InputRole, LintedFile},
};

pub use concise::Concise;
pub use full::Full;
pub use json::{Json, SCHEMA};
pub use several::Several;
pub use target::Target;

/// Something that a run has to say. A file's findings follow the file; the summary is last.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// What the run takes for granted.
    Assumed(&'a Assumed),
    /// A file was judged.
    File(&'a LintedFile<'a>),
    /// Something is wrong, at a place in this text.
    Finding(&'a Finding, &'a str),
    /// Something is wrong, and is not to be reported.
    Hidden(&'a Finding, HiddenBy),
    /// The run is over.
    Summary(&'a Summary),
}

/// What keeps a finding from being reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HiddenBy {
    /// An override: [`Finding::overridden`] says why.
    Override,
    /// The baseline: it was there before.
    Baseline,
}

/// One format. It writes as events come; what needs all of them is written by `finish`.
pub trait Reporter {
    /// Takes the next event.
    fn event(&mut self, event: Event<'_>) -> io::Result<()>;

    /// Writes what is left. Nothing may come after it.
    fn finish(&mut self) -> io::Result<()>;
}

/// A format's name on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Each finding with its statement, the reasons and what to write instead.
    #[default]
    Full,
    /// One line a finding: `path:line:column: severity[rule]: message`.
    Concise,
    /// Every statement's effects and all findings, for programs; `lockkeeper schema lint` describes it.
    Json,
}

impl Format {
    /// Whether the format shows statements that nothing is wrong with.
    pub const fn needs_statements(self) -> bool {
        match self {
            Self::Full | Self::Concise => false,
            Self::Json => true,
        }
    }

    /// The reporter that writes this format to `out`.
    pub fn reporter<'w>(self, out: impl Write + 'w, styled: bool) -> Box<dyn Reporter + 'w> {
        match self {
            Self::Full => Box::new(Full::new(out, styled)),
            Self::Concise => Box::new(Concise::new(out)),
            Self::Json => Box::new(Json::new(out)),
        }
    }
}

/// What a run takes for granted, so that the user can correct it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assumed {
    /// The server's major version.
    pub postgres: u16,
    /// Nobody said which major version.
    pub postgres_by_default: bool,
    /// Files that say what was there before.
    pub n_schema_files: usize,
    /// Earlier migrations that were replayed.
    pub n_history_files: usize,
    /// Down migrations that were left out.
    pub n_down_files: usize,
    /// What is known of tables, in a few words.
    pub snapshot: Option<String>,
    /// What was measured of the time that work takes, such as `calibration of 2026-11-21`.
    pub calibration: Option<String>,
    /// Files that were left out because the framework does not run them.
    pub n_other_files: usize,
    /// What is taken to run the files.
    pub frameworks: Vec<Framework>,
    /// Since when what changed was judged; `None` if everything was.
    pub since: Option<Since>,
}

/// Since when what changed was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// What the user, or CI, named.
    pub reference: String,
    /// The commit's full name: where HEAD left what was named.
    pub base: String,
    /// How many migrations are new, edited or deleted.
    pub n_changed_files: usize,
}

impl Since {
    /// `main (0123456789)`.
    pub fn shown(&self) -> String {
        let short: String = self.base.chars().take(10).collect();
        format!("{} ({short})", self.reference)
    }
}

impl Assumed {
    /// What is said instead of nothing when nothing was there to be judged.
    fn nothing_changed(&self) -> Option<String> {
        let since = self.since.as_ref().filter(|it| it.n_changed_files == 0)?;
        Some(format!("no migration changed since {}", since.shown()))
    }
}

/// A framework that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Framework {
    /// Its name.
    pub name: &'static str,
    /// What showed it; empty if nothing did.
    pub because: String,
    /// How it sends a file that says nothing of it.
    pub runner: Option<Runner>,
}

/// How much there was and how bad it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files judged.
    pub n_files: usize,
    /// Statements in them.
    pub n_statements: usize,
    /// Statements that could not be read, and so were not judged.
    pub n_unreadable: usize,
    /// Findings that are errors.
    pub n_errors: usize,
    /// Findings that are warnings.
    pub n_warnings: usize,
    /// Findings that are notes.
    pub n_notes: usize,
    /// What a baseline left out; `None` if there is none.
    pub baseline: Option<Baseline>,
    /// The overrides that were of use.
    pub overrides: Vec<UsedOverride>,
    /// Statements that could not be read, of which no finding tells.
    pub unread: Vec<Unread>,
}

/// An override that gave findings another severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedOverride {
    /// Where it is declared.
    pub place: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<String>,
    /// How many findings it hid.
    pub n_hidden: usize,
    /// How many others it made milder or worse.
    pub n_changed: usize,
}

/// A merged statement that could not be read, so that what it did is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Its file.
    pub path: String,
    /// Where it begins.
    pub line: u32,
    /// Where it begins.
    pub column: u32,
}

/// What a baseline left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Its file.
    pub path: String,
    /// Findings that it knows.
    pub n_known: usize,
    /// Entries that no longer occur.
    pub n_stale: usize,
}

impl Summary {
    /// Counts a file and its statements. Of one that is not judged only what could not be read counts.
    pub fn add_file(&mut self, file: &LintedFile<'_>) {
        if file.input.role == InputRole::Linted {
            self.n_files += 1;
            self.n_statements += file.n_statements;
        }
        self.n_unreadable += file.n_unreadable;
        let path = file.input.source.path().to_string_lossy();
        let unread = |at: &Position| Unread { path: path.to_string(), line: at.line, column: at.column };
        self.unread.extend(file.unread.iter().map(unread));
    }

    /// Counts what an override did to a finding, if one did anything.
    pub fn add_overridden(&mut self, finding: &Finding) {
        let Some(Overridden { reason, until, place, .. }) = finding.overridden.as_deref() else { return };
        let n = self.overrides.iter().position(|it| it.place == *place).unwrap_or_else(|| {
            let (place, reason, until) = (place.clone(), reason.clone(), until.clone());
            self.overrides.push(UsedOverride { place, reason, until, n_hidden: 0, n_changed: 0 });
            self.overrides.len() - 1
        });
        if let Some(used) = self.overrides.get_mut(n) {
            match finding.severity {
                Severity::Off => used.n_hidden += 1,
                _ => used.n_changed += 1,
            }
        }
    }

    /// Counts a finding.
    pub fn add_finding(&mut self, finding: &Finding) {
        match finding.severity {
            Severity::Error => self.n_errors += 1,
            Severity::Warning => self.n_warnings += 1,
            Severity::Note => self.n_notes += 1,
            Severity::Off => {}
        }
    }

    /// The worst severity found.
    pub fn worst(&self) -> Severity {
        match (self.n_errors, self.n_warnings, self.n_notes) {
            (0, 0, 0) => Severity::Off,
            (0, 0, _) => Severity::Note,
            (0, _, _) => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

/// `1 file`, `2 files`.
fn counted(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}
