//! ALTER TABLE, and ALTER INDEX, VIEW and SEQUENCE in so far as they share its forms.

use super::naming::kept;
use crate::{
    catalog::{Catalog, Oid},
    sql::statement::{Alter, AlterAction as A, Ident, Persistence, RowSecurity},
};

impl Catalog {
    pub(super) fn alter(&mut self, alter: &Alter) {
        let name = self.qualify(&alter.name);
        if alter.if_exists && self.is_absent(&name) {
            return;
        }
        let oid = self.find_or_hear_of(&alter.name, alter.kind);
        for action in &alter.actions {
            self.alter_columns(oid, action, alter.only);
            self.alter_constraints(oid, action, alter.only);
            self.alter_whole(oid, action);
        }
    }

    fn alter_columns(&mut self, oid: Oid, action: &A, only: bool) {
        match action {
            A::AddColumn { column, if_not_exists } => self.add_column(oid, column, *if_not_exists, only),
            A::DropColumn { column, cascade, .. } => {
                if *cascade {
                    self.drop_views_of(oid, column);
                }
                self.drop_column(oid, column, only);
            }
            A::SetNotNull { column } => self.set_not_null(oid, column, None, only),
            A::DropNotNull { column } => self.drop_not_null(oid, column, only),
            A::SetType { column, ty, collation, .. } => {
                self.set_column_type(oid, column, ty, collation.as_ref(), only);
            }
            A::RenameColumn { from, to } => self.rename_column(oid, from, to, only),
            A::SetDefault { .. }
            | A::DropDefault { .. }
            | A::SetExpression { .. }
            | A::DropExpression { .. }
            | A::AddIdentity { .. }
            | A::DropIdentity { .. } => self.change_fill(oid, action, only),
            _ => {}
        }
    }

    fn alter_constraints(&mut self, oid: Oid, action: &A, only: bool) {
        match action {
            A::AddConstraint(constraint) => self.add_table_constraint(oid, constraint, only),
            A::AlterConstraint { name, change } => self.alter_constraint(oid, name, *change),
            A::ValidateConstraint { name } => self.validate_constraint(oid, name),
            A::DropConstraint { name, .. } => self.drop_constraint(oid, name, only),
            A::RenameConstraint { from, to } => self.rename_constraint(oid, from, to),
            _ => {}
        }
    }

    fn alter_whole(&mut self, oid: Oid, action: &A) {
        match action {
            A::RenameTo { to } => self.rename_relation(oid, to),
            A::SetSchema { schema } => self.move_to_schema(oid, schema),
            A::AttachPartition { partition, bound } => self.attach_partition(oid, partition, bound),
            A::DetachPartition { partition, mode } => self.detach_partition(oid, partition, *mode),
            A::MergePartitions { partitions, into } => self.merge_partitions(oid, partitions, into),
            A::SplitPartition { partition } => self.split_partition(oid, partition),
            A::Inherit { parent } => self.inherit(oid, parent),
            A::NoInherit { parent } => self.no_inherit(oid, parent),
            A::OfType { ty } => self.change(oid, |it| it.of_type = Some(ty.clone())),
            A::NotOf => self.change(oid, |it| it.of_type = None),
            A::RowSecurity { change: RowSecurity::Enable } => {
                self.change(oid, |it| it.row_security = true);
                self.secured.insert(oid);
            }
            A::RowSecurity { change: RowSecurity::Disable } => self.change(oid, |it| it.row_security = false),
            A::ReplicaIdentity { identity } => self.set_replica_identity(oid, identity),
            A::SetLogged => self.set_persistence(oid, Persistence::Permanent),
            A::SetUnlogged => self.set_persistence(oid, Persistence::Unlogged),
            A::SetTablespace { tablespace } => {
                let tablespace = Some(tablespace.clone()).filter(|it| it != "pg_default");
                self.change(oid, |it| it.tablespace = tablespace);
            }
            A::SetAccessMethod { method } => {
                let method = method.clone().filter(|it| it != "heap");
                self.change(oid, |it| it.access_method = method);
            }
            A::SequenceOptions { owned_by: Some(Some((table, column))), .. } => {
                self.own_sequence(oid, table, column);
            }
            A::SequenceOptions { owned_by: Some(None), .. } => self.disown_sequence(oid),
            _ => {}
        }
    }

    /// Indexes and owned sequences are as persistent as their table.
    fn set_persistence(&mut self, oid: Oid, persistence: Persistence) {
        let Some(relation) = self.relation(oid) else { return };
        let mut all = vec![oid];
        all.extend(&relation.indexes);
        if self.major >= 15 {
            all.extend(&relation.sequences);
        }
        for oid in all {
            self.change(oid, |it| it.persistence = persistence);
        }
    }

    /// An index and the constraint that owns it have one name.
    pub(super) fn rename_relation(&mut self, oid: Oid, to: &Ident) {
        let owner = self.constraint_of_index(oid).map(|it| it.name.clone());
        let table = self.relation(oid).and_then(|it| it.index.as_ref()).map(|it| it.table);
        match (owner, table) {
            (Some(constraint), Some(table)) => self.rename_constraint(table, &constraint, to),
            _ => self.change(oid, |it| it.name.name = kept(to)),
        }
    }

    /// SET SCHEMA takes indexes and owned sequences with it.
    pub(super) fn move_to_schema(&mut self, oid: Oid, schema: &Ident) {
        let Some(relation) = self.relation(oid) else { return };
        let mut all = vec![oid];
        all.extend(relation.indexes.iter().chain(&relation.sequences));
        for oid in all {
            self.change(oid, |it| it.name.schema = Some(schema.clone()));
        }
    }
}
