//! What a foreign key needs of the table that it refers to.
//!
//! Source: `transformFkeyCheckAttrs` and `ATAddForeignKeyConstraint` in `src/backend/commands/tablecmds.c`.
//! Observed by `fixtures/effects/constraints.sql`.

use super::{Altered, refuse::Refusal};
use crate::{
    catalog::{ConstraintKind, Relation},
    effect::{
        Reason,
        predict::{Effects, type_change},
    },
    sql::statement::{Ident, Name, RelationKind},
};

/// Why a foreign key from `altered` to `referenced` is refused.
pub(super) fn refusal(
    altered: &Altered<'_, '_>,
    referenced: &Name,
    columns: &[Ident],
    referenced_columns: &[Ident],
    effects: &Effects<'_>,
) -> Option<Refusal> {
    let partner = effects.known(referenced, RelationKind::Table);
    let entry = partner.entry?;
    if !matches!(entry.kind, RelationKind::Table | RelationKind::PartitionedTable) {
        let detail = format!("{referenced} is not a table");
        return Some(Refusal { because: Reason::WrongKind, sqlstate: "42809", detail });
    }
    if !entry.complete {
        return None;
    }
    let key = key(entry, referenced_columns);
    if !referenced_columns.is_empty() && !has_unique(entry, referenced_columns, effects) {
        let detail = format!("no unique constraint of {referenced} is on {}", referenced_columns.join(", "));
        return Some(Refusal { because: Reason::NoUniqueIndex, sqlstate: "42830", detail });
    }
    let own = altered.table.entry?;
    let pairs = columns.iter().zip(&key);
    let unlike = pairs.into_iter().find(|(column, key)| {
        let types = (
            own.column(column).and_then(|it| it.ty.as_ref()),
            entry.column(key).and_then(|it| it.ty.as_ref()),
        );
        matches!(types, (Some(a), Some(b)) if !type_change::are_comparable(a, b, effects.catalog))
    });
    unlike.map(|(column, key)| Refusal {
        because: Reason::WrongKind,
        sqlstate: "42804",
        detail: format!("{column} and {key} are of types that are not compared"),
    })
}

/// The columns that are referred to: those named, or the primary key's.
fn key(entry: &Relation, named: &[Ident]) -> Vec<Ident> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let primary = entry.constraints.iter().find_map(|it| match &it.kind {
        ConstraintKind::PrimaryKey { columns, .. } => Some(columns.clone()),
        _ => None,
    });
    primary.unwrap_or_default()
}

fn has_unique(entry: &Relation, wanted: &[Ident], effects: &Effects<'_>) -> bool {
    let is_same =
        |columns: &[Ident]| columns.len() == wanted.len() && wanted.iter().all(|it| columns.contains(it));
    let by_constraint = entry.constraints.iter().any(|it| match &it.kind {
        ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => {
            is_same(columns)
        }
        _ => false,
    });
    by_constraint
        || effects.all(&entry.indexes).iter().any(|it| {
            it.entry.and_then(|it| it.index.as_ref()).is_some_and(|index| {
                let columns: Vec<Ident> = index.columns.iter().flatten().cloned().collect();
                index.unique && !index.partial && is_same(&columns)
            })
        })
}
