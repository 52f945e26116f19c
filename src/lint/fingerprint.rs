//! A name for a finding that survives edits elsewhere in the file, reformatting, and the file's renaming.

use sha2::{Digest, Sha256};

/// A fingerprint before it is written down.
pub(super) type Bytes = [u8; 16];

/// The fingerprint of a rule's finding on a relation in a statement, given in [its normal form](normalise).
///
/// `nth` tells apart findings that are alike in all else.
pub(super) fn of(rule: &str, relation: Option<&str>, normal: &str, nth: usize) -> Bytes {
    let mut hash = Sha256::new();
    for part in [rule, relation.unwrap_or_default(), normal, &nth.to_string()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut bytes = Bytes::default();
    bytes.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    bytes
}

/// 32 hexadecimal digits.
pub(super) fn in_digits(fingerprint: Bytes) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    fingerprint.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// What needs no space around it to be told from its neighbours.
const SEPARATE: [char; 3] = ['(', ')', ','];

/// A statement without its comments, with single spaces where words need them, and in lower case outside quotes.
pub(super) fn normalise(statement: &str) -> String {
    let mut normal = String::with_capacity(statement.len());
    let mut rest = statement;
    while let Some(first) = rest.bytes().next() {
        let (token, after) = rest.split_at(token_length(rest, first));
        rest = after;
        if first.is_ascii_whitespace() || token.starts_with("--") || token.starts_with("/*") {
            if !normal.ends_with(' ') && !normal.ends_with(SEPARATE) {
                normal.push(' ');
            }
        } else if matches!(first, b'\'' | b'"') {
            normal.push_str(token);
        } else {
            if token.starts_with(SEPARATE) && normal.ends_with(' ') {
                normal.pop();
            }
            let start = normal.len();
            normal.push_str(token);
            if let Some(added) = normal.get_mut(start..) {
                added.make_ascii_lowercase();
            }
        }
    }
    normal.trim().to_owned()
}

/// The length of the quoted text, the comment, or the run of plain characters that `text` begins with.
fn token_length(text: &str, first: u8) -> usize {
    let until = |end: &str, from: usize| {
        text.get(from..).and_then(|it| it.find(end)).map_or(text.len(), |it| from + it + end.len())
    };
    match first {
        b'\'' => until("'", 1),
        b'"' => until("\"", 1),
        b'-' if text.starts_with("--") => text.find('\n').unwrap_or(text.len()),
        b'/' if text.starts_with("/*") => until("*/", 2),
        _ => {
            let is_end = |it: u8| it.is_ascii_whitespace() || matches!(it, b'\'' | b'"' | b'-' | b'/');
            let after = text.bytes().skip(1).position(is_end).map_or(text.len(), |it| it + 1);
            if first.is_ascii_whitespace() { 1 } else { after }
        }
    }
}
