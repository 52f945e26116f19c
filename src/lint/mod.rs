//! The capability `lint`: migration files to what each statement does and what is wrong with it. No I/O.
//!
//! Files are read and judged on every core, but replayed one after the other, since each statement's effects
//! depend on what ran before. The three go on at once, a few files apart, so that a history of any length takes little memory.

mod again;
mod change;
mod embedded;
mod fingerprint;
mod hold;
mod judge;
mod meta;
mod observed;
mod overrides;
mod read;
mod replaced;
mod replay;
mod rerun;
mod scope;
mod shown;
mod together;
mod undone;

pub use again::Past;
pub use change::{Change, Lines};
pub use meta::runs_no_sql;
pub use observed::{Observation, Observations, judge_observed};
pub use overrides::judge_overrides;
pub use rerun::{Relinted, Rerun};
pub use shown::{Shown, judge_snapshot};

use std::{ops::ControlFlow, sync::Arc};

use crate::{
    effect::{Outcome, Runner},
    finding::{Finding, Position, Span},
    rule::{Foreign, RuleSet},
    sql::source::Source,
    traffic::{Heat, Hold, Traffic},
};

/// How many new files may lock the same table, when nobody says another number.
pub const LOCK_BUDGET: usize = 3;

/// What a run assumes of the server and of whoever runs the files.
#[derive(Clone, Debug)]
pub struct Options {
    /// The major version that the files will run on.
    pub postgres: u16,
    /// Settings that the runner or its role puts in force before each file: name and value.
    pub settings: Vec<(String, String)>,
    /// Whether a suppression must say why.
    pub require_reason: bool,
    /// How many new files may lock the same table before it is told.
    pub lock_budget: usize,
    /// The other linters whose suppressions are obeyed.
    pub foreign: Vec<&'static Foreign>,
    /// What is known of the tables.
    pub traffic: Arc<Traffic>,
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
    /// How the runner sends it; `None` when nothing says so.
    pub runner: Option<Runner>,
    /// Where the runner begins something new within the file, in order: the byte offset, and how it sends what follows.
    pub parts: Vec<(usize, Option<Runner>)>,
    /// What of it changed since it was merged.
    pub change: Change,
}

/// What a file is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputRole {
    /// It says what was there before any migration.
    Schema,
    /// It says in part what was there before any migration that is judged: what it does not say may be so or not.
    Snapshot,
    /// It ran earlier: it changes the catalog and is not judged.
    History,
    /// It is judged.
    Linted,
}

impl InputRole {
    /// Whether it tells of what was there, rather than being one of the migrations.
    pub const fn is_schema(self) -> bool {
        matches!(self, Self::Schema | Self::Snapshot)
    }
}

/// What a run found in one file.
#[derive(Clone, Debug)]
pub struct LintedFile<'i> {
    /// The file.
    pub input: &'i Input,
    /// How it, or its first part, was taken to be sent.
    pub runner: Runner,
    /// Where each part begins that is sent on its own, in bytes from the file's start, and how it was taken to be sent.
    pub parts: Vec<(usize, Runner)>,
    /// How many statements it has.
    pub n_statements: usize,
    /// How many of its statements could not be read.
    pub n_unreadable: usize,
    /// Where those of them begin that no finding tells of, because they were merged already.
    pub unread: Vec<Position>,
    /// Its statements, in order; empty unless [`Options::keep_statements`], and for files that are not judged.
    pub statements: Vec<LintedStatement>,
    /// Whether later files can change what is said of it.
    pub waits: bool,
    /// What of the tables was asked for up to here, and whether a snapshot has any.
    pub shown: Shown,
    /// In the order of place. Of a file that is not judged: what of it is not in the catalog.
    pub findings: Vec<Finding>,
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
    /// Of each of [`Outcome::locks`], in that order: how much the relation is used. Empty if nothing is known of any table.
    pub heats: Vec<Heat>,
    /// How long those locks are held; `None` if that is not known.
    pub held: Option<Hold>,
}

/// How many bytes of files go through the three stages together.
///
/// 128 KiB: enough to keep every core busy, small enough that what waits between the stages stays below a few megabytes.
const BATCH_BYTES: usize = 128 * 1024;

/// Judges one history: calls `tell` with one file after the other, some at a time, as soon as they are known. Stops early once
/// `tell` says so.
pub fn lint_each<'i>(
    inputs: &'i [Input],
    rules: &RuleSet,
    options: &Options,
    tell: &mut (dyn FnMut(Vec<LintedFile<'i>>) -> ControlFlow<()> + Send),
) {
    let mut replay = replay::Replay::new(rules, options);
    let judge = |some| judge::all(some, rules, options);
    run(inputs, &mut replay, &|it| read::file(it, &read::parse), &judge, tell);
}

/// Takes files through the three stages, after what `replay` has seen.
fn run<'i>(
    inputs: &'i [Input],
    replay: &mut replay::Replay,
    read_one: &(dyn Fn(&Input) -> read::File + Sync),
    judge: &(dyn Fn(Vec<(&'i Input, replay::Replayed)>) -> Vec<LintedFile<'i>> + Sync),
    tell: &mut (dyn FnMut(Vec<LintedFile<'i>>) -> ControlFlow<()> + Send),
) {
    let mut waiting = undone::Waiting::default();
    let mut batches = batches(inputs);
    let mut read: Vec<(&Input, read::File)> = Vec::new();
    let mut replayed: Vec<(&Input, replay::Replayed)> = Vec::new();
    loop {
        let next = batches.next().unwrap_or_default();
        let is_last = next.is_empty() && read.is_empty();
        let mut replay_all = |files: Vec<(&'i Input, read::File)>| {
            let mut ready = Vec::with_capacity(files.len());
            for (input, file) in files {
                waiting.push(input, replay.run(input, file));
                ready.extend(waiting.ready(replay.catalog(), false));
            }
            if is_last {
                let mut rest = waiting.ready(replay.catalog(), true);
                if rest.iter().any(|it| it.1.is_open) {
                    hold::across(&mut rest, replay.traffic());
                }
                ready.extend(rest);
            }
            ready
        };
        let (now_read, (now_replayed, judged)) = rayon::join(
            || read::all(next, read_one),
            || rayon::join(|| replay_all(std::mem::take(&mut read)), || judge(std::mem::take(&mut replayed))),
        );
        (read, replayed) = (now_read, now_replayed);
        if tell(judged).is_break() || is_last && replayed.is_empty() {
            return;
        }
    }
}

/// Judges one history, and keeps what it finds.
pub fn lint<'i>(inputs: &'i [Input], rules: &RuleSet, options: &Options) -> Vec<LintedFile<'i>> {
    let mut files = Vec::new();
    lint_each(inputs, rules, options, &mut |some| {
        files.extend(some);
        ControlFlow::Continue(())
    });
    files
}

/// The inputs in runs of about [`BATCH_BYTES`].
fn batches(inputs: &[Input]) -> impl Iterator<Item = &[Input]> {
    let mut rest = inputs;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let n = rest
            .iter()
            .take_while(|it| {
                let fits = bytes < BATCH_BYTES;
                bytes += it.source.text().len();
                fits
            })
            .count();
        let (batch, after) = rest.split_at_checked(n)?;
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}
