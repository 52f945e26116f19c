//! `CREATE INDEX`: one pass over the table under SHARE, or two under SHARE UPDATE EXCLUSIVE.
//!
//! No other index of the table is locked. On a partitioned table every partition is locked, and every leaf gets an index of its own.
//! Source: `DefineIndex` in `src/backend/commands/indexcmds.c`; manual, CREATE INDEX, Building Indexes Concurrently.
//! Observed by `fixtures/effects/index.sql`.

use super::{Effects, Known, alter_table::has_rows, immutable};
use crate::{
    catalog::{Index, Oid},
    effect::{Action, Effect, Harm, IndexKey, Lock, Manner, Reason, Role, Work},
    sql::statement::{CreateIndex, Ident, Name, RelationKind},
};

const ACTION: Action = Action::CreateIndex;

/// Adds what `create` does.
pub(super) fn predict(create: &CreateIndex, effects: &mut Effects<'_>) {
    let table = effects.known(&create.table, RelationKind::Table);
    if is_refused(create, &table, effects) {
        return;
    }
    let lock = if create.concurrently { Lock::ShareUpdateExclusive } else { Lock::Share };
    let object = create.name.clone().unwrap_or_else(|| described(create));
    let plain = |known: &Known<'_>| {
        Effect::on(ACTION, known, lock)
            .object(object.clone())
            .manner_if(create.concurrently, Manner::Concurrently)
            .manner_if(create.unique, Manner::Unique)
            .manner_if(create.if_not_exists, Manner::IfNotExists)
    };
    let existing = namesake(create, &table, effects);
    if create.if_not_exists && existing.is_some() {
        let effect = plain(&table).harm(Harm::NoEffect);
        let because = if create.concurrently { Reason::MayBeInvalid } else { Reason::Duplicate };
        effects.push(effect.because(because));
        for partition in partitions(create, &table, effects) {
            effects.push(plain(&partition).role(Role::Child));
        }
        return;
    }
    let built = |known: &Known<'_>, role: Role| {
        let effect = plain(known).role(role);
        if !has_rows(known.relation.kind) {
            return effect;
        }
        let effect = effect.work(&[Work::Scan, Work::BuildIndex]).key(IndexKey::of(create));
        if create.unique { effect.harm(Harm::MayFail).harm(Harm::BreaksWriters) } else { effect }
    };
    let mut effect = built(&table, Role::Subject);
    if create.concurrently && create.if_not_exists {
        effect = effect.because(Reason::MayBeInvalid);
    }
    effects.push(effect);
    if create.concurrently && effects.catalog.session.lock_timeout_ms().is_some() {
        effects.push(plain(&table).because(Reason::LockTimeout).harm(Harm::MayFail));
    }
    for partition in partitions(create, &table, effects) {
        match adopted(create, &partition, effects) {
            Some(index) => {
                effects.push(plain(&partition).role(Role::Child));
                effects.push(plain(&index).role(Role::Index));
            }
            None => effects.push(built(&partition, Role::Child)),
        }
    }
}

/// The partitions to which the index spreads, and theirs.
fn partitions<'a>(create: &CreateIndex, table: &Known<'a>, effects: &Effects<'a>) -> Vec<Known<'a>> {
    let spreads = table.relation.kind == RelationKind::PartitionedTable && !create.only;
    if spreads { effects.descendants(table) } else { Vec::new() }
}

/// An index of the partition that does the same, and so is attached instead of built.
fn adopted<'a>(create: &CreateIndex, partition: &Known<'a>, effects: &Effects<'a>) -> Option<Known<'a>> {
    let wanted = planned(create, partition.entry?.oid);
    effects.indexes(partition).into_iter().find(|it| {
        it.entry.is_some_and(|it| {
            it.parents.is_empty() && it.index.as_ref().is_some_and(|it| it.is_like(&wanted))
        })
    })
}

/// The index as the catalog would have it.
fn planned(create: &CreateIndex, table: Oid) -> Index {
    let parts = || create.expressions.iter().chain(&create.predicate);
    Index {
        table,
        unique: create.unique,
        valid: true,
        method: create.method.clone(),
        columns: create.columns.clone(),
        include: create.include.clone(),
        expression_columns: parts().flat_map(|it| it.columns.iter().cloned()).collect(),
        functions: parts().flat_map(|it| it.functions.iter().cloned()).collect(),
        partial: create.predicate.is_some(),
        of_constraint: false,
        special: create.special,
    }
}

/// What to call an index that PostgreSQL names.
fn described(create: &CreateIndex) -> Ident {
    let columns: Vec<&str> = create.columns.iter().map(|it| it.as_deref().unwrap_or("expression")).collect();
    format!("the index on {}", columns.join(", ")).into()
}

/// The relation that has the new index's name already: indexes are in their table's schema.
fn namesake<'a>(create: &CreateIndex, table: &Known<'_>, effects: &Effects<'a>) -> Option<Known<'a>> {
    let name = Name { schema: table.relation.name.schema.clone(), name: create.name.clone()? };
    effects.catalog.find(&name).map(|it| effects.entry(it))
}

/// Whether the statement is certain to fail; then that is said.
fn is_refused(create: &CreateIndex, table: &Known<'_>, effects: &mut Effects<'_>) -> bool {
    let name = &table.relation.name;
    let kind = table.relation.kind;
    if kind == RelationKind::PartitionedTable && create.concurrently {
        let detail = format!("{name} is partitioned, so its index cannot be built concurrently");
        effects.fails(ACTION, Some(table), Reason::Partitioned, "0A000", detail);
        return true;
    }
    let fits =
        matches!(kind, RelationKind::Table | RelationKind::PartitionedTable | RelationKind::MaterializedView);
    if !fits && (table.is_made() || kind == RelationKind::View) {
        let detail = format!("{name} is not a table or materialized view");
        effects.fails(ACTION, Some(table), Reason::WrongKind, "42809", detail);
        return true;
    }
    if create.unique
        && let Some(missing) =
            table.entry.and_then(|it| it.partitioning.as_ref()).and_then(|it| it.beyond(&create.columns))
    {
        effects.fails(ACTION, Some(table), Reason::Partitioned, "0A000", missing);
        return true;
    }
    if let Some(refusal) = immutable::of_index(create, effects) {
        immutable::refuse(ACTION, Some(table), refusal, effects);
        return true;
    }
    if !create.if_not_exists
        && let Some(existing) = namesake(create, table, effects)
        && existing.is_made()
    {
        let detail = format!("relation {} already exists", existing.relation.name);
        effects.fails(ACTION, Some(table), Reason::Duplicate, "42P07", detail);
        return true;
    }
    false
}
