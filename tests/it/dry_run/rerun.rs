//! Failures in the middle: what is left, and what comes of running the file again, as its framework would.

use serde_json::Value;

use super::runs::{folder, json};

const BEFORE: &str = "CREATE TABLE t (a int PRIMARY KEY, b int);";

/// A failure: line, whether inside, what is left, what was refused again, and the objects that differ in the end.
type Failure<'r> = (u64, bool, Vec<&'r str>, Option<(u64, &'r str)>, Vec<&'r str>);

/// What came of the last file's failures.
fn failures(report: &Value) -> Vec<Failure<'_>> {
    let tried = report["runs"][0]["reruns"].as_array().unwrap();
    let Some(last) = tried.last() else { return Vec::new() };
    let told = last["failures"].as_array().unwrap().iter();
    told.map(|it| {
        let (line, inside) = (it["line"].as_u64().unwrap(), it["inside"].as_bool().unwrap());
        let refused = &it["refused"];
        let refused = (!refused.is_null())
            .then(|| (refused["line"].as_u64().unwrap(), refused["refusal"]["sqlstate"].as_str().unwrap()));
        (line, inside, of(&it["left"]), refused, of(&it["differs"]))
    })
    .collect()
}

fn of(schema: &Value) -> Vec<&str> {
    schema["objects"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
}

/// The findings about second tries.
fn told(report: &Value) -> Vec<(&str, u64, &str)> {
    let findings = report["runs"][0]["findings"].as_array().unwrap().iter();
    let is_it = |it: &&Value| it["rule"].as_str().unwrap().starts_with("rerun-");
    findings
        .filter(is_it)
        .map(|it| {
            (it["rule"].as_str().unwrap(), it["line"].as_u64().unwrap(), it["message"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn an_index_build_that_fails_leaves_an_index_in_the_way() {
    for major in ["15", "18"] {
        let (_folder, path) = folder(&[BEFORE, "CREATE INDEX CONCURRENTLY i ON t (b);"]);
        let (_, report) = json(&["--pg", major, "--transaction", "own", &path]);
        let name = "public.i";
        assert_eq!(failures(&report), [(1, true, vec![name], Some((1, "42P07")), vec![name])]);
        let diff = report["runs"][0]["reruns"][0]["failures"][0]["left"]["diff"].as_str().unwrap();
        assert!(diff.contains("\n+   INVALID\n"), "{diff}");
        let message = "this fails when the migration is run again after a failure in line 1: 42P07: relation \"i\" already exists";
        assert_eq!(told(&report), [("rerun-fails", 1, message)]);
    }
}

#[test]
fn what_keeps_an_invalid_index_leads_elsewhere() {
    let (_folder, path) = folder(&[BEFORE, "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (b);"]);
    let (_, report) = json(&["--pg", "18", "--transaction", "own", &path]);
    assert_eq!(failures(&report), [(1, true, vec!["public.i"], None, vec!["public.i"])]);
    let message = "run again after a failure in line 1: index public.i is not the same";
    assert_eq!(told(&report), [("rerun-differs", 1, message)]);
}

#[test]
fn what_clears_up_first_can_be_run_again() {
    let text = "DROP INDEX CONCURRENTLY IF EXISTS i;\nCREATE INDEX CONCURRENTLY i ON t (b);\nANALYZE t;";
    let (_folder, path) = folder(&[BEFORE, text]);
    let (_, report) = json(&["--pg", "15", "--transaction", "own", &path]);
    let failures = failures(&report);
    assert!(failures.len() >= 2, "{failures:?}");
    assert!(failures.iter().all(|it| it.3.is_none() && it.4.is_empty()), "{failures:?}");
    assert_eq!(told(&report), []);
}

#[test]
fn a_file_is_cut_behind_each_of_its_transactions() {
    let text = "BEGIN;\nCREATE TABLE u (a int);\nCOMMIT;\nINSERT INTO t VALUES (2, 2);\nALTER TABLE t ADD COLUMN IF NOT EXISTS c int;";
    let (_folder, path) = folder(&[BEFORE, text]);
    let (_, report) = json(&["--pg", "15", "--transaction", "own", &path]);
    let u = Some((2, "42P07"));
    assert_eq!(
        failures(&report),
        [
            (3, false, vec!["public.u"], u, vec!["public.t"]),
            (4, false, vec!["public.u"], u, vec!["public.t"])
        ]
    );
}

#[test]
fn one_transaction_leaves_nothing() {
    let (_folder, path) = folder(&[BEFORE, "CREATE TABLE u (a int);\nCREATE TABLE v (a int);"]);
    let (_, report) = json(&["--pg", "15", &path]);
    assert_eq!(report["runs"][0]["reruns"], Value::Array(Vec::new()));
}

#[test]
fn a_framework_goes_on_in_its_own_way() {
    let text = "CREATE TABLE u (a int);\nCREATE TABLE v (a int);";
    let (_folder, path) = folder(&[BEFORE, text]);
    let goes_on = |framework: &str| {
        let (_, report) = json(&["--pg", "15", "--transaction", "own", "--framework", framework, &path]);
        let last = report["runs"][0]["reruns"].as_array().unwrap().last().unwrap().clone();
        let is_refused = last["failures"][0]["refused"].is_object();
        (
            last["goes_on"].as_str().unwrap().to_owned(),
            last["only_after"].as_str().map(str::to_owned),
            is_refused,
        )
    };
    assert_eq!(goes_on("plain"), ("from-start".to_owned(), None, true));
    let (_folder_2, changesets) = folder(&[
        BEFORE,
        "--liquibase formatted sql\n--changeset a:1\nCREATE TABLE u (a int);\n--changeset a:2\nCREATE TABLE v (a int);\n",
    ]);
    let (_, report) = json(&["--pg", "15", &changesets]);
    assert_eq!(failures(&report), [(3, false, vec!["public.u"], None, vec![])]);
}
