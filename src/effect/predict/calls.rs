//! Functions that a statement calls for each row and of which nobody knows how long they take: the user's own, and those that wait.

use super::volatility::is_builtin;
use crate::{
    catalog::{Catalog, ConstraintKind},
    sql::{
        Statement,
        statement::{AlterAction, ColumnConstraintKind, ColumnDef, Expr, Name, TableConstraintKind},
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
    match statement {
        Statement::Update(it) => are_unknown(&it.reads.functions) || it.predicate.as_ref().is_some_and(calls),
        Statement::Delete(it) => are_unknown(&it.reads.functions) || it.predicate.as_ref().is_some_and(calls),
        Statement::CreateIndex(it) => it.expressions.iter().chain(&it.predicate).any(calls),
        Statement::Alter(it) => it.actions.iter().any(|action| match action {
            AlterAction::AddColumn { column, .. } => column_calls(column),
            AlterAction::SetType { using, .. } => using.as_ref().is_some_and(calls),
            AlterAction::SetExpression { expr, .. } => calls(expr),
            AlterAction::AddConstraint(added) => {
                matches!(&added.kind, TableConstraintKind::Check(expr) if calls(expr))
            }
            AlterAction::ValidateConstraint { name } => {
                let constraint = catalog.find(&it.name).and_then(|it| it.constraint(name));
                matches!(constraint.map(|it| &it.kind), Some(ConstraintKind::Check { functions, .. }) if are_unknown(functions))
            }
            _ => false,
        }),
        _ => false,
    }
}

fn are_unknown(functions: &[Name]) -> bool {
    functions.iter().any(|it| !is_builtin(it) && !QUICK.contains(&it.name.as_str()))
}

fn calls(expr: &Expr) -> bool {
    are_unknown(&expr.functions)
}

fn column_calls(column: &ColumnDef) -> bool {
    column.constraints.iter().any(|it| match &it.kind {
        ColumnConstraintKind::Default(expr)
        | ColumnConstraintKind::Check(expr)
        | ColumnConstraintKind::Generated { expr, .. } => calls(expr),
        _ => false,
    })
}
