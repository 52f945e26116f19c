//! Effects to findings: the rules, and the comments that allow them. Files are independent of each other here too.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{
    Input, InputRole, LintedFile, LintedStatement, Options, change, fingerprint,
    replay::{Ran, Replayed},
};
use crate::{
    effect::Outcome,
    finding::{Finding, Span},
    rule::{Judgement, RuleSet, Suppressions, Weights},
    sql::statement::StatementKind,
    traffic::{Heat, Traffic},
};

/// Judges every file.
pub(super) fn all<'i>(
    files: Vec<(&'i Input, Replayed)>,
    rules: &RuleSet,
    options: &Options,
) -> Vec<LintedFile<'i>> {
    files.into_par_iter().map(|(input, replayed)| file(input, replayed, rules, options)).collect()
}

/// Judges one file.
pub(super) fn file<'i>(
    input: &'i Input,
    replayed: Replayed,
    rules: &RuleSet,
    options: &Options,
) -> LintedFile<'i> {
    let is_judged = input.role == InputRole::Linted;
    let spans: Vec<Span> = replayed.statements.iter().map(|it| it.span).collect();
    let mut suppressions =
        Suppressions::read(input.source.text(), &replayed.comments, &spans, rules, &options.foreign);
    let mut judged = Judged {
        input,
        path: input.source.path().to_string_lossy().into(),
        findings: Vec::new(),
        alike: FxHashMap::default(),
        normal: (None, String::new()),
    };
    judged.change(&spans, rules, &mut suppressions);
    for (n, ran) in replayed.statements.iter().enumerate() {
        let weights = Weights { traffic: &options.traffic, held: ran.held };
        judged.statement(n, ran, &weights, rules, &mut suppressions);
    }
    if is_judged {
        judged.misuses(rules, &mut suppressions, options);
    }
    judged.findings.sort_by_key(|it| it.span);
    let is_unreadable = |it: &&Ran| it.outcome.statement == StatementKind::Unreadable;
    let n_unreadable = replayed.statements.iter().filter(is_unreadable).count();
    let place = |offset| input.source.position(offset);
    let unread = replayed.statements.iter().filter(is_unreadable).map(|it| it.span);
    let unread = unread.filter(|it| !input.change.touches(place(it.start), place(it.end)));
    let unread = unread.map(|it| place(it.start)).collect();
    let n_statements = replayed.statements.len();
    let statements = replayed.statements.into_iter().filter(|_| is_judged && options.keep_statements);
    let statements = statements.map(|ran| LintedStatement {
        span: ran.span,
        start: input.source.position(ran.span.start),
        heats: heats(&ran.outcome, &options.traffic),
        held: ran.held,
        outcome: ran.outcome,
    });
    let statements = statements.collect();
    LintedFile {
        input,
        runner: replayed.runner,
        parts: replayed.parts,
        n_statements,
        n_unreadable,
        unread,
        statements,
        waits: replayed.waits,
        shown: replayed.shown,
        findings: judged.findings,
    }
}

fn heats(outcome: &Outcome, traffic: &Traffic) -> Vec<Heat> {
    // To look for what is locked takes time, and most runs know of no table.
    if traffic.is_empty() {
        return Vec::new();
    }
    outcome.locks().iter().map(|it| traffic.heat(&it.relation)).collect()
}

/// The findings of one file so far.
struct Judged<'i> {
    input: &'i Input,
    path: Arc<str>,
    findings: Vec<Finding>,
    /// How many findings there are of each rule, relation and statement text.
    alike: FxHashMap<fingerprint::Bytes, usize>,
    /// The statement at hand in its normal form: most have several findings.
    normal: (Option<Span>, String),
}

impl Judged<'_> {
    fn statement(
        &mut self,
        n: usize,
        ran: &Ran,
        weights: &Weights<'_>,
        rules: &RuleSet,
        suppressions: &mut Suppressions,
    ) {
        for said in &ran.said {
            if let Some(judgement) = rules.say(said.rule, &said.detail, said.relation.clone())
                && !suppressions.allows(said.rule, Some(n))
            {
                self.add(judgement, said.at, ran.span);
            }
        }
        for judgement in rules.judge(&ran.outcome, weights) {
            if suppressions.allows(&judgement.rule.id, Some(n)) {
                continue;
            }
            let first = judgement.effects.first().copied().unwrap_or_default();
            let at = ran.origins.iter().find(|it| it.0.contains(&first)).map_or(ran.span, |it| it.1);
            self.add(judgement, at, ran.span);
        }
    }

    /// What is wrong with the change of the file itself.
    fn change(&mut self, statements: &[Span], rules: &RuleSet, suppressions: &mut Suppressions) {
        let Some(said) = change::said(self.input, statements) else { return };
        let statement = statements.iter().position(|it| *it == said.at);
        if let Some(judgement) = rules.say(said.rule, &said.detail, None)
            && !suppressions.allows(said.rule, statement)
        {
            let finding = self.finding(judgement, said.at, said.at);
            self.findings.push(finding);
        }
    }

    /// What is wrong with the suppressions themselves.
    fn misuses(&mut self, rules: &RuleSet, suppressions: &mut Suppressions, options: &Options) {
        for misuse in suppressions.misuses(rules) {
            if let Some(judgement) = rules.say(misuse.rule, &misuse.detail, None) {
                self.add(judgement, misuse.span, misuse.span);
            }
        }
        if options.require_reason {
            let without: Vec<(Span, String)> =
                suppressions.without_reason().map(|(span, rule)| (span, rule.to_owned())).collect();
            for (span, rule) in without {
                if let Some(judgement) = rules.say("suppression-without-reason", &rule, None) {
                    self.add(judgement, span, span);
                }
            }
        }
    }

    /// Reports what is in a statement that changed.
    fn add(&mut self, judgement: Judgement<'_>, at: Span, statement: Span) {
        let (input, finding) = (self.input, self.finding(judgement, at, statement));
        let place = |offset| input.source.position(offset);
        if input.change.touches(place(statement.start), place(statement.end)) {
            self.findings.push(finding);
        }
    }

    /// Findings that are alike are counted also where they are not reported: the count is in their names.
    fn finding(&mut self, judgement: Judgement<'_>, at: Span, statement: Span) -> Finding {
        let source = &self.input.source;
        let relation = judgement.relation.as_ref().map(|it| it.name.to_string());
        let (rule, text) = (judgement.rule.id.as_str(), statement.of(source.text()));
        if self.normal.0 != Some(statement) {
            self.normal = (Some(statement), fingerprint::normalise(text));
        }
        let mut fingerprint = fingerprint::of(rule, relation.as_deref(), &self.normal.1, 0);
        let n_alike = self.alike.entry(fingerprint).or_default();
        if *n_alike > 0 {
            fingerprint = fingerprint::of(rule, relation.as_deref(), &self.normal.1, *n_alike);
        }
        *n_alike += 1;
        Finding {
            rule: judgement.rule.id.clone(),
            severity: judgement.severity,
            path: Arc::clone(&self.path),
            span: at,
            start: source.position(at.start),
            end: source.position(at.end),
            relation,
            message: judgement.message,
            help: judgement.help,
            notes: judgement.notes,
            fingerprint: fingerprint::in_digits(fingerprint),
            fix: None,
            overridden: None,
            damage: judgement.damage,
        }
    }
}
