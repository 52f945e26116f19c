//! Inheritance and partitions: what a child gets from its parent, and how they are joined and parted.

use std::sync::Arc;

use crate::{
    catalog::{Catalog, Column, Constraint, ConstraintKind, Fill, Oid},
    sql::statement::{ConstraintOptions, Detach, Ident, Name, PartitionBound, Persistence, RelationKind},
};

impl Catalog {
    /// The partitions or inheritance children of a table; an index's parts are not among them.
    pub(super) fn children_of(&self, table: Oid) -> Vec<Oid> {
        self.relation(table).filter(|it| it.index.is_none()).map(|it| it.children.clone()).unwrap_or_default()
    }

    /// Whether `below` is `above`, or below it. A tree must stay one, whatever half a history says.
    pub(super) fn is_below(&self, below: Oid, above: Oid) -> bool {
        below == above
            || self.relation(below).is_some_and(|it| it.parents.iter().any(|it| self.is_below(*it, above)))
    }

    /// Makes one table the child of another, unless it is so already or would be its own ancestor.
    pub(super) fn link_child(&mut self, parent: Oid, child: Oid, bound: Option<&PartitionBound>) {
        let is_linked = self.relation(child).is_some_and(|it| it.parents.contains(&parent));
        if is_linked || self.is_below(parent, child) {
            return;
        }
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
        let kept_back = |column: &Ident| {
            parent.constraints.iter().any(|it| it.no_inherit && it.kind.is_not_null_of(column))
        };
        self.change(child, |it| {
            it.complete &= parent.complete;
            for column in &parent.columns {
                if it.column(&column.name).is_none() {
                    let mut column = inherited_column(column, keeps_identity);
                    if kept_back(&column.name) {
                        column.not_null = Some(false);
                    }
                    it.columns.push(column);
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
        self.share_identity(parent, child);
        self.copy_indexes_of_parents(child);
        self.copy_foreign_keys_of_parents(child);
    }

    /// Since 17, an attached partition takes its parent's identity columns for its own.
    fn share_identity(&mut self, parent: Oid, child: Oid) {
        if !self.shares_identity(child) {
            return;
        }
        let Some(parent) = self.relation(parent) else { return };
        let of_parent = |it: &&Column| it.fill == Fill::Identity;
        let columns: Vec<Ident> = parent.columns.iter().filter(of_parent).map(|it| it.name.clone()).collect();
        for column in columns {
            self.change_column(child, &column, |it| it.fill = Fill::Identity);
        }
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
        if mode == Detach::Concurrently {
            self.keep_bound(parent, child);
        }
        if self.shares_identity(child) {
            self.change(child, |it| {
                for column in it.columns.iter_mut().filter(|it| it.fill == Fill::Identity) {
                    column.fill = Fill::Null;
                }
            });
        }
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

    /// DETACH … CONCURRENTLY leaves the bound behind as a CHECK.
    fn keep_bound(&mut self, parent: Oid, child: Oid) {
        let Some(partitioning) = self.relation(parent).and_then(|it| it.partitioning.clone()) else { return };
        let Some((schema, table)) = self.schema_and_name(child) else { return };
        let columns = partitioning.columns;
        let column = if let [column] = columns.as_slice() { Some(column.as_str()) } else { None };
        let name = self.choose_constraint_name(&schema, &table, column, "check");
        // A range holds no NULL; a list may.
        let not_null = if partitioning.strategy == "range" { columns.clone() } else { Vec::new() };
        let text = match self.relation(child).and_then(|it| it.bound.as_ref()) {
            Some(PartitionBound::Values(values)) => values.clone(),
            _ => return,
        };
        let kind = ConstraintKind::Check { columns, not_null, text, functions: Vec::new() };
        let constraint = self.constraint_of(name, kind, ConstraintOptions::default(), true);
        self.push_constraint(child, constraint);
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
        let relation = self.new_relation(name.clone(), RelationKind::Table, Persistence::Permanent);
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
        if let Some(oid) = self.find(name).map(|it| it.oid) {
            self.drop_relation(oid);
        } else {
            let name = self.qualify(name);
            self.know_absent(name);
        }
    }
}

fn inherited_column(column: &Column, keeps_identity: bool) -> Column {
    let fill = if column.fill == Fill::Identity && !keeps_identity { Fill::Null } else { column.fill };
    let generated_from: Vec<Ident> = column.generated_from.clone();
    Column { fill, generated_from, ..column.clone() }
}
