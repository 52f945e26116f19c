//! The configuration that a command line means, and the rules that it makes.

use std::{fs, path::Path};

use crate::{
    config::{self, Config},
    error::Error,
    migration,
    rule::RuleSet,
};

/// The configuration: `given`, or else the one that `paths` are under.
pub(super) fn configuration(given: Option<&Path>, paths: &[impl AsRef<Path>]) -> Result<Config, Error> {
    if let Some(path) = given {
        return Config::read(path);
    }
    let start = match paths.iter().map(AsRef::as_ref).find(|it| *it != Path::new("-")) {
        Some(path) if path.is_dir() => path,
        Some(path) => path.parent().unwrap_or(Path::new("")),
        None => Path::new(""),
    };
    let start = if start.as_os_str().is_empty() { Path::new(".") } else { start };
    config::find(start).map_or_else(|| Ok(Config::default()), |path| Config::read(&path))
}

/// The built-in rules and the user's own, as bad as the configuration says.
pub(super) fn rules(config: &Config) -> Result<RuleSet, Error> {
    let mut rules = RuleSet::embedded()?;
    if let Some(folder) = &config.rules_folder {
        let pages = pages(folder)?;
        rules = rules.with(pages.iter().map(|(id, page)| (id.as_str(), page.as_str())))?;
    }
    let ids: Vec<&str> = rules.rules().iter().map(|it| it.id.as_str()).collect();
    config.check_rules(&ids)?;
    rules.ask_for_packs(&config.packs);
    // Whoever names one of our rules means that one, whatever is said of it by another name.
    for rule in &config.rules {
        for ours in rule.stands_for.iter().flatten() {
            rules.set_severity(ours, rule.severity);
        }
    }
    for rule in &config.rules {
        rules.set_severity(&rule.id, rule.severity);
    }
    Ok(rules)
}

/// The Markdown files of `folder`: stem and text.
fn pages(folder: &Path) -> Result<Vec<(String, String)>, Error> {
    let failed = |source| Error::Read { path: folder.to_owned(), source };
    let mut pages = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|it| it == "md") && path.is_file() {
            let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let page = fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
            pages.push((id, page));
        }
    }
    pages.sort_by(|a, b| migration::natural(a.0.as_ref(), b.0.as_ref()));
    if pages.is_empty() {
        return Err(Error::Usage(format!("no rule, a .md file, in the rules folder {}", folder.display())));
    }
    Ok(pages)
}
