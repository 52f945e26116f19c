//! Prisma: `20260101000000_name/migration.sql`, forward only.
//!
//! Source: Prisma's documentation, About migration histories; its schema connector, `list_migrations`, which sorts folders by name; its
//! schema engine: up to 7.3 a script is one message (`raw_cmd`), since then it is split and each statement commits by itself.
//! Observed with the engines 6.19 to 8.1 in WebAssembly on PostgreSQL 15: through a driver adapter each statement commits by itself too.

use std::path::Path;

use super::{BASE, Framework, Order, Role, Sign, after_digits, depended_version, folder_name, lexical, stem};
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
    depended_version(folder, "prisma").is_some_and(|it| it >= SPLITS_SINCE)
}

fn is_migration(path: &Path) -> bool {
    stem(path) == "migration" && after_digits(folder_name(path)).is_some()
}
