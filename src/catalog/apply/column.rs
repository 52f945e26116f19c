//! Columns: defined by CREATE TABLE and ADD COLUMN, changed and dropped by ALTER TABLE.
//!
//! Long because all forms of ALTER COLUMN are here, which share how children inherit.

use super::{create::has, naming::kept};
use crate::{
    catalog::{Catalog, Column, ConstraintKind, Fill, Oid, Relation, ReplicaIdentity},
    sql::statement::{
        AlterAction, ColumnConstraintKind as Kind, ColumnDef, Expr, ExprShape, Ident, Name, RelationKind,
        TypeName,
    },
};

impl Catalog {
    /// Puts a column with its type, default and nullability, and makes the sequence that it owns.
    ///
    /// A column of this name that came from a parent takes over what is written here.
    pub(super) fn define_column(&mut self, table: Oid, def: &ColumnDef) {
        let name = kept(&def.name);
        let serial = def.ty.as_ref().and_then(TypeName::serial_base);
        let ty = match serial {
            Some(base) => Some(TypeName::plain(base)),
            None => def.ty.as_ref().map(|it| self.resolve_type(it)),
        };
        let own = Column {
            name: name.clone(),
            ty,
            collation: def.collation.clone(),
            not_null: Some(false),
            fill: if serial.is_some() { Fill::Default } else { Fill::Null },
            generated_from: Vec::new(),
            calls: Vec::new(),
            sequence: None,
        };
        self.change(table, |it| match it.columns.iter_mut().find(|it| it.name == name) {
            Some(inherited) => {
                inherited.ty = inherited.ty.take().or(own.ty);
                inherited.collation = own.collation.or(inherited.collation.take());
                if serial.is_some() {
                    inherited.fill = Fill::Default;
                }
            }
            None => it.columns.push(own),
        });
        if serial.is_some() || has(def, |it| matches!(it, Kind::Identity)) {
            self.create_owned_sequence(table, &name);
        }
        let is_not_null = serial.is_some()
            || has(def, |it| matches!(it, Kind::NotNull | Kind::PrimaryKey | Kind::Identity));
        self.change_column(table, &name, |column| {
            for constraint in &def.constraints {
                fill_by(column, &constraint.kind);
            }
            if is_not_null {
                column.not_null = Some(true);
            }
        });
    }

    /// The type with the schema in which the history made it, if it did.
    pub(super) fn resolve_type(&self, ty: &TypeName) -> TypeName {
        match self.find_type(&ty.name) {
            Some(known) => TypeName { name: known.name.clone(), ..ty.clone() },
            None => ty.clone(),
        }
    }

    /// Changes a column; one that is not known of a table that is not all known is heard of first.
    pub(super) fn change_column(&mut self, table: Oid, name: &Ident, change: impl FnOnce(&mut Column)) {
        let name = kept(name);
        self.change(table, |it| {
            if it.column(&name).is_none() && !it.complete {
                it.columns.push(Column::new(name.clone(), None));
            }
            if let Some(column) = it.columns.iter_mut().find(|it| it.name == name) {
                change(column);
            }
        });
    }

    pub(super) fn add_column(&mut self, table: Oid, def: &ColumnDef, if_not_exists: bool, only: bool) {
        let name = kept(&def.name);
        let Some(relation) = self.relation(table) else { return };
        let is_known = relation.column(&name).is_some();
        if if_not_exists && (is_known || !relation.complete) {
            if !is_known {
                self.change(table, |it| it.columns.push(Column::new(name, None)));
            }
            return;
        }
        self.define_column(table, def);
        self.add_column_checks(table, def, false);
        self.add_index_constraints(table, std::slice::from_ref(def), &[], only);
        self.add_column_references(table, def);
        if only {
            return;
        }
        let Some(column) = self.relation(table).and_then(|it| it.column(&name)).cloned() else { return };
        for child in self.children_of(table) {
            self.inherit_column(child, &column);
        }
    }

    /// A child gets a column that its parent got. It uses the parent's sequence; an identity is the parent's own before 17.
    fn inherit_column(&mut self, child: Oid, column: &Column) {
        let mut column = column.clone();
        if column.fill == Fill::Identity && !self.shares_identity(child) {
            column.fill = Fill::Null;
        }
        self.change(child, |it| match it.columns.iter_mut().find(|it| it.name == column.name) {
            Some(own) => {
                if column.not_null == Some(true) {
                    own.not_null = Some(true);
                }
            }
            None => it.columns.push(column.clone()),
        });
        for grandchild in self.children_of(child) {
            self.inherit_column(grandchild, &column);
        }
    }

    /// Partitions share their parent's identity since 17.
    pub(super) fn shares_identity(&self, child: Oid) -> bool {
        self.major >= 17 && self.relation(child).is_some_and(|it| it.is_partition())
    }

    /// Drops a column, and with it every constraint, index, policy and sequence that needs it.
    pub(super) fn drop_column(&mut self, table: Oid, column: &Ident, only: bool) {
        let column = &kept(column);
        let Some(relation) = self.relation(table).cloned() else { return };
        for constraint in relation.constraints.iter().filter(|it| it.kind.names(column)) {
            self.drop_constraint(table, &constraint.name, true);
        }
        for index in self.indexes_naming(&relation, column) {
            self.drop_relation(index);
        }
        for sequence in &relation.sequences {
            let is_its = self
                .relation(*sequence)
                .is_some_and(|it| it.owned_by.as_ref().is_some_and(|(_, owner)| owner == column));
            if is_its {
                self.drop_relation(*sequence);
            }
        }
        for generated in relation.columns.iter().filter(|it| it.generated_from.contains(column)) {
            self.change(table, |it| it.columns.retain(|it| it.name != generated.name));
        }
        self.change(table, |it| {
            it.columns.retain(|it| it.name != *column);
            it.policies.retain(|it| !it.columns.contains(column));
        });
        if !only {
            for child in self.children_of(table) {
                self.drop_column(child, column, false);
            }
        }
    }

    fn indexes_naming(&self, relation: &Relation, column: &Ident) -> Vec<Oid> {
        let names = |oid: &Oid| {
            self.relation(*oid).and_then(|it| it.index.as_ref()).is_some_and(|index| {
                index
                    .columns
                    .iter()
                    .flatten()
                    .chain(&index.include)
                    .chain(&index.expression_columns)
                    .any(|it| it == column)
            })
        };
        relation.indexes.iter().copied().filter(names).collect()
    }

    pub(super) fn rename_column(&mut self, table: Oid, from: &Ident, to: &Ident, only: bool) {
        let (from, to) = (&kept(from), &kept(to));
        let Some(relation) = self.relation(table).cloned() else { return };
        self.change_column(table, from, |it| it.name = to.clone());
        self.change(table, |it| it.rename_in_parts(from, to));
        for index in &relation.indexes {
            self.change(*index, |it| it.rename_in_index(from, to));
        }
        for sequence in &relation.sequences {
            self.change(*sequence, |it| {
                if let Some((_, owner)) = &mut it.owned_by {
                    rename(owner, from, to);
                }
            });
        }
        for view in &relation.read_by {
            self.change(*view, |it| {
                let columns = it.reads_columns.iter_mut().chain(&mut it.names_columns);
                columns.for_each(|it| rename(it, from, to));
            });
        }
        for referencing in &relation.referenced_by {
            self.change(*referencing, |it| it.rename_in_references(table, from, to));
        }
        if !only {
            for child in self.children_of(table) {
                self.rename_column(child, from, to, false);
            }
        }
    }

    /// SET NOT NULL. The children's constraint has the parent's name when they have none.
    pub(super) fn set_not_null(&mut self, table: Oid, column: &Ident, name: Option<&Ident>, only: bool) {
        let given = self.put_not_null(table, column, name, false);
        if !only {
            for child in self.children_of(table) {
                self.inherit_not_null(child, column, given.as_ref());
            }
        }
    }

    pub(super) fn inherit_not_null(&mut self, table: Oid, column: &Ident, name: Option<&Ident>) {
        let given = self.put_not_null(table, column, name, true);
        for child in self.children_of(table) {
            self.inherit_not_null(child, column, given.as_ref());
        }
    }

    fn put_not_null(
        &mut self,
        table: Oid,
        column: &Ident,
        name: Option<&Ident>,
        inherited: bool,
    ) -> Option<Ident> {
        self.change_column(table, column, |it| it.not_null = Some(true));
        let name = self.name_not_null(table, column, name, false)?;
        self.change_constraint(table, &name, |it| {
            it.valid = true;
            it.inherited |= inherited;
        });
        Some(name)
    }

    pub(super) fn drop_not_null(&mut self, table: Oid, column: &Ident, only: bool) {
        let column = &kept(column);
        self.change_column(table, column, |it| it.not_null = Some(false));
        if self.major >= 18 {
            self.change(table, |it| it.constraints.retain(|it| !it.kind.is_not_null_of(column)));
        }
        if !only {
            for child in self.children_of(table) {
                self.drop_not_null(child, column, false);
            }
        }
    }

    pub(super) fn set_column_type(
        &mut self,
        table: Oid,
        column: &Ident,
        ty: &TypeName,
        collation: Option<&Name>,
        only: bool,
    ) {
        let resolved = self.resolve_type(ty);
        self.change_column(table, column, |it| {
            it.ty = Some(resolved);
            it.collation = collation.cloned();
        });
        if !only {
            for child in self.children_of(table) {
                self.set_column_type(child, column, ty, collation, false);
            }
        }
    }

    /// What fills a column, as ALTER COLUMN changes it.
    pub(super) fn change_fill(&mut self, table: Oid, action: &AlterAction, only: bool) {
        let (column, fill, from) = match action {
            AlterAction::SetDefault { column, expr } => {
                self.set_default(table, column, expr, only);
                return;
            }
            AlterAction::AddIdentity { column } => {
                self.create_owned_sequence(table, &kept(column));
                (column, Fill::Identity, Vec::new())
            }
            AlterAction::DropIdentity { column, .. } => {
                self.drop_owned_sequences(table, column);
                (column, Fill::Null, Vec::new())
            }
            AlterAction::DropDefault { column } | AlterAction::DropExpression { column, .. } => {
                (column, Fill::Null, Vec::new())
            }
            AlterAction::SetExpression { column, expr } => {
                self.change_column(table, column, |it| {
                    it.generated_from = expr.columns.iter().map(kept).collect();
                });
                return;
            }
            _ => return,
        };
        self.fill_column(table, column, fill, &from, only);
    }

    fn set_default(&mut self, table: Oid, column: &Ident, expr: &Expr, only: bool) {
        self.change_column(table, column, |it| {
            it.generated_from = Vec::new();
            fill_by_default(it, expr);
        });
        if !only {
            for child in self.children_of(table) {
                self.set_default(child, column, expr, false);
            }
        }
    }

    fn fill_column(&mut self, table: Oid, column: &Ident, fill: Fill, from: &[Ident], only: bool) {
        self.change_column(table, column, |it| {
            it.fill = fill;
            it.generated_from = from.to_vec();
            it.calls = Vec::new();
            it.sequence = None;
        });
        if only {
            return;
        }
        for child in self.children_of(table) {
            if fill != Fill::Identity || self.shares_identity(child) {
                self.fill_column(child, column, fill, from, false);
            }
        }
    }

    fn drop_owned_sequences(&mut self, table: Oid, column: &Ident) {
        let column = kept(column);
        let sequences = self.relation(table).map(|it| it.sequences.clone()).unwrap_or_default();
        for sequence in sequences {
            let is_its =
                self.relation(sequence).is_some_and(|it| it.owned_by == Some((table, column.clone())));
            if is_its {
                self.drop_relation(sequence);
            }
        }
    }

    /// The index that a name in an ALTER TABLE of `table` means: it is in the table's schema.
    pub(super) fn index_of(&mut self, table: Oid, index: &Ident) -> Option<Oid> {
        let (schema, _) = self.schema_and_name(table)?;
        let name = Name::qualified(schema, index.clone());
        // What has the name and is no index of the table cannot be meant.
        let other = self.find(&name).filter(|it| it.index.as_ref().is_some_and(|it| it.table != table));
        if let Some(other) = other.map(|it| it.oid) {
            self.drop_relation(other);
        }
        Some(self.find_or_hear_of(&name, RelationKind::Index))
    }

    pub(super) fn set_replica_identity(
        &mut self,
        table: Oid,
        identity: &crate::sql::statement::ReplicaIdentity,
    ) {
        use crate::sql::statement::ReplicaIdentity as Written;
        let identity = match identity {
            Written::Default => None,
            Written::Full => Some(ReplicaIdentity::Full),
            Written::Nothing => Some(ReplicaIdentity::Nothing),
            Written::Index(index) => self.index_of(table, index).map(ReplicaIdentity::Index),
        };
        self.change(table, |it| it.replica_identity = identity);
    }
}

fn fill_by(column: &mut Column, kind: &Kind) {
    match kind {
        Kind::Default(expr) => fill_by_default(column, expr),
        Kind::Identity => column.fill = Fill::Identity,
        Kind::Generated { expr, stored } => {
            // Without a word it is VIRTUAL, which is new in 18; before, STORED had to be written.
            column.fill = if *stored == Some(true) { Fill::GeneratedStored } else { Fill::GeneratedVirtual };
            column.generated_from = expr.columns.iter().map(kept).collect();
            column.calls.clone_from(&expr.functions);
        }
        _ => {}
    }
}

fn fill_by_default(column: &mut Column, expr: &Expr) {
    column.fill = default_fill(expr);
    column.calls.clone_from(&expr.functions);
    column.sequence = match &expr.shape {
        ExprShape::NextVal(sequence) => Some(sequence.clone()),
        _ => None,
    };
}

fn default_fill(expr: &Expr) -> Fill {
    if expr.shape == ExprShape::Null { Fill::Null } else { Fill::Default }
}

fn rename(name: &mut Ident, from: &Ident, to: &Ident) {
    if name == from {
        name.clone_from(to);
    }
}

fn rename_all<'a>(names: impl IntoIterator<Item = &'a mut Ident>, from: &Ident, to: &Ident) {
    names.into_iter().for_each(|it| rename(it, from, to));
}

impl Relation {
    /// Renames a column wherever the table itself names it.
    fn rename_in_parts(&mut self, from: &Ident, to: &Ident) {
        for constraint in &mut self.constraints {
            match &mut constraint.kind {
                ConstraintKind::Check { columns, not_null, .. } => {
                    rename_all(columns.iter_mut().chain(not_null), from, to);
                }
                ConstraintKind::NotNull { column } => rename(column, from, to),
                ConstraintKind::Unique { columns, .. }
                | ConstraintKind::PrimaryKey { columns, .. }
                | ConstraintKind::Exclude { columns, .. }
                | ConstraintKind::ForeignKey { columns, .. } => rename_all(columns, from, to),
            }
        }
        rename_all(self.columns.iter_mut().flat_map(|it| &mut it.generated_from), from, to);
        rename_all(self.policies.iter_mut().flat_map(|it| &mut it.columns), from, to);
        rename_all(self.partitioning.iter_mut().flat_map(|it| &mut it.columns), from, to);
    }

    fn rename_in_index(&mut self, from: &Ident, to: &Ident) {
        if let Some(index) = &mut self.index {
            let columns = index.columns.iter_mut().flatten();
            rename_all(columns.chain(&mut index.include).chain(&mut index.expression_columns), from, to);
        }
    }

    fn rename_in_references(&mut self, table: Oid, from: &Ident, to: &Ident) {
        for constraint in &mut self.constraints {
            if let ConstraintKind::ForeignKey { referenced, referenced_columns, .. } = &mut constraint.kind
                && *referenced == table
            {
                rename_all(referenced_columns, from, to);
            }
        }
    }
}

impl ConstraintKind {
    /// Whether this is the NOT NULL of the column.
    pub(super) fn is_not_null_of(&self, column: &Ident) -> bool {
        matches!(self, Self::NotNull { column: its } if its == column)
    }

    /// Whether the constraint is about this column, among others.
    pub(super) fn names(&self, column: &Ident) -> bool {
        match self {
            Self::NotNull { column: its } => its == column,
            Self::Check { columns, .. }
            | Self::Unique { columns, .. }
            | Self::PrimaryKey { columns, .. }
            | Self::Exclude { columns, .. }
            | Self::ForeignKey { columns, .. } => columns.contains(column),
        }
    }
}
