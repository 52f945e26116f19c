//! What one server said at one time: counters that only grow, and who was there.
//!
//! One sample says nothing of rates; [`rates`](super::rates) are what lies between two.

use std::collections::BTreeMap;

/// What does not change while a server is the server it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Whether it replays another server's WAL.
    pub is_replica: bool,
    /// As `server_version` says.
    pub version: String,
    /// The database's name.
    pub database: String,
    /// The number that a primary shares with its replicas and with nobody else; `None` if the role may not see it.
    pub system: Option<String>,
    /// When its main process was started, as text: two servers of one cluster differ in that.
    pub started: String,
    /// Whether the role sees the transactions of other roles.
    pub sees_transactions: bool,
}

/// The counters of one database on one server, and the transactions that were open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// When it was taken by the server's own clock, in seconds since 1970.
    pub clock: f64,
    /// The same for people: RFC 3339, in UTC, whole seconds.
    pub taken_at: String,
    /// When its counters began last, in seconds since 1970: a reset, or the start of the server. `None` if that is not known.
    pub counts_since: Option<f64>,
    /// Transactions that committed in the database.
    pub n_commits: f64,
    /// Client sessions in all databases, without our own.
    pub n_sessions: u64,
    /// Tables and materialized views, by their number.
    pub tables: BTreeMap<u32, Counters>,
    /// The transactions of clients that were open in the database, by process and start: how long, in milliseconds.
    pub transactions: BTreeMap<(String, String), u64>,
    /// How long the longest transaction was open that held a lock on a table, in milliseconds, by the table's number.
    pub holders: BTreeMap<u32, u64>,
}

/// The counters of one table. They are whole numbers below 2^53, which `f64` holds exactly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counters {
    /// Schema and name, quoted where SQL would need it.
    pub name: String,
    /// Sequential scans that were begun.
    pub n_seq_scans: f64,
    /// Rows inserted, updated and deleted.
    pub n_written: f64,
    /// Scans that were begun of each index, by the index's number.
    pub index_scans: BTreeMap<u32, f64>,
}
