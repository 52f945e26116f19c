//! The name that PostgreSQL would choose for a constraint without one.

use super::recipe::At;
use crate::{
    catalog::{Constraint, ConstraintKind},
    sql::{
        Statement,
        statement::{Alter, AlterAction, Ident, TableConstraint, TableConstraintKind},
    },
};

/// The name of this constraint of `alter`, which has none written: the catalog applies the statement and tells.
pub(super) fn chosen_name(at: &At<'_>, alter: &Alter, constraint: &TableConstraint) -> Result<Ident, String> {
    let unknown = || {
        "the constraint has no name, and what PostgreSQL would call it depends on a table that is not known: name it, or give --schema"
            .to_owned()
    };
    let mut catalog = (at.catalog)();
    let before = catalog.find(&alter.name).filter(|it| it.complete).cloned().ok_or_else(unknown)?;
    catalog.apply(&Statement::Alter(alter.clone()), at.major);
    let table = catalog.relation(before.oid).ok_or_else(unknown)?;
    let is_written = |name: &Ident| {
        alter.actions.iter().any(
            |it| matches!(it, AlterAction::AddConstraint(constraint) if constraint.name.as_ref() == Some(name)),
        )
    };
    let is_new = |it: &&Constraint| {
        before.constraint(&it.name).is_none() && !is_written(&it.name) && is_of(constraint, it)
    };
    let mut new = table.constraints.iter().filter(is_new);
    match (new.next(), new.next()) {
        (Some(only), None) => Ok(only.name.clone()),
        _ => Err("the constraint has no name, and there are several like it: name it".to_owned()),
    }
}

fn is_of(written: &TableConstraint, made: &Constraint) -> bool {
    match (&written.kind, &made.kind) {
        (TableConstraintKind::Check(_), ConstraintKind::Check { .. })
        | (TableConstraintKind::PrimaryKey { .. }, ConstraintKind::PrimaryKey { .. }) => true,
        (
            TableConstraintKind::ForeignKey { columns, .. },
            ConstraintKind::ForeignKey { columns: made, .. },
        )
        | (TableConstraintKind::Unique { columns, .. }, ConstraintKind::Unique { columns: made, .. }) => {
            columns == made
        }
        (TableConstraintKind::NotNull { column }, ConstraintKind::NotNull { column: made }) => column == made,
        _ => false,
    }
}
