//! Comments that allow a finding.
//!
//! `-- lockkeeper: allow <rule>[, <rule>][: reason]` is for the next statement, or, at the end of a statement's line or inside it, for
//! that one. `-- lockkeeper: allow-file <rule>…` is for the whole file. Block comments do as well.
//! A name that is no rule allows nothing, and is a finding: a typo must not silence more than it says.

use super::{
    foreign::{Foreign, Reach},
    set::RuleSet,
};
use crate::finding::Span;

/// The rule that finds names that are no rules.
const UNKNOWN_RULE: &str = "unknown-rule-in-suppression";
/// The rule that finds suppressions without use.
const UNUSED: &str = "unused-suppression";

/// The rules that are about a change, and so find something while it is made only: what allows them is never without use.
const OF_CHANGES: [&str; 2] = ["merged-migration-edited", "migration-out-of-order"];

/// Whether a rule finds nothing unless it is known what changed.
pub(super) fn is_of_changes(rule: &str) -> bool {
    OF_CHANGES.contains(&rule)
}

/// The suppressions of one file.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    entries: Vec<Entry>,
    misuses: Vec<Misuse>,
}

/// One rule that one comment allows.
#[derive(Clone, Debug)]
struct Entry {
    rule: String,
    /// Which statement, by its index; `None` for the whole file.
    statement: Option<usize>,
    reason: Option<String>,
    span: Span,
    /// Whether it must be of use, and say why if that is asked for: another linter's comment need not.
    is_ours: bool,
    /// Whether another linter's name stands for it and perhaps for others, of which one may be of use.
    is_alias: bool,
    used: bool,
}

/// A comment that does not do what its writer thinks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misuse {
    /// The rule that finds it.
    pub rule: &'static str,
    /// The comment.
    pub span: Span,
    /// What is wrong with it, for the rule's message.
    pub detail: String,
}

impl Suppressions {
    /// Reads those among the comments of `source`. Comments and statements are in order; a comment's span includes its delimiters.
    ///
    /// The comments of the linters in `foreign` are obeyed too.
    pub fn read(
        source: &str,
        comments: &[Span],
        statements: &[Span],
        rules: &RuleSet,
        foreign: &[&Foreign],
    ) -> Self {
        let mut suppressions = Self::default();
        for span in comments {
            let Some(text) = inside(source.get(span.start..span.end).unwrap_or_default()) else { continue };
            for linter in foreign {
                suppressions.add_foreign(linter, text, *span, source, statements);
            }
            let Some(directive) = text.strip_prefix("lockkeeper:").map(str::trim) else { continue };
            match parse(directive) {
                Ok(allow) => suppressions.add(&allow, *span, source, statements, rules, foreign),
                Err(detail) => suppressions.misuses.push(Misuse { rule: UNKNOWN_RULE, span: *span, detail }),
            }
        }
        suppressions
    }

    /// Whether there are none, which is usual.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.misuses.is_empty()
    }

    /// Whether a comment allows this rule for the statement of this index, or, with `None`, for the file. Remembers that it was of use.
    pub fn allows(&mut self, rule: &str, statement: Option<usize>) -> bool {
        let mut allows = false;
        for entry in &mut self.entries {
            if entry.rule == rule && (entry.statement.is_none() || entry.statement == statement) {
                entry.used = true;
                allows = true;
            }
        }
        allows
    }

    /// The first suppression that gives no reason, for those who demand one.
    pub fn without_reason(&self) -> impl Iterator<Item = (Span, &str)> {
        self.entries
            .iter()
            .filter(|it| it.is_ours && it.reason.is_none())
            .map(|it| (it.span, it.rule.as_str()))
    }

    /// What is wrong with the comments, once all findings have asked. A rule that is off cannot be of use.
    pub fn misuses(&mut self, rules: &RuleSet) -> Vec<Misuse> {
        let mut misuses = std::mem::take(&mut self.misuses);
        misuses.retain(|it| !self.allows(it.rule, None));
        let may_be_unused = |it: &&Entry| {
            it.is_ours
                && !it.is_alias
                && it.rule != UNUSED
                && !is_of_changes(&it.rule)
                && rules.is_on(&it.rule)
        };
        let unused = self.entries.iter().filter(|it| !it.used).filter(may_be_unused);
        let unused = unused.map(|it| Misuse { rule: UNUSED, span: it.span, detail: it.rule.clone() });
        let unused: Vec<_> = unused.collect();
        if !unused.is_empty() && !self.allows(UNUSED, None) {
            misuses.extend(unused);
        }
        misuses.sort_by_key(|it| it.span.start);
        misuses
    }

    fn add_foreign(&mut self, linter: &Foreign, text: &str, span: Span, source: &str, statements: &[Span]) {
        let Some(allowed) = linter.read(text) else { return };
        let whole_file = match allowed.reach {
            Reach::Statement => false,
            Reach::File => true,
            Reach::StatementOrHead => is_head(span, source, statements),
        };
        let statement = if whole_file { None } else { statement_of(span, source, statements) };
        for name in allowed.unknown {
            let detail = format!("`{name}` is no rule of {}", linter.name);
            self.misuses.push(Misuse { rule: UNKNOWN_RULE, span, detail });
        }
        if whole_file || statement.is_some() {
            self.entries.extend(allowed.rules.into_iter().map(|rule| Entry {
                rule: rule.to_owned(),
                statement,
                reason: None,
                span,
                is_ours: false,
                is_alias: true,
                used: false,
            }));
        }
    }

    fn add(
        &mut self,
        allow: &Allow<'_>,
        span: Span,
        source: &str,
        statements: &[Span],
        rules: &RuleSet,
        foreign: &[&Foreign],
    ) {
        let statement = if allow.whole_file { None } else { statement_of(span, source, statements) };
        if !allow.whole_file && statement.is_none() {
            let detail = "no statement follows".to_owned();
            self.misuses.push(Misuse { rule: UNUSED, span, detail });
            return;
        }
        for rule in &allow.rules {
            let entry = |rule: &str, is_alias: bool| Entry {
                rule: rule.to_owned(),
                statement,
                reason: allow.reason.map(str::to_owned),
                span,
                is_ours: true,
                is_alias,
                used: false,
            };
            let aliased: Vec<_> = foreign.iter().filter_map(|it| it.ours(rule)).collect();
            if rules.find(rule).is_some() {
                self.entries.push(entry(rule, false));
            } else if !aliased.is_empty() {
                self.entries.extend(aliased.into_iter().flatten().map(|it| entry(it, true)));
            } else {
                let suggestion =
                    rules.nearest(rule).map_or(String::new(), |it| format!("; did you mean `{it}`?"));
                let detail = format!("`{rule}` is no rule{suggestion}");
                self.misuses.push(Misuse { rule: UNKNOWN_RULE, span, detail });
            }
        }
    }
}

/// What a comment says, without its delimiters.
fn inside(comment: &str) -> Option<&str> {
    let text = match comment.strip_prefix("--") {
        Some(text) => text,
        None => comment.strip_prefix("/*")?.trim_end_matches("*/"),
    };
    Some(text.trim_start_matches(['-', '*', ' ', '\t', '\r', '\n']).trim_end())
}

/// What a comment says.
struct Allow<'a> {
    whole_file: bool,
    rules: Vec<&'a str>,
    reason: Option<&'a str>,
}

fn parse(directive: &str) -> Result<Allow<'_>, String> {
    let (verb, rest) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
    let whole_file = match verb.trim_end_matches(':') {
        "allow" => false,
        "allow-file" => true,
        verb => {
            return Err(format!(
                "`{verb}` is not understood: write `allow <rule>: <reason>`, or `allow-file`"
            ));
        }
    };
    let (names, reason) = match rest.split_once(':') {
        Some((names, reason)) => (names, Some(reason.trim()).filter(|it| !it.is_empty())),
        None => (rest, None),
    };
    let rules: Vec<&str> = names.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
    if rules.is_empty() {
        return Err(format!("`{verb}` names no rule: write `{verb} <rule>: <reason>`"));
    }
    Ok(Allow { whole_file, rules, reason })
}

/// The statement that a comment is for: the one that it is in, or that ends on its line, or the next one.
fn statement_of(comment: Span, source: &str, statements: &[Span]) -> Option<usize> {
    let next = statements.partition_point(|it| it.start <= comment.start);
    let previous = next.checked_sub(1).and_then(|n| Some((n, statements.get(n)?)));
    if let Some((n, statement)) = previous
        && (comment.start < statement.end || ends_line_of(*statement, comment, source))
    {
        return Some(n);
    }
    (next < statements.len()).then_some(next)
}

/// Whether `comment` is at the head of its file, parted from the first statement by an empty line.
fn is_head(comment: Span, source: &str, statements: &[Span]) -> bool {
    let first = statements.first().map_or(source.len(), |it| it.start);
    let between = source.get(comment.end..first).unwrap_or_default();
    between.lines().skip(1).any(|it| it.trim().is_empty())
}

/// Whether `comment` is the last thing on the line on which `statement` ends.
fn ends_line_of(statement: Span, comment: Span, source: &str) -> bool {
    let between = source.get(statement.end..comment.start).unwrap_or("\n");
    let after = source.get(comment.end..).unwrap_or_default().lines().next().unwrap_or_default();
    !between.contains('\n') && (after.trim().is_empty() || after.trim() == ";")
}
