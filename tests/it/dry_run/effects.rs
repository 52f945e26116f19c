//! Every case of `fixtures/effects`, run as a migration: what is seen of it is what is predicted.
//!
//! A case takes long: each runs on one version, in turns, and on all with `LOCKKEEPER_EVERY=1`, or if `LOCKKEEPER_PROVE` names a file.

use std::{env, fmt::Write, path::PathBuf};

use lockkeeper::{
    dry_run::Fate,
    effect::Runner,
    lint::{Input, InputRole},
    pg::Sandbox,
};

use super::{DATABASE, dry_run, input};
use crate::{
    effects::case::{self, Case},
    support::{majors, on_each},
};

/// What is wrong with one case; `None` if nothing is.
fn mistake(server: &Sandbox, case: &Case) -> Option<String> {
    clean(server);
    let session = server.connect("postgres").unwrap();
    let roles = "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname NOT IN ('postgres', 'app')";
    for role in session.rows(roles).unwrap() {
        session.batch(&format!("DROP ROLE {}", role.text(0))).unwrap();
    }
    let setup: String = case.setup.join("\n");
    let before = case.before.iter().map(|it| it.trim_end_matches(';'));
    let text: Vec<&str> = before.chain([case.statement.as_str()]).collect();
    let judged = Input {
        runner: Some(if case.alone { Runner::Own } else { Runner::File }),
        ..input("case.sql", &text.join(";\n"), InputRole::Linted)
    };
    let ran = match dry_run(server, &[input("setup.sql", &setup, InputRole::Schema), judged]) {
        Ok(ran) => ran,
        Err(error) => return Some(error.to_string()),
    };
    let last = ran.statements().last()?;
    match (&last.fate, &case.fails) {
        (Fate::Refused { refusal, .. }, Some(sqlstate)) if refusal.sqlstate == *sqlstate => None,
        (Fate::Refused { refusal, .. }, _) => Some(refusal.to_string()),
        (_, Some(sqlstate)) => Some(format!("does not fail with {sqlstate}")),
        (Fate::Observed { compared, .. }, None) if compared.agrees() => None,
        (Fate::Observed { compared, .. }, None) => Some(compared.in_words().join("; ")),
        (Fate::Ran(_), None) => None,
        (Fate::NotRun, None) => Some("did not run".to_owned()),
    }
}

/// Drops what the last case left.
fn clean(server: &Sandbox) {
    if server.drop_database(DATABASE).is_err() {
        let session = server.connect(DATABASE).unwrap();
        for row in session.rows("SELECT quote_ident(subname) FROM pg_subscription").unwrap() {
            let name = row.text(0);
            session.batch(&format!("ALTER SUBSCRIPTION {name} DISABLE")).unwrap();
            session.batch(&format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")).unwrap();
            session.batch(&format!("DROP SUBSCRIPTION {name}")).unwrap();
        }
        drop(session);
        server.drop_database(DATABASE).unwrap();
    }
}

#[test]
fn every_case_of_the_fixtures_does_in_a_dry_run_what_is_predicted() {
    let path = env::var_os("LOCKKEEPER_PROVE").unwrap_or_else(|| "fixtures/effects".into());
    let cases = case::read(&PathBuf::from(path));
    let runs_all = ["LOCKKEEPER_EVERY", "LOCKKEEPER_PROVE"].iter().any(|it| env::var_os(it).is_some());
    let mistakes = on_each(&majors(), |server| {
        let is_its_turn = |(n, it): &(usize, &Case)| {
            let mut of_case = it.majors.clone();
            let turn = of_case.nth(n % it.majors.len().max(1));
            if runs_all { it.majors.contains(&server.major()) } else { turn == Some(server.major()) }
        };
        let mut text = String::new();
        for (_, case) in cases.iter().enumerate().filter(is_its_turn) {
            if let Some(mistake) = mistake(server, case) {
                let (place, title, statement) = (&case.place, &case.title, &case.statement);
                eprintln!("{}: {place}: {mistake}", server.major());
                writeln!(text, "{place}: {title}\n    {statement}\n    {mistake}").unwrap();
            }
        }
        text
    });
    let mistakes: Vec<String> = mistakes
        .into_iter()
        .filter(|it| !it.1.is_empty())
        .map(|(major, text)| format!("on {major}:\n{text}"))
        .collect();
    assert!(mistakes.is_empty(), "{}", mistakes.concat());
}
