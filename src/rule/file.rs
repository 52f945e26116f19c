//! A rule's file: a Markdown page that begins with a heading and a `toml rule` fence.

use serde::{Deserialize, Deserializer, Serialize};
use smol_str::SmolStr;

use super::{
    example::{Example, examples},
    page::{Fence, fences, title},
    template::Template,
    when::When,
};
use crate::{error::Error, finding::Severity, suggest::toml_mistake, traffic::Heat};

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its file's stem: a slug that names the harm.
    pub id: SmolStr,
    /// The page's heading.
    pub title: String,
    /// What it belongs to.
    pub pack: Pack,
    /// How bad a finding is.
    pub severity: Severities,
    /// What is blocked, lost or broken: one line.
    pub message: Template,
    /// What to write instead: one line.
    pub help: Option<Template>,
    /// Who finds it, if conditions on effects cannot.
    pub produced_by: Option<Producer>,
    /// It fires only where no other rule has found the same of the same action.
    pub otherwise: bool,
    /// It is told once of a file, since one change mends all of it.
    pub once_a_file: bool,
    /// It fires where all conditions of any of these hold.
    pub when: Vec<When>,
    /// The whole page.
    pub page: String,
    /// The page's examples.
    pub examples: Vec<Example>,
}

/// What a rule belongs to, and so whether it is on by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pack {
    /// The migration blocks, fails, or loses data.
    Safety,
    /// The migration breaks the application that runs.
    Compat,
    /// The migration lets someone do more than they should.
    Security,
    /// The schema works, and will cost work later. Off by default.
    Hygiene,
    /// The schema is uneven. Off by default.
    Style,
}

impl Pack {
    /// Whether its rules are off unless the configuration asks for them.
    pub const fn is_opt_in(self) -> bool {
        matches!(self, Self::Hygiene | Self::Style)
    }

    /// The name in rules, configuration and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safety => "safety",
            Self::Compat => "compat",
            Self::Security => "security",
            Self::Hygiene => "hygiene",
            Self::Style => "style",
        }
    }
}

/// What finds something that is no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Producer {
    /// `lint`, which knows the file and its comments.
    Lint,
    /// `dry-run`, which runs the statement.
    DryRun,
}

/// How bad a finding is, by how much the table is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the heat of its name")]
pub struct Severities {
    pub hot: Severity,
    pub warm: Severity,
    pub cold: Severity,
    pub unknown: Severity,
}

impl Severities {
    /// The same for every table.
    pub const fn all(severity: Severity) -> Self {
        Self { hot: severity, warm: severity, cold: severity, unknown: severity }
    }

    /// How bad it is on a table of this heat.
    pub const fn at(self, heat: Heat) -> Severity {
        match heat {
            Heat::Hot => self.hot,
            Heat::Warm => self.warm,
            Heat::Cold => self.cold,
            Heat::Unknown => self.unknown,
        }
    }

    /// The worst that a finding can be.
    pub fn worst(self) -> Severity {
        self.hot.max(self.warm).max(self.cold).max(self.unknown)
    }
}

/// The `toml rule` fence.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Head {
    pack: Pack,
    #[serde(deserialize_with = "severities")]
    severity: Severities,
    message: String,
    help: Option<String>,
    produced_by: Option<Producer>,
    #[serde(default)]
    otherwise: bool,
    #[serde(default)]
    once_a_file: bool,
    #[serde(default)]
    when: Vec<When>,
}

impl Rule {
    /// Reads the page of the rule `id`.
    pub fn parse(id: &str, page: &str) -> Result<Self, Error> {
        parse(id, page).map_err(|problem| Error::Rule { id: id.to_owned(), problem })
    }

    /// Whether it is about where a statement stands rather than about what it does.
    pub fn is_of_situation(&self) -> bool {
        self.when
            .iter()
            .all(|it| it.transaction.is_some() || it.lock_timeout.is_some() || it.statement_timeout.is_some())
    }
}

fn parse(id: &str, page: &str) -> Result<Rule, String> {
    let is_slug =
        !id.is_empty() && id.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
    if !is_slug {
        return Err("a rule's name is lower-case words with hyphens".to_owned());
    }
    let title = title(page).ok_or("the page has no heading: begin it with `# What goes wrong`")?;
    let fences = fences(page);
    let fence =
        fences.iter().find(|it| it.info == "toml rule").ok_or("the page has no ```toml rule fence")?;
    let head: Head =
        toml::from_str(fence.text).map_err(|it| toml_mistake(&it, fence.text, fence.first_line))?;
    if head.when.is_empty() && head.produced_by.is_none() {
        let line = fence.first_line;
        return Err(format!(
            "line {line}: no [[when]], so the rule can never fire; add one with its conditions"
        ));
    }
    let template =
        |text: &str| Template::parse(text).map_err(|it| format!("line {}: {it}", line_of(fence, text)));
    Ok(Rule {
        id: id.into(),
        title: title.to_owned(),
        pack: head.pack,
        severity: head.severity,
        message: template(&head.message)?,
        help: head.help.as_deref().map(template).transpose()?,
        produced_by: head.produced_by,
        otherwise: head.otherwise,
        once_a_file: head.once_a_file,
        when: head.when,
        page: page.to_owned(),
        examples: examples(&fences)?,
    })
}

/// The line of the fence that has `text` in it.
fn line_of(fence: &Fence<'_>, text: &str) -> usize {
    fence.first_line + fence.text.lines().position(|line| line.contains(text)).unwrap_or(0)
}

/// Reads `"error"`, or a table with a severity for each heat.
fn severities<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severities, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ByHeat {
        hot: Severity,
        warm: Severity,
        cold: Severity,
        unknown: Severity,
    }
    match toml::Value::deserialize(deserializer)? {
        toml::Value::Table(table) => ByHeat::deserialize(table).map(|it| Severities {
            hot: it.hot,
            warm: it.warm,
            cold: it.cold,
            unknown: it.unknown,
        }),
        value => Severity::deserialize(value).map(Severities::all),
    }
    .map_err(|it| serde::de::Error::custom(it.message()))
}
