//! What later files do about what an earlier one leaves undone.

use std::{fmt::Write as _, sync::Arc};

use lockkeeper::{
    effect::Runner,
    lint::{Change, Input, InputRole, Options, lint},
    rule::RuleSet,
    sql::source::Source,
    traffic::{Snapshot, Traffic, snapshot::Table},
};

use crate::support::lint_options;

/// What `rule` finds in files that run one after the other: `1.sql:1: message`.
fn findings(rule: &str, files: &[&str]) -> String {
    findings_of(rule, files, &Change::Unknown, None, 3)
}

/// What `rule` finds in the last files, where the first file is `first` and the table `orders` has 100 MB and is hot.
fn findings_of_large(rule: &str, files: &[&str], first: InputRole, runner: Option<Runner>) -> String {
    let table = Table {
        name: "public.orders".to_owned(),
        heap_bytes: 100_000_000,
        reads_per_s: 1_000.0,
        ..Table::default()
    };
    let snapshot = Snapshot { tables: vec![table], ..Snapshot::default() };
    let traffic = Arc::new(Traffic::default().with(snapshot, None));
    let options = Options { traffic, ..lint_options(15) };
    let mut inputs = inputs(files, &Change::Unknown, runner);
    inputs[0].role = first;
    report(rule, &inputs, &options)
}

fn findings_of(
    rule: &str,
    files: &[&str],
    change: &Change,
    runner: Option<Runner>,
    lock_budget: usize,
) -> String {
    report(rule, &inputs(files, change, runner), &Options { lock_budget, ..lint_options(15) })
}

fn inputs(files: &[&str], change: &Change, runner: Option<Runner>) -> Vec<Input> {
    let input = |(n, text): (usize, &&str)| Input {
        source: Source::new(format!("{}.sql", n + 1), text.as_bytes().to_vec()),
        role: InputRole::Linted,
        framework: "plain",
        runner,
        parts: Vec::new(),
        change: if n == 0 { Change::Unknown } else { change.clone() },
    };
    files.iter().enumerate().map(input).collect()
}

fn report(rule: &str, inputs: &[Input], options: &Options) -> String {
    let files = lint(inputs, &RuleSet::embedded().unwrap(), options);
    assert_eq!(files.len(), inputs.len(), "every file comes out");
    assert!(files.iter().zip(inputs).all(|(file, input)| file.input.source.path() == input.source.path()));
    let mut report = String::new();
    for finding in files.iter().flat_map(|it| &it.findings).filter(|it| it.rule == rule) {
        writeln!(report, "{}:{}: {}", finding.path, finding.start.line, finding.message).unwrap();
    }
    report
}

#[test]
fn a_later_file_adds_the_primary_key() {
    const TABLE: &str = "CREATE TABLE logs (id bigint NOT NULL);";
    let said = "1.sql:1: public.logs has no primary key: a single row cannot be named, and logical replication refuses its \
                UPDATE and DELETE\n";
    let rule = "table-has-no-primary-key";
    assert_eq!(findings(rule, &[TABLE]), said);
    assert_eq!(findings(rule, &[TABLE, "SELECT 1;", "ALTER TABLE logs ADD PRIMARY KEY (id);"]), "");
    assert_eq!(
        findings(rule, &[TABLE, "ALTER TABLE ONLY logs ADD CONSTRAINT logs_pkey PRIMARY KEY (id);"]),
        ""
    );
    assert_eq!(findings(rule, &[TABLE, "DROP TABLE logs;"]), "");
    let renamed = ["ALTER TABLE logs RENAME TO lines;", "ALTER TABLE lines ADD PRIMARY KEY (id);"];
    assert_eq!(findings(rule, &[TABLE, renamed[0], renamed[1]]), "");
    // A comment does nothing.
    assert_eq!(findings(rule, &[TABLE, "-- ALTER TABLE logs ADD PRIMARY KEY (id);\nSELECT 1;"]), said);
}

#[test]
fn a_later_file_validates_the_constraint() {
    const TABLE: &str = "CREATE TABLE users (id bigint PRIMARY KEY, age integer);";
    const CHECK: &str = "ALTER TABLE users ADD CONSTRAINT grown CHECK (age > 17) NOT VALID;";
    let rule = "constraint-is-never-validated";
    let said = "2.sql:1: grown of public.users is NOT VALID, and no later migration validates it: old rows may break it, and \
                the planner does not use it\n";
    assert_eq!(findings(rule, &[TABLE, CHECK]), said);
    assert_eq!(findings(rule, &[TABLE, CHECK, "ALTER TABLE users VALIDATE CONSTRAINT grown;"]), "");
    assert_eq!(findings(rule, &[TABLE, CHECK, "ALTER TABLE users DROP CONSTRAINT grown;"]), "");
    assert_eq!(findings(rule, &[TABLE, CHECK, "-- validate grown later"]), said);
}

#[test]
fn a_later_file_indexes_the_foreign_key() {
    const USERS: &str = "CREATE TABLE users (id bigint PRIMARY KEY);";
    const ORDERS: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users);";
    let rule = "foreign-key-has-no-index";
    assert_eq!(findings(rule, &[USERS, ORDERS]).lines().count(), 1);
    assert_eq!(findings(rule, &[USERS, ORDERS, "CREATE INDEX ON orders (user_id);"]), "");
    assert_eq!(
        findings(rule, &[USERS, ORDERS, "CREATE INDEX ON orders (id); -- user_id"]).lines().count(),
        1
    );
}

#[test]
fn a_later_file_drops_the_redundant_index() {
    const TABLE: &str = "CREATE TABLE t (a int, b int); CREATE INDEX t_a ON t (a);";
    const WIDER: &str = "CREATE INDEX t_a_b ON t (a, b);";
    let rule = "index-is-redundant";
    assert_eq!(
        findings(rule, &[TABLE, WIDER]),
        "2.sql:1: t_a on public.t has the columns that t_a_b begins with: every write keeps up both, and queries need one\n"
    );
    assert_eq!(findings(rule, &[TABLE, WIDER, "DROP INDEX t_a;"]), "");
}

#[test]
fn nobody_waits_for_a_whole_history() {
    let mut files = vec!["CREATE TABLE logs (id bigint NOT NULL);"];
    files.extend(["SELECT 1;"; 60]);
    files.push("ALTER TABLE logs ADD PRIMARY KEY (id);");
    assert_eq!(findings("table-has-no-primary-key", &files).lines().count(), 1);
}

#[test]
fn a_deploy_is_what_is_new_since_the_merge() {
    const TABLE: &str = "CREATE TABLE orders (id bigint PRIMARY KEY);";
    let files = [
        TABLE,
        "ALTER TABLE orders ADD COLUMN a int; ALTER TABLE orders ADD COLUMN a2 int;",
        "ALTER TABLE orders ADD COLUMN b int;",
        "SELECT 1;",
        "ALTER TABLE orders ADD COLUMN c int;",
    ];
    let new = Change::New { behind: None };
    let found =
        |change, runner, budget| findings_of("deploy-locks-table-often", &files, change, runner, budget);
    assert_eq!(found(&new, None, 2), "5.sql:1: 3 migrations lock public.orders: 2.sql, 3.sql and this one\n");
    assert_eq!(found(&new, None, 3), "");
    assert_eq!(found(&Change::Unknown, None, 2), "", "years of migrations are no deploy");
    assert_eq!(found(&new, Some(Runner::Batch), 1), "", "one transaction locks the table once");
    assert_eq!(found(&new, Some(Runner::Own), 1).lines().count(), 1, "a file counts once");
}

#[test]
fn what_ran_before_is_in_no_transaction_with_what_is_pending() {
    let files = ["CREATE TABLE orders (id bigint PRIMARY KEY, a int);", "CREATE INDEX ON orders (a);"];
    let found = |first, runner| {
        let mut inputs = inputs(&files, &Change::Unknown, Some(runner));
        inputs[0].role = first;
        report("index-blocks-writes", &inputs, &lint_options(15)).lines().count()
    };
    for runner in [Runner::File, Runner::Own, Runner::Batch, Runner::Query, Runner::Around] {
        for first in [InputRole::History, InputRole::Schema] {
            assert_eq!(found(first, runner), 1, "{runner:?} {first:?}");
        }
    }
    assert_eq!(found(InputRole::Linted, Runner::Batch), 0, "what is pending is one transaction");
    assert_eq!(found(InputRole::Linted, Runner::File), 1);
}

#[test]
fn a_deploy_has_a_time_for_each_table() {
    let files = [
        "CREATE TABLE orders (id bigint PRIMARY KEY, a int, b int, c int);",
        "CREATE INDEX ON orders (a);",
        "ALTER TABLE orders ADD COLUMN d int;",
        "CREATE INDEX CONCURRENTLY ON orders (b);",
        "CREATE INDEX ON orders (b);",
        "CREATE INDEX ON orders (c);",
    ];
    let found = |role, runner| findings_of_large("deploy-locks-table-too-long", &files, role, runner);
    assert_eq!(
        found(InputRole::History, None),
        "6.sql:1: one deploy locks public.orders for up to 15 s in all, more than the 10 s that its heat (hot) allows: 2.sql:1 \
         for up to 5 s, 5.sql:1 for up to 5 s and this one for up to 5 s\n"
    );
    assert_eq!(found(InputRole::Schema, None).lines().count(), 1);
    assert_eq!(found(InputRole::Linted, None), "", "years of migrations are no deploy");
    let but_concurrently = [files[0], files[1], files[4], files[5]];
    let found = findings_of_large(
        "deploy-locks-table-too-long",
        &but_concurrently,
        InputRole::History,
        Some(Runner::Batch),
    );
    assert_eq!(found, "", "one transaction locks the table once");
}

#[test]
fn what_is_over_the_budget_of_a_deploy_and_not_known_is_said_as_well() {
    let files = [
        "CREATE TABLE orders (id bigint PRIMARY KEY, a int, b int, c int);",
        "ALTER TABLE orders ADD COLUMN d int; SELECT fill();",
        "CREATE INDEX ON orders (a); CREATE INDEX ON orders (a);",
        "CREATE INDEX ON orders (b);",
        "CREATE INDEX ON orders (c);",
    ];
    assert_eq!(
        findings_of_large("deploy-locks-table-too-long", &files, InputRole::History, None),
        "4.sql:1: one deploy locks public.orders for up to 15 s in all, more than the 10 s that its heat (hot) allows: 3.sql:1 \
         for up to 10 s and this one for up to 5 s; of one more nobody knows for how long\n"
    );
}
