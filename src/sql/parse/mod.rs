//! One statement's text to our narrow [`Statement`].
//!
//! Only this folder names the parser's crate, so that the parser can be exchanged. It reads in one pass, keeps every span, and
//! goes on after a mistake; what is wrong inside a function's body stays inside it, in [`Body::unreadable`].
//!
//! [`Body::unreadable`]: crate::sql::statement::Body::unreadable
#![expect(clippy::needless_pass_by_value, reason = "the tree's accessors give nodes away")]

mod alter;
mod attached;
mod body;
mod calls;
mod constant;
mod dispatch;
mod drop;
mod expr;
mod into;
mod maintain;
mod message;
mod name;
mod object;
mod query;
mod reads;
mod relation;
mod routine;
mod rows;
mod session;
mod storage;
mod suspect;
mod table;
mod token;
mod ty;
mod types;

use std::ops::Range;

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::body::BodyLanguage;
use squawk_syntax::syntax_error::SyntaxError;
use squawk_syntax::{SourceFile, SyntaxNode};

use crate::sql::statement::Statement;
use dispatch::statement;
pub use token::{is_plain_name, tokens};

/// Why a statement could not be read: its first syntax error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes from the start of the statement's text.
    pub offset: usize,
    /// For how many bytes; 0 where something is missing.
    pub length: usize,
}

impl Unreadable {
    fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), offset: span.start, length: span.len() }
    }
}

/// Reads `text`, which holds exactly one statement, perhaps with comments around it and a semicolon behind it.
pub fn parse(text: &str) -> Result<Statement, Unreadable> {
    let file = match surely_valid(text).map_or_else(|| validated(text), Ok) {
        Ok(file) => file,
        Err(error) => {
            return session::set_names(text)
                .or_else(|| storage::blanked(text).and_then(|it| self::parse(&it).ok()))
                .ok_or(error);
        }
    };
    let mut statements = file.stmts().filter(|it| !matches!(it, ast::Stmt::EmptyStmt(_)));
    let Some(first) = statements.next() else {
        return Err(Unreadable::at(0..text.len(), "there is no statement here"));
    };
    if let Some(second) = statements.next() {
        return Err(Unreadable::at(span(second.syntax()), "a second statement begins here"));
    }
    statement(first.syntax(), &Origin::default())
        .ok_or_else(|| Unreadable::at(span(first.syntax()), "this form of the statement is not known"))
}

/// The tree of a text without syntax errors in which validation has nothing to object to.
fn surely_valid(text: &str) -> Option<SourceFile> {
    let (green, errors) = SourceFile::parse_text(text);
    if !errors.is_empty() || suspect::is_suspect(&green) {
        return None;
    }
    SourceFile::cast(SyntaxNode::new_root(green))
}

/// The tree of a text in which the grammar and validation find no mistake.
fn validated(text: &str) -> Result<SourceFile, Unreadable> {
    let parse = SourceFile::parse(text);
    let file = parse.tree();
    first_error(&parse.errors(), &file).map_or(Ok(file), Err)
}

/// The message of a syntax error, outside function bodies, that [`parse`] leaves out because it does not validate the text; `None` when
/// all is well. For tests.
#[doc(hidden)]
pub fn overlooked(text: &str) -> Option<String> {
    let file = surely_valid(text)?;
    first_error(&SourceFile::parse(text).errors(), &file).map(|it| it.message)
}

/// The first error outside function bodies.
fn first_error(errors: &[SyntaxError], file: &SourceFile) -> Option<Unreadable> {
    if errors.is_empty() {
        return None;
    }
    let bodies: Vec<Range<usize>> =
        file.syntax().descendants().filter_map(ast::AsDefinition::cast).map(|it| span(it.syntax())).collect();
    errors.iter().map(|it| (it, range(it.range()))).find_map(|(error, at)| {
        let in_body = bodies.iter().any(|it| it.start <= at.start && at.end <= it.end);
        (!in_body).then(|| Unreadable::at(at, message::readable(error.message())))
    })
}

/// Where code inside a statement comes from.
#[derive(Clone, Default)]
struct Origin {
    /// The span that everything is reported at; `None` when spans are those of the outermost text.
    within: Option<Range<usize>>,
    /// How many bodies and strings it is inside of.
    depth: u8,
}

impl Origin {
    /// The place to report for a span of the text at hand.
    fn place(&self, span: Range<usize>) -> Range<usize> {
        self.within.clone().unwrap_or(span)
    }

    /// For what is inside a body or a string at `span`.
    fn inside(&self, span: Range<usize>) -> Self {
        Self { within: Some(self.place(span)), depth: self.depth + 1 }
    }
}

fn span(node: &SyntaxNode) -> Range<usize> {
    range(node.text_range())
}

fn range<T: Into<Range<usize>>>(range: T) -> Range<usize> {
    range.into()
}

/// Whether an option's value says no.
fn is_off(value: &SyntaxNode) -> bool {
    let word = value.text().to_string().to_ascii_lowercase();
    matches!(word.trim_matches('\''), "false" | "off" | "no" | "0")
}
