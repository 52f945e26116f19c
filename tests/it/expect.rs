//! Text that is compared with a file, and written to it by `UPDATE_EXPECT=1`.

use std::{env, fs, path::Path};

use similar::TextDiff;

/// Fails with a diff unless the file at `path` says `actual`. With `UPDATE_EXPECT=1` writes it.
pub(crate) fn expect_file(path: impl AsRef<Path>, actual: &str) {
    let path = path.as_ref();
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return;
    }
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, actual).unwrap();
        return;
    }
    let diff = TextDiff::from_lines(expected.as_str(), actual);
    let diff = diff.unified_diff().header("expected", "actual").to_string();
    panic!("{} differs; UPDATE_EXPECT=1 writes it\n{diff}", path.display());
}
