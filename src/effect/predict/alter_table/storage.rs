//! Actions on how a table is stored, replicated, clustered or guarded.
//!
//! Source: `ATExecClusterOn`, `ATExecReplicaIdentity`, `ATPrepSetAccessMethod`, `ATPrepChangePersistence`, `ATExecSetTableSpace`
//! in `src/backend/commands/tablecmds.c`. Observed by `fixtures/effects/storage*.sql`.

use super::Altered;
use crate::{
    catalog::ConstraintKind,
    effect::{
        Action, Effect, Harm, Lock, Reason, Role, Work,
        predict::{Effects, Known},
    },
    sql::statement::{AlterAction, Ident, Name, Persistence, RelationKind, ReplicaIdentity, RowSecurity},
};

/// Adds what an action on storage does.
pub(super) fn predict(action: &AlterAction, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    use AlterAction as A;
    match action {
        A::SwitchTrigger { enable } => switch_trigger(*enable, altered, effects),
        A::SwitchRule { .. } => effects.push(altered.on_table(Action::SwitchRule)),
        A::RowSecurity { change } => row_security(*change, altered, effects),
        A::ReplicaIdentity { identity } => replica_identity(identity, altered, effects),
        A::ClusterOn { index } => {
            effects.push(altered.on_table(Action::ClusterOn).object(index.clone()));
            lock_index(Action::ClusterOn, index, altered.lock, altered, effects);
        }
        A::SetWithoutCluster => effects.push(altered.on_table(Action::SetWithoutCluster)),
        A::SetLogged => set_persistence(Action::SetLogged, Persistence::Permanent, altered, effects),
        A::SetUnlogged => set_persistence(Action::SetUnlogged, Persistence::Unlogged, altered, effects),
        A::SetTablespace { tablespace } => set_tablespace(tablespace, altered, effects),
        A::SetAccessMethod { method } => set_access_method(method.as_ref(), altered, effects),
        A::SetOptions { options } => {
            let names: Vec<&str> = options.iter().map(|(name, _)| name.as_str()).collect();
            if altered.table.relation.kind == RelationKind::PartitionedTable {
                let sqlstate = if effects.major < 16 { "22023" } else { "42809" };
                let detail = "a partitioned table has no storage parameters: set them on each partition";
                effects.fails(
                    Action::SetOptions,
                    Some(&altered.table),
                    Reason::Partitioned,
                    sqlstate,
                    detail,
                );
                return;
            }
            effects.push(altered.on_table(Action::SetOptions).detail(names.join(", ")));
        }
        A::ResetOptions { .. } => effects.push(altered.on_table(Action::ResetOptions)),
        A::OfType { ty } => {
            effects.push(altered.on_table(Action::OfType));
            let composite = effects.known(ty, RelationKind::CompositeType);
            effects.lock(Action::OfType, &composite, Role::Read, Lock::AccessShare);
        }
        A::NotOf => effects.push(altered.on_table(Action::NotOfType)),
        _ => effects.push(altered.on_table(Action::AlterOther)),
    }
}

/// Partitions follow for the triggers that they have from the partitioned table: row triggers, and since 15 those of foreign keys.
/// Inheritance children do not.
fn switch_trigger(enable: bool, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let action = if enable { Action::EnableTrigger } else { Action::DisableTrigger };
    let effect = altered.on_table(action);
    let is_partitioned = altered.table.relation.kind == RelationKind::PartitionedTable;
    if is_partitioned && has_triggers_of_partitions(altered, effects) {
        altered.spread(&effect, effects);
    } else {
        effects.push(effect);
    }
}

fn has_triggers_of_partitions(altered: &Altered<'_, '_>, effects: &Effects<'_>) -> bool {
    let Some(entry) = altered.table.entry.filter(|it| it.complete) else { return true };
    let has_key = entry.constraints.iter().any(|it| matches!(it.kind, ConstraintKind::ForeignKey { .. }));
    let has_row_trigger = entry.triggers.iter().any(|it| it.for_each_row);
    has_row_trigger || effects.major >= 15 && (has_key || !entry.referenced_by.is_empty())
}

fn row_security(change: RowSecurity, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let mut effect = altered.on_table(Action::RowSecurity);
    let has_policies = altered.table.entry.is_none_or(|it| !it.complete || !it.policies.is_empty());
    if change == RowSecurity::Enable && !has_policies {
        // Without a policy every row is hidden from everyone but the owner.
        effect = effect.harm(Harm::BreaksReaders);
    }
    if change == RowSecurity::Disable {
        effect = effect.because(Reason::RowSecurityOff);
    }
    effects.push(effect);
}

fn replica_identity(identity: &ReplicaIdentity, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let mut effect = altered.on_table(Action::ReplicaIdentity);
    match identity {
        ReplicaIdentity::Nothing => {
            // UPDATE and DELETE of a published table fail from then on.
            effect = effect.because(Reason::NoReplicaIdentity).harm(Harm::BreaksWriters);
        }
        ReplicaIdentity::Index(index) => {
            lock_index(Action::ReplicaIdentity, index, Lock::Share, altered, effects);
        }
        ReplicaIdentity::Default | ReplicaIdentity::Full => {}
    }
    effects.push(effect);
}

fn lock_index(
    action: Action,
    index: &Ident,
    lock: Lock,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    let name = Name { schema: altered.table.relation.name.schema.clone(), name: index.clone() };
    let index = effects.known(&name, RelationKind::Index);
    effects.lock(action, &index, Role::Index, lock);
}

/// Since 15 the sequences that the table's columns own follow it.
fn set_persistence(
    action: Action,
    wanted: Persistence,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    let effect = altered.on_table(action);
    if altered.table.relation.kind == RelationKind::PartitionedTable && effects.major >= 18 {
        let detail = "a partitioned table is neither logged nor unlogged: change each partition";
        effects.fails(action, Some(&altered.table), Reason::Partitioned, "42809", detail);
        return;
    }
    if altered.table.entry.is_some_and(|it| it.complete && it.persistence == wanted) {
        effects.push(effect);
        return;
    }
    let effect = if action == Action::SetUnlogged { effect.harm(Harm::LosesData) } else { effect };
    super::rewrite(&effect, &altered.table, Role::Subject, effects);
    if effects.major >= 15
        && let Some(entry) = altered.table.entry
    {
        for sequence in effects.all(&entry.sequences) {
            effects.push(Effect::on(action, &sequence, Lock::AccessExclusive).role(Role::Sequence));
        }
    }
}

fn set_tablespace(tablespace: &Ident, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let effect = altered.on_table(Action::SetTablespace).object(tablespace.clone());
    let stays = altered.table.entry.is_some_and(|it| {
        it.complete && it.tablespace.as_deref().unwrap_or("pg_default") == tablespace.as_str()
    });
    if stays || !super::has_rows(altered.table.relation.kind) {
        effects.push(effect);
    } else {
        // The files are copied block by block: no row is read, but all of them are written.
        effects.push(effect.work(&[Work::Rewrite]));
    }
}

/// 15 and later. The same access method is no work.
fn set_access_method(method: Option<&Ident>, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    if altered.table.relation.kind == RelationKind::PartitionedTable && effects.major < 17 {
        let detail = "a partitioned table has no access method before PostgreSQL 17";
        effects.fails(Action::SetAccessMethod, Some(&altered.table), Reason::Partitioned, "42809", detail);
        return;
    }
    let wanted = method.map_or("heap", |it| it.as_str());
    let effect = altered.on_table(Action::SetAccessMethod).detail(wanted.to_owned());
    let stays: fn(&Known<'_>, &str) -> bool = |table, wanted| {
        table.entry.is_some_and(|it| it.complete && it.access_method.as_deref().unwrap_or("heap") == wanted)
    };
    if stays(&altered.table, wanted) {
        effects.push(effect);
    } else {
        super::rewrite(&effect, &altered.table, Role::Subject, effects);
    }
}
