//! The fixture of each framework, run as that framework would: only what it would make fail is refused, and `lint` knew.

use std::fs;

use serde_json::Value;

use crate::cli::lockkeeper;

#[test]
fn what_a_framework_makes_fail_is_what_lint_says() {
    for entry in fs::read_dir("fixtures/frameworks").unwrap() {
        let project = entry.unwrap().path();
        let path = project.to_str().unwrap();
        let options =
            ["dry-run", "--pg", "15", "--format", "json", "--fail-on", "never", "--set", "schema=public"];
        let ran = lockkeeper(&[&options[..], &[path]].concat());
        assert_eq!(ran.code, 0, "{path}: {}", ran.stderr);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["summary"]["differing"], 0, "{path}");
        let files = report["runs"].as_array().unwrap().iter().flat_map(|it| it["files"].as_array().unwrap());
        for statement in files.flat_map(|it| it["statements"].as_array().unwrap()) {
            let refusal = &statement["refusal"];
            // The files that fail halfway divide by zero.
            let is_meant = refusal["predicted"] == true || refusal["sqlstate"] == "22012";
            assert!(refusal.is_null() || is_meant, "{path}: {refusal}");
        }
    }
}
