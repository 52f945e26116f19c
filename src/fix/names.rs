//! The name that PostgreSQL would choose for a constraint without one: the catalog applies the statement and tells.

use super::recipe::At;
use crate::{
    catalog::{Catalog, Constraint, ConstraintKind},
    sql::{
        Statement, parse,
        statement::{Alter, AlterAction, Ident, Name, TableConstraint, TableConstraintKind},
    },
};

/// A kind of constraint that a column can have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `CHECK`.
    Check,
    /// `REFERENCES`.
    ForeignKey,
    /// `UNIQUE`.
    Unique,
}

/// The name of this constraint of `alter`.
pub(super) fn chosen_name(at: &At<'_>, alter: &Alter, constraint: &TableConstraint) -> Result<Ident, String> {
    new_name((at.catalog)(), alter, at.major, &|made| match (&constraint.kind, &made.kind) {
        (TableConstraintKind::Check(_), ConstraintKind::Check { .. })
        | (TableConstraintKind::PrimaryKey { .. }, ConstraintKind::PrimaryKey { .. }) => true,
        (
            TableConstraintKind::ForeignKey { columns, .. },
            ConstraintKind::ForeignKey { columns: made, .. },
        )
        | (TableConstraintKind::Unique { columns, .. }, ConstraintKind::Unique { columns: made, .. }) => {
            columns == made
        }
        _ => false,
    })
}

/// The name of a constraint that comes with `column`, which `alter` adds.
pub(super) fn of_column(at: &At<'_>, alter: &Alter, kind: Kind, column: &Ident) -> Result<Ident, String> {
    new_name((at.catalog)(), alter, at.major, &|made| match &made.kind {
        ConstraintKind::Check { .. } => kind == Kind::Check,
        ConstraintKind::ForeignKey { columns, .. } => {
            kind == Kind::ForeignKey && columns == std::slice::from_ref(column)
        }
        ConstraintKind::Unique { columns, .. } => {
            kind == Kind::Unique && columns == std::slice::from_ref(column)
        }
        _ => false,
    })
}

/// The name of the CHECK that DETACH PARTITION … CONCURRENTLY leaves on the partition, which repeats its bound.
///
/// Source: `DetachAddConstraintIfNeeded` in `src/backend/commands/tablecmds.c`.
pub(super) fn of_detached(at: &At<'_>, parent: &Name, partition: &Name) -> Result<Ident, String> {
    let unknown = || "what the partition's constraints are is not known: give --schema".to_owned();
    let catalog = (at.catalog)();
    let table = catalog.find(parent).ok_or_else(unknown)?;
    let key = table.partitioning.as_ref().filter(|it| !it.has_expressions).ok_or_else(unknown)?;
    if !table.parents.is_empty() {
        return Err("the parent is a partition itself".to_owned());
    }
    let part = catalog.find(partition).ok_or_else(unknown)?;
    let quoted = |it: &Ident| format!("\"{}\"", it.replace('"', "\"\""));
    let columns: Vec<String> = key.columns.iter().map(|it| quoted(it) + " IS NOT NULL").collect();
    let schema = part.name.schema.as_ref().map_or_else(String::new, |it| quoted(it) + ".");
    let name = quoted(&part.name.name);
    let sql = format!("ALTER TABLE {schema}{name} ADD CHECK ({})", columns.join(" AND "));
    match parse::parse(&sql) {
        Ok(Statement::Alter(alter)) => {
            let is_check = |it: &Constraint| matches!(it.kind, ConstraintKind::Check { .. });
            new_name((at.catalog)(), &alter, at.major, &is_check)
        }
        _ => Err(unknown()),
    }
}

/// The name of the only constraint that `alter` adds, that it does not name, and that `is_meant`.
fn new_name(
    mut catalog: Catalog,
    alter: &Alter,
    major: u16,
    is_meant: &dyn Fn(&Constraint) -> bool,
) -> Result<Ident, String> {
    let unknown = || {
        "the constraint has no name, and what PostgreSQL would call it depends on a table that is not known: name it, or give --schema"
            .to_owned()
    };
    let before = catalog.find(&alter.name).filter(|it| it.complete).cloned().ok_or_else(unknown)?;
    catalog.apply(&Statement::Alter(alter.clone()), major);
    let table = catalog.relation(before.oid).ok_or_else(unknown)?;
    let is_new = |it: &&Constraint| {
        (before.constraint(&it.name).is_none() || is_dropped(alter, &it.name))
            && !is_written(alter, &it.name)
            && is_meant(it)
    };
    let mut new = table.constraints.iter().filter(is_new);
    match (new.next(), new.next()) {
        (Some(only), None) => Ok(only.name.clone()),
        _ => Err("the constraint has no name, and there are several like it: name it".to_owned()),
    }
}

/// Whether `alter` takes the constraint of this name away, before it adds any.
fn is_dropped(alter: &Alter, name: &Ident) -> bool {
    alter
        .actions
        .iter()
        .any(|it| matches!(it, AlterAction::DropConstraint { name: dropped, .. } if dropped == name))
}

/// Whether `alter` gives this name to a constraint.
fn is_written(alter: &Alter, name: &Ident) -> bool {
    alter.actions.iter().any(|it| match it {
        AlterAction::AddConstraint(constraint) => constraint.name.as_ref() == Some(name),
        AlterAction::AddColumn { column, .. } => {
            column.constraints.iter().any(|it| it.name.as_ref() == Some(name))
        }
        _ => false,
    })
}
