//! CREATE TABLE, CREATE TABLE … AS and CREATE SEQUENCE.

use super::naming::kept;
use crate::{
    catalog::{Catalog, Column, Fill, Oid, Partitioning, Relation},
    sql::statement::{
        ColumnConstraintKind, CreateSequence, CreateTable, Ident, LikeClause, Name, PartitionBy, Persistence,
        RelationKind,
    },
};

impl Catalog {
    pub(super) fn create_table(&mut self, create: &CreateTable) {
        let name = self.new_name(&create.name, create.persistence);
        if create.if_not_exists && !self.is_free(&name) {
            self.hear_of_table(create, name);
            return;
        }
        let relation = self.new_relation(name, create.kind, create.persistence);
        let oid = relation.oid;
        self.put(Relation {
            partitioning: create.partition_by.as_ref().map(partitioning),
            of_type: create.of_type.clone(),
            complete: create.of_type.is_none(),
            empty_since: relation.created,
            ..relation
        });
        let parents: Vec<Name> = create
            .inherits
            .iter()
            .chain(create.partition_of.as_ref().map(|it| &it.parent))
            .cloned()
            .collect();
        for parent in &parents {
            self.inherit_at_creation(oid, parent, create.partition_of.as_ref().map(|it| &it.bound));
        }
        for like in &create.like {
            self.copy_columns(oid, like);
        }
        for column in &create.columns {
            self.define_column(oid, column);
        }
        for column in &create.columns {
            self.add_column_checks(oid, column, true);
        }
        self.add_table_checks(oid, &create.constraints);
        if create.partition_of.is_some() {
            self.copy_indexes_of_parents(oid);
        }
        for like in create.like.iter().filter(|it| it.indexes) {
            self.copy_indexes(oid, like);
        }
        self.add_index_constraints(oid, &create.columns, &create.constraints, false);
        if create.partition_of.is_some() {
            self.copy_foreign_keys_of_parents(oid);
        }
        for column in &create.columns {
            self.add_column_references(oid, column);
        }
        self.add_table_references(oid, &create.constraints);
    }

    /// `IF NOT EXISTS`: either it is there and stays as it is, or nothing can be said of what it has.
    fn hear_of_table(&mut self, create: &CreateTable, name: Name) {
        if self.find(&name).is_some() {
            return;
        }
        let oid = self.next_oid();
        // Earlier files that do not have it speak for its being new; where there are none, anything may have been there.
        let presumed = (self.session.file > 1).then(|| self.now());
        self.put(Relation {
            persistence: create.persistence,
            partitioning: create.partition_by.as_ref().map(partitioning),
            presumed,
            empty_since: presumed,
            ..Relation::heard_of(oid, name, create.kind)
        });
        if let Some(partition_of) = &create.partition_of {
            let parent = self.find_or_hear_of(&partition_of.parent, RelationKind::PartitionedTable);
            self.link_child(parent, oid, Some(&partition_of.bound));
        }
    }

    pub(super) fn create_table_as(
        &mut self,
        create: &crate::sql::statement::CreateTableAs,
        kind: RelationKind,
    ) {
        let name = self.new_name(&create.name, create.persistence);
        if create.if_not_exists && !self.is_free(&name) {
            self.find_or_hear_of(&name, kind);
            return;
        }
        let relation = self.new_relation(name, kind, create.persistence);
        let oid = relation.oid;
        self.put(Relation {
            complete: !create.columns.is_empty(),
            columns: create.columns.iter().map(|it| Column::new(kept(it), None)).collect(),
            populated: create.with_data,
            ..relation
        });
        if kind == RelationKind::MaterializedView {
            self.set_reads(oid, &create.query);
        }
    }

    pub(super) fn create_sequence(&mut self, create: &CreateSequence) {
        let name = self.new_name(&create.name, create.persistence);
        if create.if_not_exists && !self.is_free(&name) {
            self.find_or_hear_of(&name, RelationKind::Sequence);
            return;
        }
        let relation = self.new_relation(name, RelationKind::Sequence, create.persistence);
        let oid = relation.oid;
        self.put(relation);
        if let Some((table, column)) = &create.owned_by {
            self.own_sequence(oid, table, column);
        }
    }

    /// Makes a column the owner of a sequence.
    pub(super) fn own_sequence(&mut self, sequence: Oid, table: &Name, column: &Ident) {
        self.disown_sequence(sequence);
        let table = self.find_or_hear_of(table, RelationKind::Table);
        self.change(table, |it| it.sequences.push(sequence));
        self.change(sequence, |it| it.owned_by = Some((table, kept(column))));
    }

    pub(super) fn disown_sequence(&mut self, sequence: Oid) {
        let Some((table, _)) = self.relation(sequence).and_then(|it| it.owned_by.clone()) else { return };
        self.change(table, |it| it.sequences.retain(|it| *it != sequence));
        self.change(sequence, |it| it.owned_by = None);
    }

    /// Makes the sequence behind a `serial` or identity column.
    pub(super) fn create_owned_sequence(&mut self, table: Oid, column: &Ident) {
        let Some((schema, table_name)) = self.schema_and_name(table) else { return };
        let name = self.choose_relation_name(&schema, &table_name, Some(column), "seq");
        let persistence = self.relation(table).map_or(Persistence::Permanent, |it| it.persistence);
        let relation = self.new_relation(Name::qualified(schema, name), RelationKind::Sequence, persistence);
        let oid = relation.oid;
        self.put(Relation { owned_by: Some((table, column.clone())), ..relation });
        self.change(table, |it| it.sequences.push(oid));
    }

    /// `LIKE source`: columns and NOT NULL always, other things when they are asked for.
    fn copy_columns(&mut self, oid: Oid, like: &LikeClause) {
        let source = self.find_or_hear_of(&like.source, RelationKind::Table);
        let Some(source) = self.relation(source).cloned() else { return };
        for column in &source.columns {
            let is_kept = match column.fill {
                Fill::Default => like.defaults,
                Fill::Identity => like.identity,
                Fill::GeneratedStored | Fill::GeneratedVirtual => like.generated,
                Fill::Null | Fill::Unknown => true,
            };
            let copy = if is_kept {
                column.clone()
            } else {
                Column { fill: Fill::Null, generated_from: Vec::new(), ..column.clone() }
            };
            let is_identity = copy.fill == Fill::Identity;
            self.change(oid, |it| it.columns.push(copy));
            if is_identity {
                self.create_owned_sequence(oid, &column.name);
            }
        }
        self.change(oid, |it| it.complete &= source.complete);
        self.copy_checks(oid, &source, like);
    }
}

impl Column {
    /// A column of which nothing is known but its name and perhaps its type.
    pub(super) fn new(name: Ident, ty: Option<crate::sql::statement::TypeName>) -> Self {
        Self {
            name,
            ty,
            collation: None,
            not_null: None,
            fill: Fill::Unknown,
            generated_from: Vec::new(),
            calls: Vec::new(),
            sequence: None,
        }
    }
}

fn partitioning(by: &PartitionBy) -> Partitioning {
    Partitioning {
        strategy: by.strategy.clone(),
        columns: by.columns.iter().map(kept).collect(),
        has_expressions: by.has_expressions,
    }
}

/// Whether the column has an option of this kind.
pub(super) fn has(
    column: &crate::sql::statement::ColumnDef,
    kind: fn(&ColumnConstraintKind) -> bool,
) -> bool {
    column.constraints.iter().any(|it| kind(&it.kind))
}
