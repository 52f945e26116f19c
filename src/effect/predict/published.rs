//! Changes of published tables: rows are replicated, DDL is not, so that a subscriber stops at a row that does not fit its own table.
//!
//! Source: manual, Logical Replication, Restrictions; `logicalrep_rel_open`, `logicalrep_report_missing_attrs` in
//! `src/backend/replication/logical/relation.c`, `slot_fill_defaults` in `worker.c`. Each was observed on a publisher and a subscriber.
//! A dropped table just stops sending, and a dropped column is filled with the subscriber's own default.

use super::{Effects, Known, type_change};
use crate::{
    catalog::{Fill, Publication},
    effect::{Action, Effect, Reason},
    sql::statement::{Alter, AlterAction, CreateTable, Ident, Name, Persistence, RelationKind, TypeName},
};

/// Adds what `ALTER TABLE` does to the subscribers of a table.
pub(super) fn alter(alter: &Alter, effects: &mut Effects<'_>) {
    if effects.catalog.publications().next().is_none() {
        return;
    }
    let table = effects.known(&alter.name, RelationKind::Table);
    if !matches!(table.relation.kind, RelationKind::Table | RelationKind::PartitionedTable) {
        return;
    }
    for action in &alter.actions {
        let Some((because, object, columns)) = breaks(action, &table) else { continue };
        if let Some(publication) = publication_of(&table, columns, effects) {
            let mut effect = Effect::of(Action::Other).because(because).object(object.clone());
            effect.relation = Some(table.relation.clone());
            effects.push(effect.detail(publication.as_str()));
        }
    }
}

/// Whether an action concerns a table or its columns, which a publication may leave out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Table,
    Columns,
}

/// Why the subscribers of a table stop after an action, and at what.
fn breaks<'s>(action: &'s AlterAction, table: &Known<'_>) -> Option<(Reason, &'s Ident, Part)> {
    let known = |column: &Ident| table.entry.and_then(|it| it.column(column));
    match action {
        AlterAction::AddColumn { column, .. } => Some((Reason::Published, &column.name, Part::Columns)),
        AlterAction::RenameColumn { to, .. } => Some((Reason::Published, to, Part::Columns)),
        AlterAction::DropColumn { column, .. } => {
            let is_required =
                known(column).is_some_and(|it| it.not_null == Some(true) && matches!(it.fill, Fill::Null));
            is_required.then_some((Reason::PublishedRequired, column, Part::Columns))
        }
        AlterAction::SetType { column, ty, .. } => {
            let old = known(column)?.ty.as_ref()?;
            takes_more(old, ty).then_some((Reason::PublishedType, column, Part::Columns))
        }
        AlterAction::RenameTo { to } => Some((Reason::PublishedName, to, Part::Table)),
        _ => None,
    }
}

/// Whether `new` has values that a subscriber's column of the old type refuses. Strings of any length take all others.
fn takes_more(old: &TypeName, new: &TypeName) -> bool {
    let is_text = matches!(old.name.name.as_str(), "text" | "varchar") && old.modifiers.is_empty();
    !is_text
        && (type_change::narrows(new, old)
            || old.name.name != new.name.name && !type_change::narrows(old, new))
}

/// The first publication, by name, of a table or of all its columns.
fn publication_of(table: &Known<'_>, part: Part, effects: &Effects<'_>) -> Option<Ident> {
    let entry = table.entry?;
    let sends = |it: &Publication| !it.listed.contains(&entry.oid) || part == Part::Table;
    let publications = effects.catalog.publications_of(entry).filter(|it| sends(it));
    publications.map(|it| &it.name).min().cloned()
}

/// Adds that a new table is published at once, because all tables or those of its schema are.
pub(super) fn create(create: &CreateTable, effects: &mut Effects<'_>) {
    // A partition may be published as its root.
    let is_plain = create.persistence == Persistence::Permanent
        && create.partition_of.is_none()
        && create.kind != RelationKind::ForeignTable;
    if !is_plain || effects.catalog.publications().next().is_none() {
        return;
    }
    let name = effects.catalog.qualify(&create.name);
    let covers = |it: &Publication| {
        it.all_tables || name.schema.as_ref().is_some_and(|schema| it.schemas.contains(schema))
    };
    let publications = effects.catalog.publications().filter(|it| covers(it));
    if let Some(publication) = publications.map(|it| &it.name).min().cloned() {
        effects.push(new_table(&name, &publication));
    }
}

fn new_table(name: &Name, publication: &Ident) -> Effect {
    let effect = Effect::of(Action::Other).because(Reason::PublishedName).object(name.name.clone());
    effect.detail(publication.as_str())
}
