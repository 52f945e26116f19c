//! Drizzle: files in the order of `meta/_journal.json`, all that are pending in one transaction.
//!
//! Source: `drizzle-orm`, `migrator.ts` and `pg-core/dialect.ts`: `migrate` wraps all migrations in one transaction.

use std::path::Path;

use serde::Deserialize;

use super::{BASE, Framework, Order, Role, Sign, folder_name, text_of};
use crate::{effect::Runner, error::Error};

const JOURNAL: &str = "meta/_journal.json";

pub(super) static DRIZZLE: Framework = Framework {
    name: "drizzle",
    signs: &[Sign::File(JOURNAL)],
    role: |path| if folder_name(path) == "meta" { Role::Other } else { Role::Up },
    order: Order::Listed(tags),
    runner: |_| Some(Runner::Batch),
    ..BASE
};

#[derive(Deserialize)]
struct Journal {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    tag: String,
}

/// The tags of the journal.
fn tags(folder: &Path) -> Result<Option<Vec<String>>, Error> {
    let path = folder.join(JOURNAL);
    let journal: Journal = serde_json::from_str(&text_of(&path))
        .map_err(|problem| Error::Usage(format!("cannot read Drizzle's {}: {problem}", path.display())))?;
    Ok(Some(journal.entries.into_iter().map(|it| it.tag).collect()))
}
