//! The schema of a database as text: two databases with the same text have the same schema.
//!
//! Each object is a block of lines under its kind and name. Nothing in it differs between two servers that made the same objects: no
//! object numbers, no file names, no times. What belongs to an extension is the extension's; roles and the rows of tables are no schema.
//! PostgreSQL's own words are used where it has some (`pg_get_…def`), with all names qualified.

mod code;
mod constraint;
mod difference;
mod foreign;
mod index;
mod operator;
mod part;
mod place;
mod relation;
mod replication;
mod rights;
mod search;
mod sequence;
mod types;

use std::collections::BTreeMap;

pub use difference::{Change, Changed, Difference, difference};

use super::{Session, session::Refusal};
use crate::error::Error;

/// Queries of which each row is an object: its kind, its name, and its lines. The argument is the server's major version.
type Part = fn(u16) -> String;

const PARTS: &[&[Part]] = &[
    place::PARTS,
    types::PARTS,
    sequence::PARTS,
    relation::PARTS,
    constraint::PARTS,
    index::PARTS,
    code::PARTS,
    rights::PARTS,
    replication::PARTS,
    foreign::PARTS,
    operator::PARTS,
    search::PARTS,
];

/// The schema of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The lines of each object, by its kind and name.
    objects: BTreeMap<(String, String), Vec<String>>,
}

/// Reads the schema of the database that the session is connected to. The session must be nobody else's: its `search_path` is set.
pub fn describe(session: &Session) -> Result<Description, Error> {
    // Then every name is written with its schema.
    session.batch("SET search_path = pg_catalog")?;
    let version = session.rows("SHOW server_version_num")?;
    let version: u32 = version.first().and_then(|it| it.number(0)).unwrap_or_default();
    let major = u16::try_from(version / 10_000).unwrap_or_default();
    let mut objects = BTreeMap::new();
    for part in PARTS.iter().copied().flatten() {
        let rows = match session.rows(&part(major)) {
            Ok(rows) => rows,
            // What a role may not see, such as where a subscription leads to, it cannot have changed.
            Err(error) if Refusal::of(&error).is_some_and(|it| it.sqlstate == "42501") => continue,
            Err(error) => return Err(error),
        };
        for row in rows {
            let lines = row.text(2).lines().map(str::to_owned).collect();
            objects.insert((row.text(0).to_owned(), row.text(1).to_owned()), lines);
        }
    }
    Ok(Description { objects })
}

impl Description {
    /// The whole text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for ((kind, name), lines) in &self.objects {
            text.extend([kind, " ", name, "\n"]);
            for line in lines {
                text.extend(["  ", line, "\n"]);
            }
        }
        text
    }
}
