//! A snapshot's tables as the statements that would make them, so that what is known of them need not be replayed from a history.
//!
//! Defaults, triggers, policies and views are in no snapshot: whoever reads this must take the tables for known in part only.

use rustc_hash::FxHashMap;

use super::snapshot::{Snapshot, Table};

/// The statements; `None` of a snapshot without names.
pub fn statements(snapshot: &Snapshot) -> Option<String> {
    if snapshot.hashed {
        return None;
    }
    let mut sql = Vec::new();
    let schemas = snapshot.tables.iter().filter_map(|it| super::tables::name(&it.name)?.schema);
    let mut schemas: Vec<_> = schemas.collect();
    schemas.dedup();
    sql.extend(schemas.iter().map(|it| format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(it))));
    let mut tables: Vec<&Table> =
        snapshot.tables.iter().filter(|it| it.kind != "materialized-view").collect();
    // A parent stands before its children, as deep as partitions are nested.
    let parents = tables.iter().filter_map(|it| Some((it.name.as_str(), it.parent.as_deref()?))).collect();
    tables.sort_by_cached_key(|it| depth(&it.name, &parents));
    sql.extend(tables.iter().filter_map(|it| table(it)));
    let constraints = tables.iter().flat_map(|table| table.constraints.iter().map(move |it| (table, it)));
    let (keys, others): (Vec<_>, Vec<_>) = constraints.partition(|(_, it)| it.references.is_some());
    for (table, constraint) in others.into_iter().chain(keys) {
        let (name, definition) = (quoted(&constraint.name), &constraint.definition);
        sql.push(format!("ALTER TABLE {} ADD CONSTRAINT {name} {definition}", table.name));
    }
    for table in tables {
        let of_constraint = |index: &str| table.constraints.iter().any(|it| it.name == index);
        let indexes = table.indexes.iter().filter(|it| it.valid && !of_constraint(&it.name));
        sql.extend(indexes.map(|it| it.definition.clone()));
    }
    sql.push(String::new());
    Some(sql.join(";\n"))
}

/// How many tables are above this one. A snapshot that says nonsense must not make this go on for ever.
fn depth(table: &str, parents: &FxHashMap<&str, &str>) -> usize {
    std::iter::successors(parents.get(table), |it| parents.get(*it)).take(parents.len()).count()
}

/// `None` where the snapshot does not say how a table is partitioned.
fn table(table: &Table) -> Option<String> {
    let name = &table.name;
    if let (Some(parent), Some(bound)) = (&table.parent, &table.partition_bound) {
        let by = table.partition_key.as_ref().map_or(String::new(), |it| format!(" PARTITION BY {it}"));
        return Some(format!("CREATE TABLE {name} PARTITION OF {parent} {bound}{by}"));
    }
    let columns = table.columns.iter().map(|it| {
        let not_null = if it.not_null { " NOT NULL" } else { "" };
        format!("{} {}{not_null}", quoted(&it.name), it.ty)
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    let partitioned = match (&table.partition_key, table.kind.as_str()) {
        (Some(key), _) => format!(" PARTITION BY {key}"),
        (None, "partitioned-table") => return None,
        (None, _) => String::new(),
    };
    let inherits = table.parent.as_ref().map_or(String::new(), |it| format!(" INHERITS ({it})"));
    Some(format!("CREATE TABLE {name} ({columns}){inherits}{partitioned}"))
}

/// A name as SQL takes it literally.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
