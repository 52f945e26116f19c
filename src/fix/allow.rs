//! The comment that allows a finding, written above its statement.

use std::collections::BTreeMap;

use super::layout::Layout;
use crate::finding::{Edit, Finding, Span};

/// The edit that allows `rules` for the statement at `statement`: a comment on the line above, or, if the statement does not begin its
/// line, on a line of its own before it.
pub fn allow(text: &str, statement: Span, rules: &[&str], reason: &str) -> Edit {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let comment = format!("-- lockkeeper: allow {}: {reason}", rules.join(", "));
    let line = text.get(..statement.start).and_then(|it| it.rfind('\n')).map_or(0, |it| it + 1);
    let before = Span { start: line, end: statement.start }.of(text);
    if before.chars().all(char::is_whitespace) {
        Edit { offset: line, length: 0, text: format!("{before}{comment}{newline}") }
    } else {
        Edit { offset: statement.start, length: 0, text: format!("{newline}{comment}{newline}") }
    }
}

/// The edits that allow all of `findings` in one file, in order. What belongs to no statement cannot be allowed so.
pub(super) fn allow_all(text: &str, findings: &[Finding], reason: &str) -> Vec<Edit> {
    let layout = Layout::of(text);
    let mut by_statement: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for finding in findings {
        let Some(n) = layout.at(finding.span) else { continue };
        let rules = by_statement.entry(n).or_default();
        if !rules.contains(&finding.rule.as_ref()) {
            rules.push(finding.rule.as_ref());
        }
    }
    let statements =
        by_statement.into_iter().filter_map(|(n, rules)| Some((layout.pieces.get(n)?.span, rules)));
    statements.map(|(span, rules)| allow(text, span, &rules, reason)).collect()
}
