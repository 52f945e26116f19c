//! A timeline as a picture: positions in hundredths of the width, so that it is as wide as the screen allows.

use std::{fmt, time::Duration};

use askama::Template;

use super::super::{
    axis::Axis,
    timeline::{Interval, Lane, Step, Timeline, total},
    words::time,
};
use crate::{
    effect::{Blocks, Lock},
    report::counted,
};

/// So many relations are shown at once; the others, indexes and what is locked more weakly or for less time, unfold.
const MAX_LANES: usize = 14;

/// The width of the axis in digits on a wide screen, and so how close two numbers may stand.
const N_DIGITS_WIDE: f64 = 62.0;

/// The same on a narrow one.
const N_DIGITS_NARROW: f64 = 38.0;

/// A mark has at least so much room, in hundredths.
const MIN_WIDTH: f64 = 0.35;

/// One timeline.
#[derive(Template)]
#[template(path = "dry_run/html/chart.html")]
pub(super) struct Chart {
    files: Vec<String>,
    summary: String,
    is_to_scale: bool,
    is_probed: bool,
    numbers: Vec<Number>,
    ticks: Vec<Tick>,
    commits: Vec<Percent>,
    lanes: Vec<LaneView>,
    others: Vec<LaneView>,
    others_title: String,
}

/// A position or a length, in hundredths.
#[derive(Clone, Copy)]
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

/// The number of a statement on the axis.
struct Number {
    at: Percent,
    width: Percent,
    text: String,
    href: String,
    /// all, wide or none: on which screens it has room.
    class: &'static str,
    is_refused: bool,
    title: String,
}

struct Tick {
    at: Percent,
    text: String,
    /// Which side of the text is at the tick.
    anchor: &'static str,
}

struct LaneView {
    relation: String,
    lock: &'static str,
    class: &'static str,
    held: String,
    reads: String,
    writes: String,
    said: String,
    bars: Vec<Mark>,
    waits: Vec<Mark>,
    read_marks: Vec<Mark>,
    write_marks: Vec<Mark>,
}

/// A stretch on a lane.
struct Mark {
    at: Percent,
    width: Percent,
    class: &'static str,
    title: String,
}

/// How a lock is drawn: by what waits behind it.
pub(super) fn class(lock: Lock) -> &'static str {
    match lock.blocks() {
        Blocks::Everything => "all",
        Blocks::Writes => "writes",
        Blocks::Nothing => "weak",
    }
}

impl Chart {
    /// The picture of a timeline.
    pub(super) fn of(run: usize, timeline: &Timeline, is_probed: bool) -> Self {
        let axis = Axis::of(timeline);
        // What is shown at once is the tables; an index alone is as good as a table.
        let (indexes, mut lanes): (Vec<&Lane>, Vec<&Lane>) =
            timeline.lanes().iter().partition(|it| it.is_index);
        lanes.extend(indexes);
        let n_tables = lanes.iter().filter(|it| !it.is_index).count();
        let n_shown = if n_tables == 0 { MAX_LANES } else { n_tables.min(MAX_LANES) };
        let mut views: Vec<LaneView> = lanes.iter().map(|it| LaneView::of(it, &axis)).collect();
        let others = views.split_off(views.len().min(n_shown));
        let n_others = others.len();
        let are_indexes = lanes.iter().skip(n_shown).all(|it| it.is_index);
        let others_title = if are_indexes {
            counted(n_others, "index").replace("indexs", "indexes")
        } else {
            format!("{n_others} more relations: indexes, and what is locked more weakly or for less time")
        };
        let ends = timeline.ends();
        let took = timeline.end().saturating_sub(timeline.start());
        Self {
            files: timeline.files.clone(),
            summary: format!(
                "{} in {}, {}",
                counted(timeline.steps.len(), "statement"),
                counted(ends.len(), "transaction"),
                time(took)
            ),
            is_to_scale: axis.is_to_scale,
            is_probed,
            numbers: numbers(run, timeline, &axis),
            ticks: axis.ticks().into_iter().map(|(at, text)| Tick::of(at, text)).collect(),
            commits: ends.iter().map(|it| Percent(axis.at(*it))).collect(),
            lanes: views,
            others,
            others_title,
        }
    }

    /// How many columns a row has.
    fn n_columns(&self) -> usize {
        if self.is_probed { 6 } else { 4 }
    }
}

impl Tick {
    fn of(at: f64, text: String) -> Self {
        let anchor = match at {
            at if at < 3.0 => "start",
            at if at > 94.0 => "end",
            _ => "middle",
        };
        Self { at: Percent(at), text, anchor }
    }
}

fn numbers(run: usize, timeline: &Timeline, axis: &Axis) -> Vec<Number> {
    let (mut wide, mut narrow) = (f64::MIN, f64::MIN);
    let number = |step: &Step| {
        let (from, to) = (axis.at(step.ran.0), axis.at(step.ran.1));
        let middle = f64::midpoint(from, to).clamp(0.8, 99.2);
        // A digit more, so that they stay apart.
        let n_digits = f64::from(step.n.checked_ilog10().unwrap_or(0) + 2);
        let has_room = middle - wide >= n_digits / N_DIGITS_WIDE * 100.0;
        let class = if has_room && middle - narrow >= n_digits / N_DIGITS_NARROW * 100.0 {
            (wide, narrow) = (middle, middle);
            "number"
        } else if has_room {
            wide = middle;
            "number wide"
        } else {
            "number none"
        };
        let took = time(step.ran.1.saturating_sub(step.ran.0));
        let what = if step.is_refused { "refused".to_owned() } else { format!("took {took}") };
        Number {
            at: Percent(from),
            width: Percent((to - from).max(MIN_WIDTH)),
            text: step.n.to_string(),
            href: format!("#s{run}-{}", step.n),
            class,
            is_refused: step.is_refused,
            title: format!("statement {} at {}: {what}", step.n, step.place),
        }
    };
    timeline.steps.iter().map(number).collect()
}

impl LaneView {
    fn of(lane: &Lane, axis: &Axis) -> Self {
        let mark = |it: &Interval, class, what: &str| {
            let length = time(it.1.saturating_sub(it.0));
            let (from, to) = (axis.at(it.0), axis.at(it.1));
            let width = (to - from).max(MIN_WIDTH);
            let at = from.min(100.0 - width);
            Mark { at: Percent(at), width: Percent(width), class, title: format!("{what} {length}") }
        };
        let bars = lane.bars.iter().map(|it| {
            mark(&it.held, class(it.lock), &format!("{} taken by statement {}, held", it.lock.name(), it.n))
        });
        let marks =
            |all: &[Interval], class, what: &str| all.iter().map(|it| mark(it, class, what)).collect();
        let shown = |it: Duration| if it.is_zero() { "–".to_owned() } else { time(it) };
        let held = lane.held(Blocks::Nothing);
        let lock = lane.strongest().map_or("not reached", Lock::name);
        let (reads, writes) = (total(lane.reads.iter().copied()), total(lane.writes.iter().copied()));
        let waited = total(lane.waits.iter().copied());
        let mut said = format!("{lock} held for {}", time(held));
        for (what, time_of) in
            [("waited for", waited), ("reads blocked for", reads), ("writes blocked for", writes)]
        {
            if !time_of.is_zero() {
                said = format!("{said}, {what} {}", time(time_of));
            }
        }
        Self {
            relation: lane.relation.clone(),
            lock,
            class: lane.strongest().map_or("weak", class),
            held: shown(held),
            reads: shown(reads),
            writes: shown(writes),
            said,
            bars: bars.collect(),
            waits: marks(&lane.waits, "waiting", "waited for"),
            read_marks: marks(&lane.reads, "reads", "reads blocked for"),
            write_marks: marks(&lane.writes, "blocked-writes", "writes blocked for"),
        }
    }
}

impl Number {
    /// Where its text stands.
    fn middle(&self) -> Percent {
        Percent((self.at.0 + self.width.0 / 2.0).clamp(0.8, 99.2))
    }
}
