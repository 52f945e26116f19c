//! `[[override]]`: whom it is for, until when, and what is said of one that does nothing.

use std::fs;

use serde_json::Value;

use crate::cli::{Ran, in_world};

/// 2026-11-21, 12:00 UTC.
const NOW: &str = "1795262400";

/// A folder with migrations and a configuration.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(config: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("lockkeeper.toml", config);
        folder.write(".git/HEAD", "");
        folder
            .write("legacy/old/1.sql", "CREATE INDEX ON orders (a);\nCREATE INDEX ON audit.log_2026 (a);\n");
        folder.write("new/1.sql", "CREATE INDEX ON orders (a);\nCREATE INDEX ON audit.log_2026 (a);\n");
        folder
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self, paths: &[&str], now: &str) -> Ran {
        let path = |it: &&str| self.0.path().join(it).display().to_string();
        let paths: Vec<String> = paths.iter().map(path).collect();
        let config = path(&"lockkeeper.toml");
        let mut args = vec!["lint", "--format", "concise", "--config", &config];
        args.extend(paths.iter().map(String::as_str));
        in_world(&args, b"", &[("SOURCE_DATE_EPOCH", now)])
    }

    /// `path:line severity`, and the rule of what is not about an index.
    fn lint(&self, paths: &[&str], now: &str) -> Vec<String> {
        let ran = self.run(paths, now);
        assert!(ran.code < 2, "{}", ran.stderr);
        let said = ran.stdout.replace(&format!("{}/", self.0.path().display()), "");
        let line = |line: &str| {
            let (place, rest) = line.split_once(": ").unwrap();
            let (severity, rest) = rest.split_once('[').unwrap();
            let rule = rest.split_once(']').unwrap().0.replace("index-blocks-writes", "");
            format!("{} {severity} {rule}", place.rsplit_once(':').unwrap().0).trim_end().to_owned()
        };
        said.lines().map(line).filter(|it| !it.contains("lock-held-through-work")).collect()
    }
}

fn config(keys: &str) -> String {
    format!("paths = [\"legacy\", \"new\"]\n[[override]]\nreason = \"r\"\n{keys}\n")
}

const ALL: [&str; 4] =
    ["legacy/old/1.sql:1 error", "legacy/old/1.sql:2 error", "new/1.sql:1 error", "new/1.sql:2 error"];

/// `ALL`, of which these are changed.
fn changed(changes: &[(usize, &str)]) -> Vec<String> {
    let mut all = ALL.map(str::to_owned);
    for (n, severity) in changes {
        all[*n] = all[*n].replace("error", severity);
    }
    all.into_iter().filter(|it| !it.ends_with("off")).collect()
}

#[test]
fn an_override_is_for_what_it_names() {
    let held = "\nrules = [\"index-blocks-writes\"]";
    let cases: &[(&str, &[(usize, &str)])] = &[
        ("paths = [\"legacy/**\"]\nseverity = \"off\"", &[(0, "off"), (1, "off")]),
        ("paths = [\"legacy\"]\nseverity = \"note\"", &[(0, "note"), (1, "note")]),
        ("paths = [\"**/old/*.sql\"]\nseverity = \"warning\"", &[(0, "warning"), (1, "warning")]),
        ("tables = [\"public.*\"]\nseverity = \"off\"", &[(0, "off"), (2, "off")]),
        ("tables = [\"log_*\"]\nseverity = \"off\"", &[(1, "off"), (3, "off")]),
        ("tables = [\"audit.log_????\", \"nothing\"]\nseverity = \"off\"", &[(1, "off"), (3, "off")]),
        ("paths = [\"new/\"]\ntables = [\"orders\"]\nseverity = \"off\"", &[(2, "off")]),
    ];
    for (keys, changes) in cases {
        for keys in [(*keys).to_owned(), format!("{keys}{held}")] {
            let folder = Folder::with(&config(&keys));
            assert_eq!(folder.lint(&[], NOW), changed(changes), "{keys}");
        }
    }
    // The last one that matches decides; one before it that is therefore of no use is told of.
    let two = config(
        "paths = [\"legacy\"]\nseverity = \"off\"\n[[override]]\nreason = \"r\"\ntables = [\"*\"]\nseverity = \"note\"",
    );
    let mut expected = changed(&[(0, "note"), (1, "note"), (2, "note"), (3, "note")]);
    expected.push("lockkeeper.toml:2 note unused-override".to_owned());
    assert_eq!(Folder::with(&two).lint(&[], NOW), expected);
}

#[test]
fn an_override_holds_until_its_day_is_over() {
    let keys = "paths = [\"legacy\"]\nseverity = \"off\"\nuntil = ";
    for until in ["\"2026-11-21\"", "2026-11-21", "\"2028-02-29\""] {
        let folder = Folder::with(&config(&format!("{keys}{until}")));
        assert_eq!(folder.lint(&[], NOW), changed(&[(0, "off"), (1, "off")]), "{until}");
    }
    let folder = Folder::with(&config(&format!("{keys}\"2026-11-20\"")));
    let mut expected = changed(&[]);
    expected.push("lockkeeper.toml:6 warning expired-override".to_owned());
    assert_eq!(folder.lint(&[], NOW), expected);
    // Also in a run over one file, which tells nothing of what is unused.
    assert_eq!(folder.lint(&["new/1.sql"], NOW), expected[2..]);
    let ran = folder.run(&["new"], "1795262400s");
    assert_eq!(
        (ran.code, ran.stderr.contains("SOURCE_DATE_EPOCH is `1795262400s`")),
        (2, true),
        "{}",
        ran.stderr
    );
}

#[test]
fn reports_say_what_an_override_did_and_why() {
    let folder = Folder::with(
        "paths = [\"legacy\", \"new\"]\n[[override]]\npaths = [\"legacy\"]\nseverity = \"off\"\n\
         reason = \"goes away\"\nuntil = 2028-02-29\n\
         [[override]]\npaths = [\"new\"]\ntables = [\"orders\"]\nseverity = \"note\"\nreason = \"small\"\n",
    );
    let path = folder.0.path().join("lockkeeper.toml").display().to_string();
    let run = |format: &str| {
        let args = ["lint", "--config", &path, "--format", format];
        let ran = in_world(&args, b"", &[("SOURCE_DATE_EPOCH", NOW)]);
        ran.stdout.replace(&format!("{}/", folder.0.path().display()), "")
    };
    let text = run("full");
    for part in [
        "= note: note instead of error by lockkeeper.toml:7: small\n",
        " hidden by lockkeeper.toml:2: goes away (until 2028-02-29)\n",
        " of another severity by lockkeeper.toml:7: small\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json: Value = serde_json::from_str(&run("json")).unwrap();
    crate::report::assert_valid(&json);
    let hidden = json["hidden"].as_array().unwrap();
    assert!(hidden.len() >= 2);
    for it in hidden {
        assert_eq!((&it["by"], &it["reason"]), (&"override".into(), &"goes away".into()), "{it}");
        assert!(it["path"].as_str().unwrap().starts_with("legacy/") && it["severity"] != "off", "{it}");
    }
    let of = |rule: &str, relation: &str| {
        let is_it = |it: &&Value| it["rule"] == rule && it["relation"] == relation;
        json["findings"].as_array().unwrap().iter().find(is_it).unwrap()["override"].clone()
    };
    let expected = serde_json::json!(
        {"severity": "error", "reason": "small", "until": null, "place": "lockkeeper.toml:7"}
    );
    assert_eq!(of("index-blocks-writes", "public.orders"), expected);
    assert_eq!(of("index-blocks-writes", "audit.log_2026"), Value::Null);
}

#[test]
fn the_day_is_that_of_the_calendar() {
    let days = [
        ("0", "1970-01-01"),
        ("951782399", "2000-02-28"),
        ("951782400", "2000-02-29"),
        ("951868800", "2000-03-01"),
        ("1735603200", "2024-12-31"),
        ("1735689600", "2025-01-01"),
        ("4107542400", "2100-03-01"),
    ];
    for (seconds, day) in days {
        let keys = format!("paths = [\"legacy\"]\nseverity = \"off\"\nuntil = {day}");
        let folder = Folder::with(&config(&keys));
        assert_eq!(folder.lint(&["legacy"], seconds), [""; 0], "{day}");
        let later = (seconds.parse::<u64>().unwrap() / 86400 + 1) * 86400;
        assert_eq!(folder.lint(&["legacy"], &later.to_string()).len(), 3, "{day}");
    }
}

#[test]
fn an_override_without_use_is_told_of_where_that_can_be_known() {
    let unused = "lockkeeper.toml:2 note unused-override";
    let lint = |keys: &str, paths: &[&str]| {
        let mut found = Folder::with(&config(keys)).lint(paths, NOW);
        found.retain(|it| it.contains("override"));
        found
    };
    assert_eq!(lint("paths = [\"legcay\"]\nseverity = \"off\"", &[]), [unused]);
    assert_eq!(lint("tables = [\"x\"]\nseverity = \"off\"", &[]), [unused]);
    let of_another_rule = "paths = [\"legacy\"]\nrules = [\"dynamic-sql\"]\nseverity = \"off\"";
    assert_eq!(lint(of_another_rule, &[]), [unused]);
    assert_eq!(lint(of_another_rule, &["legacy"]), [unused]);
    // It may be of use in what is not judged now.
    assert_eq!(lint(of_another_rule, &["new"]), [""; 0]);
    assert_eq!(lint("tables = [\"x\"]\nseverity = \"off\"", &["new"]), [""; 0]);
    // Nothing changes in a run over everything.
    assert_eq!(lint(&of_another_rule.replace("dynamic-sql", "merged-migration-edited"), &[]), [""; 0]);
    // A rule that is off finds nothing anywhere.
    let off = format!("{of_another_rule}\n[rules]\ndynamic-sql = \"off\"");
    assert_eq!(lint(&off, &[]), [""; 0]);
}
