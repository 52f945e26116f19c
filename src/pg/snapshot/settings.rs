//! The settings that decide how long somebody waits.

use std::collections::BTreeMap;

use super::ask::Ask;
use crate::error::Error;

/// What is read, where the server's version has it.
const NAMES: [&str; 20] = [
    "TimeZone",
    "autovacuum",
    "checkpoint_timeout",
    "deadlock_timeout",
    "default_transaction_isolation",
    "hot_standby_feedback",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "maintenance_work_mem",
    "max_connections",
    "max_locks_per_transaction",
    "max_parallel_maintenance_workers",
    "max_standby_streaming_delay",
    "max_wal_size",
    "server_version_num",
    "shared_buffers",
    "statement_timeout",
    "synchronous_commit",
    "transaction_timeout",
    "wal_level",
];

/// By what text is compared; the name of a locale for the C library's, else the provider's way.
const COLLATION: &str = "SELECT 'lc_collate', CASE to_jsonb(d) ->> 'datlocprovider' \
     WHEN 'i' THEN 'icu' WHEN 'b' THEN 'C' ELSE d.datcollate::text END \
     FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";

/// The settings, as this role has them in this database.
pub(super) fn read(ask: &Ask<'_>) -> Result<BTreeMap<String, String>, Error> {
    let names = NAMES.map(|it| format!("'{it}'")).join(", ");
    let query = format!(
        "SELECT name, pg_catalog.current_setting(name, true) FROM pg_catalog.pg_settings WHERE name IN ({names})"
    );
    let rows = ask.rows_as_is("the settings", &query)?;
    let collation = ask.rows_as_is("the collation", COLLATION)?;
    Ok(rows.iter().chain(&collation).map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect())
}
