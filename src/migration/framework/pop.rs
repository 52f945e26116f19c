//! Pop, and the popx of Ory: `20260101000000_name.postgres.up.sql` beside the files of other databases, each in one transaction.
//!
//! Of a version's files the one for PostgreSQL runs, else the one that names no database. Sources: pop's README, Migrations; popx,
//! `match.go` and `sortAndFilter`: what `.autocommit` names runs outside a transaction, and versions sort as text.

use std::{collections::BTreeMap, fs, path::Path};

use super::{BASE, Framework, Order, Role, Sign, is_numbered, stem};
use crate::{effect::Runner, error::Error};

pub(super) static POP: Framework = Framework {
    name: "pop",
    signs: &[Sign::Text("go.mod", "gobuffalo/pop"), Sign::Text("go.mod", "ory/pop")],
    role,
    order: Order::Listed(runs),
    says: |path, _| words(path).and_then(|it| it.autocommit.then_some(Runner::Query)),
    ..BASE
};

/// What a file's name says.
struct Words<'p> {
    version: &'p str,
    database: Option<&'p str>,
    autocommit: bool,
    is_up: bool,
}

fn words(path: &Path) -> Option<Words<'_>> {
    let mut words = stem(path).split('.');
    let name = words.next().filter(|it| is_numbered(it))?;
    let mut rest: Vec<&str> = words.collect();
    let is_up = match rest.pop()? {
        "up" => true,
        "down" => false,
        _ => return None,
    };
    let autocommit = rest.last() == Some(&"autocommit");
    if autocommit {
        rest.pop();
    }
    let database = rest.pop();
    let version = name.split('_').next().unwrap_or(name);
    rest.is_empty().then_some(Words { version, database, autocommit, is_up })
}

fn role(path: &Path) -> Role {
    match words(path) {
        Some(Words { is_up: true, .. }) => Role::Up,
        Some(_) => Role::Down,
        None => Role::Other,
    }
}

/// The files of the folder that PostgreSQL gets, by version.
fn runs(folder: &Path) -> Result<Option<Vec<String>>, Error> {
    let read = |source| Error::Read { path: folder.to_owned(), source };
    let mut versions: BTreeMap<String, (bool, String)> = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let Some(Words { version, database, is_up: true, .. }) = words(&path) else { continue };
        let is_own = match database {
            Some("postgres" | "postgresql" | "pg" | "pgx") => true,
            Some(_) => continue,
            None => false,
        };
        let runs = (is_own, stem(&path).to_owned());
        let best = versions.entry(version.to_owned()).or_insert_with(|| runs.clone());
        if is_own && !best.0 {
            *best = runs;
        }
    }
    Ok(Some(versions.into_values().map(|it| it.1).collect()))
}
