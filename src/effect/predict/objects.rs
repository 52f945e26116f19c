//! Objects that are not relations: what dropping, commenting and granting locks, and what cannot be seen of it.
//!
//! Source: `RemoveObjects` in `src/backend/commands/dropcmds.c`, `get_object_address` in `src/backend/catalog/objectaddress.c`,
//! `CommentObject` in `src/backend/commands/comment.c`, `ExecGrant_Relation` in `src/backend/catalog/aclchk.c`.
//! Observed by `fixtures/effects/objects.sql`.

use std::slice;

use super::{
    Effects, Known,
    drop::{Dropped, drop_all},
    exposure, types,
};
use crate::{
    catalog::{ConstraintKind, Trigger},
    effect::{Action, Effect, Harm, Lock, Manner, Reason, Role},
    sql::statement::{AlterObject, DropObject, Grant, Ident, Name, ObjectKind, RelationKind, Statement},
};

/// Adds what a statement on such objects does; nothing for any other.
pub(super) fn predict(statement: &Statement, effects: &mut Effects<'_>) {
    match statement {
        Statement::DropObject(it) => drop_object(it, effects),
        Statement::DropOwned { cascade } => {
            let effect = Effect::of(Action::DropOwned).harm(Harm::LosesData).harm(Harm::BreaksReaders);
            effects.push(effect.manner_if(*cascade, Manner::Cascade).object("what the role owns"));
        }
        Statement::ReassignOwned => effects.push(Effect::of(Action::ReassignOwned)),
        Statement::Comment { kind, name, on_table } => {
            comment(*kind, name.as_ref(), on_table.as_ref(), effects);
        }
        Statement::Grant(it) => grant(it, effects),
        Statement::AlterDefaultPrivileges { revoke, public } => {
            let mut effect = Effect::of(if *revoke { Action::Revoke } else { Action::Grant });
            effect.because = (*public && !revoke).then_some(Reason::ToEveryone);
            effects.push(effect.object("what is made later"));
        }
        Statement::CreateFunction(it) => exposure::create_function(it, effects),
        Statement::CreateExtension { name, .. } => effects.push(named(Action::CreateExtension, name)),
        Statement::AlterExtension { name, .. } => effects.push(named(Action::AlterExtension, name)),
        Statement::CreateSubscription { name, .. } => effects.push(named(Action::CreateSubscription, name)),
        Statement::AlterSubscription { name } => effects.push(named(Action::AlterSubscription, name)),
        Statement::CreateDatabase { name } => effects.push(named(Action::CreateDatabase, name)),
        Statement::AlterDatabase { name, action } => {
            effects.push(renamed(named(Action::AlterDatabase, name), action));
        }
        Statement::AlterObject { kind, name, action } => alter(*kind, name, action, effects),
        Statement::AlterSystem { setting } => {
            let mut effect = Effect::of(Action::AlterSystem);
            effect.object.clone_from(setting);
            effects.push(effect);
        }
        Statement::Role { action, name, options } => {
            exposure::role(action, name.as_ref(), options, effects);
        }
        Statement::CreateType { name, .. } => effects.push(named(Action::CreateType, &name.name)),
        Statement::CreateDomain { name, .. } => effects.push(named(Action::CreateDomain, &name.name)),
        _ => {}
    }
}

fn named(action: Action, name: &Ident) -> Effect {
    Effect::of(action).object(name.clone())
}

/// The effect, and that whoever uses the old name fails.
fn renamed(effect: Effect, action: &AlterObject) -> Effect {
    match action {
        AlterObject::RenameTo(_) | AlterObject::SetSchema(_) => effect.harm(Harm::BreaksReaders),
        AlterObject::OwnerTo | AlterObject::SetTablespace | AlterObject::Other => effect,
    }
}

/// Statistics are locked by way of their table, which is not known here; nothing else is a relation.
fn alter(_kind: ObjectKind, name: &Name, action: &AlterObject, effects: &mut Effects<'_>) {
    effects.push(renamed(named(Action::AlterObject, &name.name), action));
}

fn drop_object(drop: &DropObject, effects: &mut Effects<'_>) {
    match drop.kind {
        ObjectKind::Schema => drop.names.iter().for_each(|it| drop_schema(&it.name, drop, effects)),
        ObjectKind::Type | ObjectKind::Domain => {
            types::drop_types(&drop.names, drop.cascade, drop.if_exists, effects);
        }
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => {
            drop.names.iter().for_each(|it| drop_function(it, drop, effects));
        }
        ObjectKind::Collation => {
            drop.names.iter().for_each(|it| types::drop_collation(it, drop.cascade, effects));
        }
        ObjectKind::Statistics => drop.names.iter().for_each(|it| drop_statistics(it, drop, effects)),
        ObjectKind::Database => {
            let harm = |it: Effect| it.harm(Harm::LosesData).harm(Harm::BreaksReaders);
            drop.names.iter().for_each(|it| effects.push(harm(named(Action::DropDatabase, &it.name))));
        }
        ObjectKind::Extension => {
            drop.names.iter().for_each(|it| effects.push(dropped(Action::DropExtension, it, drop)));
        }
        _ => drop.names.iter().for_each(|it| effects.push(dropped(Action::DropObject, it, drop))),
    }
}

/// The table is locked as for making them.
fn drop_statistics(name: &Name, drop: &DropObject, effects: &mut Effects<'_>) {
    let qualified = effects.catalog.qualify(name);
    let table = effects.catalog.relations().find(|it| it.statistics.contains(&qualified));
    match table.map(|it| effects.entry(it)) {
        Some(table) => {
            let effect = Effect::on(Action::DropObject, &table, Lock::ShareUpdateExclusive);
            effects.push(effect.object(name.name.clone()));
        }
        None => effects.push(dropped(Action::DropObject, name, drop)),
    }
}

fn dropped(action: Action, name: &Name, drop: &DropObject) -> Effect {
    named(action, &name.name)
        .harm(Harm::BreaksReaders)
        .manner_if(drop.cascade, Manner::Cascade)
        .manner_if(drop.if_exists, Manner::IfExists)
}

/// All that the schema holds, as far as it is known, goes like tables that are dropped together.
fn drop_schema(schema: &Ident, drop: &DropObject, effects: &mut Effects<'_>) {
    let action = Action::DropSchema;
    let mut seeds: Vec<Known<'_>> = effects
        .catalog
        .relations()
        .filter(|it| it.name.schema.as_ref() == Some(schema))
        .filter(|it| !matches!(it.kind, RelationKind::Index | RelationKind::PartitionedIndex))
        .map(|it| effects.entry(it))
        .collect();
    seeds.sort_by(|a, b| a.relation.name.cmp(&b.relation.name));
    if !drop.cascade
        && let Some(first) = seeds.iter().find(|it| it.is_made())
    {
        let detail = format!("cannot drop schema {schema} because {} depends on it", first.relation.name);
        effects.fails(action, Some(first), Reason::DependedOn, "2BP01", detail);
        return;
    }
    let effect = dropped(action, &Name::bare(schema.clone()), drop);
    effects.push(if drop.cascade { effect.harm(Harm::LosesData) } else { effect });
    if drop.cascade {
        let is_in = |it: &Name| it.schema.as_ref() == Some(schema);
        let mut types: Vec<Name> = effects.catalog.types().map(|it| it.name.clone()).filter(is_in).collect();
        types.sort();
        types.retain(|it| !is_in_use_inside(it, schema, effects));
        types::drop_types(&types, true, false, effects);
        drop_all(&seeds, Dropped { action, cascade: true, if_exists: drop.if_exists }, effects);
    }
}

/// Whether all users of a type go with the schema anyway.
fn is_in_use_inside(ty: &Name, schema: &Ident, effects: &Effects<'_>) -> bool {
    types::users(ty, effects).iter().all(|it| it.relation.name.schema.as_ref() == Some(schema))
}

/// CASCADE takes the CHECK constraints, defaults, indexes and triggers that call the function; views that do are not known here.
fn drop_function(name: &Name, drop: &DropObject, effects: &mut Effects<'_>) {
    let action = Action::DropFunction;
    let callers = callers(name, effects);
    if !drop.cascade
        && let Some((table, _)) = callers.first()
    {
        let detail = format!("cannot drop function {name} because {} depends on it", table.relation.name);
        effects.fails(action, Some(table), Reason::DependedOn, "2BP01", detail);
        return;
    }
    effects.push(dropped(action, name, drop));
    for (table, index) in callers {
        let effect = Effect::on(action, &table, Lock::AccessExclusive).role(Role::Dependent);
        effects.push(effect.because(Reason::Cascade));
        if let Some(index) = index {
            effects.lock(action, &index, Role::Index, Lock::AccessExclusive);
        }
    }
}

/// The tables whose constraints, defaults, triggers or indexes call a function that the history made.
fn callers<'a>(name: &Name, effects: &Effects<'a>) -> Vec<(Known<'a>, Option<Known<'a>>)> {
    if effects.catalog.find_functions(name).is_empty() {
        return Vec::new();
    }
    let calls = |functions: &[Name]| {
        functions.iter().any(|it| it.name == name.name && (it.schema.is_none() || it.schema == name.schema))
    };
    let mut found = Vec::new();
    for relation in effects.catalog.may_mention(&name.name) {
        let runs = |it: &Trigger| it.function.as_ref().is_some_and(|it| calls(slice::from_ref(it)));
        let in_column = relation.columns.iter().any(|it| calls(&it.calls));
        let in_trigger = relation.triggers.iter().any(runs);
        let in_constraint = relation.constraints.iter().any(|it| match &it.kind {
            ConstraintKind::Check { functions, .. } => calls(functions),
            _ => false,
        });
        if in_constraint || in_column || in_trigger {
            let known = effects.entry(relation);
            if in_trigger && relation.is_partitioned() {
                found.extend(effects.descendants(&known).into_iter().map(|it| (it, None)));
            }
            found.push((known, None));
        }
        if let Some(index) = relation.index.as_ref().filter(|it| calls(&it.functions))
            && let Some(table) = effects.catalog.relation(index.table)
        {
            found.push((effects.entry(table), Some(effects.entry(relation))));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.relation.name.cmp(&b.relation.name));
    found
}

/// A relation and its columns are commented under SHARE UPDATE EXCLUSIVE; what hangs on a table is looked up under ACCESS SHARE.
fn comment(kind: ObjectKind, name: Option<&Name>, on_table: Option<&Name>, effects: &mut Effects<'_>) {
    let action = Action::Comment;
    let whole = match kind {
        ObjectKind::Table => Some(RelationKind::Table),
        ObjectKind::View => Some(RelationKind::View),
        ObjectKind::MaterializedView => Some(RelationKind::MaterializedView),
        ObjectKind::Sequence => Some(RelationKind::Sequence),
        ObjectKind::Index => Some(RelationKind::Index),
        _ => None,
    };
    if let (Some(kind), Some(name)) = (whole, name) {
        let known = effects.known(name, kind);
        effects.lock(action, &known, Role::Subject, Lock::ShareUpdateExclusive);
        return;
    }
    let Some(table) = on_table else {
        effects.push(Effect::of(action));
        return;
    };
    let known = match effects.catalog.find(table) {
        None if effects.catalog.find_type(table).is_some() => effects.composite(table),
        _ => effects.known(table, RelationKind::Table),
    };
    let lock = if kind == ObjectKind::Column { Lock::ShareUpdateExclusive } else { Lock::AccessShare };
    effects.lock(action, &known, Role::Subject, lock);
}

/// Since 18 the relations that are named are locked while their privileges change; those of a whole schema are not.
fn grant(grant: &Grant, effects: &mut Effects<'_>) {
    let action = if grant.revoke { Action::Revoke } else { Action::Grant };
    let plain = |mut it: Effect| {
        it.because = exposure::of_grant(grant);
        if grant.revoke { it.harm(Harm::BreaksReaders) } else { it }
    };
    let kind = match grant.on {
        ObjectKind::Table => Some(RelationKind::Table),
        ObjectKind::Sequence => Some(RelationKind::Sequence),
        _ => None,
    };
    let Some(kind) = kind.filter(|_| !grant.names.is_empty()) else {
        let mut effect = plain(Effect::of(action));
        let object = grant.names.first().map(|it| &it.name).or(grant.all_in_schemas.first());
        effect.object = object.cloned();
        effects.push(effect);
        return;
    };
    for name in &grant.names {
        let known = effects.known(name, kind);
        let mut effect = plain(Effect::on(action, &known, Lock::AccessShare));
        if effects.major < 18 {
            effect.lock = None;
        }
        effects.push(effect);
    }
}
