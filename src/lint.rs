//! The capability `lint`: migration files to what each statement does and what is wrong with it. No I/O.

use crate::{
    effect::{Outcome, Scope},
    finding::{Finding, Position, Span},
    rule::RuleSet,
    sql::source::Source,
};

/// What a run assumes of the server and of whoever runs the files.
#[derive(Clone, Debug)]
pub struct Options {
    /// The major version that the files will run on.
    pub postgres: u16,
    /// Settings that the runner or its role puts in force before each file: name and value.
    pub settings: Vec<(String, String)>,
    /// Whether a suppression must say why.
    pub require_reason: bool,
    /// Whether the report lists every statement, or the findings only.
    pub keep_statements: bool,
}

/// One file of a history, in the order in which they run.
#[derive(Debug)]
pub struct Input {
    /// What it says. Parts that do not run, such as a down part, are blank.
    pub source: Source,
    /// What it is there for.
    pub role: InputRole,
    /// The framework that runs it, `plain` if none is known.
    pub framework: &'static str,
    /// How far the runner's transaction reaches; `None` when nothing says so.
    pub transaction: Option<Scope>,
}

/// What a file is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputRole {
    /// It says what was there before any migration.
    Schema,
    /// It ran earlier: it changes the catalog and is not judged.
    History,
    /// It is judged.
    Linted,
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files that were judged, in order.
    pub files: Vec<LintedFile>,
    /// In the order of the files, then of place.
    pub findings: Vec<Finding>,
}

/// One file that was judged.
#[derive(Clone, Debug)]
pub struct LintedFile {
    /// The file, as it was named.
    pub path: String,
    /// The framework that runs it.
    pub framework: &'static str,
    /// How many statements it has, and how many of them could not be read.
    pub n_statements: usize,
    /// How many of its statements could not be read.
    pub n_unreadable: usize,
    /// Its statements, in order; empty unless [`Options::keep_statements`].
    pub statements: Vec<LintedStatement>,
}

/// One statement and what it does.
#[derive(Clone, Debug)]
pub struct LintedStatement {
    /// From its first token to its last.
    pub span: Span,
    /// Where it begins.
    pub start: Position,
    /// What it does.
    pub outcome: Outcome,
}

/// Judges the linted files of one history.
pub fn lint(inputs: &[Input], _rules: &RuleSet, _options: &Options) -> Report {
    let files = inputs.iter().filter(|it| it.role == InputRole::Linted).map(|input| LintedFile {
        path: input.source.path().to_string_lossy().into_owned(),
        framework: input.framework,
        n_statements: 0,
        n_unreadable: 0,
        statements: Vec::new(),
    });
    Report { files: files.collect(), findings: Vec::new() }
}
