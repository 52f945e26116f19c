//! Statements that run inside another: the body of DO, and of functions that the history made and the file calls.
//!
//! Branches and loops are flattened: what may run counts as run.

use std::ops::Range;

use crate::{
    catalog::Catalog,
    effect::{Action, Effect, Manner, Outcome, locks, predict},
    finding::Span,
    sql::{
        Statement,
        statement::{Body, LazyBody, Name, Query, Transaction},
    },
};

/// How many calls deep functions are followed: deeper ones, and recursion, end here.
const MAX_CALLS: usize = 8;

/// Adds to `outcome` what the statements inside `statement` do, and applies them. `line` gives the line of a byte offset.
pub(super) fn run(
    statement: &Statement,
    span: Span,
    major: u16,
    catalog: &mut Catalog,
    outcome: &mut Outcome,
    origins: &mut Vec<(Range<usize>, Span)>,
    line: &dyn Fn(usize) -> u32,
) {
    let mut run = Run { major, catalog, outcome, origins, line, own: None };
    if let Statement::Do(body) = statement {
        return run.in_transaction(span, |run| run.body(body, span, Call::FIRST));
    }
    let bodies = run.bodies(statement);
    if !bodies.is_empty() {
        run.in_transaction(span, |run| run.called(&bodies, statement, span, Call::FIRST));
    }
}

/// How a body came to run.
#[derive(Clone, Copy)]
struct Call {
    /// Whether the body's offsets are places in the file; not so if it was made elsewhere.
    in_file: bool,
    /// Whether it was only done by DO and CALL, so that code may end the transaction.
    may_commit: bool,
    /// How many calls deep it is.
    depth: usize,
}

impl Call {
    /// That of the statement in the file.
    const FIRST: Self = Self { in_file: true, may_commit: true, depth: 0 };

    /// Of a body that `statement` runs.
    fn by(self, statement: &Statement) -> Self {
        let may_commit = self.may_commit && matches!(statement, Statement::Do(_) | Statement::Call { .. });
        Self { in_file: false, may_commit, depth: self.depth + 1 }
    }
}

struct Run<'r> {
    major: u16,
    catalog: &'r mut Catalog,
    outcome: &'r mut Outcome,
    origins: &'r mut Vec<(Range<usize>, Span)>,
    line: &'r dyn Fn(usize) -> u32,
    /// The first effect of the transaction that the statement is by itself; `None` inside another one.
    own: Option<usize>,
}

impl Run<'_> {
    /// Runs code inside a transaction: the one that is open, or the one that the statement is by itself.
    fn in_transaction(&mut self, span: Span, code: impl FnOnce(&mut Self)) {
        if self.catalog.session.open.is_some() {
            return code(self);
        }
        self.catalog.transaction(&Transaction::Begin);
        self.own = Some(0);
        code(self);
        self.end(&Transaction::Commit { chain: false }, span);
    }

    /// Ends the statement's own transaction; the locks that it held through work are told.
    fn end(&mut self, how: &Transaction, at: Span) {
        let effects = self.own.and_then(|first| self.outcome.effects.get(first..)).unwrap_or_default();
        let held = predict::held(effects, self.catalog, self.line);
        self.add(held, at);
        self.catalog.transaction(how);
        self.own = Some(self.outcome.effects.len());
    }

    fn body(&mut self, body: &Body, span: Span, call: Call) {
        let place = |offset: usize, length: usize| {
            let start = span.start + offset;
            if call.in_file { Span { start, end: start + length } } else { span }
        };
        for embedded in &body.statements {
            let at = place(embedded.offset, embedded.length);
            if let Statement::Transaction(how) = &embedded.statement {
                self.control(how, at, call);
            } else {
                self.statement(&embedded.statement, at, span, call);
            }
        }
        for dynamic in &body.dynamic {
            let at = place(dynamic.offset, dynamic.length);
            self.add(vec![Effect::unseen(Action::RunDynamic, &dynamic.text)], at);
        }
        if let Some(why) = &body.unreadable {
            self.add(vec![Effect::unseen(Action::RunUnknown, why)], span);
        }
    }

    fn statement(&mut self, statement: &Statement, at: Span, outer: Span, call: Call) {
        self.add(predict::predict_in_session(statement, self.catalog, self.major), at);
        if let Statement::Do(inner) = statement {
            self.body(inner, at, call.by(statement));
        } else if call.depth < MAX_CALLS {
            let bodies = self.bodies(statement);
            self.called(&bodies, statement, at, call);
        }
        let taken = self.outcome.effects.get(self.own.unwrap_or(0)..).map(locks).unwrap_or_default();
        self.catalog.session.hold(&taken, outer.start);
        self.catalog.apply(statement, self.major);
    }

    /// COMMIT and ROLLBACK in code: they end the statement's own transaction, and the next begins at once.
    fn control(&mut self, how: &Transaction, at: Span, call: Call) {
        if self.own.is_some() && call.may_commit {
            self.end(how, at);
            self.catalog.transaction(&Transaction::Begin);
        } else {
            self.add(vec![predict::refused_in_code(call.may_commit)], at);
        }
    }

    /// Runs the bodies of the functions that `statement` calls.
    fn called(&mut self, bodies: &[LazyBody], statement: &Statement, span: Span, call: Call) {
        for body in bodies {
            self.body(body.get(), span, call.by(statement));
        }
    }

    /// The bodies of the functions that a statement calls.
    fn bodies(&self, statement: &Statement) -> Vec<LazyBody> {
        let functions = called(statement).iter().flat_map(|name| self.catalog.find_functions(name));
        functions.map(|it| it.body.clone()).collect()
    }

    fn add(&mut self, effects: Vec<Effect>, at: Span) {
        let start = self.outcome.effects.len();
        self.outcome.effects.extend(effects.into_iter().map(|mut it| {
            it.manners = it.manners.with(Manner::Explicit);
            it
        }));
        let end = self.outcome.effects.len();
        if end > start {
            self.origins.push((start..end, at));
        }
    }
}

/// The functions that a statement calls for their own sake. Those in DEFAULTs and indexes are not run by it.
fn called(statement: &Statement) -> &[Name] {
    let query: Option<&Query> = match statement {
        Statement::Select(query) | Statement::DeclareCursor { query, .. } => Some(query),
        Statement::Call { function } => return std::slice::from_ref(function),
        Statement::Explain { analyze: true, statement } => return called(statement),
        Statement::Insert(insert) => insert.query.as_ref(),
        Statement::Update(update) => Some(&update.reads),
        Statement::Delete(delete) => Some(&delete.reads),
        Statement::CreateTableAs(create) => Some(&create.query),
        _ => None,
    };
    query.map_or(&[], |it| it.functions.as_slice())
}
