//! What `lockkeeper calibrate` measured: how long each kind of work took on tables of several sizes.
//!
//! The file holds times, no model: how they are read is this release's business, and a better reading needs no new measurement.

mod curve;
mod estimate;

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

pub(super) use estimate::Estimate;
pub use estimate::extrapolate;

/// What the `schema` of a file must be.
pub const SCHEMA: &str = "lockkeeper/calibration/1";

/// The JSON Schema of the file.
pub const JSON_SCHEMA: &str = include_str!("calibration.schema.json");

/// One server at one time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The version of this format: [`SCHEMA`].
    pub schema: String,
    /// The day: `YYYY-MM-DD`, in UTC.
    pub taken_on: String,
    /// As `server_version` says.
    pub version: String,
    /// The settings that decide how fast it works, by name.
    pub settings: BTreeMap<String, String>,
    /// What was under the server.
    pub machine: Machine,
    /// What was measured, by task and width of rows.
    pub series: Vec<Series>,
}

/// What is under a server, as far as the system tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Its memory: a table that is larger must be read from the disk.
    pub memory_bytes: Option<u64>,
    /// How many bytes a second come from the disk, one after the other.
    pub read_bytes_per_s: Option<f64>,
}

/// One task on tables that differ in nothing but how many rows they have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// What was done.
    pub task: Task,
    /// The bytes of the table for each row.
    pub row_bytes: f64,
    /// How long it took, by rows: that without rows first.
    pub points: Vec<Point>,
}

/// One size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// How many rows the table had.
    pub rows: u64,
    /// How long it took, in milliseconds: the time in the middle of several.
    pub ms: f64,
}

/// A kind of work that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Every row is read, and a column tested for NULL.
    Scan,
    /// Every row is read, and an expression of some terms is true of it.
    Check,
    /// Every row's key is sought in another table, which has a tenth of its rows.
    ForeignKey,
    /// An index on an integer by whose order the rows stand.
    IndexOrdered,
    /// An index on an integer, of which no two neighbours are near each other.
    IndexFixed,
    /// An index on text of [`SHORT`] bytes that is compared byte by byte, as under the collation `C`.
    IndexBytes,
    /// An index on text of [`SHORT`] bytes that is compared by the rules of a language.
    IndexCollated,
    /// The same on text of [`LONG`] bytes that begins alike, byte by byte.
    IndexBytesLong,
    /// The same by the rules of a language.
    IndexCollatedLong,
    /// Every row is copied to a new file as it is; the table has no index.
    Copy,
    /// Every row is computed anew and written to a new file; the table has no index.
    Rewrite,
    /// Every row is updated; the table has no index.
    Update,
    /// Every row is updated; the table has [`N_INDEXES`] indexes on integers.
    UpdateIndexed,
    /// Every row is deleted.
    Delete,
}

/// How many bytes short text has, with its length: as many as a name or a code.
pub const SHORT: u32 = 13;

/// How many bytes long text has, with its length: as many as an address or a title.
pub const LONG: u32 = 64;

/// The settings that decide how fast a server does what is measured, and that a snapshot has, too.
pub const SETTINGS: [&str; 7] = [
    "checkpoint_timeout",
    "maintenance_work_mem",
    "max_parallel_maintenance_workers",
    "max_wal_size",
    "shared_buffers",
    "synchronous_commit",
    "wal_level",
];

/// How many indexes there are for [`Task::UpdateIndexed`].
pub const N_INDEXES: u32 = 2;

impl Task {
    /// Every task, in the order in which they are measured.
    pub const ALL: [Self; 14] = [
        Self::Scan,
        Self::Check,
        Self::ForeignKey,
        Self::IndexOrdered,
        Self::IndexFixed,
        Self::IndexBytes,
        Self::IndexCollated,
        Self::IndexBytesLong,
        Self::IndexCollatedLong,
        Self::Copy,
        Self::Rewrite,
        Self::Delete,
        Self::Update,
        Self::UpdateIndexed,
    ];

    /// As people read it, and as the file has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Check => "check",
            Self::ForeignKey => "foreign-key",
            Self::IndexOrdered => "index-ordered",
            Self::IndexFixed => "index-fixed",
            Self::IndexBytes => "index-bytes",
            Self::IndexCollated => "index-collated",
            Self::IndexBytesLong => "index-bytes-long",
            Self::IndexCollatedLong => "index-collated-long",
            Self::Copy => "copy",
            Self::Rewrite => "rewrite",
            Self::Update => "update",
            Self::UpdateIndexed => "update-indexed",
            Self::Delete => "delete",
        }
    }
}

/// `calibration of 2026-11-21 on PostgreSQL 17.10`
impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "calibration of {} on PostgreSQL {}", self.taken_on, self.version)
    }
}

impl Calibration {
    /// Reads a file; else what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut read: Self = super::file::parse(text, SCHEMA)?;
        for series in &mut read.series {
            series.points.sort_by_key(|it| it.rows);
            let task = series.task.name();
            let is_number = |it: f64| it.is_finite() && it > 0.0;
            let is_time = |it: &Point| is_number(it.ms) || it.rows == 0 && it.ms == 0.0;
            if !is_number(series.row_bytes) || !series.points.iter().all(is_time) {
                return Err(format!("{task} has a time or a width that is not above 0"));
            }
            let mut sizes: Vec<u64> = series.points.iter().map(|it| it.rows).filter(|it| *it > 0).collect();
            let n_points = sizes.len();
            sizes.dedup();
            if sizes.len() < 2 || sizes.len() < n_points {
                return Err(format!(
                    "{task} was not measured at two sizes, each once, so nothing follows from it"
                ));
            }
        }
        Ok(read)
    }
}
