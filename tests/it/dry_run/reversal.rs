//! Ways back: found where each framework has them, run in a copy, and told of where they do not lead back.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lockkeeper::{
    effect::Runner,
    migration::{self, Exclude, Wanted, WayBack, histories, ways_back},
};
use serde_json::Value;
use tempfile::TempDir;

use super::runs::{json, rules};
use crate::cli::lockkeeper;

/// A folder with these files.
fn project(files: &[(&str, &str)]) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let path = folder.path().to_str().unwrap().to_owned();
    (folder, path)
}

/// The ways back of the last file of a history, as text without white space around lines.
fn backs(framework: &str, files: &[(&str, &str)]) -> Vec<(String, String, Option<Runner>)> {
    let (folder, _) = project(files);
    let framework = migration::framework::by_name(framework).unwrap();
    let wanted = Wanted { exclude: Exclude::nothing(), framework: Some(framework) };
    let history = histories(&[folder.path().to_owned()], &wanted).unwrap().remove(0);
    let file = &history.files.last().unwrap().path;
    let shown = |it: WayBack| {
        let path: PathBuf = it.path.strip_prefix(folder.path()).unwrap().to_owned();
        let text = String::from_utf8(it.text).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
        (path.to_str().unwrap().to_owned(), lines.join("\n"), it.marks.or(it.says))
    };
    ways_back(file, &history.detected).unwrap().into_iter().map(shown).collect()
}

/// A framework, its files, and the ways back: file, text, and how it is sent if it says so.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str, Option<Runner>)],
);

#[test]
fn each_framework_has_its_ways_back() {
    const OWN: &str = "CREATE TABLE a ();";
    let cases: &[Case] = &[
        (
            "golang-migrate",
            &[
                ("1_a.up.sql", OWN),
                ("1_other.down.sql", "DROP 1;"),
                ("2_b.up.sql", OWN),
                ("2_b.down.sql", "DROP 2;"),
            ],
            &[("2_b.down.sql", "DROP 2;", None)],
        ),
        (
            "golang-migrate",
            &[("1_a.up.sql", OWN), ("1_other.down.sql", "DROP 1;")],
            &[("1_other.down.sql", "DROP 1;", None)],
        ),
        (
            "sqlx",
            &[("1_a.up.sql", OWN), ("1_a.down.sql", "-- no-transaction\nDROP 1;")],
            &[("1_a.down.sql", "-- no-transaction\nDROP 1;", Some(Runner::Query))],
        ),
        (
            "diesel",
            &[("2026-01-01-000000_a/up.sql", OWN), ("2026-01-01-000000_a/down.sql", "DROP 1;")],
            &[("2026-01-01-000000_a/down.sql", "DROP 1;", None)],
        ),
        (
            "hasura",
            &[("170_a/up.sql", OWN), ("170_a/down.sql", "DROP 1;")],
            &[("170_a/down.sql", "DROP 1;", None)],
        ),
        (
            "pop",
            &[("20260101000000_a.postgres.up.sql", OWN), ("20260101000000_a.postgres.down.sql", "DROP 1;")],
            &[("20260101000000_a.postgres.down.sql", "DROP 1;", None)],
        ),
        (
            "flyway",
            &[("V1.2__a.sql", OWN), ("U1.2.0__back.sql", "DROP 1;"), ("U1__other.sql", "DROP 2;")],
            &[("U1.2.0__back.sql", "DROP 1;", None)],
        ),
        ("flyway", &[("R__a.sql", OWN), ("U1__other.sql", "DROP 2;")], &[]),
        (
            "sqitch",
            &[
                ("sqitch.plan", "%project=p\na 2026-01-01T00:00:00Z a <a@b>\n"),
                ("deploy/a.sql", OWN),
                ("revert/a.sql", "DROP 1;"),
            ],
            &[("revert/a.sql", "DROP 1;", None)],
        ),
        (
            "goose",
            &[("1_a.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE 1;\n-- +goose Down\nDROP 1;\n")],
            &[("1_a.sql", "DROP 1;", Some(Runner::Own))],
        ),
        (
            "dbmate",
            &[("1_a.sql", "-- migrate:up\nCREATE 1;\n-- migrate:down transaction:false\nDROP 1;\n")],
            &[("1_a.sql", "DROP 1;", Some(Runner::Query))],
        ),
        (
            "sql-migrate",
            &[("1_a.sql", "-- +migrate Up\nCREATE 1;\n-- +migrate Down\nDROP 1;\n")],
            &[("1_a.sql", "DROP 1;", Some(Runner::File))],
        ),
        (
            "node-pg-migrate",
            &[("1_a.sql", "-- Up Migration\nCREATE 1;\n-- Down Migration\nDROP 1;\n")],
            &[("1_a.sql", "DROP 1;", None)],
        ),
        (
            "tern",
            &[("001_a.sql", "CREATE 1;\n---- create above / drop below ----\nDROP 1;\n")],
            &[("001_a.sql", "DROP 1;", Some(Runner::File))],
        ),
        (
            "play",
            &[("1.sql", "# --- !Ups\nCREATE 1;\n# --- !Downs\nDROP 1;\n")],
            &[("1.sql", "DROP 1;", Some(Runner::File))],
        ),
        (
            "liquibase",
            &[(
                "1.sql",
                "--liquibase formatted sql\n--changeset a:1\nCREATE 1;\n--rollback DROP 1;\n\
                 --changeset a:2 runInTransaction:false\nCREATE 2;\n/* liquibase rollback\nDROP 2;\n*/\n\
                 --changeset a:3\nCREATE 3;\n--rollback empty\n",
            )],
            &[("1.sql", "DROP 2;", Some(Runner::Own)), ("1.sql", "DROP 1;", Some(Runner::File))],
        ),
        ("prisma", &[("1_a/migration.sql", OWN)], &[]),
        ("plain", &[("1.sql", OWN)], &[]),
    ];
    for (framework, files, expected) in cases {
        let found = backs(framework, files);
        let found: Vec<_> = found.iter().map(|it| (it.0.as_str(), it.1.as_str(), it.2)).collect();
        assert_eq!(found, *expected, "{framework}");
    }
}

/// The findings about ways back: rule, file and line.
fn told(report: &Value) -> Vec<(String, String, u64)> {
    let findings = report["runs"][0]["findings"].as_array().unwrap().iter();
    let mut told: Vec<_> = findings
        .filter(|it| {
            let rule = it["rule"].as_str().unwrap();
            rule.starts_with("down-") || rule.starts_with("up-again-")
        })
        .map(|it| {
            let name = Path::new(it["path"].as_str().unwrap()).file_name().unwrap().to_str().unwrap();
            (it["rule"].as_str().unwrap().to_owned(), name.to_owned(), it["line"].as_u64().unwrap())
        })
        .collect();
    told.sort();
    told
}

fn finding(rule: &str, file: &str, line: u64) -> (String, String, u64) {
    (rule.to_owned(), file.to_owned(), line)
}

#[test]
fn a_way_back_that_holds_is_no_finding() {
    let (_folder, path) = project(&[
        ("1_a.up.sql", "CREATE TABLE t (a int, b text);\nINSERT INTO t VALUES (1, 'x');"),
        ("1_a.down.sql", "DROP TABLE t;"),
        (
            "2_b.up.sql",
            "ALTER TABLE t ADD COLUMN c int;\nCREATE INDEX t_c ON t (c);\nCREATE ROLE back_reader;\nGRANT SELECT ON t TO back_reader;",
        ),
        (
            "2_b.down.sql",
            "REVOKE SELECT ON t FROM back_reader;\nDROP ROLE back_reader;\nALTER TABLE t DROP COLUMN c;",
        ),
    ]);
    for major in ["15", "18"] {
        let (_, report) = json(&["--pg", major, &path]);
        assert_eq!(told(&report), [], "{report}");
        let run = &report["runs"][0];
        let holds: Vec<_> = run["reversals"].as_array().unwrap().iter().map(|it| &it["holds"]).collect();
        assert_eq!(holds, [true, true]);
        // What takes back was looked at like anything else.
        let down = &run["reversals"][1]["down"][0]["statements"][2];
        assert_eq!(
            (&down["outcome"], &down["effects"][0]["lock"]),
            (&"ran".into(), &"ACCESS EXCLUSIVE".into())
        );
        let objects: Vec<_> =
            run["schema"]["objects"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert_eq!(objects, ["public.t_c", "public.t"]);
        assert_eq!(report["summary"]["differing"], 0);
    }
    let full = lockkeeper(&["dry-run", "--pg", "15", &path]).stdout;
    assert!(full.contains("1_a.up.sql by "), "{full}");
    assert!(
        full.contains(
            "   the schema then is as before
"
        ),
        "{full}"
    );
    assert!(full.contains("   the file runs again, to the same end\n"), "{full}");
    let (_, report) = json(&["--pg", "15", "--no-reversal", &path]);
    assert_eq!(report["runs"][0]["reversals"], Value::Array(Vec::new()));
}

#[test]
fn a_way_back_that_does_not_lead_back_is_told() {
    let (_folder, path) = project(&[
        ("1_a.up.sql", "CREATE TABLE t (a int, b text, c int);\nCREATE TABLE u (a int, b int);"),
        ("1_a.down.sql", "DROP TABLE u;\n\nDROP TABLE missing;"),
        ("2_b.up.sql", "CREATE INDEX t_a ON t (a);\nALTER TABLE t ALTER COLUMN a SET NOT NULL;"),
        ("2_b.down.sql", "ALTER TABLE t ALTER COLUMN a DROP NOT NULL;"),
        ("3_c.up.sql", "CREATE TABLE IF NOT EXISTS u (a int);\nCREATE INDEX IF NOT EXISTS u_a ON u (a);"),
        ("3_c.down.sql", "DROP TABLE u;"),
        ("4_d.up.sql", "ALTER TABLE t DROP COLUMN b;"),
        ("4_d.down.sql", "ALTER TABLE t ADD COLUMN b text;"),
    ]);
    for major in ["15", "18"] {
        let (ran, report) = json(&["--pg", major, &path]);
        assert_eq!(ran.code, 1);
        let expected = [
            finding("down-differs", "2_b.down.sql", 1),
            finding("down-differs", "3_c.down.sql", 1),
            finding("down-fails", "1_a.down.sql", 3),
            finding("up-again-differs", "3_c.up.sql", 2),
            finding("up-again-fails", "2_b.up.sql", 1),
        ];
        assert_eq!(told(&report), expected, "{report}");
        let reversals = report["runs"][0]["reversals"].as_array().unwrap();
        let refusal = &reversals[0]["refused"];
        assert_eq!((&refusal["line"], &refusal["refusal"]["sqlstate"]), (&3.into(), &"42P01".into()));
        assert_eq!(reversals[1]["left"]["objects"][0]["name"], "public.t_a");
        assert_eq!(reversals[3]["left"]["only_order"], true);
        let diff = reversals[3]["left"]["diff"].as_str().unwrap();
        assert!(
            diff.starts_with(
                "  table public.t
~   column "
            ) && diff.lines().count() == 2,
            "{diff}"
        );
    }
    assert!(!rules(&json(&["--pg", "15", "--no-reversal", &path]).1).contains(&"down-fails"));
}

#[test]
fn a_finding_in_a_way_back_may_be_allowed_there() {
    let (_folder, path) = project(&[(
        "1_a.sql",
        "-- +goose Up\nCREATE TABLE t (a int);\n-- +goose Down\n-- lockkeeper: allow down-fails: there is none\nDROP TABLE missing;\n",
    )]);
    let (_, report) = json(&["--pg", "15", &path]);
    assert_eq!(told(&report), []);
    assert_eq!(report["runs"][0]["reversals"][0]["holds"], false);
}
