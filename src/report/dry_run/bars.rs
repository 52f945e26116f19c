//! A timeline in letters: a bar for each relation that makes others wait, for terminals and for Markdown.

use std::time::Duration;

use super::{
    axis::Axis,
    timeline::{Interval, Lane, Pass, Timeline, total},
    words::time,
};
use crate::{effect::Blocks, report::counted};

/// So many relations are drawn; the others are counted.
const MAX_LANES: usize = 12;

/// A name is cut after so many letters.
const MAX_NAME: usize = 28;

/// A bar has at least so many letters.
const MIN_BAR: usize = 12;

/// A bar has at most so many letters: beyond that nobody sees more.
const MAX_BAR: usize = 48;

/// What bars are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letters {
    waiting: char,
    all: char,
    writes: char,
    weak: char,
    more: &'static str,
}

impl Letters {
    /// For everything that shows Unicode.
    pub(super) const UNICODE: Self =
        Self { waiting: '░', all: '█', writes: '▓', weak: '▒', more: "…" };

    /// For what shows ASCII only.
    pub(super) const ASCII: Self = Self { waiting: '.', all: '#', writes: '=', weak: '-', more: "~" };

    /// What each of them means.
    pub(super) fn legend(self) -> String {
        let Self { waiting, all, writes, weak, .. } = self;
        format!(
            "{all} reads and writes wait, {writes} writes wait, {weak} neither, {waiting} it waits itself"
        )
    }
}

/// The lines of one pass; none if nobody has to wait for anything.
pub(super) fn bars(pass: &Pass, width: usize, letters: Letters) -> Vec<String> {
    pass.timelines.iter().flat_map(|it| timeline(it, width, letters)).collect()
}

fn timeline(timeline: &Timeline, width: usize, letters: Letters) -> Vec<String> {
    let makes_wait = |it: &&Lane| {
        let strong = it.strongest().is_some_and(|it| it.blocks() > Blocks::Nothing);
        strong || !(it.waits.is_empty() && it.reads.is_empty() && it.writes.is_empty())
    };
    let mut lanes: Vec<&Lane> = timeline.lanes().into_iter().filter(makes_wait).collect();
    if lanes.iter().any(|it| !it.is_index) {
        lanes.retain(|it| !it.is_index);
    }
    if lanes.is_empty() {
        return Vec::new();
    }
    let n_more = lanes.len().saturating_sub(MAX_LANES);
    lanes.truncate(MAX_LANES);
    let axis = Axis::of(timeline);
    let figures: Vec<String> = lanes.iter().map(|it| self::figures(it)).collect();
    let n_name = lanes.iter().map(|it| it.relation.chars().count()).max().unwrap_or(0).clamp(9, MAX_NAME);
    let n_figures = figures.iter().map(|it| it.chars().count()).max().unwrap_or(0);
    let n_bar = width.saturating_sub(n_name + n_figures + 4).clamp(MIN_BAR, MAX_BAR);
    let mut text = vec![format!("{}: {}", timeline.files.join(", "), summary(timeline, &axis))];
    text.push(format!("  {:<n_name$}  {}", "line", numbers(timeline, &axis, n_bar)));
    for (lane, figures) in lanes.iter().zip(figures) {
        let name = cut(&lane.relation, n_name, letters);
        let name = format!("{name}{}", " ".repeat(n_name.saturating_sub(name.chars().count())));
        text.push(format!("  {name}  {}  {figures}", bar(lane, &axis, n_bar, letters)));
    }
    if n_more > 0 {
        text.push(format!("  and {} more", counted(n_more, "relation")));
    }
    text.push(String::new());
    text
}

fn summary(timeline: &Timeline, axis: &Axis) -> String {
    let took = time(timeline.end().saturating_sub(timeline.start()));
    let n = counted(timeline.ends().len(), "transaction");
    let scale = if axis.is_to_scale { "" } else { ", long stretches shortened" };
    format!("{took} in {n}{scale}")
}

/// What is said beside a bar: who waited, as far as that was measured, else how long the lock was held.
fn figures(lane: &Lane) -> String {
    let mut all = vec![lane.strongest().map_or("not reached", crate::effect::Lock::name).to_owned()];
    let waited = total(lane.waits.iter().copied());
    let (reads, writes) = (total(lane.reads.iter().copied()), total(lane.writes.iter().copied()));
    if !waited.is_zero() {
        all.push(format!("waits {}", time(waited)));
    }
    match (reads.is_zero(), writes.is_zero()) {
        (true, true) => all.push(format!("held {}", time(lane.held(Blocks::Nothing)))),
        (false, _) if reads == writes => all.push(format!("reads and writes wait {}", time(reads))),
        (false, true) => all.push(format!("reads wait {}", time(reads))),
        (true, false) => all.push(format!("writes wait {}", time(writes))),
        (false, false) => all.push(format!("reads wait {}, writes {}", time(reads), time(writes))),
    }
    all.join(", ")
}

/// The lines of the statements, each where it begins; one that has no room is left out.
fn numbers(timeline: &Timeline, axis: &Axis, n_bar: usize) -> String {
    let mut line = String::new();
    for step in &timeline.steps {
        let at = column(axis, step.ran.0, n_bar);
        let n_used = line.chars().count();
        if n_used == 0 || n_used < at {
            line.extend(std::iter::repeat_n(' ', at.saturating_sub(n_used)));
            line.push_str(step.place.rsplit(':').next().unwrap_or_default());
        }
    }
    line
}

fn bar(lane: &Lane, axis: &Axis, n_bar: usize, letters: Letters) -> String {
    let mut bar = vec![' '; n_bar];
    let mut draw = |(from, to): Interval, letter: char| {
        let first = column(axis, from, n_bar).min(n_bar.saturating_sub(1));
        let end = column(axis, to, n_bar).max(first + 1);
        for it in bar.iter_mut().take(end).skip(first) {
            *it = letter;
        }
    };
    for it in &lane.bars {
        let letter = match it.lock.blocks() {
            Blocks::Everything => letters.all,
            Blocks::Writes => letters.writes,
            Blocks::Nothing => letters.weak,
        };
        draw(it.held, letter);
    }
    for wait in &lane.waits {
        draw(*wait, letters.waiting);
    }
    bar.into_iter().collect()
}

/// The letter of a bar at which a moment lies.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "hundredths of a short bar")]
fn column(axis: &Axis, moment: Duration, n_bar: usize) -> usize {
    let n = f64::from(u32::try_from(n_bar).unwrap_or(u32::MAX));
    (axis.at(moment) / 100.0 * n).round().max(0.0) as usize
}

/// The end of a name says more than its begin.
fn cut(name: &str, n: usize, letters: Letters) -> String {
    let n_characters = name.chars().count();
    if n_characters <= n {
        return name.to_owned();
    }
    let end: String = name.chars().skip(n_characters + 1 - n).collect();
    format!("{}{end}", letters.more)
}
