//! Prisma: `20260101000000_name/migration.sql`, forward only.
//!
//! Source: Prisma's documentation, About migration histories; its schema connector, `list_migrations`, which sorts folders by name; its schema engine: up to 7.3 a script is one message
//! (`raw_cmd`), since then it is split and each statement commits by itself.

use std::path::Path;

use super::{BASE, Framework, Order, Role, Sign, after_digits, folder_name, lexical, stem, text_of};
use crate::effect::Runner;

pub(super) static PRISMA: Framework = Framework {
    name: "prisma",
    signs: &[Sign::File("migration_lock.toml"), Sign::Names(is_migration)],
    role: |path| if is_migration(path) { Role::Up } else { Role::Other },
    order: Order::By(lexical),
    runner: |folder| Some(if splits(folder) { Runner::Own } else { Runner::Query }),
    ..BASE
};

/// The first version that splits a script.
const SPLITS_SINCE: (u32, u32) = (7, 4);

/// Whether the version in the nearest `package.json` splits scripts.
fn splits(folder: &Path) -> bool {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let mut texts = absolute.ancestors().take(4).map(|it| text_of(&it.join("package.json")));
    texts.find_map(|it| version(&it)).is_some_and(|it| it >= SPLITS_SINCE)
}

/// `7` and `4` of `"prisma": "^7.4.1"`.
fn version(package: &str) -> Option<(u32, u32)> {
    let (_, after) = package.split_once("\"prisma\"")?;
    let (_, quoted) = after.split_once('"')?;
    let (version, _) = quoted.split_once('"')?;
    let mut numbers = version.trim_start_matches(['^', '~', '=', 'v', '>', ' ']).split('.');
    let major = numbers.next()?.parse().ok()?;
    Some((major, numbers.next().and_then(|it| it.parse().ok()).unwrap_or(0)))
}

fn is_migration(path: &Path) -> bool {
    stem(path) == "migration" && after_digits(folder_name(path)).is_some()
}
