//! Tables that were there before are filled with rows that their schema allows, and with what may break the next constraint.

use std::fs;

use lockkeeper::{
    dry_run::{Fate, Options, Ran, Rows},
    lint::InputRole,
    pg::Sandbox,
    traffic::{Snapshot, hash},
};

use super::{DATABASE, input, told, with_rows};
use crate::support::{majors, on_each, server};

fn run(server: &Sandbox, judged: &str) -> Ran {
    server.drop_database(DATABASE).unwrap();
    let schema = fs::read_to_string("fixtures/dry-run/rows.sql").unwrap();
    let inputs = [input("rows.sql", &schema, InputRole::Schema), input("1.sql", judged, InputRole::Linted)];
    with_rows(server, &inputs, Some(200)).unwrap()
}

/// How the server refuses the statement; `None` if it runs.
fn refusal(ran: &Ran) -> Option<String> {
    ran.statements().find_map(|it| match &it.fate {
        Fate::Refused { refusal, .. } => Some(refusal.to_string()),
        Fate::Observed { .. } | Fate::Ran(_) | Fate::NotRun => None,
    })
}

/// The keys hold although nobody checked them while the rows were made; new rows get numbers behind those that are there.
const SOUND: &str = "
    ALTER TABLE person ADD FOREIGN KEY (country) REFERENCES country;
    ALTER TABLE purchase ADD FOREIGN KEY (person) REFERENCES person;
    ALTER TABLE person_in_purchase ADD FOREIGN KEY (person) REFERENCES person, ADD FOREIGN KEY (purchase) REFERENCES purchase;
    ALTER TABLE egg ADD FOREIGN KEY (hen) REFERENCES hen;
    INSERT INTO person (mail, name, country, part, settings, code, \"Odd \"\"name\"\"\")
        SELECT 'a@b.c', 'new', code, 1, '{}', '', gen_random_uuid() FROM country LIMIT 1;
    DO $$ BEGIN ASSERT (SELECT count(*) FROM event_1 WHERE at < '2026-07-01') = 200; END $$;
    DO $$ BEGIN ASSERT (SELECT count(DISTINCT status) FROM purchase) = 3; END $$;
";

/// What must fail where anything may be in a table.
const BROKEN: [(&str, &str); 4] = [
    (
        "ALTER TABLE person ALTER COLUMN born SET NOT NULL",
        "23502: column \"born\" of relation \"person\" contains null values",
    ),
    (
        "ALTER TABLE purchase ADD UNIQUE (status)",
        "23505: could not create unique index \"purchase_status_key\"",
    ),
    (
        "ALTER TABLE purchase ADD CHECK (percent < 50)",
        "23514: check constraint \"purchase_percent_check1\" of relation \"purchase\" is violated by some row",
    ),
    (
        "ALTER TABLE country ALTER COLUMN name TYPE varchar(1)",
        "22001: value too long for type character varying(1)",
    ),
];

#[test]
fn rows_are_as_the_schema_wants_them_and_no_better() {
    on_each(&majors(), |server| {
        let ran = run(server, SOUND);
        assert_eq!(ran.backdrop, ["9 of 9 tables were filled with 200 rows each"], "{}", server.major());
        assert_eq!(refusal(&ran), None, "{}", server.major());
        for (statement, said) in BROKEN {
            assert_eq!(refusal(&run(server, statement)).as_deref(), Some(said), "{}", server.major());
        }
    });
}

/// What a snapshot says of a table, of 5,000 rows.
const PRODUCTION: &str = r#"{"schema": "lockkeeper/snapshot/1", "taken_at": "2026-11-01T00:00:00Z", "database": "shop", "hashed": false,
    "servers": [], "settings": {}, "transactions": {"longest_ms": 0, "typical_ms": 0, "n_sessions": 0}, "unseen": [],
    "tables": [{"name": "public.\"Mail\"", "kind": "table", "rows": 5000, "heap_bytes": 0, "index_bytes": 0, "toast_bytes": 0,
        "reads_per_s": 0, "writes_per_s": 0, "seq_scans_per_s": 0, "columns": [
            {"name": "id", "type": "integer", "not_null": true, "width": 4, "correlation": 0.02, "distinct": -1},
            {"name": "text", "type": "text", "not_null": false, "null_fraction": 0.25, "width": 400, "distinct": -0.75},
            {"name": "kind", "type": "text", "not_null": false, "null_fraction": 0, "width": 20, "distinct": 7},
            {"name": "seen", "type": "jsonb", "not_null": false, "null_fraction": 1}]}]}"#;

#[test]
fn rows_are_like_those_of_a_snapshot() {
    let plain = Snapshot::parse(PRODUCTION).unwrap();
    let mut hashed = plain.clone();
    hash::hide(&mut hashed);
    let schema = "CREATE TABLE \"Mail\" (id int PRIMARY KEY, text text, kind text, seen jsonb); CREATE TABLE new_one (id int);";
    on_each(&majors(), |server| {
        for snapshot in [&plain, &hashed] {
            server.drop_database(DATABASE).unwrap();
            let inputs =
                [input("0.sql", schema, InputRole::Schema), input("1.sql", "SELECT 1;", InputRole::Linted)];
            let rows = Rows { snapshot: Some(snapshot), most: 4000, share: 0.5 };
            told(server, &inputs, &Options { rows: Some(rows), ..Options::default() }).unwrap();
            let session = server.connect(DATABASE).unwrap();
            let number = |sql: &str| session.rows(sql).unwrap()[0].number::<f64>(0).unwrap();
            let count = |sql: &str| session.rows(sql).unwrap()[0].number::<u64>(0).unwrap();
            assert_eq!(count("SELECT count(*) FROM \"Mail\""), 2500);
            assert_eq!(count("SELECT count(*) FROM new_one"), 4000);
            let n_nulls = number("SELECT count(*) FROM \"Mail\" WHERE text IS NULL");
            assert!((600.0..650.0).contains(&n_nulls), "{n_nulls}");
            assert_eq!(count("SELECT count(DISTINCT kind) FROM \"Mail\""), 7);
            assert_eq!(count("SELECT count(seen) FROM \"Mail\""), 0);
            let of = |column: &str, what: &str| {
                number(&format!(
                    "SELECT {what} FROM pg_stats WHERE tablename = 'Mail' AND attname = '{column}'"
                ))
            };
            assert!((380.0..420.0).contains(&of("text", "avg_width")), "{}", of("text", "avg_width"));
            assert!((18.0..22.0).contains(&of("kind", "avg_width")), "{}", of("kind", "avg_width"));
            assert!(of("id", "correlation").abs() < 0.3, "{}", of("id", "correlation"));
        }
    });
}

#[test]
fn that_there_was_no_table_to_fill_is_told() {
    let Some(server) = server(16) else { return };
    let inputs = [input("1.sql", "CREATE TABLE orders (id int);", InputRole::Linted)];
    let ran = with_rows(&server, &inputs, Some(10)).unwrap();
    assert!(ran.backdrop[0].starts_with("no table was there before"), "{:?}", ran.backdrop);
}
