//! Inheritance and partitions: what a child gets from its parent, and how they are joined and parted.

use std::sync::Arc;

use crate::{
    catalog::{Catalog, Column, Constraint, ConstraintKind, Fill, Oid},
    sql::statement::{Detach, Ident, Name, PartitionBound, RelationKind},
};

impl Catalog {
    /// The partitions or inheritance children of a table; an index's parts are not among them.
    pub(super) fn children_of(&self, table: Oid) -> Vec<Oid> {
        self.relation(table).filter(|it| it.index.is_none()).map(|it| it.children.clone()).unwrap_or_default()
    }

    pub(super) fn link_child(&mut self, parent: Oid, child: Oid, bound: Option<&PartitionBound>) {
        self.change(parent, |it| {
            it.children.push(child);
            if bound.is_some() && it.kind == RelationKind::Table {
                it.kind = RelationKind::PartitionedTable;
            }
        });
        self.change(child, |it| {
            it.parents.push(parent);
            it.bound = bound.cloned();
        });
    }

    /// A new table gets its parent's columns and those constraints that are inherited.
    pub(super) fn inherit_at_creation(&mut self, child: Oid, parent: &Name, bound: Option<&PartitionBound>) {
        let kind = if bound.is_some() { RelationKind::PartitionedTable } else { RelationKind::Table };
        let parent_oid = self.find_or_hear_of(parent, kind);
        self.link_child(parent_oid, child, bound);
        let Some(parent) = self.relation(parent_oid).map(Arc::clone) else { return };
        let keeps_identity = self.shares_identity(child);
        self.change(child, |it| {
            it.complete &= parent.complete;
            for column in &parent.columns {
                if it.column(&column.name).is_none() {
                    it.columns.push(inherited_column(column, keeps_identity));
                }
            }
        });
        let inherited = parent.constraints.iter().filter(|it| {
            !it.no_inherit && matches!(it.kind, ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. })
        });
        for constraint in inherited {
            let is_there = self.relation(child).is_some_and(|it| it.constraint(&constraint.name).is_some());
            if !is_there {
                let added_in = Some(self.session.transaction);
                let constraint = Constraint {
                    inherited: true,
                    valid: constraint.enforced,
                    added_in,
                    ..constraint.clone()
                };
                self.push_constraint(child, constraint);
            }
        }
    }

    pub(super) fn attach_partition(&mut self, parent: Oid, partition: &Name, bound: &PartitionBound) {
        let child = self.find_or_hear_of(partition, RelationKind::Table);
        if self.relation(child).is_some_and(|it| it.parents.contains(&parent)) {
            return;
        }
        self.link_child(parent, child, Some(bound));
        self.mark_inherited(parent, child);
        self.copy_indexes_of_parents(child);
        self.copy_foreign_keys_of_parents(child);
    }

    /// The constraints that parent and child share are inherited from now on.
    fn mark_inherited(&mut self, parent: Oid, child: Oid) {
        let Some(parent) = self.relation(parent).map(Arc::clone) else { return };
        self.change(child, |it| {
            for own in &mut it.constraints {
                own.inherited |= match &own.kind {
                    ConstraintKind::Check { .. } => parent.constraint(&own.name).is_some(),
                    ConstraintKind::NotNull { .. } => parent.constraints.iter().any(|it| it.kind == own.kind),
                    _ => false,
                };
            }
        });
    }

    pub(super) fn detach_partition(&mut self, parent: Oid, partition: &Name, mode: Detach) {
        if mode == Detach::Finalize {
            return;
        }
        let child = self.find_or_hear_of(partition, RelationKind::Table);
        self.unlink_child(parent, child);
        let indexes = self.relation(child).map(|it| it.indexes.clone()).unwrap_or_default();
        for index in indexes {
            let parents = self.relation(index).map(|it| it.parents.clone()).unwrap_or_default();
            for parent in parents {
                self.change(parent, |it| it.children.retain(|it| *it != index));
                self.change(index, |it| it.parents.clear());
            }
        }
    }

    pub(super) fn unlink_child(&mut self, parent: Oid, child: Oid) {
        self.change(parent, |it| it.children.retain(|it| *it != child));
        self.change(child, |it| {
            it.parents.retain(|it| *it != parent);
            it.bound = None;
            for constraint in &mut it.constraints {
                constraint.inherited = false;
            }
        });
    }

    pub(super) fn inherit(&mut self, child: Oid, parent: &Name) {
        let parent = self.find_or_hear_of(parent, RelationKind::Table);
        self.link_child(parent, child, None);
        self.mark_inherited(parent, child);
    }

    pub(super) fn no_inherit(&mut self, child: Oid, parent: &Name) {
        if let Some(parent) = self.find(parent).map(|it| it.oid) {
            self.unlink_child(parent, child);
        }
    }

    /// MERGE PARTITIONS: one new partition in the place of several.
    pub(super) fn merge_partitions(&mut self, parent: Oid, partitions: &[Name], into: &Name) {
        let Some((schema, _)) = self.schema_and_name(parent) else { return };
        for partition in partitions {
            self.drop_by_name(partition);
        }
        let name = Name { schema: into.schema.clone().or(Some(schema)), name: into.name.clone() };
        let relation = self.new_relation(name.clone(), RelationKind::Table, Default::default());
        let oid = relation.oid;
        self.put(relation);
        let bound = PartitionBound::Values(String::new());
        let Some(parent) = self.relation(parent).map(|it| it.name.clone()) else { return };
        self.inherit_at_creation(oid, &parent, Some(&bound));
        self.copy_indexes_of_parents(oid);
        self.copy_foreign_keys_of_parents(oid);
    }

    pub(super) fn split_partition(&mut self, parent: Oid, partition: &Name) {
        self.drop_by_name(partition);
        self.change(parent, |it| it.complete = false);
    }

    pub(super) fn drop_by_name(&mut self, name: &Name) {
        match self.find(name).map(|it| it.oid) {
            Some(oid) => self.drop_relation(oid),
            None => {
                let name = self.qualify(name);
                self.know_absent(name);
            }
        }
    }
}

fn inherited_column(column: &Column, keeps_identity: bool) -> Column {
    let fill = if column.fill == Fill::Identity && !keeps_identity { Fill::Null } else { column.fill };
    let generated_from: Vec<Ident> = column.generated_from.clone();
    Column { fill, generated_from, ..column.clone() }
}
