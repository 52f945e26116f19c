//! Frameworks that run SQL files: how to know one, which of its files run and in which order, and how it sends them.
//!
//! One file a framework, each fact with its source. What a framework's own marks inside a file say is in `migration::up`.

mod atlas;
mod diesel;
mod drizzle;
mod flyway;
mod golang_migrate;
mod graphile_migrate;
mod hasura;
pub(super) mod liquibase;
mod marked;
mod node_pg_migrate;
mod pop;
mod prisma;
mod refinery;
mod sqitch;
mod sqlx;
mod supabase;
mod tern;

use std::{
    cmp::Ordering,
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{
    down,
    order::{lexical, natural},
};
use crate::{effect::Runner, error::Error};

/// A framework.
pub struct Framework {
    /// Its name in reports and in the configuration.
    pub name: &'static str,
    /// What shows that it is used, surest first.
    pub(super) signs: &'static [Sign],
    /// What a file is to it, by its path below the folder of its migrations.
    pub(super) role: fn(&Path) -> Role,
    /// Whether it runs a migration again once its text has changed.
    pub(super) runs_again: fn(&Path) -> bool,
    /// The order in which its migrations run.
    pub(super) order: Order,
    /// How it sends a file that says nothing of it. The folder is that in which its sign is.
    pub(super) runner: fn(&Path) -> Option<Runner>,
    /// How it sends this file, when the file or one beside it says so.
    pub(super) says: fn(&Path, &[u8]) -> Option<Runner>,
    /// The file that would take a migration back, which need not be there.
    pub(super) down: fn(&Path) -> Option<PathBuf>,
}

/// What shows that a framework is used. Its files' names must fit as well.
pub(super) enum Sign {
    /// A file in the migrations' folder, or above it.
    File(&'static str),
    /// A file above the migrations' folder that holds the text.
    Text(&'static str, &'static str),
    /// A folder that holds the migrations, itself or further up.
    Folder(&'static str),
    /// Nothing but the files' names, of a kind that no other framework gives.
    Names(fn(&Path) -> bool),
}

/// An order of files.
pub(super) enum Order {
    /// By what their paths say.
    By(fn(&Path, &Path) -> Ordering),
    /// As a list says that stands beside them or above: their paths without `.sql`, or the ends of those. What it does not have never
    /// runs. Without a list the order is the natural one. The folder is that of the migrations.
    Listed(fn(&Path) -> Result<Option<Vec<String>>, Error>),
}

impl Order {
    /// Puts files in their order.
    pub(super) fn sort(&self, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
        match self {
            Self::By(compare) => files.sort_by(|a, b| compare(a, b)),
            Self::Listed(list) => match list(folder)? {
                None => files.sort_by(|a, b| natural(a, b)),
                Some(list) => {
                    let place = |file: &Path| {
                        let path = file.with_extension("");
                        let is_it = |it: &String| path.ends_with(it) || path.to_str() == Some(it);
                        list.iter().position(is_it)
                    };
                    files.retain(|it| place(it).is_some());
                    files.sort_by_key(|it| place(it));
                }
            },
        }
        Ok(())
    }
}

/// What a file is to a framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It runs going up.
    Up,
    /// It takes a migration back.
    Down,
    /// It is none of the framework's migrations.
    Other,
}

impl fmt::Debug for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What most frameworks share: the natural order, one transaction a file, nothing said inside.
const BASE: Framework = Framework {
    name: "plain",
    signs: &[],
    role: |_| Role::Up,
    runs_again: |_| false,
    order: Order::By(natural),
    runner: |_| Some(Runner::File),
    says: |_, _| None,
    down: down::by_name,
};

/// No framework that is known: any file runs, and shows by itself whether it can be one transaction.
pub static PLAIN: Framework = Framework { runner: |_| None, ..BASE };

/// Those that are known. Where several fit, the earlier one is meant.
pub static ALL: &[&Framework] = &[
    &flyway::FLYWAY,
    &liquibase::LIQUIBASE,
    &atlas::ATLAS,
    &sqitch::SQITCH,
    &drizzle::DRIZZLE,
    &prisma::PRISMA,
    &graphile_migrate::GRAPHILE_MIGRATE,
    &diesel::DIESEL,
    &hasura::HASURA,
    &tern::TERN,
    &supabase::SUPABASE,
    &refinery::REFINERY,
    &sqlx::SQLX,
    &node_pg_migrate::NODE_PG_MIGRATE,
    &pop::POP,
    &golang_migrate::GOLANG_MIGRATE,
    &marked::GOOSE,
    &marked::DBMATE,
    &marked::SQL_MIGRATE,
    &marked::PLAY,
];

/// The framework of this name; else what the names are.
pub fn by_name(name: &str) -> Result<&'static Framework, String> {
    let all = || ALL.iter().copied().chain([&PLAIN]);
    all().find(|it| it.name == name).ok_or_else(|| {
        let names: Vec<&str> = all().map(|it| it.name).collect();
        format!("`{name}` is no framework that is known; choose from {}", names.join(", "))
    })
}

/// Whether the file takes a migration back whatever the framework: `7.down.sql`, or `down.sql` beside an `up.sql`.
pub(super) fn is_down(path: &Path) -> bool {
    let words = stem(path).rsplit('.').next();
    words.is_some_and(|it| it.eq_ignore_ascii_case("down"))
}

/// The file's name without `.sql`; empty if it is no text.
fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|it| it.to_str()).unwrap_or_default()
}

/// The name of the folder that the file is in.
fn folder_name(path: &Path) -> &str {
    path.parent().and_then(Path::file_name).and_then(|it| it.to_str()).unwrap_or_default()
}

/// What follows the digits at the start of a name; `None` if there are none.
pub(in crate::migration) fn after_digits(name: &str) -> Option<&str> {
    let rest = name.trim_start_matches(|it: char| it.is_ascii_digit());
    (rest.len() < name.len()).then_some(rest)
}

/// `20260101_name`, or the digits alone.
fn is_numbered(name: &str) -> bool {
    after_digits(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// `number_name.sql` runs, whatever else there is does not.
fn numbered(path: &Path) -> Role {
    if is_numbered(stem(path)) { Role::Up } else { Role::Other }
}

/// `number_name.up.sql` and `number_name.down.sql`.
fn numbered_up_and_down(path: &Path) -> Role {
    let stem = stem(path);
    match (stem.strip_suffix(".up"), stem.strip_suffix(".down")) {
        (Some(up), _) if is_numbered(up) => Role::Up,
        (_, Some(down)) if is_numbered(down) => Role::Down,
        _ => Role::Other,
    }
}

/// `number_name/up.sql` and `number_name/down.sql`.
fn up_and_down_in_folders(path: &Path) -> Role {
    let is_version = folder_name(path).starts_with(|it: char| it.is_ascii_digit());
    match stem(path) {
        "up" if is_version => Role::Up,
        "down" if is_version => Role::Down,
        _ => Role::Other,
    }
}

/// Whether one of the comments that a file begins with is `mark`, in any case.
fn head_says(text: &[u8], mark: &str) -> bool {
    let lines = text.split(|it| *it == b'\n').map(<[u8]>::trim_ascii);
    let mut head = lines.take_while(|it| it.is_empty() || it.starts_with(b"--"));
    head.any(|it| it.eq_ignore_ascii_case(mark.as_bytes()))
}

/// `7` and `4` of `"prisma": "^7.4.1"`, in the nearest `package.json` that names the package.
fn depended_version(folder: &Path, package: &str) -> Option<(u32, u32)> {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let mut texts = absolute.ancestors().take(4).map(|it| text_of(&it.join("package.json")));
    texts.find_map(|it| version_in(&it, package))
}

fn version_in(text: &str, package: &str) -> Option<(u32, u32)> {
    let (_, after) = text.split_once(&format!("\"{package}\""))?;
    let (_, quoted) = after.split_once('"')?;
    let (version, _) = quoted.split_once('"')?;
    let mut numbers = version.trim_start_matches(['^', '~', '=', 'v', '>', ' ']).split('.');
    let major = numbers.next()?.parse().ok()?;
    Some((major, numbers.next().and_then(|it| it.parse().ok()).unwrap_or(0)))
}

/// The text of a file; empty when it is not there.
fn text_of(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Whether `text` has the word with one of these values: `key = value`, `key=value` or `"key": value`.
fn sets(text: &str, key: &str, value: &str) -> bool {
    text.lines().any(|line| {
        let line: String = line.chars().filter(|it| !it.is_whitespace() && *it != '"').collect();
        let set = line.split_once(['=', ':']);
        set.is_some_and(|it| {
            it.0.eq_ignore_ascii_case(key) && it.1.trim_end_matches(',').eq_ignore_ascii_case(value)
        })
    })
}
