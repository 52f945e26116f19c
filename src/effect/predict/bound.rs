//! Whether a CHECK proves that a table's rows are within, or outside, a partition's bound, so that attaching need not read them.
//!
//! PostgreSQL proves it with its planner (`ConstraintImpliedByRelConstraint` in `src/backend/commands/tablecmds.c`). Here only the forms
//! that its manual recommends are known: `key IS NOT NULL AND key >= a AND key < b`, `key IN (…)`, `key = a`, and `NOT (…)` of them.
//! Anything else counts as not proven. Source: manual, ALTER TABLE, ATTACH PARTITION. Observed by `fixtures/effects/partition*.sql`.

use crate::{
    catalog::{ConstraintKind, Partitioning},
    effect::predict::Known,
    sql::statement::{Ident, PartitionBound},
};

/// Whether valid CHECKs of `table` prove that all its rows are within `bound`.
pub(super) fn is_proven(table: &Known<'_>, key: Option<&Partitioning>, bound: &PartitionBound) -> bool {
    let (Some(column), PartitionBound::Values(bound)) = (only_column(key), bound) else { return false };
    let Some(wanted) = conditions(column, bound) else { return false };
    let conjuncts = valid_conjuncts(table);
    let not_null = table.entry.and_then(|it| it.column(column)).is_some_and(|it| it.not_null == Some(true))
        || conjuncts.contains(&format!("{column} is not null"));
    not_null && wanted.iter().all(|it| conjuncts.contains(it))
}

/// Whether valid CHECKs of the DEFAULT partition prove that none of its rows belongs to `bound`.
pub(super) fn is_excluded(table: &Known<'_>, key: Option<&Partitioning>, bound: &PartitionBound) -> bool {
    let (Some(column), PartitionBound::Values(bound)) = (only_column(key), bound) else { return false };
    let Some(wanted) = conditions(column, bound) else { return false };
    let outside: Vec<String> = wanted
        .iter()
        .filter_map(|it| {
            let negated = [(" >= ", " < "), (" < ", " >= "), (" = ", " <> ")];
            negated.iter().find(|(op, _)| it.contains(op)).map(|(op, not)| it.replacen(op, not, 1))
        })
        .collect();
    valid_conjuncts(table).iter().any(|it| {
        let parts: Vec<&str> = it.split(" or ").map(str::trim).collect();
        !outside.is_empty() && parts.iter().all(|part| outside.iter().any(|out| out == strip(part)))
            || strip(it.strip_prefix("not ").unwrap_or("")) == wanted.join(" and ")
    })
}

fn only_column(key: Option<&Partitioning>) -> Option<&Ident> {
    key.filter(|it| !it.has_expressions && it.columns.len() == 1).and_then(|it| it.columns.first())
}

/// The conditions on `column` that a bound as written stands for.
fn conditions(column: &str, bound: &str) -> Option<Vec<String>> {
    let bound = normalise(bound);
    let bound = bound.strip_prefix("for values ").unwrap_or(&bound);
    if let Some(values) = bound.strip_prefix("in ").and_then(|it| it.strip_prefix('(')?.strip_suffix(')')) {
        return Some(match values.split(", ").collect::<Vec<_>>()[..] {
            [value] => vec![format!("{column} = {value}")],
            _ => vec![format!("{column} in ({values})")],
        });
    }
    let (from, to) = bound.strip_prefix("from ")?.split_once(" to ")?;
    let unwrap = |it: &str| Some(it.trim().strip_prefix('(')?.strip_suffix(')')?.to_owned());
    let (from, to) = (unwrap(from)?, unwrap(to)?);
    let mut wanted = Vec::new();
    if from != "minvalue" {
        wanted.push(format!("{column} >= {from}"));
    }
    if to != "maxvalue" {
        wanted.push(format!("{column} < {to}"));
    }
    Some(wanted)
}

/// The conjuncts of all valid CHECKs, normalised.
fn valid_conjuncts(table: &Known<'_>) -> Vec<String> {
    let Some(entry) = table.entry else { return Vec::new() };
    let checks = entry.constraints.iter().filter(|it| it.valid && it.enforced);
    checks
        .filter_map(|it| match &it.kind {
            ConstraintKind::Check { text, .. } => Some(normalise(text)),
            _ => None,
        })
        .flat_map(|text| {
            let whole = strip(&text).to_owned();
            let parts: Vec<String> = whole.split(" and ").map(|it| strip(it).to_owned()).collect();
            parts.into_iter().chain([whole])
        })
        .collect()
}

/// Lower case, single spaces, and none inside parentheses' edges.
fn normalise(text: &str) -> String {
    let spaced = text.replace('(', " ( ").replace(')', " ) ").replace(',', " , ").to_lowercase();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.join(" ").replace("( ", "(").replace(" )", ")").replace(" , ", ", ")
}

/// Without parentheses around the whole.
fn strip(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
        Some(inner) if is_balanced(inner) => strip(inner),
        _ => text,
    }
}

fn is_balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    text.chars().all(|it| {
        depth += i32::from(it == '(') - i32::from(it == ')');
        depth >= 0
    }) && depth == 0
}
