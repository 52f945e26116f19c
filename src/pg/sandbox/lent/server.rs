//! What is so on a server that somebody named for a dry run, and whether it may be used for one.

use std::{thread, time::Duration};

use super::{
    super::{
        super::{Address, Session},
        MAJORS,
    },
    name::APPLICATION,
};
use crate::error::Error;

/// How many connections a run may open at the same time.
const N_CONNECTIONS: i64 = 30;

/// Above this a copy by the server takes longer than another clone.
const SMALL_BYTES: u64 = 1 << 30;

/// How long a pooler may take to have a connection back that was closed.
const A_MOMENT: Duration = Duration::from_millis(100);

/// The setting that marks a server of which nothing is worth keeping.
const DISPOSABLE: &str = "lockkeeper.disposable=on";

/// What a server says of itself, of the role, and of the database that we are connected to.
pub(super) struct Server {
    pub(super) major: u16,
    /// The whole version, such as `16.14`.
    pub(super) version: String,
    pub(super) role: String,
    pub(super) is_superuser: bool,
    pub(super) can_create: bool,
    /// Since when the server runs, to the microsecond: no two servers do since the same.
    pub(super) since: String,
    /// How many sessions of others are in this database.
    pub(super) n_others: u32,
    /// How large this database is.
    pub(super) bytes: u64,
    n_free: i64,
    pub(super) is_disposable: bool,
}

impl Server {
    /// Connects, and asks.
    pub(super) fn read(address: &Address) -> Result<(Session, Self), Error> {
        let session = address.connect()?;
        let first = session.rows(
            "SELECT pg_catalog.current_setting('server_version_num')::int / 10000, pg_catalog.current_setting('server_version')",
        )?;
        let (major, version) = first.first().map_or((0, ""), |it| (it.number(0).unwrap_or(0), it.text(1)));
        if !MAJORS.contains(&major) {
            let (from, to) = (MAJORS[0], MAJORS[MAJORS.len() - 1]);
            return Err(refused(address, format!("it is PostgreSQL {version}; {from} to {to} are known")));
        }
        let rows = session.rows(&format!(
            "SELECT pg_catalog.pg_is_in_recovery(), r.rolname, r.rolsuper, r.rolcreatedb OR r.rolsuper, \
             pg_catalog.pg_postmaster_start_time(), \
             (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datname = pg_catalog.current_database() \
                AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type IS DISTINCT FROM 'autovacuum worker'), \
             pg_catalog.pg_database_size(pg_catalog.current_database()), \
             least(current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int \
                - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname IS NOT NULL), \
                CASE WHEN r.rolconnlimit >= 0 AND NOT r.rolsuper THEN r.rolconnlimit \
                - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = r.rolname) END), \
             EXISTS (SELECT FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase \
                WHERE s.setrole = 0 AND d.datname IN (pg_catalog.current_database(), 'postgres') \
                AND '{DISPOSABLE}' = ANY (s.setconfig)) \
             FROM pg_catalog.pg_roles r WHERE r.rolname = current_user"
        ))?;
        let row = rows.first().ok_or_else(|| refused(address, "it does not know its own role"))?;
        if row.is_true(0) {
            return Err(refused(
                address,
                "it is a standby, or still recovers, and nothing can be written there",
            ));
        }
        let server = Self {
            major,
            version: version.split(' ').next().unwrap_or_default().to_owned(),
            role: row.text(1).to_owned(),
            is_superuser: row.is_true(2),
            can_create: row.is_true(3),
            since: row.text(4).to_owned(),
            n_others: row.number(5).unwrap_or_default(),
            bytes: row.number(6).unwrap_or(u64::MAX),
            n_free: row.number(7).unwrap_or_default(),
            is_disposable: row.is_true(8),
        };
        server.check(address, &session)?;
        Ok((session, server))
    }

    /// Refuses what no dry run can be done on.
    fn check(&self, address: &Address, session: &Session) -> Result<(), Error> {
        if self.n_free < N_CONNECTIONS {
            let n = self.n_free.max(0);
            let problem =
                format!("{n} connections are free for {}, and a run may need {N_CONNECTIONS}", self.role);
            return Err(refused(address, problem));
        }
        if is_pooled(address, session)? {
            let problem = "sessions share the server's processes: a pooler such as pgbouncer stands before it; \
                           name the server itself";
            return Err(refused(address, problem));
        }
        Ok(())
    }
}

impl Server {
    /// Whether it may copy the database, and soon has.
    pub(super) fn copies_soon(&self) -> bool {
        self.can_create && self.bytes < SMALL_BYTES
    }
}

/// Why a server cannot be used.
pub(super) fn refused(server: &impl ToString, problem: impl Into<String>) -> Error {
    Error::Lent { server: server.to_string(), problem: problem.into() }
}

/// Whether a session's process was there before the session, or changes.
fn is_pooled(address: &Address, session: &Session) -> Result<bool, Error> {
    let now = address.connect()?.rows("SELECT pg_catalog.clock_timestamp()")?;
    let now = now.first().map(|it| it.text(0).to_owned()).unwrap_or_default();
    thread::sleep(A_MOMENT);
    let is_older = address.connect()?.rows(&format!(
        "SELECT backend_start < '{now}' FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()"
    ))?;
    let process = session.rows("SELECT pg_catalog.pg_backend_pid()")?;
    let process = process.first().and_then(|it| it.number(0));
    Ok(is_older.first().is_some_and(|it| it.is_true(0)) || process != Some(session.backend()))
}

/// Prepares a session in which files run, or that looks on: what the server cuts short for others must not cut this short,
/// and what workers do for a session is not seen.
pub(super) fn open(address: &Address, is_superuser: bool) -> Result<Session, Error> {
    let session = address.clone().named(APPLICATION).connect()?;
    let further = if is_superuser { ", 'log_temp_files'" } else { "" };
    session.rows(&format!(
        "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN ('statement_timeout', \
         'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout', \
         'max_parallel_maintenance_workers', 'max_parallel_workers_per_gather', 'default_transaction_read_only'{further})"
    ))?;
    Ok(session)
}
