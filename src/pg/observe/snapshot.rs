//! The relations of a database at one time, and the locks that one session holds on them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{Row, Session},
    Watched, oid,
    work::{COUNTS, Counters, WAL_POSITION},
};
use crate::{effect::Lock, error::Error, sql::statement::RelationKind};

/// Relations with lower numbers are the system's own. Source: `FirstNormalObjectId` in PostgreSQL's `transam.h`.
pub(super) const FIRST_USER_OID: u32 = 16384;

/// One relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) schema: String,
    /// The name within its schema.
    pub(super) short_name: String,
    /// `None` for TOAST tables and their indexes.
    pub(super) kind: Option<RelationKind>,
    /// The number of its file; 0 where it has none.
    pub(super) file: u32,
    /// For an index: its table; else 0.
    pub(super) table: u32,
    /// For a TOAST table or its index: whose it is; else 0.
    pub(super) toast_of: u32,
    /// Whether it has triggers that somebody made.
    pub(super) has_triggers: bool,
}

impl Relation {
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.schema, self.short_name)
    }

    /// The name as SQL text.
    pub(super) fn quoted(&self) -> String {
        let quote = |it: &str| format!("\"{}\"", it.replace('"', "\"\""));
        format!("{}.{}", quote(&self.schema), quote(&self.short_name))
    }
}

/// Every relation that is not the system's, by its number.
#[derive(Clone, Debug, Default)]
pub(super) struct Relations(BTreeMap<u32, Relation>);

impl Relations {
    pub(super) fn read(session: &dyn Watched) -> Result<Self, Error> {
        Ok(read(session)?.0)
    }

    pub(super) fn get(&self, oid: u32) -> Option<&Relation> {
        self.0.get(&oid)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Relation)> {
        self.0.iter().map(|(oid, relation)| (*oid, relation))
    }

    /// The relation that has this name now.
    pub(super) fn named(&self, schema: &str, short_name: &str) -> Option<&Relation> {
        self.0.values().find(|it| it.schema == schema && it.short_name == short_name)
    }
}

/// Every relation as a session sees it, and what it has counted: by one question, for each takes time.
fn question() -> String {
    // A TOAST table's index leads to its table as well.
    format!(
        "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relfilenode, i.indrelid, o.oid, \
         c.relhastriggers AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal), \
         {COUNTS}, wal.position FROM (SELECT {WAL_POSITION} AS position OFFSET 0) AS wal \
         LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
             ON n.oid = c.relnamespace AND n.nspname <> 'information_schema') ON c.oid >= {FIRST_USER_OID} \
         LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
         LEFT JOIN pg_catalog.pg_class o ON o.reltoastrelid <> 0 AND o.reltoastrelid = COALESCE(i.indrelid, c.oid)"
    )
}

/// Reads every relation as the session sees it, and what it has counted.
pub(super) fn read(session: &dyn Watched) -> Result<(Relations, Counters), Error> {
    Ok(answer(&session.rows(&question())?))
}

/// Begins a transaction that is told all, and reads what there is then.
pub(super) fn begin(session: &Session) -> Result<(Relations, Counters), Error> {
    let sql = format!("BEGIN; SET LOCAL client_min_messages = debug1; {}", question());
    Ok(answer(&session.rows(&sql)?))
}

fn answer(rows: &[Row]) -> (Relations, Counters) {
    let mut relations = Relations::default();
    let mut counters = Counters::at(rows.first().and_then(|it| it.number(10)).unwrap_or_default());
    for row in rows.iter().filter(|it| !it.text(0).is_empty()) {
        let number = oid(row, 0);
        let relation = Relation {
            schema: row.text(1).to_owned(),
            short_name: row.text(2).to_owned(),
            kind: kind(row.text(3)).filter(|_| row.text(1) != "pg_toast"),
            file: oid(row, 4),
            table: oid(row, 5),
            toast_of: oid(row, 6),
            has_triggers: row.is_true(7),
        };
        relations.0.insert(number, relation);
        counters.add(number, row, 8);
    }
    (relations, counters)
}

/// The kind behind `pg_class.relkind`; `None` for TOAST tables.
fn kind(relkind: &str) -> Option<RelationKind> {
    Some(match relkind {
        "r" => RelationKind::Table,
        "p" => RelationKind::PartitionedTable,
        "f" => RelationKind::ForeignTable,
        "i" => RelationKind::Index,
        "I" => RelationKind::PartitionedIndex,
        "S" => RelationKind::Sequence,
        "v" => RelationKind::View,
        "m" => RelationKind::MaterializedView,
        "c" => RelationKind::CompositeType,
        _ => return None,
    })
}

/// The modes in which relations are locked, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held(BTreeMap<u32, BTreeSet<Lock>>);

impl Held {
    /// What the session behind the server process `backend` holds.
    pub(super) fn read(session: &Session, backend: i32) -> Result<Self, Error> {
        let rows = session.rows(&format!(
            "SELECT relation, mode FROM pg_catalog.pg_locks WHERE locktype = 'relation' AND granted AND pid = {backend}"
        ))?;
        let mut held = Self::default();
        for row in &rows {
            held.add(oid(row, 0), row.text(1));
        }
        Ok(held)
    }

    /// Adds a lock by its name in `pg_locks`, unless it is on one of the system's own relations.
    pub(super) fn add(&mut self, oid: u32, mode: &str) {
        if oid >= FIRST_USER_OID
            && let Some(lock) = Lock::from_pg_locks_mode(mode)
        {
            self.0.entry(oid).or_default().insert(lock);
        }
    }

    /// What is held now and was not `earlier`.
    pub(super) fn without(mut self, earlier: &Self) -> Self {
        for (oid, locks) in &mut self.0 {
            locks.retain(|lock| !earlier.0.get(oid).is_some_and(|it| it.contains(lock)));
        }
        self
    }

    /// The modes on each relation, weakest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Vec<Lock>)> {
        self.0.iter().map(|(oid, locks)| (*oid, locks.iter().copied().collect()))
    }

    pub(super) fn strongest(&self, oid: u32) -> Option<Lock> {
        self.0.get(&oid).and_then(|locks| locks.last().copied())
    }
}
