//! Measures how long work takes that grows with a table: each task on tables of several sizes and of two widths, on a throwaway server.
//!
//! Each statement commits by itself, as most do, and is undone afterwards. The sizes grow as long as the next one fits in the time and on
//! the disk. What follows from the times for other tables is held against servers by `benches/hold.rs`.

mod disk;
mod tables;
mod tasks;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

pub use self::disk::free_bytes;
use self::tables::Shape;
use super::{Sandbox, Session};
use crate::{
    error::Error,
    traffic::{
        calibration::{Machine, Point, Series, Task},
        merge::rounded,
    },
};

/// The smallest tables: work on them takes well longer than a statement without work.
pub const FIRST_ROWS: u64 = 20_000;

/// How many times more rows the next size has.
const GROWTH: u32 = 4;

/// How many sizes there are whatever the budget: from fewer no power follows.
const MIN_SIZES: usize = 3;

/// How much it may take.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// How long, as long as there are at least three sizes.
    pub time: Duration,
    /// How many bytes may be written.
    pub disk_bytes: u64,
    /// How many rows the smallest tables have; [`FIRST_ROWS`] tell something.
    pub first_rows: u64,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Measurements {
    /// Each task at each width.
    pub series: Vec<Series>,
    /// The settings that decide how fast a server works, and the collation of [`Task::IndexCollated`] if there is one.
    pub settings: BTreeMap<String, String>,
    /// What is under the server.
    pub machine: Machine,
    /// Why there is no larger table.
    pub ended_by: End,
}

/// Why there is no larger table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The next size would have taken longer than the budget.
    Time,
    /// The next size would have taken more of the disk than it may.
    Disk,
}

/// Measures on `server`; `tell` hears how many rows the tables had each time that a size is done, and how long that took.
///
/// Fails when the server refuses anything, as when the disk is full, and when the disk may not hold three sizes.
pub fn measure(
    server: &Sandbox,
    budget: Budget,
    mut tell: impl FnMut(u64, Duration),
) -> Result<Measurements, Error> {
    let started = Instant::now();
    let session = server.connect("postgres")?;
    let collation = collation(&session)?;
    let wal = wal_bytes(&session)?;
    let mut found = BTreeMap::new();
    measure_size(&session, 0, collation.as_deref(), &mut found)?;
    let (mut rows, mut n_sizes) = (budget.first_rows, 0);
    let ended_by = loop {
        if tables::bytes(rows).saturating_add(wal) > budget.disk_bytes {
            break End::Disk;
        }
        let begun = Instant::now();
        measure_size(&session, rows, collation.as_deref(), &mut found)?;
        n_sizes += 1;
        tell(rows, begun.elapsed());
        let next = begun.elapsed() * GROWTH;
        if n_sizes >= MIN_SIZES && started.elapsed() + next > budget.time {
            break End::Time;
        }
        rows *= u64::from(GROWTH);
    };
    if n_sizes < MIN_SIZES {
        let problem = format!(
            "{} bytes of disk are too few for {MIN_SIZES} sizes of tables; set TMPDIR to a folder with more",
            budget.disk_bytes
        );
        return Err(Error::Sandbox { major: server.major(), problem });
    }
    let largest = if ended_by == End::Disk { rows / u64::from(GROWTH) } else { rows };
    tables::make(&session, Shape::Wide, largest)?;
    let machine = disk::machine(server, &session, "subject")?;
    tables::remove(&session)?;
    let mut settings = settings(&session)?;
    settings.extend(collation.map(|it| ("collation".to_owned(), it)));
    Ok(Measurements { series: found.into_values().collect(), settings, machine, ended_by })
}

/// Measures every task on tables of so many rows, and removes them.
fn measure_size(
    session: &Session,
    rows: u64,
    collation: Option<&str>,
    found: &mut BTreeMap<(Task, Shape), Series>,
) -> Result<(), Error> {
    for shape in Shape::ALL {
        let row_bytes = tables::make(session, shape, rows)?;
        for task in shape.tasks() {
            let Some(steps) = tasks::steps(task, collation) else { continue };
            let ms = steps.time(session)?;
            let series = found.entry((task, shape));
            let series = series.or_insert_with(|| Series { task, row_bytes, points: Vec::new() });
            // In the largest table the bytes of a row are what they are in larger ones.
            series.row_bytes = rounded(row_bytes);
            series.points.push(Point { rows, ms: rounded(ms) });
        }
    }
    tables::remove(session)
}

/// A collation by the rules of a language: the C library's, which most databases have, else ICU's. `None` if the server has neither.
fn collation(session: &Session) -> Result<Option<String>, Error> {
    let rows = session.rows(
        "SELECT quote_ident(collname) FROM pg_collation \
         WHERE collencoding IN (-1, 6) AND (collprovider = 'c' AND collname ~* '^[a-z]{2}_[a-z]{2}\\.utf-?8$' \
         OR collprovider = 'i' AND collname = 'und-x-icu') \
         ORDER BY collprovider, collname <> 'en_US.utf8', collname LIMIT 1",
    )?;
    Ok(rows.first().map(|it| it.text(0).to_owned()))
}

/// How much WAL there may be between checkpoints, which may not be over when the next one begins.
fn wal_bytes(session: &Session) -> Result<u64, Error> {
    let rows = session.rows("SELECT 2 * pg_size_bytes(current_setting('max_wal_size'))")?;
    Ok(rows.first().and_then(|it| it.number(0)).unwrap_or_default())
}

/// The settings that decide how fast a server does what is measured.
fn settings(session: &Session) -> Result<BTreeMap<String, String>, Error> {
    const NAMES: &str = "'checkpoint_timeout', 'fsync', 'full_page_writes', 'maintenance_work_mem', \
         'max_parallel_maintenance_workers', 'max_wal_size', 'shared_buffers', 'synchronous_commit', 'wal_compression', \
         'wal_level', 'work_mem'";
    let rows = session
        .rows(&format!("SELECT name, current_setting(name) FROM pg_settings WHERE name IN ({NAMES})"))?;
    Ok(rows.iter().map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect())
}
