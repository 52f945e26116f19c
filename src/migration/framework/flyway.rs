//! Flyway: `V1.2__name.sql`, then `R__name.sql`; `U` takes back, `B` is a baseline.
//!
//! Source: Redgate's documentation, Migrations, Migration Transaction Handling and Script Configuration Files; `PostgreSQLParser.java` for
//! the statements on which a file is run without a transaction.
//! Observed with Flyway 11.20.3 on PostgreSQL 15: with its default lock, `postgresql.transactional.lock`, CONCURRENTLY waits for Flyway itself
//! without an end, and a file that mixes such statements with others is refused unless `mixed` is set.

use std::{cmp::Ordering, path::Path};

use super::{super::down::beside, Framework, Order, Role, Sign, natural, sets, stem, text_of};
use crate::{effect::Runner, sql::split::split};

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
    runner: |folder| Some(if is_set(folder, "group") { Runner::Batch } else { Runner::File }),
    says,
    // What repeats is never taken back.
    down: |path| {
        let wanted = version(path).filter(|_| stem(path).starts_with('V'))?;
        beside(path, |it| {
            Some(it.starts_with('U') && version(Path::new(&format!("{it}.sql"))).as_ref() == Some(&wanted))
        })
    },
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

/// Whether a configuration in the folder turns something on.
fn is_set(folder: &Path, key: &str) -> bool {
    let files = ["flyway.toml", "flyway.conf", "conf/flyway.conf"];
    let mut texts = files.iter().map(|it| text_of(&folder.join(it)));
    texts.any(|it| sets(&it, key, "true") || sets(&it, &format!("flyway.{key}"), "true"))
}

fn says(path: &Path, text: &[u8]) -> Option<Runner> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".conf");
    let conf = text_of(Path::new(&beside));
    match () {
        () if sets(&conf, "executeInTransaction", "false") => Some(Runner::Own),
        () if sets(&conf, "executeInTransaction", "true") => Some(Runner::File),
        () => is_sent_alone(path, &String::from_utf8_lossy(text)).then_some(Runner::Own),
    }
}

/// Whether the file is sent without a transaction, because of what is in it. One that holds other statements too is refused as soon as
/// Flyway comes to it, unless it is told that files may be mixed: as if the statement were in the transaction of the others.
fn is_sent_alone(path: &Path, text: &str) -> bool {
    let split = split(text);
    let mut bytes = text.as_bytes().to_owned();
    for comment in &split.comments {
        if let Some(comment) = bytes.get_mut(comment.span.start..comment.span.end) {
            comment.fill(b' ');
        }
    }
    let statements = split.pieces.iter().filter_map(|it| bytes.get(it.span.start..it.span.end));
    let alone: Vec<bool> = statements.map(|it| runs_alone(&String::from_utf8_lossy(it))).collect();
    alone.contains(&true) && (!alone.contains(&false) || may_be_mixed(path))
}

/// Whether a configuration above the file says `mixed`.
fn may_be_mixed(path: &Path) -> bool {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.ancestors().take(MAX_LEVELS).any(|it| is_set(it, "mixed"))
}

/// How far above a file its configuration is looked for.
const MAX_LEVELS: usize = 6;

/// The statements that Flyway knows cannot be in a transaction. It knows neither REINDEX … CONCURRENTLY nor CLUSTER.
fn runs_alone(statement: &str) -> bool {
    let words = statement.split_whitespace().take(4).map(str::to_ascii_uppercase);
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
