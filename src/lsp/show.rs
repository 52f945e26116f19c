//! Findings as diagnostics, and what a statement locks as a hover.

use lsp_types::{
    Diagnostic, DiagnosticSeverity, Hover, HoverContents, MarkupContent, MarkupKind, NumberOrString, Range,
};

use super::{document::Judged, text::Text};
use crate::{
    effect::{Locked, Target},
    finding::{Finding, Severity},
    lint::LintedStatement,
    rule::{blocked, in_words},
};

/// Who says so.
const SOURCE: &str = "lockkeeper";

/// A finding as a diagnostic.
pub(super) fn diagnostic(finding: &Finding, text: &Text) -> Diagnostic {
    let severity = match finding.severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Note | Severity::Off => DiagnosticSeverity::INFORMATION,
    };
    let help = finding.help.iter().map(|it| format!("\nhelp: {it}"));
    Diagnostic {
        range: text.range(finding.span),
        severity: Some(severity),
        code: Some(NumberOrString::String(finding.rule.to_string())),
        source: Some(SOURCE.to_owned()),
        message: std::iter::once(finding.message.clone()).chain(help).collect(),
        ..Diagnostic::default()
    }
}

/// Why nothing can be found, at the document's start.
pub(super) fn problem(why: &str) -> Diagnostic {
    Diagnostic {
        range: Range::default(),
        severity: Some(DiagnosticSeverity::ERROR),
        source: Some(SOURCE.to_owned()),
        message: why.trim_end().to_owned(),
        ..Diagnostic::default()
    }
}

/// What a statement locks, and what is wrong with it.
pub(super) fn hover(statement: &LintedStatement, judged: &Judged, text: &Text) -> Hover {
    let locks = statement.outcome.locks();
    let mut value = if locks.is_empty() {
        "Locks no table that was there before.\n".to_owned()
    } else {
        let rows = locks.iter().map(row);
        std::iter::once("| relation | lock | blocks | during |\n|---|---|---|---|\n".to_owned())
            .chain(rows)
            .collect()
    };
    for finding in judged.findings_in(statement.span) {
        let Finding { severity, rule, message, help, notes, .. } = finding;
        value.extend([format!("\n**{}** `{rule}`: {message}\n", severity.name())]);
        value.extend(notes.iter().map(|it| format!("- {it}\n")));
        value.extend(help.iter().map(|it| format!("- instead: {it}\n")));
    }
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
    Hover { contents, range: Some(text.range(statement.span)) }
}

fn row(locked: &Locked) -> String {
    let blocks = match locked.relation.target {
        Target::Existing => blocked(locked.lock.blocks()),
        Target::New => "nobody: it is new",
    };
    let work: Vec<&str> = locked.work.iter().map(in_words).collect();
    let name = locked.relation.name.to_string().replace('|', "\\|");
    format!("| `{name}` | {} | {blocks} | {} |\n", locked.lock, work.join(", "))
}
