//! Functions that do not always return the same, where the server or its data count on that.
//!
//! An index, its predicate and a generated column may call immutable functions only; of a CHECK the server just believes it.
//! Source: `CheckMutability` and `CheckPredicate` in `src/backend/commands/indexcmds.c`, `cookDefault` in
//! `src/backend/catalog/heap.c`, `check_expr_kind` in `src/backend/parser/parse_expr.c`.

use super::{Effects, volatility};
use crate::{
    effect::Reason,
    sql::statement::{
        AlterAction, ColumnConstraintKind, ColumnDef, CreateIndex, CreateTable, Expr, Name, TableConstraint,
        TableConstraintKind, Volatility,
    },
};

/// Functions, and words that stand for one, that are not immutable.
///
/// Source: `pg_proc.provolatile` of 13 to 18, and `contain_mutable_functions` for the words; of those that somebody may write here.
const CHANGING: &[&str] = &[
    "clock_timestamp",
    "current_catalog",
    "current_database",
    "current_date",
    "current_role",
    "current_schema",
    "current_setting",
    "current_time",
    "current_timestamp",
    "current_user",
    "gen_random_uuid",
    "localtime",
    "localtimestamp",
    "nextval",
    "now",
    "random",
    "session_user",
    "statement_timestamp",
    "system_user",
    "timeofday",
    "transaction_timestamp",
    "user",
];

/// Why a statement is refused: the SQLSTATE, and what is wrong.
pub(super) type Refusal = (&'static str, String);

/// The first function of `expr` that is built in and does not always return the same.
pub(super) fn changing<'e>(expr: &'e Expr, effects: &Effects<'_>) -> Option<&'e Name> {
    expr.functions.iter().find(|it| {
        let is_builtin = it.schema.is_none() && CHANGING.contains(&it.name.as_str());
        is_builtin && effects.catalog.find_functions(it).is_empty()
    })
}

/// The first function of `expr` that the server does not take for immutable. A function in SQL may be replaced by what it says.
fn mutable<'e>(expr: &'e Expr, effects: &Effects<'_>) -> Option<&'e Name> {
    changing(expr, effects).or_else(|| {
        expr.functions.iter().find(|it| {
            let made = effects.catalog.find_functions(it);
            let is_mutable = made.iter().all(|it| {
                it.volatility != Volatility::Immutable && it.language.as_deref().is_some_and(|it| it != "sql")
            });
            !made.is_empty() && is_mutable && !volatility::is_builtin(it)
        })
    })
}

/// What is wrong with a new index.
pub(super) fn of_index(create: &CreateIndex, effects: &Effects<'_>) -> Option<Refusal> {
    let in_predicate = create.predicate.iter().find_map(|it| mutable(it, effects));
    let in_key = || create.expressions.iter().find_map(|it| mutable(it, effects));
    let said = |what, it: &Name| ("42P17", format!("{it} is not IMMUTABLE, as an index's {what} has to be"));
    in_predicate.map(|it| said("predicate", it)).or_else(|| in_key().map(|it| said("expression", it)))
}

/// What is wrong with a new table.
pub(super) fn of_table(create: &CreateTable, effects: &Effects<'_>) -> Option<Refusal> {
    let columns = create.columns.iter().find_map(|it| of_column(it, effects));
    columns.or_else(|| create.constraints.iter().find_map(of_constraint))
}

/// What is wrong with what an action adds.
pub(super) fn of_action(action: &AlterAction, effects: &Effects<'_>) -> Option<Refusal> {
    match action {
        AlterAction::AddColumn { column, if_not_exists: false } => of_column(column, effects),
        AlterAction::AddConstraint(it) => of_constraint(it),
        _ => None,
    }
}

fn of_column(column: &ColumnDef, effects: &Effects<'_>) -> Option<Refusal> {
    column.constraints.iter().find_map(|it| match &it.kind {
        ColumnConstraintKind::Generated { expr, .. } => {
            let it = mutable(expr, effects)?;
            let detail = format!("{it} is not IMMUTABLE, as what generates {} has to be", column.name);
            Some(("42P17", detail))
        }
        ColumnConstraintKind::Check(expr) => of_check(expr),
        _ => None,
    })
}

fn of_constraint(constraint: &TableConstraint) -> Option<Refusal> {
    match &constraint.kind {
        TableConstraintKind::Check(expr) => of_check(expr),
        _ => None,
    }
}

fn of_check(expr: &Expr) -> Option<Refusal> {
    let table = expr.relations.first()?;
    Some(("0A000", format!("a CHECK cannot have a subquery, and this one reads {}", table.name)))
}

/// Says that a statement is certain to fail.
pub(super) fn refuse(
    action: crate::effect::Action,
    known: Option<&super::Known<'_>>,
    (sqlstate, detail): Refusal,
    effects: &mut Effects<'_>,
) {
    effects.fails(action, known, Reason::WrongKind, sqlstate, detail);
}
