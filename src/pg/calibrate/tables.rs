//! The tables that are worked on: the same columns, with short rows and with long ones.

use super::super::Session;
use crate::{
    error::Error,
    traffic::{calibration::Task, number::float},
};

/// How the rows of a table differ from those of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// Short rows.
    Narrow,
    /// Long rows, by text that nothing looks at.
    Wide,
    /// Text that is long and begins alike.
    LongText,
}

impl Shape {
    pub(super) const ALL: [Self; 3] = [Self::Narrow, Self::Wide, Self::LongText];

    /// What is measured on such a table.
    pub(super) fn tasks(self) -> impl Iterator<Item = Task> {
        let of_text = |it: Task| matches!(it, Task::IndexBytesLong | Task::IndexCollatedLong);
        Task::ALL.into_iter().filter(move |it| of_text(*it) == (self == Self::LongText))
    }

    /// How many bytes of text each row has that nothing looks at.
    const fn filler(self) -> u64 {
        match self {
            Self::Narrow | Self::LongText => 0,
            // Below the size from which values are compressed or put out of line.
            Self::Wide => 300,
        }
    }

    /// The text that indexes are on, of as many bytes as the task says.
    const fn word(self) -> &'static str {
        match self {
            Self::Narrow | Self::Wide => "substr(md5(i::text), 1, 12)",
            Self::LongText => "'item ' || substr(md5(i::text), 1, 12) || repeat('.', 46)",
        }
    }
}

/// About how many bytes a table of long rows needs with what is made of it: a copy, its rows twice, indexes, and what sorts write.
pub(super) const fn bytes(rows: u64) -> u64 {
    rows * 400 * 4
}

/// Makes the table with so many rows, and the one that its foreign key refers to; returns the bytes that each row takes.
///
/// Values are spread as those of real keys are: no two neighbours in the table are neighbours in an index.
pub(super) fn make(session: &Session, shape: Shape, rows: u64) -> Result<f64, Error> {
    remove(session)?;
    let (filler, word, n_parents) = (shape.filler(), shape.word(), rows / 10 + 1);
    session.batch(&format!(
        "CREATE TABLE parent AS SELECT i::integer AS id FROM generate_series(0, {n_parents}) i; \
         ALTER TABLE parent ADD PRIMARY KEY (id)"
    ))?;
    session.batch(&format!(
        "CREATE TABLE subject AS \
         SELECT i::integer AS id, hashint8(i) AS number, ((hashint8(i)::bigint & 2147483647) % {n_parents})::integer AS parent_id, \
             {word} AS word, repeat('x', {filler}) AS filler \
         FROM generate_series(1, {rows}) i"
    ))?;
    for table in ["parent", "subject"] {
        // As rows are that have been there for a while: visible to all, with statistics.
        session.batch(&format!("VACUUM (FREEZE, ANALYZE) {table}"))?;
    }
    let found = session.rows("SELECT pg_table_size('subject')")?;
    let bytes: f64 = found.first().and_then(|it| it.number(0)).unwrap_or_default();
    Ok((bytes / float(rows.max(1))).max(1.0))
}

/// Removes what [`make`] made.
pub(super) fn remove(session: &Session) -> Result<(), Error> {
    session.batch("DROP TABLE IF EXISTS subject, parent")
}
