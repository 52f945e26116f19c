//! Which PostgreSQL a project runs on, as its own files say: images, CI services, managed servers.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::super::place;

/// What a file says of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// The major version.
    pub(super) major: u16,
    /// The file.
    pub(super) path: PathBuf,
    /// The part of its line that says so.
    pub(super) text: String,
    /// How near to the server that migrations run on; 0 is nearest.
    distance: u8,
}

/// Images of PostgreSQL whose tag begins with its version.
const IMAGES: &[&str] = &["postgres", "postgresql", "postgis"];
/// Images of PostgreSQL whose tag has its version after `pg`.
const IMAGES_WITH_OTHER_VERSIONS: &[&str] = &["pgvector", "timescaledb", "timescaledb-ha"];
/// Keys whose value is a version, without `-` and `_`.
const KEYS: &[&str] = &[
    "postgres",
    "postgresql",
    "pg",
    "postgresversion",
    "postgresqlversion",
    "pgversion",
    "postgresmajor",
    "pgmajor",
];
/// A number beyond these is none of a major version: a port, a size.
const PLAUSIBLE: std::ops::RangeInclusive<u16> = 9..=30;

/// All that the files of these folders say, nearest to the server first.
pub(super) fn said(folders: &[&Path]) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for path in folders.iter().flat_map(|it| files(it)) {
        let Some(distance) = distance(&path) else { continue };
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (major, text) in of_text(&path, &text) {
            let said = Said { major, path: path.clone(), text, distance };
            if !all.contains(&said) {
                all.push(said);
            }
        }
    }
    all.sort_by(|a, b| (a.distance, a.major, &a.path).cmp(&(b.distance, b.major, &b.path)));
    all
}

/// The one to go by: the oldest of those that are nearest to the server. What is safe there is safe on the others.
pub(super) fn chosen(said: &[Said]) -> Option<&Said> {
    said.first()
}

/// A line for each version, with the first place that says so.
pub(super) fn in_words(all: &[Said], folder: &Path) -> Vec<String> {
    let mut lines: Vec<(u16, String, usize)> = Vec::new();
    for said in all {
        if let Some(line) = lines.iter_mut().find(|it| it.0 == said.major) {
            line.2 += 1;
            continue;
        }
        let place = place::relative(&said.path, folder);
        lines.push((said.major, format!("PostgreSQL {}, by `{}` in {place}", said.major, said.text), 0));
    }
    let more = |n: usize| if n == 0 { String::new() } else { format!(" and {n} more") };
    lines.into_iter().map(|(_, line, n)| line + &more(n)).collect()
}

/// The files of a folder and of those below it where such things are written.
fn files(folder: &Path) -> Vec<PathBuf> {
    const BELOW: [&str; 8] =
        ["", ".github/workflows", ".circleci", ".devcontainer", "docker", "deploy", "terraform", "supabase"];
    let mut files = Vec::new();
    for below in BELOW {
        let folder = if below.is_empty() { folder.to_owned() } else { folder.join(below) };
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        files.extend(entries.map(|it| it.path()).filter(|it| it.is_file()));
    }
    files.sort();
    files
}

/// How near a file of this name is to the server; `None` if it is none that says anything.
fn distance(path: &Path) -> Option<u8> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().and_then(Path::file_name).and_then(|it| it.to_str()).unwrap_or_default();
    let is = |end: &str| name.ends_with(end);
    let is_yaml = is(".yml") || is(".yaml");
    match () {
        () if is(".tf") || (folder == "supabase" && name == "config.toml") => Some(0),
        () if is_yaml && name.contains("compose") || name == super::squawk::FILE => Some(1),
        () if name.starts_with("Dockerfile") || name == ".tool-versions" || name == "mise.toml" => Some(2),
        () if is_yaml && (folder == "workflows" || folder == ".circleci") => Some(3),
        () if is_yaml && (name.contains("gitlab-ci") || name.contains("pipelines")) => Some(3),
        () => None,
    }
}

fn of_text(path: &Path, text: &str) -> Vec<(u16, String)> {
    let is_supabase = path.ends_with("supabase/config.toml");
    let names_postgres = text.to_ascii_lowercase().contains("postgres");
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with(['#', '/']) {
            continue;
        }
        let line = line.split(" #").next().unwrap_or_default().trim_end();
        let words = line.split(|it: char| it.is_whitespace() || matches!(it, '"' | '\'' | ',' | '='));
        found.extend(words.filter_map(|it| Some((of_image(it)?, it.to_owned()))));
        let (key, value) =
            line.split_once([':', '=']).unwrap_or_else(|| line.split_once(' ').unwrap_or((line, "")));
        let key =
            key.trim_start_matches(['-', ' ']).trim_start_matches("ARG ").trim_start_matches("ENV ").trim();
        let key: String =
            key.to_ascii_lowercase().chars().filter(|it| !matches!(it, '-' | '_' | '"')).collect();
        let is_key = KEYS.contains(&key.as_str())
            || is_supabase && key == "majorversion"
            || names_postgres && key == "engineversion";
        if is_key && value.chars().all(|it| it.is_ascii_digit() || " .,[]\"'".contains(it)) {
            let numbers = value.split([',', '[', ']', ' ', '"', '\'']).filter_map(leading_number);
            found.extend(numbers.map(|it| (it, line.to_owned())));
        }
        if key == "databaseversion"
            && let Some((_, version)) = value.split_once("POSTGRES_")
        {
            found.extend(leading_number(version).map(|it| (it, line.to_owned())));
        }
    }
    found.retain(|it| PLAUSIBLE.contains(&it.0));
    found
}

/// The major version of `postgres:16-alpine`, `pgvector/pgvector:pg16`, `postgres:${VERSION:-16}`.
fn of_image(word: &str) -> Option<u16> {
    let (name, tag) = word.rsplit('/').next()?.split_once(':')?;
    // A tag may be a variable with a default.
    let tag = tag.strip_prefix("${").and_then(|it| it.split_once(":-")).map_or(tag, |it| it.1);
    match () {
        () if IMAGES.contains(&name) => leading_number(tag),
        () if IMAGES_WITH_OTHER_VERSIONS.contains(&name) => leading_number(tag.split_once("pg")?.1),
        () => None,
    }
}

fn leading_number(text: &str) -> Option<u16> {
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}
