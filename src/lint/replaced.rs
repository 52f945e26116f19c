//! What one statement takes away and a later one of the same transaction brings back: nobody ever misses it.

use super::replay::Ran;
use crate::{
    catalog::Catalog,
    effect::{Action, Effect, Manner, Reason, Role},
    sql::{
        Statement,
        statement::{Alter, AlterAction, CreateIndex, Ident, Name},
    },
};

/// What a statement makes.
pub(super) enum Made {
    /// What has this name, qualified.
    Object(Name),
    /// The default of a table's column.
    Default(Name, Ident),
}

impl Made {
    /// The name of what it is; a default has none.
    pub(super) fn object(&self) -> Option<&Name> {
        match self {
            Self::Object(name) => Some(name),
            Self::Default(..) => None,
        }
    }
}

/// What exists after `statement` and did not have to before.
pub(super) fn made_by(statement: &Statement, catalog: &Catalog) -> Vec<Made> {
    let name = match statement {
        Statement::CreateTable(it) => &it.name,
        Statement::CreateTableAs(it) | Statement::CreateMaterializedView(it) => &it.name,
        Statement::CreateView(it) => &it.name,
        Statement::CreateSequence(it) => &it.name,
        Statement::CreateFunction(it) => &it.name,
        Statement::CreateType { name, .. } | Statement::CreateDomain { name, .. } => name,
        Statement::Alter(alter) => return altered(alter, catalog),
        _ => return Vec::new(),
    };
    vec![Made::Object(catalog.qualify(name))]
}

fn altered(alter: &Alter, catalog: &Catalog) -> Vec<Made> {
    let old = catalog.find(&alter.name).map_or_else(|| catalog.qualify(&alter.name), |it| it.name.clone());
    let made = |it: &AlterAction| match it {
        AlterAction::RenameTo { to } => {
            Some(Made::Object(Name { schema: old.schema.clone(), name: to.clone() }))
        }
        AlterAction::SetSchema { schema } => {
            Some(Made::Object(Name::qualified(schema.clone(), old.name.clone())))
        }
        AlterAction::SetDefault { column, .. } => Some(Made::Default(old.clone(), column.clone())),
        _ => None,
    };
    alter.actions.iter().filter_map(made).collect()
}

/// The name of the index that `create` has made, also where the server chose it.
pub(super) fn index_made_by(create: &CreateIndex, catalog: &Catalog) -> Option<Made> {
    let table = catalog.find(&create.table)?;
    let name = match &create.name {
        Some(name) => Name { schema: table.name.schema.clone(), name: name.clone() },
        None => catalog.relation(*table.indexes.last()?)?.name.clone(),
    };
    Some(Made::Object(name))
}

/// Marks the effects that take away what a later statement of the same transaction makes again.
pub(super) fn mark(statements: &mut [Ran]) {
    // Backwards, so that what is made later is known. Most files make and take away nothing of one name.
    let mut made: Vec<(u32, Made)> = Vec::new();
    for ran in statements.iter_mut().rev() {
        made.retain(|it| it.0 == ran.transaction);
        // Within one ALTER TABLE, defaults are dropped before others are set.
        let (defaults, objects): (Vec<Made>, _) =
            ran.makes.drain(..).partition(|it| matches!(it, Made::Default(..)));
        made.extend(defaults.into_iter().map(|it| (ran.transaction, it)));
        for effect in ran.outcome.effects.iter_mut().filter(|it| takes_away(it.action)) {
            if made.iter().any(|(_, it)| is_about(effect, it)) {
                effect.manners = effect.manners.with(Manner::Replaced);
            }
        }
        made.extend(objects.into_iter().map(|it| (ran.transaction, it)));
    }
}

/// Unmarks the indexes that a statement before has dropped if they were there: a retry drops what a failed build left, too.
pub(super) fn know_dropped(statements: &mut [Ran]) {
    let mut dropped: Vec<Name> = Vec::new();
    for ran in statements {
        for effect in &mut ran.outcome.effects {
            match (effect.action, &effect.relation, &effect.object) {
                (Action::DropIndex, Some(index), _) if effect.role == Role::Subject => {
                    dropped.push(index.name.clone());
                }
                (Action::CreateIndex, Some(table), Some(name))
                    if effect.because == Some(Reason::MayBeInvalid)
                        && dropped.iter().any(|it| it.name == *name && it.schema == table.name.schema) =>
                {
                    effect.because = None;
                }
                _ => {}
            }
        }
    }
}

fn takes_away(action: Action) -> bool {
    matches!(
        action,
        Action::Rename
            | Action::SetSchema
            | Action::DropTable
            | Action::DropView
            | Action::DropMaterializedView
            | Action::DropSequence
            | Action::DropFunction
            | Action::DropType
            | Action::DropObject
            | Action::DropDefault
    )
}

fn is_about(effect: &Effect, made: &Made) -> bool {
    let relation = effect.relation.as_ref().map(|it| &it.name);
    match made {
        Made::Default(table, column) => {
            effect.action == Action::DropDefault
                && relation == Some(table)
                && effect.object.as_ref() == Some(column)
        }
        // What is no relation has no schema in its effect.
        Made::Object(name) => relation.map_or(effect.object.as_ref() == Some(&name.name), |it| it == name),
    }
}
