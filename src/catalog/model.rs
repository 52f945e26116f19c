//! The catalog's objects.
//!
//! Relations refer to each other by [`Oid`], so that a rename changes one place.

use crate::sql::statement::{
    Ident, KeyActions, LazyBody, Name, PartitionBound, Persistence, RelationKind, TypeName, Volatility,
};

/// A relation's number in this catalog; not a server's OID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(pub u32);

/// When a relation was made: by which file, and in which transaction of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created {
    /// The file's number in the run.
    pub file: u32,
    /// The transaction's number in the run.
    pub transaction: u32,
}

/// A table, index, sequence, view or other relation.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// Its number.
    pub oid: Oid,
    /// Its schema and name; the schema is always there.
    pub name: Name,
    /// What it is.
    pub kind: RelationKind,
    /// Permanent, unlogged or temporary.
    pub persistence: Persistence,
    /// Whether all of it is known: its columns, constraints, indexes, and what refers to it.
    /// False for a relation that is only heard of, and for one made by `IF NOT EXISTS`, which may have been there already.
    pub complete: bool,
    /// When it was made; `None` when it was there before.
    pub created: Option<Created>,
    /// When an `IF NOT EXISTS` would have made it, of which it is not known whether it did.
    pub presumed: Option<Created>,
    /// Since when no row of it was seen: when it was made, or when a TRUNCATE emptied it.
    pub empty_since: Option<Created>,
    /// Its columns, in order, dropped ones removed.
    pub columns: Vec<Column>,
    /// Its constraints.
    pub constraints: Vec<Constraint>,
    /// Its indexes.
    pub indexes: Vec<Oid>,
    /// Its partitioned parent, or its inheritance parents.
    pub parents: Vec<Oid>,
    /// Its partitions or inheritance children; for a partitioned index, the attached indexes.
    pub children: Vec<Oid>,
    /// For a partition: its bound.
    pub bound: Option<PartitionBound>,
    /// For a partitioned table: its strategy and key.
    pub partitioning: Option<Partitioning>,
    /// For an index: what it indexes and how.
    pub index: Option<Index>,
    /// For a sequence: the table and column that own it.
    pub owned_by: Option<(Oid, Ident)>,
    /// For a table: the sequences that its columns own.
    pub sequences: Vec<Oid>,
    /// For a view or materialized view: what it reads.
    pub reads: Vec<Oid>,
    /// For a view or materialized view: the columns that it names, of whatever it reads.
    pub reads_columns: Vec<Ident>,
    /// Those of them that it names, rather than by a `*`, which may stand for the columns of some that it reads.
    pub names_columns: Vec<Ident>,
    /// The views and materialized views that read it.
    pub read_by: Vec<Oid>,
    /// The tables whose foreign keys refer to it, each once.
    pub referenced_by: Vec<Oid>,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// Its extended statistics.
    pub statistics: Vec<Name>,
    /// Its row-level security policies.
    pub policies: Vec<Policy>,
    /// Its rewrite rules.
    pub rules: Vec<Ident>,
    /// Whether row-level security is on.
    pub row_security: bool,
    /// `REPLICA IDENTITY`; `None` is the default (the primary key).
    pub replica_identity: Option<ReplicaIdentity>,
    /// For a typed table: the type it is made of.
    pub of_type: Option<Name>,
    /// For a materialized view: whether it was ever filled. True for everything else.
    pub populated: bool,
    /// The access method when it is not the default.
    pub access_method: Option<Ident>,
    /// The tablespace when it is not the default.
    pub tablespace: Option<Ident>,
}

/// A partitioned table's strategy and key.
#[derive(Clone, Debug, PartialEq)]
pub struct Partitioning {
    /// `range`, `list` or `hash`.
    pub strategy: Ident,
    /// The plain columns of the key.
    pub columns: Vec<Ident>,
    /// Whether the key has expressions besides.
    pub has_expressions: bool,
}

/// `REPLICA IDENTITY`, other than the default.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the keyword of its name")]
pub enum ReplicaIdentity {
    Full,
    Nothing,
    Index(Oid),
}

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub name: Ident,
    /// The function that it runs.
    pub function: Option<Name>,
    /// `FOR EACH ROW`.
    pub for_each_row: bool,
}

/// A row-level security policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: Ident,
    /// The columns that its expressions name.
    pub columns: Vec<Ident>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type; `None` when it is not known. `serial` columns have the integer type.
    pub ty: Option<TypeName>,
    /// Its collation when it is not the type's.
    pub collation: Option<Name>,
    /// Whether it is NOT NULL; `None` when that is not known.
    pub not_null: Option<bool>,
    /// What fills it.
    pub fill: Fill,
    /// For a generated column: the columns that it is computed from.
    pub generated_from: Vec<Ident>,
    /// The functions that its default or its expression calls.
    pub calls: Vec<Name>,
    /// The sequence that its default `nextval('sequence')` takes numbers from, unless it owns that one.
    pub sequence: Option<Name>,
}

/// What fills a column that an INSERT does not mention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the clause of its name")]
pub enum Fill {
    #[default]
    Null,
    Default,
    Identity,
    GeneratedStored,
    GeneratedVirtual,
    /// Not known.
    Unknown,
}

/// A constraint of a table.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own in pg_constraint")]
pub struct Constraint {
    /// Its name: as written, or as PostgreSQL would choose it (`orders_user_id_fkey`).
    pub name: Ident,
    /// What it says.
    pub kind: ConstraintKind,
    /// Whether existing rows are known to satisfy it. False after NOT VALID until VALIDATE, and for NOT ENFORCED.
    pub valid: bool,
    /// False for `NOT ENFORCED`.
    pub enforced: bool,
    /// `NO INHERIT`.
    pub no_inherit: bool,
    /// Whether it came from a parent table.
    pub inherited: bool,
    /// The number of the transaction that added it; `None` when it was there before.
    pub added_in: Option<u32>,
}

/// What a constraint says.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the constraint of its name")]
pub enum ConstraintKind {
    Check {
        /// The columns it names.
        columns: Vec<Ident>,
        /// The columns for which it has a conjunct `column IS NOT NULL`.
        not_null: Vec<Ident>,
        /// Its source text, white space folded.
        text: String,
        /// The functions it calls.
        functions: Vec<Name>,
    },
    /// 18 and later keep NOT NULL as a constraint with a name; before, it has no entry here.
    NotNull {
        column: Ident,
    },
    Unique {
        index: Option<Oid>,
        columns: Vec<Ident>,
    },
    PrimaryKey {
        index: Option<Oid>,
        columns: Vec<Ident>,
    },
    Exclude {
        index: Option<Oid>,
        columns: Vec<Ident>,
    },
    ForeignKey {
        columns: Vec<Ident>,
        referenced: Oid,
        referenced_columns: Vec<Ident>,
        actions: KeyActions,
    },
}

/// What an index is made of.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own in pg_index")]
pub struct Index {
    /// Its table.
    pub table: Oid,
    /// `UNIQUE`.
    pub unique: bool,
    /// Whether it is complete; false for `ON ONLY` on a partitioned table until all partitions are attached.
    pub valid: bool,
    /// `btree`, `gin`, ….
    pub method: Ident,
    /// The key's plain columns, in order; an expression is `None`.
    pub columns: Vec<Option<Ident>>,
    /// Its `INCLUDE` columns.
    pub include: Vec<Ident>,
    /// The columns that its expressions and its predicate name.
    pub expression_columns: Vec<Ident>,
    /// The functions that its expressions and its predicate call.
    pub functions: Vec<Name>,
    /// Whether it has a predicate.
    pub partial: bool,
    /// Whether a constraint owns it.
    pub of_constraint: bool,
    /// Whether a key is ordered or compared otherwise than its type is.
    pub special: bool,
}

/// A type made by the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// Its schema and name.
    pub name: Name,
    /// What it is.
    pub kind: TypeKind,
    /// When it was made; `None` when it was there before.
    pub created: Option<Created>,
}

/// What a type is.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the type of its name")]
pub enum TypeKind {
    Enum {
        /// Its labels, in order.
        labels: Vec<String>,
        /// The labels added later, each with the number of the transaction that did; only the newest few matter.
        added: Vec<(String, u32)>,
    },
    Domain {
        base: TypeName,
        constraints: Vec<DomainConstraint>,
        not_null: bool,
        has_default: bool,
    },
    Composite,
    Range,
    Base,
    /// Only heard of.
    Unknown,
}

/// A domain's CHECK.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainConstraint {
    /// Its name.
    pub name: Ident,
    /// Whether existing values are known to satisfy it.
    pub valid: bool,
}

/// A function made by the history. Overloads are told apart by the number of their arguments only.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its schema and name.
    pub name: Name,
    /// Whether its result depends on more than its arguments.
    pub volatility: Volatility,
    /// How many arguments it takes.
    pub n_arguments: usize,
    /// What it returns.
    pub returns: Option<TypeName>,
    /// The language it is written in.
    pub language: Option<Ident>,
    /// What it runs, as far as that is readable.
    pub body: LazyBody,
    /// `PROCEDURE`.
    pub procedure: bool,
}

/// A publication.
#[derive(Clone, Debug, PartialEq)]
pub struct Publication {
    /// Its name.
    pub name: Ident,
    /// `FOR ALL TABLES`.
    pub all_tables: bool,
    /// The tables it names.
    pub tables: Vec<Oid>,
    /// The schemas it names.
    pub schemas: Vec<Ident>,
    /// Those of its tables of which it publishes a list of columns.
    pub listed: Vec<Oid>,
}

impl Publication {
    pub(super) const fn of_nothing(name: Ident) -> Self {
        Self { name, all_tables: false, tables: Vec::new(), schemas: Vec::new(), listed: Vec::new() }
    }
}

/// The most bytes that a name has: `NAMEDATALEN` less one.
pub(super) const MAX_NAME_BYTES: usize = 63;

/// `name` cut at `n_bytes`, before a character that would be torn.
pub(super) fn clip(name: &str, n_bytes: usize) -> &str {
    name.get(..name.floor_char_boundary(n_bytes)).unwrap_or(name)
}
