//! A team's own declarations on a real repository, where a branch is judged against what was merged.

use crate::{
    cli::Ran,
    repository::{Repository, found, in_folder},
};

const MERGED: &str =
    "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\nCREATE TABLE audit (id bigint PRIMARY KEY);\n";

/// A rule that a team may have.
const PAGE: &str = r#"# A table gets another column

```toml rule
pack = "safety"
severity = "error"
message = "{relation} is frozen until the move is done"

[[when]]
action = "add-column"
target = "existing"
```

## Why

It is being moved.

```sql bad
ALTER TABLE orders ADD COLUMN a int;
```
"#;

/// A repository with a configuration and a merged migration, on a branch that is still the same.
fn branch(config: &str) -> Repository {
    let repository = Repository::with(&[
        ("lockkeeper.toml", &format!("paths = [\"db/migrate\", \"legacy\"]\nsince = \"main\"\n{config}")),
        ("db/migrate/1_orders.sql", MERGED),
        ("db/migrate/2_merged.sql", "SET lock_timeout = '2s';\nCREATE INDEX ON orders (note);\n"),
        ("legacy/1.sql", "CREATE TABLE old (a int);\n"),
    ]);
    repository.git(&["checkout", "-q", "-b", "work"]);
    repository
}

/// Runs `lint` at the repository's top.
fn lint(repository: &Repository, args: &[&str]) -> Ran {
    let args = [&["lint", "--format", "concise"], args].concat();
    in_folder(&repository.path(""), &args)
}

#[test]
fn an_override_of_a_branch_is_for_its_paths_and_tables_and_says_why() {
    let config = "[[override]]\npaths = [\"legacy/**\"]\nseverity = \"off\"\nreason = \"goes away\"\n\
                  [[override]]\ntables = [\"audit\"]\nrules = [\"index-blocks-writes\"]\nseverity = \"warning\"\n\
                  reason = \"two writes a day\"\nuntil = 2026-11-21\n";
    let repository = branch(config);
    let index =
        "SET lock_timeout = '2s';\nCREATE INDEX ON orders (id, note);\nCREATE INDEX ON audit (id, id);\n";
    repository.write("db/migrate/3_new.sql", index);
    repository.write("legacy/2.sql", "DROP TABLE old;\n");
    repository.commit();
    let ran = lint(&repository, &[]);
    let mut found = found(&ran);
    found.retain(|it| it.ends_with("index-blocks-writes") || it.starts_with("legacy"));
    let [orders, audit] = ["db/migrate/3_new.sql:2", "db/migrate/3_new.sql:3"];
    assert_eq!(found, [orders, audit].map(|it| format!("{it} index-blocks-writes")));
    assert!(ran.stdout.contains(&format!("{orders}:1: error[index-blocks-writes]")), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("{audit}:1: warning[index-blocks-writes]")), "{}", ran.stdout);
    let said = in_folder(&repository.path(""), &["lint"]).stdout;
    assert!(said.contains("hidden by lockkeeper.toml:3: goes away\n"), "{said}");
    assert!(said.contains("by lockkeeper.toml:7: two writes a day (until 2026-11-21)\n"), "{said}");
}

#[test]
fn names_of_another_linter_do_wherever_ours_do() {
    let index = "SET lock_timeout = '2s';\n-- lockkeeper: allow require-concurrent-index-creation: small\nCREATE INDEX ON orders (id, note);\n\
                 -- squawk-ignore ban-drop-table\nDROP TABLE audit;\n";
    let names = "[rules]\nrenaming-column = \"warning\"\nban-char-field = \"error\"\n\
                 [[override]]\ntables = [\"orders\"]\nrules = [\"ban-drop-column\"]\nseverity = \"note\"\nreason = \"r\"\n";
    let repository = branch(&format!("obey = [\"squawk\"]\n{names}"));
    repository.write("db/migrate/3_new.sql", index);
    assert_eq!(found(&lint(&repository, &[])), [""; 0]);
    let breaking = "SET lock_timeout = '2s';\nALTER TABLE orders RENAME COLUMN id TO key;\n\
                    ALTER TABLE orders DROP COLUMN note;\nALTER TABLE orders ADD COLUMN code char(3);\n";
    repository.write("db/migrate/4_new.sql", breaking);
    let ran = lint(&repository, &[]);
    for expected in [
        ":2:1: warning[column-rename-breaks-application]",
        ":3:1: note[column-drop-loses-data]",
        ":4:1: error[text-is-padded]",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}{}", ran.stdout, ran.stderr);
    }
    // Nobody asked: the names mean nothing. One run can ask for the comments.
    let repository = branch("");
    repository.write("db/migrate/3_new.sql", &index.replace("lockkeeper: allow", "squawk-ignore"));
    assert_eq!(found(&lint(&repository, &[])).len(), 2);
    assert_eq!(found(&lint(&repository, &["--obey", "squawk"])), [""; 0]);
    assert!(
        lint(&repository, &["--obey", "sqawk"]).stderr.contains("choose from squawk, eugene, pgfence, atlas")
    );
    let repository = branch(names);
    let ran = lint(&repository, &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("unknown rule `renaming-column`"), "{}", ran.stderr);
    // What is not found here cannot be asked for; to switch it off is no mistake. One of ours has the last word.
    let with = |rules: &str| branch(&format!("obey = [\"squawk\"]\n[rules]\n{rules}"));
    let ran = lint(&with("ban-set-default = \"error\""), &[]);
    assert!(
        ran.code == 2 && ran.stderr.contains("`ban-set-default` has no counterpart here"),
        "{}",
        ran.stderr
    );
    let last = with(
        "ban-set-default = \"off\"\nchanging-column-type = \"off\"\ntype-change-rewrites-table = \"note\"",
    );
    last.write(
        "db/migrate/3_new.sql",
        "SET lock_timeout = '2s';\nALTER TABLE orders ALTER note TYPE int USING 1;\n",
    );
    let ran = lint(&last, &[]);
    assert!(ran.stdout.contains("note[type-change-rewrites-table]"), "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("[type-change-may-fail]"), "{}", ran.stdout);
}

#[test]
fn explain_knows_what_other_linters_call_a_rule() {
    let said = |id: &str| crate::cli::lockkeeper(&["explain", id]).stderr;
    assert_eq!(
        said("PG306"),
        "error: no rule is called `PG306`; atlas has one, which stands for `foreign-key-blocks-writes`, `column-reference-blocks-writes`\n"
    );
    assert_eq!(
        said("ban-set-default"),
        "error: no rule is called `ban-set-default`; squawk has one, which has no counterpart here\n"
    );
}

#[test]
fn a_teams_own_rule_judges_a_branch_and_can_be_allowed_like_ours() {
    let repository = branch("rules-folder = \"ops/rules\"\n");
    repository.write("ops/rules/orders-is-frozen.md", PAGE);
    repository.commit();
    repository.git(&["branch", "-q", "-f", "main", "HEAD"]);
    let lines = "SET lock_timeout = '2s';\nALTER TABLE orders ADD COLUMN a int;\nALTER TABLE orders ADD COLUMN b int;\n";
    let lines = lines.replacen(
        "ALTER TABLE orders ADD COLUMN b",
        "-- lockkeeper: allow orders-is-frozen: agreed\nALTER TABLE orders ADD COLUMN b",
        1,
    );
    repository.write("db/migrate/3_new.sql", &lines);
    repository.commit();
    assert_eq!(found(&lint(&repository, &[])), ["db/migrate/3_new.sql:2 orders-is-frozen"]);
    assert_eq!(lint(&repository, &[]).code, 1);
    // It is listed and explained from within the repository, and a broken page stops the run.
    let rules = in_folder(&repository.path(""), &["rules"]);
    assert!(rules.stdout.contains("orders-is-frozen"), "{}", rules.stdout);
    assert!(in_folder(&repository.path(""), &["explain", "orders-is-frozen"]).stdout.contains("## Why"));
    repository.write("ops/rules/orders-is-frozen.md", &PAGE.replace("action = ", "actoin = "));
    let ran = lint(&repository, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.starts_with("error: rule orders-is-frozen: "), "{}", ran.stderr);
}
