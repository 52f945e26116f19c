//! `doctor`: what it sees, and that it tells every reason for which `lint` cannot be relied on.

use lockkeeper::traffic::calibration::Task;
use serde_json::Value;

use crate::{
    calibration::calibrated,
    cli::{in_world, lockkeeper},
    repository::{Repository, git, in_folder},
};

/// 2026-11-21, 12:00 UTC.
const NOW: (&str, &str) = ("SOURCE_DATE_EPOCH", "1795262400");

const GOOSE: &str = "-- +goose Up\nCREATE TABLE t (a int);\n";

/// The exit code, and each check as `state name: says`, without those of the machine.
fn doctor(repository: &Repository, args: &[&str], environment: &[(&str, &str)]) -> (u8, Vec<String>) {
    let top = repository.path("").display().to_string();
    let config = format!("{top}lockkeeper.toml");
    let mut all = vec!["doctor", "--json"];
    if repository.path("lockkeeper.toml").exists() {
        all.extend(["--config", &config]);
    }
    all.extend(args);
    let ran = in_world(&all, b"", &[&[NOW], environment].concat());
    assert_eq!(ran.stderr, "");
    let report: Value = serde_json::from_str(&ran.stdout.replace(&top, "")).unwrap();
    assert_valid(&report);
    assert_eq!(report["ok"], ran.code == 0, "{report}");
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    let checks = report["checks"].as_array().unwrap().iter().map(|it| {
        // Whoever has something to do is told what.
        assert_eq!(it["next"].is_null(), it["state"] == "ok", "{it}");
        format!("{} {}: {}", text(it, "state"), text(it, "name"), text(it, "says"))
    });
    let of_machine = ["ok version: ", "ok rules: ", "ok environment: ", " servers: "];
    (ran.code, checks.filter(|it| !of_machine.iter().any(|of| it.contains(of))).collect())
}

fn assert_valid(report: &Value) {
    let schema: Value = serde_json::from_str(&lockkeeper(&["schema", "doctor"]).stdout).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mistakes: Vec<_> = validator.iter_errors(report).map(|it| it.to_string()).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

#[test]
fn a_project_fresh_from_init_is_well() {
    let repository = Repository::with(&[
        ("m/1_a.sql", GOOSE),
        ("m/2_b.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY ON t (a);\n"),
        ("compose.yml", "image: postgres:17\n"),
    ]);
    let top = repository.path("");
    assert_eq!(in_folder(&top, &["init"]).code, 0);
    let ran = in_folder(&top, &["doctor"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    for part in [
        "ok       configuration: lockkeeper.toml\n           postgres: 17 (by lockkeeper.toml)\n           paths: m (by lockkeeper.toml)\n",
        "           framework: detected (default)\n",
        "ok       migrations: 2 files; goose, by marks in its files\n           m/1_a.sql first, m/2_b.sql last\n           \
         each file is one transaction\n           1 file otherwise, as marks in them say\n",
        "ok       statements: all 2 can be read\n",
        "ok       since: no variable of a CI job names a branch: with --since auto everything is judged\n",
        "\nok       servers: ",
        " throwaway servers: run as ",
        "\n           kept for later runs: ",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    // The command line has the last word, and is named.
    let ran = in_folder(&top, &["doctor", "--pg", "15", "--framework", "plain", "m/1_a.sql"]);
    for part in [
        "postgres: 15 (by --pg)",
        "framework: plain (by --framework)",
        "paths: m/1_a.sql (by the command line)",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    // A job of a CI names the branch that it is for.
    let (code, checks) = doctor(&repository, &[], &[("GITHUB_ACTIONS", "true"), ("GITHUB_BASE_REF", "main")]);
    let base = repository.git(&["rev-parse", "HEAD"]);
    assert_eq!(
        (code, checks.last().unwrap().as_str()),
        (0, &*format!("ok since: auto is main ({})", &base[..10]))
    );
}

#[test]
fn what_makes_lint_unreliable_is_a_problem() {
    let repository = Repository::with(&[("m/1_a.sql", GOOSE)]);
    let config = |text: &str| repository.write("lockkeeper.toml", text);
    let problems = |args: &[&str], environment: &[(&str, &str)]| {
        let (code, mut checks) = doctor(&repository, args, environment);
        checks.retain(|it| it.starts_with("problem "));
        assert_eq!(code, 1, "{checks:?}");
        checks
    };
    config("");
    let nothing = "problem migrations: neither the command line nor `paths` of a configuration names any";
    assert_eq!(problems(&[], &[]), [nothing]);
    config("paths = [\"m\"]\npostgress = 17\n");
    assert_eq!(problems(&[], &[]), ["problem configuration: lockkeeper.toml: unknown key `postgress`"]);
    config("paths = [\"n\"]\n");
    assert_eq!(problems(&[], &[]), ["problem migrations: cannot read n"]);
    config("paths = [\"m\"]\nbaseline = \"known\"\n[rules]\nnone = \"off\"\n");
    let found = problems(&[], &[]);
    assert!(found[0].starts_with("problem rules: lockkeeper.toml: unknown rule `none`"), "{found:?}");
    config("paths = [\"m\"]\nbaseline = \"known\"\n");
    assert_eq!(problems(&[], &[]), ["problem baseline: there is no known: `lockkeeper baseline` writes it"]);
    config("paths = [\"m\"]\n");
    repository.write("m/2_b.sql", "-- +goose Up\nCREATE TABEL t;\n");
    assert_eq!(
        problems(&[], &[]),
        ["problem statements: 1 of 2 cannot be read, so that what they do is not known"]
    );
    repository.write("m/2_b.sql", GOOSE);
    let ci = ("GITHUB_BASE_REF", "none");
    let found = problems(&[], &[ci]);
    assert!(
        found[0].starts_with("problem since: --since: git knows no commit `origin/none` or `none`"),
        "{found:?}"
    );
    // It names what could be named.
    std::fs::remove_file(repository.path("lockkeeper.toml")).unwrap();
    let ran = in_folder(&repository.path(""), &["doctor"]);
    let said = "\n           m\n         next: `lockkeeper init` writes a configuration that names these\n";
    assert!(ran.code == 1 && ran.stdout.contains(said), "{}", ran.stdout);
}

#[test]
fn a_shallow_clone_is_told_before_it_hurts() {
    let repository = Repository::with(&[("m/1_a.sql", GOOSE), ("lockkeeper.toml", "paths = [\"m\"]\n")]);
    repository.git(&["checkout", "-q", "-b", "work"]);
    repository.commit();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repository.path("").display());
    git(folder.path(), &["clone", "-q", "--depth", "1", "--branch", "work", &url, "clone"]);
    let config = folder.path().join("clone/lockkeeper.toml").display().to_string();
    let state = |environment: &[(&str, &str)]| {
        let ran = in_world(&["doctor", "--json", "--config", &config], b"", environment);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let since = report["checks"].as_array().unwrap().iter().find(|it| it["name"] == "since").unwrap();
        (ran.code, since["state"].as_str().unwrap().to_owned(), since["says"].as_str().unwrap().to_owned())
    };
    let (code, found, says) = state(&[]);
    assert_eq!((code, found.as_str()), (0, "note"));
    assert!(says.starts_with("this clone is shallow"), "{says}");
    let (code, found, says) = state(&[("GITHUB_BASE_REF", "main")]);
    assert_eq!((code, found.as_str()), (1, "problem"));
    assert!(says.contains("this clone is shallow") && says.contains("`fetch-depth: 0`"), "{says}");
}

#[test]
fn what_has_no_effect_any_more_is_worth_a_look() {
    let config = "paths = [\"m\"]\nbaseline = \"known\"\n\
                  [[override]]\npaths = [\"m\"]\nrules = [\"waits-without-lock-timeout\"]\nseverity = \"off\"\nreason = \"r\"\nuntil = 2026-11-20\n\
                  [[override]]\npaths = [\"n\"]\nseverity = \"off\"\nreason = \"r\"\n";
    let repository = Repository::with(&[
        ("lockkeeper.toml", config),
        ("m/1.sql", "CREATE INDEX ON orders (a);\n"),
        ("m/2.sql", "SET lock_timeout = '2s';\nCREATE INDEX ON orders (b);\n"),
        ("m/2.down.sql", "DROP INDEX x;\n"),
    ]);
    assert_eq!(in_folder(&repository.path(""), &["baseline"]).code, 0);
    repository.write("m/2.sql", "SELECT 1;\n");
    let (code, checks) = doctor(&repository, &[], &[]);
    assert_eq!(code, 0, "{checks:?}");
    let expected = [
        "ok configuration: lockkeeper.toml",
        "ok migrations: 2 files; no framework that is known",
        "ok left out: 1 down migration, 0 that the framework does not run",
        "ok tables: how much tables are used is not known; `lockkeeper snapshot` asks a server",
        "ok statements: all 2 can be read",
        "note baseline: known: 1 known finding left out, 1 no longer there",
        "note overrides: 2 overrides, 2 without effect",
        "ok since: no variable of a CI job names a branch: with --since auto everything is judged",
    ];
    assert_eq!(checks, expected);
}

/// A snapshot says how much tables are used; an old one is worth a new one.
#[test]
fn tables_are_counted_by_heat() {
    let of = |further: &[&str]| {
        let args = ["doctor", "fixtures/lint/hot-tables/index", "--snapshot"];
        in_world(&[&args, further].concat(), b"", &[("SOURCE_DATE_EPOCH", "1795219200")]).stdout
    };
    let snapshot = "fixtures/lint/hot-tables/snapshot.json";
    let fresh = of(&[snapshot]);
    let says = "2 hot, 0 warm, 1 cold (snapshot of 2026-11-19; times are assumed; `lockkeeper calibrate` measures them)";
    assert!(fresh.contains(says), "{fresh}");
    assert!(!fresh.contains("take a new one"), "{fresh}");
    let folder = tempfile::tempdir().unwrap();
    let calibration = folder.path().join("c.json");
    std::fs::write(&calibration, serde_json::to_string(&calibrated(&Task::ALL)).unwrap()).unwrap();
    let measured = of(&[snapshot, "--calibration", calibration.to_str().unwrap()]);
    assert!(measured.contains("; calibration of 2026-11-20 on PostgreSQL 17.10)"), "{measured}");
    let old = of(&["fixtures/lint/hot-tables/old.json"]);
    assert!(old.contains("2026-08-01, 112 days old") && old.contains("take a new one"), "{old}");
}
