//! A statement's tokens, for who edits its text and leaves all else as it is.

use std::ops::Range;

use squawk_parser::{is_col_name_keyword, is_reserved_keyword, is_type_func_name_keyword};
use squawk_syntax::{SourceFile, SyntaxElement, SyntaxKind, ast::AstNode};

use super::range;

/// The places of a statement's tokens in order, in bytes from its start, without white space and comments.
pub fn tokens(text: &str) -> Vec<Range<usize>> {
    let file = SourceFile::parse(text).tree();
    let tokens = file.syntax().descendants_with_tokens().filter_map(SyntaxElement::into_token);
    let tokens = tokens.filter(|it| !matches!(it.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT));
    tokens.map(|it| range(it.text_range())).collect()
}

/// Whether a name needs no quotes where a column's or a constraint's stands: PostgreSQL leaves its letters as they are, and the word has
/// no meaning of its own there.
pub fn is_plain_name(name: &str) -> bool {
    let is_letter = |it: char| it.is_ascii_lowercase() || it == '_';
    let has_meaning =
        |word| is_reserved_keyword(word) || is_type_func_name_keyword(word) || is_col_name_keyword(word);
    name.starts_with(is_letter)
        && name.chars().all(|it| is_letter(it) || it.is_ascii_digit() || it == '$')
        && SourceFile::parse(name).tree().syntax().first_token().is_some_and(|it| !has_meaning(it.kind()))
}
