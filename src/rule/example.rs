//! The examples of a rule's page, which are its tests.
//!
//! A `sql schema` fence says what existed before the examples that follow it, `sql deploy` fences after it are the new files before each of
//! them, and a `sql merged` fence is what these said when they were merged; a `toml config` fence is their lockkeeper.toml, and a `json snapshot` fence what a server said of their tables. A `text` fence after a bad example is its report.

use serde::Deserialize;

use super::page::Fence;
use crate::{effect::Runner, suggest::toml_mistake};

/// A migration in a rule's page, and what the rule must say of it.
#[derive(Clone, Debug)]
pub struct Example {
    /// What must happen.
    pub mark: Mark,
    /// The migration.
    pub sql: String,
    /// What existed before.
    pub schema: String,
    /// The new files that run before it in the same deploy.
    pub deploy: Vec<String>,
    /// What it said when it was merged, if it was.
    pub merged: Option<String>,
    /// The configuration that it is linted with.
    pub config: Option<String>,
    /// The snapshot that it is linted with.
    pub snapshot: Option<String>,
    /// How it is linted.
    pub options: ExampleOptions,
    /// The report shown below it.
    pub report: Option<String>,
    /// The line of its first line, 1-based.
    pub line: usize,
}

/// What a rule must say of an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The rule finds it, once.
    Bad,
    /// No rule at all finds more than a note: it is advice.
    Good,
    /// This rule finds nothing; another may.
    Elsewhere,
}

/// How an example is linted: what follows its mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExampleOptions {
    /// The server's major version.
    pub pg: Option<u16>,
    /// How far the runner's transaction reaches, when that is said.
    pub transaction: Option<Runner>,
    /// Whether a suppression must say why.
    pub reasons: Option<Reasons>,
    /// It is not merged yet, and runs before this file, which is.
    pub behind: Option<String>,
}

/// Whether a suppression must say why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reasons {
    /// It must.
    Required,
    /// It need not.
    Optional,
}

/// The examples among a page's fences; the error is what is wrong, with its line.
pub(super) fn examples(fences: &[Fence<'_>]) -> Result<Vec<Example>, String> {
    let mut examples: Vec<Example> = Vec::new();
    let mut schema = String::new();
    let (mut merged, mut config, mut snapshot, mut deploy) = (None, None, None, Vec::new());
    let mut report_follows = false;
    for fence in fences {
        let mut words = fence.info.split_whitespace();
        match (words.next(), words.next()) {
            (Some("sql"), Some("schema")) => {
                fence.text.clone_into(&mut schema);
                deploy.clear();
            }
            (Some("sql"), Some("deploy")) => deploy.push(fence.text.to_owned()),
            (Some("toml"), Some("config")) => config = Some(fence.text.to_owned()),
            (Some("json"), Some("snapshot")) => snapshot = Some(fence.text.to_owned()),
            (Some("sql"), Some("merged")) => merged = Some(fence.text.to_owned()),
            (Some("sql"), Some(mark)) => {
                let (mark, options) = (parse_mark(mark, fence)?, parse_options(words, fence)?);
                let (sql, schema, merged) = (fence.text.to_owned(), schema.clone(), merged.clone());
                let (config, snapshot) = (config.clone(), snapshot.clone());
                let (deploy, line, report) = (deploy.clone(), fence.first_line, None);
                examples.push(Example {
                    mark,
                    sql,
                    schema,
                    deploy,
                    merged,
                    config,
                    snapshot,
                    options,
                    report,
                    line,
                });
            }
            (Some("text"), None) if report_follows => {
                if let Some(example) = examples.last_mut() {
                    example.report = Some(fence.text.to_owned());
                }
            }
            _ => {}
        }
        report_follows = fence.info.starts_with("sql bad");
    }
    Ok(examples)
}

fn parse_mark(mark: &str, fence: &Fence<'_>) -> Result<Mark, String> {
    match mark {
        "bad" => Ok(Mark::Bad),
        "good" => Ok(Mark::Good),
        "elsewhere" => Ok(Mark::Elsewhere),
        _ => Err(format!(
            "line {}: unknown mark `{mark}`, expected one of `bad`, `good`, `elsewhere`, `schema`, `deploy`, `merged`",
            fence.first_line - 1
        )),
    }
}

/// Reads `pg=13 transaction=file` as the TOML that it nearly is.
fn parse_options<'a>(
    words: impl Iterator<Item = &'a str>,
    fence: &Fence<'_>,
) -> Result<ExampleOptions, String> {
    let lines = words.map(|word| match word.split_once('=') {
        Some((key, value)) if value.parse::<u16>().is_err() => format!("{key} = \"{value}\" "),
        _ => format!("{word} "),
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    toml::from_str(&text).map_err(|it| {
        let mistake = toml_mistake(&it, "", fence.first_line - 1);
        format!("{mistake} (after `{}`)", fence.info)
    })
}
