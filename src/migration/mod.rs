//! Which files are migrations, in which order they run, and which part of each runs going up.
//!
//! A folder is one history: all its files, in [`natural`] order of their paths below it. A single file brings the history that
//! it stands in: the files of its folder that run before it are replayed and not judged. Files named together that stand in one
//! folder are one history. What stands in different folders, named separately, knows nothing of each other.

mod order;
mod up;
mod walk;

pub use order::natural;
pub use up::{Up, keep_up_part};
pub use walk::{is_down, is_up, sql_files};

use std::path::{Path, PathBuf};

use globset::GlobSet;

use crate::error::Error;

/// The files of one history, in the order in which they run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The files.
    pub files: Vec<MigrationFile>,
    /// The files that run after the last one that was asked for.
    pub later: Vec<PathBuf>,
    /// How many down migrations were left out.
    pub n_down: usize,
}

/// One file of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it was asked for. Otherwise it is there only because it ran earlier.
    pub is_asked_for: bool,
}

/// The histories that `paths` ask for: first those of folders, then those of files.
///
/// A path that does not exist and a folder without a migration are errors: a check of nothing must never look like a pass.
pub fn histories(paths: &[PathBuf], exclude: &Exclude) -> Result<Vec<History>, Error> {
    let mut histories = Vec::new();
    let mut folders: Vec<(PathBuf, Vec<&Path>)> = Vec::new();
    for (n, path) in paths.iter().enumerate() {
        if is_named_already(path, n, paths) {
            continue;
        }
        let metadata = path.metadata().map_err(|source| Error::Read { path: path.clone(), source })?;
        if metadata.is_dir() {
            histories.push(of_folder(path, exclude)?);
            continue;
        }
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        match folders.iter_mut().find(|it| it.0 == folder) {
            Some((_, files)) => files.push(path),
            None => folders.push((folder, vec![path])),
        }
    }
    for (folder, files) in &folders {
        histories.push(of_files(folder, files, exclude)?);
    }
    Ok(histories)
}

/// Whether the path at `n` is in a folder that is named as well, or is named twice: nothing is judged twice.
fn is_named_already(path: &Path, n: usize, paths: &[PathBuf]) -> bool {
    let holds = |(m, other): (usize, &PathBuf)| {
        let (other, path) = (plain(other), plain(path));
        m != n && path.starts_with(other) && (other != path || m < n)
    };
    paths.iter().enumerate().any(holds)
}

fn of_folder(folder: &Path, exclude: &Exclude) -> Result<History, Error> {
    let (paths, n_down) = up_only(sql_files(folder, exclude, walk::Depth::All)?);
    if paths.is_empty() {
        return Err(Error::Usage(nothing_in(folder, n_down, exclude)));
    }
    let files = paths.into_iter().map(|path| MigrationFile { path, is_asked_for: true }).collect();
    Ok(History { files, later: Vec::new(), n_down })
}

fn nothing_in(folder: &Path, n_down: usize, exclude: &Exclude) -> String {
    let folder = folder.display();
    match n_down {
        0 if exclude.globs.is_empty() => format!("no .sql file in {folder}"),
        0 => format!("no .sql file in {folder} that is not excluded"),
        _ => format!("only down migrations in {folder}"),
    }
}

fn of_files(folder: &Path, asked: &[&Path], exclude: &Exclude) -> Result<History, Error> {
    let readable = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let (siblings, n_down) = up_only(sql_files(readable, exclude, walk::Depth::One)?);
    let mut paths: Vec<PathBuf> = siblings.into_iter().map(|it| plain(&it).to_owned()).collect();
    paths.extend(asked.iter().map(|it| plain(it).to_owned()));
    paths.sort_by(|a, b| natural(a, b));
    paths.dedup();
    let is_asked_for = |path: &Path| asked.iter().any(|it| plain(it) == path);
    let n = paths.iter().rposition(|it| is_asked_for(it)).map_or(0, |last| last + 1);
    let later = paths.split_off(n);
    let files = paths.into_iter().map(|path| MigrationFile { is_asked_for: is_asked_for(&path), path });
    Ok(History { files: files.collect(), later, n_down })
}

/// Without the `./` that says nothing.
fn plain(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}

fn up_only(paths: Vec<PathBuf>) -> (Vec<PathBuf>, usize) {
    let (down, up): (Vec<_>, Vec<_>) = paths.into_iter().partition(|it| is_down(it));
    (up, down.len())
}

/// Files that a folder's walk leaves out.
#[derive(Clone, Debug)]
pub struct Exclude {
    /// What the patterns are relative to.
    pub root: PathBuf,
    /// The patterns.
    pub globs: GlobSet,
}

impl Exclude {
    /// Leaves out nothing.
    pub fn nothing() -> Self {
        Self { root: PathBuf::new(), globs: GlobSet::empty() }
    }
}
