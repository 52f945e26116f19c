//! What `fix` prints and writes.

use std::{fmt::Write, fs, path::Path, process::Command};

use super::cases;
use crate::{
    cli::{Ran, lockkeeper},
    expect::expect_file,
    support::files_below,
};

fn fix(args: &[&str]) -> Ran {
    lockkeeper(&[&["fix"], args].concat())
}

#[test]
fn every_case_is_fixed_as_shown() {
    for case in cases() {
        let mut shown = String::new();
        for pg in ["15", "18"] {
            let ran = fix(&[&case.migrations(), "--schema", &case.schema(), "--pg", pg, "--fail-on", "note"]);
            write!(shown, "PostgreSQL {pg}\n{}", ran.stdout).unwrap();
            ran.stderr.lines().for_each(|it| writeln!(shown, "! {it}").unwrap());
            write!(shown, "exit {}\n\n", ran.code).unwrap();
        }
        expect_file(case.folder.join("expected.diff"), &shown);
    }
}

#[test]
fn the_shop_is_fixed_as_far_as_recipes_reach() {
    let ran = fix(&["fixtures/shop"]);
    assert_eq!(ran.code, 1);
    expect_file("fixtures/fix/shop.diff", &(ran.stdout + &ran.stderr));
}

/// A copy of the shop, as a git repository.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir("fixtures/shop").unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn all(folder: &Path) -> Vec<(String, String)> {
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).filter(|it| it.is_file());
    let mut files: Vec<_> = files
        .map(|it| (it.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&it).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn git_applies_the_diff_and_write_does_the_same() {
    let (patched, written) = (repository(), repository());
    let ran = fix(&[patched.path().to_str().unwrap()]);
    let folder = patched.path().to_str().unwrap().trim_start_matches('/');
    let diff = ran.stdout.replace(&format!("/{folder}/"), "/");
    let patch = patched.path().join("fix.diff");
    fs::write(&patch, diff).unwrap();
    let git = |args: &[&str]| Command::new("git").args(args).current_dir(patched.path()).output().unwrap();
    git(&["init", "--quiet"]);
    let applied = git(&["apply", "fix.diff"]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    fs::remove_file(patch).unwrap();

    let ran = fix(&[written.path().to_str().unwrap(), "--write"]);
    assert_eq!(ran.stdout, "");
    assert_eq!(all(written.path()), all(patched.path()));
    let again = fix(&[written.path().to_str().unwrap()]);
    assert_eq!(again.stdout, "", "nothing is left to do");
}

#[cfg(unix)]
#[test]
fn permissions_and_line_ends_and_what_follows_stay() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1_index.sql");
    fs::write(&path, "-- é\r\nCREATE  INDEX a\r\n  ON t (a) -- why\r\n;;\r\n-- end").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let ran = fix(&[path.to_str().unwrap(), "--write"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "-- é\r\nCREATE  INDEX CONCURRENTLY a\r\n  ON t (a) -- why\r\n;;\r\n-- end"
    );
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing temporary is left");
}

/// Fixes one file and returns it with what was said.
fn fixed(name: &str, text: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let ran = fix(&[path.to_str().unwrap(), "--write"]);
    (fs::read_to_string(&path).unwrap(), ran.stderr)
}

#[test]
fn what_cannot_leave_its_transaction_stays_and_is_told() {
    let stays = [
        // Two files' worth of work, and no number to put a second file behind.
        ("index.sql", "CREATE TABLE n (a int);\nCREATE INDEX i ON t (a);\n", "has no number"),
        ("1.sql", "BEGIN;\nCREATE INDEX i ON t (a);\nCOMMENT ON INDEX i IS 'x';\nCOMMIT;\n", "names i"),
        (
            "1.sql",
            "BEGIN;\nCREATE UNIQUE INDEX i ON t (a);\nINSERT INTO t VALUES (1) ON CONFLICT DO NOTHING;\nCOMMIT;\n",
            "may need",
        ),
        ("1.sql", "BEGIN;\nCREATE INDEX i ON t (a);\nROLLBACK;\n", "COMMIT"),
        (
            "1.sql",
            "-- lockkeeper: allow index-may-be-invalid: new\nCREATE INDEX IF NOT EXISTS i ON t (a);\n",
            "allows",
        ),
        ("1.sql", "DO $$ BEGIN CREATE INDEX i ON t (a); END $$;\n", "body"),
        ("1.sql", "DROP INDEX i CASCADE;\n", "CASCADE"),
        ("1.sql", "SET lock_timeout = '1s';\nALTER TABLE t ADD CHECK (a > 0);\n", "name it"),
    ];
    for (name, text, why) in stays {
        let (after, said) = fixed(name, text);
        assert_eq!(after, text, "{said}");
        assert!(said.contains("not fixed: ") && said.contains(why), "{text}: {said}");
    }
}

#[test]
fn a_framework_is_told_to_open_no_transaction() {
    let (goose, said) =
        fixed("1_index.sql", "-- +goose Up\nCREATE INDEX i ON t (a);\n-- +goose Down\nDROP INDEX i;\n");
    assert_eq!(
        goose,
        "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY i ON t (a);\n-- +goose Down\nDROP INDEX i;\n",
        "{said}"
    );
    let (dbmate, said) =
        fixed("1_index.sql", "-- migrate:up\nCREATE INDEX i ON t (a);\n\n-- migrate:down\nDROP INDEX i;\n");
    assert_eq!(
        dbmate,
        "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON t (a);\n\n-- migrate:down\nDROP INDEX i;\n",
        "{said}"
    );
}

/// The edits that the JSON report has of a file's findings, one list a finding.
fn suggested(before: &str, text: &str, pg: &str) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("0.sql"), before).unwrap();
    let path = folder.path().join("1.sql");
    fs::write(&path, text).unwrap();
    let ran = lockkeeper(&["lint", path.to_str().unwrap(), "--pg", pg, "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|it| it["fix"].clone()).filter(|it| !it.is_null()).collect()
}

#[test]
fn the_json_report_has_edits_that_do_not_fail() {
    let edits = suggested("", "CREATE INDEX i ON t (a);\n", "15");
    assert_eq!(edits.len(), 1);
    assert_eq!(edits[0]["applicability"], "safe");
    assert_eq!(edits[0]["edits"][0]["text"], "CREATE INDEX CONCURRENTLY i ON t (a)");
    let before = "CREATE TABLE s (id int PRIMARY KEY); CREATE TABLE p (a int) PARTITION BY LIST (a);\n\
        CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n";
    let alter = "BEGIN; SET LOCAL lock_timeout = '1s';\n\
        ALTER TABLE p ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES s; COMMIT;\n";
    // Before 18 a partitioned table's foreign key cannot be NOT VALID.
    assert_eq!(suggested(before, alter, "15").len(), 0);
    assert_eq!(suggested(before, alter, "18").len(), 1);
}

#[test]
fn the_configuration_says_how_long_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lockkeeper.toml"), "[fix]\nlock-timeout = \"500ms\"\n").unwrap();
    let path = folder.path().join("1.sql");
    fs::write(&path, "ALTER TABLE t ADD COLUMN a int;\n").unwrap();
    fix(&[path.to_str().unwrap(), "--write"]);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text, "SET lock_timeout = '500ms';\nALTER TABLE t ADD COLUMN a int;\n");
}

#[test]
fn what_would_come_too_late_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("1.sql", "CREATE TABLE t (a int);\n");
    write("2_index.sql", "CREATE INDEX i ON t (a);\nINSERT INTO t VALUES (1);\n");
    write("3_drop.sql", "DROP INDEX CONCURRENTLY IF EXISTS i;\n");
    let ran = fix(&[folder.path().to_str().unwrap()]);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("the schema would be another: Index public.i"), "{}", ran.stderr);
}

#[test]
fn new_files_are_numbered_like_their_neighbours() {
    let sql = "SET lock_timeout = '1s';\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);\n";
    for (old, new) in [
        ("0007_check.sql", "0008_check_validate.sql"),
        ("V9__check.sql", "V10__check_validate.sql"),
        ("20260131120059_check.sql", "20260131120100_check_validate.sql"),
        ("7-check.up.sql", "8-check_validate.up.sql"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(old), sql).unwrap();
        let ran = fix(&[folder.path().to_str().unwrap(), "--write"]);
        let names: Vec<String> = all(folder.path()).into_iter().map(|it| it.0).collect();
        assert!(names.contains(&new.to_owned()), "{names:?} {}", ran.stderr);
    }
}

#[test]
fn what_is_left_is_allowed_with_a_reason() {
    let shop = repository();
    let folder = shop.path().to_str().unwrap();
    let ran = fix(&[folder, "--write", "--allow", "the shop is closed at night"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.ends_with("0 left\n"), "{}", ran.stderr);
    let ran = lockkeeper(&["lint", folder, "--format", "concise", "--fail-on", "note"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, ""),
        "not one finding is left, nor a comment without use"
    );
    let renames = fs::read_to_string(shop.path().join("0009_renames.sql")).unwrap();
    let comment = "-- lockkeeper: allow column-rename-breaks-application: the shop is closed at night\n";
    assert!(renames.contains(&format!("{comment}ALTER TABLE orders RENAME COLUMN")), "{renames}");
}

#[test]
fn a_reason_is_one_line() {
    for reason in ["", "  ", "a\nb"] {
        let ran = fix(&["fixtures/shop", "--allow", reason]);
        assert_eq!(ran.code, 2, "{reason:?}: {}", ran.stderr);
    }
}

#[test]
fn rows_are_written_in_batches_only_where_that_is_the_same() {
    let table = "CREATE TABLE t (id int PRIMARY KEY, a int, b int);\nCREATE TABLE u (a int);\n";
    for (update, why) in [
        ("UPDATE t SET a = a + 1;", "a second run would not do the same"),
        ("UPDATE t SET id = b;", "by which batches are made"),
        ("UPDATE t SET a = u.a FROM u;", "with FROM"),
        ("UPDATE t SET a = (SELECT 1);", "with SELECT"),
        ("UPDATE t SET a = 1 RETURNING id;", "with RETURNING"),
        ("UPDATE ONLY t SET a = 1;", "ONLY"),
        ("UPDATE u SET a = 1;", "no primary key"),
        ("UPDATE v SET a = 1;", "is not known"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.sql"), table).unwrap();
        fs::write(folder.path().join("2.sql"), update).unwrap();
        let ran = fix(&[folder.path().join("2.sql").to_str().unwrap()]);
        assert_eq!(ran.stdout, "", "{update}");
        assert!(ran.stderr.contains(why), "{update}: {}", ran.stderr);
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("1.sql", table);
    write("2_fill.sql", "SET lock_timeout = '2s';\nALTER TABLE t ADD COLUMN c int;\nUPDATE t SET c = 1;\n");
    write("3.sql", "SET lock_timeout = '2s';\nUPDATE t SET a = c WHERE id < 10;\n");
    let ran = fix(&[folder.path().to_str().unwrap()]);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("3.sql runs next and names c"), "{}", ran.stderr);
}

#[test]
fn new_files_run_in_their_order_whichever_is_made_first() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("1.sql", "CREATE TABLE t (id int PRIMARY KEY);\n");
    write(
        "2_fill.sql",
        "SET lock_timeout = '2s';\nALTER TABLE t ADD COLUMN c int;\nUPDATE t SET c = 1;\nALTER TABLE t ALTER c SET NOT NULL;\n",
    );
    let ran = fix(&[folder.path().to_str().unwrap(), "--write", "--pg", "15"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let names: Vec<String> = all(folder.path()).into_iter().map(|it| it.0).collect();
    let made = ["3_fill_backfill.sql", "4_fill_constrain.sql", "5_fill_validate.sql", "6_fill_finish.sql"];
    assert_eq!(names, [&["1.sql", "2_fill.sql"][..], &made[..]].concat());
}

/// A project of one migration: fixes it, and gives the names of what is there then.
fn project(files: &[(&str, &str)], fixed: &str) -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let migrations = folder.path().join(fixed);
    let ran = fix(&[migrations.to_str().unwrap(), "--write", "--fail-on", "error"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let files = files_below(folder.path());
    let names = files.iter().map(|it| it.strip_prefix(folder.path()).unwrap().display().to_string());
    let names = names.collect();
    (folder, names)
}

const CHECKED: &str = "SET lock_timeout = '2s';\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);\n";

#[test]
fn migrations_in_folders_get_new_folders() {
    let (_folder, names) =
        project(&[("diesel.toml", ""), ("migrations/2026-12-31-235859_check/up.sql", CHECKED)], "migrations");
    assert!(names.contains(&"migrations/2026-12-31-235900_check_validate/up.sql".to_owned()), "{names:?}");
    let lock = ("prisma/migrations/migration_lock.toml", "provider = \"postgresql\"\n");
    let migration = ("prisma/migrations/20260102030459_check/migration.sql", CHECKED);
    let (_folder, names) = project(&[lock, migration], "prisma/migrations");
    let made = "prisma/migrations/20260102030500_check_validate/migration.sql";
    assert!(names.contains(&made.to_owned()), "{names:?}");
}

#[test]
fn diesel_is_told_beside_the_migration_to_open_no_transaction() {
    let up = "migrations/2026-01-02-000000_index/up.sql";
    let index = "CREATE INDEX i ON t (a);\n";
    let (folder, names) = project(&[("diesel.toml", ""), (up, index)], "migrations");
    assert!(names.contains(&"migrations/2026-01-02-000000_index/metadata.toml".to_owned()), "{names:?}");
    let text = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
    assert_eq!(text(up), "CREATE INDEX CONCURRENTLY i ON t (a);\n");
    assert_eq!(text("migrations/2026-01-02-000000_index/metadata.toml"), "run_in_transaction = false\n");
    let again = fix(&[folder.path().join("migrations").to_str().unwrap()]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{}", again.stderr);

    // An index beside other work becomes a migration of its own.
    let both = "SET lock_timeout = '2s';\nALTER TABLE t ADD COLUMN b int;\nCREATE INDEX i ON t (b);\n";
    let (folder, names) = project(&[("diesel.toml", ""), (up, both)], "migrations");
    let made = "migrations/2026-01-02-000001_index_index";
    assert!(names.contains(&format!("{made}/metadata.toml")), "{names:?}");
    let made = fs::read_to_string(folder.path().join(made).join("up.sql")).unwrap();
    assert!(made.ends_with("CREATE INDEX CONCURRENTLY i ON t (b);\n"), "{made}");
}

#[test]
fn where_a_file_is_one_message_each_index_has_its_own() {
    let up = "migrations/2026-01-02-000000_index/up.sql";
    let three = "DROP INDEX c;\nCREATE INDEX a ON t (a);\nCREATE INDEX b ON t (b);\n";
    let (folder, names) = project(&[("diesel.toml", ""), (up, three)], "migrations");
    let made: Vec<&String> = names.iter().filter(|it| it.ends_with("up.sql")).collect();
    let statements: Vec<String> = made
        .iter()
        .map(|it| fs::read_to_string(folder.path().join(it)).unwrap().lines().last().unwrap().to_owned())
        .collect();
    assert_eq!(
        statements,
        [
            "DROP INDEX CONCURRENTLY c;",
            "CREATE INDEX CONCURRENTLY a ON t (a);",
            "CREATE INDEX CONCURRENTLY b ON t (b);"
        ]
    );
    assert_eq!(names.iter().filter(|it| it.ends_with("metadata.toml")).count(), 3);
}
