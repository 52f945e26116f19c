//! What a statement makes that works now and will surprise or cost work later: views, rules, constraints, functions, extensions, storage.
//!
//! Nothing of it locks. Source: manual, CREATE VIEW; CREATE TABLE, Notes on CHECK and Storage Parameters; CREATE FUNCTION, Overloading;
//! CREATE EXTENSION; ALTER EXTENSION.

use super::{Effects, immutable};
use crate::{
    catalog::{Index, Relation as Entry},
    effect::{Action, Effect, Harm, Reason, Relation, Target},
    sql::statement::{
        AlterAction, AlterConstraint, ColumnConstraintKind, ColumnDef, ConstraintOptions, CreateFunction,
        CreateIndex, CreateTable, DomainConstraintKind, Expr, Ident, KeyAction, KeyActions, Name,
        Persistence, RelationKind, Statement, TableConstraint, TableConstraintKind,
    },
};

/// Adds what is said of what `statement` makes.
pub(super) fn predict(statement: &Statement, effects: &mut Effects<'_>) {
    // What shares a transaction is undone with it, so that all of it can run again.
    if effects.catalog.session.open.is_none()
        && let Some(object) = unguarded(statement)
    {
        effects.push(of(Reason::Unguarded, object));
    }
    match statement {
        Statement::CreateTable(it) => create_table(it, effects),
        Statement::Alter(it) => {
            for action in &it.actions {
                alter(&it.name, action, effects);
            }
        }
        Statement::CreateIndex(it) => create_index(it, effects),
        Statement::CreateView(it) if it.query.has_star && !it.temporary => {
            effects.push(of(Reason::Star, &it.name.name));
        }
        Statement::CreateDomain { name, constraints, .. } => {
            for constraint in constraints {
                if let DomainConstraintKind::Check(expr) = &constraint.kind {
                    check(expr, None, effects);
                }
            }
            if constraints.iter().any(|it| it.kind != DomainConstraintKind::Null) {
                effects.push(of(Reason::Constrains, &name.name));
            }
        }
        Statement::CreateFunction(it) => overload(it, effects),
        Statement::CreateExtension { name, version: false, .. } => {
            effects.push(of(Reason::OpenVersion, name));
        }
        Statement::AlterExtension { name, update: true } => effects.push(of(Reason::Update, name)),
        _ => {}
    }
}

/// What a statement makes or drops without IF [NOT] EXISTS. A concurrent build is left out: the guard would keep an invalid index.
fn unguarded(statement: &Statement) -> Option<&Ident> {
    let (name, is_guarded) = match statement {
        Statement::CreateTable(it) => {
            (&it.name.name, it.if_not_exists || it.persistence == Persistence::Temporary)
        }
        Statement::CreateTableAs(it) | Statement::CreateMaterializedView(it) => {
            (&it.name.name, it.if_not_exists || it.persistence == Persistence::Temporary)
        }
        Statement::CreateIndex(it) => (it.name.as_ref()?, it.if_not_exists || it.concurrently),
        Statement::CreateSequence(it) => (&it.name.name, it.if_not_exists),
        Statement::CreateSchema { name, if_not_exists, .. } => (name.as_ref()?, *if_not_exists),
        Statement::CreateExtension { name, if_not_exists, .. } => (name, *if_not_exists),
        Statement::DropRelation(it) => (&it.names.first()?.name, it.if_exists),
        Statement::DropObject(it) => (&it.names.first()?.name, it.if_exists),
        Statement::Alter(it) => return it.actions.iter().find_map(unguarded_action),
        _ => return None,
    };
    (!is_guarded).then_some(name)
}

fn unguarded_action(action: &AlterAction) -> Option<&Ident> {
    let (name, is_guarded) = match action {
        AlterAction::AddColumn { column, if_not_exists } => (&column.name, *if_not_exists),
        AlterAction::DropColumn { column, if_exists, .. } => (column, *if_exists),
        AlterAction::DropConstraint { name, if_exists, .. } => (name, *if_exists),
        _ => return None,
    };
    (!is_guarded).then_some(name)
}

fn of(because: Reason, object: &Ident) -> Effect {
    Effect::of(Action::Other).because(because).object(object.clone())
}

/// An effect on a table that the statement changes or makes.
fn on(table: &Name, because: Reason, object: &Ident, effects: &Effects<'_>) -> Effect {
    let mut effect = of(because, object);
    let known = effects.catalog.find(table).map(|it| effects.entry(it).relation);
    let new = || Relation::new(effects.catalog.qualify(table), RelationKind::Table, Target::New);
    effect.relation = Some(known.unwrap_or_else(new));
    effect
}

fn create_table(create: &CreateTable, effects: &mut Effects<'_>) {
    if create.if_not_exists {
        stays(create, effects);
    }
    if create.persistence == Persistence::Temporary {
        return;
    }
    for column in &create.columns {
        self::column(&create.name, column, effects);
    }
    for constraint in &create.constraints {
        self::constraint(&create.name, constraint, effects);
    }
    vacuum_off(&create.name, &create.options, effects);
}

fn alter(table: &Name, action: &AlterAction, effects: &mut Effects<'_>) {
    match action {
        AlterAction::AddColumn { column, if_not_exists } => {
            if *if_not_exists {
                column_stays(table, column, effects);
            }
            self::column(table, column, effects);
        }
        AlterAction::AddConstraint(it) => constraint(table, it, effects),
        AlterAction::AlterConstraint { name, change: AlterConstraint::NotEnforced } => {
            effects.push(on(table, Reason::NotEnforced, name, effects));
        }
        AlterAction::SetOptions { options } => vacuum_off(table, options, effects),
        _ => {}
    }
}

fn column(table: &Name, column: &ColumnDef, effects: &mut Effects<'_>) {
    for constraint in &column.constraints {
        match &constraint.kind {
            ColumnConstraintKind::Check(expr) => check(expr, Some(table), effects),
            ColumnConstraintKind::References { actions, .. } => {
                key(table, &column.name, *actions, effects);
            }
            _ => {}
        }
        enforced(table, constraint.name.as_ref().unwrap_or(&column.name), constraint.options, effects);
    }
}

fn constraint(table: &Name, constraint: &TableConstraint, effects: &mut Effects<'_>) {
    use TableConstraintKind as K;
    let (columns, needs_name) = match &constraint.kind {
        K::Check(expr) => {
            check(expr, Some(table), effects);
            (expr.columns.as_slice(), true)
        }
        K::ForeignKey { columns, actions, .. } => {
            key(table, &columns.join(", ").into(), *actions, effects);
            (columns.as_slice(), true)
        }
        K::Unique { columns, .. } | K::Exclude { columns } => (columns.as_slice(), true),
        K::PrimaryKey { columns, .. } => (columns.as_slice(), false),
        K::NotNull { .. } | K::UniqueUsingIndex { .. } | K::PrimaryKeyUsingIndex { .. } => (&[][..], false),
    };
    let object = constraint.name.clone().unwrap_or_else(|| columns.join(", ").into());
    if needs_name && constraint.name.is_none() {
        effects.push(on(table, Reason::Unnamed, &object, effects));
    }
    enforced(table, &object, constraint.options, effects);
}

/// A CHECK is taken to be true of a row for ever; the server does not see to it.
fn check(expr: &Expr, table: Option<&Name>, effects: &mut Effects<'_>) {
    let Some(changing) = immutable::changing(expr, effects) else { return };
    let object: Ident = expr.text.split_whitespace().collect::<Vec<_>>().join(" ").into();
    let effect = match table {
        Some(table) => on(table, Reason::Changing, &object, effects),
        None => of(Reason::Changing, &object),
    };
    effects.push(effect.detail(changing.name.as_str()));
}

fn key(table: &Name, columns: &Ident, actions: KeyActions, effects: &mut Effects<'_>) {
    if actions.on_delete == KeyAction::Cascade {
        effects.push(on(table, Reason::DeleteCascades, columns, effects));
    }
}

fn enforced(table: &Name, object: &Ident, options: ConstraintOptions, effects: &mut Effects<'_>) {
    if options.not_enforced {
        effects.push(on(table, Reason::NotEnforced, object, effects));
    }
}

fn vacuum_off(table: &Name, options: &[(Ident, String)], effects: &mut Effects<'_>) {
    let is_off = |value: &str| {
        matches!(value.trim_matches('\'').to_ascii_lowercase().as_str(), "false" | "off" | "no" | "0")
    };
    let names = ["autovacuum_enabled", "toast.autovacuum_enabled"];
    if let Some((name, _)) =
        options.iter().find(|(name, value)| names.contains(&name.as_str()) && is_off(value))
    {
        effects.push(on(table, Reason::NoAutovacuum, name, effects));
    }
}

/// `OR REPLACE` replaces a function of the same arguments only; another one of the name stays beside it.
fn overload(create: &CreateFunction, effects: &mut Effects<'_>) {
    let known = effects.catalog.find_functions(&create.name);
    let is_other = |n: usize| n != create.n_arguments;
    if create.or_replace && !known.is_empty() && known.iter().all(|it| is_other(it.n_arguments)) {
        let n = known.first().map_or(0, |it| it.n_arguments);
        let detail = if n == 1 { "1 argument".to_owned() } else { format!("{n} arguments") };
        effects.push(of(Reason::Overload, &create.name.name).detail(detail));
    }
}

/// Adds that a table which is there already does not get what the statement says.
fn stays(create: &CreateTable, effects: &mut Effects<'_>) {
    let Some(entry) = made_before(&create.name, effects) else { return };
    let lacks = |it: &&ColumnDef| it.ty.is_some() && entry.column(&it.name).is_none();
    let Some(column) = create.columns.iter().find(lacks) else { return };
    let detail = format!("it is there already, and has no column {}", column.name);
    let effect = on(&create.name, Reason::StaysOther, &entry.name.name, effects).harm(Harm::NoEffect);
    effects.push(effect.detail(detail));
}

fn column_stays(table: &Name, column: &ColumnDef, effects: &mut Effects<'_>) {
    let Some(entry) = made_before(table, effects) else { return };
    let before = entry.column(&column.name).and_then(|it| it.ty.as_ref());
    let (Some(before), Some(ty)) = (before, &column.ty) else { return };
    let wanted = ty.serial_base().unwrap_or(ty.name.name.as_str());
    if before.name.name != wanted || before.array_dimensions != ty.array_dimensions {
        let detail = format!("it is there already, as {before}");
        effects
            .push(on(table, Reason::StaysOther, &column.name, effects).harm(Harm::NoEffect).detail(detail));
    }
}

fn create_index(create: &CreateIndex, effects: &mut Effects<'_>) {
    let (true, Some(name), Some(table)) =
        (create.if_not_exists, &create.name, effects.catalog.find(&create.table))
    else {
        return;
    };
    let full = Name { schema: table.name.schema.clone(), name: name.clone() };
    let Some(entry) = made_before(&full, effects) else { return };
    let differs =
        |it: &Index| it.table != table.oid || it.columns != create.columns || it.unique != create.unique;
    if entry.index.as_ref().is_some_and(differs) {
        let effect = on(&create.table, Reason::StaysOther, name, effects).harm(Harm::NoEffect);
        effects.push(effect.detail("an index of this name is there already, and is another one"));
    }
}

/// What the history made under a name, all of it known.
fn made_before<'a>(name: &Name, effects: &Effects<'a>) -> Option<&'a Entry> {
    effects.catalog.find(name).map(|it| &**it).filter(|it| it.complete)
}
