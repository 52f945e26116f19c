//! The tables: sizes, columns, constraints, indexes. No row is read.

use std::collections::HashMap;

use super::{super::Row, ask::Ask, sample::OURS};
use crate::{
    error::Error,
    traffic::{
        merge::rounded,
        snapshot::{Column, Constraint, Index, Table},
    },
};

/// The tables that somebody holds or wants ACCESS EXCLUSIVE: to ask for their size would be to wait.
const LOCKED: &str = "SELECT relation FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// The pages that statistics know of, in bytes.
fn by_statistics(relation: &str) -> String {
    format!("{relation}.relpages::bigint * current_setting('block_size')::bigint")
}

fn tables(ask_sizes: bool) -> String {
    let estimated = (by_statistics("c"), by_statistics("t"));
    let is_free = if ask_sizes {
        "c.oid NOT IN (SELECT relation FROM locked) AND c.reltoastrelid NOT IN (SELECT relation FROM locked)"
    } else {
        "false"
    };
    format!(
        "WITH locked AS MATERIALIZED ({LOCKED}) \
         SELECT c.oid, format('%I.%I', n.nspname, c.relname), c.relkind, c.relispartition, \
             (SELECT format('%I.%I', pn.nspname, p.relname) FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent \
                 JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE h.inhrelid = c.oid ORDER BY h.inhseqno LIMIT 1), \
             c.reltuples::numeric, c.relpages, \
             CASE WHEN c.relkind = 'p' THEN 0 WHEN {is_free} THEN \
                 pg_relation_size(c.oid, 'main') + pg_relation_size(c.oid, 'fsm') \
                 + pg_relation_size(c.oid, 'vm') + pg_relation_size(c.oid, 'init') \
                 ELSE {} END, \
             CASE WHEN t.oid IS NULL THEN 0 WHEN {is_free} THEN pg_total_relation_size(t.oid) ELSE {} END, \
             pg_get_partkeydef(c.oid), \
             CASE WHEN c.relispartition AND {is_free} THEN pg_get_expr(c.relpartbound, c.oid) END \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_class t ON t.oid = c.reltoastrelid \
         WHERE {OURS}",
        estimated.0, estimated.1
    )
}

fn indexes(ask_sizes: bool) -> String {
    let is_free = if ask_sizes { "x.oid NOT IN (SELECT relation FROM locked)" } else { "false" };
    format!(
        "WITH locked AS MATERIALIZED ({LOCKED}) \
         SELECT i.indrelid, x.relname, pg_get_indexdef(i.indexrelid), i.indisvalid, \
             CASE WHEN x.relkind = 'I' THEN 0 WHEN {is_free} THEN pg_total_relation_size(x.oid) ELSE {} END \
         FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid \
         JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE {OURS}",
        by_statistics("x")
    )
}

/// Partitions have the columns of their partitioned table, which is enough.
fn columns() -> String {
    format!(
        "SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE {OURS} AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped \
         ORDER BY a.attrelid, a.attnum"
    )
}

/// What a table inherits stands at its parent. Of 18's NOT NULL constraints only those that were not validated stand here; the others are
/// the columns' own.
fn constraints() -> String {
    format!(
        "SELECT o.conrelid, o.conname, pg_get_constraintdef(o.oid), o.convalidated, \
             (SELECT format('%I.%I', rn.nspname, r.relname) FROM pg_class r \
                 JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = o.confrelid) \
         FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE {OURS} AND (o.contype IN ('c', 'f', 'p', 'u', 'x') OR (o.contype = 'n' AND NOT o.convalidated)) \
             AND o.conparentid = 0 AND (o.conislocal OR o.contype NOT IN ('c', 'n'))"
    )
}

/// How much of each column is NULL, how wide, how ordered and how varied it is, as far as the role may know; of the table alone rather than with its heirs.
const STATISTICS: &str = "SELECT format('%I.%I', schemaname, tablename), attname, null_frac, avg_width, correlation, n_distinct \
     FROM pg_stats WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY inherited";

/// Every table, without rates; what could not be read is added to `unseen`.
pub(super) fn read(ask: &Ask<'_>, unseen: &mut Vec<String>) -> Result<Vec<Table>, Error> {
    let before_14 = ask.rows("the version", "SELECT current_setting('server_version_num')::int < 140000")?;
    let before_14 = before_14.first().is_some_and(|it| it.is_true(0));
    let mut tables = Vec::new();
    let mut places = HashMap::new();
    for row in with_sizes(ask, unseen, tables_and_sizes)? {
        // One that went while it was looked at has no size.
        if let (Some(number), Some(table)) = (row.number::<u32>(0), table(&row, before_14)) {
            places.insert(number, tables.len());
            tables.push(table);
        }
    }
    add_columns(ask, &mut tables, &places)?;
    for row in ask.rows("the constraints", &constraints())? {
        let Some(table) = of(&mut tables, &places, &row) else { continue };
        table.constraints.push(Constraint {
            name: row.text(1).to_owned(),
            definition: row.text(2).to_owned(),
            valid: row.is_true(3),
            references: some(row.text(4)),
        });
    }
    for row in with_sizes(ask, unseen, indexes_and_sizes)? {
        let (Some(table), Some(bytes)) = (of(&mut tables, &places, &row), row.number(4)) else { continue };
        table.index_bytes += bytes;
        table.indexes.push(Index {
            name: row.text(1).to_owned(),
            definition: row.text(2).to_owned(),
            valid: row.is_true(3),
            bytes,
        });
    }
    for table in &mut tables {
        table.constraints.sort_by(|a, b| a.name.cmp(&b.name));
        table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(tables)
}

fn tables_and_sizes(ask: &Ask<'_>, ask_sizes: bool) -> Result<Vec<Row>, Error> {
    ask.rows("the tables", &tables(ask_sizes))
}

fn indexes_and_sizes(ask: &Ask<'_>, ask_sizes: bool) -> Result<Vec<Row>, Error> {
    ask.rows("the indexes", &indexes(ask_sizes))
}

/// Asks for real sizes, and where somebody always holds a table for himself, for those of the last ANALYZE or VACUUM.
fn with_sizes(
    ask: &Ask<'_>,
    unseen: &mut Vec<String>,
    read: impl Fn(&Ask<'_>, bool) -> Result<Vec<Row>, Error>,
) -> Result<Vec<Row>, Error> {
    read(ask, true).or_else(|error| {
        let locked = super::super::session::Refusal::of(&error).is_some_and(|it| it.sqlstate == "55P03");
        if !locked {
            return Err(error);
        }
        unseen.push("sizes of today: tables were locked, so they are those of the last ANALYZE".to_owned());
        read(ask, false)
    })
}

fn of<'t>(tables: &'t mut [Table], places: &HashMap<u32, usize>, row: &Row) -> Option<&'t mut Table> {
    let place = *places.get(&row.number::<u32>(0)?)?;
    tables.get_mut(place)
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn table(row: &Row, before_14: bool) -> Option<Table> {
    let kind = match row.text(2) {
        "p" => "partitioned-table",
        "m" => "materialized-view",
        _ => "table",
    };
    // -1 is "never analyzed"; before 14 that was 0 rows on 0 pages.
    let n_rows: f64 = row.number(5)?;
    let is_known = n_rows >= 0.0 && !(before_14 && n_rows == 0.0 && row.text(6) == "0");
    Some(Table {
        name: row.text(1).to_owned(),
        kind: kind.to_owned(),
        parent: some(row.text(4)),
        partition_key: some(row.text(9)),
        partition_bound: some(row.text(10)),
        rows: if is_known { format!("{n_rows:.0}").parse().ok() } else { None },
        heap_bytes: row.number(7)?,
        toast_bytes: row.number(8)?,
        ..Table::default()
    })
}

fn add_columns(ask: &Ask<'_>, tables: &mut [Table], places: &HashMap<u32, usize>) -> Result<(), Error> {
    let statistics = ask.rows("the statistics of columns", STATISTICS)?;
    let mut of_columns: HashMap<(&str, &str), &Row> = HashMap::new();
    for row in &statistics {
        of_columns.entry((row.text(0), row.text(1))).or_insert(row);
    }
    for row in ask.rows("the columns", &columns())? {
        let Some(table) = of(tables, places, &row) else { continue };
        let said = of_columns.get(&(table.name.as_str(), row.text(1)));
        table.columns.push(Column {
            name: row.text(1).to_owned(),
            ty: row.text(2).to_owned(),
            not_null: row.is_true(3),
            null_fraction: said.and_then(|it| it.number(2)).map(rounded),
            width: said.and_then(|it| it.number(3)),
            correlation: said.and_then(|it| it.number(4)).map(rounded),
            distinct: said.and_then(|it| it.number(5)).map(rounded),
        });
    }
    Ok(())
}
