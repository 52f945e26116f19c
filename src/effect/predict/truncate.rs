//! `TRUNCATE`: every table that goes empty is locked ACCESS EXCLUSIVE, and with CASCADE every table that refers to it.
//!
//! Source: `ExecuteTruncate` and `truncate_check_rel` in `src/backend/commands/tablecmds.c`, `heap_truncate_check_FKs` and
//! `heap_truncate_find_FKs` in `src/backend/catalog/heap.c`; manual, TRUNCATE. Observed by `fixtures/effects/table.sql`.

use super::{Effects, Known};
use crate::{
    effect::{Action, Effect, Harm, Lock, Manner, Reason, Role},
    sql::statement::{RelationKind, RelationRef},
};

const ACTION: Action = Action::Truncate;

/// Adds what `TRUNCATE` does.
pub(super) fn predict(tables: &[RelationRef], cascade: bool, restart: bool, effects: &mut Effects<'_>) {
    let mut emptied: Vec<(Known<'_>, Role)> = Vec::new();
    for table in tables {
        let known = effects.known(&table.name, RelationKind::Table);
        if is_refused(&known, table.only, effects) {
            return;
        }
        add(known.clone(), Role::Subject, &mut emptied);
        if !table.only {
            for child in effects.descendants(&known) {
                add(child, Role::Child, &mut emptied);
            }
        }
    }
    let mut n_done = 0;
    while let Some((table, _)) = emptied.get(n_done).cloned() {
        n_done += 1;
        for other in referencing(&table, effects) {
            if contains(&emptied, &other) {
                continue;
            }
            if !cascade {
                let detail = format!(
                    "cannot truncate {} because a foreign key of {} refers to it",
                    table.relation.name, other.relation.name
                );
                effects.fails(ACTION, Some(&table), Reason::DependedOn, "0A000", detail);
                return;
            }
            add(other, Role::Referencing, &mut emptied);
        }
    }
    for (table, role) in &emptied {
        report(table, *role, cascade, restart, effects);
    }
    if effects.major == 13 {
        // 13 reads a partition's bound from its parents (`InitResultRelInfo`).
        for (table, _) in emptied.iter().filter(|(it, _)| it.entry.is_some_and(|it| it.is_partition())) {
            for parent in effects.ancestors(table) {
                effects.lock(ACTION, &parent, Role::Parent, Lock::AccessShare);
            }
        }
    }
}

fn contains(emptied: &[(Known<'_>, Role)], known: &Known<'_>) -> bool {
    emptied.iter().any(|(it, _)| it.relation.name == known.relation.name)
}

fn add<'a>(known: Known<'a>, role: Role, emptied: &mut Vec<(Known<'a>, Role)>) {
    if !contains(emptied, &known) {
        emptied.push((known, role));
    }
}

/// The tables that refer to it, or to the partitioned tables above it.
fn referencing<'a>(table: &Known<'a>, effects: &Effects<'a>) -> Vec<Known<'a>> {
    let mut found = effects.referencing(table);
    if table.entry.is_some_and(|it| it.is_partition()) {
        for ancestor in effects.ancestors(table) {
            found.extend(effects.referencing(&ancestor));
        }
    }
    found
}

fn is_refused(table: &Known<'_>, only: bool, effects: &mut Effects<'_>) -> bool {
    let name = &table.relation.name;
    let detail = match table.relation.kind {
        RelationKind::PartitionedTable if only => {
            format!("{name} is partitioned, so TRUNCATE ONLY has nothing to empty")
        }
        RelationKind::Table | RelationKind::PartitionedTable => return false,
        // Since 14 a foreign table may be emptied, if its wrapper can do that.
        RelationKind::ForeignTable if effects.major >= 14 => return false,
        _ if !table.is_made() => return false,
        _ => format!("{name} is not a table"),
    };
    let because = if only { Reason::Partitioned } else { Reason::WrongKind };
    effects.fails(ACTION, Some(table), because, "42809", detail);
    true
}

fn report(table: &Known<'_>, role: Role, cascade: bool, restart: bool, effects: &mut Effects<'_>) {
    let mut effect = Effect::on(ACTION, table, Lock::AccessExclusive)
        .role(role)
        .harm(Harm::LosesData)
        .harm(Harm::BreaksReaders)
        .manner_if(cascade, Manner::Cascade)
        .manner_if(restart, Manner::Restart);
    if role == Role::Referencing {
        effect = effect.because(Reason::Cascade);
    }
    effects.push(effect);
    let Some(entry) = table.entry else { return };
    // A partitioned table's indexes are not opened: they have no file to empty.
    if table.relation.kind != RelationKind::PartitionedTable {
        for index in effects.all(&entry.indexes) {
            effects.lock(ACTION, &index, Role::Index, Lock::AccessExclusive);
        }
    }
    if restart {
        for sequence in effects.all(&entry.sequences) {
            effects.lock(ACTION, &sequence, Role::Sequence, Lock::AccessExclusive);
        }
    }
}
