//! From the paths that were named to the files that run, in their order.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use super::{
    Detected, Exclude, History, MigrationFile, Wanted, detect,
    framework::{Role, is_down},
    order::natural,
    walk::{Depth, is_sql, sql_files},
};
use crate::error::Error;

/// The histories that `paths` ask for: first those of folders, then those of files.
///
/// A path that does not exist and a folder without a migration are errors: a check of nothing must never look like a pass.
pub fn histories(paths: &[PathBuf], wanted: &Wanted) -> Result<Vec<History>, Error> {
    let mut histories = Vec::new();
    let mut folders: Vec<(PathBuf, Vec<&Path>)> = Vec::new();
    for (n, path) in paths.iter().enumerate() {
        if is_named_already(path, n, paths) {
            continue;
        }
        let metadata = path.metadata().map_err(|source| Error::Read { path: path.clone(), source })?;
        if metadata.is_dir() {
            histories.push(of_folder(path, wanted)?);
            continue;
        }
        let folder = home(path).to_owned();
        match folders.iter_mut().find(|it| it.0 == folder) {
            Some((_, files)) => files.push(path),
            None => folders.push((folder, vec![path])),
        }
    }
    for (folder, files) in &folders {
        histories.push(of_files(folder, files, wanted)?);
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

/// The folder of a file's history: where each migration has a folder of its own, the one above that.
pub(super) fn home(path: &Path) -> &Path {
    let folder = path.parent().unwrap_or(Path::new(""));
    let stem = path.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
    let name = folder.file_name().and_then(|it| it.to_str()).unwrap_or_default();
    let has_own_folder =
        matches!(stem, "up" | "down" | "migration") && name.starts_with(|it: char| it.is_ascii_digit());
    folder.parent().filter(|_| has_own_folder).unwrap_or(folder)
}

fn of_folder(folder: &Path, wanted: &Wanted) -> Result<History, Error> {
    let found = sql_files(folder, &wanted.exclude, Depth::All)?;
    let mut history = sorted(folder, found, &[], wanted)?;
    if history.files.is_empty() {
        return Err(Error::Usage(nothing_in(folder, &history, &wanted.exclude)));
    }
    history.files.iter_mut().for_each(|it| it.is_asked_for = true);
    history.folder = Some(folder.to_owned());
    Ok(history)
}

/// The files that run going up, in the order of their framework, and those of `asked` whatever they are.
fn sorted(folder: &Path, found: Vec<PathBuf>, asked: &[&Path], wanted: &Wanted) -> Result<History, Error> {
    let detected = match wanted.framework {
        Some(framework) => detect::declared(framework, folder),
        None => detect::detect(folder, &found),
    };
    let (framework, folder) = (detected.framework, &*detect::home(folder, &found));
    let (mut n_down, mut n_other, mut paths) = (0, 0, Vec::new());
    for path in found {
        match (framework.role)(detect::below(folder, &path)) {
            _ if asked.contains(&path.as_path()) => paths.push(path),
            _ if is_down(&path) => n_down += 1,
            Role::Up => paths.push(path),
            Role::Down => n_down += 1,
            Role::Other if !detected.is_sure => paths.push(path),
            Role::Other => n_other += 1,
        }
    }
    let n = paths.len();
    let all = paths.clone();
    framework.order.sort(folder, &mut paths)?;
    n_other += n - paths.len();
    // What was asked for is judged, whether or not the framework would run it.
    paths.extend(all.into_iter().filter(|it| asked.contains(&it.as_path())));
    let mut seen = HashSet::new();
    paths.retain(|it| seen.insert(it.clone()));
    let files = paths.into_iter().map(|path| MigrationFile { path, is_asked_for: false }).collect();
    Ok(History { detected, folder: None, files, later: Vec::new(), n_down, n_other })
}

impl History {
    /// Whether a file that stood in the folder ran going up, and only once.
    pub fn had(&self, path: &Path) -> bool {
        let Some(folder) = &self.folder else { return false };
        let files: Vec<PathBuf> = self.files.iter().map(|it| it.path.clone()).collect();
        let home = detect::home(folder, &files);
        let framework = self.detected.framework;
        let is_up = match (framework.role)(detect::below(&home, path)) {
            Role::Up => true,
            Role::Down => false,
            Role::Other => !self.detected.is_sure,
        };
        is_sql(path) && is_up && !is_down(path) && !self.runs_again(path)
    }

    /// Whether a file is run again once its text has changed.
    pub fn runs_again(&self, path: &Path) -> bool {
        (self.detected.framework.runs_again)(path)
    }
}

fn nothing_in(folder: &Path, history: &History, exclude: &Exclude) -> String {
    let folder = folder.display();
    match (history.n_down, history.n_other) {
        (0, 0) if exclude.globs.is_empty() => format!("no .sql file in {folder}"),
        (0, 0) => format!("no .sql file in {folder} that is not excluded"),
        (_, 0) => format!("only down migrations in {folder}"),
        _ => {
            let Detected { framework, because, .. } = &history.detected;
            format!(
                "{} runs none of the {n_other} files in {folder} ({because} says so); --framework plain judges them all",
                framework.name,
                n_other = history.n_other,
            )
        }
    }
}

fn of_files(folder: &Path, asked: &[&Path], wanted: &Wanted) -> Result<History, Error> {
    let readable = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let is_deep = asked.iter().any(|it| it.parent() != Some(folder));
    let depth = if is_deep { Depth::All } else { Depth::One };
    let siblings = sql_files(readable, &wanted.exclude, depth)?;
    let mut paths: Vec<PathBuf> = siblings.into_iter().map(|it| plain(&it).to_owned()).collect();
    let asked: Vec<&Path> = asked.iter().map(|it| plain(it)).collect();
    paths.extend(asked.iter().map(|it| (*it).to_owned()));
    paths.sort_by(|a, b| natural(a, b));
    paths.dedup();
    let mut history = sorted(folder, paths, &asked, wanted)?;
    for file in &mut history.files {
        file.is_asked_for = asked.contains(&file.path.as_path());
    }
    let n = history.files.iter().rposition(|it| it.is_asked_for).map_or(0, |last| last + 1);
    history.later = history.files.split_off(n).into_iter().map(|it| it.path).collect();
    Ok(history)
}

/// Without the `./` that says nothing.
fn plain(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}
