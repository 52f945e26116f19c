//! Which framework a folder of migrations belongs to, and why that is thought.
//!
//! The surest sign wins: a file that only the framework has, then marks inside the migrations, then what the project depends on, then
//! the files' names. Nothing is run, and nothing above the repository's root is looked at.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    framework::{ALL, Framework, PLAIN, Role, Sign},
    up,
};
use crate::effect::Runner;

/// What was chosen.
#[derive(Clone, Debug)]
pub struct Detected {
    /// The framework.
    pub framework: &'static Framework,
    /// What showed it, for people.
    pub because: String,
    /// How it sends a file that says nothing of it.
    pub runner: Option<Runner>,
    /// Whether what is none of its migrations can be left out: a guess must not hide a file.
    pub(super) is_sure: bool,
}

impl Detected {
    /// The framework that was declared, of files that stand nowhere.
    pub fn of(framework: Option<&'static Framework>) -> Self {
        framework.map_or_else(plain, |it| declared(it, Path::new("")))
    }

    /// How it sends this file, when the file or one beside it says so.
    pub fn says(&self, path: &Path, text: &[u8]) -> Option<Runner> {
        (self.framework.says)(path, text)
    }

    /// Whether the same was chosen for the same reason.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.framework.name, &self.because) == (other.framework.name, &other.because)
    }
}

fn plain() -> Detected {
    Detected { framework: &PLAIN, because: String::new(), runner: None, is_sure: false }
}

/// How sure a sign is; a smaller one is surer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sureness {
    File,
    Folder,
    Marks,
    Dependency,
    Names,
}

/// How many levels above the migrations are looked at where there is no repository.
const MAX_LEVELS: usize = 5;

/// How many files are read for their marks.
const MAX_MARKED: usize = 3;

/// The framework whose migrations these files are. `folder` holds them, perhaps some levels further down.
pub(super) fn detect(folder: &Path, files: &[PathBuf]) -> Detected {
    let folder = &home(folder, files);
    let above = above(folder);
    let all_below: Vec<&Path> = files.iter().map(|it| below(folder, it)).collect();
    let marked = marked(files);
    let mut best: Option<(Sureness, usize, Detected)> = None;
    for framework in ALL {
        let signs = framework.signs.iter().filter_map(|it| seen(it, framework, folder, &above, &all_below));
        let by_marks = (marked == Some(framework.name))
            .then(|| (Sureness::Marks, 0, "marks in its files".to_owned(), folder.to_owned()));
        for (sureness, level, because, place) in signs.chain(by_marks) {
            if best.as_ref().is_none_or(|it| (sureness, level) < (it.0, it.1)) {
                let runner = (framework.runner)(&place);
                let is_sure = sureness <= Sureness::Folder;
                best = Some((sureness, level, Detected { framework, because, runner, is_sure }));
            }
        }
    }
    best.map_or_else(plain, |it| it.2)
}

/// The framework that was declared.
pub(super) fn declared(framework: &'static Framework, folder: &Path) -> Detected {
    let runner = (framework.runner)(folder);
    Detected { framework, because: "declaration".to_owned(), runner, is_sure: true }
}

/// The deepest folder that holds all the files.
pub(super) fn home(folder: &Path, files: &[PathBuf]) -> PathBuf {
    let mut folders: Vec<&Path> = files.iter().filter_map(|it| it.parent()).collect();
    folders.dedup_by(|a, b| a.as_os_str() == b.as_os_str());
    let Some((first, others)) = folders.split_first() else { return folder.to_owned() };
    let mut home = first.to_path_buf();
    for other in others {
        while !other.starts_with(&home) && home.pop() {}
    }
    home
}

/// The folder and those above it, up to the repository's root.
fn above(folder: &Path) -> Vec<PathBuf> {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let levels: Vec<PathBuf> = absolute.ancestors().map(Path::to_owned).collect();
    let root = levels.iter().position(|it| it.join(".git").exists());
    let n = root.map_or(MAX_LEVELS, |it| it + 1).min(levels.len());
    levels.into_iter().take(n).collect()
}

/// The framework whose marks the first files have.
fn marked(files: &[PathBuf]) -> Option<&'static str> {
    files.iter().take(MAX_MARKED).filter_map(|it| fs::read(it).ok()).find_map(|it| up::marked_by(&it))
}

/// How sure the sign is, how many levels above the migrations it is, what to say of it, and where it is. The files are named from the
/// migrations' folder on.
fn seen(
    sign: &Sign,
    framework: &Framework,
    folder: &Path,
    above: &[PathBuf],
    files: &[&Path],
) -> Option<(Sureness, usize, String, PathBuf)> {
    let levels = || above.iter().enumerate();
    let found = match sign {
        Sign::File(name) => {
            let (level, place) = levels().find(|it| it.1.join(name).exists())?;
            (Sureness::File, level, (*name).to_owned(), place.clone())
        }
        Sign::Folder(name) => {
            let (level, place) = levels().find(|it| it.1.file_name().is_some_and(|it| it == *name))?;
            (Sureness::Folder, level, format!("the folder {name}"), place.clone())
        }
        Sign::Text(name, text) => {
            let has = |it: &PathBuf| fs::read_to_string(it.join(name)).is_ok_and(|it| it.contains(text));
            let (level, place) = levels().find(|it| has(it.1))?;
            (Sureness::Dependency, level, format!("{name} names it"), place.clone())
        }
        Sign::Names(_) => (Sureness::Names, 0, "the names of its files".to_owned(), folder.to_owned()),
    };
    let fits = |path: &Path| match sign {
        Sign::Names(is_it) => is_it(path),
        _ => (framework.role)(path) != Role::Other,
    };
    let n_fitting = files.iter().filter(|it| fits(it)).count();
    // What is not sure must not leave out files that something else runs.
    let needed = if found.0 >= Sureness::Dependency { files.len() * 4 / 5 } else { 0 };
    (n_fitting > 0 && n_fitting >= needed).then_some(found)
}

/// The path from the folder on, with the folder's own name.
pub(super) fn below<'p>(folder: &Path, path: &'p Path) -> &'p Path {
    folder.parent().and_then(|it| path.strip_prefix(it).ok()).unwrap_or(path)
}
