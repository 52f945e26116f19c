//! Fills the tables that were there before with rows, so that there is something to scan, to rewrite, and to break a new constraint.
//!
//! The rows are what the schema allows: every tenth value is NULL where it may be, other values come several times where they may, foreign
//! keys refer to rows that are there, CHECKs hold. Whatever could be there and makes a migration fail should be there. Where a snapshot knows
//! production, they are like that: how many there are, how much is NULL, how wide, how varied and how ordered the values are. Rows are made
//! by the server itself; triggers do not see them.
//!
//! Not every condition can be met. Then a table has fewer rows, or none, and that is said.

mod like;
mod schema;
mod value;

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fmt::Write,
};

pub(super) use self::like::Production;
pub use self::like::Rows;
use self::{
    like::Like,
    schema::{Column, ForeignKey, Table},
    value::{Look, value},
};
use super::{Listener, Phase};
use crate::{
    error::Error,
    pg::{Sandbox, Session, session::Refusal},
};

/// How the tables were filled.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// What is to be said of it.
    pub(super) said: Vec<String>,
    /// How many rows each table got, by its name; a partitioned table has those of its partitions.
    pub(super) n_rows: BTreeMap<String, u64>,
}

/// Fills the tables of `database`, or those of `only` and what they refer to.
pub(super) fn fill(
    sandbox: &Sandbox,
    database: &str,
    rows: Rows<'_>,
    only: Option<&BTreeSet<String>>,
    listener: Listener<'_>,
) -> Result<Filled, Error> {
    let session = sandbox.connect(database)?;
    // Triggers are code of the application, which nobody asked to run. Only a superuser can keep them from it.
    if sandbox.is_superuser() {
        session.batch("SET session_replication_role = replica")?;
    }
    session.batch("SET client_min_messages = error")?;
    let mut tables = in_order(schema::tables(&session)?);
    if let Some(only) = only {
        keep_needed(&mut tables, only);
    }
    let production = Production::new(rows.snapshot);
    let mut filled = Filled::default();
    let mut n_full = 0;
    for (n, table) in tables.iter().enumerate() {
        listener.tell(Phase::Rows, n, tables.len());
        let like = production.of(table, rows);
        match fill_one(&session, table, &like)? {
            Ok(n) => {
                for name in table.root.iter().chain([&table.name]) {
                    *filled.n_rows.entry(name.clone()).or_default() += n;
                }
                if n == like.n_rows {
                    n_full += 1;
                } else {
                    let (name, wanted) = (&table.name, like.n_rows);
                    filled
                        .said
                        .push(format!("{name} has {n} of {wanted} rows: its constraints leave no more"));
                }
            }
            Err(why) => filled.said.push(format!("{} has no rows: {why}", table.name)),
        }
    }
    session.batch("ANALYZE")?;
    let each = match rows.snapshot {
        None => format!("{} rows each", rows.most),
        Some(snapshot) => {
            let day = snapshot.taken_at.split('T').next().unwrap_or_default();
            format!("rows like those of the snapshot of {day}, at most {}", rows.most)
        }
    };
    let said = if tables.is_empty() {
        // Those that the judged files make themselves are as they leave them.
        "no table was there before the judged files, so none was filled; name the files that are to be judged, and earlier ones beside \
         them run before"
            .to_owned()
    } else {
        format!("{n_full} of {} tables were filled with {each}", tables.len())
    };
    filled.said.insert(0, said);
    Ok(filled)
}

/// Leaves `only` those tables, their partitions, and what their rows refer to.
fn keep_needed(tables: &mut Vec<Table>, only: &BTreeSet<String>) {
    let mut needed: BTreeSet<u32> = BTreeSet::new();
    // Who is referred to comes first, so backwards each is known to be needed when it is met.
    for table in tables.iter().rev() {
        let is_named = only.contains(&table.name) || table.root.as_ref().is_some_and(|it| only.contains(it));
        if is_named || needed.contains(&table.oid) {
            needed.insert(table.oid);
            needed.extend(table.foreign_keys.iter().map(|it| it.parent));
        }
    }
    tables.retain(|it| needed.contains(&it.oid));
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
fn fill_one(session: &Session, table: &Table, like: &Like<'_>) -> Result<Result<u64, String>, Error> {
    if like.n_rows == 0 {
        return Ok(Ok(0));
    }
    let mut parents = Vec::new();
    for key in table.foreign_keys.iter().filter(|it| it.parent != table.oid) {
        let rows = session.rows(&format!("SELECT count(*) FROM {}", key.quoted))?;
        parents.push((key, rows.first().and_then(|it| it.number(0)).unwrap_or(0)));
    }
    let mut why = "its constraints leave none".to_owned();
    let mut last = String::new();
    for look in Look::ALL {
        let Some(insert) = insert(table, &parents, like, look) else {
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
                    count_on(session, table, like.n_rows)?;
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
fn insert(table: &Table, parents: &[(&ForeignKey, u64)], like: &Like<'_>, look: Look) -> Option<String> {
    let n_rows = like.n_rows;
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
            free.insert(of_column(column, table, like, look)?);
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
            value(referred, "i", &table.checks, look, None)?
        } else {
            format!("NULL::{}", column.full_type)
        };
        values.insert(*number, value);
    }
    Some(())
}

fn of_column(column: &Column, table: &Table, like: &Like<'_>, look: Look) -> Option<String> {
    let looks = like.looks(table, column);
    let is_bound = table.checks.iter().any(|it| it.is_bound && it.expression.contains(&column.quoted));
    match value(column, &looks.number(), &table.checks, look, looks.width) {
        Some(value) if column.not_null || column.is_unique || is_bound => Some(value),
        Some(value) => {
            let is_null = looks.is_null();
            Some(is_null.map_or(value.clone(), |it| format!("CASE WHEN NOT ({it}) THEN {value} END")))
        }
        None if !column.not_null => Some(DEFAULT.to_owned()),
        None => None,
    }
}
