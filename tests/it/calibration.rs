//! How long work takes by what `calibrate` measured, and that it measures.

use std::{fs, time::Duration};

use lockkeeper::{
    pg::{
        Sandbox,
        calibrate::{Budget, End, measure},
        sandbox::Options,
    },
    traffic::{
        Calibration, Snapshot,
        calibration::{LONG, Machine, Point, SCHEMA, SHORT, Series, Task},
        snapshot::{Column, Constraint, Index, SCHEMA as SNAPSHOT_SCHEMA, Table},
    },
};
use serde_json::Value;

use crate::{
    cli::{Ran, in_world},
    support,
};

/// Every task takes 1 ms for itself and 1 µs for each row, twice as much where rows have 200 bytes instead of 100.
pub(crate) fn calibrated(tasks: &[Task]) -> Calibration {
    let series = tasks.iter().flat_map(|task| {
        [(100.0, 1.0), (200.0, 2.0)].map(|(row_bytes, factor)| Series {
            task: *task,
            row_bytes,
            points: [0_u32, 10_000, 100_000, 1_000_000]
                .map(|rows| Point { rows: rows.into(), ms: 1.0 + f64::from(rows) / 1000.0 * factor })
                .to_vec(),
        })
    });
    Calibration {
        schema: SCHEMA.to_owned(),
        taken_on: "2026-11-20".to_owned(),
        version: "17.10".to_owned(),
        series: series.collect(),
        ..Calibration::default()
    }
}

/// A hot table with two indexes.
fn table(rows: Option<u64>, row_bytes: u64) -> Table {
    let column = |name: &str, ty: &str| Column {
        name: name.into(),
        ty: ty.into(),
        width: Some(SHORT),
        correlation: Some(0.1),
        ..Column::default()
    };
    let index = |name: &str, key: &str| Index {
        name: name.into(),
        definition: format!("CREATE INDEX {name} ON public.t USING {key}"),
        valid: true,
        bytes: 1,
    };
    Table {
        name: "public.t".into(),
        kind: "table".into(),
        rows,
        heap_bytes: rows.unwrap_or(1_000_000) * row_bytes,
        reads_per_s: 1000.0,
        writes_per_s: 1000.0,
        columns: vec![column("id", "integer"), column("note", "text"), column("tags", "jsonb")],
        indexes: vec![index("t_id", "btree (id)"), index("t_note", "btree (note)")],
        ..Table::default()
    }
}

/// A table that others refer to.
fn parent() -> Table {
    let key = Constraint {
        name: "p_pkey".into(),
        definition: "PRIMARY KEY (id)".into(),
        valid: true,
        ..Constraint::default()
    };
    Table {
        name: "public.p".into(),
        kind: "table".into(),
        rows: Some(1_000),
        heap_bytes: 100_000,
        columns: vec![Column {
            name: "id".into(),
            ty: "integer".into(),
            not_null: true,
            ..Column::default()
        }],
        constraints: vec![key],
        ..Table::default()
    }
}

/// What `lint` says of a statement on the table.
fn lint(statement: &str, table: Table, collation: Option<&str>, calibration: &str) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let settings = collation.map(|it| ("lc_collate".to_owned(), it.to_owned())).into_iter().collect();
    let snapshot = Snapshot {
        schema: SNAPSHOT_SCHEMA.to_owned(),
        taken_at: "2026-11-20T10:00:00Z".to_owned(),
        settings,
        tables: vec![parent(), table],
        ..Snapshot::default()
    };
    let (snapshot_file, file) = (folder.path().join("s.json"), folder.path().join("c.json"));
    fs::write(&snapshot_file, serde_json::to_string(&snapshot).unwrap()).unwrap();
    fs::write(&file, calibration).unwrap();
    let (snapshot_file, file) = (snapshot_file.to_str().unwrap(), file.to_str().unwrap());
    let args = [
        "lint",
        "-",
        "--pg",
        "17",
        "--transaction",
        "own",
        "--schema",
        snapshot_file,
        "--snapshot",
        snapshot_file,
        "--calibration",
        file,
        "--format",
        "json",
        "--fail-on",
        "never",
    ];
    in_world(&args, statement.as_bytes(), &[("SOURCE_DATE_EPOCH", "1795219200")])
}

/// The hold time of the last statement's lock on a table that was there: low, high, and how far beyond what was measured.
fn told(ran: &Ran) -> (u64, u64, Option<u64>) {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    let statements = report["files"][0]["statements"].as_array().unwrap();
    let effects = statements.last().unwrap()["effects"].as_array().unwrap();
    let hold = &effects.iter().find(|it| it["target"] == "existing").unwrap()["hold_ms"];
    let number = |key: &str| hold[key].as_u64();
    assert_eq!(number("extrapolated").is_some(), hold["basis"] == "measured", "{hold}");
    (number("low").unwrap(), number("high").unwrap(), number("extrapolated"))
}

fn hold(statement: &str, table: Table, collation: Option<&str>, tasks: &[Task]) -> (u64, u64, Option<u64>) {
    told(&lint(statement, table, collation, &serde_json::to_string(&calibrated(tasks)).unwrap()))
}

const SCAN: &str = "ALTER TABLE t ALTER COLUMN id SET NOT NULL";

/// The band around a time that all models agree on.
fn around(ms: f64) -> (f64, f64) {
    between(ms, ms)
}

/// The band of models that say these times.
fn between(low: f64, high: f64) -> (f64, f64) {
    let (middle, margin) = ((low * high).sqrt(), 2_f64.max(1.5 * (high / low).sqrt()));
    (middle / margin, middle * margin)
}

#[track_caller]
fn is_about(
    (low, high, factor): (u64, u64, Option<u64>),
    (want_low, want_high): (f64, f64),
    want_factor: u64,
) {
    #[expect(clippy::cast_precision_loss, reason = "these are small")]
    let (low_f, high_f) = (low as f64, high as f64);
    let near = |is: f64, want: f64| (is - want).abs() <= 1.0 + want / 1000.0;
    assert!(near(low_f, want_low) && near(high_f, want_high), "{low}–{high}, not {want_low}–{want_high}");
    assert_eq!(factor, Some(want_factor));
}

#[test]
fn within_what_was_measured_the_time_is_between_its_neighbours() {
    for (rows, ms) in [(100_000, 101.0), (50_000, 51.0), (300_000, 301.0), (5_000, 6.0), (0, 1.0)] {
        is_about(hold(SCAN, table(Some(rows), 100), None, &Task::ALL), around(ms), 1);
    }
}

#[test]
fn a_row_costs_something_and_each_of_its_bytes() {
    for (row_bytes, ms) in [(200, 201.0), (150, 151.0), (400, 401.0), (100, 101.0), (50, 51.0)] {
        is_about(hold(SCAN, table(Some(100_000), row_bytes), None, &Task::ALL), around(ms), 1);
    }
}

#[test]
fn beyond_the_largest_the_models_make_the_band() {
    // 12 million rows are 12 times the largest: linear is the least, n·log n the most.
    let sorted = 1.0 + 12_000.0 * (12e6_f64.ln() / 1e6_f64.ln());
    let found = hold(SCAN, table(Some(12_000_000), 100), None, &Task::ALL);
    is_about(found, between(12_001.0, sorted), 12);
    // A measured growth beyond n·log n counts, up to a bound.
    let mut steep = calibrated(&Task::ALL);
    for series in &mut steep.series {
        for (point, ms) in series.points.iter_mut().zip([0.0, 10.0, 400.0, 16_000.0]) {
            point.ms = ms;
        }
    }
    let ran = lint(SCAN, table(Some(12_000_000), 100), None, &serde_json::to_string(&steep).unwrap());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let hold = &report["files"][0]["statements"][0]["effects"][0]["hold_ms"];
    let (_, bound) = between(16_000.0 * 12.0, 16_000.0 * 12_f64.powf(1.2));
    assert!((hold["high"].as_f64().unwrap() / bound - 1.0).abs() < 0.01, "{hold}, not {bound}");
}

#[test]
fn what_is_larger_than_memory_is_read_from_the_disk() {
    let mut small = calibrated(&Task::ALL);
    small.machine = Machine { memory_bytes: Some(15_000_000), read_bytes_per_s: Some(1e6) };
    let small = serde_json::to_string(&small).unwrap();
    let hold = |rows| {
        let ran = lint(SCAN, table(Some(rows), 100), None, &small);
        told(&ran)
    };
    is_about(hold(100_000), around(101.0), 1);
    // Of 20 MB at least 5 come from the disk, at 1 MB a second, and at most all.
    is_about(hold(200_000), between(5_201.0, 20_201.0), 1);
}

#[test]
fn each_kind_of_work_is_its_own() {
    let rewrite = "ALTER TABLE t ALTER COLUMN id TYPE bigint";
    let measured = |statement, tasks: &[Task]| hold(statement, table(Some(100_000), 100), Some("C"), tasks);
    let text = [Task::IndexBytes, Task::IndexBytesLong];
    let of_indexes = [Task::IndexFixed, text[0], text[1]];
    is_about(measured("CREATE INDEX i ON t (id)", &[Task::IndexFixed]), around(101.0), 1);
    is_about(measured("CREATE INDEX i ON t (note)", &text), around(101.0), 1);
    is_about(measured("ALTER TABLE t ADD UNIQUE (id)", &[Task::IndexFixed]), around(101.0), 1);
    // The table, and both indexes.
    let with = |task| [&[task][..], &of_indexes].concat();
    is_about(measured(rewrite, &with(Task::Rewrite)), around(303.0), 1);
    is_about(measured("VACUUM FULL t", &with(Task::Copy)), around(303.0), 1);
    is_about(measured("ALTER TABLE t SET TABLESPACE elsewhere", &[Task::Copy]), around(101.0), 1);
    is_about(measured("ALTER TABLE t ADD CHECK (id > 0)", &[Task::Check]), around(101.0), 1);
    // One pass tests both.
    is_about(
        measured("ALTER TABLE t ALTER id SET NOT NULL, ADD CHECK (id > 0)", &[Task::Check]),
        around(101.0),
        1,
    );
    is_about(measured("REINDEX TABLE t", &of_indexes), around(202.0), 1);
    is_about(measured("REINDEX INDEX t_id", &[Task::IndexFixed]), around(101.0), 1);
    let update = [&[Task::Update, Task::UpdateIndexed], &of_indexes[..]].concat();
    is_about(measured("UPDATE t SET id = 1", &update), around(101.0), 1);
    is_about(measured("DELETE FROM t", &[Task::Delete]), around(101.0), 1);
    // The keys of the table; those of the smaller one that it refers to are in their time.
    for key in [
        "ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES p",
        "ALTER TABLE t ADD COLUMN p int DEFAULT 1 REFERENCES p",
    ] {
        is_about(measured(key, &[Task::ForeignKey]), around(101.0), 1);
        assert_eq!(measured(key, &[Task::Scan]).2, None, "{key}");
    }
    // A larger one is read as far as the planner likes.
    let small = |tasks: &[Task]| {
        hold("ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES p", table(Some(100), 100), Some("C"), tasks)
    };
    is_about(small(&[Task::ForeignKey, Task::Scan]), (1.1 / 2.0, 1.1 * 2.0 + 4.0), 1);
    assert_eq!(small(&[Task::ForeignKey]).2, None);
    let own = "ALTER TABLE t ADD UNIQUE (id), ADD FOREIGN KEY (id) REFERENCES t (id)";
    is_about(measured(own, &[Task::ForeignKey, Task::IndexFixed]), around(202.0), 1);
    // What was not measured is assumed.
    for (statement, tasks) in [
        (SCAN, &Task::ALL[1..]),
        (rewrite, &with(Task::Copy)[..]),
        (rewrite, &[Task::Rewrite, Task::IndexFixed][..]),
        ("CREATE INDEX i ON t USING gin (tags)", &Task::ALL[..]),
        ("CREATE INDEX i ON t (lower(note))", &of_indexes[..]),
        ("CREATE INDEX CONCURRENTLY i ON t (id)", &Task::ALL[..]),
        ("CLUSTER t USING t_id", &Task::ALL[..]),
        ("VACUUM t", &Task::ALL[..]),
        ("ALTER INDEX t_id SET TABLESPACE elsewhere", &Task::ALL[..]),
        ("UPDATE t SET id = 1", &[Task::Update][..]),
    ] {
        assert_eq!(measured(statement, tasks).2, None, "{statement}");
    }
    assert_eq!(hold(SCAN, table(None, 100), None, &Task::ALL).2, None, "never analyzed");
}

#[test]
fn one_pass_does_all_that_a_statement_asks_of_the_rows() {
    let measured = |statement| hold(statement, table(Some(100_000), 100), Some("C"), &Task::ALL);
    // Both indexes are built again with the table.
    for (statement, ms) in [
        ("ALTER TABLE t ALTER id TYPE bigint, ALTER note TYPE int USING 1", 303.0),
        ("ALTER TABLE t ALTER id TYPE bigint, ALTER note SET NOT NULL", 303.0),
        ("ALTER TABLE t ALTER id TYPE bigint, ADD CHECK (id > 0)", 303.0),
        ("ALTER TABLE t ALTER id SET NOT NULL, ALTER note SET NOT NULL, ADD CHECK (id > 0)", 101.0),
        ("ALTER TABLE t ADD UNIQUE (id), ADD UNIQUE (note)", 202.0),
        ("ALTER TABLE t SET UNLOGGED", 303.0),
    ] {
        is_about(measured(statement), around(ms), 1);
    }
}

#[test]
fn what_is_out_of_line_counts_where_it_is_looked_at() {
    let measured = |statement| {
        let table = Table { toast_bytes: 10_000_000, ..table(Some(100_000), 100) };
        hold(statement, table, Some("C"), &Task::ALL)
    };
    // Twice as many bytes take twice as long.
    is_about(measured("ALTER TABLE t ALTER note SET NOT NULL"), around(101.0), 1);
    is_about(measured("ALTER TABLE t ADD CHECK (length(note) < 1000)"), between(101.0, 201.0), 1);
    // To write it again takes longer than its bytes say, and was not measured.
    for statement in ["VACUUM FULL t", "ALTER TABLE t ALTER id TYPE bigint", "DELETE FROM t"] {
        assert_eq!(measured(statement).2, None, "{statement}");
    }
    // What lies there still, but little of it, is like rows.
    let little = Table { toast_bytes: 1_000_000, ..table(Some(100_000), 100) };
    is_about(hold("VACUUM FULL t", little, Some("C"), &Task::ALL), around(303.0), 1);
}

#[test]
fn a_table_whose_rows_do_not_fill_it_was_not_measured() {
    for (rows, bytes) in [(1_000, 10_000_000_000), (0, 100_000_000)] {
        let bloated = Table { heap_bytes: bytes, ..table(Some(rows), 100) };
        assert_eq!(hold(SCAN, bloated, None, &Task::ALL).2, None);
    }
    // As many bytes as the largest table, or more, are as far from what was measured as as many rows.
    let long_rows = hold(SCAN, table(Some(100_000), 4_000), None, &Task::ALL);
    is_about(long_rows, around(4_001.0), 2);
}

#[test]
fn every_index_makes_an_update_longer() {
    let hold = |index: Option<Index>| {
        let mut slow = calibrated(&Task::ALL);
        for series in slow.series.iter_mut().filter(|it| it.task == Task::UpdateIndexed) {
            series.points.iter_mut().for_each(|it| it.ms *= 3.0);
        }
        let mut table = table(Some(100_000), 100);
        table.indexes.extend(index);
        let ran = lint("UPDATE t SET id = 1", table, Some("C"), &serde_json::to_string(&slow).unwrap());
        told(&ran)
    };
    let index = |key: &str| Index {
        name: "third".into(),
        definition: format!("CREATE INDEX third ON public.t USING {key}"),
        ..Index::default()
    };
    is_about(hold(None), around(303.0), 1);
    is_about(hold(Some(index("btree (id)"))), around(404.0), 1);
    assert_eq!(hold(Some(index("gin (tags)"))).2, None);
}

#[test]
fn what_an_index_may_compare_besides_makes_its_band_wider() {
    let hold = |key| with_slow(Task::IndexCollated, key, Some("C"), table(Some(100_000), 100));
    is_about(hold("note"), around(101.0), 1);
    is_about(hold("id, note"), around(101.0), 1);
    is_about(hold("note COLLATE \"de-x-icu\""), between(101.0, 303.0), 1);
    let second = |key| with_slow(Task::IndexBytes, key, Some("C"), table(Some(100_000), 100));
    is_about(second("id, note"), between(101.0, 303.0), 1);
    is_about(second("note, id"), around(303.0), 1);
    // A part of the table may be nearly nothing, or all of it.
    is_about(second("note) WHERE (id > 0"), between(101.0, 303.0), 1);
}

#[test]
fn settings_that_the_server_has_not_are_told() {
    let said = |value: &str| {
        let mut measured = calibrated(&Task::ALL);
        measured.settings.insert("lc_collate".into(), "C".into());
        measured.settings.insert("shared_buffers".into(), value.into());
        let folder = tempfile::tempdir().unwrap();
        let (file, snapshot) = (folder.path().join("c.json"), folder.path().join("s.json"));
        fs::write(&file, serde_json::to_string(&measured).unwrap()).unwrap();
        let mut server: Value =
            serde_json::from_slice(&fs::read("fixtures/lint/hot-tables/snapshot.json").unwrap()).unwrap();
        server["settings"]["shared_buffers"] = "8GB".into();
        fs::write(&snapshot, server.to_string()).unwrap();
        let args =
            ["lint", "-", "--pg", "17", "--transaction", "own", "--snapshot", snapshot.to_str().unwrap()];
        let args = [&args[..], &["--calibration", file.to_str().unwrap()]].concat();
        in_world(&args, SCAN_ORDERS, &[("SOURCE_DATE_EPOCH", "1795219200")]).stdout
    };
    let other = said("128MB");
    assert!(
        other.contains(": rough; it had shared_buffers = 128MB, unlike the snapshot's server"),
        "{other}"
    );
    let same = said("8GB");
    assert!(same.contains(": rough\n"), "{same}");
}

/// The hold time of an index where one task takes three times as long as the others.
fn with_slow(task: Task, column: &str, collation: Option<&str>, table: Table) -> (u64, u64, Option<u64>) {
    let mut slow = calibrated(&Task::ALL);
    for series in slow.series.iter_mut().filter(|it| it.task == task) {
        series.points.iter_mut().for_each(|it| it.ms *= 3.0);
    }
    let slow = serde_json::to_string(&slow).unwrap();
    let ran = lint(&format!("CREATE INDEX i ON t ({column})"), table, collation, &slow);
    told(&ran)
}

#[test]
fn text_is_compared_as_the_database_does() {
    let hold = |collation| {
        let mut table = table(Some(100_000), 100);
        table.columns[1].width = Some(SHORT);
        with_slow(Task::IndexCollated, "note", collation, table)
    };
    is_about(hold(Some("C")), around(101.0), 1);
    is_about(hold(Some("en_US.UTF-8")), around(303.0), 1);
    for unknown in [None, Some("C.UTF-8")] {
        is_about(hold(unknown), between(101.0, 303.0), 1);
    }
}

#[test]
fn long_text_takes_longer() {
    let hold = |width| {
        let mut table = table(Some(100_000), 100);
        table.columns[1].width = width;
        with_slow(Task::IndexBytesLong, "note", Some("C"), table)
    };
    is_about(hold(Some(SHORT)), around(101.0), 1);
    is_about(hold(Some(LONG)), around(303.0), 1);
    is_about(hold(Some(u32::midpoint(SHORT, LONG))), around(200.0), 1);
    is_about(hold(None), between(101.0, 303.0), 1);
}

#[test]
fn rows_in_order_need_no_sorting() {
    let hold = |correlation| {
        let mut table = table(Some(100_000), 100);
        table.columns[0].correlation = correlation;
        with_slow(Task::IndexFixed, "id", None, table)
    };
    for ordered in [Some(1.0), Some(-0.95)] {
        is_about(hold(ordered), around(101.0), 1);
    }
    is_about(hold(Some(0.3)), around(303.0), 1);
    is_about(hold(None), between(101.0, 303.0), 1);
}

const SCAN_ORDERS: &[u8] = b"ALTER TABLE orders ALTER COLUMN note SET NOT NULL";

#[test]
fn a_finding_says_what_its_time_rests_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.json");
    fs::write(&file, serde_json::to_string(&calibrated(&Task::ALL)).unwrap()).unwrap();
    let snapshot = "fixtures/lint/hot-tables/snapshot.json";
    let args = |calibration: Option<&str>| {
        let mut args = vec!["lint", "-", "--pg", "17", "--transaction", "own", "--snapshot", snapshot];
        args.extend(calibration.iter().flat_map(|it| ["--calibration", *it]));
        in_world(&args, SCAN_ORDERS, &[("SOURCE_DATE_EPOCH", "1795219200")]).stdout
    };
    let measured = args(file.to_str());
    assert!(
        measured.contains(
            "by calibration of 2026-11-20 on PostgreSQL 17.10, 1,200 times beyond its largest table: rough"
        ),
        "{measured}"
    );
    assert!(
        measured.contains("assumed: PostgreSQL 17, snapshot of 2026-11-19, calibration of 2026-11-20"),
        "{measured}"
    );
    let assumed = args(None);
    assert!(
        assumed.contains("at a throughput that is assumed; `lockkeeper calibrate` measures it"),
        "{assumed}"
    );
}

#[test]
fn a_file_that_is_no_calibration_is_refused() {
    let good = serde_json::to_string(&calibrated(&Task::ALL)).unwrap();
    let mut poor = calibrated(&[Task::Scan]);
    poor.series[0].points.truncate(2);
    let poor = serde_json::to_string(&poor).unwrap();
    let mut twice = calibrated(&[Task::Scan]);
    twice.series[0].points[1].rows = 100_000;
    let twice = serde_json::to_string(&twice).unwrap();
    for (text, problem) in [
        (good.replace("calibration/1", "calibration/2"), "its schema is `lockkeeper/calibration/2`"),
        (good.replace("row_bytes", "bytes"), "unknown field `bytes`"),
        (poor, "scan was not measured at two sizes"),
        (twice, "scan was not measured at two sizes, each once"),
        (good.replacen("\"ms\":101.0", "\"ms\":0.0", 1), "scan has a time or a width that is not above 0"),
        (String::new(), "EOF"),
    ] {
        let ran = lint(SCAN, table(Some(1), 100), None, &text);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("is no calibration") && ran.stderr.contains(problem), "{}", ran.stderr);
    }
}

/// What would be measured, and on tables of so few rows that it takes a moment.
fn measure_briefly(
    server: &Sandbox,
    disk_bytes: u64,
) -> Result<(Calibration, End), lockkeeper::error::Error> {
    let budget = Budget { time: Duration::ZERO, disk_bytes, first_rows: 200 };
    let mut heard = Vec::new();
    let measured = measure(server, budget, |rows, _| heard.push(rows))?;
    assert_eq!(heard, [200, 800, 3_200]);
    let calibration = Calibration {
        schema: SCHEMA.to_owned(),
        taken_on: "2026-11-21".to_owned(),
        version: server.version().to_owned(),
        settings: measured.settings,
        machine: measured.machine,
        series: measured.series,
    };
    Ok((calibration, measured.ended_by))
}

#[test]
fn every_task_is_measured_and_nothing_is_left() {
    support::on_each(&support::majors(), |server| {
        let (calibration, end) = measure_briefly(server, u64::MAX).unwrap();
        assert_eq!(end, End::Time);
        for task in Task::ALL {
            let of_task: Vec<&Series> = calibration.series.iter().filter(|it| it.task == task).collect();
            let is_long_text = matches!(task, Task::IndexBytesLong | Task::IndexCollatedLong);
            assert_eq!(of_task.len(), if is_long_text { 1 } else { 2 }, "{task:?}");
            assert!(
                of_task.is_sorted_by(|a, b| a.row_bytes < b.row_bytes) && of_task[0].row_bytes > 24.0,
                "{of_task:?}"
            );
            for series in of_task {
                let rows: Vec<u64> = series.points.iter().map(|it| it.rows).collect();
                assert_eq!(rows, [0, 200, 800, 3_200]);
                assert!(series.points.iter().all(|it| it.ms > 0.0), "{series:?}");
            }
        }
        if cfg!(target_os = "linux") {
            let Machine { memory_bytes, read_bytes_per_s } = calibration.machine;
            assert!(
                memory_bytes > Some(1 << 28) && read_bytes_per_s > Some(1e6),
                "{:?}",
                calibration.machine
            );
        }
        let schema: Value = serde_json::from_str(lockkeeper::traffic::calibration::JSON_SCHEMA).unwrap();
        let text = lockkeeper::traffic::written(&calibration).unwrap();
        jsonschema::validate(&schema, &serde_json::from_str(&text).unwrap()).unwrap();
        assert!(Calibration::parse(&text).unwrap() == calibration, "{text}");
        let left = server.connect("postgres").unwrap();
        let left =
            left.rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace").unwrap();
        assert_eq!(left, []);
    });
}

#[test]
fn a_disk_that_is_too_small_is_told() {
    let Some(server) = support::server(15) else { return };
    let error = measure_briefly(&server, 1_000_000).unwrap_err().to_string();
    assert!(error.contains("too few for 3 sizes of tables; set TMPDIR"), "{error}");
}

#[test]
fn a_server_that_is_measured_keeps_what_it_is_told() {
    let like = [("maintenance_work_mem".to_owned(), "32MB".to_owned())].to_vec();
    let Ok(server) = Sandbox::start(15, &Options { durable: true, settings: like, ..Options::default() })
    else {
        assert!(std::env::var_os("REQUIRE_PG").is_none());
        return;
    };
    let session = server.connect("postgres").unwrap();
    for (setting, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("wal_segment_size", "16MB"),
        ("maintenance_work_mem", "32MB"),
    ] {
        let shown = session.rows(&format!("SHOW {setting}")).unwrap();
        assert_eq!(shown[0].text(0), value, "{setting}");
    }
}

#[test]
fn what_cannot_be_measured_is_said_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let unwritable = folder.path().join("no/such/folder.json");
    let other = folder.path().join("snapshot.json");
    let snapshot = Snapshot { schema: SNAPSHOT_SCHEMA.to_owned(), ..Snapshot::default() };
    fs::write(&other, serde_json::to_string(&snapshot).unwrap()).unwrap();
    for (args, problem) in [
        (["--pg", "15", "-o", unwritable.to_str().unwrap()], "no/such"),
        (["--budget", "1m", "--like", "fixtures/shop/README.md"], "fixtures/shop"),
        (["--budget", "1m", "--like", other.to_str().unwrap()], "choose one with --pg"),
        (["--pg", "15", "--pg-bin", "/nowhere"], "/nowhere"),
    ] {
        let ran = in_world(&[&["calibrate"][..], &args].concat(), b"", &[]);
        assert!(ran.code == 2 && ran.stderr.contains(problem), "{args:?}: {}", ran.stderr);
    }
}
