//! Types and domains: ALTER TYPE, ALTER DOMAIN, DROP TYPE, DROP DOMAIN, and the tables that have columns of them.
//!
//! Source: `AlterDomainAddConstraint`, `AlterDomainNotNull`, `AlterDomainValidateConstraint`, `get_rels_with_domain` in
//! `src/backend/commands/typecmds.c`, `AddEnumLabel` in `src/backend/catalog/pg_enum.c`; manual, ALTER DOMAIN, ALTER TYPE.
//! Observed by `fixtures/effects/types.sql`.

use std::cmp::Ordering;

use super::{
    Effects, Known,
    alter_table::{self, has_rows},
    drop::{Dropped, drop_all},
};
use crate::{
    catalog::TypeKind,
    effect::{Action, Effect, Harm, Lock, Manner, Reason, Role, Work},
    sql::statement::{
        Alter, AlterAction, AlterDomain, AlterType, DomainConstraintKind, Ident, Name, RelationKind,
    },
};

/// Domains over domains are followed so far: a history that cannot be run could make one over itself.
const MAX_NESTING: usize = 32;

/// Adds what `ALTER DOMAIN` does. A constraint is tested on every table that has a column of the domain, all under SHARE.
pub(super) fn alter_domain(name: &Name, action: &AlterDomain, effects: &mut Effects<'_>) {
    match action {
        AlterDomain::AddConstraint(it) if it.kind == DomainConstraintKind::Null => {}
        AlterDomain::AddConstraint(it) => {
            let not_null = it.kind == DomainConstraintKind::NotNull;
            let action = if not_null { Action::SetDomainNotNull } else { Action::AddDomainCheck };
            if it.not_valid {
                let effect = Effect::of(action).manner_if(true, Manner::NotValid).harm(Harm::BreaksWriters);
                effects.push(with_object(effect, it.name.as_ref(), name));
            } else {
                test_rows(action, it.name.as_ref(), name, effects);
            }
        }
        AlterDomain::SetNotNull => test_rows(Action::SetDomainNotNull, None, name, effects),
        AlterDomain::ValidateConstraint { name: constraint } => {
            test_rows(Action::ValidateDomainConstraint, Some(constraint), name, effects);
        }
        AlterDomain::RenameTo(_) | AlterDomain::SetSchema(_) => {
            effects.push(Effect::of(Action::AlterDomain).object(name.name.clone()).harm(Harm::BreaksReaders));
        }
        _ => effects.push(Effect::of(Action::AlterDomain).object(name.name.clone())),
    }
}

fn with_object(effect: Effect, constraint: Option<&Ident>, domain: &Name) -> Effect {
    effect.object(constraint.unwrap_or(&domain.name).clone())
}

fn test_rows(action: Action, constraint: Option<&Ident>, domain: &Name, effects: &mut Effects<'_>) {
    let users = users_of(domain, effects);
    if let Some(table) = &users.nested_in {
        let detail =
            format!("a column of {} holds {domain} inside an array or a composite type", table.relation.name);
        effects.fails(action, Some(table), Reason::WrongKind, "0A000", detail);
        return;
    }
    let tested = |effect: Effect| {
        let effect = effect.because(Reason::Validation).harm(Harm::MayFail).harm(Harm::BreaksWriters);
        with_object(effect, constraint, domain)
    };
    let mut tables = users.tables;
    tables.extend(materialized(domain, &tables, effects));
    let stored = tables.iter().filter(|it| has_rows(it.relation.kind));
    let effect_on =
        |it: &Known<'_>| Effect::on(action, it, Lock::Share).role(Role::Dependent).work(&[Work::Scan]);
    let found: Vec<Effect> = stored.map(|it| tested(effect_on(it))).collect();
    if found.is_empty() {
        // Which tables use a domain that the history did not make is not known.
        let is_known = effects.catalog.find_type(domain).is_some_and(|it| it.created.is_some());
        let effect = Effect::of(action);
        effects.push(tested(if is_known { effect } else { effect.work(&[Work::Scan]) }));
    }
    for effect in found {
        effects.push(effect);
    }
}

/// The materialized views that have the domain's columns from these tables: their own columns are not known here.
fn materialized<'a>(domain: &Name, tables: &[Known<'a>], effects: &Effects<'a>) -> Vec<Known<'a>> {
    let resolved = effects.catalog.find_type(domain).map_or_else(|| domain.clone(), |it| it.name.clone());
    let mut found: Vec<Known<'a>> = Vec::new();
    for table in tables {
        let columns = table.entry.map_or(&[][..], |it| it.columns.as_slice());
        let used = columns
            .iter()
            .filter(|it| it.ty.as_ref().is_some_and(|it| is_named(&it.name, &resolved, effects)));
        for column in used {
            for view in alter_table::views_that_may_read(&column.name, table, effects) {
                let is_known = found.iter().chain(tables).any(|it| it.relation.name == view.relation.name);
                if view.relation.kind == RelationKind::MaterializedView && !is_known {
                    found.push(view);
                }
            }
        }
    }
    found
}

/// The relations that use a type.
struct Users<'a> {
    /// Those with a column of it, or of a domain over it.
    tables: Vec<Known<'a>>,
    /// One with a column of an array of it, which a domain's new constraint cannot be tested on.
    nested_in: Option<Known<'a>>,
}

fn users_of<'a>(ty: &Name, effects: &Effects<'a>) -> Users<'a> {
    let resolved = effects.catalog.find_type(ty).map_or_else(|| ty.clone(), |it| it.name.clone());
    let is_it = |it: &Name| is_named(it, &resolved, effects);
    let names = effects.catalog.types().map(|it| &it.name).filter(|it| is_it(it)).chain([&resolved]);
    let mut relations: Vec<_> = names.flat_map(|it| effects.catalog.may_mention(&it.name)).collect();
    relations.sort_by(|a, b| a.name.cmp(&b.name));
    relations.dedup_by_key(|it| it.oid);
    let mut users = Users { tables: Vec::new(), nested_in: None };
    for relation in relations {
        let of_it = relation.columns.iter().filter_map(|it| it.ty.as_ref()).filter(|it| is_it(&it.name));
        let mut of_it = of_it.peekable();
        if of_it.peek().is_none() {
            continue;
        }
        if of_it.any(|it| it.array_dimensions == 0) {
            users.tables.push(effects.entry(relation));
        } else {
            users.nested_in.get_or_insert(effects.entry(relation));
        }
    }
    users
}

fn by_name(a: &Known<'_>, b: &Known<'_>) -> Ordering {
    a.relation.name.cmp(&b.relation.name)
}

/// Whether the type of this name is `wanted` or a domain over it.
fn is_named(name: &Name, wanted: &Name, effects: &Effects<'_>) -> bool {
    let mut name = name;
    for _ in 0..MAX_NESTING {
        if name == wanted {
            return true;
        }
        let Some(known) = effects.catalog.find_type(name) else { return false };
        match &known.kind {
            _ if known.name == *wanted => return true,
            TypeKind::Domain { base, .. } => name = &base.name,
            _ => return false,
        }
    }
    false
}

/// Adds what `ALTER TYPE` does. Only a composite type is a relation.
pub(super) fn alter_type(name: &Name, action: &AlterType, effects: &mut Effects<'_>) {
    match action {
        AlterType::AddValue { label, if_not_exists } => {
            let effect = Effect::of(Action::AddEnumValue).object(label.as_str());
            effects.push(effect.manner_if(*if_not_exists, Manner::IfNotExists));
        }
        AlterType::RenameValue { from, .. } => {
            let effect = Effect::of(Action::RenameEnumValue).object(from.as_str());
            effects.push(effect.harm(Harm::BreaksReaders).harm(Harm::BreaksWriters));
        }
        AlterType::Attributes(actions) => alter_attributes(name, actions, effects),
        AlterType::RenameAttribute { from, .. } => {
            let ty = effects.composite(name);
            let effect = Effect::on(Action::AlterType, &ty, Lock::AccessExclusive).object(from.clone());
            effects.push(effect.harm(Harm::BreaksReaders));
            alter_typed_tables(name, &[], effects);
        }
        AlterType::RenameTo(_) if is_composite(name, effects) => {
            let ty = effects.composite(name);
            let effect = Effect::on(Action::AlterType, &ty, Lock::AccessExclusive);
            effects.push(effect.harm(Harm::BreaksReaders));
        }
        AlterType::RenameTo(_) | AlterType::SetSchema(_) => {
            effects.push(Effect::of(Action::AlterType).object(name.name.clone()).harm(Harm::BreaksReaders));
        }
        AlterType::OwnerTo | AlterType::Options => {
            effects.push(Effect::of(Action::AlterType).object(name.name.clone()));
        }
    }
}

fn is_composite(name: &Name, effects: &Effects<'_>) -> bool {
    effects.catalog.find_type(name).is_some_and(|it| matches!(it.kind, TypeKind::Composite))
}

/// An attribute's type cannot change while a column has the composite type (`find_composite_type_dependencies`).
fn alter_attributes(name: &Name, actions: &[AlterAction], effects: &mut Effects<'_>) {
    let ty = effects.composite(name);
    let changes_type = actions.iter().any(|it| matches!(it, AlterAction::SetType { .. }));
    if changes_type {
        let users = users_of(name, effects);
        if let Some(table) = users.tables.first().or(users.nested_in.as_ref()) {
            let detail = format!("a column of {} uses type {name}", table.relation.name);
            effects.fails(Action::AlterType, Some(table), Reason::DependedOn, "0A000", detail);
            return;
        }
    }
    let drops = actions.iter().any(|it| matches!(it, AlterAction::DropColumn { .. }));
    let effect = Effect::on(Action::AlterType, &ty, Lock::AccessExclusive);
    effects.push(if drops { effect.harm(Harm::LosesData).harm(Harm::BreaksReaders) } else { effect });
    alter_typed_tables(name, actions, effects);
}

/// Tables OF the type follow it, with CASCADE; without, the statement fails.
fn alter_typed_tables(name: &Name, actions: &[AlterAction], effects: &mut Effects<'_>) {
    for table in typed_tables(name, effects) {
        let before = effects.len();
        for action in actions {
            let AlterAction::SetType { .. } = action else { continue };
            let alter = Alter {
                kind: RelationKind::Table,
                name: table.relation.name.clone(),
                if_exists: false,
                only: false,
                actions: vec![action.clone()],
            };
            alter_table::predict_recursing(&alter, effects);
        }
        if effects.len() == before {
            effects.lock(Action::AlterType, &table, Role::Dependent, Lock::AccessExclusive);
        }
    }
}

fn typed_tables<'a>(name: &Name, effects: &Effects<'a>) -> Vec<Known<'a>> {
    let resolved = effects.catalog.find_type(name).map_or_else(|| name.clone(), |it| it.name.clone());
    let mut typed: Vec<Known<'a>> = effects
        .catalog
        .relations()
        .filter(|it| it.of_type.as_ref().is_some_and(|it| *it == *name || *it == resolved))
        .map(|it| effects.entry(it))
        .collect();
    typed.sort_by(by_name);
    typed
}

/// Adds what `DROP TYPE` or `DROP DOMAIN` does: with CASCADE every column of it goes, with all that hangs on it.
pub(super) fn drop_types(names: &[Name], cascade: bool, if_exists: bool, effects: &mut Effects<'_>) {
    let action = Action::DropType;
    for name in names {
        let users = users_of(name, effects);
        let tables: Vec<Known<'_>> = users.tables.into_iter().chain(users.nested_in).collect();
        if let (false, Some(table)) = (cascade, tables.first()) {
            let detail =
                format!("cannot drop type {name} because a column of {} uses it", table.relation.name);
            effects.fails(action, Some(table), Reason::DependedOn, "2BP01", detail);
            return;
        }
        let effect = if is_composite(name, effects) {
            Effect::on(action, &effects.composite(name), Lock::AccessExclusive)
        } else {
            Effect::of(action)
        };
        let effect = effect.object(name.name.clone()).manner_if(if_exists, Manner::IfExists);
        effects.push(effect.manner_if(cascade, Manner::Cascade).harm(Harm::BreaksReaders));
        for table in &tables {
            drop_columns_of(name, table, effects);
        }
        if cascade {
            let typed = typed_tables(name, effects);
            drop_all(&typed, Dropped { action, cascade, if_exists }, effects);
        }
    }
}

/// The relations with a column of the type, of an array of it, or of a domain over it.
pub(super) fn users<'a>(ty: &Name, effects: &Effects<'a>) -> Vec<Known<'a>> {
    let users = users_of(ty, effects);
    users.tables.into_iter().chain(users.nested_in).collect()
}

/// Adds what `DROP COLLATION` does: with CASCADE every column of it goes.
pub(super) fn drop_collation(name: &Name, cascade: bool, effects: &mut Effects<'_>) {
    let action = Action::DropObject;
    let is_it = |it: &Name| {
        it.name == name.name && (it.schema.is_none() || it.schema == name.schema || name.schema.is_none())
    };
    let mut tables: Vec<Known<'_>> = effects
        .catalog
        .relations()
        .filter(|it| it.columns.iter().any(|it| it.collation.as_ref().is_some_and(is_it)))
        .map(|it| effects.entry(it))
        .collect();
    tables.sort_by(by_name);
    if let (false, Some(table)) = (cascade, tables.first()) {
        let detail =
            format!("cannot drop collation {name} because a column of {} uses it", table.relation.name);
        effects.fails(action, Some(table), Reason::DependedOn, "2BP01", detail);
        return;
    }
    effects.push(Effect::of(action).object(name.name.clone()).manner_if(cascade, Manner::Cascade));
    for table in &tables {
        let columns = table.entry.map_or(&[][..], |it| it.columns.as_slice());
        let lost: Vec<&Ident> =
            columns.iter().filter(|it| it.collation.as_ref().is_some_and(is_it)).map(|it| &it.name).collect();
        lose_columns(action, &lost, table, effects);
    }
}

fn drop_columns_of<'a>(ty: &Name, table: &Known<'a>, effects: &mut Effects<'a>) {
    let Some(entry) = table.entry else { return };
    let resolved = effects.catalog.find_type(ty).map_or_else(|| ty.clone(), |it| it.name.clone());
    let lost: Vec<&Ident> = entry
        .columns
        .iter()
        .filter(|it| it.ty.as_ref().is_some_and(|it| is_named(&it.name, &resolved, effects)))
        .map(|it| &it.name)
        .collect();
    lose_columns(Action::DropType, &lost, table, effects);
}

fn lose_columns<'a>(action: Action, lost: &[&Ident], table: &Known<'a>, effects: &mut Effects<'a>) {
    let mut effect = Effect::on(action, table, Lock::AccessExclusive)
        .role(Role::Dependent)
        .because(Reason::Cascade)
        .harm(Harm::LosesData)
        .harm(Harm::BreaksReaders);
    effect.object = lost.first().map(|it| (*it).clone());
    effects.push(effect);
    for index in effects.indexes(table) {
        let Some(made_of) = index.entry.and_then(|it| it.index.as_ref()) else { continue };
        let mut columns =
            made_of.columns.iter().flatten().chain(&made_of.include).chain(&made_of.expression_columns);
        if columns.any(|it| lost.contains(&it)) {
            effects.lock(action, &index, Role::Index, Lock::AccessExclusive);
        }
    }
    for column in lost {
        for view in alter_table::views_that_may_read(column, table, effects) {
            let effect = Effect::on(action, &view, Lock::AccessExclusive).role(Role::Dependent);
            effects.push(effect.because(Reason::Cascade).harm(Harm::BreaksReaders));
        }
    }
}
