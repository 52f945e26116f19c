//! Every prediction is what PostgreSQL does: each case of `fixtures/effects` is run on real servers of every major version.
//!
//! # Fixtures
//!
//! A file has blocks. `-- setup` begins what exists before the cases that follow, until the next `-- setup`: fill every table with some
//! rows. `-- case: title` begins a case. Its last statement is the judged one; those before it run in the same session and transaction.
//! Directly below the title may stand:
//!
//! - `-- alone`: it runs outside a transaction (`CONCURRENTLY`, `VACUUM`).
//! - `-- pg: 15-`, `-- pg: -14`, `-- pg: 14-17`: the major versions on which it runs.
//! - `-- fails: 55000`: the server must refuse it with this SQLSTATE.
//! - `-- unforeseen`: lockkeeper does not foresee the refusal, although neither rows nor names that it cannot know decide it.
//! - `-- before: SQL`: a statement before it, such as `SET TimeZone = 'UTC'`; may be repeated.
//!
//! Any other line that begins with `--` is a comment.
//!
//! Every server has a role `app`, a tablespace `elsewhere` and the time zone Europe/Berlin.
//!
//! # To see what PostgreSQL does
//!
//! `LOCKKEEPER_OBSERVE=file.sql cargo test --test it observe_prints -- --nocapture` prints what each case of a file in this format does,
//! `LOCKKEEPER_PG=13,18` on these versions only. `LOCKKEEPER_PROVE=file.sql cargo test --test it effects::every` compares a file's
//! cases, `LOCKKEEPER_PROVE=fixtures/effects` all; `LOCKKEEPER_REUSE=1` asks servers only what they were not asked before.

pub(crate) mod case;
mod generate;
mod memory;
mod observe;
mod predicted;

use std::{collections::BTreeMap, env, fmt::Write, path::PathBuf};

use lockkeeper::effect::{Lock, Work, WorkSet};

use crate::support::{majors, on_each, shown};
use case::Case;

#[test]
fn observe_prints() {
    let Some(path) = env::var_os("LOCKKEEPER_OBSERVE") else { return };
    let cases = case::read(&PathBuf::from(path));
    let results = on_each(&majors(), |server| observe::all(server, &cases));
    for (n, case) in cases.iter().enumerate() {
        println!("\n{}: {}\n    {}", case.place, case.title, case.statement.replace('\n', "\n    "));
        for (text, majors) in
            collapsed(results.iter().filter_map(|(major, done)| Some((*major, done[n].clone()?))))
        {
            print!("  {}:\n{text}", shown(&majors));
        }
    }
}

#[test]
fn every_prediction_is_what_every_server_does() {
    let path = env::var_os("LOCKKEEPER_PROVE").unwrap_or_else(|| "fixtures/effects".into());
    let cases = case::read(&PathBuf::from(path));
    let results =
        on_each(&majors(), |server| (observe::locks_dependencies(server), observe::all(server, &cases)));
    let mut differences = String::new();
    let mut n_compared = 0;
    for (n, case) in cases.iter().enumerate() {
        let mut pairs = Vec::new();
        for (major, (more, done)) in &results {
            let Some(observed) = &done[n] else { continue };
            let predicted = predicted::predicted(case, *major);
            n_compared += 1;
            if !predicted.agrees_with(observed, *more) {
                let predicted = &predicted.text;
                pairs.push((*major, format!("    observed:\n{observed}    predicted:\n{predicted}")));
            }
        }
        for (text, majors) in collapsed(pairs.into_iter()) {
            let statement = case.statement.replace('\n', "\n    ");
            write!(
                differences,
                "\n{}: {}\n    {statement}\n  on {}:\n{text}",
                case.place,
                case.title,
                shown(&majors)
            )
            .unwrap();
        }
    }
    println!("{} cases, {n_compared} runs on PostgreSQL {} compared", cases.len(), shown(&majors()));
    assert!(differences.is_empty(), "{differences}");
}

/// The distinct texts, each with the majors that gave it.
fn collapsed(texts: impl Iterator<Item = (u16, String)>) -> Vec<(String, Vec<u16>)> {
    let mut majors: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for (major, text) in texts {
        majors.entry(text).or_default().push(major);
    }
    let mut sorted: Vec<_> = majors.into_iter().collect();
    sorted.sort_by_key(|(_, majors)| majors[0]);
    sorted
}

/// What one case does, as both sides are compared: a line a relation, or the SQLSTATE of the refusal.
fn line(name: &str, lock: Option<Lock>, work: WorkSet) -> String {
    let lock = lock.map_or("no lock", Lock::name);
    let work = if work.is_empty() { String::new() } else { format!("  [{work}]") };
    format!("      {name}  {lock}{work}\n")
}

/// The work that the statement decides; in a query it is the planner who decides whether a table is read from end to end.
fn without_planned(work: WorkSet, is_query: bool) -> WorkSet {
    work.iter().filter(|it| !is_query || *it != Work::Scan).collect()
}

/// Whether a statement is a query, or one that changes rows.
fn is_query(case: &Case) -> bool {
    let word = case.statement.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    matches!(
        word.as_str(),
        "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "WITH" | "COPY" | "EXPLAIN" | "TABLE"
    )
}
