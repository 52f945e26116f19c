//! What work a statement did, by the traces that it left: new files, counters, and the server's DEBUG1 messages.
//!
//! A rewrite implies that the table is read and its indexes are built; only `rewrite` is reported then. An index that is built without
//! a rewrite comes with a scan of its table.
//!
//! Sources: the messages are in PostgreSQL's `index_build` (`index.c`), `ATRewriteTable` and `validateForeignKeyConstraint`
//! (`tablecmds.c`); the same words in 13 to 18.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{Notice, Row},
    Watched, oid,
    snapshot::{Relation, Relations},
};
use crate::{
    effect::{Lock, Work, WorkSet},
    error::Error,
    sql::statement::RelationKind,
};

/// How often a table was read from end to end, and how many of its rows were written, in this transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    n_scans: u64,
    n_written: u64,
}

/// How far the write-ahead log has come, in bytes. Source: manual, 9.28.3 Backup Control Functions.
pub(super) const WAL_POSITION: &str =
    "pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')";

/// How often the relation `c` was read from end to end, and how many rows of it were written; NULL where it is no table.
pub(super) const COUNTS: &str = "CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_stat_get_xact_numscans(c.oid) END, \
     CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) \
     + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) END";

/// What counts on while statements run.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// How far the write-ahead log has come, in bytes.
    wal: u64,
    /// What the session's transaction did to each table, by its number.
    tables: BTreeMap<u32, Count>,
}

impl Counters {
    /// Those of a transaction that has done nothing yet.
    pub(super) fn at(wal: u64) -> Self {
        Self { wal, tables: BTreeMap::new() }
    }

    /// Adds what [`COUNTS`] says of a relation, from column `n` on.
    pub(super) fn add(&mut self, oid: u32, row: &Row, n: usize) {
        if let (Some(n_scans), Some(n_written)) = (row.number(n), row.number(n + 1)) {
            self.tables.insert(oid, Count { n_scans, n_written });
        }
    }
}

/// How far the write-ahead log has come, in bytes, whoever wrote it.
pub(super) fn wal_position(session: &dyn Watched) -> Result<u64, Error> {
    let rows = session.rows(&format!("SELECT {WAL_POSITION}"))?;
    Ok(rows.first().and_then(|it| it.number(0)).unwrap_or_default())
}

/// Whether the statement is of the kind whose own checks may read tables by queries.
pub(super) fn changes_the_schema(statement: &str) -> bool {
    matches!(first_word(statement).as_str(), "ALTER" | "CREATE" | "REFRESH")
}

/// The first word of a statement, in upper case.
fn first_word(statement: &str) -> String {
    let mut rest = statement.trim_start();
    loop {
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start()
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, rest)| rest).trim_start()
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            return rest.get(..end).unwrap_or_default().to_ascii_uppercase();
        };
    }
}

/// The traces of one statement.
#[derive(Debug)]
pub(super) struct Evidence {
    notices: Vec<Notice>,
    is_vacuum: bool,
    rewritten: BTreeSet<u32>,
    built: BTreeSet<u32>,
    scanned: BTreeSet<u32>,
    /// How many rows of each table were written.
    written: BTreeMap<u32, u64>,
    /// Foreign keys whose rows were checked: both tables are read, if they are locked.
    validated: BTreeSet<u32>,
    truncates: bool,
    wal_bytes: u64,
    temp_bytes: u64,
}

impl Evidence {
    pub(super) fn new(statement: &str, before: &Relations, after: &Relations, notices: Vec<Notice>) -> Self {
        let word = first_word(statement);
        let mut evidence = Self {
            notices,
            is_vacuum: word == "VACUUM",
            rewritten: BTreeSet::new(),
            built: BTreeSet::new(),
            scanned: BTreeSet::new(),
            written: BTreeMap::new(),
            validated: BTreeSet::new(),
            truncates: false,
            wal_bytes: 0,
            temp_bytes: 0,
        };
        evidence.take_temporary_files();
        // TRUNCATE also gives new files, but empty ones.
        let calls_code = matches!(word.as_str(), "DO" | "CALL" | "SELECT");
        let truncates =
            word == "TRUNCATE" || calls_code && statement.to_ascii_lowercase().contains("truncate");
        evidence.truncates = truncates;
        if !truncates {
            evidence.compare_files(before, after);
            evidence.find_new_indexes(before, after);
        }
        evidence.read_messages(before);
        evidence
    }

    pub(super) fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Compares the files of what was there before; an index may have been replaced by one of the same name.
    fn compare_files(&mut self, before: &Relations, after: &Relations) {
        for (oid, old) in before.iter().filter(|(_, old)| old.file != 0) {
            let now = after.get(oid).or_else(|| after.named(&old.schema, &old.short_name));
            let Some(now) = now.filter(|now| now.file != old.file && now.file != 0) else { continue };
            match old.kind {
                Some(RelationKind::Index) if self.says_built_on(before, now.table) => {
                    self.built.extend([oid, now.table]);
                }
                // An index that was not built was copied, to another tablespace.
                Some(RelationKind::Table | RelationKind::MaterializedView | RelationKind::Index) => {
                    self.rewritten.insert(oid);
                }
                _ => {}
            }
        }
    }

    /// Finds indexes that were not there before, on tables that were. One that took over an old index's file was not built.
    fn find_new_indexes(&mut self, before: &Relations, after: &Relations) {
        let files: BTreeSet<u32> = before.iter().map(|(_, it)| it.file).collect();
        let is_new = |oid, index: &Relation| {
            before.get(oid).is_none()
                && index.kind == Some(RelationKind::Index)
                && index.file != 0
                && !files.contains(&index.file)
        };
        let tables = after.iter().filter(|(oid, index)| is_new(*oid, index)).map(|(_, index)| index.table);
        self.built.extend(tables.filter(|table| before.get(*table).is_some()));
    }

    fn says_built_on(&self, before: &Relations, table: u32) -> bool {
        before.get(table).is_some_and(|table| {
            let on = format!("on table \"{}\"", table.short_name);
            self.notices
                .iter()
                .any(|it| it.message.starts_with("building index ") && it.message.contains(&on))
        })
    }

    fn read_messages(&mut self, before: &Relations) {
        for (oid, relation) in before.iter() {
            let verifying = format!("verifying table \"{}\"", relation.short_name);
            if self.notices.iter().any(|it| it.message == verifying) {
                self.scanned.insert(oid);
            }
        }
    }

    /// Takes what the server says of temporary files out of the messages. Source: `ReportTemporaryFileUsage` in `fd.c`.
    fn take_temporary_files(&mut self) {
        self.notices.retain(|it| {
            let size =
                it.message.strip_prefix("temporary file: path ").and_then(|it| it.rsplit_once(", size "));
            let size = size.and_then(|it| it.1.parse::<u64>().ok());
            self.temp_bytes += size.unwrap_or_default();
            size.is_none()
        });
    }

    /// How much was written to the write-ahead log and to temporary files.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (self.wal_bytes, self.temp_bytes)
    }

    /// Adds how far the write-ahead log came.
    pub(super) fn compare_wal(&mut self, before: u64, after: u64) {
        self.wal_bytes = after.saturating_sub(before);
    }

    /// Adds what grew between two readings of the counters.
    pub(super) fn compare_counters(&mut self, before: &Counters, after: &Counters) {
        self.compare_wal(before.wal, after.wal);
        for (oid, now) in &after.tables {
            let old = before.tables.get(oid).copied().unwrap_or_default();
            // Building the indexes of an empty file counts as reading it.
            if now.n_scans > old.n_scans && !self.truncates {
                self.scanned.insert(*oid);
            }
            if now.n_written > old.n_written {
                self.written.insert(*oid, now.n_written - old.n_written);
            }
        }
    }

    /// Finds both tables of each foreign key that the server says it checked, and their partitions: with an empty table it need not read the
    /// other, and how it reads what is referred to is for its planner to say.
    pub(super) fn read_validated(&mut self, session: &dyn Watched) -> Result<(), Error> {
        let names: Vec<String> = self
            .notices
            .iter()
            .filter_map(|it| {
                it.message.strip_prefix("validating foreign key constraint \"")?.strip_suffix('"')
            })
            .map(|name| format!("'{}'", name.replace('\'', "''")))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let rows = session.rows(&format!(
            "WITH RECURSIVE both_sides AS (SELECT conrelid, confrelid FROM pg_catalog.pg_constraint \
             WHERE contype = 'f' AND conname IN ({})), \
             read AS (SELECT conrelid AS oid FROM both_sides UNION SELECT confrelid FROM both_sides \
             UNION SELECT p.oid FROM read JOIN pg_catalog.pg_inherits i ON i.inhparent = read.oid \
             JOIN pg_catalog.pg_class p ON p.oid = i.inhrelid AND p.relispartition) \
             SELECT oid FROM read",
            names.join(", ")
        ))?;
        self.validated.extend(rows.iter().map(|row| oid(row, 0)));
        Ok(())
    }

    /// How many of a relation's rows were written.
    pub(super) fn n_written(&self, oid: u32) -> u64 {
        self.written.get(&oid).copied().unwrap_or_default()
    }

    /// What was done to a relation that was locked so.
    pub(super) fn work(&self, oid: u32, relation: &Relation, lock: Option<Lock>) -> WorkSet {
        if self.rewritten.contains(&oid) {
            return WorkSet::of(&[Work::Rewrite]);
        }
        let built = self.built.contains(&oid);
        if relation.table != 0 {
            let implied = self.rewritten.contains(&relation.table);
            return if built && !implied { WorkSet::of(&[Work::BuildIndex]) } else { WorkSet::NONE };
        }
        let is_stored = matches!(relation.kind, Some(RelationKind::Table | RelationKind::MaterializedView));
        let read_by_server = self.is_vacuum || self.validated.contains(&oid);
        let scanned = self.scanned.contains(&oid) || read_by_server && is_stored && lock.is_some();
        let mut work = WorkSet::NONE;
        if scanned || built {
            work = work.with(Work::Scan);
        }
        if built {
            work = work.with(Work::BuildIndex);
        }
        if self.written.contains_key(&oid) {
            work = work.with(Work::WriteRows);
        }
        work
    }
}
