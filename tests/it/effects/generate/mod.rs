//! Random schemas and random ALTER TABLE statements: what is predicted must be what every server does.
//!
//! The same statements each time, unless asked for others: `LOCKKEEPER_SEED=7` makes others, `LOCKKEEPER_SCHEMAS=100` more of them.

mod alter;
mod dice;
mod schema;

use std::{env, fmt::Write};

use super::{Case, collapsed, observe, predicted};
use crate::support::{majors, on_each, shown};
use dice::Dice;
use schema::Schema;

const N_STATEMENTS: u64 = 12;

#[test]
fn random_statements_do_what_is_predicted() {
    let seed = number("LOCKKEEPER_SEED", 1);
    let cases: Vec<Case> = (0..number("LOCKKEEPER_SCHEMAS", 6)).flat_map(|n| cases(seed << 32 | n)).collect();
    let results =
        on_each(&majors(), |server| (observe::locks_dependencies(server), observe::all(server, &cases)));
    let (mut n_compared, mut n_refused, mut differences) = (0, 0, String::new());
    for (n, case) in cases.iter().enumerate() {
        let mut pairs = Vec::new();
        for (major, (more, done)) in &results {
            let Some(observed) = &done[n] else { continue };
            assert!(!observed.contains("the setup fails"), "{}: {observed}", case.place);
            let predicted = predicted::predicted(case, *major);
            // Some statements fail for their rows, which nobody can predict; a predicted failure must happen.
            let is_refused = observed.starts_with("      fails: ");
            n_refused += usize::from(is_refused);
            n_compared += 1;
            if !predicted.agrees_with(observed, *more) && !is_refused {
                let predicted = &predicted.text;
                pairs.push((*major, format!("    observed:\n{observed}    predicted:\n{predicted}")));
            }
        }
        for (n, (text, majors)) in collapsed(pairs.into_iter()).into_iter().enumerate() {
            if n == 0 {
                write!(
                    differences,
                    "\n{}\n  {}\n  {}\n",
                    case.place,
                    case.setup.join("\n  "),
                    case.statement
                )
                .unwrap();
            }
            write!(differences, "  on {}:\n{text}", shown(&majors)).unwrap();
        }
    }
    println!(
        "{} random statements, {n_compared} runs on PostgreSQL {} compared, {n_refused} of them refused",
        cases.len(),
        shown(&majors())
    );
    assert!(differences.is_empty(), "{differences}");
    assert!(n_refused * 3 < n_compared.max(1), "too many of the statements fail");
}

/// A schema's cases.
fn cases(seed: u64) -> Vec<Case> {
    let mut dice = Dice::new(seed);
    let schema = Schema::new(&mut dice);
    let case = |n| Case {
        place: format!("LOCKKEEPER_SEED={}: schema {}, statement {n}", seed >> 32, seed & 0xffff_ffff),
        title: String::new(),
        setup: schema.setup.clone(),
        before: Vec::new(),
        statement: alter::statement(&mut dice, &schema),
        alone: false,
        majors: 13..=18,
        fails: None,
        unforeseen: false,
    };
    (0..N_STATEMENTS).map(case).collect()
}

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).ok().and_then(|it| it.parse().ok()).unwrap_or(otherwise)
}
