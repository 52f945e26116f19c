//! The statements of each task.

use std::time::Instant;

use super::super::Session;
use crate::{error::Error, traffic::calibration::Task};

/// How often each statement is run.
const N_RUNS: usize = 3;

/// After so long, one run more would say little, for its noise is small beside it.
const ENOUGH_MS: f64 = 1_000.0;

/// How one task is measured.
pub(super) struct Steps {
    /// Before each run.
    before: &'static [&'static str],
    /// What is measured.
    statement: String,
    /// After each run: so that the next one finds what this one found.
    after: &'static [&'static str],
}

/// A copy, since what an UPDATE or a DELETE leaves behind cannot be undone.
const COPY: &[&str] = &["CREATE TABLE copy AS TABLE subject", "VACUUM (FREEZE, ANALYZE) copy"];
const INDEXED_COPY: &[&str] = &[
    "CREATE TABLE copy AS TABLE subject",
    "CREATE INDEX ON copy (number)",
    "CREATE INDEX ON copy (parent_id)",
    "VACUUM (FREEZE, ANALYZE) copy",
];
const DROP_COPY: &[&str] = &["DROP TABLE copy"];

/// The steps; `None` for what this server cannot do.
pub(super) fn steps(task: Task, collation: Option<&str>) -> Option<Steps> {
    const DROP_INDEX: &[&str] = &["DROP INDEX built"];
    let index = |key: &str| (&[][..], format!("CREATE INDEX built ON subject ({key})"), DROP_INDEX);
    let (before, statement, after) = match task {
        Task::Scan => {
            let statement = "ALTER TABLE subject ALTER COLUMN word SET NOT NULL".to_owned();
            (&[][..], statement, &["ALTER TABLE subject ALTER COLUMN word DROP NOT NULL"][..])
        }
        Task::Check => {
            let statement = "ALTER TABLE subject ADD CONSTRAINT tested CHECK (number <> 0 AND word NOT IN ('a', 'b', 'c'))";
            (&[][..], statement.to_owned(), &["ALTER TABLE subject DROP CONSTRAINT tested"][..])
        }
        Task::ForeignKey => {
            let statement =
                "ALTER TABLE subject ADD CONSTRAINT referring FOREIGN KEY (parent_id) REFERENCES parent (id)";
            (&[][..], statement.to_owned(), &["ALTER TABLE subject DROP CONSTRAINT referring"][..])
        }
        Task::IndexOrdered => index("id"),
        Task::IndexFixed => index("number"),
        Task::IndexBytes | Task::IndexBytesLong => index("word COLLATE \"C\""),
        Task::IndexCollated | Task::IndexCollatedLong => index(&format!("word COLLATE {}", collation?)),
        Task::Copy => (COPY, "VACUUM FULL copy".to_owned(), DROP_COPY),
        Task::Rewrite => {
            let statement = "ALTER TABLE copy ALTER COLUMN id TYPE bigint".to_owned();
            (COPY, statement, DROP_COPY)
        }
        Task::Delete => (COPY, "DELETE FROM copy".to_owned(), DROP_COPY),
        Task::Update => (COPY, "UPDATE copy SET number = number / 2".to_owned(), DROP_COPY),
        Task::UpdateIndexed => (INDEXED_COPY, "UPDATE copy SET number = number / 2".to_owned(), DROP_COPY),
    };
    Some(Steps { before, statement, after })
}

impl Steps {
    /// How long the statement takes with its COMMIT, in milliseconds: the time in the middle of three runs, or of as many as take a second.
    pub(super) fn time(&self, session: &Session) -> Result<f64, Error> {
        let mut times = Vec::with_capacity(N_RUNS);
        while times.len() < N_RUNS && times.iter().sum::<f64>() < ENOUGH_MS {
            self.before.iter().try_for_each(|it| session.batch(it))?;
            // What came before is written, and whatever is touched first from now on goes to the WAL as a whole page, as on a server
            // that has been up for a while.
            session.batch("CHECKPOINT")?;
            let begun = Instant::now();
            session.batch(&self.statement)?;
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
            self.after.iter().try_for_each(|it| session.batch(it))?;
        }
        times.sort_by(f64::total_cmp);
        Ok(times.get(times.len() / 2).copied().unwrap_or_default())
    }
}
