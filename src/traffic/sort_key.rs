//! What an index compares, which decides how long it takes to build.

use super::snapshot::Column;

/// From so much of order on, rows come nearly as the index wants them.
const ORDERED: f64 = 0.9;

/// As what a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SortKey {
    /// As a number, or byte by byte: integers, times, `uuid`. Whether its rows stand in that order, if that is known.
    Fixed { ordered: Option<bool> },
    /// As text, in the order of its collation, and of so many bytes, if that is known.
    Text { width: Option<u32> },
}

impl SortKey {
    /// `None` for a type that is not PostgreSQL's own or of which it is not known how long it takes to compare.
    pub(super) fn of(column: &Column) -> Option<Self> {
        if column.ty.ends_with("[]") {
            return None;
        }
        // `timestamp(3) with time zone`
        match column.ty.split('(').next().unwrap_or_default().trim_end() {
            "text" | "character varying" | "character" | "name" => Some(Self::Text { width: column.width }),
            "smallint"
            | "integer"
            | "bigint"
            | "numeric"
            | "real"
            | "double precision"
            | "boolean"
            | "date"
            | "time"
            | "time without time zone"
            | "time with time zone"
            | "timestamp"
            | "timestamp without time zone"
            | "timestamp with time zone"
            | "interval"
            | "uuid"
            | "oid"
            | "bytea"
            | "inet"
            | "cidr"
            | "macaddr"
            | "\"char\"" => Some(Self::Fixed { ordered: column.correlation.map(|it| it.abs() >= ORDERED) }),
            _ => None,
        }
    }
}
