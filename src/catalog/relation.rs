//! What can be asked of a relation.

use super::{Column, Constraint, ConstraintKind, Index, MAX_NAME_BYTES, Oid, Partitioning, Relation, clip};
use crate::sql::statement::{Ident, Name, Persistence, RelationKind};

impl Relation {
    /// The objects outside it that it names, other than relations: functions, types and sequences.
    pub(super) fn mentions(&self) -> impl Iterator<Item = &Name> {
        let types = self.columns.iter().filter_map(|it| it.ty.as_ref()).map(|it| &it.name);
        let sequences = self.columns.iter().filter_map(|it| it.sequence.as_ref());
        self.calls().chain(types).chain(sequences)
    }

    /// The functions that its columns, constraints, triggers and index call.
    fn calls(&self) -> impl Iterator<Item = &Name> {
        let in_columns = self.columns.iter().flat_map(|it| &it.calls);
        let in_triggers = self.triggers.iter().filter_map(|it| it.function.as_ref());
        let in_constraints = self.constraints.iter().flat_map(|it| match &it.kind {
            ConstraintKind::Check { functions, .. } => functions.as_slice(),
            _ => &[],
        });
        let in_index = self.index.iter().flat_map(|it| &it.functions);
        in_columns.chain(in_triggers).chain(in_constraints).chain(in_index)
    }

    /// A relation of which nothing is known but its name and kind.
    pub fn heard_of(oid: Oid, name: Name, kind: RelationKind) -> Self {
        Self {
            oid,
            name,
            kind,
            persistence: Persistence::Permanent,
            complete: false,
            created: None,
            presumed: None,
            empty_since: None,
            columns: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            parents: Vec::new(),
            children: Vec::new(),
            bound: None,
            partitioning: None,
            index: None,
            owned_by: None,
            sequences: Vec::new(),
            reads: Vec::new(),
            reads_columns: Vec::new(),
            names_columns: Vec::new(),
            read_by: Vec::new(),
            referenced_by: Vec::new(),
            triggers: Vec::new(),
            statistics: Vec::new(),
            policies: Vec::new(),
            rules: Vec::new(),
            row_security: false,
            replica_identity: None,
            of_type: None,
            populated: true,
            access_method: None,
            tablespace: None,
        }
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        let name = clip(name, MAX_NAME_BYTES);
        self.columns.iter().find(|it| it.name == name)
    }

    /// The constraint of this name.
    pub fn constraint(&self, name: &str) -> Option<&Constraint> {
        let name = clip(name, MAX_NAME_BYTES);
        self.constraints.iter().find(|it| it.name == name)
    }

    /// Whether this is a partition of a partitioned table.
    pub fn is_partition(&self) -> bool {
        self.bound.is_some()
    }

    /// Whether this is a partitioned table or index, which has no rows of its own.
    pub fn is_partitioned(&self) -> bool {
        matches!(self.kind, RelationKind::PartitionedTable | RelationKind::PartitionedIndex)
    }
}

impl Partitioning {
    /// What of the partition key a unique key of these columns lacks: no index could keep it unique over all partitions.
    ///
    /// Source: `DefineIndex` in `src/backend/commands/indexcmds.c`.
    pub(crate) fn beyond(&self, key: &[Option<Ident>]) -> Option<String> {
        if self.has_expressions {
            return Some(
                "the partition key has an expression, so nothing can be unique over all partitions"
                    .to_owned(),
            );
        }
        let is_missing = |column: &&Ident| !key.iter().flatten().any(|it| it == *column);
        let missing = self.columns.iter().find(is_missing)?;
        Some(format!("it lacks the partition key's column {missing}"))
    }
}

impl ConstraintKind {
    /// Its columns on its own table; none for NOT NULL, which goes with its column.
    pub fn columns(&self) -> &[Ident] {
        match self {
            Self::Check { columns, .. }
            | Self::Unique { columns, .. }
            | Self::PrimaryKey { columns, .. }
            | Self::Exclude { columns, .. }
            | Self::ForeignKey { columns, .. } => columns,
            Self::NotNull { .. } => &[],
        }
    }
}

impl Index {
    /// Whether two indexes of a parent and its partition do the same, as far as can be told.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.unique == other.unique
            && self.method == other.method
            && self.columns == other.columns
            && self.include == other.include
            && self.partial == other.partial
            && self.expression_columns == other.expression_columns
            && self.functions == other.functions
    }
}
