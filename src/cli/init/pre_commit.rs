//! A hook more in `.pre-commit-config.yaml`. All else in the file stays as it is, byte for byte.
//!
//! Where that cannot be done without understanding more of YAML than lines, nothing is done: the user is told what to add.

use super::plan::in_yaml;
use yaml_rust2::{Yaml, YamlLoader};

/// What is added, as an item of `repos`.
pub(super) fn item(command: &str, indent: &str) -> String {
    let lines = [
        "- repo: local".to_owned(),
        "  hooks:".to_owned(),
        "    - id: lockkeeper".to_owned(),
        "      name: lockkeeper lint".to_owned(),
        format!("      entry: {}", in_yaml(&format!("{command} --since HEAD"))),
        "      language: system".to_owned(),
        "      files: \\.sql$".to_owned(),
        "      pass_filenames: false".to_owned(),
    ];
    lines.iter().flat_map(|it| [indent, it, "\n"]).collect()
}

/// A file with nothing but the hook.
pub(super) fn new(command: &str) -> String {
    format!("repos:\n{}", item(command, "  "))
}

/// Whether the hook is there.
pub(super) fn has_hook(text: &str) -> bool {
    text.lines().any(|it| it.trim().trim_start_matches("- ").trim() == "id: lockkeeper")
}

/// The file's text with the hook at the end of `repos`; `None` if that cannot be told from its lines.
pub(super) fn with_hook(text: &str, command: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_key = |it: &str| it.trim_end() == "repos:" || it.starts_with("repos: #");
    let repos = lines.iter().position(|it| is_key(it))?;
    let is_content = |it: &str| !it.trim().is_empty() && !it.trim_start().starts_with('#');
    let is_other_key = |it: &str| is_content(it) && !it.starts_with([' ', '-']);
    let rest = lines.get(repos + 1..)?;
    let n = rest.iter().position(|it| is_other_key(it)).unwrap_or(rest.len());
    let last = rest.get(..n)?.iter().rposition(|it| is_content(it))?;
    let first = rest.iter().find(|it| is_content(it)).filter(|it| it.trim_start().starts_with('-'))?;
    let indent = first.get(..first.len() - first.trim_start().len())?;
    let before: String = lines.get(..=repos + 1 + last)?.concat();
    let after: String = lines.get(repos + 2 + last..)?.concat();
    // As the file ends its lines; a last line may end with the file.
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if before.ends_with('\n') { "" } else { end };
    let with = format!("{before}{gap}{}{after}", item(command, indent).replace('\n', end));
    adds_one(text, &with).then_some(with)
}

/// Whether `with` has one repository more at its end, and is otherwise the same.
fn adds_one(text: &str, with: &str) -> bool {
    let (Some(before), Some(Yaml::Hash(mut after))) = (only(text), only(with)) else { return false };
    let Some(Yaml::Array(repos)) = after.get_mut(&Yaml::from_str("repos")) else { return false };
    repos.pop().is_some_and(|it| it["hooks"][0]["id"].as_str() == Some("lockkeeper"))
        && before == Yaml::Hash(after)
}

fn only(text: &str) -> Option<Yaml> {
    let mut all = YamlLoader::load_from_str(text).ok()?;
    (all.len() == 1).then(|| all.pop()).flatten()
}
