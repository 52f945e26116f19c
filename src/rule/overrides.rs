//! What the user declares of some files or tables: how bad findings are there, why, and until when.
//!
//! The last override that matches a finding decides. One that has ended matches nothing.

use globset::GlobSet;
use toml::value::Date;

use super::{set::RuleSet, suppress::is_of_changes};
use crate::finding::{Finding, Overridden, Severity, Span};

/// The rule that finds overrides that have ended.
const EXPIRED: &str = "expired-override";
/// The rule that finds overrides without use.
const UNUSED: &str = "unused-override";

/// One `[[override]]`.
#[derive(Clone, Debug)]
pub struct Override {
    /// The files, as seen from the configuration's folder; `None` is all.
    pub paths: Option<GlobSet>,
    /// The tables, as `schema.name`; `None` is all, and what is about no table.
    pub tables: Option<GlobSet>,
    /// The rules; empty is all.
    pub rules: Vec<String>,
    /// How bad a finding is there.
    pub severity: Severity,
    /// Why it is so.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// Its place in the configuration.
    pub span: Span,
    /// The same, as people read it: `lockkeeper.toml:12`.
    pub place: String,
}

/// The overrides of a run, and which of them were of use.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    over: Override,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unused,
    Used,
    Expired,
}

/// An override that does not do what its writer thinks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideMisuse {
    /// The rule that finds it.
    pub rule: &'static str,
    /// Its place in the configuration.
    pub span: Span,
    /// What is wrong with it, for the rule's message.
    pub detail: String,
}

impl OverrideMisuse {
    /// What was declared at this place has ended.
    pub fn expired(span: Span, until: Date) -> Self {
        Self { rule: EXPIRED, span, detail: until.to_string() }
    }
}

impl Overrides {
    /// The overrides that hold on this day.
    pub fn new(overrides: &[Override], today: Date) -> Self {
        let entry = |over: &Override| {
            let has_ended = over.until.is_some_and(|it| it < today);
            Entry { over: over.clone(), state: if has_ended { State::Expired } else { State::Unused } }
        };
        Self { entries: overrides.iter().map(entry).collect() }
    }

    /// Whether there are none, which is usual.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Gives a finding in the file `path` the severity that it has there. Remembers what was of use.
    pub fn apply(&mut self, finding: &mut Finding, path: &str) {
        let holds = |it: &&mut Entry| it.state != State::Expired && it.over.matches(finding, path);
        if let Some(entry) = self.entries.iter_mut().rev().find(holds) {
            entry.state = State::Used;
            let severity = std::mem::replace(&mut finding.severity, entry.over.severity);
            if severity != finding.severity {
                finding.overridden = Some(Box::new(entry.over.told(severity)));
            }
        }
    }

    /// What is wrong with the overrides, once all findings have asked. `could_match` says whether it would be known if one of these
    /// were of use.
    pub fn misuses(&self, rules: &RuleSet, could_match: &dyn Fn(&Override) -> bool) -> Vec<OverrideMisuse> {
        let misuse = |Entry { over, state }: &Entry| match state {
            State::Expired => over.until.map(|until| OverrideMisuse::expired(over.span, until)),
            State::Unused if could_match(over) && over.is_of(rules) => {
                Some(OverrideMisuse { rule: UNUSED, span: over.span, detail: String::new() })
            }
            State::Unused | State::Used => None,
        };
        self.entries.iter().filter_map(misuse).collect()
    }
}

impl Override {
    /// What a finding that was of this severity says of it.
    fn told(&self, severity: Severity) -> Overridden {
        Overridden {
            severity,
            reason: self.reason.clone(),
            until: self.until.map(|it| it.to_string()),
            place: self.place.clone(),
        }
    }

    fn matches(&self, finding: &Finding, path: &str) -> bool {
        (self.rules.is_empty() || self.rules.iter().any(|it| *it == finding.rule))
            && self.paths.as_ref().is_none_or(|it| it.is_match(path))
            && self
                .tables
                .as_ref()
                .is_none_or(|it| finding.relation.as_ref().is_some_and(|name| it.is_match(name)))
    }

    /// Whether a rule that it names can find anything in a run over everything.
    fn is_of(&self, rules: &RuleSet) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|it| rules.is_on(it) && !is_of_changes(it))
    }
}
