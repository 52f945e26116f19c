//! The `.sql` files of a folder, as git sees it: what is hidden or ignored is left out.

use std::{
    io,
    path::{Path, PathBuf},
};

use ignore::WalkBuilder;

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
    let mut paths = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        let path = entry.path();
        let is_file = entry.file_type().is_some_and(|it| it.is_file() || it.is_symlink()) && path.is_file();
        if is_file && is_sql(path) && !exclude.has(path) {
            paths.push(path.strip_prefix(".").unwrap_or(path).to_owned());
        }
    }
    paths.sort_by(|a, b| natural(a, b));
    Ok(paths)
}

/// Whether the file takes a migration back: `7.down.sql`, or `down.sql` beside an `up.sql`.
pub fn is_down(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().as_encoded_bytes().to_ascii_lowercase();
    stem.ends_with(b".down") || stem == b"down"
}

fn is_sql(path: &Path) -> bool {
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
