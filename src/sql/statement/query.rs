//! Statements that read or write rows.

use super::{Expr, Ident, Name};

/// A relation that a query reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RelationUse {
    /// The relation. Names of common table expressions are not in the list.
    pub name: Name,
    /// `ONLY`.
    pub only: bool,
    /// `FOR UPDATE`, `FOR SHARE` and kin apply to it.
    pub locks_rows: bool,
}

/// A query: `SELECT`, `VALUES`, `TABLE`, and set operations of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Every relation it reads, subqueries and common table expressions included.
    pub relations: Vec<RelationUse>,
    /// Every function it calls by name.
    pub functions: Vec<Name>,
    /// `INSERT`, `UPDATE`, `DELETE` or `MERGE` in its common table expressions.
    pub writes: Vec<super::Statement>,
    /// The sequences of `nextval('sequence')` and `setval('sequence', …)` with a constant name.
    pub sequences: Vec<Name>,
    /// The columns, as `table` and `column`, whose sequence `setval(pg_get_serial_sequence('table', 'column'), …)` finds. PostgreSQL
    /// does not fold the column's name here.
    pub serial_columns: Vec<(Name, Ident)>,
    /// For `set_config('name', 'value', local)` with constant arguments.
    pub set_config: Vec<super::Set>,
    /// For the query of a view or a new table: the columns that it names, unqualified, once each.
    pub columns: Vec<super::Ident>,
    /// For the query of a view or a new table: whether it has a `*`, which stands for all columns there are when it is made.
    pub has_star: bool,
    /// Whether it has a WHERE clause.
    pub has_where: bool,
}

/// `INSERT`.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// The target.
    pub table: Name,
    /// The columns, when they are listed.
    pub columns: Vec<Ident>,
    /// Where the rows come from: `None` for `DEFAULT VALUES`, and for `VALUES` lists a query with no relations.
    pub query: Option<Query>,
    /// How many rows a `VALUES` list has; `None` when they come from a query.
    pub n_rows: Option<usize>,
    /// `ON CONFLICT … DO UPDATE`.
    pub updates_on_conflict: bool,
    /// `ON CONFLICT (…)`, with the columns of the unique index that is meant.
    pub names_conflict: bool,
    /// `ON CONFLICT` of any form.
    pub on_conflict: bool,
    /// What its WITH clause and RETURNING read.
    pub with: Query,
    /// Its short string literals, the first few: one of them may be an enum's new value.
    pub literals: Vec<Ident>,
}

/// `UPDATE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The target.
    pub table: super::RelationRef,
    /// The columns it sets.
    pub columns: Vec<Ident>,
    /// What it reads besides: FROM, WITH, and subqueries.
    pub reads: Query,
    /// The short string literals that it assigns, the first few: one of them may be an enum's new value.
    pub literals: Vec<Ident>,
    /// The WHERE clause.
    pub predicate: Option<Expr>,
}

/// `DELETE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// The target.
    pub table: super::RelationRef,
    /// What it reads besides: USING, WITH, and subqueries.
    pub reads: Query,
    /// The WHERE clause.
    pub predicate: Option<Expr>,
}

/// `MERGE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// The target.
    pub table: super::RelationRef,
    /// The source, and what its subqueries read.
    pub reads: Query,
    /// Whether a branch inserts, and whether one updates or deletes.
    pub inserts: bool,
    /// Whether a branch updates or deletes.
    pub changes: bool,
}
