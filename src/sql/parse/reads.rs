//! What a piece of a statement reads and calls: one walk over its tree.
//!
//! The walk goes by the kinds of nodes and visits everything it does not know, so that no construct hides what is inside it.
//!
//! Long because one walk gathers all these facts, and its cases share what is in scope.

use std::ops::Range;

use squawk_syntax::SyntaxKind;
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::name::{ident, ident_of, leaf, name};
use super::{calls, rows, ty};
use crate::sql::statement::{Ident, Name, Query, RelationUse, Set, Statement, TypeName};

/// What the walk has found so far.
#[derive(Default)]
pub(super) struct Reads {
    pub(super) relations: Vec<RelationUse>,
    pub(super) functions: Vec<Name>,
    pub(super) columns: Vec<Ident>,
    pub(super) casts: Vec<TypeName>,
    pub(super) operators: Vec<Ident>,
    pub(super) writes: Vec<Statement>,
    pub(super) sequences: Vec<Name>,
    pub(super) serial_columns: Vec<(Name, Ident)>,
    pub(super) set_config: Vec<Set>,
    /// The common table expressions in scope, innermost last.
    ctes: Vec<Ident>,
    /// The FROM items of the SELECT at hand: the name that `FOR UPDATE OF` would use, and its part of `relations`.
    items: Vec<(Option<Ident>, Range<usize>)>,
    /// Whether columns, casts and operators are wanted.
    details: bool,
}

impl Reads {
    /// A walk that also notes columns, casts and operators.
    pub(super) fn detailed() -> Self {
        Self { details: true, ..Self::default() }
    }

    /// A walk that sees these common table expressions.
    pub(super) fn inside(ctes: &[Ident]) -> Self {
        Self { ctes: ctes.to_vec(), ..Self::default() }
    }

    /// [`Reads::detailed`] that sees these common table expressions.
    pub(super) fn detailed_inside(ctes: &[Ident]) -> Self {
        Self { details: true, ctes: ctes.to_vec(), ..Self::default() }
    }

    /// The common table expressions in scope.
    pub(super) fn ctes(&self) -> &[Ident] {
        &self.ctes
    }

    /// Walks an optional child.
    pub(super) fn visit_some<N: AstNode>(&mut self, node: Option<N>) {
        if let Some(node) = node {
            self.visit(node.syntax());
        }
    }

    /// Walks a WITH clause and leaves its names in scope.
    pub(super) fn enter_with(&mut self, with: Option<ast::WithClause>) {
        if let Some(with) = with {
            self.with(&with);
        }
    }

    /// The result as a query.
    pub(super) fn into_query(self, has_where: bool) -> Query {
        Query {
            relations: merged(self.relations),
            functions: self.functions,
            writes: self.writes,
            sequences: self.sequences,
            serial_columns: self.serial_columns,
            set_config: self.set_config,
            columns: self.columns,
            has_star: false,
            has_where,
        }
    }

    /// Walks `node` and all that is in it.
    pub(super) fn visit(&mut self, node: &SyntaxNode) {
        match node.kind() {
            // Nothing to read inside; skipped because large INSERTs are made of them.
            SyntaxKind::LITERAL
            | SyntaxKind::COLUMN_REF_LIST
            | SyntaxKind::FROM_ALIAS
            | SyntaxKind::LOCKING_CLAUSE => {}
            SyntaxKind::SELECT
            | SyntaxKind::SELECT_INTO
            | SyntaxKind::VALUES
            | SyntaxKind::TABLE
            | SyntaxKind::PAREN_SELECT => {
                let outer = self.ctes.len();
                self.select(node);
                self.ctes.truncate(outer);
            }
            SyntaxKind::COMPOUND_SELECT => self.compound(node),
            SyntaxKind::WITH_CLAUSE => {
                if let Some(with) = ast::WithClause::cast(node.clone()) {
                    self.with(&with);
                }
            }
            SyntaxKind::RELATION_FROM_ITEM => self.relation_item(node),
            SyntaxKind::RELATION_NAME => self.relation(node),
            SyntaxKind::PAREN_FROM_ITEM
            | SyntaxKind::FUNCTION_FROM_ITEM
            | SyntaxKind::EXPR_FROM_ITEM
            | SyntaxKind::ROWS_FROM_ITEM => {
                let start = self.relations.len();
                self.visit_children(node);
                let alias =
                    node.last_child().and_then(ast::FromAlias::cast).and_then(|it| ident_of(it.name()));
                self.items.push((alias, start..self.relations.len()));
            }
            SyntaxKind::CALL_EXPR => self.call(node),
            SyntaxKind::NAME_REF => self.name_ref(node),
            SyntaxKind::FIELD_EXPR => self.field(node),
            SyntaxKind::CAST_EXPR => {
                if self.details
                    && let Some(found) = node.children().find_map(ast::Type::cast)
                {
                    self.casts.extend(ty::type_name(&found));
                }
                self.visit_children(node);
            }
            SyntaxKind::BIN_EXPR => self.binary(node),
            SyntaxKind::PREFIX_EXPR => {
                // `-1` is a number, not an operator at work.
                if node.last_child().is_none_or(|it| it.kind() != SyntaxKind::LITERAL) {
                    self.operator(node);
                }
                self.visit_children(node);
            }
            SyntaxKind::AT_TIME_ZONE | SyntaxKind::AT_LOCAL => self.function(Name::bare("timezone")),
            kind if is_type(kind) => {}
            _ => self.visit_children(node),
        }
    }

    fn visit_children(&mut self, node: &SyntaxNode) {
        for child in node.children() {
            self.visit(&child);
        }
    }

    /// Chains of operators lean to the left, thousands deep at times: go down them in a loop.
    fn binary(&mut self, node: &SyntaxNode) {
        let mut chain = vec![node.clone()];
        while let Some(left) = chain.last().and_then(SyntaxNode::first_child)
            && left.kind() == SyntaxKind::BIN_EXPR
        {
            chain.push(left);
        }
        let mut skip = 0;
        while let Some(node) = chain.pop() {
            let mut operator_seen = false;
            for (n, child) in node.children().enumerate().skip(skip) {
                self.visit(&child);
                if n == 0 {
                    self.operator(&node);
                    operator_seen = true;
                }
            }
            if !operator_seen {
                self.operator(&node);
            }
            skip = 1;
        }
    }

    /// `a UNION b UNION c`, also leaning to the left. A WITH clause in front of it hangs on its first SELECT.
    fn compound(&mut self, node: &SyntaxNode) {
        let outer = self.ctes.len();
        let mut chain = vec![node.clone()];
        while let Some(left) = chain.last().and_then(SyntaxNode::first_child)
            && left.kind() == SyntaxKind::COMPOUND_SELECT
        {
            chain.push(left);
        }
        let mut first = true;
        while let Some(node) = chain.pop() {
            for child in node.children().skip(usize::from(!first)) {
                if first && is_select(child.kind()) {
                    self.select(&child);
                } else {
                    self.visit(&child);
                }
                first = false;
            }
        }
        self.ctes.truncate(outer);
    }

    /// One SELECT; the caller ends the scope of its common table expressions.
    fn select(&mut self, node: &SyntaxNode) {
        let outer_items = std::mem::take(&mut self.items);
        let mut locking = Vec::new();
        let mut from = 0..0;
        for child in node.children() {
            let start = self.relations.len();
            self.visit(&child);
            match child.kind() {
                SyntaxKind::FROM_CLAUSE => from = start..self.relations.len(),
                SyntaxKind::RELATION_NAME | SyntaxKind::PAREN_SELECT | SyntaxKind::SELECT
                    if from.is_empty() =>
                {
                    from = start..self.relations.len();
                }
                SyntaxKind::LOCKING_CLAUSE => locking.extend(ast::LockingClause::cast(child)),
                _ => {}
            }
        }
        for clause in locking {
            self.lock_rows(&clause, &from);
        }
        self.items = outer_items;
    }

    fn lock_rows(&mut self, clause: &ast::LockingClause, from: &Range<usize>) {
        let Some(of) = clause.locking_of() else {
            for relation in &mut self.relations[from.clone()] {
                relation.locks_rows = true;
            }
            return;
        };
        for expr in of.exprs() {
            let wanted = ident(expr.syntax());
            for (_, range) in self.items.iter().filter(|(name, _)| name.is_some() && *name == wanted) {
                for relation in &mut self.relations[range.clone()] {
                    relation.locks_rows = true;
                }
            }
        }
    }

    fn with(&mut self, with: &ast::WithClause) {
        let recursive = with.recursive_token().is_some();
        if recursive {
            self.ctes.extend(with.with_tables().filter_map(|it| ident_of(it.name())));
        }
        for table in with.with_tables() {
            match table.query() {
                Some(ast::WithQuery::Insert(it)) => self.writes.extend(rows::insert(&it, &self.ctes)),
                Some(ast::WithQuery::Update(it)) => self.writes.extend(rows::update(&it, &self.ctes)),
                Some(ast::WithQuery::Delete(it)) => self.writes.extend(rows::delete(&it, &self.ctes)),
                Some(ast::WithQuery::Merge(it)) => self.writes.extend(rows::merge(&it, &self.ctes)),
                Some(
                    it @ (ast::WithQuery::CompoundSelect(_)
                    | ast::WithQuery::ParenSelect(_)
                    | ast::WithQuery::Select(_)
                    | ast::WithQuery::Table(_)
                    | ast::WithQuery::Values(_)),
                ) => self.visit(it.syntax()),
                None => {}
            }
            if !recursive {
                self.ctes.extend(ident_of(table.name()));
            }
        }
    }

    fn relation_item(&mut self, node: &SyntaxNode) {
        let Some(item) = ast::RelationFromItem::cast(node.clone()) else { return };
        let start = self.relations.len();
        let written = item.relation_name_ref().and_then(|it| name(it.syntax()));
        let alias = item.alias().and_then(|it| ident_of(it.name()));
        let shown = alias.or_else(|| written.as_ref().map(|it| it.name.clone()));
        if let Some(written) = written {
            self.add_relation(written, item.only_token().is_some());
        }
        self.items.push((shown, start..self.relations.len()));
        // The sampling method is no function to call.
        if let Some(sample) = item.tablesample_clause() {
            self.visit_some(sample.call_expr().and_then(|it| it.arg_list()));
            self.visit_some(sample.repeatable_clause());
        }
    }

    /// `TABLE name`.
    fn relation(&mut self, node: &SyntaxNode) {
        if let Some(it) = ast::RelationName::cast(node.clone())
            && let Some(written) = name(node)
        {
            self.add_relation(written, it.only_token().is_some());
        }
    }

    fn add_relation(&mut self, name: Name, only: bool) {
        if name.schema.is_none() && self.ctes.contains(&name.name) {
            return;
        }
        self.relations.push(RelationUse { name, only, locks_rows: false });
    }

    fn call(&mut self, node: &SyntaxNode) {
        let mut children = node.children();
        let Some(callee) = children.next() else { return };
        match callee.kind() {
            SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR => {
                if let Some(function) = calls::callee(&callee) {
                    match function.name.as_str() {
                        "set_config" => self.set_config.extend(calls::set_config(node)),
                        "nextval" | "setval" | "currval" => {
                            self.sequences.extend(calls::sequence(node));
                            self.serial_columns.extend(calls::serial_column(node));
                        }
                        _ => {}
                    }
                    if function.schema.is_some() || !calls::is_special_form(&function.name) {
                        self.function(function);
                    }
                }
            }
            kind => {
                if let Some(function) = calls::behind(kind, &callee) {
                    self.function(Name::bare(function));
                }
                self.visit_children(&callee);
            }
        }
        for child in children {
            self.visit(&child);
        }
    }

    /// Adds a function once.
    pub(super) fn function(&mut self, function: Name) {
        if !self.functions.contains(&function) {
            self.functions.push(function);
        }
    }

    fn name_ref(&mut self, node: &SyntaxNode) {
        let Some(token) = node.first_token() else { return };
        if calls::is_value_keyword(token.kind()) {
            self.function(Name::bare(token.text().to_ascii_lowercase()));
        } else if self.details {
            self.column(leaf(node));
        }
    }

    fn column(&mut self, column: Option<Ident>) {
        if let Some(column) = column
            && !self.columns.contains(&column)
        {
            self.columns.push(column);
        }
    }

    /// `table.column`; `(expression).field` names no column of its own.
    fn field(&mut self, node: &SyntaxNode) {
        let Some(base) = node.first_child() else { return };
        if !matches!(base.kind(), SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR) {
            self.visit(&base);
        } else if self.details
            && let Some(field) = node.children().nth(1)
        {
            self.column(leaf(&field));
        }
    }

    fn operator(&mut self, node: &SyntaxNode) {
        if self.details
            && let Some(operator) = calls::operator(node)
            && !self.operators.contains(&operator)
        {
            self.operators.push(operator);
        }
    }
}

fn is_select(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::SELECT | SyntaxKind::SELECT_INTO | SyntaxKind::VALUES | SyntaxKind::TABLE)
}

/// Types hold numbers only.
fn is_type(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::PATH_TYPE
            | SyntaxKind::ARRAY_TYPE
            | SyntaxKind::BIT_TYPE
            | SyntaxKind::BIT_VARYING_TYPE
            | SyntaxKind::CHARACTER_TYPE
            | SyntaxKind::DOUBLE_TYPE
            | SyntaxKind::INTERVAL_TYPE
            | SyntaxKind::TIME_TYPE
            | SyntaxKind::TIMESTAMP_TYPE
            | SyntaxKind::VARCHAR_TYPE
    )
}

/// The relations without repetition.
fn merged(relations: Vec<RelationUse>) -> Vec<RelationUse> {
    let mut merged: Vec<RelationUse> = Vec::with_capacity(relations.len());
    for relation in relations {
        match merged.iter_mut().find(|it| it.name == relation.name && it.only == relation.only) {
            Some(known) => known.locks_rows |= relation.locks_rows,
            None => merged.push(relation),
        }
    }
    merged
}
