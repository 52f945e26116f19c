//! The `.sql` files of a folder, as git sees it: what is hidden or ignored is left out.

use std::{
    io,
    path::{Path, PathBuf},
    sync::mpsc,
};

use ignore::{DirEntry, WalkBuilder, WalkState};
use rayon::slice::ParallelSliceMut;

use super::{Exclude, order::natural};
use crate::error::Error;

/// How deep a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The folder's own files.
    One,
    /// Every folder below.
    All,
}

/// The `.sql` files in `folder`, in natural order.
pub fn sql_files(folder: &Path, exclude: &Exclude, depth: Depth) -> Result<Vec<PathBuf>, Error> {
    let mut walk = WalkBuilder::new(folder);
    walk.max_depth((depth == Depth::One).then_some(1));
    let (sender, found) = mpsc::channel();
    walk.build_parallel().run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            let sent = wanted(entry, folder, exclude).transpose().map(|it| sender.send(it));
            if matches!(sent, Some(Err(_))) { WalkState::Quit } else { WalkState::Continue }
        })
    });
    drop(sender);
    let mut paths = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    paths.par_sort_by(|a, b| natural(a, b));
    Ok(paths)
}

/// The entry's path, if it is a file to read.
fn wanted(
    entry: Result<DirEntry, ignore::Error>,
    folder: &Path,
    exclude: &Exclude,
) -> Result<Option<PathBuf>, Error> {
    let entry = entry.map_err(|error| unreadable(folder, error))?;
    let path = entry.path();
    let is_file = match entry.file_type() {
        Some(it) if it.is_symlink() => path.is_file(),
        it => it.is_some_and(|it| it.is_file()),
    };
    let is_wanted = is_sql(path) && is_file && !exclude.has(path);
    Ok(is_wanted.then(|| path.strip_prefix(".").unwrap_or(path).to_owned()))
}

/// Whether the file's name is that of SQL.
pub(super) fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("sql"))
}

fn unreadable(folder: &Path, error: ignore::Error) -> Error {
    let path = folder.to_owned();
    let message = error.to_string();
    Error::Read { path, source: error.into_io_error().unwrap_or_else(|| io::Error::other(message)) }
}

impl Exclude {
    /// Whether a pattern names the file.
    pub fn has(&self, path: &Path) -> bool {
        if self.globs.is_empty() {
            return false;
        }
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.globs.is_match(absolute.strip_prefix(&self.root).unwrap_or(path))
    }
}
