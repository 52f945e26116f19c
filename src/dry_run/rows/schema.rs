//! The tables that can hold rows, and what their rows must be.

use std::collections::BTreeMap;

use crate::{
    error::Error,
    pg::{Session, session::Row},
};

/// A table, or a partition that has none itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) oid: u32,
    /// Schema and name, for people.
    pub(super) name: String,
    /// Schema and name, for people, of the table that it is a partition of, if it is one.
    pub(super) root: Option<String>,
    /// The same as SQL text.
    pub(super) quoted: String,
    pub(super) columns: Vec<Column>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    /// What must not be false of a row: CHECKs, and what the partition takes.
    pub(super) checks: Vec<Check>,
}

/// A column that can be written.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) number: i16,
    /// Its name as it is.
    pub(super) name: String,
    /// As SQL text.
    pub(super) quoted: String,
    pub(super) not_null: bool,
    /// Whether no two rows may have the same, alone or with others.
    pub(super) is_unique: bool,
    pub(super) kind: Kind,
    /// The whole type, as SQL text.
    pub(super) full_type: String,
    /// Whether the type is a domain, which may refuse values.
    pub(super) is_domain: bool,
    /// The sequence that numbers it, as SQL text of a string.
    pub(super) sequence: Option<String>,
}

/// What values a column takes: of a domain, what its base type takes.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    /// `pg_type.typname`.
    pub(super) name: String,
    /// `pg_type.typtype`: `e` for enums, `r` for ranges.
    pub(super) class: String,
    /// `pg_type.typcategory`: `A` for arrays.
    pub(super) category: String,
    /// The modifier: of varchar the length and four; -1 for none.
    pub(super) modifier: i32,
}

/// A foreign key.
#[derive(Clone, Debug)]
pub(super) struct ForeignKey {
    /// The table that it refers to.
    pub(super) parent: u32,
    /// The parent as SQL text.
    pub(super) quoted: String,
    /// The columns, by number.
    pub(super) columns: Vec<i16>,
    /// The parent's columns, as SQL text.
    pub(super) parent_columns: Vec<String>,
}

/// A condition on rows.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) expression: String,
    /// Whether it says what a partition takes.
    pub(super) is_bound: bool,
}

const TABLES: &str = "SELECT c.oid, n.nspname || '.' || c.relname, format('%I.%I', n.nspname, c.relname), \
    (SELECT rn.nspname || '.' || r.relname FROM pg_catalog.pg_class r \
        JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace \
        WHERE c.relispartition AND r.oid = pg_catalog.pg_partition_root(c.oid)) \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind = 'r' AND c.oid >= 16384 AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY c.oid";

const COLUMNS: &str = "SELECT a.attrelid, a.attnum, quote_ident(a.attname), a.attnotnull OR t.typnotnull, \
    EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = a.attrelid AND (i.indisunique OR i.indisexclusion) \
        AND (a.attnum = ANY (i.indkey) OR EXISTS (SELECT FROM pg_catalog.pg_depend d \
            WHERE d.objid = i.indexrelid AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum))), \
    b.typname, b.typtype, b.typcategory, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END, \
    pg_catalog.format_type(a.atttypid, a.atttypmod), t.typtype = 'd', \
    quote_literal(pg_catalog.pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)), a.attname \
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
    JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END \
    WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attrelid >= 16384 \
    ORDER BY a.attrelid, a.attnum";

const FOREIGN_KEYS: &str = "SELECT f.conrelid, f.confrelid, format('%I.%I', n.nspname, p.relname), \
    array_to_string(f.conkey, ' '), (SELECT string_agg(quote_ident(a.attname), E'\\n' ORDER BY k.n) \
        FROM unnest(f.confkey) WITH ORDINALITY AS k (number, n) \
        JOIN pg_catalog.pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number) \
    FROM pg_catalog.pg_constraint f JOIN pg_catalog.pg_class p ON p.oid = f.confrelid \
    JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace \
    WHERE f.contype = 'f' AND (f.conparentid = 0 OR NOT EXISTS (SELECT FROM pg_catalog.pg_constraint above \
        WHERE above.oid = f.conparentid AND above.conrelid = f.conrelid)) ORDER BY f.oid";

const CHECKS: &str = "SELECT conrelid, pg_catalog.pg_get_expr(conbin, conrelid), false FROM pg_catalog.pg_constraint \
    WHERE contype = 'c' AND conrelid <> 0 \
    UNION ALL SELECT oid, pg_catalog.pg_get_partition_constraintdef(oid), true FROM pg_catalog.pg_class \
    WHERE relispartition AND relkind = 'r'";

/// Reads every table.
pub(super) fn tables(session: &Session) -> Result<Vec<Table>, Error> {
    let mut tables: BTreeMap<u32, Table> = BTreeMap::new();
    for row in session.rows(TABLES)? {
        let table = Table {
            oid: number(&row, 0),
            name: row.text(1).to_owned(),
            quoted: row.text(2).to_owned(),
            root: Some(row.text(3).to_owned()).filter(|it| !it.is_empty()),
            ..Table::default()
        };
        tables.insert(table.oid, table);
    }
    for row in session.rows(COLUMNS)? {
        if let Some(table) = tables.get_mut(&number(&row, 0)) {
            table.columns.push(column(&row));
        }
    }
    for row in session.rows(FOREIGN_KEYS)? {
        if let Some(table) = tables.get_mut(&number(&row, 0)) {
            table.foreign_keys.push(ForeignKey {
                parent: number(&row, 1),
                quoted: row.text(2).to_owned(),
                columns: row.text(3).split(' ').filter_map(|it| it.parse().ok()).collect(),
                parent_columns: row.text(4).lines().map(str::to_owned).collect(),
            });
        }
    }
    for row in session.rows(CHECKS)? {
        if let Some(table) = tables.get_mut(&number(&row, 0)).filter(|_| !row.text(1).is_empty()) {
            table.checks.push(Check { expression: row.text(1).to_owned(), is_bound: row.is_true(2) });
        }
    }
    Ok(tables.into_values().collect())
}

fn column(row: &Row) -> Column {
    Column {
        number: row.number(1).unwrap_or_default(),
        name: row.text(12).to_owned(),
        quoted: row.text(2).to_owned(),
        not_null: row.is_true(3),
        is_unique: row.is_true(4),
        kind: Kind {
            name: row.text(5).to_owned(),
            class: row.text(6).to_owned(),
            category: row.text(7).to_owned(),
            modifier: row.number(8).unwrap_or(-1),
        },
        full_type: row.text(9).to_owned(),
        is_domain: row.is_true(10),
        sequence: Some(row.text(11).to_owned()).filter(|it| !it.is_empty()),
    }
}

fn number(row: &Row, n: usize) -> u32 {
    row.number(n).unwrap_or_default()
}
