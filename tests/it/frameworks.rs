//! Small projects of each framework: which files run, in which order, and in which transaction.
//!
//! Each folder of `fixtures/frameworks` has the layout that the framework itself makes. What `lint` takes it for is in `expected.txt`;
//! `UPDATE_EXPECT=1` writes that. A statement that fails because of its transaction says so: `CREATE INDEX CONCURRENTLY` must fail exactly
//! where the framework would make it fail.

use std::{fmt::Write, fs, path::Path};

use lockkeeper::pg::session::Refusal;
use serde_json::Value;

use crate::{
    cli::lockkeeper,
    expect::expect_file,
    support::{majors, on_each},
};

fn linted(project: &Path) -> String {
    let path = project.to_str().unwrap();
    let ran = lockkeeper(&["lint", "--pg", "15", "--format", "json", "--fail-on", "never", path]);
    assert_eq!(ran.code, 0, "{path}: {}", ran.stderr);
    described(&serde_json::from_str(&ran.stdout).unwrap(), project)
}

/// What a JSON report says of frameworks, files and statements.
pub(crate) fn described(report: &Value, project: &Path) -> String {
    let mut out = String::new();
    for framework in report["frameworks"].as_array().unwrap() {
        let because = framework["because"].as_str().unwrap();
        writeln!(out, "{}, by {because:?}", framework["name"].as_str().unwrap()).unwrap();
    }
    for file in report["files"].as_array().unwrap() {
        let path = Path::new(file["path"].as_str().unwrap()).strip_prefix(project).unwrap();
        writeln!(out, "{}: {}", path.display(), file["runner"].as_str().unwrap()).unwrap();
        for statement in file["statements"].as_array().unwrap() {
            let kind = statement["kind"].as_str().unwrap();
            let fails = statement["fails_with"].as_str().map(|it| format!(", fails with {it}"));
            let transaction = statement["transaction"].as_str().unwrap();
            writeln!(out, "    {kind}: {transaction}{}", fails.unwrap_or_default()).unwrap();
        }
    }
    out
}

#[test]
fn each_framework_is_known_with_its_order_and_its_transactions() {
    let mut projects: Vec<_> =
        fs::read_dir("fixtures/frameworks").unwrap().map(|it| it.unwrap().path()).collect();
    projects.sort();
    assert!(projects.len() > 15);
    for project in projects {
        expect_file(project.join("expected.txt"), &linted(&project));
    }
}

/// Scripts that are sent as one message. Several statements are one transaction, however they are told apart by BEGIN and COMMIT.
pub(crate) const MESSAGES: &[&str] = &[
    "CREATE INDEX CONCURRENTLY i ON t (a);",
    "SELECT 1; CREATE INDEX CONCURRENTLY i ON t (a);",
    "CREATE INDEX CONCURRENTLY i ON t (a); SELECT 1;",
    "BEGIN; ALTER TABLE t ADD COLUMN b int; COMMIT; CREATE INDEX CONCURRENTLY i ON t (a);",
    "ALTER TABLE t ADD COLUMN b int; COMMIT; VACUUM t;",
    "ALTER TABLE t ADD COLUMN b int; BEGIN; SELECT b FROM t; COMMIT;",
    "BEGIN; ALTER TABLE t ADD COLUMN b int; COMMIT; ALTER TABLE t ADD COLUMN c int;",
    "VACUUM t; VACUUM t;",
    "VACUUM t;",
    // Code.
    "DO $$ BEGIN UPDATE t SET a = 1; COMMIT; UPDATE t SET a = 2; END $$;",
    "DO $$ BEGIN UPDATE t SET a = 1; ROLLBACK; END $$;",
    "SELECT 1; DO $$ BEGIN UPDATE t SET a = 1; COMMIT; END $$;",
    "SELECT 1; DO $$ BEGIN ROLLBACK; END $$;",
    "DO $$ BEGIN LOCK TABLE t; SET LOCAL work_mem = '1MB'; END $$;",
    "DO $$ BEGIN CREATE INDEX CONCURRENTLY i ON t (a); END $$;",
    "DO $$ BEGIN VACUUM t; END $$;",
    "DO $$ BEGIN CALL p(); END $$;",
    "CALL p();",
    "SELECT 1; CALL p();",
    "SELECT f();",
    "DO $$ BEGIN PERFORM f(); END $$;",
    "DO $$ BEGIN ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; COMMIT; ALTER TABLE t VALIDATE CONSTRAINT c; END $$;",
];

/// What is there before each of them.
pub(crate) const BEFORE: &str = "CREATE TABLE t (a int);
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;";

#[test]
fn one_message_is_one_transaction_as_on_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("schema.sql"), BEFORE).unwrap();
    let predicted: Vec<Option<String>> = MESSAGES
        .iter()
        .map(|message| {
            fs::write(path("1.sql"), message).unwrap();
            let options =
                ["lint", "--transaction", "query", "--format", "json", "--fail-on", "never", "--schema"];
            let ran = lockkeeper(&[&options[..], &[&path("schema.sql"), &path("1.sql")]].concat());
            let report: Value = serde_json::from_str(&ran.stdout).unwrap();
            let statements = report["files"][0]["statements"].as_array().unwrap();
            statements.iter().find_map(|it| it["fails_with"].as_str()).map(ToOwned::to_owned)
        })
        .collect();
    let on_servers = on_each(&majors(), |server| {
        MESSAGES
            .iter()
            .enumerate()
            .map(|(n, message)| {
                let name = format!("message_{n}");
                server.create_database(&name).unwrap();
                let session = server.connect(&name).unwrap();
                session.batch(BEFORE).unwrap();
                session.batch(message).err().map(|it| Refusal::of(&it).unwrap().sqlstate)
            })
            .collect::<Vec<_>>()
    });
    for (major, observed) in on_servers {
        assert_eq!(observed, predicted, "PostgreSQL {major}");
    }
}
