//! The parts of a statement that psql or a runner replaces before the server sees it, and what the parser gets in their place.

use std::borrow::Cow;

use super::Piece;
use super::token::{Class, class};
use crate::sql::source::Span;

/// A part of a statement that psql or a runner replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandIn {
    /// Its place, in bytes from the start of the text.
    pub span: Span,
    /// What it becomes.
    pub kind: StandInKind,
}

/// What a part of a statement becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandInKind {
    /// `:name`: the variable's value as it is, which may be any piece of SQL.
    Value,
    /// `:'name'`: the value as a string.
    String,
    /// `:"name"`: the value as a quoted name.
    Identifier,
    /// `:{?name}`: whether there is such a variable.
    IsSet,
    /// `${name}` or `{{…}}`: what a runner fills in, which may be any piece of SQL.
    Placeholder,
    /// `"{{…}}"`, which may have quotes inside that end with the `}}`: a quoted name.
    QuotedPlaceholder,
    /// A meta-command between the statement's lines, `\if` say: nothing.
    Nothing,
}

impl Piece {
    /// Whether the statement's meaning depends on a psql variable.
    pub fn has_psql_variables(&self) -> bool {
        self.stand_ins().iter().any(|part| part.kind != StandInKind::Nothing)
    }

    /// The piece's text for a parser that knows no psql, exactly as long as [`Piece::text`]: each variable is a name, string, quoted name
    /// or truth value, and each meta-command is blank. Equal variables become equal words.
    pub fn text_for_parser<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let original = self.text(text);
        if self.stand_ins().is_empty() {
            return Cow::Borrowed(original);
        }
        let mut out = String::with_capacity(original.len());
        let mut at = self.span.start;
        for part in self.stand_ins() {
            out.push_str(Span { start: at, end: part.span.start }.of(text));
            replace(part.span.of(text), part.kind, &mut out);
            at = part.span.end;
        }
        out.push_str(Span { start: at, end: self.span.end }.of(text));
        Cow::Owned(out)
    }
}

/// Writes as many bytes as `part` has.
fn replace(part: &str, kind: StandInKind, out: &mut String) {
    match kind {
        StandInKind::Value => {
            out.push('_');
            out.push_str(&part[1..]);
        }
        StandInKind::String | StandInKind::Identifier => {
            // `:'v'` becomes `'_v'`: the colon's byte moves inside the quotes.
            out.push_str(&part[1..2]);
            out.push('_');
            out.push_str(&part[2..]);
        }
        StandInKind::IsSet => {
            out.push_str("true");
            out.extend(std::iter::repeat_n(' ', part.len() - 4));
        }
        StandInKind::Placeholder => out.extend(part.bytes().map(word_char)),
        StandInKind::QuotedPlaceholder => {
            // The same name as it would be without the quotes.
            let inside = part[1..part.len() - 1].bytes().map(word_char);
            out.push('"');
            out.extend(inside.map(|it| it.to_ascii_lowercase()));
            out.push('"');
        }
        StandInKind::Nothing => out.extend(std::iter::repeat_n(' ', part.len())),
    }
}

/// What a byte of a placeholder becomes in a name.
fn word_char(byte: u8) -> char {
    let is_word = matches!(class(byte), Class::Word | Class::Digit) && byte.is_ascii();
    if is_word { char::from(byte) } else { '_' }
}

/// The variable whose `:` is at `start`, if one is there. Only the bytes right after the colon decide.
pub(super) fn variable(bytes: &[u8], start: usize) -> Option<StandIn> {
    let first = start + 1;
    let (kind, end) = match *bytes.get(first)? {
        quote @ (b'\'' | b'"') => {
            let name = name(bytes, first + 1)?;
            let kind = if quote == b'"' { StandInKind::Identifier } else { StandInKind::String };
            (kind, close(bytes, name, quote)?)
        }
        b'{' if bytes.get(first + 1) == Some(&b'?') => {
            (StandInKind::IsSet, close(bytes, name(bytes, first + 2)?, b'}')?)
        }
        _ => (StandInKind::Value, name(bytes, first)?),
    };
    Some(StandIn { span: Span { start, end }, kind })
}

/// How many bytes after `${` or `{{` a placeholder may go on.
const MAX_PLACEHOLDER_BYTES: usize = 200;

/// The placeholder at `start`: within one line, or what is no SQL anyway would hide what follows.
pub(super) fn placeholder(bytes: &[u8], start: usize) -> Option<StandIn> {
    let rest = bytes.get(start..)?;
    let closing: &[u8] = match rest {
        [b'$', b'{', ..] => b"}",
        [b'{', b'{', ..] => b"}}",
        [b'"', b'{', b'{', ..] => b"}}\"",
        _ => return None,
    };
    let kind = if rest[0] == b'"' { StandInKind::QuotedPlaceholder } else { StandInKind::Placeholder };
    let line = rest.iter().take(MAX_PLACEHOLDER_BYTES).take_while(|it| **it != b'\n').count();
    let inside = rest.get(2..line)?;
    let length = inside.windows(closing.len()).position(|it| it == closing)?;
    let end = start + 2 + length + closing.len();
    (length > 0).then_some(StandIn { span: Span { start, end }, kind })
}

/// The end of the variable's name at `start`, unless none is there.
fn name(bytes: &[u8], start: usize) -> Option<usize> {
    let length =
        bytes[start..].iter().take_while(|&&b| matches!(class(b), Class::Word | Class::Digit)).count();
    (length > 0).then_some(start + length)
}

/// The place after the byte `closing`, if it is at `at`.
fn close(bytes: &[u8], at: usize, closing: u8) -> Option<usize> {
    (bytes.get(at) == Some(&closing)).then_some(at + 1)
}
