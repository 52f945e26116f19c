//! The `lockkeeper.toml` that `init` writes: what was found, with the reasons, and the keys that come next.

use std::{collections::BTreeSet, fmt::Write, path::Path};

use super::{
    super::place,
    postgres::{Said, chosen},
    survey::Survey,
};
use crate::{config, migration::History};

/// The text, for a file in `folder`.
pub(super) fn text(survey: &Survey, folder: &Path) -> String {
    let parts = [
        "# The configuration of lockkeeper. Paths are relative to this file; `lockkeeper config` prints every key.\n".to_owned(),
        postgres(&survey.postgres, folder),
        paths(survey, folder),
        schema(survey, folder),
        exclude(survey),
        obey(survey),
        "# Findings that are not reported, because they were there before: `lockkeeper baseline` writes the file.\n\
         # baseline = \"lockkeeper.baseline\"\n"
            .to_owned(),
        "# The mildest severity that fails a run: \"error\", \"warning\", \"note\" or \"never\".\n\
         # fail-on = \"error\"\n"
            .to_owned(),
        rules(survey),
    ];
    parts.iter().filter(|it| !it.is_empty()).cloned().collect::<Vec<_>>().join("\n")
}

/// `goose, by marks in its files`.
pub(super) fn in_words(history: &History) -> String {
    let detected = &history.detected;
    match (detected.framework.name, detected.because.as_str()) {
        ("plain", _) => "no framework that is known".to_owned(),
        (name, "") => name.to_owned(),
        (name, because) => format!("{name}, by {because}"),
    }
}

fn postgres(all: &[Said], folder: &Path) -> String {
    let head = "# The major version of the server that the migrations will run on";
    let Some(said) = chosen(all) else {
        let oldest = config::OLDEST_SUPPORTED;
        return format!(
            "{head}; nothing here says it. Default: {oldest}, the oldest that is supported.\n# postgres = 17\n"
        );
    };
    let because = plain(&format!("{} has `{}`", place::relative(&said.path, folder), said.text));
    let nearest = said.major.clamp(*config::MAJORS.start(), *config::MAJORS.end());
    let known = match nearest {
        it if it == said.major => String::new(),
        it => format!("; {it} is the nearest that lockkeeper knows"),
    };
    format!("{head}: {because}{known}.\npostgres = {nearest}\n")
}

fn paths(survey: &Survey, folder: &Path) -> String {
    let mut text = "# The migrations: what is linted when the command line names nothing.\n".to_owned();
    if survey.projects.histories.is_empty() {
        return text + "# paths = [\"migrations\"]\n";
    }
    text += "paths = [\n";
    for history in &survey.projects.histories {
        let path = named(history, folder);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "    {}, # {}", quoted(&path), plain(&in_words(history)));
    }
    text + "]\n"
}

fn schema(survey: &Survey, folder: &Path) -> String {
    let mut text =
        "# What was there before any migration: a `pg_dump --schema-only` file, or a folder of SQL files.\n"
            .to_owned();
    let (results, mut before): (Vec<_>, Vec<_>) = survey.schemas.iter().partition(|it| it.is_result);
    for result in results {
        let path = plain(&place::relative(&result.path, folder));
        let _ = writeln!(
            text,
            "# {path} has tables that the migrations make: it is what they lead to, and is not read."
        );
    }
    if before.len() > 1 {
        text += "# There are several here; name those that were there before the migrations above.\n";
    }
    let is_only_one = before.len() == 1;
    if before.is_empty() {
        return text + "# schema = [\"schema.sql\"]\n";
    }
    before.sort_by(|a, b| a.path.cmp(&b.path));
    let before: Vec<String> = before.iter().map(|it| quoted(&place::relative(&it.path, folder))).collect();
    let mark = if is_only_one { "" } else { "# " };
    text + &format!("{mark}schema = [{}]\n", before.join(", "))
}

fn obey(survey: &Survey) -> String {
    let squawk = survey.squawk.as_ref().map(|_| "squawk");
    let mut names: Vec<&str> = survey.foreign.iter().map(|it| it.name).chain(squawk).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return String::new();
    }
    format!(
        "# Other linters whose comments are obeyed, and whose rules' names stand for ours.\nobey = [{}]\n",
        names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
    )
}

fn exclude(survey: &Survey) -> String {
    let paths = survey.squawk.iter().flat_map(|it| &it.excluded_paths);
    let paths: Vec<String> = paths.map(|it| quoted(it)).collect();
    if paths.is_empty() {
        return String::new();
    }
    format!("# What the walk of a folder leaves out, as squawk did.\nexclude = [{}]\n", paths.join(", "))
}

fn rules(survey: &Survey) -> String {
    let mut text =
        "# Severities by rule: \"error\", \"warning\", \"note\" or \"off\". `lockkeeper rules` lists them.\n\
                    [rules]\n\
                    # waits-without-lock-timeout = \"error\"\n"
            .to_owned();
    let off: Vec<&String> = survey.squawk.iter().flat_map(|it| &it.excluded_rules).collect();
    if !off.is_empty() {
        text += "# Off for squawk, by its names; `lockkeeper explain NAME` says for what they stand.\n";
    }
    let off: BTreeSet<&String> = off.into_iter().collect();
    text.extend(off.into_iter().flat_map(|it| [it, " = \"off\"\n"]));
    text
}

/// The folder of a history, as the configuration names it.
pub(super) fn named(history: &History, folder: &Path) -> String {
    let path = history.folder.as_deref().unwrap_or(folder);
    match place::relative(path, folder) {
        it if it.is_empty() => ".".to_owned(),
        it => it,
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// What may stand in a comment: a path or a line of a file may have anything.
fn plain(text: &str) -> String {
    text.replace(char::is_control, "?")
}
