//! `cargo bench --bench hold`: how long statements really hold their locks, beside what `lint` says with a calibration.
//!
//! For each major version: `lockkeeper calibrate`, then tables of other columns, widths and indexes than the calibration's, as large as its
//! largest table, 3 times and 12 times; `lockkeeper snapshot` of them, `lint --calibration` of each statement, and the statement itself,
//! once, on a server that keeps what it is told. `LOCKKEEPER_PG` lists the versions (`15,18`), `LOCKKEEPER_BUDGET` is the calibration's.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to whoever runs it")]
#![expect(clippy::cast_precision_loss, reason = "figures are shown with three digits")]

use std::{env, error::Error, fs, path::Path, process::Command, time::Instant};

use lockkeeper::pg::{Sandbox, Session, sandbox::Options};
use serde_json::Value;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// How many times more rows than the calibration's largest table.
const SIZES: [u64; 3] = [1, 3, 12];

/// One table: how it is made with so many rows, and what is done to it.
struct Subject {
    name: &'static str,
    make: fn(u64) -> String,
    cases: &'static [Case],
}

/// One statement, and what makes the table what it was.
struct Case {
    statement: &'static str,
    undo: &'static str,
}

const fn case(statement: &'static str, undo: &'static str) -> Case {
    Case { statement, undo }
}

const SUBJECTS: &[Subject] = &[
    Subject {
        name: "orders",
        make: |rows| {
            format!(
                "CREATE TABLE customers AS SELECT i::bigint AS id, 'customer ' || i AS name FROM generate_series(1, {customers}) i; \
                 ALTER TABLE customers ADD PRIMARY KEY (id); \
                 CREATE TABLE orders AS SELECT i::bigint AS id, 1 + (random() * {last})::bigint AS customer_id, \
                     (random() * 10000)::numeric(10, 2) AS total, now() - random() * interval '3 years' AS placed_at, \
                     CASE WHEN random() < 0.1 THEN 'open' ELSE 'shipped' END AS status, \
                     'note ' || md5(random()::text) || repeat('.', (random() * 60)::integer) AS note \
                 FROM generate_series(1, {rows}) i; \
                 ALTER TABLE orders ADD PRIMARY KEY (id); \
                 CREATE INDEX orders_customer ON orders (customer_id); \
                 ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID; \
                 ALTER TABLE orders ADD CONSTRAINT customer FOREIGN KEY (customer_id) REFERENCES customers NOT VALID",
                customers = rows / 20 + 1,
                last = rows / 20,
            )
        },
        cases: &[
            case(
                "ALTER TABLE orders ALTER COLUMN placed_at SET NOT NULL",
                "ALTER TABLE orders ALTER COLUMN placed_at DROP NOT NULL",
            ),
            case(
                "ALTER TABLE orders ADD CONSTRAINT known CHECK (status IN ('open', 'shipped', 'lost'))",
                "ALTER TABLE orders DROP CONSTRAINT known",
            ),
            case("ALTER TABLE orders VALIDATE CONSTRAINT positive", ""),
            case(
                "ALTER TABLE orders ALTER status SET NOT NULL, ALTER note SET NOT NULL, ADD CONSTRAINT small CHECK (total < 1000000)",
                "ALTER TABLE orders ALTER status DROP NOT NULL, ALTER note DROP NOT NULL, DROP CONSTRAINT small",
            ),
            case(
                "ALTER TABLE orders ADD CONSTRAINT itself FOREIGN KEY (id) REFERENCES orders",
                "ALTER TABLE orders DROP CONSTRAINT itself",
            ),
            case(
                "ALTER TABLE orders ADD CONSTRAINT second FOREIGN KEY (customer_id) REFERENCES customers",
                "ALTER TABLE orders DROP CONSTRAINT second",
            ),
            case("ALTER TABLE orders VALIDATE CONSTRAINT customer", ""),
            case("CREATE INDEX orders_placed ON orders (placed_at, status)", "DROP INDEX orders_placed"),
            case("CREATE INDEX orders_total ON orders (total)", "DROP INDEX orders_total"),
            case("CREATE INDEX orders_note ON orders (note)", "DROP INDEX orders_note"),
            case("REINDEX TABLE orders", ""),
            case(
                "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()",
                "ALTER TABLE orders DROP COLUMN token; VACUUM FULL orders",
            ),
            case("VACUUM FULL orders", ""),
            case("UPDATE orders SET total = total + 1", "VACUUM FULL orders"),
        ],
    },
    Subject {
        name: "events",
        make: |rows| {
            format!(
                "CREATE TABLE events AS SELECT i::integer AS id, (random() * 1000000)::integer AS device, random() AS value \
                 FROM generate_series(1, {rows}) i"
            )
        },
        cases: &[
            case("ALTER TABLE events ADD PRIMARY KEY (id)", "ALTER TABLE events DROP CONSTRAINT events_pkey"),
            case("CREATE INDEX events_device ON events (device)", "DROP INDEX events_device"),
            case(
                "ALTER TABLE events ALTER COLUMN device TYPE bigint",
                "ALTER TABLE events ALTER COLUMN device TYPE integer",
            ),
            case("UPDATE events SET value = value * 2", "VACUUM FULL events"),
            case("DELETE FROM events", ""),
        ],
    },
    Subject {
        name: "pages",
        make: |rows| {
            format!(
                "CREATE TABLE pages AS SELECT i::integer AS id, \
                     (SELECT string_agg(md5(i * 100 + j || ''), '') FROM generate_series(1, 100) j) AS body \
                 FROM generate_series(1, {}) i",
                rows / 40
            )
        },
        cases: &[
            case(
                "ALTER TABLE pages ALTER COLUMN body SET NOT NULL",
                "ALTER TABLE pages ALTER COLUMN body DROP NOT NULL",
            ),
            case("VACUUM FULL pages", ""),
            case("ALTER TABLE pages ALTER COLUMN id TYPE bigint", ""),
        ],
    },
    Subject {
        name: "metrics",
        make: |rows| {
            format!(
                "CREATE TABLE metrics (at integer, device bigint, value real) PARTITION BY HASH (device); \
                 CREATE TABLE metrics_0 PARTITION OF metrics FOR VALUES WITH (MODULUS 3, REMAINDER 0); \
                 CREATE TABLE metrics_1 PARTITION OF metrics FOR VALUES WITH (MODULUS 3, REMAINDER 1); \
                 CREATE TABLE metrics_2 PARTITION OF metrics FOR VALUES WITH (MODULUS 3, REMAINDER 2); \
                 INSERT INTO metrics SELECT i, (random() * 1000000)::bigint, random() FROM generate_series(1, {rows}) i"
            )
        },
        cases: &[
            case(
                "ALTER TABLE metrics ALTER COLUMN value SET NOT NULL",
                "ALTER TABLE metrics ALTER COLUMN value DROP NOT NULL",
            ),
            case("CREATE INDEX metrics_device ON metrics (device)", "DROP INDEX metrics_device"),
        ],
    },
    Subject {
        name: "documents",
        make: |rows| {
            format!(
                "CREATE TABLE documents AS SELECT gen_random_uuid() AS id, md5(i::text) AS title, \
                     repeat(md5(i::text), 20) AS body, i % 7 = 0 AS is_public \
                 FROM generate_series(1, {rows}) i"
            )
        },
        cases: &[
            case(
                "ALTER TABLE documents ALTER COLUMN title SET NOT NULL",
                "ALTER TABLE documents ALTER COLUMN title DROP NOT NULL",
            ),
            case(
                "ALTER TABLE documents ADD CONSTRAINT documents_id UNIQUE (id)",
                "ALTER TABLE documents DROP CONSTRAINT documents_id",
            ),
            case("CREATE UNIQUE INDEX documents_title ON documents (title)", "DROP INDEX documents_title"),
            case("ALTER TABLE documents ALTER COLUMN is_public TYPE integer USING is_public::integer", ""),
            case("DELETE FROM documents", ""),
        ],
    },
];

/// What was said and what was seen of one statement.
struct Outcome {
    statement: &'static str,
    rows: u64,
    times: u64,
    said: Option<(f64, f64)>,
    basis: String,
    seen: f64,
}

impl Outcome {
    fn is_within(&self) -> bool {
        self.said.is_some_and(|(low, high)| (low..=high).contains(&self.seen))
    }
}

fn main() -> Fallible<()> {
    // `cargo test --benches` runs this too, and has other tests of what it measures.
    if !env::args().any(|it| it == "--bench") {
        return Ok(());
    }
    let majors = env::var("LOCKKEEPER_PG").unwrap_or_else(|_| "15,18".to_owned());
    let budget = env::var("LOCKKEEPER_BUDGET").unwrap_or_else(|_| "60s".to_owned());
    for major in majors.split(',') {
        let major: u16 = major.trim().parse()?;
        let folder = tempfile::tempdir()?;
        let calibration = folder.path().join("calibration.json");
        lockkeeper(&[
            "calibrate",
            "--pg",
            &major.to_string(),
            "--budget",
            &budget,
            "-o",
            text(&calibration)?,
        ])?;
        let largest = largest(&calibration)?;
        println!("PostgreSQL {major}, calibrated for {budget} with tables of up to {largest} rows");
        let mut all = Vec::new();
        for times in SIZES {
            for subject in SUBJECTS {
                all.extend(outcomes(major, subject, largest * times, times, folder.path(), &calibration)?);
            }
        }
        report(&all);
    }
    Ok(())
}

/// Makes the table on a new server, and does everything to it.
fn outcomes(
    major: u16,
    subject: &Subject,
    rows: u64,
    times: u64,
    folder: &Path,
    calibration: &Path,
) -> Fallible<Vec<Outcome>> {
    let server = Sandbox::start(major, &Options { durable: true, ..Options::default() })?;
    let session = server.connect("postgres")?;
    session.batch(&(subject.make)(rows))?;
    session.batch("VACUUM (FREEZE, ANALYZE)")?;
    // What counters say reaches the server's statistics within a second.
    let url = format!("postgres://postgres@/postgres?host={}", server.socket_folder().display());
    let snapshot = folder.join("snapshot.json");
    lockkeeper(&["snapshot", "--url", &url, "--for", "1s", "-o", text(&snapshot)?])?;
    let mut outcomes = Vec::new();
    for case in subject.cases {
        let (said, basis) = said(major, subject.name, case.statement, folder, &snapshot, calibration)?;
        let seen = seen(&session, case)?;
        eprintln!("  {rows} rows: {} took {seen:.0} ms", case.statement);
        outcomes.push(Outcome { statement: case.statement, rows, times, said, basis, seen });
    }
    Ok(outcomes)
}

/// How long the statement takes with its COMMIT, in milliseconds.
fn seen(session: &Session, case: &Case) -> Fallible<f64> {
    session.batch("CHECKPOINT")?;
    let begun = Instant::now();
    session.batch(case.statement)?;
    let seen = begun.elapsed().as_secs_f64() * 1000.0;
    // VACUUM cannot share a message.
    for undo in case.undo.split("; ").filter(|it| !it.is_empty()) {
        session.batch(undo)?;
    }
    Ok(seen)
}

/// What `lint` says of the statement, in milliseconds.
fn said(
    major: u16,
    table: &str,
    statement: &str,
    folder: &Path,
    snapshot: &Path,
    calibration: &Path,
) -> Fallible<(Option<(f64, f64)>, String)> {
    let file = folder.join("1.sql");
    fs::write(&file, statement)?;
    let args = [
        "lint",
        text(&file)?,
        "--pg",
        &major.to_string(),
        "--schema",
        text(snapshot)?,
        "--snapshot",
        text(snapshot)?,
        "--calibration",
        text(calibration)?,
        "--format",
        "json",
        "--fail-on",
        "never",
        "--transaction",
        "own",
    ];
    let report: Value = serde_json::from_slice(&lockkeeper(&args)?)?;
    let effects = report.pointer("/files/0/statements/0/effects").and_then(Value::as_array);
    let name = format!("public.{table}");
    let of_table = effects.into_iter().flatten().find(|it| it["relation"] == name.as_str());
    let hold = of_table.map_or(&Value::Null, |it| &it["hold_ms"]);
    let band = hold["low"].as_f64().zip(hold["high"].as_f64());
    let basis = hold["basis"].as_str().unwrap_or("nothing").to_owned();
    Ok((band, basis))
}

/// The largest table of a calibration, in rows.
fn largest(calibration: &Path) -> Fallible<u64> {
    let read: Value = serde_json::from_slice(&fs::read(calibration)?)?;
    let points = read["series"].as_array().into_iter().flatten().filter_map(|it| it["points"].as_array());
    points.flatten().filter_map(|it| it["rows"].as_u64()).max().ok_or_else(|| "no size was measured".into())
}

fn lockkeeper(args: &[&str]) -> Fallible<Vec<u8>> {
    let output = Command::new(env!("CARGO_BIN_EXE_lockkeeper")).args(args).output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("{args:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn text(path: &Path) -> Fallible<&str> {
    path.to_str().ok_or_else(|| "a temporary folder with a name that is no text".into())
}

fn report(all: &[Outcome]) {
    println!("| statement | rows | times | said, ms | high/low | took, ms | |");
    println!("|---|---|---|---|---|---|---|");
    for it in all {
        let (low, high) = it.said.unwrap_or_default();
        let verdict = match it.said {
            _ if it.basis != "measured" => "not measured",
            Some(_) if it.is_within() => "within",
            Some(_) => "outside",
            None => "nothing said",
        };
        println!(
            "| `{}` | {} | {} | {low:.0}–{high:.0} | {:.1} | {:.0} | {verdict} |",
            it.statement,
            it.rows,
            it.times,
            high / low.max(1.0),
            it.seen
        );
    }
    let measured: Vec<&Outcome> = all.iter().filter(|it| it.basis == "measured").collect();
    let n_within = measured.iter().filter(|it| it.is_within()).count();
    // Whole milliseconds make a ratio of a few of them.
    let bands = measured.iter().filter_map(|it| it.said).filter(|it| it.0 >= 10.0);
    let ratios = bands.map(|(low, high)| high / low);
    println!(
        "\n{n_within} of {} within the band ({:.0} %); the widest band has a high/low of {:.2}; {} not measured\n",
        measured.len(),
        100.0 * n_within as f64 / measured.len() as f64,
        ratios.fold(0.0, f64::max),
        all.len() - measured.len()
    );
}
