//! Constraints: added by CREATE TABLE, ADD COLUMN and ADD CONSTRAINT, validated, renamed and dropped.
//!
//! Long because every way to make a constraint and to end one is here, and they share how children inherit.

use std::sync::Arc;

use super::{
    index::IndexConstraint,
    naming::{joined, kept},
};
use crate::{
    catalog::{Catalog, Constraint, ConstraintKind, Index, Oid, Relation},
    sql::statement::{
        AlterConstraint, ColumnConstraint, ColumnConstraintKind as ColumnKind, ColumnDef, ConstraintOptions,
        Expr, ExprShape, Ident, KeyActions, LikeClause, Name, RelationKind, TableConstraint,
        TableConstraintKind as TableKind,
    },
};

/// A foreign key to be added.
struct ForeignKey<'a> {
    name: Option<&'a Ident>,
    columns: &'a [Ident],
    target: &'a Name,
    referenced_columns: &'a [Ident],
    actions: KeyActions,
    options: ConstraintOptions,
    /// Whether the table or the column is made by the same statement.
    is_new: bool,
}

impl<'a> ForeignKey<'a> {
    fn of_column(def: &'a ColumnDef, constraint: &'a ColumnConstraint) -> Option<Self> {
        let ColumnKind::References { table: target, column, actions } = &constraint.kind else { return None };
        Some(Self {
            name: constraint.name.as_ref(),
            columns: std::slice::from_ref(&def.name),
            target,
            referenced_columns: column.as_slice(),
            actions: *actions,
            options: constraint.options,
            is_new: true,
        })
    }

    fn of_table(constraint: &'a TableConstraint, is_new: bool) -> Option<Self> {
        let TableKind::ForeignKey { columns, table: target, referenced_columns, actions } = &constraint.kind
        else {
            return None;
        };
        Some(Self {
            name: constraint.name.as_ref(),
            columns,
            target,
            referenced_columns,
            actions: *actions,
            options: constraint.options,
            is_new,
        })
    }
}

impl Catalog {
    /// Adds the CHECK and NOT NULL constraints of a column. Rows that were there satisfy them, or the statement fails.
    pub(super) fn add_column_checks(&mut self, table: Oid, def: &ColumnDef, at_creation: bool) {
        let column = kept(&def.name);
        let is_not_null = self
            .relation(table)
            .and_then(|it| it.column(&column))
            .is_some_and(|it| it.not_null == Some(true));
        if is_not_null {
            let written = def.constraints.iter().find(|it| it.kind == ColumnKind::NotNull);
            let name = written.and_then(|it| it.name.as_ref());
            let name =
                self.name_not_null(table, &column, name, written.is_some_and(|it| it.options.no_inherit));
            if !at_creation {
                for child in self.children_of(table) {
                    self.inherit_not_null(child, &column, name.as_ref());
                }
            }
        }
        for constraint in &def.constraints {
            if let ColumnKind::Check(expr) = &constraint.kind {
                self.add_check(table, constraint.name.as_ref(), expr, constraint.options, true);
            }
        }
    }

    pub(super) fn add_table_checks(&mut self, table: Oid, constraints: &[TableConstraint]) {
        for constraint in constraints {
            match &constraint.kind {
                TableKind::Check(expr) => {
                    self.add_check(table, constraint.name.as_ref(), expr, constraint.options, true);
                }
                TableKind::NotNull { .. } => self.add_table_constraint(table, constraint, false),
                _ => {}
            }
        }
    }

    /// ADD CONSTRAINT.
    pub(super) fn add_table_constraint(&mut self, table: Oid, constraint: &TableConstraint, only: bool) {
        let name = constraint.name.as_ref();
        match &constraint.kind {
            TableKind::Check(expr) => self.add_check(table, name, expr, constraint.options, false),
            TableKind::NotNull { column } => self.add_not_null(table, name, column, constraint.options, only),
            TableKind::Unique { .. } | TableKind::PrimaryKey { .. } | TableKind::Exclude { .. } => {
                self.add_index_constraints(table, &[], std::slice::from_ref(constraint), only);
            }
            TableKind::UniqueUsingIndex { index } => self.constrain_by_index(table, name, index, false),
            TableKind::PrimaryKeyUsingIndex { index } => self.constrain_by_index(table, name, index, true),
            TableKind::ForeignKey { .. } => {
                if let Some(key) = ForeignKey::of_table(constraint, false) {
                    self.add_foreign_key(table, &key);
                }
            }
        }
    }

    /// CHECK. While a table or column is made, NOT VALID says nothing, since there are no rows.
    fn add_check(
        &mut self,
        table: Oid,
        name: Option<&Ident>,
        expr: &Expr,
        options: ConstraintOptions,
        is_new: bool,
    ) {
        let Some((schema, table_name)) = self.schema_and_name(table) else { return };
        let columns: Vec<Ident> = expr.columns.iter().map(kept).collect();
        let choose = || {
            let column = if let [column] = columns.as_slice() { Some(column.as_str()) } else { None };
            self.choose_constraint_name(&schema, &table_name, column, "check")
        };
        let name = name.map_or_else(choose, kept);
        let not_null = match &expr.shape {
            ExprShape::NotNull(columns) => columns.iter().map(kept).collect(),
            _ => Vec::new(),
        };
        let text = expr.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let kind = ConstraintKind::Check { columns, not_null, text, functions: expr.functions.clone() };
        self.inherit_check(table, self.constraint_of(name, kind, options, is_new));
    }

    pub(super) fn constraint_of(
        &self,
        name: Ident,
        kind: ConstraintKind,
        options: ConstraintOptions,
        is_new: bool,
    ) -> Constraint {
        Constraint {
            name,
            kind,
            valid: !options.not_enforced && (is_new || !options.not_valid),
            enforced: !options.not_enforced,
            no_inherit: options.no_inherit,
            inherited: false,
            added_in: Some(self.session.transaction),
        }
    }

    /// Adds a CHECK to a table and, inherited, to all its children.
    fn inherit_check(&mut self, table: Oid, constraint: Constraint) {
        let passed_on = Constraint { inherited: true, ..constraint.clone() };
        let is_there = self.relation(table).is_some_and(|it| it.constraint(&constraint.name).is_some());
        if is_there && constraint.inherited {
            self.change_constraint(table, &constraint.name, |it| it.inherited = true);
        } else {
            self.push_constraint(table, constraint);
        }
        if !passed_on.no_inherit {
            for child in self.children_of(table) {
                self.inherit_check(child, passed_on.clone());
            }
        }
    }

    /// `NOT NULL column` as a table constraint, since 18.
    fn add_not_null(
        &mut self,
        table: Oid,
        name: Option<&Ident>,
        column: &Ident,
        options: ConstraintOptions,
        only: bool,
    ) {
        if options.not_valid {
            // Rows may still be without a value, so the column itself is left as it is.
            let name = self.name_not_null(table, column, name, options.no_inherit);
            if let Some(name) = &name {
                self.change_constraint(table, name, |it| it.valid = false);
            }
            for child in if only { Vec::new() } else { self.children_of(table) } {
                self.add_not_null(child, name.as_ref(), column, options, false);
                if let Some(name) = &name {
                    self.change_constraint(child, name, |it| it.inherited = true);
                }
            }
        } else {
            self.set_not_null(table, column, name, only || options.no_inherit);
        }
    }

    /// Since 18, NOT NULL is a constraint with a name. Returns that of the column's, which is made when there is none.
    pub(super) fn name_not_null(
        &mut self,
        table: Oid,
        column: &Ident,
        name: Option<&Ident>,
        no_inherit: bool,
    ) -> Option<Ident> {
        if self.major < 18 {
            return None;
        }
        let (schema, table_name) = self.schema_and_name(table)?;
        let column = kept(column);
        let relation = self.relation(table)?;
        let own = relation.constraints.iter().find(|it| it.kind.is_not_null_of(&column));
        if let Some(own) = own {
            return Some(own.name.clone());
        }
        let name = name
            .map(kept)
            .filter(|it| relation.constraint(it).is_none())
            .unwrap_or_else(|| self.choose_constraint_name(&schema, &table_name, Some(&column), "not_null"));
        let options = ConstraintOptions { no_inherit, ..ConstraintOptions::default() };
        let kind = ConstraintKind::NotNull { column };
        self.push_constraint(table, self.constraint_of(name.clone(), kind, options, true));
        Some(name)
    }

    /// REFERENCES of a column.
    pub(super) fn add_column_references(&mut self, table: Oid, def: &ColumnDef) {
        for key in def.constraints.iter().filter_map(|it| ForeignKey::of_column(def, it)) {
            self.add_foreign_key(table, &key);
        }
    }

    pub(super) fn add_table_references(&mut self, table: Oid, constraints: &[TableConstraint]) {
        for key in constraints.iter().filter_map(|it| ForeignKey::of_table(it, true)) {
            self.add_foreign_key(table, &key);
        }
    }

    fn add_foreign_key(&mut self, table: Oid, key: &ForeignKey<'_>) {
        let referenced = self.find_or_hear_of(key.target, RelationKind::Table);
        let Some((schema, table_name)) = self.schema_and_name(table) else { return };
        let columns: Vec<Ident> = key.columns.iter().map(kept).collect();
        let referenced_columns = if key.referenced_columns.is_empty() {
            self.relation(referenced).map(|it| it.primary_key().to_vec()).unwrap_or_default()
        } else {
            key.referenced_columns.iter().map(kept).collect()
        };
        let choose = || self.choose_constraint_name(&schema, &table_name, Some(&joined(&columns)), "fkey");
        let name = key.name.map_or_else(choose, kept);
        let kind =
            ConstraintKind::ForeignKey { columns, referenced, referenced_columns, actions: key.actions };
        let constraint = self.constraint_of(name, kind, key.options, key.is_new);
        self.inherit_foreign_key(table, constraint);
    }

    /// Adds a foreign key to a table and, inherited, to all its partitions. Ordinary children do not inherit it.
    pub(super) fn inherit_foreign_key(&mut self, table: Oid, mut constraint: Constraint) {
        let ConstraintKind::ForeignKey { columns, referenced, .. } = &constraint.kind else { return };
        let referenced = *referenced;
        let Some(relation) = self.relation(table).map(Arc::clone) else { return };
        let same = relation
            .constraints
            .iter()
            .find(|it| constraint.inherited && !it.inherited && it.kind == constraint.kind);
        if let Some(same) = same {
            self.change_constraint(table, &same.name, |it| it.inherited = true);
        } else {
            if constraint.inherited
                && relation.constraint(&constraint.name).is_some()
                && let Some((schema, table_name)) = self.schema_and_name(table)
            {
                constraint.name =
                    self.choose_constraint_name(&schema, &table_name, Some(&joined(columns)), "fkey");
            }
            self.push_constraint(table, constraint.clone());
            self.change(referenced, |it| {
                if !it.referenced_by.contains(&table) {
                    it.referenced_by.push(table);
                }
            });
        }
        let is_partitioned = relation.is_partitioned();
        drop(relation);
        if is_partitioned {
            constraint.inherited = true;
            for child in self.children_of(table) {
                self.inherit_foreign_key(child, constraint.clone());
            }
        }
    }

    pub(super) fn copy_foreign_keys_of_parents(&mut self, table: Oid) {
        for constraint in self.constraints_of_parents(table) {
            self.inherit_foreign_key(table, Constraint { inherited: true, ..constraint });
        }
    }

    pub(super) fn constraints_of_parents(&self, table: Oid) -> Vec<Constraint> {
        let parents = self.relation(table).map(|it| it.parents.as_slice()).unwrap_or_default();
        parents
            .iter()
            .filter_map(|it| self.relation(*it))
            .flat_map(|it| it.constraints.iter().cloned())
            .collect()
    }

    /// `LIKE`: NOT NULL is always copied, CHECK when it is asked for. Both keep their names.
    pub(super) fn copy_checks(&mut self, table: Oid, source: &Relation, like: &LikeClause) {
        let now = self.session.transaction;
        for constraint in &source.constraints {
            let is_copied = match &constraint.kind {
                ConstraintKind::Check { .. } => like.constraints,
                ConstraintKind::NotNull { .. } => true,
                _ => false,
            };
            if is_copied {
                let valid = constraint.enforced;
                let copy = Constraint { inherited: false, valid, added_in: Some(now), ..constraint.clone() };
                self.push_constraint(table, copy);
            }
        }
    }

    /// `UNIQUE | PRIMARY KEY USING INDEX`: the index takes the constraint's name.
    fn constrain_by_index(&mut self, table: Oid, name: Option<&Ident>, index: &Ident, is_primary: bool) {
        let Some(oid) = self.index_of(table, index) else { return };
        let name = name.map_or_else(|| kept(index), kept);
        self.change(oid, |it| {
            it.name.name = name.clone();
            it.index.get_or_insert_with(|| Index::heard_of(table)).of_constraint = true;
        });
        self.change(table, |it| {
            it.constraints.retain(|it| it.kind.index() != Some(oid));
            if !it.indexes.contains(&oid) {
                it.indexes.push(oid);
            }
        });
        let columns: Vec<Ident> = self
            .relation(oid)
            .and_then(|it| it.index.as_ref())
            .map(|it| it.columns.iter().flatten().cloned().collect())
            .unwrap_or_default();
        let index = Some(oid);
        let kind = if is_primary {
            for column in &columns {
                self.set_not_null(table, column, None, false);
            }
            ConstraintKind::PrimaryKey { index, columns }
        } else {
            ConstraintKind::Unique { index, columns }
        };
        let constraint = self.constraint_of(name, kind, ConstraintOptions::default(), true);
        self.push_constraint(table, constraint);
    }

    pub(super) fn change_constraint(
        &mut self,
        table: Oid,
        name: &Ident,
        change: impl FnOnce(&mut Constraint),
    ) {
        let name = kept(name);
        self.change(table, |it| {
            if let Some(constraint) = it.constraints.iter_mut().find(|it| it.name == name) {
                change(constraint);
            }
        });
    }

    /// VALIDATE CONSTRAINT, of the children's too. Of a constraint never heard of, nothing is known that could be remembered.
    pub(super) fn validate_constraint(&mut self, table: Oid, name: &Ident) {
        let Some(constraint) = self.relation(table).and_then(|it| it.constraint(name)).cloned() else {
            return;
        };
        self.change_constraint(table, name, |it| it.valid = it.enforced);
        if let ConstraintKind::NotNull { column } = &constraint.kind {
            self.change_column(table, column, |it| it.not_null = Some(true));
        }
        for (child, name) in self.inheriting(table, &constraint) {
            self.validate_constraint(child, &name);
        }
    }

    pub(super) fn alter_constraint(&mut self, table: Oid, name: &Ident, change: AlterConstraint) {
        let Some(constraint) = self.relation(table).and_then(|it| it.constraint(name)).cloned() else {
            return;
        };
        self.change_constraint(table, name, |it| match change {
            AlterConstraint::Enforced => (it.enforced, it.valid) = (true, true),
            AlterConstraint::NotEnforced => (it.enforced, it.valid) = (false, false),
            AlterConstraint::Deferrability | AlterConstraint::Inherit => {}
        });
        for (child, name) in self.inheriting(table, &constraint) {
            self.alter_constraint(child, &name, change);
        }
    }

    pub(super) fn rename_constraint(&mut self, table: Oid, from: &Ident, to: &Ident) {
        let Some(constraint) = self.relation(table).and_then(|it| it.constraint(from)).cloned() else {
            return;
        };
        let children = self.inheriting(table, &constraint);
        self.change(table, |it| it.constraints.retain(|it| it.name != constraint.name));
        let index = constraint.kind.index();
        // A partition's foreign key keeps its name.
        let is_passed_on = !matches!(constraint.kind, ConstraintKind::ForeignKey { .. });
        self.push_constraint(table, Constraint { name: kept(to), ..constraint });
        if let Some(index) = index {
            self.change(index, |it| it.name.name = kept(to));
        }
        for (child, name) in children.into_iter().filter(|_| is_passed_on) {
            self.rename_constraint(child, &name, to);
        }
    }

    /// The children that have this constraint from `table`, each with its name there. A CHECK has the same name everywhere.
    /// Those with an index have names of their own, and follow their indexes.
    fn inheriting(&self, table: Oid, constraint: &Constraint) -> Vec<(Oid, Ident)> {
        if constraint.kind.index().is_some() {
            return Vec::new();
        }
        let is_check = matches!(constraint.kind, ConstraintKind::Check { .. });
        let is_it = |own: &&Constraint| {
            own.inherited && if is_check { own.name == constraint.name } else { own.kind == constraint.kind }
        };
        self.children_of(table)
            .into_iter()
            .filter_map(|it| Some((it, self.relation(it)?.constraints.iter().find(is_it)?.name.clone())))
            .collect()
    }

    /// Drops a constraint with its index, those inherited from it, and the foreign keys that rest on it.
    pub(in crate::catalog) fn drop_constraint(&mut self, table: Oid, name: &Ident, only: bool) {
        let Some(constraint) = self.relation(table).and_then(|it| it.constraint(name)).cloned() else {
            return;
        };
        let children = if only { Vec::new() } else { self.inheriting(table, &constraint) };
        self.change(table, |it| it.constraints.retain(|it| it.name != constraint.name));
        match &constraint.kind {
            ConstraintKind::NotNull { column } => {
                self.change_column(table, column, |it| it.not_null = Some(false));
            }
            ConstraintKind::ForeignKey { referenced, .. } => self.unlink_reference(table, *referenced),
            ConstraintKind::Unique { columns, .. } | ConstraintKind::PrimaryKey { columns, .. } => {
                self.drop_references_to(table, columns);
            }
            _ => {}
        }
        if let Some(index) = constraint.kind.index() {
            self.drop_relation(index);
        }
        for (child, name) in children {
            self.drop_constraint(child, &name, false);
        }
    }

    /// Drops the foreign keys of others that refer to these columns, and so to the constraint that was dropped.
    fn drop_references_to(&mut self, table: Oid, columns: &[Ident]) {
        let referencing = self.relation(table).map(|it| it.referenced_by.clone()).unwrap_or_default();
        for other in referencing {
            self.change(other, |it| it.constraints.retain(|it| !it.kind.refers_to(table, Some(columns))));
            self.unlink_reference(other, table);
        }
    }

    /// Forgets that `table` refers to `referenced`, unless one of its constraints still does.
    pub(super) fn unlink_reference(&mut self, table: Oid, referenced: Oid) {
        let still = self
            .relation(table)
            .is_some_and(|it| it.constraints.iter().any(|it| it.kind.refers_to(referenced, None)));
        if !still {
            self.change(referenced, |it| it.referenced_by.retain(|it| *it != table));
        }
    }

    /// The constraints that need an index, as written in column definitions and after them: the primary key first, each once.
    pub(super) fn add_index_constraints(
        &mut self,
        table: Oid,
        columns: &[ColumnDef],
        constraints: &[TableConstraint],
        only: bool,
    ) {
        let mut wanted: Vec<IndexConstraint> = Vec::new();
        for column in columns {
            let own = column.constraints.iter().filter_map(|it| IndexConstraint::of_column(column, it));
            own.for_each(|it| it.join(&mut wanted));
        }
        constraints.iter().filter_map(IndexConstraint::of_table).for_each(|it| it.join(&mut wanted));
        for constraint in &wanted {
            self.add_index_constraint(table, constraint, only);
        }
    }
}

impl Relation {
    /// The columns of the primary key; empty when there is none or it is not known.
    pub fn primary_key(&self) -> &[Ident] {
        let key = self.constraints.iter().find_map(|it| match &it.kind {
            ConstraintKind::PrimaryKey { columns, .. } => Some(columns.as_slice()),
            _ => None,
        });
        key.unwrap_or_default()
    }
}

impl ConstraintKind {
    /// The index that the constraint owns.
    pub fn index(&self) -> Option<Oid> {
        match self {
            Self::Unique { index, .. } | Self::PrimaryKey { index, .. } | Self::Exclude { index, .. } => {
                *index
            }
            Self::Check { .. } | Self::NotNull { .. } | Self::ForeignKey { .. } => None,
        }
    }

    /// Whether it is a foreign key to this table, and to these columns when they are given.
    fn refers_to(&self, table: Oid, columns: Option<&[Ident]>) -> bool {
        matches!(self, Self::ForeignKey { referenced, referenced_columns, .. }
            if *referenced == table && columns.is_none_or(|it| it == referenced_columns))
    }
}
