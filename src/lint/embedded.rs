//! Statements that run inside another: the body of DO, and of functions that the history made and the file calls.
//!
//! Branches and loops are flattened: what may run counts as run.

use std::ops::Range;

use crate::{
    catalog::Catalog,
    effect::{Action, Effect, Manner, Outcome, predict},
    finding::Span,
    sql::{
        Statement,
        statement::{Body, LazyBody, Name, Query},
    },
};

/// How many calls deep functions are followed: deeper ones, and recursion, end here.
const MAX_CALLS: usize = 8;

/// Adds to `outcome` what the statements inside `statement` do, and applies them.
pub(super) fn run(
    statement: &Statement,
    span: Span,
    major: u16,
    catalog: &mut Catalog,
    outcome: &mut Outcome,
    origins: &mut Vec<(Range<usize>, Span)>,
) {
    let runs_code = matches!(statement, Statement::Do(_)) || !called(statement).is_empty();
    let is_alone = runs_code && catalog.session.open.is_none();
    let mut run = Run { major, catalog, outcome, origins };
    match statement {
        Statement::Do(body) => run.body(body, span, Place::Exact, 0),
        _ => run.calls(statement, span, 0),
    }
    if is_alone && run.catalog.session.open.is_some() {
        run.catalog.end_by_runner();
    }
}

/// Whether a body's offsets are places in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// They are: the body is part of the statement.
    Exact,
    /// They are not: the body is a function's, made elsewhere.
    Call,
}

struct Run<'r> {
    major: u16,
    catalog: &'r mut Catalog,
    outcome: &'r mut Outcome,
    origins: &'r mut Vec<(Range<usize>, Span)>,
}

impl Run<'_> {
    fn body(&mut self, body: &Body, span: Span, place: Place, depth: usize) {
        for embedded in &body.statements {
            let at = match place {
                Place::Exact => {
                    let start = span.start + embedded.offset;
                    Span { start, end: start + embedded.length }
                }
                Place::Call => span,
            };
            // Code runs in a transaction even where its statement is one by itself, and after its own COMMIT in the next one.
            if self.catalog.session.open.is_none() {
                self.catalog.begin_by_runner();
            }
            let mut effects = predict::predict(&embedded.statement, self.catalog, self.major);
            predict::mark_held(&mut effects, &self.catalog.session);
            self.add(effects, at);
            match &embedded.statement {
                Statement::Do(inner) => self.body(inner, at, Place::Call, depth + 1),
                statement => self.calls(statement, at, depth),
            }
            let held = self.outcome.locks();
            self.catalog.session.hold(&held, span.start);
            self.catalog.apply(&embedded.statement, self.major);
        }
        for dynamic in &body.dynamic {
            let at = match place {
                Place::Exact => {
                    let start = span.start + dynamic.offset;
                    Span { start, end: start + dynamic.length }
                }
                Place::Call => span,
            };
            self.add(vec![Effect::unseen(Action::RunDynamic, &dynamic.text)], at);
        }
        if let Some(why) = &body.unreadable {
            self.add(vec![Effect::unseen(Action::RunUnknown, why)], span);
        }
    }

    /// The bodies of the functions that a statement calls.
    fn calls(&mut self, statement: &Statement, span: Span, depth: usize) {
        if depth >= MAX_CALLS {
            return;
        }
        let bodies: Vec<LazyBody> = called(statement)
            .iter()
            .flat_map(|name| self.catalog.find_functions(name))
            .map(|it| it.body.clone())
            .collect();
        for body in bodies {
            self.body(body.get(), span, Place::Call, depth + 1);
        }
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
