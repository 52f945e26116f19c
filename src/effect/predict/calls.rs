//! Functions that a statement calls for each row and of which nobody knows how long they take: the user's own, and those that wait.

use super::volatility::is_builtin;
use crate::{
    catalog::{Catalog, ConstraintKind},
    sql::{
        Statement,
        statement::{AlterAction, ColumnConstraintKind, ColumnDef, Expr, Ident, Name, TableConstraintKind},
    },
};

/// Functions that are volatile, and quick all the same.
const QUICK: [&str; 9] = [
    "clock_timestamp",
    "gen_random_uuid",
    "nextval",
    "random",
    "statement_timestamp",
    "uuid_generate_v1",
    "uuid_generate_v4",
    "uuidv4",
    "uuidv7",
];

/// Whether `statement` calls such a function for each row.
pub(crate) fn takes_unknown_time(statement: &Statement, catalog: &Catalog) -> bool {
    let is_unknown = |it: &Name| !is_builtin(it) && !QUICK.contains(&it.name.as_str());
    functions(statement, catalog).iter().any(is_unknown)
}

fn functions(statement: &Statement, catalog: &Catalog) -> Vec<Name> {
    let of = |expr: Option<&Expr>| expr.map(|it| it.functions.clone()).unwrap_or_default();
    match statement {
        Statement::Update(it) => [it.reads.functions.clone(), of(it.predicate.as_ref())].concat(),
        Statement::Delete(it) => [it.reads.functions.clone(), of(it.predicate.as_ref())].concat(),
        Statement::CreateIndex(it) => {
            it.expressions.iter().chain(&it.predicate).flat_map(|it| it.functions.clone()).collect()
        }
        Statement::Alter(it) => {
            let of_action = |action: &AlterAction| match action {
                AlterAction::AddColumn { column, .. } => of_column(column),
                AlterAction::SetType { using, .. } => of(using.as_ref()),
                AlterAction::SetExpression { expr, .. } => of(Some(expr)),
                AlterAction::AddConstraint(it) => match &it.kind {
                    TableConstraintKind::Check(expr) => of(Some(expr)),
                    _ => Vec::new(),
                },
                AlterAction::ValidateConstraint { name } => of_constraint(&it.name, name, catalog),
                _ => Vec::new(),
            };
            it.actions.iter().flat_map(of_action).collect()
        }
        _ => Vec::new(),
    }
}

fn of_column(column: &ColumnDef) -> Vec<Name> {
    let exprs = column.constraints.iter().filter_map(|it| match &it.kind {
        ColumnConstraintKind::Default(expr)
        | ColumnConstraintKind::Check(expr)
        | ColumnConstraintKind::Generated { expr, .. } => Some(expr),
        _ => None,
    });
    exprs.flat_map(|it| it.functions.clone()).collect()
}

fn of_constraint(table: &Name, name: &Ident, catalog: &Catalog) -> Vec<Name> {
    let constraint = catalog.find(table).and_then(|it| it.constraint(name));
    match constraint.map(|it| &it.kind) {
        Some(ConstraintKind::Check { functions, .. }) => functions.clone(),
        _ => Vec::new(),
    }
}
