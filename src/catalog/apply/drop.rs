//! DROP, with all that goes along.
//!
//! What depends on the dropped thing goes too, with or without CASCADE: without it a server would have refused.

use std::sync::Arc;

use crate::{
    catalog::{Catalog, ConstraintKind, Fill, Oid, Relation, ReplicaIdentity, Trigger},
    sql::statement::{DropObject, DropRelation, Ident, Name, ObjectKind},
};

impl Catalog {
    pub(super) fn drop_relations(&mut self, drop: &DropRelation) {
        for name in &drop.names {
            self.drop_by_name(name);
        }
    }

    /// Drops a relation with its parts, its children, the views that read it, and the foreign keys that refer to it.
    pub(in crate::catalog) fn drop_relation(&mut self, oid: Oid) {
        let Some(relation) = self.relation(oid).map(Arc::clone) else { return };
        self.remove(oid);
        let parts = relation.indexes.iter().chain(&relation.sequences);
        for dependent in parts.chain(&relation.children).chain(&relation.read_by) {
            self.drop_relation(*dependent);
        }
        for parent in &relation.parents {
            self.change(*parent, |it| it.children.retain(|it| *it != oid));
        }
        for read in &relation.reads {
            self.change(*read, |it| it.read_by.retain(|it| *it != oid));
        }
        for constraint in &relation.constraints {
            if let ConstraintKind::ForeignKey { referenced, .. } = &constraint.kind {
                self.change(*referenced, |it| it.referenced_by.retain(|it| *it != oid));
            }
        }
        for referencing in &relation.referenced_by {
            self.change(*referencing, |it| {
                it.constraints.retain(
                    |it| !matches!(it.kind, ConstraintKind::ForeignKey { referenced, .. } if referenced == oid),
                );
            });
        }
        if let Some(index) = &relation.index {
            self.unlink_index(index.table, oid);
        }
        if let Some((table, column)) = &relation.owned_by {
            self.change(*table, |it| {
                it.sequences.retain(|it| *it != oid);
                // A default that takes the sequence's numbers goes with it.
                if let Some(column) =
                    it.columns.iter_mut().find(|it| it.name == *column && it.fill == Fill::Default)
                {
                    column.fill = Fill::Null;
                }
            });
        }
        self.unpublish(oid);
    }

    fn unlink_index(&mut self, table: Oid, index: Oid) {
        self.change(table, |it| {
            it.indexes.retain(|it| *it != index);
            it.constraints.retain(|it| it.kind.index() != Some(index));
            if it.replica_identity == Some(ReplicaIdentity::Index(index)) {
                it.replica_identity = Some(ReplicaIdentity::Nothing);
            }
        });
    }

    pub(super) fn drop_objects(&mut self, drop: &DropObject) {
        for name in &drop.names {
            match drop.kind {
                ObjectKind::Schema => self.drop_schema(&name.name),
                ObjectKind::Type | ObjectKind::Domain => self.drop_type(name),
                ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => {
                    if let Some(name) = self.find_functions(name).first().map(|it| it.name.clone()) {
                        self.drop_triggers_of(&name);
                        self.remove_functions(&name);
                    }
                }
                ObjectKind::Publication => self.remove_publication(&name.name),
                ObjectKind::Table
                | ObjectKind::View
                | ObjectKind::MaterializedView
                | ObjectKind::Sequence
                | ObjectKind::Index => self.drop_by_name(name),
                _ => {}
            }
        }
    }

    /// Drops the triggers that run a function, unless several have its name and none says which one goes.
    fn drop_triggers_of(&mut self, function: &Name) {
        if self.find_functions(function).len() > 1 {
            return;
        }
        let runs = |it: &Trigger| {
            let called = it.function.as_ref().and_then(|it| self.find_functions(it).first());
            called.is_some_and(|it| it.name == *function)
        };
        let with = |table: &Arc<Relation>| {
            let names: Vec<Ident> =
                table.triggers.iter().filter(|it| runs(it)).map(|it| it.name.clone()).collect();
            (!names.is_empty()).then_some((table.oid, names))
        };
        let gone: Vec<(Oid, Vec<Ident>)> = self.may_mention(&function.name).filter_map(with).collect();
        for (table, names) in gone {
            self.change(table, |it| it.triggers.retain(|it| !names.contains(&it.name)));
        }
    }

    fn drop_schema(&mut self, schema: &Ident) {
        let is_in = |name: &Name| name.schema.as_ref() == Some(schema);
        let relations: Vec<Oid> = self.relations().filter(|it| is_in(&it.name)).map(|it| it.oid).collect();
        for relation in relations {
            self.drop_relation(relation);
        }
        let types: Vec<Name> = self.types().map(|it| it.name.clone()).filter(is_in).collect();
        for ty in &types {
            self.drop_type(ty);
        }
        let functions: Vec<Name> = self.function_names().filter(|it| is_in(it)).cloned().collect();
        for function in &functions {
            self.remove_functions(function);
        }
        self.remove_schema(schema);
    }

    /// Drops a type or domain and the columns that are of it.
    fn drop_type(&mut self, name: &Name) {
        let Some(name) = self.find_type(name).map(|it| it.name.clone()) else { return };
        self.remove_type(&name);
        let columns: Vec<(Oid, Ident)> = self
            .may_mention(&name.name)
            .flat_map(|it| it.columns.iter().map(|column| (it.oid, column)))
            .filter(|(_, column)| column.ty.as_ref().is_some_and(|it| it.name == name))
            .map(|(oid, column)| (oid, column.name.clone()))
            .collect();
        for (table, column) in columns {
            self.drop_column(table, &column, true);
        }
    }

    /// What is known of relations may not be all: after DROP OWNED anything may be gone, and a snapshot does not have everything.
    pub fn know_in_part(&mut self) {
        let all: Vec<Oid> = self.relations().filter(|it| it.complete).map(|it| it.oid).collect();
        for oid in all {
            self.change(oid, |it| it.complete = false);
        }
    }
}
