//! Whose numbers weigh a statement: those of the hottest table that it locks, and of a renamed one its own.

use std::{fmt::Write as _, sync::Arc};

use lockkeeper::{
    effect::Runner,
    finding::{Finding, Stall, Timeout},
    lint::{Change, Input, InputRole, Options, lint},
    rule::RuleSet,
    sql::source::Source,
    traffic::{
        Snapshot, Traffic,
        snapshot::{Table, Transactions},
    },
};

use crate::support::lint_options;

const SCHEMA: &str = "
    CREATE TABLE hot (id bigint PRIMARY KEY, n int);
    CREATE TABLE cold (id bigint PRIMARY KEY, hot_id bigint);
    CREATE TABLE of_hot (id bigint PRIMARY KEY, hot_id bigint CONSTRAINT of_hot_fk REFERENCES hot);
    CREATE TABLE key (id bigint PRIMARY KEY);
    CREATE TABLE hot_of_key (id bigint PRIMARY KEY, key_id bigint REFERENCES key);
    CREATE TABLE parent (id bigint, at date) PARTITION BY RANGE (at);
    CREATE TABLE part PARTITION OF parent FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE small (id bigint PRIMARY KEY, n int);
    CREATE TABLE tree (id bigint);
    CREATE TABLE hot_leaf () INHERITS (tree);
    CREATE TABLE other.hot (id bigint PRIMARY KEY);
    CREATE INDEX unseen ON hot (n);
    CREATE SEQUENCE numbers OWNED BY hot.n;
";

/// Tables of 100 MB, of which those are hot that say so, the partitioned one, and a small one.
fn traffic() -> Arc<Traffic> {
    let names = [
        "public.hot",
        "public.cold",
        "public.of_hot",
        "public.key",
        "public.hot_of_key",
        "public.tree",
        "public.hot_leaf",
        "other.hot",
        "public.parent",
        "public.part",
        "public.small",
    ];
    let is_hot = |name: &str| name.starts_with("public.hot") || name == "public.small";
    let table = |name: &&str| Table {
        name: (*name).to_owned(),
        kind: if *name == "public.parent" { "partitioned-table" } else { "table" }.to_owned(),
        parent: (*name == "public.part").then(|| "public.parent".to_owned()),
        heap_bytes: if *name == "public.small" { 8_192 } else { 100_000_000 },
        reads_per_s: if is_hot(name) || *name == "public.parent" { 3000.0 } else { 0.0 },
        writes_per_s: if is_hot(name) { 100.0 } else { 0.0 },
        ..Table::default()
    };
    let snapshot = Snapshot {
        transactions: Transactions { longest_ms: 12_000, ..Transactions::default() },
        tables: names.iter().map(table).collect(),
        ..Snapshot::default()
    };
    Arc::new(Traffic::default().with(snapshot, None))
}

/// What is found in files that run one after the other, by those rules that depend on heat.
fn findings(files: &[&str], runner: Runner) -> Vec<Finding> {
    let input = |path: String, text: &str, role| Input {
        source: Source::new(path, text.as_bytes().to_vec()),
        role,
        framework: "plain",
        runner: Some(runner),
        parts: Vec::new(),
        change: Change::Unknown,
    };
    let mut inputs = vec![input("schema.sql".to_owned(), SCHEMA, InputRole::Schema)];
    let files = files.iter().enumerate();
    inputs.extend(files.map(|(n, text)| input(format!("{}.sql", n + 1), text, InputRole::Linted)));
    let options = Options { traffic: traffic(), ..lint_options(17) };
    let rules = RuleSet::embedded().unwrap();
    let mut findings: Vec<Finding> =
        lint(&inputs, &rules, &options).into_iter().flat_map(|it| it.findings).collect();
    findings.retain(|it| {
        let severity = rules.find(&it.rule).unwrap().severity;
        severity.hot != severity.cold
    });
    findings
}

/// The same in words: `1.sql:1: severity[rule]: message`.
fn found(files: &[&str], runner: Runner) -> String {
    let mut said = String::new();
    for Finding { rule, severity, path, start, message, .. } in findings(files, runner) {
        writeln!(said, "{path}:{}: {}[{rule}]: {message}", start.line, severity.name()).unwrap();
    }
    said
}

#[track_caller]
fn is_told(sql: &str, expected: &[&str]) {
    let said = found(&[sql], Runner::Own);
    for expected in expected {
        assert!(said.contains(expected), "{sql}\nis not told as {expected}, but:\n{said}");
    }
}

#[test]
fn the_hottest_table_that_is_locked_decides() {
    let wait = "error[waits-without-lock-timeout]";
    let add = "ALTER TABLE cold ADD CONSTRAINT fk FOREIGN KEY (hot_id) REFERENCES hot";
    is_told(&format!("{add};"), &["error[foreign-key-blocks-writes]", "statements wait for public.hot"]);
    is_told(&format!("{add} NOT VALID;"), &[wait, "statements wait for public.hot"]);
    is_told("CREATE TABLE fresh (id bigint PRIMARY KEY, hot_id bigint REFERENCES hot);", &[wait]);
    is_told("DROP TABLE of_hot;", &[wait, "statements wait for public.hot"]);
    is_told("ALTER TABLE of_hot DROP CONSTRAINT of_hot_fk;", &[wait, "statements wait for public.hot"]);
    is_told("TRUNCATE key CASCADE;", &[wait, "statements wait for public.hot_of_key"]);
    is_told("DROP TABLE key CASCADE;", &[wait, "statements wait for public.hot_of_key"]);
    is_told("ALTER TABLE tree ADD COLUMN x int;", &[wait, "statements wait for public.hot_leaf"]);
    is_told("DROP TABLE part;", &["error[partition-drop-locks-parent]"]);
    is_told("ALTER TABLE parent DETACH PARTITION part;", &["error[detach-blocks-everything]"]);
    is_told(
        "ALTER TABLE cold ADD COLUMN x int;",
        &["note[waits-without-lock-timeout]", "hardly a statement"],
    );
}

#[test]
fn whoever_comes_for_the_parent_waits_for_its_partition() {
    let check = "ALTER TABLE part ADD CONSTRAINT c CHECK (id > 0);";
    is_told(check, &["error[check-scan-blocks-everything]"]);
    is_told(&format!("SET lock_timeout = '2s'; {check}"), &["note[check-scan-blocks-everything]"]);
    // The same on a table that nobody comes for.
    is_told("ALTER TABLE cold ADD CONSTRAINT c CHECK (id > 0);", &["note[check-scan-blocks-everything]"]);
}

#[test]
fn an_index_and_a_sequence_are_as_hot_as_their_table() {
    // The snapshot does not know them.
    is_told("DROP INDEX unseen;", &["error[index-drop-blocks-everything]"]);
    is_told("ALTER INDEX unseen SET TABLESPACE fast;", &["error["]);
    is_told("ALTER SEQUENCE numbers INCREMENT BY 10;", &["error[waits-without-lock-timeout]"]);
}

#[test]
fn a_renamed_table_keeps_its_numbers_and_has_those_of_its_new_name() {
    let add = |table: &str| format!("ALTER TABLE {table} ADD COLUMN x int;");
    let severities = |files: &[&str], runner| {
        let said = found(files, runner);
        let of_last = said.lines().filter(|it| it.starts_with(&format!("{}.sql", files.len())));
        of_last.map(|it| it.split(' ').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (hot, cold) = (["error[waits-without-lock-timeout]:"], ["note[waits-without-lock-timeout]:"]);
    for runner in [Runner::Own, Runner::File] {
        let after = |before: &str, table: &str| severities(&[before, &add(table)], runner);
        assert_eq!(after("ALTER TABLE hot RENAME TO hotter;", "hotter"), hot);
        assert_eq!(after("ALTER TABLE cold RENAME TO colder;", "colder"), cold);
        assert_eq!(after("CREATE SCHEMA s; ALTER TABLE hot SET SCHEMA s;", "s.hot"), hot);
        assert_eq!(after("CREATE SCHEMA s; ALTER TABLE cold SET SCHEMA s;", "s.cold"), cold);
        assert_eq!(after("ALTER SCHEMA public RENAME TO s;", "s.hot"), hot);
        assert_eq!(after("ALTER SCHEMA public RENAME TO s;", "s.cold"), cold);
        // The application goes by names: what took that of a hot table has its traffic.
        assert_eq!(
            after("ALTER SCHEMA public RENAME TO s; ALTER SCHEMA other RENAME TO public;", "public.hot"),
            hot
        );

        let swap = "ALTER TABLE hot RENAME TO was_hot; ALTER TABLE cold RENAME TO hot; ALTER TABLE was_hot RENAME TO cold;";
        assert_eq!(after(swap, "cold"), hot);
        assert_eq!(after(swap, "hot"), hot);
        assert_eq!(after(&format!("{swap} {swap}"), "hot"), hot);
        assert_eq!(after(&format!("BEGIN; {swap} ROLLBACK;"), "hot"), hot);

        // What a new table takes the place of says most of it: the run made no numbers.
        let replaced =
            "CREATE TABLE fresh (id bigint); ALTER TABLE hot RENAME TO old; ALTER TABLE fresh RENAME TO hot;";
        assert_eq!(after(replaced, "hot"), hot);
        assert_eq!(after(replaced, "old"), hot);
    }
}

#[test]
fn what_was_renamed_is_said_with_both_names() {
    let notes = |sql: &str| {
        let findings = findings(&[sql], Runner::Own);
        findings.iter().find(|it| it.rule == "index-blocks-writes").unwrap().notes.join("\n")
    };
    let said = notes("ALTER TABLE hot RENAME TO hotter; CREATE INDEX ON hotter (n);");
    assert!(said.contains("public.hotter, public.hot before, is hot: 3000 reads/s"), "{said}");
    let said = notes("CREATE INDEX ON hot (n);");
    assert!(said.contains("public.hot is hot: 3000 reads/s"), "{said}");
}

/// Nobody else has seen the names that an open transaction gave.
#[test]
fn a_held_lock_keeps_the_numbers_of_its_table() {
    let file =
        "ALTER TABLE hot RENAME TO was_hot; ALTER TABLE cold RENAME TO hot; UPDATE hot SET hot_id = 0;";
    let said = found(&[file], Runner::File);
    let held =
        said.lines().find(|it| it.contains("[lock-held-through-work]")).unwrap_or_else(|| panic!("{said}"));
    assert!(held.contains("error[") && held.contains("public.was_hot"), "{held}");
}

#[test]
fn what_later_files_of_one_transaction_do_counts() {
    let small = "SET lock_timeout = '2s'; CREATE INDEX ON small (n);";
    let of_first = |later: &[&str], runner| {
        let said = found(&[&[small], later].concat(), runner);
        said.lines().find(|it| it.starts_with("1.sql")).unwrap_or_default().to_owned()
    };
    let brief = "1.sql:1: note[index-blocks-writes]: every write to public.small waits until the index on n is built: for a moment; \
                 up to 200 statements wait";
    let files = [
        "ALTER TABLE cold ADD COLUMN x int;",
        "COMMENT ON TABLE cold IS 'x';",
        "CREATE INDEX ON cold (hot_id);",
    ];
    assert_eq!(of_first(&files, Runner::File), brief);
    assert_eq!(of_first(&files[..2], Runner::Batch), brief);
    assert_eq!(
        of_first(&files, Runner::Batch),
        "1.sql:1: error[index-blocks-writes]: every write to public.small waits until the index on n is built: for 666 ms–5 s; \
         about 67–700 statements wait"
    );
    let both = [files[2], files[0], files[2]];
    assert!(
        of_first(&both, Runner::Batch).contains(": for 1.3–10 s; about 130–1,200 statements wait"),
        "{}",
        of_first(&both, Runner::Batch)
    );
    // Nobody knows how long a function takes, or what ends before it.
    for last in ["SELECT fill();", "CREATE INDEX ON unknown (n);", "this is no SQL"] {
        let said = of_first(&[files[0], last], Runner::Batch);
        assert!(
            said.starts_with("1.sql:1: error[index-blocks-writes]") && said.ends_with("is built"),
            "{last}: {said}"
        );
    }
    assert_eq!(of_first(&["COMMIT;", "SELECT fill();"], Runner::Batch), brief, "the lock goes with COMMIT");
}

#[test]
fn a_batch_of_many_files_comes_out_whole() {
    let mut files = vec!["CREATE INDEX ON small (n);"];
    files.extend(["COMMENT ON TABLE cold IS 'x';"; 80]);
    files.push("CREATE INDEX ON cold (hot_id);");
    let said = found(&files, Runner::Batch);
    assert!(
        said.contains("1.sql:1: error[index-blocks-writes]") && said.contains("for 666 ms–5 s"),
        "{said}"
    );
}

#[test]
fn who_waits_is_said_for_each_timeout() {
    let stalls = |sql: &str| {
        let findings = findings(&[sql], Runner::Own);
        let damage =
            findings.iter().find(|it| it.rule == "index-blocks-writes").unwrap().damage.as_ref().unwrap();
        let row = |it: &Stall| {
            (it.timeout, it.lock_timeout_ms, it.tries, it.waiting.high, it.stalled_ms.high / 1000)
        };
        damage.timeouts.iter().map(row).collect::<Vec<_>>()
    };
    // 100 writes a second wait for up to 5 s of work, behind a transaction of up to 12 s.
    let none = (Timeout::None, None, 1, 1700, 100 * 17 * 17 / 2);
    // What gives up after 2 s lets go those who wait, six times at most, and then holds the lock.
    let recommended = (Timeout::Recommended, Some(2000), 6, 700, 5 * 100 * 2 * 2 / 2 + 100 * 7 * 7 / 2);
    assert_eq!(stalls("CREATE INDEX ON hot (n);"), [none, recommended]);
    let in_force = (Timeout::InForce, Some(5000), 1, 1000, 100 * 10 * 10 / 2);
    assert_eq!(stalls("SET lock_timeout = '5s'; CREATE INDEX ON hot (n);"), [none, in_force, recommended]);
}
