//! `lockkeeper.toml`: raw TOML to a valid [`Config`]. A mistake is shown in its place, with the choices.
//!
//! A key exists only where a user needs it; each has a line in `default.toml`, which `lockkeeper config` prints.

mod declared;
mod find;
mod major;
mod mistake;
mod overrides;
mod raw;
mod traffic;

pub use find::find;
pub use major::{MAJORS, OLDEST_SUPPORTED, major as valid_major};
pub use traffic::{TableHeat, Tables};

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::{
    effect::Runner,
    error::Error,
    finding::Severity,
    migration::{self, Framework},
    rule::{Foreign, Override, Pack},
};
use mistake::mistake;
use raw::Raw;

/// The file that has every key with its default, as comments.
pub const DEFAULT: &str = include_str!("default.toml");

/// What the user declared. Paths are relative to nothing: they can be opened as they are.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The server's major version.
    pub postgres: Option<u16>,
    /// Files and folders that say what was there before any migration.
    pub schema: Vec<PathBuf>,
    /// What to lint when the command line names nothing.
    pub paths: Vec<PathBuf>,
    /// What the walk of a folder leaves out.
    pub exclude: GlobSet,
    /// What `exclude` is relative to: the configuration's folder.
    pub root: PathBuf,
    /// Since when what changed is judged.
    pub since: Option<String>,
    /// The findings that are left out, because they were there before.
    pub baseline: Option<PathBuf>,
    /// How the runner sends the files.
    pub transaction: Option<Runner>,
    /// The framework that runs them.
    pub framework: Option<&'static Framework>,
    /// The mildest severity that fails a run.
    pub fail_on: Option<FailOn>,
    /// The packs of rules that are asked for besides those that are on by default.
    pub packs: Vec<Pack>,
    /// Severities by rule, in order.
    pub rules: Vec<RuleSeverity>,
    /// What holds for some files or tables, in order; the rules not known to exist before [`Config::check_rules`].
    pub overrides: Vec<Override>,
    /// Where the user's own rules are.
    pub rules_folder: Option<PathBuf>,
    /// What a server said of its tables.
    pub snapshot: Option<PathBuf>,
    /// How long work takes that grows with a table.
    pub calibration: Option<PathBuf>,
    /// What is declared of tables.
    pub tables: Tables,
    /// Whether a suppression must say why.
    pub require_reason: bool,
    /// How many new files may lock the same table before it is told.
    pub lock_budget: Option<usize>,
    /// The other linters whose suppressions are obeyed.
    pub foreign: Vec<&'static Foreign>,
    /// Settings that the runner or its role puts in force before each file.
    pub session: Vec<(String, String)>,
    /// What `fix` sets `lock_timeout` to; `None` leaves it to `fix`.
    pub fix_lock_timeout: Option<String>,
    /// The rules that overrides name.
    overridden: Vec<Place>,
    source: Source,
}

/// A name and where it stands.
type Place = toml::Spanned<String>;

/// [`Runner`], as it is written.
#[derive(Clone, Copy, Debug, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Transaction {
    /// Each file is one transaction.
    File,
    /// Each statement is a transaction of its own.
    Own,
    /// All pending files are one transaction.
    Batch,
    /// Each file is one message: several statements are one transaction, a single one is not.
    Query,
}

impl From<Transaction> for Runner {
    fn from(transaction: Transaction) -> Self {
        match transaction {
            Transaction::File => Self::File,
            Transaction::Own => Self::Own,
            Transaction::Batch => Self::Batch,
            Transaction::Query => Self::Query,
        }
    }
}

/// The mildest severity that fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// Any finding.
    Note,
    /// No finding.
    Never,
}

impl FailOn {
    /// Whether findings of which `worst` is the worst fail a run.
    pub fn fails(self, worst: Severity) -> bool {
        match self {
            Self::Error => worst >= Severity::Error,
            Self::Warning => worst >= Severity::Warning,
            Self::Note => worst >= Severity::Note,
            Self::Never => false,
        }
    }
}

/// A severity that the user gave to a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSeverity {
    /// The rule's id; not known to exist before [`Config::check_rules`].
    pub id: String,
    /// Its severity, whatever the rule itself says.
    pub severity: Severity,
    /// The rules that the id stands for, if it is one of another linter that is obeyed; they may be none.
    pub stands_for: Option<Vec<&'static str>>,
    place: Range<usize>,
}

/// Where the configuration came from, to point into it.
#[derive(Clone, Debug, Default)]
struct Source {
    path: PathBuf,
    text: String,
}

impl Config {
    /// Reads the configuration in `path`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        Self::parse(path, text)
    }

    /// Reads `text` as the configuration in `path`.
    pub fn parse(path: &Path, text: String) -> Result<Self, Error> {
        let source = Source { path: path.to_owned(), text };
        let raw: Raw = toml::from_str(&source.text)
            .map_err(|error| source.mistake(error.message(), error.span().unwrap_or(0..0)))?;
        let root = path.parent().unwrap_or(Path::new(""));
        let below = |it: String| root.join(it);
        let mut config = Self {
            schema: raw.schema.into_iter().map(below).collect(),
            paths: raw.paths.into_iter().map(below).collect(),
            exclude: globs(&source, raw.exclude)?,
            root: std::path::absolute(Path::new(".").join(root)).unwrap_or_else(|_| root.to_owned()),
            since: raw.since,
            baseline: raw.baseline.map(below),
            snapshot: raw.snapshot.map(below),
            calibration: raw.calibration.map(below),
            tables: traffic::read(&source, raw.traffic, raw.table)?,
            transaction: raw.transaction.map(Into::into),
            fail_on: raw.fail_on,
            packs: raw.packs,
            rules_folder: raw.rules_folder.map(below),
            require_reason: raw.require_reason,
            lock_budget: raw.lock_budget,
            session: raw.session.settings(),
            ..Self::default()
        };
        for name in raw.obey {
            let known = Foreign::by_name(name.get_ref());
            config.foreign.push(known.map_err(|problem| source.mistake(&problem, name.span()))?);
        }
        if let Some(name) = raw.framework {
            let known = migration::framework::by_name(name.get_ref());
            config.framework = Some(known.map_err(|problem| source.mistake(&problem, name.span()))?);
        }
        if let Some(value) = raw.fix.lock_timeout {
            if duration_ms(value.get_ref()).is_none() {
                let problem = format!("`{}` is no time to wait, such as `2s` or `500ms`", value.get_ref());
                return Err(source.mistake(&problem, value.span()));
            }
            config.fix_lock_timeout = Some(value.into_inner());
        }
        if let Some(major) = raw.postgres {
            let place = major.span();
            let known = major::major(*major.get_ref());
            config.postgres = Some(known.map_err(|problem| source.mistake(&problem, place))?);
        }
        let severity = |(id, severity): (toml::Spanned<String>, Severity)| RuleSeverity {
            place: id.span(),
            stands_for: stands_for(&config.foreign, id.get_ref()),
            id: id.into_inner(),
            severity,
        };
        config.rules = raw.rules.into_iter().map(severity).collect();
        config.rules.sort_by_key(|it| it.place.start);
        for raw in raw.overrides {
            let (mut over, rules) = overrides::read(&source, raw)?;
            let ours = over.rules.iter().filter_map(|it| stands_for(&config.foreign, it));
            let ours: Vec<String> = ours.flatten().map(str::to_owned).collect();
            over.rules.extend(ours);
            config.overrides.push(over);
            config.overridden.extend(rules);
        }
        config.source = source;
        Ok(config)
    }

    /// The file; empty if there is none.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// What the file says.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The folder of the file; empty for the working directory, or if there is no file.
    pub fn folder(&self) -> &Path {
        self.source.path.parent().unwrap_or(Path::new(""))
    }

    /// Checks that every rule that has a severity is one of `ids`, or one of a linter that is obeyed.
    pub fn check_rules(&self, ids: &[&str]) -> Result<(), Error> {
        let is_ours = |id: &String| ids.contains(&id.as_str());
        let is_without = |it: &&RuleSeverity| {
            it.severity > Severity::Off && it.stands_for.as_ref().is_some_and(Vec::is_empty)
        };
        if let Some(rule) = self.rules.iter().find(|it| is_without(it) && !is_ours(&it.id)) {
            let problem = format!("`{}` has no counterpart here: nothing would be found", rule.id);
            return Err(self.source.mistake(&problem, rule.place.clone()));
        }
        let rules = self.rules.iter().map(|it| (&it.id, it.place.clone()));
        let rules = rules.chain(self.overridden.iter().map(|it| (it.get_ref(), it.span())));
        let mut rules = rules.filter(|it| !is_ours(it.0) && stands_for(&self.foreign, it.0).is_none());
        let Some((unknown, place)) = rules.next() else {
            return Ok(());
        };
        let choices: Vec<_> = ids.iter().map(|it| format!("`{it}`")).collect();
        let problem = format!("unknown rule `{unknown}`, expected one of {}", choices.join(", "));
        Err(self.source.mistake(&problem, place))
    }
}

/// Our rules that stand for a rule of another linter; `None` if none has one of this name.
fn stands_for(foreign: &[&'static Foreign], id: &str) -> Option<Vec<&'static str>> {
    let mut known = foreign.iter().filter_map(|it| it.ours(id)).peekable();
    known.peek()?;
    Some(known.flatten().copied().collect())
}

impl Source {
    fn mistake(&self, problem: &str, place: Range<usize>) -> Error {
        Error::Config { path: self.path.clone(), problem: mistake(&self.path, &self.text, problem, place) }
    }
}

/// A time that is not for ever, as the server reads it, in milliseconds.
fn duration_ms(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len()));
    let size = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u32>().ok().filter(|it| *it > 0).map(|it| u64::from(it) * size)
}

fn globs(source: &Source, patterns: Vec<toml::Spanned<String>>) -> Result<GlobSet, Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let wrong = |error: globset::Error| source.mistake(&error.kind().to_string(), pattern.span());
        // A folder's name means all that is in it, as in .gitignore.
        let text = pattern.get_ref().trim_end_matches('/');
        set.add(Glob::new(text).map_err(wrong)?);
        set.add(Glob::new(&format!("{text}/**")).map_err(wrong)?);
    }
    set.build().map_err(|error| source.mistake(&error.to_string(), 0..0))
}
