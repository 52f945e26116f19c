//! Indexes: CREATE INDEX, the indexes behind constraints, and their copies on partitions.
//!
//! Source: `DefineIndex` in `src/backend/commands/indexcmds.c`, `AttachPartitionEnsureIndexes` in `tablecmds.c`.

use std::sync::Arc;

use super::naming::{expression_name, index_column_names, joined, kept};
use crate::{
    catalog::{Catalog, Column, Constraint, ConstraintKind, Index, Oid, Relation},
    sql::statement::{
        ColumnConstraint, ColumnConstraintKind, ColumnDef, CreateIndex, Ident, LikeClause, Name, Persistence,
        RelationKind, TableConstraint, TableConstraintKind,
    },
};

/// A constraint to be added that needs an index.
pub(super) struct IndexConstraint {
    name: Option<Ident>,
    label: Label,
    columns: Vec<Ident>,
    /// `gist` for exclusion and `WITHOUT OVERLAPS`.
    method: Ident,
}

/// What a chosen name ends in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Primary,
    Unique,
    Exclude,
    None,
}

impl Label {
    fn of(kind: &ConstraintKind) -> Self {
        match kind {
            ConstraintKind::PrimaryKey { .. } => Self::Primary,
            ConstraintKind::Exclude { .. } => Self::Exclude,
            _ => Self::Unique,
        }
    }

    fn constraint(self, index: Oid, columns: Vec<Ident>) -> Option<ConstraintKind> {
        let index = Some(index);
        match self {
            Self::Primary => Some(ConstraintKind::PrimaryKey { index, columns }),
            Self::Unique => Some(ConstraintKind::Unique { index, columns }),
            Self::Exclude => Some(ConstraintKind::Exclude { index, columns }),
            Self::None => None,
        }
    }
}

impl IndexConstraint {
    pub(super) fn of_column(def: &ColumnDef, constraint: &ColumnConstraint) -> Option<Self> {
        let label = match constraint.kind {
            ColumnConstraintKind::PrimaryKey => Label::Primary,
            ColumnConstraintKind::Unique => Label::Unique,
            _ => return None,
        };
        let columns = vec![kept(&def.name)];
        Some(Self { name: constraint.name.as_ref().map(kept), label, columns, method: BTREE })
    }

    pub(super) fn of_table(constraint: &TableConstraint) -> Option<Self> {
        let (label, columns, is_gist) = match &constraint.kind {
            TableConstraintKind::PrimaryKey { columns, without_overlaps } => {
                (Label::Primary, columns, *without_overlaps)
            }
            TableConstraintKind::Unique { columns, without_overlaps } => {
                (Label::Unique, columns, *without_overlaps)
            }
            TableConstraintKind::Exclude { columns } => (Label::Exclude, columns, true),
            _ => return None,
        };
        let columns = columns.iter().map(kept).collect();
        let method = if is_gist { Ident::new_static("gist") } else { BTREE };
        Some(Self { name: constraint.name.as_ref().map(kept), label, columns, method })
    }

    /// Puts a primary key before the others. A UNIQUE of the same columns as another is the same constraint.
    pub(super) fn join(self, wanted: &mut Vec<Self>) {
        let same = wanted.iter_mut().find(|it| {
            it.columns == self.columns && it.label != Label::Exclude && self.label != Label::Exclude
        });
        if let Some(same) = same {
            if self.label == Label::Primary {
                same.label = Label::Primary;
            }
            same.name = same.name.take().or(self.name);
            wanted.sort_by_key(|it| it.label != Label::Primary);
        } else if self.label == Label::Primary {
            wanted.insert(0, self);
        } else {
            wanted.push(self);
        }
    }
}

const BTREE: Ident = Ident::new_static("btree");

impl Catalog {
    pub(super) fn create_index(&mut self, create: &CreateIndex) {
        let table = self.find_or_hear_of(&create.table, RelationKind::Table);
        let Some((schema, table_name)) = self.schema_and_name(table) else { return };
        let mut expressions = create.expressions.iter();
        let major = self.major;
        let key = create.columns.iter().map(|column| match column {
            Some(column) => kept(column),
            None => expressions.next().map_or(Ident::new_static("expr"), |it| expression_name(it, major)),
        });
        let names = index_column_names(key.chain(create.include.iter().map(kept)));
        let name = match &create.name {
            Some(name) => kept(name),
            None => self.choose_relation_name(&schema, &table_name, Some(&joined(&names)), "idx"),
        };
        let mut made_here = true;
        if create.if_not_exists {
            let name = Name::qualified(schema, name.clone());
            if self.find(&name).is_some() {
                return;
            }
            // An index of this name may be there on a table of which not all is known.
            made_here = self.is_free(&name)
                || self.relation(table).is_some_and(|it| it.complete || it.created.is_some());
        }
        let parts = || create.expressions.iter().chain(&create.predicate);
        let index = Index {
            table,
            unique: create.unique,
            valid: !(create.only && self.has_partitions(table)),
            method: create.method.clone(),
            columns: create.columns.iter().map(|it| it.as_ref().map(kept)).collect(),
            include: create.include.iter().map(kept).collect(),
            expression_columns: parts().flat_map(|it| &it.columns).map(kept).collect(),
            functions: parts().flat_map(|it| &it.functions).cloned().collect(),
            partial: create.predicate.is_some(),
            of_constraint: false,
            special: create.special,
        };
        let oid = self.make_index(name, index, &names);
        if !made_here {
            self.change(oid, |it| (it.complete, it.created) = (false, None));
        }
        if !create.only {
            self.index_partitions(oid, table);
        }
    }

    /// Whether `ON ONLY` leaves an index without its parts. A table never heard of has partitions if somebody says ONLY.
    fn has_partitions(&self, table: Oid) -> bool {
        self.relation(table).is_some_and(|it| {
            if it.complete {
                it.is_partitioned() && !it.children.is_empty()
            } else {
                it.created.is_none() || !it.children.is_empty()
            }
        })
    }

    fn make_index(&mut self, name: Ident, index: Index, columns: &[Ident]) -> Oid {
        let table = index.table;
        let (schema, is_partitioned, persistence) =
            self.relation(table).map_or((None, false, Persistence::Permanent), |it| {
                (it.name.schema.clone(), it.is_partitioned(), it.persistence)
            });
        let kind = if is_partitioned { RelationKind::PartitionedIndex } else { RelationKind::Index };
        let relation = self.new_relation(Name { schema, name }, kind, persistence);
        let oid = relation.oid;
        let columns = columns.iter().map(|it| Column::new(it.clone(), None)).collect();
        self.put(Relation { index: Some(index), columns, ..relation });
        self.change(table, |it| it.indexes.push(oid));
        oid
    }

    pub(super) fn add_index_constraint(&mut self, table: Oid, constraint: &IndexConstraint, only: bool) {
        if constraint.label == Label::Primary {
            for column in &constraint.columns {
                self.set_not_null(table, column, None, only);
            }
        }
        let names = index_column_names(constraint.columns.iter().cloned());
        let index = Index {
            unique: constraint.label != Label::Exclude,
            valid: !(only && self.has_partitions(table)),
            method: constraint.method.clone(),
            columns: constraint.columns.iter().cloned().map(Some).collect(),
            of_constraint: true,
            ..Index::heard_of(table)
        };
        let name = constraint.name.clone();
        let made = self.make_constraint_index(table, name, constraint.label, index, &names, false);
        if let Some(oid) = made.filter(|_| !only) {
            self.index_partitions(oid, table);
        }
    }

    /// Makes an index and the constraint that owns it, if one does, under a name that is chosen when there is none.
    fn make_constraint_index(
        &mut self,
        table: Oid,
        name: Option<Ident>,
        label: Label,
        index: Index,
        names: &[Ident],
        inherited: bool,
    ) -> Option<Oid> {
        let (schema, table_name) = self.schema_and_name(table)?;
        let name = name.unwrap_or_else(|| {
            let columns = Some(joined(names));
            let (columns, ending) = match label {
                Label::Primary => (None, "pkey"),
                Label::Unique => (columns, "key"),
                Label::Exclude => (columns, "excl"),
                Label::None => {
                    return self.choose_relation_name(&schema, &table_name, columns.as_deref(), "idx");
                }
            };
            self.choose_index_constraint_name(&schema, &table_name, columns.as_deref(), ending)
        });
        let columns = index.columns.iter().flatten().cloned().collect();
        let oid = self.make_index(name.clone(), index, names);
        if let Some(kind) = label.constraint(oid, columns) {
            let added_in = Some(self.session.transaction);
            let constraint = Constraint {
                name,
                kind,
                valid: true,
                enforced: true,
                no_inherit: false,
                inherited,
                added_in,
            };
            self.push_constraint(table, constraint);
        }
        Some(oid)
    }

    /// Gives every partition of `table` its part of the index.
    fn index_partitions(&mut self, index: Oid, table: Oid) {
        if self.relation(table).is_some_and(|it| it.is_partitioned()) {
            for partition in self.children_of(table) {
                self.index_partition(index, partition);
            }
        }
    }

    /// Attaches an index of the partition that is like `parent`, or makes one.
    pub(super) fn index_partition(&mut self, parent: Oid, partition: Oid) {
        if self.relation(partition).is_some_and(|it| it.kind == RelationKind::ForeignTable) {
            return;
        }
        let Some((template, names, label)) = self.template(parent) else { return };
        let own = self.like_index(&template, label, partition).or_else(|| {
            let index = Index { table: partition, valid: true, ..template };
            self.make_constraint_index(partition, None, label, index, &names, true)
                .inspect(|it| self.index_partitions(*it, partition))
        });
        if let Some(own) = own {
            self.link_index(parent, own);
            if self.relation(own).and_then(|it| it.index.as_ref()).is_some_and(|it| !it.valid) {
                self.set_index_valid(parent, false);
            }
        }
    }

    /// What a copy of an index is made from: what it is, its own columns' names, and the constraint that owns it.
    fn template(&self, index: Oid) -> Option<(Index, Vec<Ident>, Label)> {
        let relation = self.relation(index)?;
        let names = relation.columns.iter().map(|it| it.name.clone()).collect();
        Some((relation.index.clone()?, names, self.label_of(index)))
    }

    fn label_of(&self, index: Oid) -> Label {
        self.constraint_of_index(index).map_or(Label::None, |it| Label::of(&it.kind))
    }

    /// The constraint that owns an index.
    pub(super) fn constraint_of_index(&self, index: Oid) -> Option<&Constraint> {
        let table = self.relation(index)?.index.as_ref().filter(|it| it.of_constraint)?.table;
        self.relation(table)?.constraints.iter().find(|it| it.kind.index() == Some(index))
    }

    /// An index of the partition that does what the parent's does and belongs to no other.
    fn like_index(&self, template: &Index, label: Label, partition: Oid) -> Option<Oid> {
        self.relation(partition)?.indexes.iter().copied().find(|oid| {
            self.relation(*oid).is_some_and(|it| {
                it.parents.is_empty() && it.index.as_ref().is_some_and(|it| it.is_like(template))
            }) && (label == Label::None || self.label_of(*oid) == label)
        })
    }

    fn link_index(&mut self, parent: Oid, child: Oid) {
        if self.is_below(parent, child) {
            return;
        }
        for before in self.relation(child).map(|it| it.parents.clone()).unwrap_or_default() {
            self.change(before, |it| it.children.retain(|it| *it != child));
        }
        self.change(parent, |it| it.children.push(child));
        self.change(child, |it| it.parents = vec![parent]);
        let Some(relation) = self.relation(child) else { return };
        let Some(table) = relation.index.as_ref().filter(|it| it.of_constraint).map(|it| it.table) else {
            return;
        };
        if let Some(name) = self.constraint_of_index(child).map(|it| it.name.clone()) {
            self.change_constraint(table, &name, |it| it.inherited = true);
        }
    }

    fn set_index_valid(&mut self, index: Oid, valid: bool) {
        self.change(index, |it| {
            if let Some(index) = &mut it.index {
                index.valid = valid;
            }
        });
    }

    /// ALTER INDEX … ATTACH PARTITION. The parent is valid when every partition has a valid part.
    pub(super) fn attach_index_by_name(&mut self, parent: &Name, child: &Name) {
        let parent = self.find_or_hear_of(parent, RelationKind::PartitionedIndex);
        let child = self.find_or_hear_of(child, RelationKind::Index);
        if !self.relation(parent).is_some_and(|it| it.children.contains(&child)) {
            self.link_index(parent, child);
            self.validate_partitioned_index(parent);
        }
    }

    fn validate_partitioned_index(&mut self, parent: Oid) {
        let Some(relation) = self.relation(parent) else { return };
        let Some(table) = relation.index.as_ref().and_then(|it| self.relation(it.table)) else { return };
        let is_valid = table.children.len() == relation.children.len()
            && relation
                .children
                .iter()
                .all(|it| self.relation(*it).is_some_and(|it| it.index.as_ref().is_none_or(|it| it.valid)));
        if !is_valid {
            return;
        }
        let above = relation.parents.clone();
        self.set_index_valid(parent, true);
        for above in above {
            self.validate_partitioned_index(above);
        }
    }

    /// Gives a new or attached partition its parts of the parent's indexes.
    pub(super) fn copy_indexes_of_parents(&mut self, partition: Oid) {
        let parents = self.relation(partition).map(|it| it.parents.clone()).unwrap_or_default();
        for parent in parents {
            let indexes = self.relation(parent).map(|it| it.indexes.clone()).unwrap_or_default();
            for index in indexes {
                self.index_partition(index, partition);
            }
        }
    }

    /// `LIKE source INCLUDING INDEXES`: indexes and the constraints that own them, under names of their own.
    pub(super) fn copy_indexes(&mut self, table: Oid, like: &LikeClause) {
        let Some(source) = self.find(&like.source).map(Arc::clone) else { return };
        for index in &source.indexes {
            let Some((template, names, label)) = self.template(*index) else { continue };
            if label == Label::Primary {
                for column in template.columns.iter().flatten() {
                    self.set_not_null(table, column, None, true);
                }
            }
            let index = Index { table, valid: true, ..template };
            self.make_constraint_index(table, None, label, index, &names, false);
        }
    }
}

impl Index {
    /// An index of which nothing is known but its table, and that a constraint may be made of it.
    pub(super) fn heard_of(table: Oid) -> Self {
        Self {
            table,
            unique: true,
            valid: true,
            method: BTREE,
            columns: Vec::new(),
            include: Vec::new(),
            expression_columns: Vec::new(),
            functions: Vec::new(),
            partial: false,
            of_constraint: false,
            special: false,
        }
    }
}
