//! Long histories take time in proportion to their length.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use lockkeeper::{
    catalog::Catalog,
    sql::{Statement, parse::parse},
};

fn read(history: &str) -> Vec<Statement> {
    history.split_terminator('\n').map(|it| parse(it).unwrap()).collect()
}

fn time(statements: &[Statement]) -> (Catalog, Duration) {
    let mut catalog = Catalog::new();
    let started = Instant::now();
    for statement in statements {
        catalog.apply(statement, 18);
    }
    (catalog, started.elapsed())
}

/// Ten times what it takes without optimization on a slow machine, and far less than quadratic time would.
const MOST: Duration = Duration::from_secs(10);

#[track_caller]
fn check(what: &str, history: &str) {
    let statements = read(history);
    let (_, elapsed) = time(&statements);
    println!("{what}: {} statements in {elapsed:?}", statements.len());
    assert!(elapsed < MOST, "{what}: {elapsed:?}");
}

#[test]
fn long_histories_take_proportionate_time() {
    let mut tables = String::new();
    for i in 0..5_000 {
        writeln!(
            tables,
            "CREATE TABLE t{i} (id serial PRIMARY KEY, a int NOT NULL, b text UNIQUE, c int REFERENCES t{i})"
        )
        .unwrap();
        writeln!(tables, "ALTER TABLE t{i} ADD COLUMN d int DEFAULT 3").unwrap();
        writeln!(tables, "CREATE INDEX ON t{i} (a, b)").unwrap();
    }
    check("tables", &tables);
    let mut partitions =
        "CREATE TABLE p (id int PRIMARY KEY, v int) PARTITION BY LIST (id)\nCREATE INDEX ON p (v)\n"
            .to_owned();
    let mut references = "CREATE TABLE users (id int PRIMARY KEY)\n".to_owned();
    for i in 0..5_000 {
        writeln!(partitions, "CREATE TABLE p{i} PARTITION OF p FOR VALUES IN ({i})").unwrap();
        writeln!(references, "CREATE TABLE r{i} (user_id int REFERENCES users)").unwrap();
    }
    partitions += "ALTER TABLE p ADD COLUMN w int\nCREATE INDEX ON p (w)\n";
    for begin in ["", "BEGIN\n"] {
        check("partitions", &format!("{begin}{partitions}"));
        check("references", &format!("{begin}{references}"));
    }
}
