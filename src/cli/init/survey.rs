//! What is there before `init` writes anything: migrations, a schema, the server's version, who runs the checks.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{
    ci::{self, Provider},
    code::{self, Code},
    postgres::{self, Said},
    squawk::Squawk,
};
use crate::{
    error::Error,
    migration::{self, Projects},
    rule::Foreign,
};

/// What is there.
pub(super) struct Survey {
    /// The topmost folder of the repository; that of the project, if it is in none.
    pub(super) root: PathBuf,
    /// The migrations.
    pub(super) projects: Projects,
    /// Migrations that are code.
    pub(super) code: Vec<Code>,
    /// What was there before the migrations, or what they lead to.
    pub(super) schemas: Vec<Schema>,
    /// What is said of the server's version.
    pub(super) postgres: Vec<Said>,
    /// Who runs the checks, and what shows it.
    pub(super) provider: Option<(Provider, String)>,
    /// What was declared for squawk.
    pub(super) squawk: Option<Squawk>,
    /// The other linters that the migrations have comments for.
    pub(super) foreign: Vec<&'static Foreign>,
}

/// A dump of a schema.
pub(super) struct Schema {
    pub(super) path: PathBuf,
    /// Whether it has tables that the migrations make, and so is what they lead to.
    pub(super) is_result: bool,
}

impl Survey {
    /// Looks around in `folder`.
    pub(super) fn of(folder: &Path) -> Result<Self, Error> {
        let root = repository(folder);
        let projects = migration::projects(folder)?;
        let mut folders = vec![folder];
        if root != folder {
            folders.push(&root);
        }
        let texts: Vec<String> = projects
            .histories
            .iter()
            .flat_map(|it| &it.files)
            .map(|it| String::from_utf8_lossy(&fs::read(&it.path).unwrap_or_default()).into_owned())
            .collect();
        let is_bare = projects.histories.is_empty();
        let made: BTreeSet<String> = texts.iter().flat_map(|it| tables(it)).collect();
        Ok(Self {
            code: code::found(folder).into_iter().filter(|it| is_bare || !it.is_vague).collect(),
            schemas: projects.others.iter().filter_map(|it| schema(it, &made)).collect(),
            postgres: postgres::said(&folders),
            provider: ci::detected(&root),
            squawk: Squawk::of(&folders),
            foreign: Foreign::all()
                .iter()
                .copied()
                .filter(|it| texts.iter().any(|text| it.is_in(text)))
                .collect(),
            projects,
            root,
        })
    }
}

/// The topmost folder of the repository that `folder` is in; `folder` itself, if it is in none.
fn repository(folder: &Path) -> PathBuf {
    if folder.join(".git").exists() {
        return folder.to_owned();
    }
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let root = absolute.ancestors().find(|it| it.join(".git").exists());
    root.map_or_else(|| folder.to_owned(), Path::to_owned)
}

/// A file that is named as dumps of a schema are.
fn schema(path: &Path, made: &BTreeSet<String>) -> Option<Schema> {
    let stem = path.file_stem()?.to_str()?.to_ascii_lowercase();
    if !matches!(stem.as_str(), "schema" | "structure") {
        return None;
    }
    let text = String::from_utf8_lossy(&fs::read(path).ok()?).into_owned();
    let tables = tables(&text);
    let is_result = tables.iter().any(|it| made.contains(it));
    (!tables.is_empty()).then(|| Schema { path: path.to_owned(), is_result })
}

/// The names of the tables that a text makes, without their schemas. A glance: nothing depends on it but a proposal.
fn tables(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|it| it.eq_ignore_ascii_case(word));
    let mut tables = Vec::new();
    for at in 0..words.len() {
        if is(at, "CREATE") && is(at + 1, "TABLE") {
            let skip = if is(at + 2, "IF") { 5 } else { 2 };
            let name = words.get(at + skip).copied().unwrap_or_default();
            let name = name.split('(').next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
            tables.push(name.trim_matches('"').to_ascii_lowercase());
        }
    }
    tables.retain(|it| !it.is_empty());
    tables
}
