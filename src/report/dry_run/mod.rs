//! What a dry run did: a card for each statement for people, one document for programs.

mod axis;
mod back;
mod bars;
mod digest;
mod full;
mod html;
mod json;
mod json_back;
mod markdown;
mod measured;
mod timeline;
mod words;

use std::io::{self, Write};

use serde_json::Value;

use super::{Assumed, Concise, Event, Full, Reporter, Summary, json::SCHEMA as LINT_SCHEMA};
use crate::{
    dry_run::{Fate, Ran},
    error::Error,
    finding::Finding,
    lint::LintedFile,
};

/// A format's name on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A card for each statement, then the findings.
    #[default]
    Full,
    /// One line a finding: `path:line:column: severity[rule]: message`.
    Concise,
    /// Everything, for programs; `lockkeeper schema dry-run` describes it.
    Json,
    /// For a comment on a pull request: what matters, and the rest folded.
    Markdown,
    /// One page that needs nothing else.
    Html,
}

/// One history on one server.
#[derive(Debug)]
pub struct Run<'r> {
    /// The server's major version.
    pub postgres: u16,
    /// What became of the statements.
    pub ran: Ran,
    /// The files that were judged, in the order of [`Ran::files`].
    pub files: Vec<LintedFile<'r>>,
    /// What took them back, in the order of [`Ran::reversals`]: the files of each way back.
    pub back: Vec<Vec<LintedFile<'r>>>,
    /// What is to be reported, with the text that it is about.
    pub findings: Vec<(Finding, &'r str)>,
}

/// All that a dry run has to say.
#[derive(Debug)]
pub struct Report<'r> {
    /// What was taken for granted.
    pub assumed: &'r Assumed,
    /// Each history on each server.
    pub runs: &'r [Run<'r>],
    /// The findings of all runs, and their files.
    pub summary: &'r Summary,
}

/// What shows the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Whether it has colours.
    pub is_styled: bool,
    /// Whether it has more letters than ASCII.
    pub is_unicode: bool,
    /// How many letters a line has.
    pub width: usize,
}

/// A file: plain text, as wide as what the command line prints.
impl Default for Screen {
    fn default() -> Self {
        Self { is_styled: false, is_unicode: true, width: 100 }
    }
}

/// How many statements came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// They ran.
    pub n_ran: usize,
    /// The server refused them.
    pub n_refused: usize,
    /// They did not run.
    pub n_not_run: usize,
    /// They did what was predicted.
    pub n_as_predicted: usize,
    /// They did something else.
    pub n_differing: usize,
}

impl Counts {
    /// The counts of all runs.
    pub fn of(runs: &[Run<'_>]) -> Self {
        let mut counts = Self::default();
        for statement in runs.iter().flat_map(|it| it.ran.statements()) {
            match &statement.fate {
                Fate::Observed { compared, .. } => {
                    counts.n_ran += 1;
                    match (compared.agrees(), compared.open) {
                        (false, _) => counts.n_differing += 1,
                        (true, None) => counts.n_as_predicted += 1,
                        (true, Some(_)) => {}
                    }
                }
                Fate::Ran(_) => counts.n_ran += 1,
                Fate::Refused { .. } => counts.n_refused += 1,
                Fate::NotRun => counts.n_not_run += 1,
            }
        }
        counts
    }
}

impl Report<'_> {
    /// Writes the report in `format` to `out`, which shows what `screen` says.
    pub fn write(&self, format: Format, mut out: impl Write, screen: Screen) -> io::Result<()> {
        match format {
            Format::Full => {
                full::cards(self, screen, &mut out)?;
                self.tell(&mut Full::new(&mut out, screen.is_styled))?;
            }
            Format::Concise => self.tell(&mut Concise::new(&mut out))?,
            Format::Json => json::write(self, &mut out)?,
            Format::Markdown => markdown::write(self, &mut out)?,
            Format::Html => html::write(self, &mut out)?,
        }
        out.flush()
    }

    /// Tells the findings as `lint` does.
    fn tell(&self, reporter: &mut dyn Reporter) -> io::Result<()> {
        reporter.event(Event::Assumed(self.assumed))?;
        for (finding, text) in self.runs.iter().flat_map(|it| &it.findings) {
            reporter.event(Event::Finding(finding, text))?;
        }
        reporter.event(Event::Summary(self.summary))?;
        reporter.finish()
    }
}

/// The JSON Schema of the report; findings are the same as in that of `lint`.
pub fn schema() -> Result<String, Error> {
    let failed = |it: serde_json::Error| Error::Report(it.into());
    let mut schema: Value = serde_json::from_str(include_str!("../dry-run.schema.json")).map_err(failed)?;
    let lint: Value = serde_json::from_str(LINT_SCHEMA).map_err(failed)?;
    if let (Some(place), Some(findings)) = (
        schema.pointer_mut("/properties/runs/items/properties/findings"),
        lint.pointer("/properties/findings"),
    ) {
        *place = findings.clone();
    }
    // What findings refer to comes along.
    if let (Some(place), Some(definitions)) = (schema.as_object_mut(), lint.get("$defs")) {
        place.insert("$defs".to_owned(), definitions.clone());
    }
    let mut text = serde_json::to_string_pretty(&schema).map_err(failed)?;
    text.push('\n');
    Ok(text)
}
