//! What is the same all through a file is told once, where it is first and worst.

use std::collections::HashSet;

use crate::{
    finding::Finding,
    rule::{RuleSet, list},
};

/// How many further places are named.
const MAX_PLACES: usize = 8;

/// Leaves one finding of each rule that is told once a file, with the places of the others.
pub(super) fn merge(findings: &mut Vec<Finding>, rules: &RuleSet) {
    let is_once = |id: &str| rules.find(id).is_some_and(|it| it.once_a_file);
    let told: HashSet<_> = findings.iter().map(|it| it.rule.clone()).filter(|it| is_once(it)).collect();
    for rule in told {
        let severity = findings.iter().filter(|it| it.rule == rule).map(|it| it.severity).max();
        let kept = findings.iter().position(|it| it.rule == rule && Some(it.severity) == severity);
        let Some(kept) = kept else { continue };
        let others = findings.iter().enumerate().filter(|(n, it)| it.rule == rule && *n != kept);
        let mut lines: Vec<u32> = others.map(|(_, it)| it.start.line).collect();
        lines.dedup();
        if let Some(note) = note(&lines)
            && let Some(finding) = findings.get_mut(kept)
        {
            finding.notes.push(note);
        }
        let mut n = 0..;
        findings.retain(|it| n.next() == Some(kept) || it.rule != rule);
    }
}

/// Where else it is so.
fn note(lines: &[u32]) -> Option<String> {
    let named = lines.iter().take(MAX_PLACES).map(ToString::to_string);
    let n_more = lines.len().saturating_sub(MAX_PLACES);
    let more = (n_more > 0).then(|| format!("{n_more} more"));
    let places: Vec<String> = named.chain(more).collect();
    let noun = if lines.len() == 1 { "line" } else { "lines" };
    (!places.is_empty()).then(|| format!("it is the same in {noun} {}", list(&places)))
}
