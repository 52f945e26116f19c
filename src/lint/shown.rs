//! Whether a snapshot shows the tables that it is asked about: one of another database would make everything look checked.

use std::path::Path;

use super::{fingerprint, replay::Ran};
use crate::{
    catalog::Catalog,
    effect::{Relation, Target},
    finding::{Finding, Position, Span},
    rule::RuleSet,
    traffic::Traffic,
};

const NOTHING: &str = "snapshot-shows-nothing";

/// What of the tables was asked for so far, and whether the snapshot has any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Whether a statement locks a table that is in use.
    pub is_asked: bool,
    /// Whether the snapshot has a table of those that there are.
    pub is_answered: bool,
}

impl Shown {
    /// With what was seen elsewhere.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { is_asked: self.is_asked || other.is_asked, is_answered: self.is_answered || other.is_answered }
    }

    /// With the tables that were there before what is judged.
    pub(super) fn before(&mut self, catalog: &Catalog, traffic: &Traffic) {
        let tables = catalog.relations().filter(|it| it.kind.has_rows());
        let as_locked =
            |it: &crate::catalog::Relation| Relation::new(it.name.clone(), it.kind, Target::Existing);
        self.is_answered =
            self.is_answered || tables.map(|it| as_locked(it)).any(|it| traffic.table(&it).is_some());
    }

    /// With the tables that statements lock.
    pub(super) fn locked(&mut self, statements: &[Ran], traffic: &Traffic) {
        if self.is_asked && self.is_answered {
            return;
        }
        let relations = statements.iter().flat_map(|it| &it.outcome.effects).filter(|it| it.lock.is_some());
        let relations = relations.filter_map(|it| it.relation.as_ref());
        for table in relations.filter(|it| it.target == Target::Existing && it.kind.has_rows()) {
            self.is_asked = true;
            self.is_answered = self.is_answered || traffic.table(table).is_some();
        }
    }
}

/// What is wrong with the snapshot in `path`, after all that was `shown` of it.
pub fn judge_snapshot(path: &Path, traffic: &Traffic, shown: Shown, rules: &RuleSet) -> Option<Finding> {
    let snapshot = traffic.snapshot()?;
    let detail = if traffic.has_no_table() {
        "has no table at all"
    } else if shown.is_asked && !shown.is_answered {
        "has none of the tables that the migrations are about"
    } else {
        return None;
    };
    let judgement = rules.say(NOTHING, &format!("{snapshot} {detail}"), None)?;
    let start = Position { line: 1, column: 1 };
    Some(Finding {
        rule: judgement.rule.id.clone(),
        severity: judgement.severity,
        path: path.to_string_lossy().into(),
        span: Span { start: 0, end: 0 },
        start,
        end: start,
        relation: None,
        message: judgement.message,
        help: judgement.help,
        notes: judgement.notes,
        fingerprint: fingerprint::in_digits(fingerprint::of(NOTHING, None, "", 0)),
        fix: None,
        overridden: None,
        damage: None,
    })
}
