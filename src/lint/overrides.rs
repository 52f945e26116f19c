//! Findings about the configuration: overrides that have ended, or that nothing needs.

use super::fingerprint;
use crate::{
    finding::Finding,
    rule::{OverrideMisuse, RuleSet},
    sql::source::Source,
};

/// What is wrong with the overrides in a configuration: the findings about them.
pub fn judge_overrides(
    misuses: Vec<OverrideMisuse>,
    configuration: &Source,
    rules: &RuleSet,
) -> Vec<Finding> {
    let finding = |misuse: OverrideMisuse| {
        let judgement = rules.say(misuse.rule, &misuse.detail, None)?;
        let text = fingerprint::normalise(misuse.span.of(configuration.text()));
        Some(Finding {
            rule: judgement.rule.id.clone(),
            severity: judgement.severity,
            path: configuration.path().to_string_lossy().into(),
            span: misuse.span,
            start: configuration.position(misuse.span.start),
            end: configuration.position(misuse.span.end),
            relation: None,
            message: judgement.message,
            help: judgement.help,
            notes: judgement.notes,
            fingerprint: fingerprint::in_digits(fingerprint::of(misuse.rule, None, &text, 0)),
            fix: None,
            overridden: None,
            damage: judgement.damage,
        })
    };
    misuses.into_iter().filter_map(finding).collect()
}
