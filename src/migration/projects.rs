//! Where in a repository the migrations are, for who has not said it yet.
//!
//! A folder of `.sql` files is one of migrations if a framework's signs say so, else by its name or the names of its files.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    Exclude, History, Wanted, detect,
    framework::{PLAIN, Role, after_digits, is_down},
    history::{histories, home},
    order::natural,
    walk::{Depth, sql_files},
};
use crate::error::Error;

/// Folders whose contents others wrote, or that tests read.
const NOT_OURS: &[&str] = &[
    "__fixtures__",
    "__mocks__",
    "__tests__",
    "fixtures",
    "node_modules",
    "stub",
    "stubs",
    "testdata",
    "third_party",
    "vendor",
];

/// Parts of names that tell of another database.
const NOT_POSTGRES: &[&str] = &["clickhouse", "mariadb", "mssql", "mysql", "sqlite", "sqlserver"];

/// What migrations that are code are written in.
const CODE: &[&str] = &["exs", "js", "php", "py", "rb", "ts"];

/// What folders of migrations are called.
const NAMES: &[&str] = &["migrations", "migration", "migrate", "changelog", "changelogs", "changesets"];

/// What folders are called whose files may be numbered without being migrations.
const OTHERS: &[&str] = &[
    "data",
    "docker-entrypoint-initdb.d",
    "docs",
    "examples",
    "functions",
    "init",
    "initdb",
    "initdb.d",
    "queries",
    "seed",
    "seeds",
    "test",
    "tests",
    "views",
];

/// What there is in a repository.
#[derive(Clone, Debug, Default)]
pub struct Projects {
    /// The histories, each with its folder, in the natural order of those.
    pub histories: Vec<History>,
    /// Folders of migrations that are another database's, by their names.
    pub not_postgres: Vec<PathBuf>,
    /// The `.sql` files in none of them.
    pub others: Vec<PathBuf>,
}

/// The histories in `root`.
pub fn projects(root: &Path) -> Result<Projects, Error> {
    let found = sql_files(root, &Exclude::nothing(), Depth::All)?;
    let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for path in &found {
        if is_ours(root, path) {
            folders.entry(folder_of(path)).or_default().push(path.clone());
        }
    }
    let mut projects = Projects::default();
    for (folder, files) in &folders {
        if !looks_like_migrations(root, folder, files) {
            continue;
        }
        if is_postgres(root, folder) {
            projects.histories.extend(history(folder)?);
        } else {
            projects.not_postgres.push(folder.clone());
        }
    }
    merge_years(&mut projects.histories, root)?;
    drop_nested(&mut projects.histories);
    projects.histories.sort_by(|a, b| natural(a.named(), b.named()));
    let is_in = |path: &PathBuf| projects.histories.iter().any(|it| holds(it.named(), path));
    let is_other = |it: &PathBuf| is_ours(root, it) && is_postgres(root, it) && !is_in(it);
    projects.others = found.into_iter().filter(is_other).collect();
    Ok(projects)
}

impl History {
    /// The folder that was named; empty if files were.
    fn named(&self) -> &Path {
        self.folder.as_deref().unwrap_or(Path::new(""))
    }
}

/// Whether a path below `root` is in no folder that others wrote or that tests read.
pub fn is_ours(root: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(root).unwrap_or(path);
    let is_other = |part: &str| NOT_OURS.contains(&part) || part.starts_with("testdata");
    !below.iter().any(|part| part.to_str().is_some_and(is_other))
}

fn is_postgres(root: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(root).unwrap_or(path).to_string_lossy().to_ascii_lowercase();
    !NOT_POSTGRES.iter().any(|it| below.contains(it))
}

/// What the migrations of a folder are written in, if most of its files are code: the extension.
pub fn code_in(folder: &Path) -> Option<&'static str> {
    let (mut n_sql, mut n_code) = (0, [0; CODE.len()]);
    for entry in folder.read_dir().ok()?.flatten() {
        let path = entry.path();
        let stem = path.file_stem()?.to_str().unwrap_or_default();
        let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
        match CODE.iter().position(|it| *it == extension) {
            // What holds a folder together is no migration.
            Some(_) if matches!(stem, "__init__" | "index" | "env") => {}
            Some(n) => n_code[n] += 1,
            None => n_sql += usize::from(extension == "sql"),
        }
    }
    let (n, most) = n_code.iter().enumerate().max_by_key(|it| it.1)?;
    (*most > n_sql).then(|| CODE[n])
}

/// The folder of the history that a file would belong to.
fn folder_of(path: &Path) -> PathBuf {
    let folder = home(path);
    // Of Graphile Migrate, what is committed and what is current are one history.
    let is_half = folder.file_name().is_some_and(|it| it == "committed" || it == "current");
    let folder = folder.parent().filter(|_| is_half).unwrap_or(folder);
    if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() }
}

fn looks_like_migrations(root: &Path, folder: &Path, files: &[PathBuf]) -> bool {
    let framework = detect::detect(folder, files).framework;
    let runs = |it: &&PathBuf| !is_down(it) && (framework.role)(detect::below(folder, it)) == Role::Up;
    let n = files.iter().filter(runs).count();
    if n == 0 || framework.name != PLAIN.name {
        return n > 0;
    }
    if code_in(folder).is_some() {
        return false;
    }
    let below = folder.strip_prefix(root).unwrap_or(folder);
    let is_any =
        |names: &[&str]| below.iter().any(|part| names.iter().any(|it| part.eq_ignore_ascii_case(it)));
    let n_numbered = files.iter().filter(|it| is_numbered(it)).count();
    is_any(NAMES) || !is_any(OTHERS) && n_numbered * 5 >= files.len() * 4
}

/// `7_name.sql`, `007-name.sql`, `7.sql`.
fn is_numbered(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
    after_digits(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-', '.', ' ']))
}

/// The history in a folder; `None` if its framework runs no file there.
fn history(folder: &Path) -> Result<Option<History>, Error> {
    let wanted = Wanted { exclude: Exclude::nothing(), framework: None };
    match histories(&[folder.to_owned()], &wanted) {
        Ok(histories) => Ok(histories.into_iter().next()),
        Err(Error::Usage(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where one framework has a folder a year or a release, `2025` and `2026`, the folder above is the history.
fn merge_years(histories: &mut Vec<History>, root: &Path) -> Result<(), Error> {
    let is_year = |it: &History| {
        let name = it.named().file_name().and_then(|it| it.to_str()).unwrap_or_default();
        name.trim_start_matches('v').starts_with(|it: char| it.is_ascii_digit())
    };
    let above = |it: &History| it.named().parent().filter(|it| *it != root).map(Path::to_owned);
    let mut parents: BTreeMap<(PathBuf, &str), usize> = BTreeMap::new();
    for it in histories.iter().filter(|it| is_year(it)) {
        if let Some(parent) = above(it) {
            *parents.entry((parent, it.detected.framework.name)).or_default() += 1;
        }
    }
    for (parent, _) in parents.into_iter().filter(|it| it.1 > 1).map(|it| it.0) {
        if let Some(whole) = history(&parent)? {
            histories.retain(|it| !holds(&parent, it.named()));
            histories.push(whole);
        }
    }
    Ok(())
}

/// What is linted with the folder above it is not named again. A folder of nothing but numbered files does not swallow frameworks.
fn drop_nested(histories: &mut Vec<History>) {
    let folders: Vec<(PathBuf, &str)> =
        histories.iter().map(|it| (it.named().to_owned(), it.detected.framework.name)).collect();
    let is_above = |a: &Path, b: &Path| a != b && holds(a, b);
    let swallows = |folder: &Path, name: &str| {
        name == PLAIN.name && folders.iter().any(|it| it.1 != PLAIN.name && is_above(folder, &it.0))
    };
    let kept: Vec<&(PathBuf, &str)> = folders.iter().filter(|it| !swallows(&it.0, it.1)).collect();
    histories.retain(|it| {
        let folder = it.named();
        kept.iter().any(|it| it.0 == folder) && !kept.iter().any(|it| is_above(&it.0, folder))
    });
}

fn holds(folder: &Path, path: &Path) -> bool {
    folder == Path::new(".") || path.starts_with(folder)
}
