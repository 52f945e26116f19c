//! Makes a folder of migrations that looks like those of real projects: many small files, a few long ones, mostly DDL.
//!
//! The same seed makes the same bytes. Shares of statements are those of the migrations of some forty open projects:
//! tables with a dozen columns, indexes, constraints, columns added later, a few functions and a little DML.

use std::{fs, io, path::Path};

/// What a corpus is to hold.
pub(crate) struct Shape {
    /// How many files.
    pub(crate) n_files: usize,
    /// How many bytes in all, about.
    pub(crate) n_bytes: usize,
}

/// 12,000 files and 14 MB: what the peers were measured with before.
pub(crate) const FULL: Shape = Shape { n_files: 12_000, n_bytes: 14_000_000 };

/// Writes the corpus to `folder`, which must be there, and returns its bytes.
pub(crate) fn write(folder: &Path, shape: &Shape) -> io::Result<usize> {
    let mut random = Random(0x5EED_1E55);
    let per_file = shape.n_bytes / shape.n_files;
    let mut written = 0;
    for n in 0..shape.n_files {
        // A tenth of the files are long, as in real folders.
        let wanted = if n % 10 == 0 { per_file * 4 } else { per_file * 2 / 3 };
        let text = file(n, wanted, &mut random);
        written += text.len();
        fs::write(folder.join(format!("{n:06}_change.sql")), text)?;
    }
    Ok(written)
}

fn file(n: usize, wanted: usize, random: &mut Random) -> String {
    let mut text = format!("-- Migration {n}\n");
    while text.len() < wanted {
        text.push_str(&statement(n, random));
        text.push('\n');
    }
    text
}

fn statement(n: usize, random: &mut Random) -> String {
    let table = format!("{}_{}", random.of(TABLES), random.below(n / 8 + 1));
    let other = format!("{}_{}", random.of(TABLES), random.below(n / 8 + 1));
    let column = random.of(COLUMNS);
    let ty = random.of(TYPES);
    let k = random.below(1_000_000);
    match random.below(20) {
        0..=4 => create_table(&table, &other, random),
        5..=8 => format!("CREATE INDEX {table}_{column}_{k} ON {table} ({column});"),
        9 => format!(
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS u_{k} ON public.{table} (lower({column})) WHERE deleted_at IS NULL;"
        ),
        10..=12 => format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column}_{k} {ty} DEFAULT NULL;"),
        13 => format!(
            "ALTER TABLE ONLY {table} ADD CONSTRAINT fk_{k} FOREIGN KEY ({column}_id) REFERENCES {other} (id) ON DELETE CASCADE;"
        ),
        14 => format!(
            "ALTER TABLE {table} ALTER COLUMN {column} TYPE {ty} USING {column}::{ty}, ALTER COLUMN {column} SET NOT NULL;"
        ),
        15 => format!(
            "ALTER TABLE {table} ADD CONSTRAINT c_{k} CHECK ({column} IS NOT NULL AND length({column}::text) < {k}) NOT VALID;"
        ),
        16 => format!(
            "UPDATE {table} SET {column} = '{k}', updated_at = now() WHERE {column} IS NULL AND id IN (SELECT id FROM {other} WHERE {column} > {k});"
        ),
        17 => format!(
            "COMMENT ON COLUMN {table}.{column} IS 'The {column} of the {table}, as the {other} gives it.';"
        ),
        18 => format!(
            "INSERT INTO {table} ({column}, created_at) VALUES ('{k}', now()), ('it''s {k}', now()) ON CONFLICT DO NOTHING;"
        ),
        _ => function(&table, column, k),
    }
}

fn create_table(table: &str, other: &str, random: &mut Random) -> String {
    let mut text = format!(
        "CREATE TABLE IF NOT EXISTS {table} (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
    );
    for n in 0..4 + random.below(10) {
        let (column, ty) = (random.of(COLUMNS), random.of(TYPES));
        let rest = random.of(&["", " NOT NULL", " NOT NULL DEFAULT ''", " UNIQUE", " DEFAULT now()"]);
        text.extend([format!("    {column}_{n} {ty}{rest},\n")]);
    }
    let last = format!(
        "    {other}_id bigint REFERENCES {other} (id),\n    created_at timestamptz NOT NULL DEFAULT now()\n);"
    );
    text + &last
}

fn function(table: &str, column: &str, k: usize) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION touch_{k}() RETURNS trigger LANGUAGE plpgsql AS $body$\nBEGIN\n    IF NEW.{column} IS DISTINCT FROM OLD.{column} THEN\n        NEW.updated_at := now();\n        UPDATE {table} SET {column} = NEW.{column} WHERE id = NEW.id;\n    END IF;\n    RETURN NEW;\nEND;\n$body$;"
    )
}

const TABLES: &[&str] = &[
    "users",
    "orders",
    "order_items",
    "payments",
    "accounts",
    "events",
    "audit_log",
    "sessions",
    "projects",
];
const COLUMNS: &[&str] =
    &["name", "email", "status", "total", "kind", "payload", "external_ref", "position", "note", "owner"];
const TYPES: &[&str] = &[
    "text",
    "integer",
    "bigint",
    "varchar(255)",
    "numeric(12, 2)",
    "timestamptz",
    "boolean",
    "jsonb",
    "uuid",
];

/// xorshift64*: enough for a corpus.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n.max(1)
    }

    fn of<'t>(&mut self, items: &[&'t str]) -> &'t str {
        items.get(self.below(items.len())).copied().unwrap_or_default()
    }
}
