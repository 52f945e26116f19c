//! Migrations that are code: lockkeeper judges the SQL that they print.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::super::place;
use crate::migration::{code_in, is_ours};

/// Migrations of one framework that are code.
pub(super) struct Code {
    /// The framework.
    pub(super) name: &'static str,
    /// What `--from-command` calls it, if it knows how they print their SQL; else empty.
    pub(super) command: &'static str,
    /// Where they are.
    pub(super) folders: Vec<PathBuf>,
    /// Whether what is called migrations may well be something else in this language.
    pub(super) is_vague: bool,
}

/// A framework by what its migrations are written in.
struct Known {
    extension: &'static str,
    name: &'static str,
    command: &'static str,
}

const ALEMBIC: Known = Known { extension: "py", name: "Alembic", command: "alembic" };
const KNOWN: &[Known] = &[
    Known { extension: "py", name: "Django", command: "django" },
    Known { extension: "rb", name: "Rails", command: "" },
    Known { extension: "exs", name: "Ecto", command: "" },
    Known { extension: "php", name: "PHP", command: "" },
    Known { extension: "ts", name: "TypeScript", command: "" },
    Known { extension: "js", name: "JavaScript", command: "" },
];

/// What their folders are called: those of Rails are `db/migrate`, those of Alembic `versions`.
const FOLDERS: &[&str] = &["migrations", "migrate", "versions"];

/// All that is found below `root`.
pub(super) fn found(root: &Path) -> Vec<Code> {
    let mut all: Vec<Code> = Vec::new();
    for entry in WalkBuilder::new(root).build().flatten() {
        let path = entry.path();
        let is_it = path.file_name().is_some_and(|it| FOLDERS.iter().any(|name| it == *name));
        if !is_it || !path.is_dir() || !is_ours(root, path) {
            continue;
        }
        let Some(known) = code_in(path).and_then(|it| known(path, it)) else { continue };
        if let Some(code) = all.iter_mut().find(|it| it.name == known.name) {
            code.folders.push(path.to_owned());
        } else {
            let folders = vec![path.to_owned()];
            let is_vague = matches!(known.extension, "js" | "php" | "ts");
            all.push(Code { name: known.name, command: known.command, folders, is_vague });
        }
    }
    for code in &mut all {
        code.folders.sort();
    }
    all.sort_by_key(|it| it.name);
    all
}

fn known(folder: &Path, extension: &str) -> Option<&'static Known> {
    if folder.ends_with("versions") {
        let has_environment = folder.parent().is_some_and(|it| it.join("env.py").is_file());
        return (extension == "py" && has_environment).then_some(&ALEMBIC);
    }
    KNOWN.iter().find(|it| it.extension == extension)
}

impl Code {
    /// What is said of it, with paths as seen from `folder`.
    pub(super) fn in_words(&self, folder: &Path) -> String {
        let first = self.folders.first().map(|it| place::relative(it, folder)).unwrap_or_default();
        let others = match self.folders.len() {
            0 | 1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        let next = match self.command {
            "" => "give `lint --from-command` what prints their SQL".to_owned(),
            command => format!("`lockkeeper lint --from-command {command}`"),
        };
        format!("{first}{others}: migrations that are code ({}): {next}", self.name)
    }
}
