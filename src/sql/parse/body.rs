//! Code that runs statements: PL/pgSQL and SQL function bodies, and `DO`.
//!
//! Branches and loops are flattened. A body that has a mistake still gives all its other statements.

use std::ops::Range;

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstChildren, AstNode, PlpgsqlStmt};
use squawk_syntax::plpgsql::Plpgsql;
use squawk_syntax::sql_body::SqlBody;
use squawk_syntax::{SourceFile, SyntaxNode};

use super::message::readable;
use super::query::query_in;
use super::session::chains;
use super::{Origin, constant, into, range, span, statement};
use crate::sql::statement::{Body, Dynamic, Embedded, Ident, Statement, Transaction};

/// How deep strings of SQL within strings of SQL are followed.
const MAX_DEPTH: u8 = 4;

/// The code of a function, procedure or `DO`, read only when its language is known.
pub(super) struct Code<'a> {
    pub(super) plpgsql: &'a dyn Fn() -> Option<Plpgsql>,
    pub(super) sql: &'a dyn Fn() -> Option<SqlBody>,
    pub(super) inline: Option<ast::RoutineBody>,
}

impl Code<'_> {
    /// The statements of the code.
    pub(super) fn body(&self, language: Option<&Ident>, origin: &Origin) -> Body {
        if let Some(inline) = &self.inline {
            return inline_body(inline, origin);
        }
        let language = language.map_or("sql", |it| it.as_str());
        let body = match language {
            _ if origin.depth > MAX_DEPTH => return unreadable("code nested too deeply"),
            "plpgsql" => (self.plpgsql)().map(|it| plpgsql(&it, origin)),
            "sql" => (self.sql)().map(|it| sql(&it, origin)),
            _ => return unreadable(&format!("language {language}")),
        };
        body.unwrap_or_else(|| unreadable("the body is not a plain string"))
    }
}

fn unreadable(why: &str) -> Body {
    Body { unreadable: Some(why.to_owned()), ..Body::default() }
}

/// `BEGIN ATOMIC … END` and `RETURN expression`, which are part of the statement's own text.
fn inline_body(inline: &ast::RoutineBody, origin: &Origin) -> Body {
    let mut walk = Walk::new(origin, Vec::new(), &span);
    match inline {
        ast::RoutineBody::ReturnStmt(it) => walk.read(it.expr()),
        ast::RoutineBody::AtomicBody(it) => {
            for inner in it.routine_body_stmts() {
                match inner {
                    ast::RoutineBodyStmt::ReturnStmt(it) => walk.read(it.expr()),
                    ast::RoutineBodyStmt::Stmt(it) => walk.statement(it.syntax()),
                }
            }
        }
    }
    walk.body
}

/// A string of SQL. A function gives the result of its last statement; all run.
fn sql(body: &SqlBody, origin: &Origin) -> Body {
    let place = |node: &SyntaxNode| range(body.source_range(node.text_range()));
    let errors = body.errors().iter().map(|it| (range(it.range()), readable(it.message()))).collect();
    let mut walk = Walk::new(origin, errors, &place);
    for inner in body.tree().stmts() {
        walk.statement(inner.syntax());
    }
    walk.finish()
}

fn plpgsql(body: &Plpgsql, origin: &Origin) -> Body {
    let place = |node: &SyntaxNode| range(body.source_range(node.text_range()));
    let errors = body.errors().iter().map(|it| (range(it.range()), readable(it.message()))).collect();
    let mut walk = Walk::new(origin, errors, &place);
    match body.tree().block() {
        Some(block) => walk.block(&block),
        None => return unreadable("the body has no block"),
    }
    walk.finish()
}

/// A walk over a body.
struct Walk<'a> {
    body: Body,
    origin: &'a Origin,
    /// The syntax errors that no statement has been blamed for yet, by place in the outer text.
    errors: Vec<(Range<usize>, String)>,
    /// From a node of the body to its place in the outer text.
    place: &'a dyn Fn(&SyntaxNode) -> Range<usize>,
}

impl<'a> Walk<'a> {
    fn new(
        origin: &'a Origin,
        errors: Vec<(Range<usize>, String)>,
        place: &'a dyn Fn(&SyntaxNode) -> Range<usize>,
    ) -> Self {
        Self { body: Body::default(), origin, errors, place }
    }

    /// Reports an error that belongs to no statement: something may be missing from the list.
    fn finish(mut self) -> Body {
        if !self.errors.is_empty() {
            let (_, message) = self.errors.swap_remove(0);
            self.fail(message);
        }
        self.body
    }

    fn fail(&mut self, why: String) {
        self.body.unreadable.get_or_insert(why);
    }

    fn push(&mut self, statement: Statement, place: Range<usize>) {
        let place = self.origin.place(place);
        self.body.statements.push(Embedded { statement, offset: place.start, length: place.len() });
    }

    /// An SQL statement.
    fn statement(&mut self, node: &SyntaxNode) {
        let place = (self.place)(node);
        let n_errors = self.errors.len();
        let mut first = None;
        self.errors.retain(|(at, message)| {
            let inside = place.start <= at.start && at.end <= place.end;
            if inside && first.is_none() {
                first = Some(message.clone());
            }
            !inside
        });
        if self.errors.len() < n_errors {
            return self.repaired(node, &place, first.unwrap_or_default());
        }
        match statement(node, &self.origin.inside(place.clone())) {
            Some(Statement::Other(_)) if node.kind() == SyntaxKind::EMPTY_STMT => {}
            Some(read) => self.push(read, place),
            None => self.fail("this form of a statement is not known".to_owned()),
        }
    }

    /// `SELECT … INTO variable` and kin are no SQL: read what is left without the variables.
    fn repaired(&mut self, node: &SyntaxNode, place: &Range<usize>, error: String) {
        let without = into::without_into(node);
        let parse = SourceFile::parse(&without);
        if parse.errors().is_empty() {
            for inner in parse.tree().stmts() {
                match statement(inner.syntax(), &self.origin.inside(place.clone())) {
                    Some(read) if inner.syntax().kind() != SyntaxKind::EMPTY_STMT => {
                        self.push(read, place.clone());
                    }
                    _ => {}
                }
            }
        } else {
            self.fail(error);
        }
    }

    /// An expression, if it calls or reads anything.
    fn read<N: AstNode>(&mut self, node: Option<N>) {
        let Some(node) = node else { return };
        let query = query_in(&node);
        if !query.relations.is_empty() || !query.functions.is_empty() {
            let place = (self.place)(node.syntax());
            self.push(Statement::Select(query), place);
        }
    }

    /// `EXECUTE`: the statements of a constant string, or a note of what is not constant.
    fn execute(&mut self, node: Option<ast::PlpgsqlExpr>) {
        let Some(node) = node else { return };
        let place = (self.place)(node.syntax());
        let mut targets = node.target_list().into_iter().flat_map(|it| it.targets());
        let known = match (targets.next().and_then(|it| it.expr()), targets.next()) {
            (Some(only), None) if self.origin.depth < MAX_DEPTH => constant::text(&only),
            _ => None,
        };
        let Some(text) = known else {
            let text = node.syntax().text().to_string();
            let place = self.origin.place(place);
            self.body.dynamic.push(Dynamic { text, offset: place.start, length: place.len() });
            return;
        };
        let parse = SourceFile::parse(&text);
        if let Some(error) = parse.errors().first() {
            return self.fail(format!("EXECUTE: {}", readable(error.message())));
        }
        for inner in parse.tree().stmts() {
            match statement(inner.syntax(), &self.origin.inside(place.clone())) {
                Some(read) if inner.syntax().kind() != SyntaxKind::EMPTY_STMT => {
                    self.push(read, place.clone());
                }
                _ => {}
            }
        }
    }

    fn block(&mut self, block: &ast::PlpgsqlBlock) {
        let declarations = block.declare_section().into_iter().flat_map(|it| it.decls());
        for declaration in declarations {
            match declaration {
                ast::PlpgsqlDecl::PlpgsqlVarDecl(it) => self.read(it.init().and_then(|it| it.expr())),
                ast::PlpgsqlDecl::PlpgsqlCursorDecl(it) => self.query(it.query()),
                ast::PlpgsqlDecl::PlpgsqlAliasDecl(_) => {}
            }
        }
        self.steps(block.body());
        for handler in block.exception().into_iter().flat_map(|it| it.handlers()) {
            self.steps(handler.body());
        }
    }

    fn query(&mut self, node: Option<ast::Stmt>) {
        if let Some(node) = node {
            self.statement(node.syntax());
        }
    }

    fn steps(&mut self, body: Option<ast::PlpgsqlBody>) {
        let Some(body) = body else { return };
        for node in body.syntax().children() {
            if node.kind() == SyntaxKind::ERROR {
                self.statement(&node);
            } else if let Some(step) = PlpgsqlStmt::cast(node) {
                self.step(&step);
            }
        }
    }

    fn step(&mut self, step: &PlpgsqlStmt) {
        match step {
            PlpgsqlStmt::PlpgsqlExecSqlStmt(it) => self.query(it.stmt()),
            PlpgsqlStmt::PlpgsqlDynExecuteStmt(it) => self.execute(it.query()),
            PlpgsqlStmt::PlpgsqlReturnQueryExecuteStmt(it) => self.execute(it.query()),
            PlpgsqlStmt::PlpgsqlReturnQueryStmt(it) => self.query(it.query()),
            PlpgsqlStmt::PlpgsqlPerformStmt(it) => self.read(Some(it.clone())),
            PlpgsqlStmt::PlpgsqlAssignStmt(it) => self.read(Some(it.clone())),
            PlpgsqlStmt::PlpgsqlAssertStmt(it) => self.read(Some(it.clone())),
            PlpgsqlStmt::PlpgsqlRaiseStmt(it) => self.read(Some(it.clone())),
            PlpgsqlStmt::PlpgsqlReturnStmt(it) => self.read(it.expr()),
            PlpgsqlStmt::PlpgsqlReturnNextStmt(it) => self.read(it.expr()),
            PlpgsqlStmt::PlpgsqlContinueStmt(it) => self.read(it.when_clause()),
            PlpgsqlStmt::PlpgsqlExitStmt(it) => self.read(it.when_clause()),
            PlpgsqlStmt::PlpgsqlCallStmt(it) => {
                if let Some(call) = it.call() {
                    self.statement(call.syntax());
                }
            }
            PlpgsqlStmt::PlpgsqlDoStmt(it) => {
                if let Some(inner) = it.do_() {
                    self.statement(inner.syntax());
                }
            }
            PlpgsqlStmt::PlpgsqlCommitStmt(it) => {
                let commit = Transaction::Commit { chain: chains(it.chain_clause()) };
                self.push(Statement::Transaction(commit), (self.place)(it.syntax()));
            }
            PlpgsqlStmt::PlpgsqlRollbackStmt(it) => {
                let rollback = Transaction::Rollback { chain: chains(it.chain_clause()) };
                self.push(Statement::Transaction(rollback), (self.place)(it.syntax()));
            }
            PlpgsqlStmt::PlpgsqlOpenStmt(it) => match it.source() {
                Some(ast::PlpgsqlOpenSource::PlpgsqlOpenExecute(it)) => self.execute(it.query()),
                Some(ast::PlpgsqlOpenSource::PlpgsqlOpenQuery(it)) => self.query(it.query()),
                None => {}
            },
            PlpgsqlStmt::PlpgsqlCloseStmt(_)
            | PlpgsqlStmt::PlpgsqlFetchStmt(_)
            | PlpgsqlStmt::PlpgsqlGetDiagStmt(_)
            | PlpgsqlStmt::PlpgsqlMoveStmt(_)
            | PlpgsqlStmt::PlpgsqlNullStmt(_) => {}
            PlpgsqlStmt::PlpgsqlBlock(_)
            | PlpgsqlStmt::PlpgsqlCaseStmt(_)
            | PlpgsqlStmt::PlpgsqlForCursorStmt(_)
            | PlpgsqlStmt::PlpgsqlForDynStmt(_)
            | PlpgsqlStmt::PlpgsqlForEachStmt(_)
            | PlpgsqlStmt::PlpgsqlForIStmt(_)
            | PlpgsqlStmt::PlpgsqlForQueryStmt(_)
            | PlpgsqlStmt::PlpgsqlIfStmt(_)
            | PlpgsqlStmt::PlpgsqlLoopStmt(_)
            | PlpgsqlStmt::PlpgsqlWhileStmt(_) => self.compound(step),
        }
    }

    /// Steps that hold other steps.
    fn compound(&mut self, step: &PlpgsqlStmt) {
        match step {
            PlpgsqlStmt::PlpgsqlBlock(it) => self.block(it),
            PlpgsqlStmt::PlpgsqlCaseStmt(it) => {
                self.read(it.subject());
                for when in it.whens() {
                    self.read(when.cond());
                    self.steps(when.body());
                }
                self.steps(it.else_clause().and_then(|it| it.body()));
            }
            PlpgsqlStmt::PlpgsqlIfStmt(it) => {
                self.read(it.cond());
                self.steps(it.then_body());
                self.elsifs(it.elsifs());
                self.steps(it.else_clause().and_then(|it| it.body()));
            }
            PlpgsqlStmt::PlpgsqlForCursorStmt(it) => {
                self.read(it.args());
                self.steps(it.body());
            }
            PlpgsqlStmt::PlpgsqlForDynStmt(it) => {
                self.execute(it.query());
                self.steps(it.body());
            }
            PlpgsqlStmt::PlpgsqlForEachStmt(it) => {
                self.read(it.array());
                self.steps(it.body());
            }
            PlpgsqlStmt::PlpgsqlForIStmt(it) => {
                self.read(it.range());
                self.steps(it.body());
            }
            PlpgsqlStmt::PlpgsqlForQueryStmt(it) => {
                self.query(it.query());
                self.steps(it.body());
            }
            PlpgsqlStmt::PlpgsqlLoopStmt(it) => self.steps(it.body()),
            PlpgsqlStmt::PlpgsqlWhileStmt(it) => {
                self.read(it.cond());
                self.steps(it.body());
            }
            _ => {}
        }
    }

    fn elsifs(&mut self, clauses: AstChildren<ast::PlpgsqlElsifClause>) {
        for clause in clauses {
            self.read(clause.cond());
            self.steps(clause.body());
        }
    }
}
