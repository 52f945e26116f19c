//! `lockkeeper doctor`: what lockkeeper sees here, where it has that from, and what makes `lint` unreliable.

mod files;
mod machine;
mod settings;

use std::path::Path;

use serde::Serialize;

use super::{CLEAN, FINDINGS, World, args::Doctor, configured, explained};
use crate::{config::MAJORS, error::Error};

/// The JSON Schema of what `doctor --json` writes.
pub(super) const SCHEMA: &str = include_str!("doctor.schema.json");

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    /// What is so, in one line.
    says: String,
    /// More of it, a line each.
    details: Vec<String>,
    /// What to do about it.
    next: Option<String>,
}

/// How good that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Ok,
    /// Worth a look.
    Note,
    /// `lint` cannot be relied on, or does not run.
    Problem,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Problem => "problem",
        }
    }
}

impl Check {
    fn ok(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, state: State::Ok, says: says.into(), details: Vec::new(), next: None }
    }

    fn note(name: &'static str, says: impl Into<String>, next: impl Into<String>) -> Self {
        Self { state: State::Note, next: Some(next.into()), ..Self::ok(name, says) }
    }

    fn problem(name: &'static str, says: impl Into<String>, next: impl Into<String>) -> Self {
        Self { state: State::Problem, next: Some(next.into()), ..Self::ok(name, says) }
    }

    /// What stops a run: its first line is said, the rest are details.
    fn failed(name: &'static str, error: &Error, next: impl Into<String>) -> Self {
        let text = explained(error);
        let mut lines = text.trim_start_matches("error: ").lines().map(str::to_owned);
        Self {
            details: lines.clone().skip(1).collect(),
            ..Self::problem(name, lines.next().unwrap_or_default(), next)
        }
    }

    fn with(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }
}

/// All of it, for programs.
#[derive(Serialize)]
struct Report<'c> {
    schema: &'static str,
    version: &'static str,
    ok: bool,
    checks: &'c [Check],
}

/// Runs `doctor`.
pub(super) fn run(args: &Doctor, config: Option<&Path>, world: &mut World<'_>) -> Result<u8, Error> {
    let checks = checks(args, config, world);
    let ok = checks.iter().all(|it| it.state != State::Problem);
    let text = if args.json {
        let report =
            Report { schema: "lockkeeper/doctor/1", version: env!("CARGO_PKG_VERSION"), ok, checks: &checks };
        serde_json::to_string(&report).map_err(|it| Error::Report(it.into()))? + "\n"
    } else {
        checks.iter().map(shown).collect()
    };
    world.stdout.write_all(text.as_bytes()).map_err(Error::Report)?;
    Ok(if ok { CLEAN } else { FINDINGS })
}

fn checks(args: &Doctor, path: Option<&Path>, world: &mut World<'_>) -> Vec<Check> {
    let (oldest, newest) = (MAJORS.start(), MAJORS.end());
    let version = env!("CARGO_PKG_VERSION");
    let mut checks = vec![Check::ok(
        "version",
        format!("lockkeeper {version}, which knows PostgreSQL {oldest} to {newest}"),
    )];
    match configured::configuration(path, &args.judged.paths) {
        Err(error) => {
            let next =
                "mend it: until then nothing else can be looked at; `lockkeeper config` prints every key";
            checks.push(Check::failed("configuration", &error, next));
        }
        Ok(config) => {
            checks.push(settings::configuration(&config, &args.judged));
            checks.push(settings::rules(&config));
            checks.extend(files::checks(args, path, &config, world));
        }
    }
    checks.push(machine::ci(world));
    #[cfg(unix)]
    checks.extend(machine::servers());
    checks
}

/// A check as people read it.
fn shown(check: &Check) -> String {
    let Check { name, state, says, details, next } = check;
    let mut text = format!("{:<8} {name}: {says}\n", state.name());
    for line in details {
        text.extend(["           ", line, "\n"]);
    }
    if let Some(next) = next {
        text.extend(["         next: ", next, "\n"]);
    }
    text
}

fn counted(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}
