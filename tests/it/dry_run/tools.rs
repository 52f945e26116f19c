//! `dry-run --exec`: this very program is the tool that is run.

use std::{env, fs, process::Command};

use serde_json::Value;
use tokio::runtime::Builder;
use tokio_postgres::NoTls;

use crate::{
    cli::{Ran, lockkeeper},
    expect::expect_file,
    real_tools::copy,
};

/// Says what [`the_tool`] is to send, message by message; without it, it is no tool.
const MESSAGES: &str = "LOCKKEEPER_TOOL_SENDS";

#[test]
fn the_tool() {
    let Ok(messages) = env::var(MESSAGES) else { return };
    let url = env::var("DATABASE_URL").unwrap();
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        for message in messages.split('|') {
            let sent = client.batch_execute(message).await;
            // What begins so may fail.
            if !message.starts_with("/*") {
                sent.unwrap();
            }
        }
    });
}

/// The command that sends these messages.
fn sends(messages: &[&str]) -> String {
    let program = env::current_exe().unwrap();
    let messages = messages.join("|");
    format!("{MESSAGES}=\"{messages}\" '{}' --exact dry_run::tools::the_tool", program.display())
}

fn exec(command: &str, further: &[&str]) -> Ran {
    lockkeeper(&[&["dry-run", "--pg", "15", "--exec", command], further].concat())
}

fn json(command: &str, further: &[&str]) -> (Ran, Value) {
    let ran = exec(command, &[&["--format", "json"], further].concat());
    assert!(ran.code < 2, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let schema: Value = serde_json::from_str(&lockkeeper(&["schema", "dry-run"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mistakes: Vec<_> =
        validator.iter_errors(&report).map(|it| format!("{}: {it}", it.instance_path)).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    (ran, report)
}

fn rules(report: &Value) -> Vec<&str> {
    let findings = report["runs"][0]["findings"].as_array().unwrap();
    findings.iter().map(|it| it["rule"].as_str().unwrap()).collect()
}

const MADE: &str = "CREATE TABLE t (id int PRIMARY KEY, v text)";

#[test]
fn what_a_tool_does_is_judged_as_files_are() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace.sql");
    let before = sends(&[MADE]);
    let further = ["--before", &before, "--rows", "10", "--trace-file", trace.to_str().unwrap()];
    let sent = ["/* may fail */ SELECT * FROM absent", "SELECT count(*) FROM t", "CREATE INDEX ON t (v)"];
    let (ran, report) = json(&sends(&sent), &further);
    assert_eq!(ran.code, 1);
    assert_eq!(rules(&report), ["index-blocks-writes"]);
    assert_eq!(report["summary"]["differing"], 0);
    let notes = report["runs"][0]["before"]["notes"].to_string();
    assert!(notes.contains("10 rows") && notes.contains("42P01"), "{notes}");
    let kept = fs::read_to_string(&trace).unwrap();
    assert_eq!(kept, "-- connection 1\nSELECT count(*) FROM t;\nCREATE INDEX ON t (v);\n");
    let shown = exec(&sends(&sent), &further).stdout;
    assert!(shown.contains("1 statement that only looked not shown"), "{shown}");
}

#[test]
fn the_trace_says_what_came_together() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace.sql");
    let together = "CREATE TABLE a (id int); CREATE TABLE b (id int)";
    json(&sends(&[together, "SELECT 1"]), &["--trace-file", trace.to_str().unwrap()]);
    let expected = "-- connection 1\n-- one message:\nCREATE TABLE a (id int);\nCREATE TABLE b (id int);\n-- one by one:\nSELECT 1;\n";
    assert_eq!(fs::read_to_string(&trace).unwrap(), expected);
}

#[test]
fn a_tool_that_the_server_refuses_is_a_finding() {
    let (ran, report) = json(&sends(&["BEGIN", MADE, "ALTER TABLE absent ADD COLUMN a int"]), &[]);
    assert!(ran.code == 1 && rules(&report).contains(&"server-refuses"), "{:?}", rules(&report));
    assert_eq!(report["summary"]["refused"], 1);
}

#[test]
fn a_tool_of_which_nothing_was_seen_is_an_error() {
    let said = |command: &str| {
        let ran = exec(command, &[]);
        assert_eq!(ran.code, 2, "{command}: {}", ran.stdout);
        ran.stderr
    };
    assert!(said("true").contains("it did not connect to the throwaway server"));
    let failed = said("echo no good; exit 3");
    assert!(failed.contains("exit status: 3") && failed.ends_with("  no good\n"), "{failed}");
    let elsewhere = format!("DATABASE_URL=${{DATABASE_URL%/*}}/postgres {}", sends(&["SELECT 1"]));
    let elsewhere =
        said(&elsewhere.replace(&format!(" {MESSAGES}"), &format!("; export DATABASE_URL; {MESSAGES}")));
    assert!(elsewhere.contains("it connected to postgres only"), "{elsewhere}");
}

#[test]
fn transactions_that_lint_assumed_otherwise_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let added = ["ALTER TABLE t ADD COLUMN a int", "ALTER TABLE t ADD COLUMN b int"];
    fs::write(folder.path().join("1.sql"), format!("{MADE};\n")).unwrap();
    fs::write(folder.path().join("2.sql"), format!("{};\n{};\n", added[0], added[1])).unwrap();
    let path = folder.path().to_str().unwrap();
    let as_assumed = json(&sends(&[MADE, "BEGIN", added[0], added[1], "COMMIT"]), &[path]).1;
    assert!(rules(&as_assumed).is_empty());
    let apart = json(&sends(&[MADE, added[0], added[1]]), &[path]).1;
    let (finding, place) = (&apart["runs"][0]["findings"][0], folder.path().join("2.sql"));
    assert_eq!(rules(&apart), ["transaction-differs"]);
    assert_eq!((finding["path"].as_str(), finding["line"].as_u64()), (place.to_str(), Some(2)));
    let together = json(&sends(&["BEGIN", MADE, added[0], added[1], "COMMIT"]), &[path]).1;
    assert_eq!(rules(&together), ["transaction-differs"]);
    let unsent = json(&sends(&[MADE]), &[path]).1;
    assert!(unsent["runs"][0]["before"]["notes"].to_string().contains("sent nothing of"));
}

/// The statements of which the transactions matter, by their first words.
const TELLING: &[&str] = &["BEGIN", "START", "COMMIT", "ROLLBACK", "CREATE", "ALTER", "UPDATE", "INSERT"];

/// The tools that are on the `PATH`, with `LOCKKEEPER_REAL_TOOLS=1`; without it none is run, for a program of the same name may be another.
#[test]
fn real_tools_are_traced_and_do_what_lint_assumes() {
    if env::var_os("LOCKKEEPER_REAL_TOOLS").is_none() {
        return;
    }
    for entry in fs::read_dir("fixtures/exec").unwrap() {
        let project = entry.unwrap().path();
        let name = project.file_name().unwrap().to_str().unwrap().to_owned();
        let call = fs::read_to_string(project.join("call")).unwrap();
        let program = call.split_whitespace().next().unwrap();
        let is_there = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
        if !is_there.status.success() {
            eprintln!("not run: {name}, for {program} is not there");
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let (copied, trace) = (folder.path().join(&name), folder.path().join("trace.sql"));
        copy(&project, &copied);
        let files = ["migrations", "drizzle"].map(|it| copied.join(it)).into_iter().find(|it| it.is_dir());
        let command = format!("cd '{}' && {}", copied.display(), call.trim());
        let mut further = vec!["--trace-file", trace.to_str().unwrap()];
        further.extend(files.as_ref().map(|it| it.to_str().unwrap()));
        let (ran, report) = json(&command, &further);
        assert_eq!((ran.code, rules(&report)), (0, Vec::new()), "{name}: {}", ran.stderr);
        assert_eq!(report["summary"]["differing"], 0, "{name}");
        let trace = fs::read_to_string(trace).unwrap();
        let words = |it: &str| it.split([' ', ';', '(']).take(3).collect::<Vec<_>>().join(" ").to_uppercase();
        let telling = trace.lines().map(words).filter(|it| TELLING.iter().any(|word| it.starts_with(word)));
        let telling: String = telling.flat_map(|it| [it.trim().to_owned(), "\n".to_owned()]).collect();
        expect_file(project.join("expected.txt"), &telling);
    }
}
