//! `VACUUM`, `ANALYZE`, `CLUSTER` and PostgreSQL 19's `REPACK`.
//!
//! Source: `vacuum_rel` and `expand_vacuum_rel` in `src/backend/commands/vacuum.c`, `analyze_rel` and `acquire_inherited_sample_rows` in
//! `src/backend/commands/analyze.c`, `cluster` in `src/backend/commands/cluster.c`; manual, VACUUM, ANALYZE, CLUSTER.
//! Observed by `fixtures/effects/partition.sql`.

use super::{Effects, Known, alter_table::has_rows};
use crate::{
    effect::{Action, Effect, Lock, Manner, Reason, Role, Work},
    sql::statement::{Ident, Name, RelationKind},
};

/// Adds what `VACUUM` does: each table is done in a transaction of its own.
pub(super) fn vacuum(tables: &[Name], full: bool, analyze: bool, effects: &mut Effects<'_>) {
    for (table, role) in each(tables, RelationKind::Table, Action::Vacuum, effects) {
        let is_stored = has_rows(table.relation.kind);
        let effect = if full {
            let effect = Effect::on(Action::Vacuum, &table, Lock::AccessExclusive);
            effect.work(if is_stored { &[Work::Rewrite] } else { &[] })
        } else {
            let effect = Effect::on(Action::Vacuum, &table, Lock::ShareUpdateExclusive);
            effect.work(if is_stored { &[Work::Scan] } else { &[] })
        };
        effects.push(effect.role(role).manner_if(full, Manner::Full));
        if !is_stored {
            continue;
        }
        let lock = if full { Lock::AccessExclusive } else { Lock::RowExclusive };
        for index in effects.indexes(&table) {
            effects.lock(Action::Vacuum, &index, Role::Index, lock);
        }
    }
    if analyze {
        self::analyze(tables, effects);
    }
}

/// Adds what `ANALYZE` does: a sample of each table is read. A partitioned table's own indexes are left alone.
pub(super) fn analyze(tables: &[Name], effects: &mut Effects<'_>) {
    let action = Action::Analyze;
    for (table, role) in each(tables, RelationKind::Table, action, effects) {
        effects.push(Effect::on(action, &table, Lock::ShareUpdateExclusive).role(role));
        if has_rows(table.relation.kind) {
            for index in effects.indexes(&table) {
                effects.lock(action, &index, Role::Index, Lock::AccessShare);
            }
        }
        if effects.major >= 18 || table.relation.kind == RelationKind::PartitionedTable {
            continue;
        }
        // Before 18 inheritance children are read for their parent's statistics, and get none of their own.
        for child in effects.descendants(&table) {
            effects.lock(action, &child, Role::Child, Lock::AccessShare);
        }
    }
}

/// The tables that VACUUM and ANALYZE treat: partitions with their parent, and since 18 inheritance children, too; all when none is named.
fn each<'a>(
    tables: &[Name],
    kind: RelationKind,
    action: Action,
    effects: &mut Effects<'a>,
) -> Vec<(Known<'a>, Role)> {
    if tables.is_empty() {
        let all = effects.tables_in(None);
        if all.is_empty() {
            effects.push(Effect::of(action));
        }
        return all.into_iter().map(|it| (it, Role::Subject)).collect();
    }
    let mut found = Vec::new();
    for name in tables {
        let table = effects.known(name, kind);
        // Views, indexes and sequences are skipped with a warning.
        let is_skipped = !matches!(
            table.relation.kind,
            RelationKind::Table | RelationKind::PartitionedTable | RelationKind::MaterializedView
        );
        if is_skipped {
            continue;
        }
        let spreads = effects.major >= 18 || table.relation.kind == RelationKind::PartitionedTable;
        let children = if spreads { effects.descendants(&table) } else { Vec::new() };
        found.push((table, Role::Subject));
        found.extend(children.into_iter().map(|it| (it, Role::Child)));
    }
    found
}

/// Adds what `CLUSTER` does. Without a table it repeats what earlier runs did, which is not known here.
pub(super) fn cluster(table: Option<&Name>, index: Option<&Ident>, effects: &mut Effects<'_>) {
    let action = Action::Cluster;
    let Some(table) = table else {
        effects.push(Effect::of(action).work(&[Work::Rewrite]));
        return;
    };
    let known = effects.known(table, RelationKind::Table);
    if known.relation.kind != RelationKind::PartitionedTable {
        rewrite(action, &known, Role::Subject, index, effects);
        return;
    }
    if effects.major < 15 {
        let detail =
            format!("{} is partitioned, and CLUSTER of those needs PostgreSQL 15", known.relation.name);
        effects.fails(action, Some(&known), Reason::Partitioned, "0A000", detail);
        return;
    }
    // The parent is locked to find its partitions, and let go.
    effects.lock(action, &known, Role::Subject, Lock::AccessExclusive);
    for leaf in effects.descendants(&known) {
        if has_rows(leaf.relation.kind) {
            rewrite(action, &leaf, Role::Child, index, effects);
        }
    }
}

fn rewrite(action: Action, table: &Known<'_>, role: Role, index: Option<&Ident>, effects: &mut Effects<'_>) {
    let mut effect = Effect::on(action, table, Lock::AccessExclusive).role(role).work(&[Work::Rewrite]);
    effect.object = index.cloned();
    effects.push(effect);
    let indexes = table.entry.map_or_else(Vec::new, |it| effects.all(&it.indexes));
    for index in indexes {
        effects.lock(action, &index, Role::Index, Lock::AccessExclusive);
    }
}

/// Adds what `REPACK` does, 19 and later: as VACUUM FULL and CLUSTER, or concurrently under SHARE UPDATE EXCLUSIVE until the files change
/// places. No server observed it.
pub(super) fn repack(table: Option<&Name>, concurrently: bool, effects: &mut Effects<'_>) {
    let action = Action::Repack;
    if effects.major < 19 {
        let detail = "REPACK needs PostgreSQL 19";
        effects.fails(action, None, Reason::Version, "42601", detail);
        return;
    }
    let Some(table) = table else {
        effects.push(Effect::of(action).work(&[Work::Rewrite]));
        return;
    };
    let known = effects.known(table, RelationKind::Table);
    if concurrently {
        let effect = Effect::on(action, &known, Lock::ShareUpdateExclusive).work(&[Work::Rewrite]);
        effects.push(effect.manner_if(true, Manner::Concurrently));
        let swap = Effect::on(action, &known, Lock::AccessExclusive);
        effects.push(swap.manner_if(true, Manner::Concurrently));
    } else {
        rewrite(action, &known, Role::Subject, None, effects);
    }
}
