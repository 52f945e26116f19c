//! `fix`: its diffs are as shown, and each is proven on real servers of every major version.
//!
//! A folder of `fixtures/fix` is a case: `schema.sql` is what is there, the folder `migrations` is what `fix` is asked to fix. The first
//! lines of `schema.sql` say `-- rule: id` and may say `-- pg: 14-`. `expected.diff` is what `fix` prints; `UPDATE_EXPECT=1` writes it.

mod cost;
mod proof;
mod shown;

use std::{fs, path::PathBuf};

use crate::support::majors;

/// One case.
struct Case {
    folder: PathBuf,
    /// The rule whose finding is fixed.
    rule: String,
    /// The first major version on which it can be.
    since: u16,
}

impl Case {
    fn name(&self) -> &str {
        self.folder.file_name().unwrap().to_str().unwrap()
    }

    fn schema(&self) -> String {
        self.folder.join("schema.sql").display().to_string()
    }

    fn migrations(&self) -> String {
        self.folder.join("migrations").display().to_string()
    }
}

fn cases() -> Vec<Case> {
    let folders = fs::read_dir("fixtures/fix").unwrap().map(|it| it.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|it| it.join("schema.sql").exists()).collect();
    folders.sort();
    let case = |folder: PathBuf| {
        let schema = fs::read_to_string(folder.join("schema.sql")).unwrap();
        let head = |key: &str| schema.lines().find_map(|it| it.strip_prefix(key)).map(str::to_owned);
        let rule = head("-- rule: ").unwrap_or_else(|| panic!("{}: no rule", folder.display()));
        let since = head("-- pg: ").map_or(13, |it| it.trim_end_matches('-').parse().unwrap());
        Case { folder, rule, since }
    };
    folders.into_iter().map(case).collect()
}
