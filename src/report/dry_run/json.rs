//! One JSON document on one line. The contract is `dry-run.schema.json`, which a test holds this file to.
//!
//! Within schema `lockkeeper/dry-run/1` keys are only added, never renamed or taken away.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;

use super::{
    Counts, Report, Run,
    json_back::{Schema, SecondTry, WayBack, second_tries, ways_back},
    measured::{JsonGrowth, JsonProbed},
};
use crate::{
    dry_run::{Compared, Fate, Pair, Side, Statement},
    effect::{Blocks, Lock, Runner, Scope, WorkSet},
    lint::LintedFile,
    pg::{observe::Observed, session::Refusal},
    report::json::JsonFinding,
    sql::statement::{RelationKind, StatementKind},
};

/// Writes the document.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &document(report))?;
    writeln!(out)
}

/// The document as it may stand within a page: no tag, no comment and no entity can begin in it, and it says the same.
pub(super) fn in_html(report: &Report<'_>) -> io::Result<String> {
    let text = serde_json::to_string(&document(report))?;
    Ok(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}

fn document(report: &Report<'_>) -> Document {
    Document {
        schema: "lockkeeper/dry-run/1",
        runs: report.runs.iter().map(JsonRun::of).collect(),
        summary: summary(report),
    }
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    runs: Vec<JsonRun>,
    summary: JsonSummary,
}

#[derive(Serialize)]
struct JsonRun {
    postgres: u16,
    version: String,
    before: Before,
    files: Vec<File>,
    probed: Vec<JsonProbed>,
    schema: Schema,
    reversals: Vec<WayBack>,
    reruns: Vec<SecondTry>,
    findings: Vec<JsonFinding>,
}

#[derive(Serialize)]
struct Before {
    statements: usize,
    notes: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct File {
    path: String,
    framework: &'static str,
    runner: Runner,
    statements: Vec<JsonStatement>,
}

#[derive(Serialize)]
struct JsonStatement {
    line: u32,
    column: u32,
    offset: usize,
    length: usize,
    kind: Option<StatementKind>,
    transaction: Option<Scope>,
    outcome: Outcome,
    transaction_number: Option<usize>,
    began_ms: Option<f64>,
    took_ms: Option<f64>,
    held_ms: Option<f64>,
    wal_bytes: Option<u64>,
    temp_bytes: Option<u64>,
    growth: Option<JsonGrowth>,
    refusal: Option<JsonRefusal>,
    effects: Vec<Effect>,
    not_compared: Option<&'static str>,
    predicted_to_fail: Option<&'static str>,
    notices: Vec<Notice>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Ran,
    Refused,
    NotRun,
}

#[derive(Serialize)]
pub(super) struct JsonRefusal {
    sqlstate: String,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    position: Option<u32>,
    predicted: bool,
    at_commit: bool,
}

#[derive(Serialize)]
struct Effect {
    relation: String,
    kind: RelationKind,
    lock: Option<Lock>,
    held_before: Option<Lock>,
    work: WorkSet,
    blocks: Blocks,
    predicted: Option<Predicted>,
    differs: bool,
    rows_written: u64,
    bytes_before: Option<u64>,
    bytes_after: Option<u64>,
}

#[derive(Serialize)]
struct Predicted {
    lock: Option<Lock>,
    work: WorkSet,
}

#[derive(Serialize)]
struct Notice {
    severity: String,
    message: String,
}

#[derive(Serialize)]
struct JsonSummary {
    files: usize,
    statements: usize,
    ran: usize,
    refused: usize,
    not_run: usize,
    as_predicted: usize,
    differing: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
}

impl JsonRun {
    fn of(run: &Run<'_>) -> Self {
        let files = run.files.iter().zip(&run.ran.files);
        Self {
            postgres: run.postgres,
            version: run.ran.version.clone(),
            before: Before { statements: run.ran.n_before, notes: run.ran.backdrop.clone() },
            files: files.map(|(file, statements)| File::of(file, statements)).collect(),
            probed: run.ran.probed.iter().map(|it| JsonProbed::of(it, &run.files)).collect(),
            schema: Schema::of(&run.ran.schema),
            reversals: ways_back(run),
            reruns: second_tries(run),
            findings: run.findings.iter().map(|(finding, _)| finding.into()).collect(),
        }
    }
}

impl File {
    pub(super) fn of(file: &LintedFile<'_>, statements: &[Statement]) -> Self {
        Self {
            path: file.input.source.path().to_string_lossy().into_owned(),
            framework: file.input.framework,
            runner: file.runner,
            statements: statements.iter().map(|it| JsonStatement::of(it, file)).collect(),
        }
    }
}

impl JsonStatement {
    fn of(statement: &Statement, file: &LintedFile<'_>) -> Self {
        let start = file.input.source.position(statement.span.start);
        let linted = file.statements.iter().find(|it| it.span == statement.span).map(|it| &it.outcome);
        let mut json = Self {
            line: start.line,
            column: start.column,
            offset: statement.span.start,
            length: statement.span.end - statement.span.start,
            kind: linted.map(|it| it.statement),
            transaction: linted.map(|it| it.situation.transaction),
            outcome: Outcome::Ran,
            transaction_number: statement.transaction,
            began_ms: has_begun(statement).then(|| ms(statement.began)),
            took_ms: None,
            held_ms: statement.held_for.map(ms),
            wal_bytes: None,
            temp_bytes: None,
            growth: statement.growth.as_ref().map(JsonGrowth::of),
            refusal: None,
            effects: Vec::new(),
            not_compared: None,
            predicted_to_fail: None,
            notices: Vec::new(),
        };
        match &statement.fate {
            Fate::Observed { observed, compared, .. } => {
                json.took_ms = Some(ms(observed.took));
                json.wal_bytes = Some(observed.wal_bytes);
                json.temp_bytes = Some(observed.temp_bytes);
                json.effects = effects(compared, observed);
                json.not_compared = compared.open;
                json.predicted_to_fail = compared.should_have_failed;
                json.notices = observed
                    .notices
                    .iter()
                    .map(|it| Notice { severity: it.severity.clone(), message: it.message.clone() })
                    .collect();
            }
            Fate::Ran(took) => json.took_ms = Some(ms(*took)),
            Fate::Refused { refusal, is_foreseen, at_commit } => {
                json.outcome = Outcome::Refused;
                json.refusal = Some(JsonRefusal::of(refusal, *is_foreseen, *at_commit));
            }
            Fate::NotRun => json.outcome = Outcome::NotRun,
        }
        json
    }
}

impl JsonRefusal {
    pub(super) fn of(refusal: &Refusal, predicted: bool, at_commit: bool) -> Self {
        let Refusal { sqlstate, message, detail, hint, position } = refusal.clone();
        Self { sqlstate, message, detail, hint, position, predicted, at_commit }
    }
}

const fn has_begun(statement: &Statement) -> bool {
    !matches!(statement.fate, Fate::NotRun)
}

fn effects(compared: &Compared, observed: &Observed) -> Vec<Effect> {
    let effect = |pair: &Pair| {
        let Side { lock, had, work } = pair.observed.unwrap_or_default();
        let known = observed.relations.iter().find(|it| it.name == pair.relation);
        Effect {
            relation: pair.relation.clone(),
            kind: pair.kind,
            lock,
            held_before: had,
            work,
            blocks: lock.map_or(Blocks::Nothing, Lock::blocks),
            predicted: pair.predicted.map(|it| Predicted { lock: it.lock, work: it.work }),
            differs: pair.differs,
            rows_written: known.map_or(0, |it| it.n_written),
            bytes_before: known.and_then(|it| Some(it.bytes?.0)),
            bytes_after: known.and_then(|it| Some(it.bytes?.1)),
        }
    };
    compared.relations.iter().map(effect).collect()
}

/// Milliseconds, to a thousandth.
pub(super) fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

fn summary(report: &Report<'_>) -> JsonSummary {
    let counts = Counts::of(report.runs);
    JsonSummary {
        files: report.summary.n_files,
        statements: report.summary.n_statements,
        ran: counts.n_ran,
        refused: counts.n_refused,
        not_run: counts.n_not_run,
        as_predicted: counts.n_as_predicted,
        differing: counts.n_differing,
        errors: report.summary.n_errors,
        warnings: report.summary.n_warnings,
        notes: report.summary.n_notes,
    }
}
