//! `REINDEX`: every index is built again under ACCESS EXCLUSIVE on itself and SHARE on its table.
//!
//! Concurrently, a copy is built under SHARE UPDATE EXCLUSIVE on the table; the old index is locked ACCESS EXCLUSIVE only to be removed,
//! when nobody can be using it any more. A query of the table waits for the index's lock as well, because the planner opens every index.
//! Source: `ReindexIndex`, `ReindexTable`, `ReindexPartitions`, `ReindexRelationConcurrently` in `src/backend/commands/indexcmds.c`,
//! `reindex_index` in `src/backend/catalog/index.c`; manual, REINDEX. Observed by `fixtures/effects/index.sql`.

use super::{Effects, Known, alter_table::has_rows};
use crate::{
    effect::{Action, Effect, Lock, Manner, Reason, Role, Work},
    sql::statement::{ReindexTarget, RelationKind},
};

const ACTION: Action = Action::Reindex;

/// Adds what `REINDEX` does.
pub(super) fn predict(target: &ReindexTarget, concurrently: bool, effects: &mut Effects<'_>) {
    match target {
        ReindexTarget::Index(name) => {
            let index = effects.known(name, RelationKind::Index);
            reindex_index(&index, concurrently, effects);
        }
        ReindexTarget::Table(name) => {
            let table = effects.known(name, RelationKind::Table);
            reindex_table(&table, concurrently, effects);
        }
        ReindexTarget::Schema(schema) => {
            reindex_each(&effects.tables_in(Some(schema)), concurrently, effects);
        }
        ReindexTarget::Database(_) => reindex_each(&effects.tables_in(None), concurrently, effects),
        ReindexTarget::System(_) => effects.push(Effect::of(ACTION)),
    }
}

fn reindex_index<'a>(index: &Known<'a>, concurrently: bool, effects: &mut Effects<'a>) {
    let name = &index.relation.name;
    if index.is_made() && !is_index(index) {
        let detail = format!("{name} is not an index");
        effects.fails(ACTION, Some(index), Reason::WrongKind, "42809", detail);
        return;
    }
    if index.relation.kind != RelationKind::PartitionedIndex {
        reindex_one(index, Role::Subject, concurrently, effects);
        return;
    }
    if effects.major < 14 {
        let detail = format!("{name} is partitioned, and REINDEX of those needs PostgreSQL 14");
        effects.fails(ACTION, Some(index), Reason::Partitioned, "0A000", detail);
        return;
    }
    let (on_index, on_table) = if concurrently {
        (Lock::ShareUpdateExclusive, Lock::ShareUpdateExclusive)
    } else {
        (Lock::AccessExclusive, Lock::Share)
    };
    for table in
        index.entry.and_then(|it| it.index.as_ref()).map_or_else(Vec::new, |it| effects.all(&[it.table]))
    {
        effects.push(locked(&table, Role::Subject, on_table));
    }
    effects.push(locked(index, Role::Index, on_index));
    for member in effects.descendants(index) {
        effects.push(locked(&member, Role::Index, Lock::Share));
        if member.relation.kind == RelationKind::Index {
            reindex_one(&member, Role::Child, concurrently, effects);
        }
    }
}

/// A lock for a moment: the whole tree is locked SHARE to find its members, in a transaction of its own and also concurrently
/// (`ReindexPartitions`).
fn locked(known: &Known<'_>, role: Role, lock: Lock) -> Effect {
    Effect::on(ACTION, known, lock).role(role)
}

fn is_index(known: &Known<'_>) -> bool {
    matches!(known.relation.kind, RelationKind::Index | RelationKind::PartitionedIndex)
}

/// One index and its table.
fn reindex_one<'a>(index: &Known<'a>, role: Role, concurrently: bool, effects: &mut Effects<'a>) {
    let tables = index.entry.and_then(|it| it.index.as_ref()).map(|it| effects.all(&[it.table]));
    for table in tables.unwrap_or_default() {
        effects.push(on_table(&table, role, concurrently).object(index.relation.name.name.clone()));
    }
    push_index(index, concurrently, effects);
}

fn reindex_table<'a>(table: &Known<'a>, concurrently: bool, effects: &mut Effects<'a>) {
    let fits = matches!(table.relation.kind, RelationKind::Table | RelationKind::MaterializedView);
    if table.relation.kind == RelationKind::PartitionedTable {
        if effects.major < 14 {
            // Before 14 there is only a warning.
            let lock = if concurrently { Lock::ShareUpdateExclusive } else { Lock::Share };
            effects.lock(ACTION, table, Role::Subject, lock);
            return;
        }
        let lock = if concurrently { Lock::ShareUpdateExclusive } else { Lock::Share };
        effects.push(locked(table, Role::Subject, lock));
        for member in effects.descendants(table) {
            effects.push(locked(&member, Role::Child, Lock::Share));
            if has_rows(member.relation.kind) {
                reindex_whole(&member, Role::Child, concurrently, effects);
            }
        }
    } else if fits || !table.is_made() {
        reindex_whole(table, Role::Subject, concurrently, effects);
    } else {
        let detail = format!("{} is not a table or materialized view", table.relation.name);
        effects.fails(ACTION, Some(table), Reason::WrongKind, "42809", detail);
    }
}

fn reindex_each<'a>(tables: &[Known<'a>], concurrently: bool, effects: &mut Effects<'a>) {
    if tables.is_empty() {
        effects.push(Effect::of(ACTION).work(&[Work::Scan, Work::BuildIndex]));
    }
    for table in tables.iter().filter(|it| has_rows(it.relation.kind)) {
        reindex_whole(table, Role::Subject, concurrently, effects);
    }
}

/// A table with all its indexes. One that is known to have none is locked for a moment.
fn reindex_whole<'a>(table: &Known<'a>, role: Role, concurrently: bool, effects: &mut Effects<'a>) {
    let mut indexes = effects.indexes(table);
    let had_any = !indexes.is_empty();
    // Concurrently, an invalid index is left alone.
    indexes
        .retain(|it| !concurrently || it.entry.is_none_or(|it| it.index.as_ref().is_none_or(|it| it.valid)));
    let mut effect = on_table(table, role, concurrently);
    if indexes.is_empty() && (table.is_made() || had_any) {
        effect.work = crate::effect::WorkSet::NONE;
    }
    effects.push(effect);
    for index in &indexes {
        push_index(index, concurrently, effects);
    }
}

fn on_table(table: &Known<'_>, role: Role, concurrently: bool) -> Effect {
    let lock = if concurrently { Lock::ShareUpdateExclusive } else { Lock::Share };
    Effect::on(ACTION, table, lock)
        .role(role)
        .work(&[Work::Scan, Work::BuildIndex])
        .manner_if(concurrently, Manner::Concurrently)
}

fn push_index(index: &Known<'_>, concurrently: bool, effects: &mut Effects<'_>) {
    let lock = if concurrently { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive };
    let effect = Effect::on(ACTION, index, lock).role(Role::Index).work(&[Work::BuildIndex]);
    effects.push(effect.manner_if(concurrently, Manner::Concurrently));
    if concurrently {
        let removed = Effect::on(ACTION, index, Lock::AccessExclusive).role(Role::Index);
        effects.push(removed.manner_if(true, Manner::Concurrently));
    }
}

impl<'a> Effects<'a> {
    /// The tables and materialized views of a schema, or of all, by name.
    pub(super) fn tables_in(&self, schema: Option<&str>) -> Vec<Known<'a>> {
        let mut tables: Vec<Known<'a>> = self
            .catalog
            .relations()
            .filter(|it| schema.is_none_or(|schema| it.name.schema.as_deref() == Some(schema)))
            .filter(|it| {
                matches!(
                    it.kind,
                    RelationKind::Table | RelationKind::PartitionedTable | RelationKind::MaterializedView
                )
            })
            .map(|it| self.entry(it))
            .collect();
        tables.sort_by(|a, b| a.relation.name.cmp(&b.relation.name));
        tables
    }
}
