//! What hangs on a relation: triggers, rules, policies, statistics, sequences that a column owns.
//!
//! Source: `CreateTriggerFiringOn` (`CreateTrigger` on 13), `renametrig`, `RemoveTriggerById` in `src/backend/commands/trigger.c`;
//! `DefineQueryRewrite`, `RenameRewriteRule` in `src/backend/rewrite/rewriteDefine.c`; `CreatePolicy` and its kin in
//! `src/backend/commands/policy.c`; `CreateStatistics` in `src/backend/commands/statscmds.c`. Manual, 13.3.1.
//! Observed by `fixtures/effects/objects.sql`.

use super::{Effects, Known, create_table::is_settled, exposure, rows};
use crate::{
    effect::{Action, Effect, Harm, Lock, Manner, Reason, Role},
    sql::statement::{CreateSequence, CreateTrigger, Expr, Ident, Name, RelationKind, Statement},
};

/// Adds what a statement on what hangs on a relation does; nothing for any other.
pub(super) fn predict(statement: &Statement, effects: &mut Effects<'_>) {
    match statement {
        Statement::CreateTrigger(it) => create_trigger(it, effects),
        Statement::DropTrigger { name, table, if_exists, .. } => {
            drop_trigger(name, table, *if_exists, effects);
        }
        Statement::AlterTrigger { name, table, rename_to } => {
            alter_trigger(name, table, rename_to.is_some(), effects);
        }
        Statement::CreateRule { name, table, actions, .. } => {
            exclusive(Action::CreateRule, name, table, effects);
            for action in actions {
                // What it will do is analyzed now.
                rows::predict(action, rows::Depth::Analyzed, effects);
            }
        }
        Statement::AlterRule { name, table, .. } => exclusive(Action::AlterRule, name, table, effects),
        Statement::DropRule { name, table, if_exists, .. } => {
            let known = effects.known(table, RelationKind::Table);
            let is_there = known.entry.is_some_and(|it| it.rules.contains(name));
            if !is_gone(&known, is_there, *if_exists) {
                let effect = on(Action::DropRule, &known, name, Lock::AccessExclusive);
                effects.push(effect.manner_if(*if_exists, Manner::IfExists));
            }
        }
        Statement::CreatePolicy { name, table, restrictive, writes_of_all, exprs } => {
            let known = effects.known(table, RelationKind::Table);
            let mut effect = on(Action::CreatePolicy, &known, name, Lock::AccessExclusive);
            if exposure::is_open(*restrictive, *writes_of_all, exprs) {
                effect = effect.because(Reason::AlwaysTrue);
            }
            effects.push(effect);
            read_by(exprs, Action::CreatePolicy, effects);
        }
        Statement::AlterPolicy { name, table, exprs, .. } => {
            exclusive(Action::AlterPolicy, name, table, effects);
            read_by(exprs, Action::AlterPolicy, effects);
        }
        Statement::DropPolicy { name, table, if_exists } => drop_policy(name, table, *if_exists, effects),
        Statement::CreateStatistics { name, table, .. } => {
            create_statistics(name.as_ref(), table.as_ref(), effects);
        }
        Statement::CreateSequence(it) => create_sequence(it, effects),
        _ => {}
    }
}

fn on(action: Action, table: &Known<'_>, object: &Ident, lock: Lock) -> Effect {
    Effect::on(action, table, lock).object(object.clone())
}

fn exclusive(action: Action, object: &Ident, table: &Name, effects: &mut Effects<'_>) {
    let known = effects.known(table, RelationKind::Table);
    effects.push(on(action, &known, object, Lock::AccessExclusive));
}

/// What the expressions' subqueries read is locked as their names are looked up, and not planned.
fn read_by(exprs: &[Expr], action: Action, effects: &mut Effects<'_>) {
    for expr in exprs {
        effects.named(&expr.relations, action);
    }
}

/// Whether IF EXISTS finds nothing, and so locks nothing.
fn is_gone(known: &Known<'_>, is_there: bool, if_exists: bool) -> bool {
    if_exists && known.is_complete() && !is_there
}

/// A row trigger of a partitioned table is made on every partition, too.
fn create_trigger(create: &CreateTrigger, effects: &mut Effects<'_>) {
    let table = effects.known(&create.table, RelationKind::Table);
    if create.or_replace && effects.major < 14 {
        let detail = "CREATE OR REPLACE TRIGGER needs PostgreSQL 14";
        effects.fails(Action::CreateTrigger, Some(&table), Reason::Version, "42601", detail);
        return;
    }
    let spreads = create.for_each_row && table.relation.kind == RelationKind::PartitionedTable;
    let children = if spreads { effects.descendants(&table) } else { Vec::new() };
    let plain = |known: &Known<'_>, role| {
        on(Action::CreateTrigger, known, &create.name, Lock::ShareRowExclusive)
            .role(role)
            .manner_if(create.or_replace, Manner::OrReplace)
    };
    effects.push(plain(&table, Role::Subject));
    for child in &children {
        effects.push(plain(child, Role::Child));
    }
    if let Some(from) = &create.from {
        let from = effects.known(from, RelationKind::Table);
        effects.lock(Action::CreateTrigger, &from, Role::Referenced, Lock::AccessShare);
    }
}

/// A row trigger of a partitioned table goes from every partition, too.
fn drop_trigger(name: &Ident, table: &Name, if_exists: bool, effects: &mut Effects<'_>) {
    let known = effects.known(table, RelationKind::Table);
    let trigger = known.entry.and_then(|it| it.triggers.iter().find(|it| it.name == *name));
    if is_gone(&known, trigger.is_some(), if_exists) {
        return;
    }
    let effect = on(Action::DropTrigger, &known, name, Lock::AccessExclusive);
    effects.push(effect.manner_if(if_exists, Manner::IfExists));
    if trigger.is_some_and(|it| !it.for_each_row) {
        return;
    }
    for child in partitions(&known, effects) {
        effects.push(on(Action::DropTrigger, &child, name, Lock::AccessExclusive).role(Role::Child));
    }
}

fn partitions<'a>(known: &Known<'a>, effects: &Effects<'a>) -> Vec<Known<'a>> {
    let is_partitioned = known.relation.kind == RelationKind::PartitionedTable;
    if is_partitioned { effects.descendants(known) } else { Vec::new() }
}

/// Renaming spreads to the partitions since 15. `DEPENDS ON EXTENSION` only looks the trigger up.
fn alter_trigger(name: &Ident, table: &Name, renames: bool, effects: &mut Effects<'_>) {
    let known = effects.known(table, RelationKind::Table);
    if !renames {
        effects.push(on(Action::AlterTrigger, &known, name, Lock::AccessShare));
        return;
    }
    effects.push(on(Action::AlterTrigger, &known, name, Lock::AccessExclusive));
    if effects.major >= 15 {
        for child in partitions(&known, effects) {
            effects.push(on(Action::AlterTrigger, &child, name, Lock::AccessExclusive).role(Role::Child));
        }
    }
}

fn drop_policy(name: &Ident, table: &Name, if_exists: bool, effects: &mut Effects<'_>) {
    let known = effects.known(table, RelationKind::Table);
    let is_there = known.entry.is_some_and(|it| it.policies.iter().any(|it| it.name == *name));
    if is_gone(&known, is_there, if_exists) {
        return;
    }
    let effect = on(Action::DropPolicy, &known, name, Lock::AccessExclusive);
    effects.push(effect.manner_if(if_exists, Manner::IfExists));
}

/// Before 16 the statistics must have a name.
fn create_statistics(name: Option<&Name>, table: Option<&Name>, effects: &mut Effects<'_>) {
    let action = Action::CreateStatistics;
    let known = table.map(|it| effects.known(it, RelationKind::Table));
    if name.is_none() && effects.major < 16 {
        let detail = "CREATE STATISTICS without a name needs PostgreSQL 16";
        effects.fails(action, known.as_ref(), Reason::Version, "42601", detail);
        return;
    }
    let Some(known) = known else { return };
    let mut effect = Effect::on(action, &known, Lock::ShareUpdateExclusive);
    effect.object = name.map(|it| it.name.clone());
    effects.push(effect);
}

/// The table that owns the sequence is only looked up.
fn create_sequence(create: &CreateSequence, effects: &mut Effects<'_>) {
    let action = Action::CreateSequence;
    if is_settled(action, &create.name, RelationKind::Sequence, create.if_not_exists, effects) {
        return;
    }
    if let Some((table, _)) = &create.owned_by {
        let known = effects.known(table, RelationKind::Table);
        effects.lock(action, &known, Role::Read, Lock::AccessShare);
    }
}

/// Adds that a statement makes no difference.
pub(super) fn no_effect(action: Action, because: Reason, object: Option<Ident>, effects: &mut Effects<'_>) {
    let mut effect = Effect::of(action).because(because).harm(Harm::NoEffect);
    effect.object = object;
    effects.push(effect);
}
