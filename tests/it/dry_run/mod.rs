//! Dry runs: what is run is what a framework would run, what is seen is what the server does, and what differs is told.

mod effects;
mod exec;
mod frameworks;
mod lent;
mod messages;
mod predict;
mod probe;
mod rerun;
mod reversal;
mod robust;
mod rows;
mod runs;
mod schema;
mod tools;

use lockkeeper::{
    dry_run::{self, File, Purpose, Ran, Rows},
    error::Error,
    lint::{Change, Input, InputRole, LintedFile, lint},
    pg::Sandbox,
    rule::RuleSet,
    sql::source::Source,
};

use crate::support::lint_options;

/// The database in which all runs.
pub(crate) const DATABASE: &str = "dry_run";

/// A file of a history.
pub(crate) fn input(path: &str, text: &str, role: InputRole) -> Input {
    let source = Source::new(path, text.as_bytes().to_vec());
    Input { source, role, framework: "plain", runner: None, parts: Vec::new(), change: Change::Unknown }
}

/// Runs a history in a new database of the server, as the command line does.
pub(crate) fn dry_run(server: &Sandbox, inputs: &[Input]) -> Result<Ran, Error> {
    with_rows(server, inputs, None)
}

/// The same, with rows in the tables that were there before.
pub(crate) fn with_rows(server: &Sandbox, inputs: &[Input], n_rows: Option<u64>) -> Result<Ran, Error> {
    let rows = n_rows.map(|most| Rows { snapshot: None, most, share: 1.0 });
    told(server, inputs, &dry_run::Options { rows, ..dry_run::Options::default() })
}

/// The same, with what else a run may be told.
pub(crate) fn told(server: &Sandbox, inputs: &[Input], more: &dry_run::Options<'_>) -> Result<Ran, Error> {
    let mut options = lint_options(server.major());
    options.keep_statements = true;
    options.settings = vec![("timezone".to_owned(), dry_run::TIME_ZONE.to_owned())];
    let linted = lint(inputs, &RuleSet::default(), &options);
    let files: Vec<File<'_>> = linted.iter().map(file).collect();
    let told = dry_run::Options { settings: options.settings.clone(), ..more.clone() };
    dry_run::run(server, DATABASE, &files, &told)
}

fn file<'f>(linted: &'f LintedFile<'_>) -> File<'f> {
    File {
        source: &linted.input.source,
        purpose: match linted.input.role {
            InputRole::Schema | InputRole::Snapshot => Purpose::Schema,
            InputRole::History => Purpose::Earlier,
            InputRole::Linted => Purpose::Judged,
        },
        framework: linted.input.framework,
        parts: linted.parts.clone(),
        predicted: linted.statements.iter().map(|it| (it.span, &it.outcome)).collect(),
        back: Vec::new(),
    }
}
