//! Names of relations, types and functions, as PostgreSQL folds them.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// An identifier after folding: quotes removed, unquoted ones in lower case. Not cut at 63 bytes; the catalog does that.
pub type Ident = SmolStr;

/// A possibly schema-qualified name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The schema, when it is written.
    pub schema: Option<Ident>,
    /// The name itself.
    pub name: Ident,
}

impl Name {
    /// A name without a schema.
    pub fn bare(name: impl Into<Ident>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// `schema.name`.
    pub fn qualified(schema: impl Into<Ident>, name: impl Into<Ident>) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A relation in a statement that may say `ONLY`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RelationRef {
    /// The relation.
    pub name: Name,
    /// `ONLY`: without its partitions and inheritance children.
    pub only: bool,
}

/// The kind of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant is the kind of its name")]
pub enum RelationKind {
    Table,
    PartitionedTable,
    ForeignTable,
    Index,
    PartitionedIndex,
    Sequence,
    View,
    MaterializedView,
    CompositeType,
}

impl RelationKind {
    /// Whether it has rows of its own, or partitions that have.
    pub const fn has_rows(self) -> bool {
        matches!(self, Self::Table | Self::PartitionedTable | Self::MaterializedView)
    }
}

/// The kind of an object that is not necessarily a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant is the object of its name")]
pub enum ObjectKind {
    AccessMethod,
    Aggregate,
    Cast,
    Collation,
    Column,
    Constraint,
    Conversion,
    Database,
    Domain,
    EventTrigger,
    Extension,
    ForeignDataWrapper,
    Function,
    Index,
    Language,
    LargeObject,
    MaterializedView,
    Operator,
    OperatorClass,
    OperatorFamily,
    Policy,
    Procedure,
    PropertyGraph,
    Publication,
    Role,
    Rule,
    Schema,
    Sequence,
    Server,
    Statistics,
    Subscription,
    Table,
    Tablespace,
    TextSearch,
    Transform,
    Trigger,
    Type,
    UserMapping,
    View,
    /// Anything else.
    Other,
}

/// A type as it is written, under PostgreSQL's internal name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypeName {
    /// `int4`, `varchar`, `bpchar`, `timestamptz`, …: SQL's own spellings are translated to the names in `pg_type`
    /// (schema `None`); `serial` and its kin stay as they are written (`serial`, `bigserial`, `smallserial`, and `serial4` as `serial`, …).
    pub name: Name,
    /// The numbers in parentheses: length, precision and scale. For `interval(p)` and `interval … second(p)` the precision only.
    /// `char` and `bit` without a length have `[1]`.
    pub modifiers: Vec<i32>,
    /// How many `[]` follow; 0 for a plain type.
    pub array_dimensions: u8,
}

impl TypeName {
    /// A plain type without modifiers.
    pub fn plain(name: impl Into<Ident>) -> Self {
        Self { name: Name::bare(name), modifiers: Vec::new(), array_dimensions: 0 }
    }

    /// For `serial` types, the integer type underneath.
    pub fn serial_base(&self) -> Option<&'static str> {
        match self.name.name.as_str() {
            _ if self.name.schema.is_some() || self.array_dimensions > 0 => None,
            "smallserial" => Some("int2"),
            "serial" => Some("int4"),
            "bigserial" => Some("int8"),
            _ => None,
        }
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if !self.modifiers.is_empty() {
            let modifiers: Vec<String> = self.modifiers.iter().map(ToString::to_string).collect();
            write!(f, "({})", modifiers.join(","))?;
        }
        (0..self.array_dimensions).try_for_each(|_| f.write_str("[]"))
    }
}
