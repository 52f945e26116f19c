//! Which `lockkeeper.toml` is meant: the nearest one, up to the repository's root.

use std::path::{Path, PathBuf};

/// The file's name.
const NAME: &str = "lockkeeper.toml";

/// The nearest `lockkeeper.toml` in `start` (a file's folder, or a folder) or above it; not above the folder that has a `.git`.
pub fn find(start: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(start).ok()?;
    for folder in absolute.ancestors() {
        let path = folder.join(NAME);
        if path.is_file() {
            // Whoever stands above it reads its paths as from there.
            let here = std::env::current_dir().ok();
            let below = here.and_then(|it| path.strip_prefix(it).ok().map(Path::to_owned));
            return Some(below.unwrap_or(path));
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}
