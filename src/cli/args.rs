//! The command line as clap reads it.
//!
//! Long, because all that can be typed is in one place.

use std::{path::PathBuf, time::Duration};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::output::Output;
use crate::{
    config::{self, FailOn, Transaction},
    migration::{self, Framework},
    report::Format,
    rule::Foreign,
};

#[cfg(unix)]
use crate::report::dry_run::Format as RunFormat;

/// Tells which statement of a PostgreSQL migration locks which table, how strongly and during what work, and what to write instead.
#[derive(Debug, Parser)]
#[command(name = "lockkeeper", version, term_width = 100, after_help = EXIT_CODES)]
pub(super) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The configuration. Default: the nearest lockkeeper.toml, up to the repository's root.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// When to use colours; NO_COLOR is respected.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub color: Color,
}

const EXIT_CODES: &str =
    "Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 the job could not be done.";

/// When to use colours.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    /// On a terminal that has them.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Judge migration files without a server.
    Lint(Lint),
    /// Run migration files on a throwaway server, and tell what each statement really did.
    #[cfg(unix)]
    DryRun(DryRun),
    /// Write down all findings there are, so that `lint --baseline` reports new ones only.
    Baseline(Baseline),
    /// Rewrite what can be rewritten safely, and print the difference.
    Fix(Fix),
    /// Serve an editor: findings while a migration is written, what a statement locks, and fixes (Language Server Protocol, over the
    /// standard streams).
    Lsp,
    /// Write a configuration, a CI job and a pre-commit hook for the migrations that are found.
    Init(Init),
    /// Say what lockkeeper sees here, where it has that from, and what makes `lint` unreliable.
    Doctor(Doctor),
    /// Write down how large and how busy each table of a database is.
    Snapshot(Snapshot),
    #[cfg(unix)]
    Calibrate(Calibrate),
    /// Print the page of a rule: why, what to write instead, sources.
    Explain {
        /// The rule's id, as findings show it in brackets.
        id: String,
    },
    /// List the rules.
    Rules {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a configuration with every key and its default.
    Config,
    /// Print the JSON Schema of a report.
    Schema {
        /// Whose report.
        #[arg(value_enum, default_value_t = SchemaOf::Lint)]
        of: SchemaOf,
    },
    /// Print a script that completes commands in a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// A report that has a JSON Schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SchemaOf {
    /// `lint --format json`.
    Lint,
    /// `dry-run --format json`.
    #[cfg(unix)]
    DryRun,
    /// `doctor --json`.
    Doctor,
    /// The file of `snapshot`.
    Snapshot,
    /// The file of `calibrate`.
    Calibration,
}

/// Judge migration files without a server.
#[derive(Debug, ClapArgs)]
pub(super) struct Lint {
    /// What is judged.
    #[command(flatten)]
    pub judged: Judged,
    /// Judge only what changed since HEAD left this branch or commit: `main`, or `auto` for what the CI job says.
    ///
    /// New files are judged whole, edited ones where they changed; all others are replayed. What is not committed yet counts.
    #[arg(long, value_name = "REF")]
    pub since: Option<String>,
    /// Leave out the findings that this file lists; `lockkeeper baseline` writes it.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// full, concise or json, and where to: `json=out.json`. May be given more than once; one goes to standard output.
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = super::output::parse::<Format>)]
    pub format: Vec<Output<Format>>,
    /// The mildest severity that fails the run. Default: error.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub fail_on: Option<FailOn>,
}

/// Run migration files on a throwaway server, and tell what each statement really did.
///
/// A private server is started and gone afterwards; no server of yours is touched unless you name it. What was there before is made first: the schema, and the
/// earlier files beside a file. Each statement then runs in the transaction that its framework gives it, and what it locks and does is shown
/// beside what `lint` predicts. The run ends at the first statement that the server refuses.
#[cfg(unix)]
#[derive(Debug, ClapArgs)]
pub(super) struct DryRun {
    /// What is run.
    #[command(flatten)]
    pub judged: Judged,
    /// The folder with `postgres` and `initdb` of that version. Default: what is installed, else what was or can be downloaded.
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// Where it is run instead.
    #[command(flatten)]
    pub lent: super::lent::Named,
    /// Fill each table that was there before with so many rows, of all that its schema allows: NULLs, and values that come again. With a
    /// snapshot the rows are like those of production, and at most so many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rows: Option<u64>,
    /// Run the files twice more while others try to get at the tables: how long could nobody read, or write? Once alone, and once behind a
    /// transaction that has read the tables and goes on.
    #[arg(long)]
    pub probe: bool,
    /// How long that transaction goes on from when it is waited for: `500ms`, `30s`, `2m`.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = super::snapshot::time, requires = "probe")]
    pub longest_txn: Duration,
    /// Run the files on databases of several sizes, and say how long each statement takes in production, which a snapshot describes.
    #[arg(long)]
    pub predict: bool,
    /// How long that may take.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = super::snapshot::time, requires = "predict")]
    pub budget: Duration,
    /// What a command does is run.
    #[command(flatten)]
    pub traced: super::exec::Traced,
    /// What is tried besides.
    #[command(flatten)]
    pub tries: super::back::Tries,
    /// What `${name}`, `{{name}}` or psql's `:name` stands for in the files. May be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = value)]
    pub set: Vec<(String, String)>,
    /// full, concise, json, markdown or html, and where to: `html=out.html`. May be given more than once; one goes to standard output.
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = super::output::parse::<RunFormat>)]
    pub format: Vec<Output<RunFormat>>,
    /// The mildest severity that fails the run. Default: error.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub fail_on: Option<FailOn>,
}

/// Write down all findings there are, so that `lint --baseline` reports new ones only.
#[derive(Debug, ClapArgs)]
pub(super) struct Baseline {
    /// What is judged.
    #[command(flatten)]
    pub judged: Judged,
    /// The file to write. Default: `baseline` of lockkeeper.toml, else lockkeeper.baseline beside it.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What is judged, and what is assumed of the server and of whoever runs the files.
#[derive(Debug, ClapArgs)]
pub(super) struct Judged {
    /// Files, folders, or - for standard input. Default: `paths` of lockkeeper.toml.
    ///
    /// A folder is one history: all its .sql files, in natural order. The earlier files beside a file are replayed, not judged.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Judge the SQL that this command prints, for migrations that are code: `alembic`, `django`, or any command. May be given more than once.
    #[arg(long, value_name = "COMMAND")]
    pub from_command: Vec<String>,
    /// The major version of the server that the files will run on, 13 to 18; `dry-run` takes several, as in `14,17`. Default: the oldest
    /// still supported.
    #[arg(long, value_name = "N", value_parser = major, value_delimiter = ',')]
    pub pg: Vec<u16>,
    /// What was there before: a `pg_dump --schema-only` file, a folder of SQL files, or a snapshot, whose tables stand for all earlier
    /// migrations. May be given more than once.
    #[arg(long, value_name = "FILE")]
    pub schema: Vec<PathBuf>,
    /// What a server said of its tables, as `snapshot` wrote it: how large and how busy they are decides how bad a lock is.
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// How long work takes that grows with a table, as `calibrate` measured it. Default: `calibration` of lockkeeper.toml, else assumed.
    #[arg(long, value_name = "FILE")]
    pub calibration: Option<PathBuf>,
    /// How the runner sends the files. Default: as the framework does it and as a file's marks say; without a framework each file as one
    /// transaction, unless it has a BEGIN or COMMIT of its own or what cannot be in a transaction.
    #[arg(long, value_enum, value_name = "SCOPE")]
    pub transaction: Option<Transaction>,
    /// The framework that runs the files. Default: detected; the report says which and why.
    #[arg(long, value_name = "NAME", value_parser = framework)]
    pub framework: Option<&'static Framework>,
    /// Obey the comments of another linter too, beside those that `obey` of lockkeeper.toml names. May be given more than once.
    #[arg(long, value_name = "LINTER", value_parser = linter)]
    pub obey: Vec<&'static Foreign>,
    /// How many threads read files. Default: one a core.
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
}

/// Rewrite what can be rewritten safely, and print the difference.
///
/// The schema becomes what it would have become, without what makes the application wait. Where a step needs a transaction of its own and
/// its file is one transaction, a new migration file is made.
#[derive(Debug, ClapArgs)]
pub(super) struct Fix {
    /// What is fixed.
    #[command(flatten)]
    pub judged: Judged,
    /// Change the files instead of printing the difference.
    #[arg(long)]
    pub write: bool,
    /// Put a comment that allows it, with this reason, above each statement with a finding that is left.
    ///
    /// For what somebody has looked at: lint is quiet then, and tells when a comment is of no use any more.
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub allow: Option<String>,
    /// Fix only what changed since HEAD left this branch or commit, as for `lint`: what was merged may have run.
    #[arg(long, value_name = "REF")]
    pub since: Option<String>,
    /// Leave the findings that this file lists as they are.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// The mildest severity of what is left that fails the run. Default: error.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub fail_on: Option<FailOn>,
}

/// Write a configuration, a CI job and a pre-commit hook for the migrations that are found.
///
/// What exists stays as it is, but for one entry more in `.pre-commit-config.yaml`.
#[derive(Debug, ClapArgs)]
pub(super) struct Init {
    /// The project's folder. Default: the working directory.
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Whose CI job to write. auto: as the repository's files or its remote say.
    #[arg(long, value_enum, value_name = "PROVIDER", default_value_t = Ci::Auto)]
    pub ci: Ci,
    /// Make a `.pre-commit-config.yaml` where there is none.
    #[arg(long)]
    pub pre_commit: bool,
    /// Write lockkeeper's own files anew where they exist.
    #[arg(long)]
    pub force: bool,
    /// Print what would be written, as a diff.
    #[arg(long)]
    pub dry_run: bool,
}

/// Say what lockkeeper sees here, where it has that from, and what makes `lint` unreliable.
///
/// Exits with 0 if `lint` can be relied on, with 1 if there is a problem.
#[derive(Debug, ClapArgs)]
pub(super) struct Doctor {
    /// What would be judged.
    #[command(flatten)]
    pub judged: Judged,
    /// The file of the findings that are left out.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// Write down how large and how busy each table of a database is.
///
/// Asks twice and writes what lies between: reads and writes a second, and sizes, columns, constraints, indexes and open transactions. Neither
/// rows nor the text of queries are read. `pg_monitor` is enough, and so, for all but other roles' transactions, is any role.
#[derive(Debug, ClapArgs)]
pub(super) struct Snapshot {
    /// The primary and its replicas: `postgres://user@host:5432/database` or `'host=… dbname=…'`. May be given more than once.
    ///
    /// Default: DATABASE_URL. What is left open is as for psql: PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD, ~/.pgpass, sslmode.
    #[arg(long, value_name = "URL")]
    pub url: Vec<String>,
    /// How long to wait between the two samples: `500ms`, `10s`, `2m`.
    #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = super::snapshot::time)]
    pub wait: Duration,
    /// The file to write. Default: standard output, as for -.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write hashes instead of names, and no definitions.
    #[arg(long)]
    pub hash_names: bool,
}

/// Measure how long work takes here that grows with a table, so that `lint` need not assume it.
///
/// Starts a throwaway server, makes tables of several sizes, and times scans, index builds, rewrites and writes of all rows. What it finds
/// is true of this machine and its disk: run it, with nothing else to do, on one like the server's. TMPDIR says on which disk.
#[cfg(unix)]
#[derive(Debug, ClapArgs)]
pub(super) struct Calibrate {
    /// The major version of the server, 13 to 18. Default: that of --like, else the newest.
    #[arg(long, value_name = "N", value_parser = major)]
    pub pg: Option<u16>,
    /// The folder with the server's programs. Default: an installed server, else one that is downloaded.
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// A snapshot of the server to be like: its memory, its WAL and its parallel workers.
    #[arg(long, value_name = "SNAPSHOT")]
    pub like: Option<PathBuf>,
    /// How long it may take: the more, the larger the tables and the better what follows for larger ones. Three sizes are always measured.
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = super::snapshot::time)]
    pub budget: Duration,
    /// The file to write. Default: standard output, as for -.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Whose CI job to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Ci {
    /// As the repository's files or its remote say.
    Auto,
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// None.
    None,
}

fn major(text: &str) -> Result<u16, String> {
    let major = text.parse().map_err(|_| "not a major version, such as 17".to_owned())?;
    config::valid_major(major)
}

/// A reason that fits in a comment of one line.
fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say why".to_owned()),
        reason if reason.contains(['\n', '\r']) => Err("one line, please".to_owned()),
        reason => Ok(reason.to_owned()),
    }
}

#[cfg(unix)]
fn value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn linter(name: &str) -> Result<&'static Foreign, String> {
    Foreign::by_name(name)
}

fn framework(name: &str) -> Result<&'static Framework, String> {
    migration::framework::by_name(name)
}
