//! Commands that print what lockkeeper itself knows.

use std::path::Path;

use clap::CommandFactory;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::{CLEAN, World, args::Args, configured};
use crate::{
    error::Error,
    finding::Severity,
    rule::{Foreign, Pack, Rule, RuleSet, Severities},
};

/// Prints `text` as it is.
pub(super) fn text(text: &str, world: &mut World<'_>) -> Result<u8, Error> {
    world.stdout.write_all(text.as_bytes()).map_err(Error::Report)?;
    Ok(CLEAN)
}

/// Prints a rule's page.
pub(super) fn explain(id: &str, config: Option<&Path>, world: &mut World<'_>) -> Result<u8, Error> {
    let rules = known(config)?;
    let Some(rule) = rules.find(id) else {
        return Err(Error::Usage(format!("no rule is called `{id}`; {}", meant(id, &rules))));
    };
    text(rule.page.trim_start(), world)
}

/// What to look at instead of a rule that is not there.
fn meant(id: &str, rules: &RuleSet) -> String {
    let foreign = Foreign::all().iter().find_map(|it| Some((it.name, it.ours(id)?)));
    match (foreign, rules.nearest(id)) {
        (Some((linter, [])), _) => format!("{linter} has one, which has no counterpart here"),
        (Some((linter, ours)), _) => {
            let ours: Vec<String> = ours.iter().map(|it| format!("`{it}`")).collect();
            format!("{linter} has one, which stands for {}", ours.join(", "))
        }
        (None, Some(nearest)) => format!("did you mean `{nearest}`?"),
        (None, None) => "`lockkeeper rules` lists them".to_owned(),
    }
}

/// Prints all rules.
pub(super) fn rules(json: bool, config: Option<&Path>, world: &mut World<'_>) -> Result<u8, Error> {
    let rules = known(config)?;
    let text_of = if json { json_of } else { table_of };
    text(&text_of(&rules), world)
}

/// Prints a completion script.
pub(super) fn completions(shell: clap_complete::Shell, world: &mut World<'_>) -> Result<u8, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "lockkeeper", &mut script);
    world.stdout.write_all(&script).map_err(Error::Report)?;
    Ok(CLEAN)
}

fn known(config: Option<&Path>) -> Result<RuleSet, Error> {
    let here: [&Path; 0] = [];
    configured::rules(&configured::configuration(config, &here)?)
}

fn table_of(rules: &RuleSet) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["RULE", "SEVERITY", "PACK", "WHAT IT FINDS"]);
    for rule in rules.rules() {
        let row = Row::of(rule);
        table.add_row([row.id, &severities(rule.severity), row.pack.name(), row.title]);
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// `error`, or, if that depends on how much a table is used, `warning to error`.
fn severities(of: Severities) -> String {
    let (worst, mildest) = (of.worst(), of.hot.min(of.warm).min(of.cold).min(of.unknown));
    if worst == mildest { worst.name().to_owned() } else { format!("{} to {}", mildest.name(), worst.name()) }
}

/// A rule in `rules --json`.
#[derive(Serialize)]
struct Row<'r> {
    id: &'r str,
    pack: Pack,
    title: &'r str,
    severity: ByTraffic,
}

#[derive(Serialize)]
struct ByTraffic {
    hot: &'static str,
    warm: &'static str,
    cold: &'static str,
    unknown: &'static str,
}

impl<'r> Row<'r> {
    fn of(rule: &'r Rule) -> Self {
        let Severities { hot, warm, cold, unknown } = rule.severity;
        let [hot, warm, cold, unknown] = [hot, warm, cold, unknown].map(Severity::name);
        Self {
            id: &rule.id,
            pack: rule.pack,
            title: &rule.title,
            severity: ByTraffic { hot, warm, cold, unknown },
        }
    }
}

fn json_of(rules: &RuleSet) -> String {
    let rows: Vec<_> = rules.rules().iter().map(Row::of).collect();
    // Strings and enums cannot fail to become JSON.
    let json = serde_json::to_string(&rows).unwrap_or_default();
    format!("{json}\n")
}
