//! How long statements take in production, from databases of several sizes.

use std::time::{Duration, Instant};

use lockkeeper::{
    dry_run::{self, Budget, File, Growth, Options, Ran},
    lint::{Input, InputRole, lint},
    pg::{Sandbox, sandbox},
    rule::RuleSet,
    traffic::{Basis, Snapshot, number::float},
};

use super::{DATABASE, file, input};
use crate::support::{lint_options, server};

/// How many rows production has.
const ROWS: u64 = 400_000;

const SCHEMA: &str = "CREATE TABLE customers (id int PRIMARY KEY);
    CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customers, note text, total int);";

const JUDGED: &str = "ALTER TABLE orders ADD COLUMN more int;
    ALTER TABLE orders ALTER COLUMN total TYPE bigint;
    BEGIN;
    CREATE INDEX ON orders (note);
    UPDATE orders SET note = 'x';
    COMMIT;
    SELECT 1;";

fn snapshot() -> Snapshot {
    let table = |name: &str, rows: u64| {
        format!(
            r#"{{"name": "public.{name}", "kind": "table", "rows": {rows}, "heap_bytes": 0, "index_bytes": 0, "toast_bytes": 0,
            "reads_per_s": 0, "writes_per_s": 0, "seq_scans_per_s": 0}}"#
        )
    };
    let text = format!(
        r#"{{"schema": "lockkeeper/snapshot/1", "taken_at": "2026-11-01T00:00:00Z", "database": "shop", "hashed": false,
        "servers": [], "settings": {{}}, "transactions": {{"longest_ms": 0, "typical_ms": 0, "n_sessions": 0}}, "unseen": [],
        "tables": [{}, {}]}}"#,
        table("customers", ROWS / 10),
        table("orders", ROWS)
    );
    Snapshot::parse(&text).unwrap()
}

/// What became of the statements, and how long a run with all rows took.
fn predict(server: &Sandbox, budget: Budget<'_>) -> Ran {
    let options = sandbox::Options { durable: true, ..sandbox::Options::default() };
    let durable = Sandbox::start(server.major(), &options).unwrap();
    let inputs = [input("0.sql", SCHEMA, InputRole::Schema), input("1.sql", JUDGED, InputRole::Linted)];
    with_files(server, &inputs, |files, options| {
        server.drop_database(DATABASE).unwrap();
        let mut ran = dry_run::run(server, DATABASE, files, options).unwrap();
        dry_run::predict(&durable, DATABASE, files, options, budget, &mut ran).unwrap();
        ran
    })
}

fn with_files<T>(server: &Sandbox, inputs: &[Input], run: impl FnOnce(&[File<'_>], &Options<'_>) -> T) -> T {
    let mut options = lint_options(server.major());
    options.keep_statements = true;
    let linted = lint(inputs, &RuleSet::default(), &options);
    let files: Vec<File<'_>> = linted.iter().map(file).collect();
    run(&files, &Options::default())
}

#[test]
fn what_grows_with_its_table_is_told_for_production_and_what_does_not_is_constant() {
    let Some(server) = server(15) else { return };
    let snapshot = snapshot();
    let started = Instant::now();
    let ran = predict(&server, Budget { snapshot: Some(&snapshot), time: Duration::from_secs(5) });
    assert!(started.elapsed() < Duration::from_mins(2));
    let growths: Vec<Option<&Growth>> = ran.statements().map(|it| it.growth.as_ref()).collect();
    let [Some(add), Some(rewrite), None, Some(index), Some(update), None, Some(select)] = growths.as_slice()
    else {
        panic!("{growths:#?}")
    };
    assert!(add.is_constant && select.is_constant);
    let work = [(rewrite, "rewrite"), (index, "index"), (update, "update")];
    for (growth, what) in work {
        assert!(!growth.is_constant, "{what}");
        let rows: Vec<u64> = growth.points.iter().map(|it| it.rows).collect();
        assert_eq!(&rows[..4], [0, 5_000, 20_000, 80_000], "{what}");
        let production = growth.production.unwrap();
        assert_eq!(production.rows, ROWS);
        assert!(matches!(production.took.basis, Basis::Measured(1..=5)), "{what}: {production:?}");
        let (first, last) = (growth.points[1].ms, growth.points.last().unwrap().ms);
        assert!(last > first, "{what}: {growth:?}");
        // The band goes up with the rows, and does not run away.
        let high = float(production.took.high_ms);
        assert!(last < high && high < last * 5.0 * 8.0, "{what}: {growth:?}");
        assert!(production.took.low_ms <= production.took.high_ms);
    }
    // The index's lock is held while the rows are written.
    let (index, update) = (index.production.unwrap(), update.production.unwrap());
    assert_eq!(index.held.high_ms, index.took.high_ms + update.took.high_ms);
    assert_eq!(update.held, update.took);
}

#[test]
fn without_a_snapshot_only_what_was_measured_is_told() {
    let Some(server) = server(17) else { return };
    let ran = predict(&server, Budget { snapshot: None, time: Duration::ZERO });
    let rewrite = ran.statements().nth(1).unwrap().growth.as_ref().unwrap();
    assert_eq!(rewrite.points.len(), 4);
    assert_eq!(rewrite.production, None);
}
