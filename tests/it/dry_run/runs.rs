//! Whole runs of the command, and what is left of them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lockkeeper::{
    dry_run::{self, Fate, File, Purpose},
    effect::Lock,
    lint::{InputRole, lint},
    rule::RuleSet,
};
use serde_json::Value;

use super::{DATABASE, dry_run as run_all, input};
use crate::{
    cli::{Ran, lockkeeper},
    support::{lint_options, server},
};

pub(super) fn json(args: &[&str]) -> (Ran, Value) {
    let ran = lockkeeper(&[&["dry-run", "--format", "json"], args].concat());
    assert!(ran.code < 2, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let schema: Value = serde_json::from_str(&lockkeeper(&["schema", "dry-run"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mistakes: Vec<_> =
        validator.iter_errors(&report).map(|it| format!("{}: {it}", it.instance_path)).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    (ran, report)
}

/// A folder with one file of each text, in this order.
pub(super) fn folder(texts: &[&str]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    for (n, text) in texts.iter().enumerate() {
        fs::write(folder.path().join(format!("{}.sql", n + 1)), text).unwrap();
    }
    let path = folder.path().to_str().unwrap().to_owned();
    (folder, path)
}

pub(super) fn outcomes(report: &Value) -> Vec<&str> {
    let files = report["runs"][0]["files"].as_array().unwrap();
    let statements = files.iter().flat_map(|it| it["statements"].as_array().unwrap());
    statements.map(|it| it["outcome"].as_str().unwrap()).collect()
}

pub(super) fn rules(report: &Value) -> Vec<&str> {
    let findings = report["runs"][0]["findings"].as_array().unwrap();
    findings.iter().map(|it| it["rule"].as_str().unwrap()).collect()
}

#[test]
fn the_shop_does_on_two_servers_what_is_predicted() {
    let (ran, report) = json(&["--pg", "15,18", "fixtures/shop"]);
    assert_eq!(ran.code, 1);
    let summary = &report["summary"];
    assert_eq!(
        (&summary["differing"], &summary["refused"], &summary["not_run"]),
        (&0.into(), &0.into(), &0.into())
    );
    assert_eq!(summary["ran"], summary["statements"]);
    let majors: Vec<_> = report["runs"].as_array().unwrap().iter().map(|it| &it["postgres"]).collect();
    assert_eq!(majors, [15, 18]);
}

#[test]
fn a_wrong_prediction_is_told() {
    let Some(server) = server(15) else { return };
    let inputs = [
        input("0.sql", "CREATE TABLE orders (id bigint);", InputRole::Schema),
        input("1.sql", "CREATE INDEX i ON orders (id);", InputRole::Linted),
    ];
    let mut options = lint_options(15);
    options.keep_statements = true;
    let mut linted = lint(&inputs, &RuleSet::default(), &options);
    for effect in &mut linted[1].statements[0].outcome.effects {
        effect.lock = Some(Lock::AccessExclusive);
    }
    let files: Vec<File<'_>> = linted
        .iter()
        .zip([Purpose::Schema, Purpose::Judged])
        .map(|(it, purpose)| File {
            source: &it.input.source,
            purpose,
            framework: it.input.framework,
            parts: it.parts.clone(),
            predicted: it.statements.iter().map(|it| (it.span, &it.outcome)).collect(),
            back: Vec::new(),
        })
        .collect();
    let ran = dry_run::run(&server, DATABASE, &files, &dry_run::Options::default()).unwrap();
    let statement = ran.statements().next().unwrap();
    let said = "public.orders: predicted ACCESS EXCLUSIVE with scan, build-index, observed SHARE with scan, build-index";
    assert_eq!(statement.said(), [("prediction-differs", said.to_owned())]);
    // Rules judge what was seen.
    let Fate::Observed { effects, .. } = &statement.fate else { panic!("{statement:?}") };
    assert_eq!(effects.iter().filter_map(|it| it.lock).max(), Some(Lock::Share));
}

#[test]
fn the_run_ends_at_the_first_refusal() {
    let (_folder, path) = folder(&[
        "CREATE TABLE orders (id bigint); INSERT INTO orders VALUES (1), (1);",
        "ALTER TABLE orders ADD COLUMN note text;\nCREATE UNIQUE INDEX orders_id ON orders (id);\nSELECT 1;",
        "SELECT 2;",
    ]);
    let (ran, report) = json(&[&path]);
    assert_eq!(ran.code, 1);
    assert_eq!(outcomes(&report), ["ran", "ran", "ran", "refused", "not-run", "not-run"]);
    assert!(rules(&report).contains(&"server-refuses"));
    let refusal = &report["runs"][0]["files"][1]["statements"][1]["refusal"];
    assert_eq!((&refusal["sqlstate"], &refusal["at_commit"]), (&"23505".into(), &false.into()));
    let full = lockkeeper(&["dry-run", &path]).stdout;
    assert!(full.contains("      REFUSED: 23505: could not create unique index \"orders_id\"\n"), "{full}");
    assert!(full.contains("   1  SELECT 2\n      not run\n"), "{full}");
}

#[test]
fn a_transaction_may_be_refused_at_its_end() {
    let (_folder, path) = folder(&[
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);",
        "INSERT INTO b VALUES (7);",
    ]);
    let (_, report) = json(&[&path]);
    let statement = &report["runs"][0]["files"][1]["statements"][0];
    assert_eq!(
        (&statement["outcome"], &statement["refusal"]["at_commit"]),
        (&"refused".into(), &true.into())
    );
}

#[test]
fn a_refusal_that_is_predicted_is_not_told_twice() {
    let (_folder, path) =
        folder(&["CREATE TABLE t (a int);", "BEGIN; CREATE INDEX CONCURRENTLY i ON t (a); COMMIT;"]);
    let (_, report) = json(&[&path]);
    assert_eq!(outcomes(&report), ["ran", "ran", "refused", "not-run"]);
    assert!(rules(&report).contains(&"fails-in-transaction"));
    assert!(!rules(&report).contains(&"server-refuses"));
}

#[test]
fn a_refusal_that_is_allowed_is_no_pass() {
    let (_folder, path) = folder(&[
        "CREATE TABLE t (a int);",
        "BEGIN;\n-- lockkeeper: allow fails-in-transaction: we know\nCREATE INDEX CONCURRENTLY i ON t (a);\nCOMMIT;",
    ]);
    let (ran, report) = json(&[&path]);
    assert_eq!((ran.code, &report["summary"]["errors"]), (1, &0.into()));
    assert_eq!(json(&["--fail-on", "never", &path]).0.code, 0);
}

#[test]
fn what_was_there_before_must_be_made() {
    let (folder, _) =
        folder(&["CREATE TABLE t (a int);\n\nALTER TABLE missing ADD COLUMN b int;", "SELECT 1;"]);
    let last = folder.path().join("2.sql");
    let ran = lockkeeper(&["dry-run", last.to_str().unwrap()]);
    let first = folder.path().join("1.sql");
    let said = format!(
        "error: {}:3: cannot make what was there before: 42P01: relation \"missing\" does not exist\n",
        first.display()
    );
    assert_eq!((ran.code, ran.stdout, ran.stderr), (2, String::new(), said));
}

#[test]
fn what_nobody_can_send_is_an_error() {
    let (_folder, path) = folder(&["CREATE TABLE t (a int);\nGRANT SELECT ON t TO ${reader};"]);
    let ran = lockkeeper(&["dry-run", &path]);
    let said = format!(
        "error: {path}/1.sql:2: cannot run this: nobody says what ${{reader}} stands for; --set name=value does\n"
    );
    assert_eq!((ran.code, ran.stdout, ran.stderr), (2, String::new(), said));
    let (_, report) = json(&["--set", "reader=public", &path]);
    assert_eq!(outcomes(&report), ["ran", "ran"]);
}

#[test]
fn values_are_put_in_as_psql_and_frameworks_do() {
    let (_folder, path) = folder(&[
        "CREATE TABLE :table (\"{{.column}}\" text DEFAULT :'text', :\"other\" int DEFAULT ${number});
         DO $$ BEGIN ASSERT (SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname IN ('A', 'b\"c')) = 2; END $$;",
    ]);
    let values = ["table=t", "column=A", "text=it's", "other=b\"c", "number=7"];
    let set: Vec<&str> = values.iter().flat_map(|it| ["--set", it]).collect();
    let (_, report) = json(&[&set[..], &[&path]].concat());
    assert_eq!(outcomes(&report), ["ran", "ran"]);
}

#[test]
fn a_dump_of_another_server_is_taken_as_far_as_this_one_can() {
    let (_folder, path) = folder(&["ALTER TABLE public.orders ADD PRIMARY KEY (id);"]);
    let (_, report) = json(&["--schema", "fixtures/dry-run/dump.sql", &path]);
    let notes: Vec<_> = report["runs"][0]["before"]["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    assert_eq!(
        notes,
        [
            "roles that the files name were made: Auditor, crm_owner, reader, reporting, shop_owner",
            "fixtures/dry-run/dump.sql:8: left out: this server does not know transaction_timeout",
            "fixtures/dry-run/dump.sql:9: left out: this server does not know a_setting_of_the_future",
            "fixtures/dry-run/dump.sql:15: left out: this server does not have the extension no_such_extension",
            "fixtures/dry-run/dump.sql:17: left out, as no_such_extension is missing: 42704: extension \"no_such_extension\" does not exist",
            "fixtures/dry-run/dump.sql:26: left out, as no_such_extension is missing: 42704: type \"public.no_such_type\" does not exist",
        ]
    );
    // The rows of the dump are there.
    assert_eq!(report["runs"][0]["files"][0]["statements"][0]["refusal"]["sqlstate"], "23505");
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let empty = tempfile::tempdir().unwrap();
    let shown = empty.path().to_str().unwrap();
    let ran = lockkeeper(&["dry-run", "--pg-bin", shown, "fixtures/shop"]);
    let said =
        format!("error: cannot start a throwaway PostgreSQL 15: {shown}: no postgres and initdb there\n");
    assert_eq!((ran.code, ran.stdout, ran.stderr), (2, String::new(), said));
}

#[test]
fn two_runs_at_once_know_nothing_of_each_other() {
    let run = || json(&["--fail-on", "never", "fixtures/shop"]).0.code;
    thread::scope(|scope| {
        let other = scope.spawn(run);
        assert_eq!((run(), other.join().unwrap()), (0, 0));
    });
}

#[test]
fn statements_that_commit_in_between_are_seen() {
    let (_folder, path) = folder(&[
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET a = 2; COMMIT; END $$;",
        "CREATE INDEX CONCURRENTLY i ON t (a);\nDROP INDEX CONCURRENTLY i;\nVACUUM t;\nCALL p();",
    ]);
    let (_, report) = json(&["--fail-on", "never", &path]);
    let statements = report["runs"][0]["files"][1]["statements"].as_array().unwrap();
    let locks = |n: usize| {
        let effects = statements[n]["effects"].as_array().unwrap().iter();
        let lock =
            |it: &Value| format!("{} {}", it["relation"].as_str().unwrap(), it["lock"].as_str().unwrap());
        effects.map(lock).collect::<Vec<_>>()
    };
    assert_eq!(locks(0), ["public.t SHARE UPDATE EXCLUSIVE"]);
    assert_eq!(locks(1), ["public.i ACCESS EXCLUSIVE", "public.t SHARE UPDATE EXCLUSIVE"]);
    assert_eq!(locks(2), ["public.t SHARE UPDATE EXCLUSIVE"]);
    assert_eq!(locks(3), ["public.t ROW EXCLUSIVE"]);
}

#[test]
fn the_runners_transaction_is_around_each_file() {
    let Some(server) = server(15) else { return };
    let inputs = [
        input("1.sql", "CREATE TABLE t (a int);", InputRole::Linted),
        input(
            "2.sql",
            "SET LOCAL lock_timeout = '1s'; ALTER TABLE t ADD COLUMN b int; LOCK TABLE t;",
            InputRole::Linted,
        ),
        // A session of its own: what the file before it set is gone.
        input(
            "3.sql",
            "DO $$ BEGIN ASSERT current_setting('lock_timeout') = '0'; END $$;",
            InputRole::Linted,
        ),
    ];
    let ran = run_all(&server, &inputs).unwrap();
    let is_refused = |it: &dry_run::Statement| matches!(it.fate, Fate::Refused { .. } | Fate::NotRun);
    assert!(!ran.statements().any(is_refused), "{ran:?}");
}

/// The private folders of a process's servers.
fn folders_of(process: u32) -> Vec<PathBuf> {
    let places = [env::temp_dir(), PathBuf::from("/tmp")];
    let prefix = format!("lockkeeper-pg-{process}-");
    let entries = places.iter().filter_map(|it| fs::read_dir(it).ok()).flatten().flatten();
    entries
        .map(|it| it.path())
        .filter(|it| it.file_name().unwrap().to_string_lossy().starts_with(&prefix))
        .collect()
}

#[test]
fn a_run_that_is_killed_leaves_nothing() {
    let (_folder, path) = folder(&["SELECT pg_sleep(600);"]);
    let mut run = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .args(["dry-run", &path])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let is_running =
        |folders: &[PathBuf]| folders.iter().any(|it| Path::new(it).join("data/postmaster.pid").exists());
    while !is_running(&folders_of(run.id())) {
        assert!(started.elapsed() < Duration::from_mins(1), "no server was started");
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(500));
    run.kill().unwrap();
    run.wait().unwrap();
    let killed = Instant::now();
    while !folders_of(run.id()).is_empty() {
        assert!(killed.elapsed() < Duration::from_secs(20), "{:?} are still there", folders_of(run.id()));
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_frameworks_own_table_is_there_before_the_first_migration() {
    let folder = tempfile::tempdir().unwrap();
    let migrations = folder.path().join("migrations");
    fs::create_dir(&migrations).unwrap();
    let text = "CREATE TABLE t (a int);\nDELETE FROM _sqlx_migrations WHERE version = 7;";
    fs::write(migrations.join("20260101000000_first.sql"), text).unwrap();
    let (_, report) = json(&["--framework", "sqlx", migrations.to_str().unwrap()]);
    assert_eq!(outcomes(&report), ["ran", "ran"]);
}

#[test]
fn what_a_trigger_does_is_shown_and_not_compared() {
    let (_folder, path) = folder(&[
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE TABLE log (a int);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1); RETURN NULL; END $$;
         CREATE TRIGGER note AFTER UPDATE ON t FOR EACH STATEMENT EXECUTE FUNCTION note();",
        "UPDATE t SET a = 2;",
    ]);
    let (_, report) = json(&["--fail-on", "never", &path]);
    let statement = &report["runs"][0]["files"][1]["statements"][0];
    assert_eq!(statement["not_compared"], "it fires triggers, whose code decides what they do");
    let names: Vec<_> = statement["effects"].as_array().unwrap().iter().map(|it| &it["relation"]).collect();
    assert_eq!(names, ["public.log", "public.t"]);
}
