//! What a snapshot makes milder, and what it must not: nothing whose time is not known altogether.

use std::path::Path;

use lockkeeper::{
    config::Config,
    effect::{Relation, Target},
    sql::statement::{Name, RelationKind},
    traffic::{
        Heat, Snapshot, Traffic, hash,
        snapshot::{SCHEMA, Table},
        written,
    },
};

use crate::cli::in_world;

/// `countries` is small and read all the time, but never written; `orders` is large and hot.
const SNAPSHOT: &str = "fixtures/lint/hot-tables/snapshot.json";

/// What `lint` says of a file that is one transaction.
fn said(sql: &str) -> String {
    let args =
        ["lint", "-", "--pg", "17", "--transaction", "file", "--snapshot", SNAPSHOT, "--format", "concise"];
    in_world(&args, sql.as_bytes(), &[("SOURCE_DATE_EPOCH", "1795219200")]).stdout
}

#[track_caller]
fn is_told(sql: &str, finding: &str) {
    let said = said(sql);
    assert!(said.contains(finding), "{sql}\nis not told as {finding}, but:\n{said}");
}

/// After an index on a small table that nobody writes.
const INDEX: &str = "SET lock_timeout = '2s'; CREATE INDEX c1 ON countries (name);";

#[test]
fn work_of_a_moment_is_a_note() {
    is_told(INDEX, "note[index-blocks-writes]");
    for next in [
        "ALTER TABLE orders ADD COLUMN a int",
        "INSERT INTO orders VALUES (1)",
        "COMMENT ON TABLE orders IS 'x'",
        "CREATE INDEX c2 ON countries (iso)",
        "CREATE INDEX c2 ON countries (lower(name))",
        "UPDATE countries SET name = lower(name) WHERE length(name) > 2",
        "ALTER TABLE countries ADD COLUMN a uuid DEFAULT gen_random_uuid()",
    ] {
        is_told(&format!("{INDEX} {next};"), "note[index-blocks-writes]");
    }
}

#[test]
fn what_is_not_known_makes_nothing_milder() {
    for next in [
        "SELECT backfill_orders()",
        "SELECT count(*) FROM orders",
        "CALL fill()",
        "DO $$ BEGIN PERFORM fill(); END $$",
        "CREATE EXTENSION postgis",
        "ALTER DOMAIN d VALIDATE CONSTRAINT c",
        "CREATE TABLE copy AS SELECT * FROM generate_series(1, 100000000)",
        "INSERT INTO countries SELECT * FROM orders",
        "UPDATE countries SET name = (SELECT max(name) FROM orders)",
        "REFRESH MATERIALIZED VIEW daily",
        "CREATE INDEX e1 ON elsewhere (name)",
        "UPDATE countries SET name = fetch(name)",
        "UPDATE countries SET name = '' WHERE pg_sleep(1) IS NULL",
        "DELETE FROM countries WHERE fetch(name) = ''",
        "ALTER TABLE countries ADD CONSTRAINT c CHECK (fetch(name) = '')",
        "ALTER TABLE countries ALTER COLUMN name TYPE int USING fetch(name)",
        "ALTER TABLE countries ADD COLUMN a int DEFAULT fetch('')",
        "CREATE INDEX c2 ON countries (fetch(name))",
        "CREATE INDEX c2 ON countries (name) WHERE fetch(name) = ''",
        "this is no SQL",
        "UPDATE orders SET note = ''",
        "CREATE INDEX o1 ON orders (customer_id)",
    ] {
        is_told(&format!("{INDEX} {next};"), "error[index-blocks-writes]: every write to public.countries");
    }
}

#[test]
fn a_wait_without_end_makes_nothing_milder() {
    // Reads wait as well, and they come all the time.
    let set_not_null = "ALTER TABLE countries ALTER COLUMN name SET NOT NULL;";
    is_told(set_not_null, "error[not-null-scan-blocks-everything]");
    is_told(&format!("SET lock_timeout = '2s'; {set_not_null}"), "note[not-null-scan-blocks-everything]");
}

#[test]
fn lost_data_is_as_bad_on_any_table() {
    is_told("SET lock_timeout = '2s'; DROP TABLE archive;", "table-drop-loses-data");
    let without =
        in_world(&["lint", "-", "--pg", "17", "--format", "concise"], b"DROP TABLE archive;", &[]).stdout;
    let severity = |said: &str| {
        let line = said.lines().find(|it| it.contains("table-drop-loses-data")).unwrap();
        line.split('[').next().unwrap().to_owned()
    };
    assert_eq!(severity(&said("DROP TABLE archive;")), severity(&without));
}

/// A snapshot of another database must not look like a check that was made.
#[test]
fn a_snapshot_that_shows_nothing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lockkeeper.snapshot.json");
    let file = path.to_str().unwrap();
    let run = |command: &str, sql: &str, extra: &[&str]| {
        let migration = folder.path().join("1.sql");
        std::fs::write(&migration, sql).unwrap();
        let args = [command, migration.to_str().unwrap(), "--pg", "17", "--snapshot", file];
        in_world(&[&args, extra].concat(), b"", &[("SOURCE_DATE_EPOCH", "1795219200")])
    };
    let said = |command: &str, sql: &str| {
        let ran = run(command, sql, if command == "lint" { &["--format", "concise"] } else { &[] });
        (ran.code, ran.stdout)
    };
    let alter = "SET lock_timeout = '2s'; ALTER TABLE orders ADD COLUMN x int;";
    let other = Table { name: "public.posts".to_owned(), reads_per_s: 1000.0, ..Table::default() };
    let no_table = "the snapshot of 2026-11-19 has no table at all: nothing is known";
    let none_of_them =
        "the snapshot of 2026-11-19 has none of the tables that the migrations are about: nothing is known";
    for (tables, problem, next) in [(vec![], no_table, no_table), (vec![other], none_of_them, "")] {
        let taken_at = "2026-11-19T10:00:00Z".to_owned();
        let snapshot = Snapshot { schema: SCHEMA.to_owned(), taken_at, tables, ..Snapshot::default() };
        std::fs::write(&path, written(&snapshot).unwrap()).unwrap();
        let (code, lint) = said("lint", alter);
        assert!(
            code == 0 && lint.contains(&format!("{file}:1:1: warning[snapshot-shows-nothing]: {problem}")),
            "{lint}"
        );
        assert_eq!(run("lint", alter, &["--fail-on", "warning"]).code, 1);
        assert!(
            run("lint", alter, &["--format", "json"]).stdout.contains("\"rule\":\"snapshot-shows-nothing\"")
        );
        let (code, doctor) = said("doctor", alter);
        assert!(code == 1 && doctor.contains(&format!("problem  snapshot: {problem}")), "{doctor}");
        // What needs no snapshot is not told that it has none.
        let (_, lint) = said("lint", "CREATE TABLE fresh (id bigint PRIMARY KEY);");
        assert_eq!(lint.contains("snapshot-shows-nothing"), !next.is_empty(), "{lint}");
        // One table is enough to see that it is one of this database.
        let (_, lint) = said("lint", &format!("{alter} ALTER TABLE posts ADD COLUMN x int;"));
        assert_eq!(lint.contains("snapshot-shows-nothing"), !next.is_empty(), "{lint}");
    }
}

#[test]
fn budgets_are_as_declared() {
    let read = |text: &str| {
        let config = Config::parse(Path::new("lockkeeper.toml"), text.to_owned()).unwrap();
        let limits = config.tables.limits;
        let lock = [limits.hot_ms, limits.warm_ms, limits.cold_ms];
        (lock, [limits.deploy_hot_ms, limits.deploy_warm_ms, limits.deploy_cold_ms])
    };
    assert_eq!(read(""), ([1_000, 5_000, 30_000], [10_000, 50_000, 300_000]));
    let declared = "[traffic]\nbudget = { warm = '7s' }\ndeploy-budget = { hot = '20s', cold = '1h' }";
    assert_eq!(read(declared), ([1_000, 7_000, 30_000], [20_000, 50_000, 3_600_000]));
}

#[test]
fn names_are_found_as_they_are_and_hashed() {
    let table = |name: &str, parent: Option<&str>, reads_per_s| Table {
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        reads_per_s,
        ..Table::default()
    };
    let tables = vec![
        table("public.\"Orders\"", None, 1000.0),
        table("public.\"Orders, 2020\"", Some("public.\"Orders\""), 0.0),
        table("public.orders", None, 0.0),
    ];
    let plain = Snapshot { schema: SCHEMA.to_owned(), tables, ..Snapshot::default() };
    let mut hashed = plain.clone();
    hash::hide(&mut hashed);
    for snapshot in [plain, hashed] {
        let traffic = Traffic::default().with(snapshot, None);
        let heat = |schema: &str, name: &str| {
            let name = Name { schema: Some(schema.into()), name: name.into() };
            traffic.heat(&Relation::new(name, RelationKind::Table, Target::Existing))
        };
        assert_eq!(heat("public", "Orders"), Heat::Hot);
        assert_eq!(heat("public", "orders"), Heat::Cold);
        // Whoever reads the partitioned table locks its partitions.
        assert_eq!(heat("public", "Orders, 2020"), Heat::Hot);
        assert_eq!(heat("other", "orders"), Heat::Unknown);
    }
}
