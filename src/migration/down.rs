//! What takes a migration back: the part of its own file that runs going down, or a file of its own.
//!
//! Sources: golang-migrate's MIGRATIONS.md; `sqlx-core`, `migrate/`; pop's README; Diesel's guide; Flyway, Undo migrations; sqitch-revert(1);
//! Liquibase, SQL format, rollback. Marks inside a file are those of [`up`](super::up).

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Detected,
    framework::{after_digits, liquibase},
    up::{self, keep_down_part},
    walk::is_sql,
};
use crate::{effect::Runner, error::Error};

/// What is sent to take one migration back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayBack {
    /// The file that it stands in: the migration's own, or another.
    pub path: PathBuf,
    /// The file with all else blanked, so that places stay what they are.
    pub text: Vec<u8>,
    /// How it is sent, if its marks say so.
    pub marks: Option<Runner>,
    /// How it is sent, if the file or one beside it says so in another way.
    pub says: Option<Runner>,
}

/// What takes the migration in `path` back, in the order in which it is sent; empty if nothing does.
pub fn ways_back(path: &Path, detected: &Detected) -> Result<Vec<WayBack>, Error> {
    let own = read(path)?;
    let says = detected.says(path, &own);
    if up::marked_by(&own) == Some("liquibase") {
        let back = |(text, marks)| WayBack { path: path.to_owned(), text, marks, says };
        return Ok(liquibase::rollbacks(&own).into_iter().map(back).collect());
    }
    let mut text = own;
    if let Some(down) = keep_down_part(&mut text) {
        return Ok(vec![WayBack { path: path.to_owned(), text, marks: down.runner, says }]);
    }
    let Some(other) = (detected.framework.down)(path).filter(|it| it.is_file()) else {
        return Ok(Vec::new());
    };
    let text = read(&other)?;
    let says = detected.says(&other, &text);
    Ok(vec![WayBack { path: other, text, marks: None, says }])
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// The file that takes back by its name: `7_name.down.sql` of `7_name.up.sql` or `7_name.sql`, else one of the same number; `down.sql` of
/// `up.sql` or `migration.sql` in the same folder.
pub(super) fn by_name(path: &Path) -> Option<PathBuf> {
    let stem = path.file_stem()?.to_str()?;
    if matches!(stem, "up" | "migration") {
        return Some(path.with_file_name("down.sql"));
    }
    let name = stem.strip_suffix(".up").unwrap_or(stem);
    let same = path.with_file_name(format!("{name}.down.sql"));
    if same.is_file() {
        return Some(same);
    }
    let rest = after_digits(name)?;
    let number = name.strip_suffix(rest)?;
    beside(path, |it| {
        let down = it.strip_suffix(".down")?;
        Some(down.strip_suffix(after_digits(down)?)? == number)
    })
}

/// The first file in the folder of `path`, by name, of which this says so by its name without `.sql`.
pub(super) fn beside(path: &Path, is_it: impl Fn(&str) -> Option<bool>) -> Option<PathBuf> {
    let entries = path.parent()?.read_dir().ok()?;
    let mut files: Vec<PathBuf> = entries.filter_map(|it| it.ok().map(|it| it.path())).collect();
    files.sort();
    files.into_iter().find(|file| {
        let stem = file.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
        is_sql(file) && is_it(stem) == Some(true)
    })
}
