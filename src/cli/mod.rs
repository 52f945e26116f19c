//! Arguments in, reports and an exit code out. Streams are given, so that tests need no process.
//!
//! # Exit codes
//!
//! | code | meaning |
//! |---|---|
//! | 0 | nothing at or above `--fail-on` (default: `error`) |
//! | 1 | at least one such finding; of `doctor`, a problem; of `dry-run`, also a statement that the server refused |
//! | 2 | the job could not be done: usage, configuration, an unreadable file, a report that could not be written |

mod args;
#[cfg(unix)]
mod back;
mod baseline;
#[cfg(unix)]
mod calibrate;
mod command;
mod configured;
mod doctor;
#[cfg(unix)]
mod dry_run;
#[cfg(unix)]
mod exec;
mod fix;
mod init;
mod inputs;
mod known;
#[cfg(unix)]
mod lent;
mod lint;
mod lsp;
mod once;
mod one_file;
mod output;
mod place;
mod prepared;
mod preset;
#[cfg(unix)]
mod progress;
mod show;
mod sift;
mod since;
mod snapshot;
mod today;
mod traffic;

use std::{
    error::Error as _,
    ffi::OsString,
    io::{self, Read, Write},
    iter,
};

use clap::Parser;

use crate::error::Error;
use args::{Args, Color, Command};

/// Nothing at or above the fail level.
const CLEAN: u8 = 0;
/// At least one finding at or above the fail level.
const FINDINGS: u8 = 1;
/// The job could not be done.
const FAILED: u8 = 2;

/// What a run can see of the world beside files.
pub struct World<'w> {
    /// The command line, with the program's name.
    pub args: Vec<OsString>,
    /// What `-` reads.
    pub stdin: Box<dyn Read + Send + 'w>,
    /// Where reports go.
    pub stdout: Box<dyn Write + 'w>,
    /// Where errors and warnings go.
    pub stderr: Box<dyn Write + 'w>,
    /// Whether stderr is a terminal, where somebody waits for what a long run comes to.
    pub is_watched: bool,
    /// Whether stdout shows colours, when the command line leaves it open.
    pub styled: bool,
    /// The variables of the environment that may matter.
    pub environment: Vec<(OsString, OsString)>,
}

impl World<'_> {
    /// All variables of the environment that are text.
    #[cfg(unix)]
    fn variables(&self) -> Vec<(String, String)> {
        let text = |it: &OsString| it.to_str().filter(|it| !it.is_empty()).map(str::to_owned);
        self.environment.iter().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
    }

    /// The value of a variable of the environment; `None` if it is not set, empty, or no text.
    fn variable(&self, name: &str) -> Option<&str> {
        let found = self.environment.iter().find(|it| it.0 == name);
        found.and_then(|it| it.1.to_str()).filter(|it| !it.is_empty())
    }
}

/// Runs one command and returns its exit code.
pub fn run(mut world: World<'_>) -> u8 {
    let args = match Args::try_parse_from(&world.args) {
        Ok(args) => args,
        Err(asked) => return answer(&mut world, &asked),
    };
    world.styled = match args.color {
        Color::Auto => world.styled,
        Color::Always => true,
        Color::Never => false,
    };
    match execute(args, &mut world) {
        Ok(code) => code,
        // Who closed the pipe has seen enough.
        Err(Error::Report(error)) if error.kind() == io::ErrorKind::BrokenPipe => CLEAN,
        Err(error) => {
            // Nobody can be told that stderr is closed.
            let _ = write!(world.stderr, "{}", explained(&error));
            error.exit_code()
        }
    }
}

fn execute(args: Args, world: &mut World<'_>) -> Result<u8, Error> {
    let config = args.config.as_deref();
    match args.command {
        Command::Lint(args) => lint::run(&args, config, world),
        #[cfg(unix)]
        Command::DryRun(args) => dry_run::run(&args, config, world),
        Command::Baseline(args) => baseline::run(&args, config, world),
        Command::Fix(args) => fix::run(&args, config, world),
        Command::Init(args) => init::run(&args, config, world),
        Command::Doctor(args) => doctor::run(&args, config, world),
        Command::Lsp => lsp::run(config, world),
        Command::Snapshot(args) => snapshot::run(&args, world),
        #[cfg(unix)]
        Command::Calibrate(args) => calibrate::run(&args, world),
        Command::Explain { id } => show::explain(&id, config, world),
        Command::Rules { json } => show::rules(json, config, world),
        Command::Config => show::text(crate::config::DEFAULT, world),
        Command::Schema { of: args::SchemaOf::Lint } => show::text(crate::report::SCHEMA, world),
        #[cfg(unix)]
        Command::Schema { of: args::SchemaOf::DryRun } => {
            show::text(&crate::report::dry_run::schema()?, world)
        }
        Command::Schema { of: args::SchemaOf::Doctor } => show::text(doctor::SCHEMA, world),
        Command::Schema { of: args::SchemaOf::Snapshot } => {
            show::text(crate::traffic::snapshot::JSON_SCHEMA, world)
        }
        Command::Schema { of: args::SchemaOf::Calibration } => {
            show::text(crate::traffic::calibration::JSON_SCHEMA, world)
        }
        Command::Completions { shell } => show::completions(shell, world),
    }
}

/// What clap has to say: help and the version are what was asked for, the rest is a mistake.
fn answer(world: &mut World<'_>, asked: &clap::Error) -> u8 {
    let text = asked.render();
    let (stream, code) =
        if asked.use_stderr() { (&mut world.stderr, FAILED) } else { (&mut world.stdout, CLEAN) };
    let _ = if world.styled { write!(stream, "{}", text.ansi()) } else { write!(stream, "{text}") };
    code
}

/// The error and everything that caused it, a line each.
fn explained(error: &Error) -> String {
    let causes = iter::successors(error.source(), |&it| it.source());
    let causes = causes.map(|it| format!("  because: {it}\n"));
    iter::once(format!("error: {error}\n")).chain(causes).collect()
}
