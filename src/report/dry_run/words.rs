//! What all formats for people say in the same words.

use std::time::Duration;

use super::{Counts, Run};
use crate::{
    dry_run::{Compared, Pair, Side},
    report::counted,
    sql::statement::RelationKind,
    traffic::grouped,
};

/// A statement's text is cut after so many characters where it has one line.
const MAX_CHARACTERS: usize = 90;

/// Whether a notice of this severity is for people; the others are for the observer.
pub(super) fn is_for_people(severity: &str) -> bool {
    matches!(severity, "NOTICE" | "WARNING")
}

/// The lock of a relation: what was taken, or what the transaction had.
pub(super) fn lock(side: Side) -> String {
    match (side.lock, side.had) {
        (Some(lock), had) if had < Some(lock) => lock.name().to_owned(),
        (_, Some(had)) => format!("(held: {})", had.name()),
        (_, None) => "none".to_owned(),
    }
}

/// The lock, and the work under it.
fn words(side: Side) -> String {
    if side.work.is_empty() { lock(side) } else { format!("{}, {}", lock(side), side.work) }
}

/// What was predicted, beside what was seen.
pub(super) fn predicted(pair: &Pair, compared: &Compared) -> String {
    match pair.predicted {
        Some(_) if !pair.differs && compared.open.is_none() => "the same".to_owned(),
        Some(it) if pair.differs => format!("DIFFERS: {}", words(it)),
        Some(it) => words(it),
        None if pair.differs => "DIFFERS: nothing".to_owned(),
        None => "nothing".to_owned(),
    }
}

/// What was there before the files that were run.
pub(super) fn before(run: &Run<'_>) -> String {
    match run.ran.n_before {
        0 => "an empty database".to_owned(),
        n => format!("after {} of earlier files and schemas", counted(n, "statement")),
    }
}

/// What a relation is.
pub(super) const fn kind(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Table => "table",
        RelationKind::PartitionedTable => "partitioned table",
        RelationKind::ForeignTable => "foreign table",
        RelationKind::Index => "index",
        RelationKind::PartitionedIndex => "partitioned index",
        RelationKind::Sequence => "sequence",
        RelationKind::View => "view",
        RelationKind::MaterializedView => "materialized view",
        RelationKind::CompositeType => "composite type",
    }
}

/// The sizes of a file before and after.
pub(super) fn sizes((before, after): (u64, u64)) -> String {
    if before == after { bytes(after) } else { format!("{} → {}", bytes(before), bytes(after)) }
}

/// The begin of a statement, on one line.
pub(super) fn shortened(statement: &str) -> String {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    let start: String = line.chars().take(MAX_CHARACTERS).collect();
    if start.len() < line.len() { format!("{start}…") } else { start }
}

/// `0.6 ms`, `12 ms`, `3.4 s`, `2 min 5 s`.
pub(super) fn time(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms if ms < 120_000.0 => format!("{:.1} s", ms / 1000.0),
        _ => format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

/// `812 bytes`, `38 MB`, in powers of ten.
pub(super) fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} bytes"),
        1_000..10_000_000 => format!("{} kB", grouped(n / 1_000)),
        10_000_000..10_000_000_000 => format!("{} MB", grouped(n / 1_000_000)),
        _ => format!("{} GB", grouped(n / 1_000_000_000)),
    }
}

/// How many statements came to which end.
pub(super) fn in_words(counts: Counts) -> String {
    let Counts { n_ran, n_refused, n_not_run, n_as_predicted, n_differing } = counts;
    let mut all = vec![format!("{} ran", counted(n_ran, "statement"))];
    let further = [
        (n_as_predicted, "did what was predicted"),
        (n_differing, "did something else than predicted"),
        (n_refused, "refused by the server"),
        (n_not_run, "not run"),
    ];
    all.extend(further.into_iter().filter(|it| it.0 > 0).map(|(n, what)| format!("{n} {what}")));
    all.join(", ")
}
