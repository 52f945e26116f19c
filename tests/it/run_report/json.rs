//! The JSON report of what no server of the tests does follows the published schema as well.

use serde_json::Value;

use lockkeeper::report::dry_run::Format;

use super::imagined::{hostile, large, probe, refused, reported, small};
use crate::cli::lockkeeper;

#[test]
fn what_is_measured_of_others_and_of_larger_tables_follows_the_schema() {
    let schema: Value = serde_json::from_str(&lockkeeper(&["schema", "dry-run"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for files in [small(), large(), refused(), hostile()] {
        let report: Value = serde_json::from_str(&reported(&files, &[15, 18], probe, Format::Json)).unwrap();
        let mistakes: Vec<_> =
            validator.iter_errors(&report).map(|it| format!("{}: {it}", it.instance_path)).collect();
        assert!(mistakes.is_empty(), "{mistakes:#?}");
    }
    let report: Value = serde_json::from_str(&reported(&small(), &[15], probe, Format::Json)).unwrap();
    let run = &report["runs"][0];
    assert_eq!(run["probed"][1]["reader_ms"], 3000.0);
    assert_eq!(run["files"][0]["statements"][1]["growth"]["production"]["rows"], 12_000_000);
}
