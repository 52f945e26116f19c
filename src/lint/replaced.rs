//! What one statement takes away and a later one of the same transaction brings back: nobody ever misses it.

use super::replay::Ran;
use crate::{
    catalog::Catalog,
    effect::{Action, Effect, Manner},
    sql::{
        Statement,
        statement::{AlterAction, CreateIndex, Name},
    },
};

/// The names that exist after `statement` and did not have to before, qualified.
pub(super) fn made_by(statement: &Statement, catalog: &Catalog) -> Vec<Name> {
    match statement {
        Statement::CreateTable(it) => vec![catalog.qualify(&it.name)],
        Statement::CreateTableAs(it) | Statement::CreateMaterializedView(it) => {
            vec![catalog.qualify(&it.name)]
        }
        Statement::CreateView(it) => vec![catalog.qualify(&it.name)],
        Statement::CreateSequence(it) => vec![catalog.qualify(&it.name)],
        Statement::CreateFunction(it) => vec![catalog.qualify(&it.name)],
        Statement::CreateType { name, .. } | Statement::CreateDomain { name, .. } => {
            vec![catalog.qualify(name)]
        }
        Statement::Alter(alter) => {
            let old =
                catalog.find(&alter.name).map_or_else(|| catalog.qualify(&alter.name), |it| it.name.clone());
            let renamed = alter.actions.iter().filter_map(|it| match it {
                AlterAction::RenameTo { to } => Some(Name { schema: old.schema.clone(), name: to.clone() }),
                AlterAction::SetSchema { schema } => Some(Name::qualified(schema.clone(), old.name.clone())),
                _ => None,
            });
            renamed.collect()
        }
        _ => Vec::new(),
    }
}

/// The name of the index that `create` has made, also where the server chose it.
pub(super) fn index_made_by(create: &CreateIndex, catalog: &Catalog) -> Option<Name> {
    let table = catalog.find(&create.table)?;
    match &create.name {
        Some(name) => Some(Name { schema: table.name.schema.clone(), name: name.clone() }),
        None => catalog.relation(*table.indexes.last()?).map(|it| it.name.clone()),
    }
}

/// Marks the effects that take away what a later statement of the same transaction makes again.
pub(super) fn mark(statements: &mut [Ran]) {
    // Backwards, so that what is made later is known. Most files make and take away nothing of one name.
    let mut made: Vec<(u32, Name)> = Vec::new();
    for ran in statements.iter_mut().rev() {
        made.retain(|it| it.0 == ran.transaction);
        for effect in ran.outcome.effects.iter_mut().filter(|it| takes_away(it.action)) {
            if made.iter().any(|(_, name)| is_about(effect, name)) {
                effect.manners = effect.manners.with(Manner::Replaced);
            }
        }
        made.extend(ran.makes.drain(..).map(|name| (ran.transaction, name)));
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
    )
}

fn is_about(effect: &Effect, name: &Name) -> bool {
    match &effect.relation {
        Some(relation) => relation.name == *name,
        // What is no relation has no schema in its effect.
        None => effect.object.as_ref() == Some(&name.name),
    }
}
