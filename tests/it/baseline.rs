//! `lockkeeper baseline` and `lint --baseline`: what was there before is left out, and nothing else.

use std::{fs, process::Command};

use serde_json::Value;

use crate::{
    cli::{Ran, lockkeeper},
    repository::{Repository, found},
};

const OLD: &str = "DROP TABLE a;\nCREATE INDEX ON t (a);\n";

/// A repository with findings in two files, and a baseline of them.
fn known() -> Repository {
    let repository = Repository::with(&[("m/1.sql", OLD), ("m/2 é.sql", "DROP TABLE b;\n")]);
    let ran = baseline(&repository, &[]);
    assert_eq!((ran.code, ran.stderr.contains("--baseline")), (0, true), "{}", ran.stderr);
    repository
}

fn baseline(repository: &Repository, args: &[&str]) -> Ran {
    let (path, file) = (repository.path("m"), repository.path("lockkeeper.baseline"));
    let args = [args, &["-o", file.to_str().unwrap(), path.to_str().unwrap()]].concat();
    lockkeeper(&[&["baseline"], args.as_slice()].concat())
}

fn lint(repository: &Repository, path: &str, args: &[&str]) -> Ran {
    let file = repository.path("lockkeeper.baseline").display().to_string();
    repository.lint(path, &[&["--baseline", &file], args].concat())
}

/// The number of known findings and of stale entries that the JSON report tells.
fn counts(repository: &Repository, path: &str) -> (u64, u64) {
    let file = repository.path("lockkeeper.baseline").display().to_string();
    let path = repository.path(path).display().to_string();
    let ran = lockkeeper(&["lint", &path, "--baseline", &file, "--format", "json"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let baseline = &json["summary"]["baseline"];
    (baseline["known"].as_u64().unwrap(), baseline["stale"].as_u64().unwrap())
}

#[test]
fn a_baseline_has_a_line_a_finding_in_order() {
    let repository = known();
    let text = fs::read_to_string(repository.path("lockkeeper.baseline")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[2..4], ["version = 1", "findings = ["]);
    let mut found = Vec::new();
    for line in &lines[4..lines.len() - 1] {
        let (line, at) = line.split_once(" }, # line ").unwrap();
        let (place, fingerprint) = line.split_once(", fingerprint = \"").unwrap();
        assert_eq!(fingerprint.len(), 33, "{line}");
        found.push(format!("{} {at}", place.trim_start_matches("  { ")));
    }
    let expected = [
        r#"path = "m/1.sql", rule = "table-drop-loses-data" 1"#,
        r#"path = "m/1.sql", rule = "waits-without-lock-timeout" 1"#,
        r#"path = "m/1.sql", rule = "index-blocks-writes" 2"#,
        r#"path = "m/2 é.sql", rule = "table-drop-loses-data" 1"#,
        r#"path = "m/2 é.sql", rule = "waits-without-lock-timeout" 1"#,
    ];
    found.retain(|it| !it.contains("lock-held-through-work"));
    assert_eq!(found, expected);
    // It is the same whoever writes it again, from wherever.
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
    command.current_dir(repository.path("m")).args(["baseline", ".", "-o", "../lockkeeper.baseline"]);
    assert!(command.output().unwrap().status.success());
    assert_eq!(fs::read_to_string(repository.path("lockkeeper.baseline")).unwrap(), text);
}

#[test]
fn what_is_known_is_left_out_and_counted() {
    let repository = known();
    let ran = lint(&repository, "m", &["--fail-on", "note"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let (n, stale) = counts(&repository, "m");
    assert!((n >= 5, stale) == (true, 0), "{n} {stale}");
    let path = repository.path("m").display().to_string();
    let file = repository.path("lockkeeper.baseline").display().to_string();
    let ran = lockkeeper(&["lint", &path, "--baseline", &file]);
    assert!(
        ran.stdout.starts_with(&format!(
            "nothing found in 3 statements of 2 files\n{n} known findings left out by"
        ))
    );
    let ran = lockkeeper(&["lint", &path, "--baseline", &file, "--format", "json"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    crate::report::assert_valid(&json);
    let hidden = json["hidden"].as_array().unwrap();
    assert_eq!(hidden.len() as u64, n);
    assert!(hidden.iter().all(|it| it["by"] == "baseline" && it["reason"].is_null()), "{hidden:?}");
    // Lines above, comments and layout do not make a finding new.
    repository.write("m/1.sql", &format!("-- Old.\nSELECT 1;\n{}", OLD.replace(" ON t", "\n  on T")));
    assert_eq!(found(&lint(&repository, "m", &[])), [""; 0]);
    assert_eq!(counts(&repository, "m"), (n, 0));
}

#[test]
fn what_is_new_is_reported() {
    let repository = known();
    // The same statement again in its file, and in another one.
    repository.write("m/1.sql", &format!("{OLD}CREATE INDEX ON t (a);\n"));
    repository.write("m/3.sql", "SET lock_timeout = '2s';\nCREATE INDEX ON t (a);\n");
    let mut found = found(&lint(&repository, "m", &[]));
    found.retain(|it| it.ends_with("index-blocks-writes"));
    assert_eq!(found, ["m/1.sql:3 index-blocks-writes", "m/3.sql:2 index-blocks-writes"]);
    // Together with what changed.
    repository.write("m/1.sql", OLD);
    let found = crate::repository::found(&lint(&repository, "m", &["--since", "main"]));
    assert_eq!(found, ["m/3.sql:2 index-blocks-writes"]);
}

#[test]
fn a_renamed_file_keeps_what_is_known_of_it() {
    let repository = known();
    repository.git(&["mv", "m/1.sql", "m/1_a.sql"]);
    assert_eq!(found(&lint(&repository, "m", &[])), [""; 0]);
    assert_eq!(counts(&repository, "m").1, 0);
}

#[test]
fn what_no_longer_occurs_is_told_but_fails_nothing() {
    let repository = known();
    let (n, _) = counts(&repository, "m");
    repository.write("m/2 é.sql", "SELECT 1;\n");
    assert_eq!(counts(&repository, "m"), (n - 2, 2));
    // Of a file that is not judged nothing is said.
    assert_eq!(counts(&repository, "m/1.sql"), (n - 2, 0));
    fs::remove_file(repository.path("m/2 é.sql")).unwrap();
    assert_eq!(counts(&repository, "m/1.sql"), (n - 2, 2));
    let path = repository.path("m").display().to_string();
    let file = repository.path("lockkeeper.baseline").display().to_string();
    let ran = lockkeeper(&["lint", &path, "--baseline", &file, "--fail-on", "note"]);
    let said = format!("2 entries of {file} no longer occur: run `lockkeeper baseline`\n");
    assert!(ran.code == 0 && ran.stdout.contains(&said), "{}", ran.stdout);
    baseline(&repository, &[]);
    assert_eq!(counts(&repository, "m"), (n - 2, 0));
}

#[test]
fn the_configuration_names_the_baseline() {
    let repository = known();
    repository.write("lockkeeper.toml", "paths = [\"m\"]\nbaseline = \"known.toml\"\n");
    let run = |folder: &str, args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
        let output = command.current_dir(repository.path(folder)).args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let said = run("", &["lint"]);
    assert_eq!(said, "error: there is no known.toml: `lockkeeper baseline` writes it\n");
    let said = run("", &["baseline"]);
    assert!(
        said.starts_with("known.toml: ") && said.ends_with(" findings that lint leaves out from now on\n"),
        "{said}"
    );
    assert_eq!(run("", &["lint", "--format", "concise"]), "");
    assert_eq!(run("m", &["lint", "--format", "concise"]), "");
    assert!(run("", &["lint"]).contains(" known findings left out by known.toml\n"));
    // The other file is there as well.
    assert_eq!(run("", &["lint", "--baseline", "lockkeeper.baseline", "--format", "concise"]), "");
}

#[test]
fn a_broken_baseline_stops_the_run_and_names_the_line() {
    let repository = known();
    let text = fs::read_to_string(repository.path("lockkeeper.baseline")).unwrap();
    let cases = [
        ("version = 1", "version = 2", "line 3: version 2 is not known, expected 1"),
        (
            "rule = ",
            "rul = ",
            "line 5: unknown key `rul`, expected one of `fingerprint`, `rule`, `path`; did you mean `rule`?",
        ),
        ("fingerprint = \"", "fingerprint = \"x", "is no fingerprint: 32 hexadecimal digits"),
        ("findings = [\n", "findings = [\n<<<<<<< ours\n", "line 6: "),
    ];
    for (from, to, expected) in cases {
        repository.write("lockkeeper.baseline", &text.replacen(from, to, 1));
        let ran = lint(&repository, "m", &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        let start = "error: lockkeeper.baseline: line ";
        assert!(ran.stderr.starts_with(start) && ran.stderr.contains(expected), "{}", ran.stderr);
    }
    let ran = lockkeeper(&["baseline", "-"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("standard input has no place in a baseline"), "{}", ran.stderr);
}
