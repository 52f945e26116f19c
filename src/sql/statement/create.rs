//! Statements that create.
//!
//! Long because it is a vocabulary: a type for each statement and clause, and no code.

use super::{Expr, Ident, LazyBody, Name, Query, RelationKind, RelationRef, TypeName};

/// How long a relation lives and whether it is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the keyword of its name")]
pub enum Persistence {
    #[default]
    Permanent,
    Unlogged,
    Temporary,
}

/// `CREATE TABLE`, also `CREATE FOREIGN TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTable {
    /// The new table.
    pub name: Name,
    /// `Table`, `PartitionedTable` or `ForeignTable`.
    pub kind: RelationKind,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `TEMPORARY` or `UNLOGGED`.
    pub persistence: Persistence,
    /// Its own columns. For `PARTITION OF` and `OF type` those that carry options (their type may be absent).
    pub columns: Vec<ColumnDef>,
    /// Its table constraints.
    pub constraints: Vec<TableConstraint>,
    /// `INHERITS (…)`.
    pub inherits: Vec<Name>,
    /// `LIKE source …`.
    pub like: Vec<LikeClause>,
    /// `PARTITION OF parent …`.
    pub partition_of: Option<PartitionOf>,
    /// `PARTITION BY strategy (columns)`.
    pub partition_by: Option<PartitionBy>,
    /// `OF type`.
    pub of_type: Option<Name>,
    /// `WITH (name = value, …)`: the names folded, with their `toast.` prefix, and the values as written.
    pub options: Vec<(Ident, String)>,
}

/// `LIKE source INCLUDING …`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own in SQL")]
pub struct LikeClause {
    /// The source.
    pub source: Name,
    /// `INCLUDING DEFAULTS` or `ALL`.
    pub defaults: bool,
    /// `INCLUDING CONSTRAINTS` or `ALL`: CHECK constraints; NOT NULL is always copied.
    pub constraints: bool,
    /// `INCLUDING INDEXES` or `ALL`.
    pub indexes: bool,
    /// `INCLUDING IDENTITY` or `ALL`.
    pub identity: bool,
    /// `INCLUDING GENERATED` or `ALL`.
    pub generated: bool,
}

/// `PARTITION OF parent FOR VALUES … | DEFAULT`.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionOf {
    /// The parent.
    pub parent: Name,
    /// The bound.
    pub bound: PartitionBound,
}

/// A partition's bound.
#[derive(Clone, Debug, PartialEq)]
pub enum PartitionBound {
    /// `DEFAULT`.
    Default,
    /// Everything else, as written.
    Values(String),
}

/// `PARTITION BY`.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionBy {
    /// `range`, `list` or `hash`.
    pub strategy: Ident,
    /// The key's plain columns.
    pub columns: Vec<Ident>,
    /// Whether the key has expressions besides.
    pub has_expressions: bool,
}

/// A column with its options.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDef {
    /// Its name.
    pub name: Ident,
    /// Its type; `None` where the type comes from elsewhere (`PARTITION OF`, `OF type`).
    pub ty: Option<TypeName>,
    /// `COLLATE`.
    pub collation: Option<Name>,
    /// Its constraints, in order.
    pub constraints: Vec<ColumnConstraint>,
}

/// A constraint in a column definition.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnConstraint {
    /// `CONSTRAINT name`.
    pub name: Option<Ident>,
    /// What it says.
    pub kind: ColumnConstraintKind,
    /// `NOT VALID`, `NOT ENFORCED`, `NO INHERIT`, `DEFERRABLE`.
    pub options: ConstraintOptions,
}

/// What a column constraint says.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the constraint of its name")]
pub enum ColumnConstraintKind {
    Null,
    NotNull,
    Default(Expr),
    Check(Expr),
    /// `GENERATED … AS (expr) STORED | VIRTUAL`; `stored` is `None` when neither is written.
    Generated {
        expr: Expr,
        stored: Option<bool>,
    },
    Identity,
    Unique,
    PrimaryKey,
    References {
        table: Name,
        column: Option<Ident>,
        actions: KeyActions,
    },
}

/// Options of a constraint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own in SQL")]
pub struct ConstraintOptions {
    /// `NOT VALID`.
    pub not_valid: bool,
    /// `NOT ENFORCED` (18 and later).
    pub not_enforced: bool,
    /// `NO INHERIT`.
    pub no_inherit: bool,
    /// `DEFERRABLE`.
    pub deferrable: bool,
}

/// A table constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct TableConstraint {
    /// `CONSTRAINT name`.
    pub name: Option<Ident>,
    /// What it says.
    pub kind: TableConstraintKind,
    /// `NOT VALID`, `NOT ENFORCED`, `NO INHERIT`, `DEFERRABLE`.
    pub options: ConstraintOptions,
}

/// What a table constraint says.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the constraint of its name")]
pub enum TableConstraintKind {
    Check(Expr),
    /// `NOT NULL column` (18 and later).
    NotNull {
        column: Ident,
    },
    Unique {
        columns: Vec<Ident>,
        /// `WITHOUT OVERLAPS`, which needs GiST.
        without_overlaps: bool,
    },
    PrimaryKey {
        columns: Vec<Ident>,
        without_overlaps: bool,
    },
    /// `UNIQUE USING INDEX i`.
    UniqueUsingIndex {
        index: Ident,
    },
    /// `PRIMARY KEY USING INDEX i`.
    PrimaryKeyUsingIndex {
        index: Ident,
    },
    Exclude {
        columns: Vec<Ident>,
    },
    ForeignKey {
        columns: Vec<Ident>,
        table: Name,
        referenced_columns: Vec<Ident>,
        actions: KeyActions,
    },
}

/// What a foreign key does to the referring rows when the row that they refer to goes, or its key changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyActions {
    /// `ON DELETE`.
    pub on_delete: KeyAction,
    /// `ON UPDATE`.
    pub on_update: KeyAction,
}

/// An action of a foreign key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the keyword of its name")]
pub enum KeyAction {
    #[default]
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

/// `CREATE TABLE … AS`, `SELECT … INTO`, `CREATE MATERIALIZED VIEW`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTableAs {
    /// The new relation.
    pub name: Name,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `TEMPORARY` or `UNLOGGED`.
    pub persistence: Persistence,
    /// The columns, where they are named.
    pub columns: Vec<Ident>,
    /// What it reads.
    pub query: Query,
    /// Not `WITH NO DATA`.
    pub with_data: bool,
}

/// `CREATE INDEX`.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own in SQL")]
pub struct CreateIndex {
    /// Its name; `None` lets PostgreSQL choose.
    pub name: Option<Ident>,
    /// The table.
    pub table: Name,
    /// `ON ONLY`.
    pub only: bool,
    /// `UNIQUE`.
    pub unique: bool,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `USING method`; `btree` when it is not written.
    pub method: Ident,
    /// Its key's plain columns, in order; an expression is `None`.
    pub columns: Vec<Option<Ident>>,
    /// Its `INCLUDE` columns.
    pub include: Vec<Ident>,
    /// Its expressions.
    pub expressions: Vec<Expr>,
    /// `WHERE`.
    pub predicate: Option<Expr>,
    /// Whether a key is ordered or compared otherwise than its type is: by an operator class, COLLATE, DESC, NULLS FIRST, or
    /// NULLS NOT DISTINCT.
    pub special: bool,
}

/// `CREATE VIEW`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateView {
    /// The view.
    pub name: Name,
    /// `OR REPLACE`.
    pub or_replace: bool,
    /// `TEMPORARY`.
    pub temporary: bool,
    /// `WITH (security_invoker)`.
    pub security_invoker: bool,
    /// What it reads.
    pub query: Query,
}

/// `CREATE SEQUENCE`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateSequence {
    /// The sequence.
    pub name: Name,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `TEMPORARY` or `UNLOGGED`.
    pub persistence: Persistence,
    /// `OWNED BY table.column`.
    pub owned_by: Option<(Name, Ident)>,
}

/// `CREATE TRIGGER`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTrigger {
    /// Its name.
    pub name: Ident,
    /// The table or view.
    pub table: Name,
    /// `OR REPLACE`.
    pub or_replace: bool,
    /// `CONSTRAINT`.
    pub constraint: bool,
    /// `FOR EACH ROW`.
    pub for_each_row: bool,
    /// `FROM referenced_table`, for constraint triggers.
    pub from: Option<Name>,
    /// The function it runs.
    pub function: Option<Name>,
}

/// `CREATE FUNCTION` or `CREATE PROCEDURE`.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word that is written or not")]
pub struct CreateFunction {
    /// Its name.
    pub name: Name,
    /// `OR REPLACE`.
    pub or_replace: bool,
    /// `PROCEDURE`.
    pub procedure: bool,
    /// How many arguments it takes.
    pub n_arguments: usize,
    /// What it returns; `None` for procedures and `RETURNS TABLE`.
    pub returns: Option<TypeName>,
    /// `LANGUAGE`.
    pub language: Option<Ident>,
    /// `IMMUTABLE`, `STABLE` or `VOLATILE`; `VOLATILE` when it is not written.
    pub volatility: Volatility,
    /// `SECURITY DEFINER`.
    pub security_definer: bool,
    /// Has a `SET search_path` clause.
    pub sets_search_path: bool,
    /// What it runs.
    pub body: LazyBody,
}

/// Whether a function's result depends on more than its arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is the keyword of its name")]
pub enum Volatility {
    Immutable,
    Stable,
    #[default]
    Volatile,
}

/// What `CREATE TYPE` makes.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeDefinition {
    /// An enum with its labels, in order.
    Enum(Vec<String>),
    /// A composite type with its columns.
    Composite(Vec<ColumnDef>),
    /// A range type.
    Range {
        /// `SUBTYPE`.
        subtype: Option<TypeName>,
    },
    /// A base type, or a shell.
    Base,
}

/// A domain's constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainConstraint {
    /// `CONSTRAINT name`.
    pub name: Option<Ident>,
    /// What it says.
    pub kind: DomainConstraintKind,
    /// `NOT VALID`, which only `ALTER DOMAIN` allows.
    pub not_valid: bool,
}

/// What a domain's constraint says.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the constraint of its name")]
pub enum DomainConstraintKind {
    NotNull,
    Null,
    Check(Expr),
}

/// What a publication holds.
#[derive(Clone, Debug, PartialEq)]
pub enum PublicationMembers {
    /// `FOR ALL TABLES`.
    AllTables,
    /// `FOR TABLE …` and `FOR TABLES IN SCHEMA …`; both empty for a publication of nothing.
    Some {
        /// Its tables.
        tables: Vec<RelationRef>,
        /// Its schemas.
        schemas: Vec<Ident>,
        /// Those of its tables of which it publishes a list of columns.
        listed: Vec<Name>,
    },
}
