//! A statement's tokens, for who edits its text and leaves all else as it is.

use std::ops::Range;

use squawk_syntax::{SourceFile, SyntaxElement, SyntaxKind, ast::AstNode};

use super::range;

/// The places of a statement's tokens in order, in bytes from its start, without white space and comments.
pub fn tokens(text: &str) -> Vec<Range<usize>> {
    let file = SourceFile::parse(text).tree();
    let tokens = file.syntax().descendants_with_tokens().filter_map(SyntaxElement::into_token);
    let tokens = tokens.filter(|it| !matches!(it.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT));
    tokens.map(|it| range(it.text_range())).collect()
}
