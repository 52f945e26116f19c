//! All rules of a run: those built in, and the user's own.

use include_dir::{Dir, include_dir};
use rustc_hash::FxHashMap;

use super::{
    file::{Pack, Rule, Severities},
    judge::{Judgement, judge},
    many::Many,
    template::Facts,
    weigh::Weights,
    when::When,
};
use crate::{
    effect::{Action, Effect, Outcome, Reason, Relation},
    error::Error,
    finding::Severity,
    suggest::nearest,
    traffic::Heat,
};

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// The rules of a run, by id.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    /// The rules that set `action` in each `[[when]]`, by those actions: most of them look at one.
    by_action: FxHashMap<Action, Vec<usize>>,
    /// Of the others, those that set `because` in each `[[when]]`, by those reasons.
    by_reason: FxHashMap<Reason, Vec<usize>>,
    /// The rules that must look at every effect.
    for_all: Vec<usize>,
}

impl RuleSet {
    /// The rules that are built in.
    pub fn embedded() -> Result<Self, Error> {
        let pages = EMBEDDED
            .files()
            .filter_map(|file| Some((file.path().file_stem()?.to_str()?, file.contents_utf8()?)));
        Self::default().with(pages)
    }

    /// These rules and those of `pages`: each the stem of its file's name, and its text.
    pub fn with<'a>(mut self, pages: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        for (id, page) in pages {
            if self.find(id).is_some() {
                let problem =
                    "there is a rule of this name; rename the file, or set its severity instead".to_owned();
                return Err(Error::Rule { id: id.to_owned(), problem });
            }
            self.rules.push(Rule::parse(id, page)?);
        }
        Ok(Self::of(self.rules))
    }

    /// The set of these rules.
    pub fn of(mut rules: Vec<Rule>) -> Self {
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let mut set = Self { rules, ..Self::default() };
        for (n, rule) in set.rules.iter().enumerate() {
            if let Some(actions) = all_of(rule, |it| it.action.as_ref()) {
                for action in actions {
                    add(set.by_action.entry(*action).or_default(), n);
                }
            } else if let Some(reasons) = all_of(rule, |it| it.because.as_ref()) {
                for reason in reasons {
                    add(set.by_reason.entry(*reason).or_default(), n);
                }
            } else {
                set.for_all.push(n);
            }
        }
        set
    }

    /// All rules, by id.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of this id.
    pub fn find(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|it| it.id == id)
    }

    /// The id that `id` was probably meant to be.
    pub fn nearest(&self, id: &str) -> Option<&str> {
        nearest(id, self.rules.iter().map(|it| it.id.as_str()))
    }

    /// Sets how bad the findings of a rule are; false if there is no such rule.
    pub fn set_severity(&mut self, id: &str, severity: Severity) -> bool {
        let rule = self.rules.iter_mut().find(|it| it.id == id);
        rule.map(|it| it.severity = Severities::all(severity)).is_some()
    }

    /// Switches off every rule of a pack that is off by default, unless it is one of `packs`.
    pub fn ask_for_packs(&mut self, packs: &[Pack]) {
        for rule in self.rules.iter_mut().filter(|it| it.pack.is_opt_in() && !packs.contains(&it.pack)) {
            rule.severity = Severities::all(Severity::Off);
        }
    }

    /// Whether a rule of this id can find anything.
    pub fn is_on(&self, id: &str) -> bool {
        self.find(id).is_some_and(|it| it.severity.worst() > Severity::Off)
    }

    /// What the rules say of a statement.
    pub fn judge(&self, outcome: &Outcome, weights: &Weights<'_>) -> Vec<Judgement<'_>> {
        judge(self, outcome, weights)
    }

    /// The judgement of a rule that `lint` found by itself; `None` if the rule is off.
    pub fn say(&self, id: &str, detail: &str, relation: Option<Relation>) -> Option<Judgement<'_>> {
        let rule = self.find(id)?;
        let name = relation.as_ref().map(|it| it.name.to_string());
        let facts = Facts::Said { detail, relation: name.as_deref() };
        let severity = rule.severity.at(Heat::Unknown);
        (severity > Severity::Off).then(|| Judgement {
            rule,
            severity,
            message: rule.message.fill(&facts),
            help: rule.help.as_ref().map(|it| it.fill(&facts)),
            notes: Vec::new(),
            damage: None,
            relation,
            effects: Vec::new(),
        })
    }

    /// The rules that an effect may concern, by their places in [`Self::rules`].
    pub(super) fn candidates(&self, effect: &Effect) -> impl Iterator<Item = usize> {
        let by_action = self.by_action.get(&effect.action);
        let by_reason = effect.because.and_then(|it| self.by_reason.get(&it));
        by_action.into_iter().chain(by_reason).flatten().chain(&self.for_all).copied()
    }
}

/// The values of one condition in all `[[when]]` of a rule; `None` if one of them does not set it.
fn all_of<T>(rule: &Rule, condition: fn(&When) -> Option<&Many<T>>) -> Option<Vec<&T>> {
    let values: Option<Vec<&Many<T>>> = rule.when.iter().map(condition).collect();
    values.map(|it| it.into_iter().flat_map(|it| &it.0).collect())
}

/// Adds a rule to a list, once: two `[[when]]` may name the same value.
fn add(rules: &mut Vec<usize>, rule: usize) {
    if rules.last() != Some(&rule) {
        rules.push(rule);
    }
}
