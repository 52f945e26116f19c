//! The ways back of the files that a dry run judges: what is sent, what is predicted of it, and what is found when it ran.

use std::path::Path;

use super::inputs::effective;
use crate::{
    dry_run::{Fate, MAX_WAYS_BACK, Reversal},
    effect::Runner,
    error::Error,
    finding::Finding,
    lint::{Change, Input, InputRole, LintedFile, Observation, Observations, Options, Past},
    migration::{Detected, ways_back},
    rule::{Producer, RuleSet},
    sql::{
        source::Source,
        split::{self, PieceKind},
    },
};

/// What is tried besides, unless that is not wanted.
#[derive(Debug, clap::Args)]
pub(super) struct Tries {
    /// Do not try whether the ways back of the files lead back, and whether the files then run again.
    #[arg(long)]
    pub no_reversal: bool,
    /// Do not try what a failure in the middle of a file leaves, and whether the file can then be run again.
    #[arg(long)]
    pub no_rerun: bool,
}

/// What takes one file of a history back.
pub(super) struct Back {
    /// The file's number in its history, from 0.
    input: usize,
    /// The file's number among those that are judged.
    pub(super) judged: usize,
    /// What is sent, in order.
    files: Vec<Input>,
}

impl Back {
    /// Reads the ways back of the last judged files of a history that have one.
    pub(super) fn read_all(
        history: &[Input],
        detected: &Detected,
        declared: Option<Runner>,
    ) -> Result<Vec<Self>, Error> {
        let judged = history.iter().enumerate().filter(|it| it.1.role == InputRole::Linted);
        let mut backs = Vec::new();
        for (judged, (input, file)) in judged.enumerate() {
            let path = file.source.path();
            // What a command printed or standard input said stands in no file.
            if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("sql")) && path.is_file() {
                let files = read(path, file.framework, detected, declared)?;
                backs.extend((!files.is_empty()).then_some(Self { input, judged, files }));
            }
        }
        let n_tried = backs.len().min(MAX_WAYS_BACK);
        Ok(backs.split_off(backs.len() - n_tried))
    }

    /// What is known when it is sent: all files up to its own have run.
    pub(super) fn past(&self, history: &[Input], rules: &RuleSet, options: &Options) -> Past {
        Past::new(history.get(..=self.input).unwrap_or_default(), rules, options.clone())
    }

    /// Its files with what is predicted of their statements.
    pub(super) fn predicted(&self, past: &mut Past, rules: &RuleSet) -> Vec<LintedFile<'_>> {
        self.files.iter().map(|it| past.judge(it, rules)).collect()
    }

    /// Its files with what was found when they ran.
    pub(super) fn judged(
        &self,
        past: &mut Past,
        rules: &RuleSet,
        reversal: &Reversal,
    ) -> Vec<LintedFile<'_>> {
        let by_server = |it: &Finding| {
            rules.find(&it.rule).is_some_and(|rule| rule.produced_by == Some(Producer::DryRun))
        };
        let mut files = Vec::new();
        for (n, (input, statements)) in self.files.iter().zip(&reversal.down).enumerate() {
            let mut observed = Observations::default();
            for statement in statements {
                let effects = match &statement.fate {
                    Fate::Observed { effects, .. } => Some(effects.clone()),
                    Fate::Ran(_) | Fate::Refused { .. } | Fate::NotRun => None,
                };
                let said = reversal.said_of_down(n, statement);
                observed.add(self.input + 1, statement.span.start, Observation { effects, said });
            }
            let mut file = past.judge_observed(input, rules, observed);
            file.findings.retain(by_server);
            files.push(file);
        }
        files
    }
}

fn read(
    path: &Path,
    framework: &'static str,
    detected: &Detected,
    declared: Option<Runner>,
) -> Result<Vec<Input>, Error> {
    let has_statements = |it: &Source| {
        split::split(it.text()).pieces.iter().any(|it| matches!(it.kind, PieceKind::Statement(_)))
    };
    let mut files = Vec::new();
    for back in ways_back(path, detected)? {
        let runner = effective(back.marks, back.says, declared, detected.runner);
        let source = Source::new(back.path, back.text);
        if has_statements(&source) {
            let (role, parts, change) = (InputRole::Linted, Vec::new(), Change::Unknown);
            files.push(Input { source, role, framework, runner, parts, change });
        }
    }
    Ok(files)
}
