//! How many rows there are to be, and what they look like: as a snapshot says of production, as far as it says.

use std::collections::HashMap;

use super::schema::{Column, Table};
use crate::traffic::{
    Snapshot, hash,
    number::{float, whole},
    snapshot::{Column as Known, Table as KnownTable},
};

/// How many rows have the same value where they may and nobody says how many.
const USUAL_REPEATS: u64 = 10;

/// A column whose values stand in their own order at least so much is filled in that order.
const ORDERED: f64 = 0.5;

/// How many rows the tables get.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'o> {
    /// What is known of production.
    pub snapshot: Option<&'o Snapshot>,
    /// At most so many in a table; in one that no snapshot knows so many.
    pub most: u64,
    /// What share of production's rows a table gets, from 0 to 1.
    pub share: f64,
}

/// What is known of production's tables, by schema and name or their hash.
pub(in crate::dry_run) struct Production<'o> {
    is_hashed: bool,
    tables: HashMap<String, &'o KnownTable>,
}

/// What the rows of one table are to be.
pub(super) struct Like<'o> {
    /// How many there are.
    pub(super) n_rows: u64,
    known: Option<&'o KnownTable>,
    is_hashed: bool,
}

impl<'o> Production<'o> {
    pub(in crate::dry_run) fn new(snapshot: Option<&'o Snapshot>) -> Self {
        let is_hashed = snapshot.is_some_and(|it| it.hashed);
        let key = |it: &KnownTable| {
            if is_hashed {
                return it.name.clone();
            }
            let (schema, name) = hash::parts(&it.name);
            format!("{schema}.{name}")
        };
        let tables = snapshot.into_iter().flat_map(|it| &it.tables).map(|it| (key(it), it)).collect();
        Self { is_hashed, tables }
    }

    /// What is known of a table; its schema and name as people write them.
    pub(in crate::dry_run) fn table(&self, name: &str) -> Option<&'o KnownTable> {
        let hashed =
            self.is_hashed.then(|| name.split_once('.').map(|(schema, name)| hash::table(schema, name)));
        self.tables.get(hashed.flatten().as_deref().unwrap_or(name)).copied()
    }

    /// What the rows of a table are to be; those of a partition look like those of its partitioned table.
    pub(super) fn of(&self, table: &Table, rows: Rows<'_>) -> Like<'o> {
        let itself = self.table(&table.name);
        let root = table.root.as_deref().and_then(|it| self.table(it));
        let n_rows = itself.and_then(|it| it.rows).map_or(rows.most, |n| {
            // A table that has rows keeps one: no rows would be another case.
            whole(float(n) * rows.share).clamp(n.min(1), rows.most)
        });
        let has_columns = |it: &&KnownTable| !it.columns.is_empty();
        Like { n_rows, known: itself.filter(has_columns).or(root), is_hashed: self.is_hashed }
    }
}

impl Like<'_> {
    fn column(&self, table: &Table, column: &Column) -> Option<&Known> {
        let name = match table.name.split_once('.') {
            Some((schema, table)) if self.is_hashed => hash::part(schema, table, &column.name),
            _ => column.name.clone(),
        };
        self.known?.columns.iter().find(|it| it.name == name)
    }

    /// What a column of this table is like.
    pub(super) fn looks(&self, table: &Table, column: &Column) -> Looks {
        let known = self.column(table, column);
        let n_rows = self.n_rows.max(1);
        let n_values = match known.and_then(|it| it.distinct) {
            _ if column.is_unique => n_rows,
            Some(share) if share < 0.0 => whole(-share * float(n_rows)),
            Some(n) if n > 0.0 => whole(n),
            _ => n_rows / USUAL_REPEATS,
        };
        let is_ordered = known.and_then(|it| it.correlation).is_none_or(|it| it.abs() >= ORDERED);
        Looks {
            null_share: known.and_then(|it| it.null_fraction),
            width: known.and_then(|it| it.width),
            n_values: n_values.clamp(1, n_rows),
            step: if is_ordered { 1 } else { step(n_rows) },
            n_rows,
        }
    }
}

/// What the values of a column look like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looks {
    /// How much is NULL, from 0 to 1, if that is known; else a tenth is.
    null_share: Option<f64>,
    /// How many bytes a value has on average, if that is known.
    pub(super) width: Option<u32>,
    /// How many values there are.
    n_values: u64,
    /// By how much the number grows from row to row, around all rows.
    step: u64,
    n_rows: u64,
}

impl Looks {
    /// The number from which the value of row `i` is made, as SQL.
    pub(super) fn number(&self) -> String {
        let Self { n_values, step, n_rows, .. } = *self;
        let i = if step == 1 { "i".to_owned() } else { format!("(1 + i * {step} % {n_rows})") };
        if n_values == n_rows { i } else { format!("(1 + {i} % {n_values})") }
    }

    /// Whether the value of row `i` is NULL, as SQL; `None` if none is.
    pub(super) fn is_null(&self) -> Option<String> {
        /// A share is known to that.
        const PARTS: f64 = 1000.0;
        let Some(share) = self.null_share else { return Some("i % 10 = 0".to_owned()) };
        let share = whole(share * PARTS);
        // Rows that are neighbours differ.
        (share > 0).then(|| format!("i % 1000 * 619 % 1000 < {share}"))
    }
}

/// A step that meets every row once before it meets one again, and jumps far.
fn step(n_rows: u64) -> u64 {
    /// Primes: one of them divides no number of rows that there can be.
    const PRIMES: [u64; 4] = [2_654_435_761, 1_000_003, 7919, 611_953];
    PRIMES.into_iter().find(|it| !n_rows.is_multiple_of(*it)).unwrap_or(1)
}
