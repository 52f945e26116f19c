//! The JSON report keeps the contract that it publishes, and README shows what is true.

use std::fs;

use serde_json::Value;

use crate::{cli::lockkeeper, expect::expect_file};

fn schema() -> Value {
    let ran = lockkeeper(&["schema", "lint"]);
    assert_eq!(ran.code, 0);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Checks a report against the published schema.
pub(crate) fn assert_valid(report: &Value) {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mistakes: Vec<_> =
        validator.iter_errors(report).map(|it| format!("{}: {it}", it.instance_path)).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

#[test]
fn every_json_report_follows_the_published_schema() {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut folders: Vec<_> = fs::read_dir("fixtures/lint").unwrap().map(|it| it.unwrap().path()).collect();
    folders.push("fixtures/shop".into());
    folders.push("fixtures/effects".into());
    for folder in folders {
        let ran = lockkeeper(&["lint", &folder.display().to_string(), "--format", "json"]);
        if ran.code == 2 {
            // A case of its own: a folder without migrations, a configuration with a mistake.
            continue;
        }
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let mistakes: Vec<_> =
            validator.iter_errors(&report).map(|it| format!("{}: {it}", it.instance_path)).collect();
        assert!(mistakes.is_empty(), "{}: {mistakes:#?}", folder.display());
    }
}

/// So that a key that is added to the report is described, and one that is described is there.
#[test]
fn every_key_of_the_schema_has_a_description_and_is_required() {
    fn check(at: &str, schema: &Value) {
        if let Some(properties) = schema["properties"].as_object() {
            assert_eq!(schema["additionalProperties"], false, "{at}");
            assert_eq!(schema["required"].as_array().unwrap().len(), properties.len(), "{at}");
            for (name, property) in properties {
                let is_described = property["description"].is_string() || property["$ref"].is_string();
                assert!(is_described, "{at}/{name}");
            }
        }
        match schema {
            Value::Object(parts) => parts.iter().for_each(|(key, it)| check(&format!("{at}/{key}"), it)),
            Value::Array(parts) => parts.iter().for_each(|it| check(at, it)),
            _ => {}
        }
    }
    check("", &schema());
    check("", &serde_json::from_str(&lockkeeper(&["schema", "doctor"]).stdout).unwrap());
    check("", &serde_json::from_str(&lockkeeper(&["schema", "dry-run"]).stdout).unwrap());
}

#[test]
fn readme_shows_the_rules_and_the_shop() {
    let readme = fs::read_to_string("README.md").unwrap();
    let rules: Value = serde_json::from_str(&lockkeeper(&["rules", "--json"]).stdout).unwrap();
    let mut table = "| rule | what it finds |\n|---|---|\n".to_owned();
    for rule in rules.as_array().unwrap() {
        let (id, title) = (rule["id"].as_str().unwrap(), rule["title"].as_str().unwrap());
        table.extend([format!("| [`{id}`](rules/{id}.md) | {title} |\n")]);
    }
    let shop = lockkeeper(&["lint", "fixtures/shop"]).stdout;
    let first: Vec<&str> = shop.split_inclusive("\n\n").take(2).collect();
    let last: Vec<&str> = shop.lines().rev().take(2).collect();
    let shop = format!("```text\n{}…\n\n{}\n{}\n```\n", first.concat(), last[1], last[0]);
    let help = lockkeeper(&["lint", "-h"]).stdout;
    let help = format!("```text\n{help}```\n");
    let config = lockkeeper(&["config"]).stdout;
    let config = format!("```toml\n{config}```\n");
    let parts = [("rules", table), ("shop", shop), ("lint -h", help), ("config", config)];
    expect_file("README.md", &parts.iter().fold(readme, |text, (name, part)| with_part(&text, name, part)));
}

/// `text` with `part` between its marks.
fn with_part(text: &str, name: &str, part: &str) -> String {
    let (begin, end) = (format!("<!-- begin: {name} -->\n"), format!("<!-- end: {name} -->\n"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("no {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
    format!("{before}{begin}\n{part}\n{end}{after}")
}
