//! A snapshot without names. Whoever has the names can look each up; whoever has not sees numbers.
//!
//! A name becomes `h` and the first 16 hexadecimal digits of the SHA-256 of `lockkeeper:` and the names from the schema down, unquoted,
//! joined by dots: `public.orders` is the hash of `lockkeeper:public`, a dot, and the hash of `lockkeeper:public.orders`. So the same
//! name has the same hash in every file, and common names can be guessed: this hides names from a reader, not from somebody who tries.

use sha2::{Digest, Sha256};

use super::snapshot::Snapshot;

/// What [`hide`] makes of the name of a table; `schema` and `name` as they are, unquoted.
pub fn table(schema: &str, name: &str) -> String {
    format!("{}.{}", path(&[schema]), index(schema, name))
}

/// What [`hide`] makes of the name of an index; both as they are, unquoted.
pub fn index(schema: &str, name: &str) -> String {
    path(&[schema, name])
}

/// What [`hide`] makes of the name of a column or a constraint of a table; all as they are, unquoted.
pub fn part(schema: &str, table: &str, name: &str) -> String {
    path(&[schema, table, name])
}

fn path(names: &[&str]) -> String {
    let digest = Sha256::digest(format!("lockkeeper:{}", names.join(".")));
    let digits = digest.iter().take(8).map(|byte| format!("{byte:02x}"));
    digits.fold("h".to_owned(), |hash, it| hash + &it)
}

/// Replaces every name by its hash, and empties what else could hold one.
pub fn hide(snapshot: &mut Snapshot) {
    if std::mem::replace(&mut snapshot.hashed, true) {
        return;
    }
    snapshot.database = path(&[&snapshot.database]);
    for it in &mut snapshot.tables {
        let (schema, name) = parts(&it.name);
        it.name = table(&schema, &name);
        it.parent = it.parent.as_deref().map(hidden);
        (it.partition_key, it.partition_bound) = (None, None);
        for column in &mut it.columns {
            column.name = part(&schema, &name, &column.name);
            // Only the names of types outside of pg_catalog are written with their schema.
            if column.ty.contains(['.', '"']) {
                column.ty.clear();
            }
        }
        for constraint in &mut it.constraints {
            constraint.name = part(&schema, &name, &constraint.name);
            constraint.references = constraint.references.as_deref().map(hidden);
            constraint.definition = kind_of(&constraint.definition).to_owned();
        }
        for index in &mut it.indexes {
            index.name = self::index(&schema, &index.name);
            index.definition.clear();
        }
        it.columns.sort_by(|a, b| a.name.cmp(&b.name));
        it.constraints.sort_by(|a, b| a.name.cmp(&b.name));
        it.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    }
    snapshot.tables.sort_by(|a, b| a.name.cmp(&b.name));
}

fn hidden(shown: &str) -> String {
    let (schema, name) = parts(shown);
    table(&schema, &name)
}

/// The first words of a constraint's definition, which are the server's and not the user's.
fn kind_of(definition: &str) -> &'static str {
    const KINDS: [&str; 6] = ["CHECK", "EXCLUDE", "FOREIGN KEY", "NOT NULL", "PRIMARY KEY", "UNIQUE"];
    KINDS.into_iter().find(|it| definition.starts_with(it)).unwrap_or_default()
}

/// Schema and name of what is written as in `public."Orders"`.
pub fn parts(shown: &str) -> (String, String) {
    let name = super::tables::name(shown);
    name.map_or_else(Default::default, |it| (it.schema.unwrap_or_default().to_string(), it.name.to_string()))
}
