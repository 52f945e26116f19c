//! What a project that has used squawk so far has declared for it: rules that are off, and files that are left out.

use std::{fs, path::Path};

use serde::Deserialize;

use crate::rule::Foreign;

/// The file's name.
pub(super) const FILE: &str = ".squawk.toml";

/// What of it has a meaning here.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Squawk {
    pub(super) excluded_rules: Vec<String>,
    pub(super) excluded_paths: Vec<String>,
}

impl Squawk {
    /// What the file in one of these folders says; `None` if there is none, or none that can be read.
    pub(super) fn of(folders: &[&Path]) -> Option<Self> {
        let text = folders.iter().find_map(|it| fs::read_to_string(it.join(FILE)).ok())?;
        let mut squawk: Self = toml::from_str(&text).ok()?;
        let linter = Foreign::by_name("squawk").ok()?;
        squawk.excluded_rules.retain(|it| linter.ours(it).is_some_and(|ours| !ours.is_empty()));
        squawk.excluded_paths.retain(|it| globset::Glob::new(it).is_ok());
        Some(squawk)
    }
}
