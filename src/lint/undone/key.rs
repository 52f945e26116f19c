//! Foreign keys that no index begins with, or whose columns cannot hold what they refer to.

use super::{super::replay::Ran, About, table};
use crate::{
    catalog::{Catalog, Column, Constraint, ConstraintKind, Fill, Oid, Relation},
    effect::{Action, Effect, Role},
    sql::statement::{Ident, KeyAction, StatementKind, TypeName},
};

/// The foreign keys that a statement adds, and what is asked `about` each.
pub(super) fn added(ran: &Ran, catalog: &Catalog, about: fn(Oid, Ident) -> About) -> Vec<About> {
    let is_key = |it: &&Constraint| matches!(it.kind, ConstraintKind::ForeignKey { .. }) && !it.inherited;
    let about = |table: &Relation, key: &Constraint| about(table.oid, key.name.clone());
    match ran.outcome.statement {
        StatementKind::CreateTable => table::plain(ran, catalog)
            .flat_map(|table| table.constraints.iter().filter(is_key).map(move |it| about(table, it)))
            .collect(),
        StatementKind::AlterTable => {
            let adds = |it: &&Effect| {
                matches!(it.action, Action::AddForeignKey | Action::AddColumn) && it.role == Role::Subject
            };
            let effects = ran.outcome.effects.iter().filter(adds);
            effects
                .filter_map(|it| {
                    let table = catalog.find(&it.relation.as_ref()?.name)?;
                    let object = it.object.as_ref()?;
                    let mut keys = table.constraints.iter().filter(is_key);
                    Some(about(table, keys.find(|it| it.name == *object || is_of(it, object))?))
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a key is that of this column alone: what a key without a name is called by the effect that adds it, and what has come with a
/// new column.
fn is_of(key: &Constraint, column: &str) -> bool {
    matches!(&key.kind, ConstraintKind::ForeignKey { columns, .. } if matches!(columns.as_slice(), [only] if only == column))
}

/// The key with its columns, unless an index of all rows begins with them, in any order.
pub(super) fn without_index(table: &Relation, key: &Ident, catalog: &Catalog) -> Option<String> {
    let ConstraintKind::ForeignKey { columns, .. } = &table.constraint(key)?.kind else { return None };
    // A table of which not all is known may have one.
    if !table.complete {
        return None;
    }
    let mut indexes = table.indexes.iter().filter_map(|it| catalog.relation(*it)?.index.as_ref());
    let has_index = indexes.any(|it| {
        let begins = it.columns.get(..columns.len());
        !it.partial
            && begins.is_some_and(|it| it.iter().all(|it| it.as_ref().is_some_and(|it| columns.contains(it))))
    });
    (!has_index).then(|| format!("{} ({})", table.name, columns.join(", ")))
}

/// The first column of the key whose type is not that of the column it refers to, where that matters.
pub(super) fn other_type(table: &Relation, key: &Ident, catalog: &Catalog) -> Option<String> {
    let ConstraintKind::ForeignKey { columns, referenced, referenced_columns, .. } =
        &table.constraint(key)?.kind
    else {
        return None;
    };
    let referenced = catalog.relation(*referenced)?;
    columns.iter().zip(referenced_columns).find_map(|(column, to)| {
        let (own, other) = (table.column(column)?.ty.as_ref()?, referenced.column(to)?.ty.as_ref()?);
        let harm = harm(own, other)?;
        let (table, referenced) = (&table.name, &referenced.name);
        Some(format!("{column} of {table} is {own}, but {to} of {referenced} is {other}: {harm}"))
    })
}

/// What goes wrong where a column of the first type refers to one of the second. The server takes all of these.
///
/// Observed on 15: `ALTER TABLE … ADD FOREIGN KEY` between all pairs of these types.
fn harm(own: &TypeName, referenced: &TypeName) -> Option<&'static str> {
    const INTEGERS: [&str; 3] = ["int2", "int4", "int8"];
    const TIMES: [&str; 3] = ["date", "timestamp", "timestamptz"];
    if [own, referenced].iter().any(|it| it.name.schema.is_some() || it.array_dimensions > 0) {
        return None;
    }
    let (own, referenced) = (own.name.name.as_str(), referenced.name.name.as_str());
    let rank = |ty: &str| INTEGERS.iter().position(|it| *it == ty);
    if rank(own) < rank(referenced) && rank(own).is_some() {
        return Some("it ends before the key does");
    }
    let is_time = |ty| TIMES.contains(&ty);
    let is_padded = (own == "bpchar") != (referenced == "bpchar");
    let is_text = |ty| matches!(ty, "text" | "varchar" | "bpchar");
    (is_time(own) && is_time(referenced) && own != referenced
        || is_text(own) && is_text(referenced) && is_padded)
        .then_some("they are compared after a conversion")
}

/// The action of the key that no DELETE or UPDATE can take, because the column refuses what it is set to.
pub(super) fn refused_action(table: &Relation, key: &Ident) -> Option<String> {
    let ConstraintKind::ForeignKey { columns, actions, .. } = &table.constraint(key)?.kind else {
        return None;
    };
    let refuses = |action: KeyAction, column: &Column| {
        column.not_null == Some(true)
            && match action {
                KeyAction::SetNull => true,
                KeyAction::SetDefault => column.fill == Fill::Null,
                KeyAction::NoAction | KeyAction::Restrict | KeyAction::Cascade => false,
            }
    };
    let events = [("DELETE", actions.on_delete), ("UPDATE", actions.on_update)];
    events.into_iter().find_map(|(event, action)| {
        // With several columns the key may say which of them are set.
        let [column] = columns.as_slice() else { return None };
        let column = table.column(column).filter(|it| refuses(action, it))?;
        let what = if action == KeyAction::SetNull { "SET NULL" } else { "SET DEFAULT, and there is none," };
        Some(format!("ON {event} {what} fails: {} of {} is NOT NULL", column.name, table.name))
    })
}
