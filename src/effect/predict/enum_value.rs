//! An enum's new value in the transaction that adds it: it can be added there, but not used.
//!
//! Since 17 it can be used if the transaction also made the type. Expressions and the literals of INSERT and UPDATE are looked at.
//! Source: `check_safe_enum_use` in `src/backend/utils/adt/enum.c`, `EnumUncommitted` in `src/backend/catalog/pg_enum.c`; manual,
//! ALTER TYPE, Notes. Observed by `fixtures/effects/types.sql`.

use super::Effects;
use crate::{
    catalog::{Column, Type, TypeKind},
    effect::{Action, Reason},
    sql::statement::{
        AlterAction, ColumnConstraintKind, ColumnDef, Expr, Ident, Name, RelationKind, Statement,
        TableConstraintKind, TypeName,
    },
};

/// An expression and what it is compared with, assigned to, or evaluated on.
struct Place<'s> {
    expr: &'s Expr,
    /// The table whose columns it names.
    table: Option<&'s Name>,
    /// The column that it fills.
    column: Option<&'s Ident>,
    /// The type of the column that it fills, where the statement says it.
    ty: Option<&'s TypeName>,
}

/// Whether the statement fails because it uses a value too early; then that is said.
pub(super) fn is_too_early(statement: &Statement, effects: &mut Effects<'_>) -> bool {
    if effects.catalog.session.open.is_none() || !effects.catalog.may_have_new_labels() {
        return false;
    }
    let fresh: Vec<(&Type, &str)> =
        effects.catalog.types().flat_map(|ty| fresh_labels(ty, effects)).collect();
    if fresh.is_empty() {
        return false;
    }
    if let Some((table, label, ty)) = assigned(statement, &fresh, effects) {
        refuse(label, ty, Some(table), effects);
        return true;
    }
    for place in places(statement) {
        let used = fresh.iter().find(|(ty, label)| {
            place.expr.text.contains(&format!("'{}'", label.replace('\'', "''")))
                && is_about(&place, &ty.name, effects)
        });
        if let Some((ty, label)) = used {
            refuse(label, ty, place.table, effects);
            return true;
        }
    }
    false
}

fn refuse(label: &str, ty: &Type, table: Option<&Name>, effects: &mut Effects<'_>) {
    let detail = format!("the new value '{label}' of {} cannot be used before COMMIT", ty.name);
    let table = table.map(|it| effects.known(it, RelationKind::Table));
    effects.fails(Action::AddEnumValue, table.as_ref(), Reason::NewEnumValue, "55P04", detail);
}

/// A fresh label that an INSERT or UPDATE writes into a column of its type.
fn assigned<'s, 'a>(
    statement: &'s Statement,
    fresh: &[(&'a Type, &'a str)],
    effects: &Effects<'_>,
) -> Option<(&'s Name, &'a str, &'a Type)> {
    let (table, columns, literals) = match statement {
        Statement::Insert(it) => (&it.table, &it.columns, &it.literals),
        Statement::Update(it) => (&it.table.name, &it.columns, &it.literals),
        _ => return None,
    };
    let entry = effects.known(table, RelationKind::Table).entry?;
    let is_written = |column: &Column, ty: &Type| {
        (columns.is_empty() || columns.contains(&column.name))
            && column.ty.as_ref().is_some_and(|it| is_it(it, &ty.name, effects))
    };
    fresh
        .iter()
        .filter(|(_, label)| literals.iter().any(|it| it == label))
        .find(|(ty, _)| entry.columns.iter().any(|it| is_written(it, ty)))
        .map(|(ty, label)| (table, *label, *ty))
}

fn is_it(written: &TypeName, ty: &Name, effects: &Effects<'_>) -> bool {
    written.name == *ty || effects.catalog.find_type(&written.name).is_some_and(|it| it.name == *ty)
}

/// The labels that the open transaction added, unless it may use them.
fn fresh_labels<'a>(ty: &'a Type, effects: &Effects<'_>) -> Vec<(&'a Type, &'a str)> {
    let transaction = effects.catalog.session.transaction;
    let TypeKind::Enum { added, .. } = &ty.kind else { return Vec::new() };
    if effects.major >= 17 && ty.created.is_some_and(|it| it.transaction == transaction) {
        return Vec::new();
    }
    added.iter().filter(|(_, it)| *it == transaction).map(|(label, _)| (ty, label.as_str())).collect()
}

/// Whether the place is one where a literal is read as this type.
fn is_about(place: &Place<'_>, ty: &Name, effects: &Effects<'_>) -> bool {
    let is_it = |it: &TypeName| is_it(it, ty, effects);
    if place.expr.casts.iter().chain(place.ty).any(is_it) {
        return true;
    }
    let Some(table) = place.table.and_then(|it| effects.known(it, RelationKind::Table).entry) else {
        return false;
    };
    let mut columns = place.expr.columns.iter().chain(place.column);
    columns.any(|it| table.column(it).and_then(|it| it.ty.as_ref()).is_some_and(is_it))
}

/// The expressions of a statement that its own running evaluates, or reads as constants.
fn places(statement: &Statement) -> Vec<Place<'_>> {
    let of = |expr, table| Place { expr, table: Some(table), column: None, ty: None };
    match statement {
        Statement::Alter(it) => it.actions.iter().flat_map(|action| of_action(action, &it.name)).collect(),
        Statement::CreateTable(it) => {
            let mut places: Vec<Place<'_>> =
                it.columns.iter().flat_map(|column| of_column(column, &it.name)).collect();
            places.extend(it.constraints.iter().filter_map(|constraint| match &constraint.kind {
                TableConstraintKind::Check(expr) => Some(of(expr, &it.name)),
                _ => None,
            }));
            places
        }
        Statement::CreateIndex(it) => {
            it.expressions.iter().chain(&it.predicate).map(|expr| of(expr, &it.table)).collect()
        }
        Statement::Update(it) => it.predicate.iter().map(|expr| of(expr, &it.table.name)).collect(),
        Statement::Delete(it) => it.predicate.iter().map(|expr| of(expr, &it.table.name)).collect(),
        Statement::CreatePolicy { table, exprs, .. } | Statement::AlterPolicy { table, exprs, .. } => {
            exprs.iter().map(|expr| of(expr, table)).collect()
        }
        _ => Vec::new(),
    }
}

fn of_action<'s>(action: &'s AlterAction, table: &'s Name) -> Vec<Place<'s>> {
    match action {
        AlterAction::AddColumn { column, .. } => of_column(column, table),
        AlterAction::SetDefault { column, expr } => {
            vec![Place { expr, table: Some(table), column: Some(column), ty: None }]
        }
        AlterAction::SetType { ty, using, .. } => {
            using.iter().map(|expr| Place { expr, table: Some(table), column: None, ty: Some(ty) }).collect()
        }
        AlterAction::AddConstraint(it) => match &it.kind {
            TableConstraintKind::Check(expr) => {
                vec![Place { expr, table: Some(table), column: None, ty: None }]
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn of_column<'s>(column: &'s ColumnDef, table: &'s Name) -> Vec<Place<'s>> {
    let exprs = column.constraints.iter().filter_map(|it| match &it.kind {
        ColumnConstraintKind::Default(expr)
        | ColumnConstraintKind::Check(expr)
        | ColumnConstraintKind::Generated { expr, .. } => Some(expr),
        _ => None,
    });
    exprs
        .map(|expr| Place { expr, table: Some(table), column: Some(&column.name), ty: column.ty.as_ref() })
        .collect()
}
