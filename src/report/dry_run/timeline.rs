//! Which locks were held when: the locks of statements that share a transaction or a file, on one clock, relation by relation.
//!
//! Without probes the clock is that of the run that was observed; with probes it is that of each pass, which nobody looked at.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use super::{Run, words::time};
use crate::{
    dry_run::{Fate, Probed, Statement},
    effect::{Blocks, Lock},
    pg::session::Refusal,
    sql::statement::RelationKind,
};

/// A span of time.
pub(super) type Interval = (Duration, Duration);

/// The relation of who waits for transactions to end, on whatever relation.
const TRANSACTIONS: &str = "(older transactions)";

/// All locks of one pass over the files.
pub(super) struct Pass {
    /// In which company the statements ran.
    pub(super) title: String,
    /// How long a reader stayed in the way; `None` without one.
    pub(super) reader: Option<Duration>,
    /// Whether others tried to get at the tables.
    pub(super) is_probed: bool,
    /// In order of time.
    pub(super) timelines: Vec<Timeline>,
}

/// The locks of some statements.
#[derive(Default)]
pub(super) struct Timeline {
    /// The files, in order.
    pub(super) files: Vec<String>,
    /// The statements, in order.
    pub(super) steps: Vec<Step>,
    /// The relations, by name.
    lanes: BTreeMap<String, Lane>,
}

/// A statement on a timeline.
pub(super) struct Step {
    /// Which of the run's statements, from 1.
    pub(super) n: usize,
    /// `migrations/7.sql:3`.
    pub(super) place: String,
    /// From when it ran until it was done.
    pub(super) ran: Interval,
    /// When its transaction ended.
    pub(super) released: Duration,
    /// Whether the server refused it.
    pub(super) is_refused: bool,
}

/// A relation on a timeline.
#[derive(Default)]
pub(super) struct Lane {
    /// Schema and name.
    pub(super) relation: String,
    /// Whether it is an index: what locks it mostly locks its table as well.
    pub(super) is_index: bool,
    /// What was held, in order of time; one after the other.
    pub(super) bars: Vec<Bar>,
    /// When a statement waited for it.
    pub(super) waits: Vec<Interval>,
    /// When a SELECT had to wait; empty if nobody tried.
    pub(super) reads: Vec<Interval>,
    /// When an INSERT, UPDATE or DELETE had to wait; empty if nobody tried.
    pub(super) writes: Vec<Interval>,
}

/// A lock that is held.
pub(super) struct Bar {
    /// The strongest that is held.
    pub(super) lock: Lock,
    /// Since when, until when.
    pub(super) held: Interval,
    /// Which of the run's statements took it, from 1.
    pub(super) n: usize,
}

impl Pass {
    /// The passes over the files of `run`.
    pub(super) fn of(run: &Run<'_>) -> Vec<Self> {
        if run.ran.probed.is_empty() {
            let has_run = |it: &(usize, &Statement)| !matches!(it.1.fate, Fate::NotRun);
            let moments = run.ran.files.iter();
            let moments =
                moments.map(|it| it.iter().enumerate().filter(has_run).map(Moment::observed).collect());
            let moments = moments.collect();
            let title = "as observed".to_owned();
            return vec![Self {
                title,
                reader: None,
                is_probed: false,
                timelines: timelines(run, moments, None),
            }];
        }
        run.ran.probed.iter().map(|it| Self::probed(run, it)).collect()
    }

    fn probed(run: &Run<'_>, probed: &Probed) -> Self {
        let title = match probed.reader {
            None => "alone on the server".to_owned(),
            Some(stays) => format!("behind a reader that stays for {}", time(stays)),
        };
        let moments = probed.files.iter().enumerate();
        let moments = moments.map(|(n, file)| {
            let known = run.ran.files.get(n).map(Vec::as_slice).unwrap_or_default();
            file.iter()
                .filter_map(|timed| {
                    let at = known.iter().position(|it| it.span == timed.span)?;
                    let statement = known.get(at)?;
                    let waits = timed.waits.iter().map(|it| {
                        (it.relation.clone().unwrap_or_else(|| TRANSACTIONS.to_owned()), (it.from, it.to))
                    });
                    Some(Moment {
                        at,
                        statement,
                        ran: (timed.from, timed.to),
                        released: timed.released,
                        waits: waits.collect(),
                        refusal: timed.refusal.as_ref(),
                    })
                })
                .collect()
        });
        let timelines = timelines(run, moments.collect(), Some(probed));
        Self { title, reader: probed.reader, is_probed: true, timelines }
    }
}

/// A statement, and when it was what.
struct Moment<'m> {
    /// Which of its file's statements.
    at: usize,
    statement: &'m Statement,
    ran: Interval,
    released: Duration,
    waits: Vec<(String, Interval)>,
    refusal: Option<&'m Refusal>,
}

impl<'m> Moment<'m> {
    fn observed((at, statement): (usize, &'m Statement)) -> Self {
        let (took, refusal) = match &statement.fate {
            Fate::Observed { observed, .. } => (observed.took, None),
            Fate::Ran(took) => (*took, None),
            Fate::Refused { refusal, .. } => (Duration::ZERO, Some(&**refusal)),
            Fate::NotRun => (Duration::ZERO, None),
        };
        let ran = (statement.began, statement.began + took);
        let released = statement.held_for.map_or(ran.1, |it| statement.began + it).max(ran.1);
        Self { at, statement, ran, released, waits: Vec::new(), refusal }
    }
}

/// The timelines of one pass: a file begins a new one, unless the transaction goes on.
fn timelines(run: &Run<'_>, moments: Vec<Vec<Moment<'_>>>, probed: Option<&Probed>) -> Vec<Timeline> {
    let mut timelines: Vec<Timeline> = Vec::new();
    let mut n_before = 0;
    for (n, (file, moments)) in run.files.iter().zip(moments).enumerate() {
        let source = &file.input.source;
        let path = source.path().display().to_string();
        let mut is_new = true;
        for moment in moments {
            let goes_on = timelines.last().is_some_and(|it| moment.ran.0 < it.end());
            if timelines.is_empty() || (is_new && !goes_on) {
                timelines.push(Timeline::default());
            }
            let Some(timeline) = timelines.last_mut() else { continue };
            if is_new {
                timeline.files.push(path.clone());
                is_new = false;
            }
            let line = source.position(moment.statement.span.start).line;
            timeline.add(&moment, n_before + moment.at + 1, format!("{path}:{line}"));
        }
        n_before += run.ran.files.get(n).map_or(0, Vec::len);
    }
    if let Some(probed) = probed {
        for timeline in &mut timelines {
            timeline.add_blocked(probed);
        }
    }
    timelines.retain(|it| !it.lanes.is_empty());
    timelines
}

impl Timeline {
    /// The relations, those that make others wait the longest first.
    pub(super) fn lanes(&self) -> Vec<&Lane> {
        let mut lanes: Vec<&Lane> = self.lanes.values().collect();
        lanes.sort_by_cached_key(|it| Reverse(it.badness()));
        lanes
    }

    /// When the first statement began.
    pub(super) fn start(&self) -> Duration {
        self.steps.first().map_or(Duration::ZERO, |it| it.ran.0)
    }

    /// When the last transaction had ended.
    pub(super) fn end(&self) -> Duration {
        self.steps.iter().map(|it| it.released).max().unwrap_or_default()
    }

    /// When transactions ended, in order.
    pub(super) fn ends(&self) -> Vec<Duration> {
        let mut ends: Vec<Duration> = self.steps.iter().map(|it| it.released).collect();
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    fn add(&mut self, moment: &Moment<'_>, n: usize, place: String) {
        let Moment { ran, released, .. } = *moment;
        self.steps.push(Step { n, place, ran, released, is_refused: moment.refusal.is_some() });
        for (relation, wait) in &moment.waits {
            self.lane(relation).waits.push(*wait);
        }
        // What it would have locked is known, and that it did not get that far.
        let Fate::Observed { compared, .. } = &moment.statement.fate else { return };
        if moment.refusal.is_some() {
            return;
        }
        for pair in &compared.relations {
            let Some(lock) = pair.observed.and_then(|it| it.lock) else { continue };
            let lane = self.lane(&pair.relation);
            lane.is_index = matches!(pair.kind, RelationKind::Index | RelationKind::PartitionedIndex);
            // A wait is known to the time between two looks, and may seem to end after its statement.
            let waits = lane.waits.iter().filter(|it| (ran.0..=ran.1).contains(&it.0));
            let waited = waits.map(|it| it.1.min(ran.1)).max();
            lane.hold(Bar { lock, held: (waited.unwrap_or(ran.0), released), n });
        }
    }

    fn add_blocked(&mut self, probed: &Probed) {
        let (start, end) = (self.start(), self.end());
        let here = |all: &[Interval]| -> Vec<Interval> {
            let cut = all.iter().map(|it| (it.0.max(start), it.1.min(end)));
            cut.filter(|it| it.0 < it.1).collect()
        };
        for lane in &probed.lanes {
            let (reads, writes) = (here(&lane.reads_blocked), here(&lane.writes_blocked));
            if !(reads.is_empty() && writes.is_empty()) {
                let lane = self.lane(&lane.relation);
                (lane.reads, lane.writes) = (reads, writes);
            }
        }
    }

    fn lane(&mut self, relation: &str) -> &mut Lane {
        let new = || Lane { relation: relation.to_owned(), ..Lane::default() };
        self.lanes.entry(relation.to_owned()).or_insert_with(new)
    }
}

impl Lane {
    /// From here on a lock is held too.
    fn hold(&mut self, bar: Bar) {
        if let Some(last) = self.bars.last_mut().filter(|it| it.held.1 > bar.held.0) {
            if last.lock >= bar.lock {
                return;
            }
            last.held.1 = bar.held.0;
        }
        self.bars.push(bar);
    }

    /// The strongest lock.
    pub(super) fn strongest(&self) -> Option<Lock> {
        self.bars.iter().map(|it| it.lock).max()
    }

    /// How long a lock was held that makes others wait, by what waits.
    pub(super) fn held(&self, blocks: Blocks) -> Duration {
        total(self.bars.iter().filter(|it| it.lock.blocks() >= blocks).map(|it| it.held))
    }

    /// How bad it is that this relation is locked: what orders the lanes.
    fn badness(&self) -> (Duration, Duration, Option<Lock>, Duration) {
        let reads = total(self.reads.iter().copied()).max(self.held(Blocks::Everything));
        let writes = total(self.writes.iter().copied()).max(self.held(Blocks::Writes));
        (reads, writes, self.strongest(), self.held(Blocks::Nothing))
    }
}

/// How long all intervals are.
pub(super) fn total(intervals: impl Iterator<Item = Interval>) -> Duration {
    intervals.map(|it| it.1.saturating_sub(it.0)).sum()
}
