//! What a file leaves undone, and no later one does: told at the statement that began it.
//!
//! What later files do is told from their text alone, since they have not run yet: one that speaks of it may do it.

use super::{
    Input,
    replay::{Ran, Said},
};
use crate::{
    catalog::{Catalog, Constraint, ConstraintKind, Relation},
    effect::{Action, Effect, Manner, Role, Target},
    rule::RuleSet,
    sql::statement::{Ident, Name, Persistence, RelationKind, StatementKind},
};

const NOT_VALIDATED: &str = "constraint-is-never-validated";
const NO_INDEX: &str = "foreign-key-has-no-index";
const NO_KEY: &str = "table-has-no-primary-key";

/// How many later files are asked for an index: it comes with the table's migrations or not at all, and each is read through.
const FILES_FOR_INDEX: usize = 10;

/// How many later files are asked for a VALIDATE: a history of thousands must not be read through for each constraint.
const FILES_FOR_VALIDATE: usize = 50;

/// Which of the rules are on: looking for what nobody is told takes time.
pub(super) fn asked(rules: &RuleSet) -> Vec<&'static str> {
    [NOT_VALIDATED, NO_INDEX, NO_KEY].into_iter().filter(|it| rules.is_on(it)).collect()
}

/// Adds to the statements of a file what it leaves undone. `catalog` is what there is at its end, `later` are the files that follow.
pub(super) fn tell(statements: &mut [Ran], asked: &[&'static str], catalog: &Catalog, later: &[Input]) {
    let mut told: Vec<(Name, Ident)> = Vec::new();
    // Backwards, so that a key which ALTER TABLE adds is told there and not at its table.
    for ran in statements.iter_mut().rev() {
        for rule in asked {
            let details = match *rule {
                NOT_VALIDATED => not_validated(ran, catalog, later),
                NO_INDEX => keys(ran, catalog, later, &mut told),
                _ => no_key(ran, catalog),
            };
            let at = ran.span;
            ran.said.extend(details.into_iter().map(|detail| Said { rule, at, detail }));
        }
    }
}

fn not_validated(ran: &Ran, catalog: &Catalog, later: &[Input]) -> Vec<String> {
    let is_new = |it: &&Effect| {
        it.manners.contains(Manner::NotValid)
            && it.role == Role::Subject
            && it.relation.as_ref().is_some_and(|it| it.target == Target::Existing)
    };
    let near = later.get(..FILES_FOR_VALIDATE).unwrap_or(later);
    let mut undone = Vec::new();
    for effect in ran.outcome.effects.iter().filter(is_new) {
        let (Some(name), Some(relation)) = (&effect.object, &effect.relation) else { continue };
        let entry = catalog.find(&relation.name).and_then(|it| it.constraint(name));
        if entry.is_some_and(|it| !it.valid) && !speak_of(near, &["validate", name]) {
            undone.push(format!("{name} of {}", relation.name));
        }
    }
    undone
}

/// Foreign keys that no index begins with.
fn keys(ran: &Ran, catalog: &Catalog, later: &[Input], told: &mut Vec<(Name, Ident)>) -> Vec<String> {
    let mut undone = Vec::new();
    for (table, constraint) in added_keys(ran, catalog) {
        let key = (table.name.clone(), constraint.name.clone());
        let ConstraintKind::ForeignKey { columns, .. } = &constraint.kind else { continue };
        if told.contains(&key) || has_index(table, columns, catalog) {
            continue;
        }
        let near = later.get(..FILES_FOR_INDEX).unwrap_or(later);
        let first = columns.first().map_or("", Ident::as_str);
        if !speak_of(near, &["index", &table.name.name, first]) {
            undone.push(format!("{} ({})", table.name, columns.join(", ")));
        }
        told.push(key);
    }
    undone
}

fn added_keys<'c>(ran: &Ran, catalog: &'c Catalog) -> Vec<(&'c Relation, &'c Constraint)> {
    let is_key = |it: &&Constraint| matches!(it.kind, ConstraintKind::ForeignKey { .. }) && !it.inherited;
    match ran.outcome.statement {
        StatementKind::CreateTable => made(ran, catalog)
            .into_iter()
            .flat_map(|table| table.constraints.iter().filter(is_key).map(move |it| (table, it)))
            .collect(),
        StatementKind::AlterTable => {
            let adds = |it: &&Effect| it.action == Action::AddForeignKey && it.role == Role::Subject;
            let effects = ran.outcome.effects.iter().filter(adds);
            effects
                .filter_map(|it| {
                    let table = catalog.find(&it.relation.as_ref()?.name)?;
                    let name = it.object.as_ref()?;
                    let named = table.constraints.iter().find(|it| it.name == *name);
                    Some((&**table, named.filter(is_key)?))
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The tables that a statement makes and that are there at the end.
fn made<'c>(ran: &Ran, catalog: &'c Catalog) -> Vec<&'c Relation> {
    let is_plain = |it: &&Relation| {
        it.complete
            && it.persistence != Persistence::Temporary
            && matches!(it.kind, RelationKind::Table | RelationKind::PartitionedTable)
            && it.parents.is_empty()
    };
    ran.makes.iter().filter_map(|it| catalog.find(it)).map(|it| &**it).filter(is_plain).collect()
}

/// Whether an index of all rows begins with these columns, in any order.
fn has_index(table: &Relation, columns: &[Ident], catalog: &Catalog) -> bool {
    if !table.complete {
        // It may have one.
        return true;
    }
    let indexes = table.indexes.iter().filter_map(|it| catalog.relation(*it)?.index.as_ref());
    indexes.filter(|it| !it.partial).any(|it| {
        let begins = it.columns.get(..columns.len());
        begins.is_some_and(|it| it.iter().all(|it| it.as_ref().is_some_and(|it| columns.contains(it))))
    })
}

fn no_key(ran: &Ran, catalog: &Catalog) -> Vec<String> {
    if ran.outcome.statement != StatementKind::CreateTable {
        return Vec::new();
    }
    let is_key = |it: &Constraint| matches!(it.kind, ConstraintKind::PrimaryKey { .. });
    let without = made(ran, catalog).into_iter().filter(|it| !it.constraints.iter().any(is_key));
    without.map(|it| it.name.to_string()).collect()
}

/// Whether one of the files has all of these words.
fn speak_of(files: &[Input], words: &[&str]) -> bool {
    files.iter().any(|it| {
        let text = it.source.text().to_ascii_lowercase();
        words.iter().all(|word| text.contains(&word.to_ascii_lowercase()))
    })
}
