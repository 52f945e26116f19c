//! Comments that allow findings: where they may stand, and what is said of those that do not do what they seem to.

use lockkeeper::{
    lint::{Change, Input, InputRole, Options, lint},
    rule::{Foreign, RuleSet},
    sql::source::Source,
};

use crate::support::lint_options;

fn report(sql: &str) -> Vec<String> {
    report_obeying(sql, Vec::new())
}

fn report_obeying(sql: &str, foreign: Vec<&'static Foreign>) -> Vec<String> {
    let input = Input {
        source: Source::new("7.sql", sql.as_bytes().to_vec()),
        role: InputRole::Linted,
        framework: "plain",
        runner: None,
        parts: Vec::new(),
        change: Change::Unknown,
    };
    let options = Options { foreign, ..lint_options(15) };
    let mut rules = RuleSet::embedded().unwrap();
    rules.ask_for_packs(&[]);
    let files = lint(std::slice::from_ref(&input), &rules, &options);
    let findings = files.iter().flat_map(|it| &it.findings);
    findings.map(|it| format!("{}:{} {}", it.start.line, it.start.column, it.rule)).collect()
}

#[test]
fn a_comment_allows_the_statement_that_it_is_for() {
    let cases: &[(&str, &[&str])] = &[
        ("CREATE INDEX i ON t (a);", &["1:1 index-blocks-writes"]),
        // Before it, with more between, and as a block.
        ("-- lockkeeper: allow index-blocks-writes: small\nCREATE INDEX i ON t (a);", &[]),
        ("-- lockkeeper: allow index-blocks-writes: small\n\n-- by name\nCREATE INDEX i ON t (a);", &[]),
        ("/* lockkeeper: allow index-blocks-writes: small */ CREATE INDEX i ON t (a);", &[]),
        ("/*\n * lockkeeper: allow index-blocks-writes\n */\nCREATE INDEX i ON t (a);", &[]),
        ("--lockkeeper:allow index-blocks-writes\nCREATE INDEX i ON t (a);", &[]),
        // On its last line, and inside it.
        ("CREATE INDEX i ON t (a); -- lockkeeper: allow index-blocks-writes: small", &[]),
        ("CREATE INDEX i ON t (a) -- lockkeeper: allow index-blocks-writes: small\n;", &[]),
        ("CREATE INDEX i\n  -- lockkeeper: allow index-blocks-writes: small\n  ON t (a);", &[]),
        // Only that one.
        (
            "-- lockkeeper: allow index-blocks-writes\nCREATE INDEX i ON t (a);\nCREATE INDEX j ON t (b);",
            &["3:1 index-blocks-writes"],
        ),
        (
            "CREATE INDEX i ON t (a); /* lockkeeper: allow index-blocks-writes */ CREATE INDEX j ON t (b);",
            &["1:1 index-blocks-writes"],
        ),
        (
            "CREATE INDEX i ON t (a);\nCREATE INDEX j ON t (b); -- lockkeeper: allow index-blocks-writes",
            &["1:1 index-blocks-writes"],
        ),
        // The whole file, from wherever it stands.
        (
            "CREATE INDEX i ON t (a);\nCREATE INDEX j ON t (b);\n-- lockkeeper: allow-file index-blocks-writes: first release",
            &[],
        ),
        // Not in a string, and not in other words.
        ("SELECT '-- lockkeeper: allow nonsense';", &[]),
        ("-- see lockkeeper: allow nonsense\nSELECT 1;", &[]),
    ];
    for (sql, expected) in cases {
        assert_eq!(report(sql), *expected, "{sql}");
    }
}

#[test]
fn a_comment_that_does_not_do_what_it_seems_to_is_a_finding() {
    let index = "CREATE INDEX i ON t (a);";
    let cases: &[(&str, &[&str])] = &[
        (
            "-- lockkeeper: allow index-block-writes",
            &["1:1 unknown-rule-in-suppression", "2:1 index-blocks-writes"],
        ),
        // A reason without a colon does not widen what is allowed.
        (
            "-- lockkeeper: allow index-blocks-writes because it is small",
            &["1:1 unknown-rule-in-suppression", "2:1 index-blocks-writes"],
        ),
        ("-- lockkeeper: allow", &["1:1 unknown-rule-in-suppression", "2:1 index-blocks-writes"]),
        (
            "-- lockkeeper: ignore index-blocks-writes",
            &["1:1 unknown-rule-in-suppression", "2:1 index-blocks-writes"],
        ),
        ("-- lockkeeper: allow index-blocks-writes, table-drop-loses-data", &["1:1 unused-suppression"]),
        (
            "-- lockkeeper: allow-file table-drop-loses-data",
            &["1:1 unused-suppression", "2:1 index-blocks-writes"],
        ),
        ("-- lockkeeper: allow-file unused-suppression, table-drop-loses-data", &["2:1 index-blocks-writes"]),
    ];
    for (comment, expected) in cases {
        assert_eq!(report(&format!("{comment}\n{index}")), *expected, "{comment}");
    }
    assert_eq!(report("SELECT 1;\n-- lockkeeper: allow index-blocks-writes"), ["2:1 unused-suppression"]);
}

#[test]
fn comments_of_other_linters_are_obeyed_on_request_only() {
    let squawk = || vec![Foreign::by_name("squawk").unwrap()];
    let eugene = || vec![Foreign::by_name("eugene").unwrap()];
    let index = "-- squawk-ignore require-concurrent-index-creation\nCREATE INDEX i ON t (a);";
    assert_eq!(report(index), ["2:1 index-blocks-writes"]);
    let no_findings: [&str; 0] = [];
    assert_eq!(report_obeying(index, squawk()), no_findings);
    assert_eq!(report_obeying(index, eugene()), ["2:1 index-blocks-writes"]);
    // A misspelled name allows nothing and is told; several names, and a whole file.
    let misspelled = "-- squawk-ignore require-concurent-index-creation\nCREATE INDEX i ON t (a);";
    assert_eq!(
        report_obeying(misspelled, squawk()),
        ["1:1 unknown-rule-in-suppression", "2:1 index-blocks-writes"]
    );
    let file = "-- squawk-ignore-file ban-drop-table, require-concurrent-index-creation\nSELECT 1;\nCREATE INDEX i ON t (a);";
    assert_eq!(report_obeying(file, squawk()), no_findings);
    assert_eq!(report_obeying("-- eugene: ignore E6, E9\nCREATE INDEX i ON t (a);", eugene()), no_findings);
    // Without a name it is for all rules of that linter, which is not all of ours.
    for bare in ["-- squawk-ignore", "-- squawk-ignore-file"] {
        assert_eq!(report_obeying(&format!("{bare}\nCREATE INDEX i ON t (a);"), squawk()), no_findings);
    }
    assert_eq!(
        report_obeying("-- squawk-ignored: by nobody\nCREATE INDEX i ON t (a);", squawk()),
        ["2:1 index-blocks-writes"]
    );
    // Its names do in our own comments as well, and need not all be of use.
    let ours = "-- lockkeeper: allow changing-column-type, require-concurrent-index-creation: small\nCREATE INDEX i ON t (a);";
    assert_eq!(report_obeying(ours, squawk()), no_findings);
    assert_eq!(report(ours).len(), 3);
    // One that is of no use here may be of use there.
    assert_eq!(report_obeying("-- squawk-ignore ban-drop-table\nSELECT 1;", squawk()), no_findings);
}

#[test]
fn each_linter_has_its_own_way_to_name_rules() {
    let of = |linter: &str, comment: &str| {
        let sql = format!("{comment}CREATE INDEX i ON t (a);\nCREATE INDEX j ON t (b);");
        report_obeying(&sql, vec![Foreign::by_name(linter).unwrap()])
    };
    let [first, both] = [vec!["3:1 index-blocks-writes"], Vec::new()];
    let cases: &[(&str, &str, &Vec<&str>)] = &[
        ("pgfence", "-- pgfence-ignore\n", &first),
        ("pgfence", "-- pgfence-ignore because it is small\n", &first),
        ("pgfence", "-- pgfence-ignore: drop-table, create-index-not-concurrent\n", &first),
        ("pgfence", "-- pgfence: ignore create-index-not-concurrent\n", &first),
        (
            "pgfence",
            "-- pgfence-ignore: drop-table\n",
            &vec!["2:1 index-blocks-writes", "3:1 index-blocks-writes"],
        ),
        ("atlas", "-- atlas:nolint\n", &first),
        ("atlas", "-- atlas:nolint PG301 PG101\n", &first),
        ("atlas", "-- atlas:nolint concurrent_index\n", &first),
        ("atlas", "--atlas:nolint DS103\n", &vec!["2:1 index-blocks-writes", "3:1 index-blocks-writes"]),
        ("atlas", "-- atlas:nolint PG101\n\n", &both),
        ("atlas", "-- atlas:nolint PG101\r\n-- All of it.\r\n\r\n", &both),
        ("eugene", "-- eugene: ignore\n", &first),
    ];
    for (linter, comment, expected) in cases {
        assert_eq!(of(linter, comment), **expected, "{linter}: {comment}");
    }
    assert_eq!(of("atlas", "-- atlas:nolint PG999\n")[0], "1:1 unknown-rule-in-suppression");
}

#[test]
fn every_counterpart_is_a_rule() {
    let rules = RuleSet::embedded().unwrap();
    for linter in Foreign::all() {
        for ours in linter.counterparts() {
            assert!(rules.find(ours).is_some(), "{}: {ours}", linter.name);
        }
    }
}
