//! What matters of each statement: its strongest lock, who is blocked by it and for how long, and how it ended.

use std::time::Duration;

use super::{
    Run,
    timeline::{Interval, Pass, Timeline, total},
    words::{shortened, time},
};
use crate::{
    dry_run::{Fate, Production, Statement},
    effect::{Blocks, Lock, WorkSet},
    finding::{Finding, Severity},
    lint::LintedFile,
};

/// What matters of one statement.
pub(super) struct Digest<'r> {
    /// Which of the run's statements, from 1.
    pub(super) n: usize,
    /// `migrations/7.sql:3`.
    pub(super) place: String,
    /// Its text.
    pub(super) sql: &'r str,
    /// What became of it.
    pub(super) statement: &'r Statement,
    /// What was found.
    pub(super) findings: Vec<&'r Finding>,
    /// The strongest lock that it took on what was there before, and on what.
    pub(super) lock: Option<(Lock, &'r str)>,
    /// The work that it did, on whatever relation.
    pub(super) work: WorkSet,
    /// Who was blocked, for each pass.
    pub(super) blocked: Vec<Blocked>,
    /// How it ended.
    pub(super) verdict: Verdict,
}

/// How long others were blocked by one statement.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Blocked {
    /// On that relation on which a SELECT was blocked the longest.
    pub(super) reads: Duration,
    /// On that relation on which an INSERT, UPDATE or DELETE was.
    pub(super) writes: Duration,
    /// Behind a reader that stayed for so long.
    pub(super) reader: Option<Duration>,
}

/// How a statement ended, the worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// It did not run.
    NotRun,
    /// There is nothing to be said of it.
    Fine,
    /// It did what was predicted.
    AsPredicted,
    /// There is a finding of this severity.
    Found(Severity),
    /// It did something else than predicted.
    Differs,
    /// The server refused it, as predicted.
    RefusedAsPredicted,
    /// The server refused it.
    Refused,
}

impl Verdict {
    /// In a word or two.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NotRun => "not run",
            Self::Fine => "ran",
            Self::AsPredicted => "as predicted",
            Self::Found(severity) => severity.name(),
            Self::Differs => "differs",
            Self::RefusedAsPredicted => "refused, as predicted",
            Self::Refused => "refused",
        }
    }

    fn of(statement: &Statement, findings: &[&Finding]) -> Self {
        let worst = findings.iter().map(|it| it.severity).max().unwrap_or(Severity::Off);
        match &statement.fate {
            Fate::NotRun => Self::NotRun,
            Fate::Refused { is_foreseen: true, .. } => Self::RefusedAsPredicted,
            Fate::Refused { .. } => Self::Refused,
            Fate::Observed { compared, .. } if !compared.agrees() => Self::Differs,
            _ if worst > Severity::Off => Self::Found(worst),
            Fate::Observed { compared, .. } if compared.open.is_none() => Self::AsPredicted,
            Fate::Observed { .. } | Fate::Ran(_) => Self::Fine,
        }
    }
}

impl<'r> Digest<'r> {
    /// Of every statement of `run`, by file.
    pub(super) fn all(run: &'r Run<'r>, passes: &[Pass]) -> Vec<Vec<Self>> {
        let mut n = 0;
        let mut digest = |file: &'r LintedFile<'r>, statement: &'r Statement| {
            n += 1;
            Self::of(run, file, statement, n, passes)
        };
        let files = run.files.iter().zip(&run.ran.files);
        files.map(|(file, all)| all.iter().map(|it| digest(file, it)).collect()).collect()
    }

    fn of(
        run: &'r Run<'r>,
        file: &'r LintedFile<'r>,
        statement: &'r Statement,
        n: usize,
        passes: &[Pass],
    ) -> Self {
        let source = &file.input.source;
        let path = source.path().display().to_string();
        let span = statement.span;
        let is_here = |it: &&Finding| *it.path == *path && (span.start..span.end).contains(&it.span.start);
        let findings: Vec<&Finding> = run.findings.iter().map(|it| &it.0).filter(is_here).collect();
        let relations = match &statement.fate {
            Fate::Observed { compared, .. } => compared.relations.as_slice(),
            _ => &[],
        };
        let seen = relations.iter().filter_map(|it| Some((it.observed?, it)));
        // A table says more than its index, also if its transaction had locked it before: the work is done under that lock.
        let locks = seen.clone().filter_map(|(side, pair)| {
            let had = side.had.filter(|_| !side.work.is_empty());
            Some((side.lock.max(had)?, pair.kind.has_rows(), &*pair.relation))
        });
        let lock = locks.rev().max_by_key(|it| (it.0, it.1)).map(|it| (it.0, it.2));
        Self {
            n,
            place: format!("{path}:{}", source.position(span.start).line),
            sql: span.of(source.text()),
            verdict: Verdict::of(statement, &findings),
            statement,
            findings,
            lock,
            work: seen.fold(WorkSet::default(), |all, (side, _)| all.union(side.work)),
            blocked: passes.iter().map(|it| Blocked::of(n, it)).collect(),
        }
    }

    /// Its text on one line.
    pub(super) fn line(&self) -> String {
        shortened(self.sql)
    }

    /// The longest that others were blocked in any pass.
    pub(super) fn worst_blocked(&self) -> Blocked {
        self.blocked.iter().copied().max().unwrap_or_default()
    }

    /// How long SELECTs were blocked in each pass that says something, and behind whom.
    pub(super) fn reads_blocked(&self) -> Vec<(String, String)> {
        self.blocked_by(|it| it.reads)
    }

    /// The same of INSERT, UPDATE and DELETE.
    pub(super) fn writes_blocked(&self) -> Vec<(String, String)> {
        self.blocked_by(|it| it.writes)
    }

    fn blocked_by(&self, time_of: fn(&Blocked) -> Duration) -> Vec<(String, String)> {
        let all = self.blocked.iter().filter(|it| !time_of(it).is_zero());
        let behind = |it: Duration| format!("behind a reader of {}", time(it));
        let mut said: Vec<(String, String)> = Vec::new();
        for it in all {
            let time = time(time_of(it));
            // A reader in the way of another statement changes nothing here.
            if said.last().is_none_or(|it| it.0 != time) {
                said.push((time, it.reader.map_or_else(String::new, behind)));
            }
        }
        said
    }

    /// How long it takes in production, if that is known.
    pub(super) fn production(&self) -> Option<&'r Production> {
        self.statement.growth.as_ref()?.production.as_ref()
    }

    /// Why the server refused it.
    pub(super) fn refusal(&self) -> Option<String> {
        match &self.statement.fate {
            Fate::Refused { refusal, .. } => Some(refusal.to_string()),
            _ => None,
        }
    }

    /// Whether it belongs to those that matter: it says something, or others had to wait for it.
    pub(super) fn matters(&self) -> bool {
        self.is_remarkable() || !self.worst_blocked().writes.is_zero()
    }

    /// Whether somebody should look at it.
    pub(super) fn is_remarkable(&self) -> bool {
        self.verdict > Verdict::Found(Severity::Off)
    }

    /// What orders statements by how much they matter.
    pub(super) fn badness(&self) -> (Verdict, Blocked, Option<Lock>) {
        (self.verdict, self.worst_blocked(), self.lock.map(|it| it.0))
    }
}

impl Blocked {
    /// By the `n`th statement.
    fn of(n: usize, pass: &Pass) -> Self {
        let mut timelines = pass.timelines.iter();
        let mut blocked = timelines.find_map(|it| Self::on(n, pass, it)).unwrap_or_default();
        blocked.reader = pass.reader;
        blocked
    }

    fn on(n: usize, pass: &Pass, timeline: &Timeline) -> Option<Self> {
        let step = timeline.steps.iter().find(|it| it.n == n)?;
        let mut all = Self::default();
        for lane in timeline.lanes() {
            let mut bars = lane.bars.iter().filter(|it| it.n == n);
            let waits = lane.waits.iter().any(|it| step.ran.0 <= it.0 && it.1 <= step.ran.1);
            let (mut reads, mut writes) = (Duration::ZERO, Duration::ZERO);
            if pass.is_probed {
                let until = bars.map(|it| it.held.1).max().or(waits.then_some(step.ran.1));
                let Some(until) = until else { continue };
                let here = |it: &Interval| (it.0.max(step.ran.0), it.1.min(until));
                reads = total(lane.reads.iter().map(here));
                writes = total(lane.writes.iter().map(here));
            } else if let Some(bar) = bars.next() {
                let held = bar.held.1.saturating_sub(bar.held.0);
                reads = if bar.lock.blocks() >= Blocks::Everything { held } else { reads };
                writes = if bar.lock.blocks() >= Blocks::Writes { held } else { writes };
            }
            all.reads = all.reads.max(reads);
            all.writes = all.writes.max(writes);
        }
        Some(all)
    }
}
