//! Flyway: `V1.2__name.sql`, then `R__name.sql`; `U` takes back, `B` is a baseline.
//!
//! Source: Redgate's documentation, Migrations, Migration Transaction Handling and Script Configuration Files; `PostgreSQLParser.java` for
//! the statements on which a file is run without a transaction.
//! Observed with Flyway 11.20.3 on PostgreSQL 15: with its default lock, `postgresql.transactional.lock`, CONCURRENTLY waits for Flyway itself
//! without an end, and a file that mixes such statements with others is refused unless `mixed` is set.

use std::{cmp::Ordering, path::Path};

use super::{Framework, Order, Role, Sign, natural, sets, stem, text_of};
use crate::effect::Runner;

pub(super) static FLYWAY: Framework = Framework {
    name: "flyway",
    signs: &[
        Sign::File("flyway.toml"),
        Sign::File("flyway.conf"),
        Sign::File("conf/flyway.conf"),
        Sign::Text("pom.xml", "flyway"),
        Sign::Text("build.gradle", "flyway"),
        Sign::Text("build.gradle.kts", "flyway"),
        Sign::Names(|it| role(it) != Role::Other),
    ],
    role,
    runs_again: |path| stem(path).starts_with("R__"),
    order: Order::By(by_version),
    runner: |folder| Some(if is_grouped(folder) { Runner::Batch } else { Runner::File }),
    says,
};

fn role(path: &Path) -> Role {
    let stem = stem(path);
    let Some((prefix, _)) = stem.split_once("__") else { return Role::Other };
    let is_version = |it: &str| !it.is_empty() && it.starts_with(|it: char| it.is_ascii_digit());
    match (prefix.get(..1), prefix.get(1..)) {
        (Some("R"), Some("")) => Role::Up,
        (Some("V" | "B"), Some(version)) if is_version(version) => Role::Up,
        (Some("U"), Some(version)) if is_version(version) => Role::Down,
        _ => Role::Other,
    }
}

/// By version, whatever folder a file is in; those that repeat come last.
fn by_version(a: &Path, b: &Path) -> Ordering {
    let by_version = match (version(a), version(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => stem(a).cmp(stem(b)),
    };
    by_version.then_with(|| natural(a, b))
}

/// The numbers of a version; a zero at the end says nothing.
fn version(path: &Path) -> Option<Vec<u128>> {
    let (prefix, _) = stem(path).split_once("__")?;
    let numbers = prefix.strip_prefix(['V', 'B', 'U'])?;
    let mut numbers: Vec<u128> = numbers.split(['.', '_']).filter_map(|it| it.parse().ok()).collect();
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

fn is_grouped(folder: &Path) -> bool {
    let files = ["flyway.toml", "flyway.conf", "conf/flyway.conf"];
    files
        .iter()
        .map(|it| text_of(&folder.join(it)))
        .any(|it| sets(&it, "group", "true") || sets(&it, "flyway.group", "true"))
}

fn says(path: &Path, text: &[u8]) -> Option<Runner> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".conf");
    let conf = text_of(Path::new(&beside));
    match () {
        () if sets(&conf, "executeInTransaction", "false") => Some(Runner::Own),
        () if sets(&conf, "executeInTransaction", "true") => Some(Runner::File),
        () => String::from_utf8_lossy(text).split(';').any(runs_alone).then_some(Runner::Own),
    }
}

/// The statements that Flyway knows cannot be in a transaction. It does not know REINDEX … CONCURRENTLY.
fn runs_alone(statement: &str) -> bool {
    let lines = statement.lines().filter(|it| !it.trim_start().starts_with("--"));
    let words = lines.flat_map(str::split_whitespace).take(4).map(str::to_ascii_uppercase);
    let words: Vec<String> = words.collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["CREATE" | "DROP", "INDEX", "CONCURRENTLY", ..]
            | ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"]
            | ["REINDEX", "SCHEMA" | "DATABASE" | "SYSTEM", ..]
            | ["VACUUM", ..]
            | ["ALTER", "SYSTEM", ..]
            | ["DISCARD", "ALL", ..]
            | ["CREATE" | "DROP", "DATABASE" | "TABLESPACE" | "SUBSCRIPTION", ..]
    )
}
