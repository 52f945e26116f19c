//! Rule pages: a mistake in one is an error that names the line and the choices.

use lockkeeper::rule::{Rule, RuleSet};

/// A page that loads, whose parts the cases below break.
const PAGE: &str = r#"# A table is dropped

```toml rule
pack = "safety"
severity = "error"
message = "{relation} is gone"

[[when]]
action = "drop-table"
target = "existing"
```

```sql bad
DROP TABLE orders;
```
"#;

fn mistake(from: &str, to: &str) -> String {
    assert!(PAGE.contains(from), "{from}");
    Rule::parse("table-is-lost", &PAGE.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn a_misspelled_key_names_its_line_and_the_nearest_key() {
    let said = mistake("action =", "actoin =");
    assert!(
        said.starts_with(
            "rule table-is-lost: line 9: unknown key `actoin`, expected one of `statement`, `action`,"
        ),
        "{said}"
    );
    assert!(said.ends_with("; did you mean `action`?"), "{said}");
}

#[test]
fn a_misspelled_value_names_its_line_and_the_nearest_value() {
    let said = mistake("\"drop-table\"", "[\"drop-index\", \"drop-tabel\"]");
    assert!(
        said.starts_with(
            "rule table-is-lost: line 9: unknown value `drop-tabel`, expected one of `add-check`,"
        ),
        "{said}"
    );
    assert!(said.ends_with("; did you mean `drop-table`?"), "{said}");
}

#[test]
fn what_a_page_lacks_or_gets_wrong_is_said() {
    let cases = [
        (
            "severity = \"error\"",
            "severity = \"eror\"",
            "line 5: unknown value `eror`, expected one of `off`, `note`, `warning`, `error`; did you mean `error`?",
        ),
        (
            "severity = \"error\"",
            "severity = { hot = \"error\", cold = \"note\" }",
            "line 5: missing field `warm`",
        ),
        (
            "{relation}",
            "{relatoin}",
            "line 6: unknown placeholder `{relatoin}`, expected one of relation, relations, object, lock, blocked, work, detail, \
          statement, action; did you mean `{relation}`?",
        ),
        ("\"drop-table\"", "[]", "line 9: an empty list holds for nothing"),
        (
            "sql bad",
            "sql bda",
            "line 13: unknown mark `bda`, expected one of `bad`, `good`, `elsewhere`, `schema`, `deploy`, `merged`",
        ),
        (
            "sql bad",
            "sql bad tx=file",
            "line 13: unknown key `tx`, expected one of `pg`, `transaction`, `reasons`, `behind` (after `sql bad tx=file`)",
        ),
        ("# A table is dropped", "", "the page has no heading: begin it with `# What goes wrong`"),
        ("toml rule", "toml", "the page has no ```toml rule fence"),
        (
            "[[when]]",
            "[[wehn]]",
            "line 8: unknown key `wehn`, expected one of `pack`, `severity`, `message`, `help`, `produced-by`, `otherwise`, `once-a-file`, `when`; did you mean `when`?",
        ),
    ];
    for (from, to, expected) in cases {
        assert_eq!(mistake(from, to), format!("rule table-is-lost: {expected}"));
    }
}

#[test]
fn a_rule_of_ones_own_may_not_shadow_another() {
    let rules = RuleSet::default().with([("table-is-lost", PAGE)]).unwrap();
    let said = rules.with([("table-is-lost", PAGE)]).unwrap_err().to_string();
    assert_eq!(
        said,
        "rule table-is-lost: there is a rule of this name; rename the file, or set its severity instead"
    );
}

#[test]
fn all_rules_load() {
    RuleSet::embedded().unwrap();
}
