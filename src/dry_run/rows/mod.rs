//! Fills the tables that were there before with rows, so that there is something to scan, to rewrite, and to break a new constraint.
//!
//! The rows are what the schema allows, and not what a real database has: every tenth value is NULL where it may be, other values come
//! several times where they may, foreign keys refer to rows that are there, CHECKs hold. Whatever could be there and makes a migration fail
//! should be there. Rows are made by the server itself; triggers do not see them.
//!
//! Not every condition can be met. Then a table has fewer rows, or none, and that is said.

mod schema;
mod value;

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fmt::Write,
};

use self::{
    schema::{Column, ForeignKey, Table},
    value::{Look, value},
};
use super::{Listener, Phase};
use crate::{
    error::Error,
    pg::{Sandbox, Session, session::Refusal},
};

/// Fills every table of `database` with `n_rows` rows. Returns what is to be said of that.
pub(super) fn fill(
    sandbox: &Sandbox,
    database: &str,
    n_rows: u64,
    listener: Listener<'_>,
) -> Result<Vec<String>, Error> {
    let session = sandbox.connect(database)?;
    // Triggers are code of the application, which nobody asked to run.
    session.batch("SET session_replication_role = replica; SET client_min_messages = error")?;
    let tables = in_order(schema::tables(&session)?);
    let mut said = Vec::new();
    let mut n_full = 0;
    for (n, table) in tables.iter().enumerate() {
        listener.tell(Phase::Rows, n, tables.len());
        match fill_one(&session, table, n_rows)? {
            Ok(n) if n == n_rows => n_full += 1,
            Ok(n) => {
                said.push(format!("{} has {n} of {n_rows} rows: its constraints leave no more", table.name));
            }
            Err(why) => said.push(format!("{} has no rows: {why}", table.name)),
        }
    }
    session.batch("ANALYZE")?;
    said.insert(0, format!("{n_full} of {} tables were filled with {n_rows} rows each", tables.len()));
    Ok(said)
}

/// The tables, those that others refer to first.
fn in_order(mut tables: Vec<Table>) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::new();
    let mut done: BTreeSet<u32> = BTreeSet::new();
    while !tables.is_empty() {
        let waits_for = |table: &Table, it: &ForeignKey| {
            it.parent != table.oid
                && !done.contains(&it.parent)
                && tables.iter().any(|other| other.oid == it.parent)
        };
        let is_ready = |table: &Table| !table.foreign_keys.iter().any(|it| waits_for(table, it));
        // In a circle somebody must be first, and refer to nothing.
        let next = tables.iter().position(is_ready).unwrap_or(0);
        let table = tables.remove(next);
        done.insert(table.oid);
        ordered.push(table);
    }
    ordered
}

/// Fills one table. The error says why it has no rows.
fn fill_one(session: &Session, table: &Table, n_rows: u64) -> Result<Result<u64, String>, Error> {
    let mut parents = Vec::new();
    for key in table.foreign_keys.iter().filter(|it| it.parent != table.oid) {
        let rows = session.rows(&format!("SELECT count(*) FROM {}", key.quoted))?;
        parents.push((key, rows.first().and_then(|it| it.number(0)).unwrap_or(0)));
    }
    let mut why = "its constraints leave none".to_owned();
    let mut last = String::new();
    for look in Look::ALL {
        let Some(insert) = insert(table, &parents, n_rows, look) else {
            return Ok(Err(
                "nothing is known to put into one of its columns that must have a value".to_owned()
            ));
        };
        // Most tables have no column whose looks matter.
        if insert == last {
            continue;
        }
        last.clone_from(&insert);
        match session.rows(&insert) {
            Ok(rows) => {
                let n: u64 = rows.first().and_then(|it| it.number(0)).unwrap_or(0);
                if n > 0 {
                    count_on(session, table, n_rows)?;
                    return Ok(Ok(n));
                }
            }
            Err(error) => why = Refusal::of(&error).ok_or(error)?.to_string(),
        }
    }
    Ok(Err(why))
}

/// Sets sequences behind the numbers that were taken.
fn count_on(session: &Session, table: &Table, n_rows: u64) -> Result<(), Error> {
    for sequence in table.columns.iter().filter_map(|it| it.sequence.as_ref()) {
        let set = format!("SELECT setval({sequence}, {n_rows})");
        if let Err(error) = session.rows(&set) {
            // It may be too short for that many.
            Refusal::of(&error).ok_or(error)?;
        }
    }
    Ok(())
}

/// The statement that fills a table, and returns how many rows it made; `None` if a value is missing.
fn insert(table: &Table, parents: &[(&ForeignKey, u64)], n_rows: u64, look: Look) -> Option<String> {
    let mut joins = String::new();
    let mut values: BTreeMap<i16, String> = BTreeMap::new();
    for (n, (key, n_parents)) in parents.iter().enumerate() {
        let is_free = key.columns.iter().all(|it| !values.contains_key(it));
        let of = |number: &i16| table.columns.iter().find(|it| it.number == *number);
        if !is_free || *n_parents == 0 {
            // One NULL is enough, and the other columns may be taken by another key.
            let free = key
                .columns
                .iter()
                .filter_map(of)
                .find(|it| !it.not_null && !values.contains_key(&it.number))?;
            values.insert(free.number, format!("NULL::{}", free.full_type));
            continue;
        }
        let columns = key.parent_columns.join(", ");
        let names: Vec<String> = (0..key.columns.len()).map(|it| format!("k{it}")).collect();
        // Writing into a String cannot fail.
        let _ = write!(
            joins,
            " JOIN (SELECT row_number() OVER (), {columns} FROM {} LIMIT {n_rows}) AS p{n} (n, {}) ON p{n}.n = 1 + (i - 1) % {}",
            key.quoted,
            names.join(", "),
            n_rows.min(*n_parents),
        );
        values.extend(key.columns.iter().zip(&names).map(|(column, name)| (*column, format!("p{n}.{name}"))));
    }
    for key in table.foreign_keys.iter().filter(|it| it.parent == table.oid) {
        own(table, key, &mut values, look)?;
    }
    for column in &table.columns {
        if let Entry::Vacant(free) = values.entry(column.number) {
            free.insert(of_column(column, table, n_rows, look)?);
        }
    }
    let written: Vec<(&str, &String)> = table
        .columns
        .iter()
        .filter_map(|it| Some((it.quoted.as_str(), values.get(&it.number)?)))
        .filter(|it| it.1 != DEFAULT)
        .collect();
    let names = written.iter().map(|it| it.0).collect::<Vec<_>>().join(", ");
    let made =
        written.iter().map(|(name, value)| format!("{value} AS {name}")).collect::<Vec<_>>().join(", ");
    let checks: String =
        table.checks.iter().flat_map(|it| [" AND (", it.expression.as_str(), ") IS NOT FALSE"]).collect();
    Some(format!(
        "WITH made AS (INSERT INTO {} ({names}) OVERRIDING SYSTEM VALUE \
         SELECT {names} FROM (SELECT {made} FROM generate_series(1, {n_rows}) AS g (i){joins}) AS made \
         WHERE true{checks} ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM made",
        table.quoted
    ))
}

/// Stands for a column that is left to its default, or to NULL.
const DEFAULT: &str = "";

/// A row that refers to a row of its own table refers to itself, or to none.
fn own(table: &Table, key: &ForeignKey, values: &mut BTreeMap<i16, String>, look: Look) -> Option<()> {
    for (number, parent) in key.columns.iter().zip(&key.parent_columns) {
        let column = table.columns.iter().find(|it| it.number == *number)?;
        if values.contains_key(number) {
            continue;
        }
        let value = if column.not_null {
            let referred = table.columns.iter().find(|it| it.quoted == *parent)?;
            value(referred, "i", &table.checks, look)?
        } else {
            format!("NULL::{}", column.full_type)
        };
        values.insert(*number, value);
    }
    Some(())
}

fn of_column(column: &Column, table: &Table, n_rows: u64, look: Look) -> Option<String> {
    // Of a value that may come again there are ten of each.
    let i = if column.is_unique { "i".to_owned() } else { format!("(1 + i % {})", (n_rows / 10).max(1)) };
    let is_bound = table.checks.iter().any(|it| it.is_bound && it.expression.contains(&column.quoted));
    match value(column, &i, &table.checks, look) {
        Some(value) if column.not_null || column.is_unique || is_bound => Some(value),
        Some(value) => Some(format!("CASE WHEN i % 10 <> 0 THEN {value} END")),
        None if !column.not_null => Some(DEFAULT.to_owned()),
        None => None,
    }
}
