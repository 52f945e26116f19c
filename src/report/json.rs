//! Every statement's effects and all findings, for programs. The contract is `lint.schema.json`, which a test holds this file to.
//!
//! Within schema `lockkeeper/lint/1` keys are only added, never renamed or taken away.

use std::io::{self, Write};

use serde::Serialize;

use super::{Assumed, Event, Framework, HiddenBy, Reporter, Summary, Unread};
use crate::{
    effect::{Action, Blocks, Harm, Lock, Outcome, Role, Runner, Scope, Target, WorkSet},
    finding::{Damage, Finding, Fix, Overridden, Severity},
    lint::{LintedFile, LintedStatement},
    sql::statement::{RelationKind, StatementKind},
    traffic::{Heat, Hold},
};

/// The JSON Schema of what [`Json`] writes.
pub const SCHEMA: &str = include_str!("lint.schema.json");

/// Writes one JSON document on one line, when everything is known.
pub struct Json<W> {
    out: W,
    report: Report,
}

#[derive(Default, Serialize)]
struct Report {
    schema: &'static str,
    postgres: u16,
    since: Option<Since>,
    frameworks: Vec<Framework>,
    left_out: LeftOut,
    files: Vec<File>,
    findings: Vec<JsonFinding>,
    hidden: Vec<Hidden>,
    unread: Vec<Unread>,
    summary: JsonSummary,
}

#[derive(Serialize)]
struct Since {
    #[serde(rename = "ref")]
    reference: String,
    base: String,
    changed_files: usize,
}

#[derive(Default, Serialize)]
struct LeftOut {
    down: usize,
    other: usize,
}

#[derive(Serialize)]
struct File {
    path: String,
    framework: &'static str,
    runner: Runner,
    statements: Vec<Statement>,
}

#[derive(Serialize)]
struct Statement {
    line: u32,
    column: u32,
    offset: usize,
    length: usize,
    kind: StatementKind,
    transaction: Scope,
    lock_timeout_ms: Option<u64>,
    effects: Vec<Effect>,
    held: Vec<Held>,
    harms: Vec<Harm>,
    fails_with: Option<&'static str>,
}

#[derive(Serialize)]
struct Effect {
    relation: String,
    kind: RelationKind,
    role: Role,
    lock: Lock,
    work: WorkSet,
    target: Target,
    blocks: Blocks,
    traffic: Heat,
    hold_ms: Option<Hold>,
}

#[derive(Serialize)]
struct Held {
    relation: String,
    lock: Lock,
    blocks: Blocks,
}

#[derive(Serialize)]
pub(super) struct JsonFinding {
    rule: String,
    severity: Severity,
    path: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    relation: Option<String>,
    message: String,
    help: Option<String>,
    notes: Vec<String>,
    fingerprint: String,
    fix: Option<Box<Fix>>,
    #[serde(rename = "override")]
    overridden: Option<Box<Overridden>>,
    damage: Option<Box<Damage>>,
}

/// A finding that is not reported, and what hides it.
#[derive(Serialize)]
struct Hidden {
    by: HiddenBy,
    reason: Option<String>,
    rule: String,
    severity: Severity,
    path: String,
    line: u32,
    column: u32,
    relation: Option<String>,
    message: String,
    fingerprint: String,
}

#[derive(Default, Serialize)]
struct JsonSummary {
    files: usize,
    statements: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    unreadable: usize,
    baseline: Option<JsonBaseline>,
}

#[derive(Serialize)]
struct JsonBaseline {
    path: String,
    known: usize,
    stale: usize,
}

impl<W: Write> Json<W> {
    /// A reporter that writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, report: Report { schema: "lockkeeper/lint/1", ..Report::default() } }
    }
}

impl<W: Write> Reporter for Json<W> {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Assumed(Assumed { postgres, since, frameworks, n_down_files, n_other_files, .. }) => {
                self.report.left_out = LeftOut { down: *n_down_files, other: *n_other_files };
                self.report.postgres = *postgres;
                self.report.since = since.as_ref().map(Into::into);
                self.report.frameworks.clone_from(frameworks);
            }
            Event::File(file) => self.report.files.push(file.into()),
            Event::Finding(finding, _) => self.report.findings.push(finding.into()),
            Event::Hidden(finding, by) => self.report.hidden.push(hidden(finding, by)),
            Event::Summary(summary) => {
                self.report.unread.clone_from(&summary.unread);
                self.report.summary = summary.into();
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, &self.report)?;
        writeln!(self.out)?;
        self.out.flush()
    }
}

impl From<&super::Since> for Since {
    fn from(since: &super::Since) -> Self {
        Self {
            reference: since.reference.clone(),
            base: since.base.clone(),
            changed_files: since.n_changed_files,
        }
    }
}

impl From<&LintedFile<'_>> for File {
    fn from(file: &LintedFile<'_>) -> Self {
        Self {
            path: file.input.source.path().to_string_lossy().into_owned(),
            framework: file.input.framework,
            runner: file.runner,
            statements: file.statements.iter().map(Into::into).collect(),
        }
    }
}

impl From<&LintedStatement> for Statement {
    fn from(statement: &LintedStatement) -> Self {
        let LintedStatement { span, start, outcome, .. } = statement;
        Self {
            line: start.line,
            column: start.column,
            offset: span.start,
            length: span.end - span.start,
            kind: outcome.statement,
            transaction: outcome.situation.transaction,
            lock_timeout_ms: outcome.situation.lock_timeout_ms,
            effects: effects(statement),
            held: held(outcome),
            harms: harms(outcome),
            fails_with: outcome.fails_with(),
        }
    }
}

fn effects(statement: &LintedStatement) -> Vec<Effect> {
    let effect = |(n, locked): (usize, crate::effect::Locked)| Effect {
        relation: locked.relation.name.to_string(),
        kind: locked.relation.kind,
        role: locked.role,
        lock: locked.lock,
        work: locked.work,
        target: locked.relation.target,
        blocks: locked.lock.blocks(),
        traffic: statement.heats.get(n).copied().unwrap_or_default(),
        hold_ms: statement.held,
    };
    statement.outcome.locks().into_iter().enumerate().map(effect).collect()
}

/// Locks of earlier statements of the same transaction, which are still held while this one works.
fn held(outcome: &Outcome) -> Vec<Held> {
    let held = outcome.effects.iter().filter(|it| it.action == Action::HoldLock);
    held.filter_map(|it| {
        let (relation, lock) = (it.relation.as_ref()?, it.lock?);
        Some(Held { relation: relation.name.to_string(), lock, blocks: lock.blocks() })
    })
    .collect()
}

fn harms(outcome: &Outcome) -> Vec<Harm> {
    const ALL: [Harm; 6] = [
        Harm::LosesData,
        Harm::BreaksReaders,
        Harm::BreaksWriters,
        Harm::Fails,
        Harm::MayFail,
        Harm::NoEffect,
    ];
    ALL.into_iter().filter(|harm| outcome.effects.iter().any(|it| it.harms.contains(*harm))).collect()
}

impl From<&Finding> for JsonFinding {
    fn from(finding: &Finding) -> Self {
        let finding = finding.clone();
        Self {
            rule: finding.rule.to_string(),
            severity: finding.severity,
            path: finding.path.to_string(),
            line: finding.start.line,
            column: finding.start.column,
            end_line: finding.end.line,
            end_column: finding.end.column,
            relation: finding.relation,
            message: finding.message,
            help: finding.help,
            notes: finding.notes,
            fingerprint: finding.fingerprint,
            fix: finding.fix,
            overridden: finding.overridden,
            damage: finding.damage,
        }
    }
}

fn hidden(finding: &Finding, by: HiddenBy) -> Hidden {
    // What the baseline hides has the severity that an override may have given it.
    let overridden = finding.overridden.as_deref().filter(|_| by == HiddenBy::Override);
    Hidden {
        by,
        reason: overridden.map(|it| it.reason.clone()),
        rule: finding.rule.to_string(),
        severity: overridden.map_or(finding.severity, |it| it.severity),
        path: finding.path.to_string(),
        line: finding.start.line,
        column: finding.start.column,
        relation: finding.relation.clone(),
        message: finding.message.clone(),
        fingerprint: finding.fingerprint.clone(),
    }
}

impl From<&Summary> for JsonSummary {
    fn from(summary: &Summary) -> Self {
        Self {
            files: summary.n_files,
            statements: summary.n_statements,
            errors: summary.n_errors,
            warnings: summary.n_warnings,
            notes: summary.n_notes,
            unreadable: summary.n_unreadable,
            baseline: summary.baseline.as_ref().map(|it| JsonBaseline {
                path: it.path.clone(),
                known: it.n_known,
                stale: it.n_stale,
            }),
        }
    }
}
