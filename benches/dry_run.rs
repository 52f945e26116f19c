//! `cargo bench --bench dry_run`: what looking at statements costs, beside `psql -f` on the same server, and beside `eugene trace`.
//!
//! Two files of 200 statements that make tables, fill them, and change them, as they come: once with hardly any rows, so that the statements
//! themselves take next to nothing, and once with as many as a change is worth thinking about. `LOCKKEEPER_PG` is the version. `psql` and
//! `eugene` are looked for in `PATH`; what is missing is left out.
#![expect(clippy::print_stdout, reason = "a bench talks to whoever runs it")]

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use lockkeeper::{
    dry_run::{self, File, Purpose},
    lint::{Change, Input, InputRole, Options as LintOptions, lint},
    pg::{Sandbox, sandbox::Options},
    rule::RuleSet,
    sql::source::Source,
};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// How often each is run; the quickest counts, for what else goes on only makes it slower.
const N_RUNS: usize = 5;

/// How many rows each table gets.
const N_ROWS: [u32; 2] = [10, 20_000];

/// A file of 200 statements on 20 tables of its own.
fn file(prefix: &str, n_rows: u32) -> String {
    let mut text = String::new();
    for n in 0..20 {
        let (table, last) = (format!("{prefix}_{n}"), format!("{prefix}_{}", (n + 19) % 20));
        let _ = write!(
            text,
            "CREATE TABLE {table} (id bigint PRIMARY KEY, other bigint, name text, at timestamptz);\n\
             INSERT INTO {table} SELECT i, i, 'name ' || i, now() FROM generate_series(1, {n_rows}) AS i;\n\
             COMMENT ON TABLE {table} IS 'a table';\n\
             CREATE INDEX {table}_name ON {table} (name);\n\
             ALTER TABLE {table} ADD COLUMN note text DEFAULT 'none';\n\
             ALTER TABLE {table} ALTER COLUMN at SET NOT NULL;\n\
             ALTER TABLE {table} ADD CONSTRAINT {table}_positive CHECK (id > 0) NOT VALID;\n\
             ALTER TABLE {table} VALIDATE CONSTRAINT {table}_positive;\n\
             UPDATE {table} SET other = other + 1 WHERE id % 10 = 0;\n"
        );
        let further = if n == 0 {
            format!("CREATE VIEW {table}_view AS SELECT id, name FROM {table};\n")
        } else {
            format!("ALTER TABLE {table} ADD FOREIGN KEY (id) REFERENCES {last};\n")
        };
        text.push_str(&further);
    }
    text
}

fn main() -> Fallible<()> {
    let major = env::var("LOCKKEEPER_PG").ok().and_then(|it| it.parse().ok()).unwrap_or(15);
    let server = Sandbox::start(major, &Options::default())?;
    println!("PostgreSQL {}, 2 files of 200 statements, the quickest of {N_RUNS} runs", server.version());
    for n_rows in N_ROWS {
        let folder = tempfile::tempdir()?;
        let paths = ["a", "b"].map(|prefix| folder.path().join(format!("{prefix}.sql")));
        for (path, prefix) in paths.iter().zip(["a", "b"]) {
            fs::write(path, file(prefix, n_rows))?;
        }
        println!("\n{n_rows} rows in each table");
        let ours = quickest(|| looked_at(&server, &paths))?;
        println!("  looked at      {:>8.1} ms", ms(ours));
        if is_there("psql") {
            let theirs = quickest(|| psql(&server, &paths))?;
            println!(
                "  psql -f        {:>8.1} ms, so {:.2} times that",
                ms(theirs),
                ours.as_secs_f64() / theirs.as_secs_f64()
            );
        }
        let whole = quickest(|| command(&mut lockkeeper(major, folder.path()), 1))?;
        println!("  lockkeeper dry-run, with its server's start {:>8.1} ms", ms(whole));
        if is_there("eugene") {
            // It starts no server as root.
            let Ok(theirs) = quickest(|| command(&mut eugene(folder.path()), 0)) else {
                println!("  eugene trace failed");
                continue;
            };
            let ratio = whole.as_secs_f64() / theirs.as_secs_f64();
            println!(
                "  eugene trace, with its server's start       {:>8.1} ms, so {ratio:.2} times that",
                ms(theirs)
            );
        }
    }
    Ok(())
}

fn quickest(mut run: impl FnMut() -> Fallible<Duration>) -> Fallible<Duration> {
    let mut quickest = Duration::MAX;
    for _ in 0..N_RUNS {
        quickest = quickest.min(run()?);
    }
    Ok(quickest)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// All that `dry-run` does on a server that runs, from what `lint` predicts on.
fn looked_at(server: &Sandbox, paths: &[PathBuf]) -> Fallible<Duration> {
    server.drop_database("looked_at")?;
    let started = Instant::now();
    let read = |path: &PathBuf| -> Fallible<Input> {
        Ok(Input {
            source: Source::new(path, fs::read(path)?),
            role: InputRole::Linted,
            framework: "plain",
            runner: None,
            parts: Vec::new(),
            change: Change::Unknown,
        })
    };
    let inputs = paths.iter().map(read).collect::<Fallible<Vec<_>>>()?;
    let options = LintOptions {
        postgres: server.major(),
        settings: Vec::new(),
        require_reason: false,
        lock_budget: 8,
        foreign: Vec::new(),
        traffic: Arc::default(),
        keep_statements: true,
    };
    let linted = lint(&inputs, &RuleSet::default(), &options);
    let files: Vec<File<'_>> = linted
        .iter()
        .map(|it| File {
            source: &it.input.source,
            purpose: Purpose::Judged,
            framework: it.input.framework,
            parts: it.parts.clone(),
            back: Vec::new(),
            predicted: it.statements.iter().map(|it| (it.span, &it.outcome)).collect(),
        })
        .collect();
    let ran = dry_run::run(server, "looked_at", &files, &dry_run::Options::default())?;
    let took = started.elapsed();
    let n_refused = ran.statements().filter(|it| it.held_for.is_none()).count();
    if n_refused > 0 || ran.statements().count() != 400 {
        return Err("not all statements ran".into());
    }
    Ok(took)
}

/// The same files as psql sends them.
fn psql(server: &Sandbox, paths: &[PathBuf]) -> Fallible<Duration> {
    server.drop_database("sent")?;
    let started = Instant::now();
    server.create_database("sent")?;
    let mut psql = Command::new("psql");
    psql.arg("-h").arg(server.socket_folder()).args([
        "-U",
        "postgres",
        "-d",
        "sent",
        "-q",
        "-X",
        "-v",
        "ON_ERROR_STOP=1",
    ]);
    for path in paths {
        psql.arg("-f").arg(path);
    }
    let status = psql.stderr(Stdio::null()).status()?;
    if status.success() { Ok(started.elapsed()) } else { Err("psql failed".into()) }
}

fn lockkeeper(major: u16, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
    command.args(["dry-run", "--format", "json", "--pg", &major.to_string()]).arg(folder);
    command
}

fn eugene(folder: &Path) -> Command {
    let mut command = Command::new("eugene");
    command.args(["trace", "--accept-failures", "--format", "json"]).arg(folder);
    command
}

/// How long a command takes that ends with `code`. What it says of the statements is not asked here.
fn command(command: &mut Command, code: i32) -> Fallible<Duration> {
    let started = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.code() == Some(code) { Ok(started.elapsed()) } else { Err(format!("{status}").into()) }
}
