//! The snapshot file: what a server said of its tables, twice, some seconds apart.
//!
//! No values of rows and no text of queries are in it. It is sorted, so that two snapshots of one database differ only where the
//! database does. Rates are those between the two samples, of all servers together: reads happen on replicas.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the `schema` of a file must be.
pub const SCHEMA: &str = "lockkeeper/snapshot/1";

/// The JSON Schema of the file.
pub const JSON_SCHEMA: &str = include_str!("snapshot.schema.json");

/// One database at one time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The version of this format: [`SCHEMA`].
    pub schema: String,
    /// When the second sample was taken: RFC 3339, in UTC, whole seconds.
    pub taken_at: String,
    /// The database's name, or its hash.
    pub database: String,
    /// Whether names are hashes.
    pub hashed: bool,
    /// The servers that were asked, the primary first.
    pub servers: Vec<Server>,
    /// The settings that decide how long somebody waits, by name, as the primary shows them for this role and database.
    pub settings: BTreeMap<String, String>,
    /// The transactions that were seen.
    pub transactions: Transactions,
    /// What the role could not see, one line each, sorted; empty when it saw everything.
    pub unseen: Vec<String>,
    /// The tables, partitioned tables and materialized views, by name.
    pub tables: Vec<Table>,
}

/// One server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// `primary` or `replica`.
    pub role: String,
    /// As `server_version` says.
    pub version: String,
    /// How long there was between the two samples, in seconds.
    pub seconds: f64,
    /// Whether its counters started anew between the samples: then its rates are of the time since.
    pub was_reset: bool,
}

/// How long transactions are open, of all servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transactions {
    /// The longest that was open at one of the samples, in milliseconds.
    pub longest_ms: u64,
    /// The one in the middle of those, in milliseconds.
    pub typical_ms: u64,
    /// Client sessions of the first server at the second sample, in all databases: they share `max_connections`.
    pub n_sessions: u64,
}

/// One table. A partitioned one has the sizes and rates of all its partitions together, and they are listed, too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its schema and name, as in `public.orders`; quoted where SQL would need it.
    pub name: String,
    /// `table`, `partitioned-table` or `materialized-view`.
    pub kind: String,
    /// The partitioned table or the parent that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// By what a partitioned table is partitioned, as `pg_get_partkeydef` writes it; `None` in a hashed snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_key: Option<String>,
    /// The bound of a partition, such as `DEFAULT`, as `pg_get_expr` writes it; `None` in a hashed snapshot, or if the table was locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_bound: Option<String>,
    /// How many rows it has by the planner's statistics; `None` if it was never analyzed.
    pub rows: Option<u64>,
    /// The bytes of its main fork and maps.
    pub heap_bytes: u64,
    /// The bytes of all its indexes.
    pub index_bytes: u64,
    /// The bytes of its TOAST table with the index.
    pub toast_bytes: u64,
    /// Scans that were begun, of any kind, each second.
    pub reads_per_s: f64,
    /// Rows inserted, updated and deleted each second.
    pub writes_per_s: f64,
    /// Sequential scans that were begun each second.
    pub seq_scans_per_s: f64,
    /// The longest transaction that was seen to hold a lock on it, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_transaction_ms: Option<u64>,
    /// Its columns, in order, or by name in a hashed snapshot; of a partition none: it has those of its partitioned table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
    /// Its constraints, by name; those that it inherits stand at its parent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// Its indexes, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name, as it is.
    pub name: String,
    /// Its type, as `format_type` writes it; with its schema unless that is `pg_catalog`, and empty in a hashed snapshot then.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it is NOT NULL.
    pub not_null: bool,
    /// How much of it is NULL, from 0 to 1; `None` if it was never analyzed or must not be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_fraction: Option<f64>,
    /// How many bytes its values have, on average; `None` as above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// How far its values stand in the table in their own order, from -1 to 1; `None` as above, or if they have no order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<f64>,
    /// How many values it has: their number, or below 0 the share of the rows that have one of their own; `None` as above.
    ///
    /// Source: `n_distinct` of `pg_stats`, manual, 53.27.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<f64>,
}

/// One constraint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraint {
    /// Its name, as it is.
    pub name: String,
    /// As `pg_get_constraintdef` writes it; of a hashed snapshot only its first words, such as `FOREIGN KEY`.
    pub definition: String,
    /// Whether its rows were checked.
    pub valid: bool,
    /// The table that a foreign key refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<String>,
}

/// One index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its name, as it is.
    pub name: String,
    /// As `pg_get_indexdef` writes it; empty in a hashed snapshot.
    pub definition: String,
    /// Whether queries may use it.
    pub valid: bool,
    /// Its bytes.
    pub bytes: u64,
}

impl Snapshot {
    /// Reads a file; else what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        super::file::parse(text, SCHEMA)
    }
}

impl Table {
    /// All its bytes.
    pub fn bytes(&self) -> u64 {
        self.heap_bytes.saturating_add(self.index_bytes).saturating_add(self.toast_bytes)
    }
}
