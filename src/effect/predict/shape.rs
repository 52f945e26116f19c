//! What new columns, names and functions will cost later, though nothing of it locks or works now.
//!
//! Source: manual, 4.1.1 Identifiers and Key Words; chapter 8, Data Types; CREATE FUNCTION, Notes.

use std::slice;

use super::{Effects, published};
use crate::{
    catalog::{ConstraintKind, Fill, Relation as Entry},
    effect::{Action, Effect, Manner, Reason, Relation, Target},
    sql::statement::{
        AlterAction, ColumnConstraintKind, ColumnDef, CreateFunction, CreateTable, Ident, Name, Persistence,
        Statement, TableConstraint, TableConstraintKind, TypeName,
    },
};

/// The most bytes that the server keeps of a name: `NAMEDATALEN` less one.
const MAX_BYTES: usize = 63;

/// The key words that no table or column can be called without quotes, sorted.
///
/// Source: `pg_get_keywords()` of 13 to 18, categories R and T.
#[rustfmt::skip] // One a line would be a page of them.
const KEY_WORDS: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary",
    "both", "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint",
    "create", "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end",
    "except", "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant", "group", "having",
    "ilike", "in", "initially", "inner", "intersect", "into", "is", "isnull", "join", "lateral", "leading",
    "left", "like", "limit", "localtime", "localtimestamp", "natural", "not", "notnull", "null", "offset",
    "on", "only", "or", "order", "outer", "overlaps", "placing", "primary", "references", "returning",
    "right", "select", "session_user", "similar", "some", "symmetric", "system_user", "table", "tablesample",
    "then", "to", "trailing", "true", "union", "unique", "user", "using", "variadic", "verbose", "when",
    "where", "window", "with",
];

/// Adds what is said of the names and columns that `statement` makes.
pub(super) fn predict(statement: &Statement, effects: &mut Effects<'_>) {
    for name in names(statement) {
        if name.len() > MAX_BYTES {
            let kept = name.get(..name.floor_char_boundary(MAX_BYTES)).unwrap_or_default();
            effects
                .push(Effect::of(Action::Other).because(Reason::LongName).object(name.clone()).detail(kept));
        }
        if KEY_WORDS.binary_search(&name.as_str()).is_ok() {
            effects.push(Effect::of(Action::Other).because(Reason::KeyWord).object(name.clone()));
        }
        if needs_quotes(name) {
            effects.push(Effect::of(Action::Other).because(Reason::QuotedName).object(name.clone()));
        }
    }
    if let Some(name) = unqualified(statement) {
        effects.push(Effect::of(Action::Other).because(Reason::NoSchema).object(name.clone()));
    }
    match statement {
        Statement::CreateTable(it) if it.persistence != Persistence::Temporary => {
            for column in &it.columns {
                self::column(&it.name, column, is_key(column, &it.constraints), effects);
            }
            published::create(it, effects);
        }
        Statement::Alter(it) => {
            for action in &it.actions {
                if let AlterAction::AddColumn { column, .. } = action {
                    self::column(&it.name, column, is_key(column, &[]), effects);
                }
            }
            published::alter(it, effects);
        }
        _ => {}
    }
}

/// The name, without a schema, of what a statement makes in one. An index is where its table is.
fn unqualified(statement: &Statement) -> Option<&Ident> {
    let name = match statement {
        Statement::CreateTable(it) if it.persistence != Persistence::Temporary => &it.name,
        Statement::CreateTableAs(it) | Statement::CreateMaterializedView(it)
            if it.persistence != Persistence::Temporary =>
        {
            &it.name
        }
        Statement::CreateView(it) if !it.temporary => &it.name,
        Statement::CreateSequence(it) if it.persistence != Persistence::Temporary => &it.name,
        Statement::CreateFunction(it) => &it.name,
        Statement::CreateType { name, .. } | Statement::CreateDomain { name, .. } => name,
        _ => return None,
    };
    name.schema.is_none().then_some(&name.name)
}

/// Whether an unquoted name cannot be it. Key words are another matter.
fn needs_quotes(name: &str) -> bool {
    let is_plain = |it: char| it == '_' || it == '$' || it.is_alphanumeric() && !it.is_uppercase();
    !name.chars().all(is_plain) || name.starts_with(|it: char| it.is_ascii_digit() || it == '$')
}

/// The names that a statement makes.
fn names(statement: &Statement) -> Vec<&Ident> {
    match statement {
        Statement::CreateTable(it) => table_names(it),
        Statement::CreateIndex(it) => it.name.iter().collect(),
        Statement::CreateView(it) => vec![&it.name.name],
        Statement::CreateFunction(it) => vec![&it.name.name],
        Statement::CreateSequence(it) => vec![&it.name.name],
        Statement::CreateTrigger(it) => vec![&it.name],
        Statement::Alter(it) => it
            .actions
            .iter()
            .flat_map(|it| match it {
                AlterAction::AddColumn { column, .. } => column_names(column),
                AlterAction::AddConstraint(it) => it.name.iter().collect(),
                AlterAction::RenameTo { to } => vec![to],
                _ => Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn table_names(create: &CreateTable) -> Vec<&Ident> {
    let columns = create.columns.iter().flat_map(column_names);
    let constraints = create.constraints.iter().filter_map(|it| it.name.as_ref());
    std::iter::once(&create.name.name).chain(columns).chain(constraints).collect()
}

fn column_names(column: &ColumnDef) -> Vec<&Ident> {
    let constraints = column.constraints.iter().filter_map(|it| it.name.as_ref());
    std::iter::once(&column.name).chain(constraints).collect()
}

/// Whether the column alone is the primary key.
fn is_key(column: &ColumnDef, constraints: &[TableConstraint]) -> bool {
    column.constraints.iter().any(|it| it.kind == ColumnConstraintKind::PrimaryKey)
        || constraints.iter().any(|it| match &it.kind {
            TableConstraintKind::PrimaryKey { columns, .. } => *columns == slice::from_ref(&column.name),
            _ => false,
        })
}

fn column(table: &Name, column: &ColumnDef, is_key: bool, effects: &mut Effects<'_>) {
    let Some(ty) = &column.ty else { return };
    for because in reasons(ty, is_key) {
        let name =
            effects.catalog.find(table).map_or_else(|| effects.catalog.qualify(table), |it| it.name.clone());
        let mut effect = Effect::of(Action::Other).because(because).object(column.name.clone());
        effect.relation = Some(Relation::new(name, crate::sql::statement::RelationKind::Table, Target::New));
        effects.push(effect);
    }
}

fn reasons(ty: &TypeName, is_key: bool) -> Vec<Reason> {
    let mut found = Vec::new();
    if ty.name.schema.is_some() {
        return found;
    }
    let base = ty.serial_base();
    if base.is_some() {
        found.push(Reason::OldSerial);
    }
    match ty.name.name.as_str() {
        "timestamp" => found.push(Reason::NoTimeZone),
        "json" => found.push(Reason::PlainJson),
        "varchar" if !ty.modifiers.is_empty() => found.push(Reason::LimitedText),
        "bpchar" if !ty.modifiers.is_empty() => found.push(Reason::PaddedText),
        "money" => found.push(Reason::Money),
        _ => {}
    }
    if is_key && matches!(base.unwrap_or(ty.name.name.as_str()), "int4" | "int2") {
        found.push(Reason::NarrowKey);
    }
    found
}

/// Adds what keeps results of the function that `create` replaces: nothing of it is computed anew.
///
/// Observed on a server: after the replacement the index has the same file, and a query by the index finds rows by the old results.
pub(super) fn replaced(create: &CreateFunction, effects: &mut Effects<'_>) {
    if effects.catalog.find_functions(&create.name).is_empty() {
        return;
    }
    let name = effects.catalog.qualify(&create.name);
    let calls = |functions: &[Name]| {
        functions.iter().any(|it| it.name == name.name && (it.schema.is_none() || it.schema == name.schema))
    };
    let mut found: Vec<(&Entry, String)> = Vec::new();
    for entry in effects.catalog.may_mention(&create.name.name) {
        if let Some(keeper) = keeper(entry, &calls) {
            let table = entry.index.as_ref().and_then(|it| effects.catalog.relation(it.table));
            found.push((table.unwrap_or(entry), keeper));
        }
    }
    found.sort_by(|a, b| (&a.0.name, &a.1).cmp(&(&b.0.name, &b.1)));
    for (table, keeper) in found {
        let target = effects.target(table.created);
        let mut effect = Effect::of(Action::ReplaceFunction)
            .because(Reason::StoredResults)
            .object(create.name.name.clone())
            .detail(keeper)
            .manner_if(true, Manner::OrReplace);
        effect.relation = Some(Relation::new(table.name.clone(), table.kind, target));
        effects.push(effect);
    }
}

/// What of a relation keeps results of the functions that `calls` tells.
fn keeper(entry: &Entry, calls: &impl Fn(&[Name]) -> bool) -> Option<String> {
    if entry.index.as_ref().is_some_and(|it| calls(&it.functions)) {
        return Some(format!("the index {}", entry.name.name));
    }
    let is_generated = |fill: Fill| fill == Fill::GeneratedStored;
    let column = entry.columns.iter().find(|it| is_generated(it.fill) && calls(&it.calls));
    let check = entry.constraints.iter().find(|it| match &it.kind {
        ConstraintKind::Check { functions, .. } => calls(functions),
        _ => false,
    });
    column
        .map(|it| format!("the column {}", it.name))
        .or_else(|| check.map(|it| format!("the constraint {}", it.name)))
}
