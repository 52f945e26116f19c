//! Paths as files that are committed name them, and as people read them.

use std::{
    env,
    path::{Component, Path, PathBuf, absolute},
};

/// `path` as seen from `folder`, with / between folders on every system. Nothing needs to exist.
pub(super) fn relative(path: &Path, folder: &Path) -> String {
    let (path, folder) = (plain(path), plain(folder));
    let n_common = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(n_common).map(|_| "..".into());
    let down = path.components().skip(n_common).map(|it| it.as_os_str().to_string_lossy());
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// `path` from the working directory, if it is below that.
pub(super) fn shown(path: &Path) -> String {
    let below = env::current_dir().ok().and_then(|it| path.strip_prefix(it).ok());
    let path = below.unwrap_or(path);
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

/// The absolute path without `.` and `..`, as it is written: links are not followed.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
