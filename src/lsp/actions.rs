//! What an editor offers for the statement under the cursor: the safe form, and the comment that allows a finding.

use std::collections::{BTreeMap, HashMap};

use lsp_types::{CodeAction, CodeActionKind, TextEdit, WorkspaceEdit};

use super::{
    document::{Judged, View},
    show::diagnostic,
};
use crate::{
    finding::{Edit, Finding, Severity, Span},
    fix::{Suggester, allow, may_follow},
    lint::LintedStatement,
};

/// All there is for what is selected.
pub(super) fn actions(view: &mut View<'_>, selected: Span) -> Vec<CodeAction> {
    let judged = view.judged;
    let (mut fixes, mut allows) = (Vec::new(), Vec::new());
    for statement in judged.statements_at(selected) {
        for finding in judged.findings_in(statement.span) {
            if let Some(edits) = fix(view, statement, finding) {
                let title = format!("Rewrite safely: {}", finding.rule);
                fixes.push(CodeAction { is_preferred: Some(true), ..action(title, &edits, finding, view) });
            }
            let title = format!("Allow {} here", finding.rule);
            allows.push(action(
                title,
                &[allow(view.text.as_str(), statement.span, &[finding.rule.as_ref()], "")],
                finding,
                view,
            ));
        }
    }
    // One comment is enough for all that a rule finds in a statement.
    allows.dedup_by(|a, b| a.title == b.title && a.edit == b.edit);
    fixes.into_iter().chain(allows).collect()
}

/// The edits that take a finding away, if they make nothing worse.
fn fix(view: &mut View<'_>, statement: &LintedStatement, finding: &Finding) -> Option<Vec<Edit>> {
    let (judged, surroundings) = (view.judged, &view.around.surroundings);
    let mut file = judged.only(statement, finding);
    let inputs = std::slice::from_ref(&judged.input);
    let (catalog, options) = (view.around.past.catalog().clone(), &surroundings.options);
    Suggester::after(catalog, inputs, options, &surroundings.lock_timeout).suggest(&mut file);
    let edits = file.findings.pop()?.fix?.edits;
    let after = view.around.judge(&edited(view.text.as_str(), &edits));
    let (before, now) = (counts(judged), counts(&after));
    let of = |counts: &BTreeMap<&str, usize>, rule: &str| counts.get(rule).copied().unwrap_or(0);
    let worse = |it: &Finding| {
        it.severity > Severity::Note && !may_follow(&it.rule) && of(&now, &it.rule) > of(&before, &it.rule)
    };
    let helps = of(&now, &finding.rule) < of(&before, &finding.rule);
    let is_worse = after.n_unreadable > judged.n_unreadable || after.findings.iter().any(worse);
    (helps && !is_worse).then_some(edits)
}

/// How often each rule has something to say.
fn counts(judged: &Judged) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for finding in &judged.findings {
        *counts.entry(finding.rule.as_str()).or_default() += 1;
    }
    counts
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let starts = std::iter::once(0).chain(edits.iter().map(|it| it.offset + it.length));
    let ends = edits.iter().map(|it| (it.offset, it.text.as_str())).chain([(text.len(), "")]);
    let parts = starts.zip(ends);
    parts.flat_map(|(start, (end, new))| [Span { start, end }.of(text), new]).collect()
}

fn action(title: String, edits: &[Edit], finding: &Finding, view: &View<'_>) -> CodeAction {
    let edits = edits.iter().map(|it| TextEdit {
        range: view.text.range(Span { start: it.offset, end: it.offset + it.length }),
        new_text: it.text.clone(),
    });
    #[expect(clippy::mutable_key_type, reason = "the protocol's own type; nobody changes a name")]
    let changes = HashMap::from([(view.uri.clone(), edits.collect())]);
    CodeAction {
        title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic(finding, view.text)]),
        edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
        ..CodeAction::default()
    }
}
