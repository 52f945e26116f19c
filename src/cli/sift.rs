//! What the user has declared of findings: overrides first, then the baseline.

use std::path::Path;

use super::{World, known::Known, place, prepared::Prepared, today::today, traffic::ended};
use crate::{
    config::Config,
    error::Error,
    finding::{Finding, Severity},
    lint::{InputRole, LintedFile, Shown, judge_overrides, judge_snapshot},
    report::{self, HiddenBy},
    rule::{Override, OverrideMisuse, Overrides},
    sql::source::Source,
};

/// What findings go through before they are reported.
pub(super) struct Sift<'p> {
    prepared: &'p Prepared,
    overrides: Overrides,
    known: Option<Known>,
    /// What was declared of tables and has ended.
    ended: Vec<OverrideMisuse>,
    /// What of the tables was asked for so far.
    shown: Shown,
}

impl<'p> Sift<'p> {
    /// What `prepared` is to be sifted by; the day matters to overrides that end.
    pub(super) fn new(
        prepared: &'p Prepared,
        known: Option<Known>,
        world: &World<'_>,
    ) -> Result<Self, Error> {
        let config = &prepared.config;
        if config.overrides.is_empty() && config.tables.heats.is_empty() {
            let (overrides, ended, shown) = (Overrides::default(), Vec::new(), Shown::default());
            return Ok(Self { prepared, overrides, known, ended, shown });
        }
        let today = today(world)?;
        let overrides = Overrides::new(&config.overrides, today);
        let (ended, shown) = (ended(config, today).collect(), Shown::default());
        Ok(Self { prepared, overrides, known, ended, shown })
    }

    /// Whether the finding is to be reported, with the severity that it has then.
    pub(super) fn keep(&mut self, finding: &mut Finding) -> bool {
        self.hidden_by(finding).is_none()
    }

    /// What hides the finding; `None` if it is to be reported, with the severity that it has then.
    pub(super) fn hidden_by(&mut self, finding: &mut Finding) -> Option<HiddenBy> {
        if !self.overrides.is_empty() {
            self.overrides.apply(finding, &relative(&self.prepared.config, Path::new(&*finding.path)));
        }
        if finding.severity == Severity::Off {
            return Some(HiddenBy::Override);
        }
        self.known.as_mut().is_some_and(|it| it.has(finding)).then_some(HiddenBy::Baseline)
    }

    /// Takes note of what a file asked for.
    pub(super) fn see(&mut self, file: &LintedFile<'_>) {
        self.shown = self.shown.and(file.shown);
    }

    /// What is wrong with the snapshot. Only after all files.
    pub(super) fn of_snapshot(&self) -> Option<Finding> {
        let path = self.prepared.snapshot.as_deref()?;
        judge_snapshot(path, &self.prepared.options().traffic, self.shown, self.prepared.rules())
    }

    /// What is wrong with the overrides, and the configuration in which they stand. Only after all findings.
    pub(super) fn of_overrides(&self) -> (Source, Vec<Finding>) {
        let config = &self.prepared.config;
        let source = Source::new(config.path(), config.text().as_bytes().to_vec());
        let rules = self.prepared.rules();
        let mut misuses = self.overrides.misuses(rules, &|over: &Override| self.could_match(over));
        misuses.extend(self.ended.iter().cloned());
        let findings = judge_overrides(misuses, &source, rules);
        (source, findings)
    }

    /// What the report says of the baseline. Only after all findings.
    pub(super) fn of_baseline(&self) -> Option<report::Baseline> {
        self.known.as_ref().map(Known::told)
    }

    /// Whether the run is over all that the override may be for: otherwise it may be of use elsewhere.
    fn could_match(&self, over: &Override) -> bool {
        let Prepared { config, inputs, .. } = self.prepared;
        if self.prepared.is_partial() || inputs.n(InputRole::History) > 0 || inputs.has_stdin() {
            return false;
        }
        if !self.prepared.paths_are_given {
            return true;
        }
        // Of files named by hand nobody knows whether they are all; but of those that the override names, some are there.
        let judged = inputs.histories.iter().flatten().filter(|it| it.role == InputRole::Linted);
        let mut judged = judged.map(|it| relative(config, it.source.path()));
        match &over.paths {
            Some(paths) => judged.any(|it| paths.is_match(it)),
            None => config.paths.is_empty(),
        }
    }
}

fn relative(config: &Config, path: &Path) -> String {
    place::relative(path, &config.root)
}
