//! One sample: the counters of every table and index, the open transactions, and which tables they hold.

use super::{super::Row, ask::Ask};
use crate::{
    error::Error,
    traffic::sample::{Counters, Identity, Sample},
};

const IDENTITY: &str = "SELECT pg_is_in_recovery(), current_setting('server_version'), current_database(), \
     pg_postmaster_start_time(), pg_has_role('pg_read_all_stats', 'USAGE'), \
     has_function_privilege('pg_control_system()', 'EXECUTE')";

const SYSTEM: &str = "SELECT system_identifier FROM pg_control_system()";

/// The clock is read with the counters, so that no delay of ours is in the rates.
const SERVER: &str = "SELECT extract(epoch FROM clock_timestamp()), \
     extract(epoch FROM greatest(stats_reset, pg_postmaster_start_time())), xact_commit, \
     to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
     FROM pg_stat_database WHERE datname = current_database()";

/// Tables that are not the system's or a session's own, as SQL text over `c` and `n`.
pub(super) const OURS: &str = "c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' \
     AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";

/// A row a table, then a row an index: number, its table's number or 0, name, scans, rows written.
///
/// The functions are those under `pg_stat_user_tables`; of a table that has gone they return 0 or NULL.
fn counters() -> String {
    format!(
        "SELECT c.oid, 0, format('%I.%I', n.nspname, c.relname), pg_stat_get_numscans(c.oid), \
             pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OURS} \
         UNION ALL \
         SELECT i.indexrelid, i.indrelid, NULL, pg_stat_get_numscans(i.indexrelid), NULL \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OURS} \
         ORDER BY 2"
    )
}

/// Clients other than us: whether in this database, process, start of its transaction, age of that. NULL where there is none or it is hidden;
/// what a hidden process is for is hidden, too.
const CLIENTS: &str = "SELECT datname = current_database(), pid, xact_start, \
     round(extract(epoch FROM clock_timestamp() - xact_start) * 1000)::bigint \
     FROM pg_stat_activity \
     WHERE coalesce(backend_type, 'client backend') = 'client backend' AND pid <> pg_backend_pid() AND datid IS NOT NULL";

/// The longest transaction that holds a lock on each table, prepared transactions with them: who waits for the lock waits for these.
const HOLDERS: &str = "SELECT l.relation, \
     max(round(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared)) * 1000))::bigint \
     FROM pg_locks l \
     LEFT JOIN pg_stat_activity a ON a.pid = l.pid AND a.backend_type = 'client backend' \
     LEFT JOIN pg_prepared_xacts p ON l.pid IS NULL AND l.virtualtransaction = '-1/' || p.transaction::text \
     WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid() \
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     GROUP BY l.relation";

/// Who the server is.
pub(super) fn identity(ask: &Ask<'_>) -> Result<Identity, Error> {
    let rows = ask.rows("the version", IDENTITY)?;
    let text = |n| rows.first().map(|it| it.text(n).to_owned()).unwrap_or_default();
    let is_true = |n| rows.first().is_some_and(|it| it.is_true(n));
    let system = if is_true(5) {
        ask.rows("the system identifier", SYSTEM)?.first().map(|it| it.text(0).to_owned())
    } else {
        None
    };
    Ok(Identity {
        is_replica: is_true(0),
        version: text(1),
        database: text(2),
        system,
        started: text(3),
        sees_transactions: is_true(4),
    })
}

/// One sample.
pub(super) fn sample(ask: &Ask<'_>) -> Result<Sample, Error> {
    let mut sample = Sample::default();
    for row in ask.rows("the counters", SERVER)? {
        sample.clock = row.number(0).unwrap_or_default();
        sample.counts_since = row.number(1);
        sample.n_commits = row.number(2).unwrap_or_default();
        row.text(3).clone_into(&mut sample.taken_at);
    }
    for row in ask.rows("the counters of tables", &counters())? {
        count(&mut sample, &row);
    }
    for row in ask.rows("the open transactions", CLIENTS)? {
        sample.n_sessions += 1;
        if let Some(milliseconds) = row.number(3).filter(|_| row.is_true(0)) {
            sample.transactions.insert((row.text(1).to_owned(), row.text(2).to_owned()), milliseconds);
        }
    }
    for row in ask.rows("the locks", HOLDERS)? {
        if let (Some(relation), Some(milliseconds)) = (row.number(0), row.number(1)) {
            sample.holders.insert(relation, milliseconds);
        }
    }
    Ok(sample)
}

/// Adds one row of [`counters`]; tables come before indexes.
fn count(sample: &mut Sample, row: &Row) {
    let (Some(number), Some(of)) = (row.number::<u32>(0), row.number::<u32>(1)) else { return };
    let n_scans = row.number(3).unwrap_or_default();
    if of == 0 {
        let counters = Counters {
            name: row.text(2).to_owned(),
            n_seq_scans: n_scans,
            n_written: row.number(4).unwrap_or_default(),
            ..Counters::default()
        };
        sample.tables.insert(number, counters);
    } else if let Some(table) = sample.tables.get_mut(&of) {
        table.index_scans.insert(number, n_scans);
    }
}
