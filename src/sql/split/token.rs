//! The ends of PostgreSQL's tokens: strings, quoted names, dollar quotes, comments, words.
//!
//! Every function takes the text that may be read and the place of the token's first byte, and returns the place after its last, or
//! `None` if the token never ends. Each reads forward only, so that a text is read in linear time.
//! Source: manual, Lexical Structure; `src/backend/parser/scan.l`, and its twin for psql, `src/fe_utils/psqlscan.l`.

use memchr::{memchr, memchr2, memmem};

/// What a byte can begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Part of an operator or a sign that means nothing here.
    Sign,
    Space,
    /// A letter, `_`, or any byte of a character beyond ASCII.
    Word,
    Digit,
    Quote,
    DoubleQuote,
    Dollar,
    Dash,
    Slash,
    Semicolon,
    Open,
    Close,
    Colon,
    Backslash,
}

/// The class of every byte.
pub(super) const CLASS: [Class; 256] = {
    let mut table = [Class::Sign; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => Class::Space,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => Class::Word,
            b'0'..=b'9' => Class::Digit,
            b'\'' => Class::Quote,
            b'"' => Class::DoubleQuote,
            b'$' => Class::Dollar,
            b'-' => Class::Dash,
            b'/' => Class::Slash,
            b';' => Class::Semicolon,
            b'(' | b'[' => Class::Open,
            b')' | b']' => Class::Close,
            b':' => Class::Colon,
            b'\\' => Class::Backslash,
            _ => Class::Sign,
        };
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

/// Whether each byte can stand inside a word: a letter, a digit, `_`, `$`, or any byte beyond ASCII.
const IN_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(CLASS[byte], Class::Word | Class::Digit | Class::Dollar);
        byte += 1;
    }
    table
};

/// The class of `byte`.
pub(super) const fn class(byte: u8) -> Class {
    CLASS[byte as usize]
}

/// Whether `byte` is white space to PostgreSQL.
pub(super) fn is_space(byte: u8) -> bool {
    class(byte) == Class::Space
}

/// An unquoted name or keyword.
pub(super) fn word(bytes: &[u8], start: usize) -> usize {
    let rest = &bytes[start..];
    let end = start + rest.iter().position(|&b| !IN_WORD[b as usize]).unwrap_or(rest.len());
    // The `$` of a runner's `${…}` is none of the word's.
    if end > start + 1 && bytes[end - 1] == b'$' && bytes.get(end) == Some(&b'{') { end - 1 } else { end }
}

/// A number, with whatever letters hang on it. A `$` does not belong to it.
pub(super) fn number(bytes: &[u8], start: usize) -> usize {
    let rest = &bytes[start..];
    start + rest.iter().position(|&b| !IN_WORD[b as usize] || b == b'$').unwrap_or(rest.len())
}

/// `'…'` or `"…"`, where a doubled quote stands for one.
pub(super) fn quoted(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    let mut at = start + 1;
    loop {
        at += memchr(quote, &bytes[at..])? + 1;
        if bytes.get(at) != Some(&quote) {
            return Some(at);
        }
        at += 1;
    }
}

/// The `'…'` of `E'…'`, where a backslash escapes, with the strings that continue it on further lines.
pub(super) fn escaped(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr2(b'\'', b'\\', &bytes[at..])?;
        if bytes[at] == b'\\' {
            at = (at + 2).min(bytes.len());
        } else if bytes.get(at + 1) == Some(&b'\'') {
            at += 2;
        } else if let Some(next) = continuation(bytes, at + 1) {
            at = next + 1;
        } else {
            return Some(at + 1);
        }
    }
}

/// The quote that continues the string that ended before `start`: only white space with a new line, and line comments, are between.
fn continuation(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    let mut new_line = false;
    loop {
        match *bytes.get(at)? {
            b'\'' if new_line => return Some(at),
            b'\n' | b'\r' => new_line = true,
            b'-' if new_line && bytes.get(at + 1) == Some(&b'-') => at = line_comment(bytes, at) - 1,
            b if is_space(b) => {}
            _ => return None,
        }
        at += 1;
    }
}

/// `--…`, without the line's end.
pub(super) fn line_comment(bytes: &[u8], start: usize) -> usize {
    memchr2(b'\n', b'\r', &bytes[start..]).map_or(bytes.len(), |length| start + length)
}

/// `/*…*/`, which may hold further ones.
pub(super) fn block_comment(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 1_usize;
    let mut at = start + 2;
    while depth > 0 {
        at += memchr2(b'*', b'/', &bytes[at..])?;
        match (bytes[at], bytes.get(at + 1)) {
            (b'*', Some(b'/')) => (depth, at) = (depth - 1, at + 2),
            (b'/', Some(b'*')) => (depth, at) = (depth + 1, at + 2),
            _ => at += 1,
        }
    }
    Some(at)
}

/// What a `$` outside of a word begins.
pub(super) enum Dollar {
    /// `$1`, or a stray `$`; ends here.
    Parameter(usize),
    /// `$tag$…$tag$`; ends here.
    Quote(usize),
    /// `$tag$` that never ends.
    Open,
}

/// What the `$` at `start` begins.
pub(super) fn dollar(bytes: &[u8], start: usize) -> Dollar {
    let mut at = start + 1;
    match bytes.get(at) {
        Some(b'0'..=b'9') => {
            let digits = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
            return Dollar::Parameter(at + digits);
        }
        Some(&b) if class(b) == Class::Word => at = number(bytes, at),
        _ => {}
    }
    if bytes.get(at) != Some(&b'$') {
        return Dollar::Parameter(start + 1);
    }
    let tag = &bytes[start..=at];
    match memmem::find(&bytes[at + 1..], tag) {
        Some(length) => Dollar::Quote(at + 1 + length + tag.len()),
        None => Dollar::Open,
    }
}
