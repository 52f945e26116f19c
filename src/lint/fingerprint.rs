//! A name for a finding that survives edits elsewhere in the file, reformatting, and the file's renaming.

use sha2::{Digest, Sha256};

/// The fingerprint of a rule's finding on a relation in a statement: 32 hexadecimal digits.
///
/// `nth` tells apart findings that are alike in all else.
pub(super) fn of(rule: &str, relation: Option<&str>, statement: &str, nth: usize) -> String {
    let mut hash = Sha256::new();
    for part in [rule, relation.unwrap_or_default(), &normalise(statement), &nth.to_string()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hash = hash.finalize();
    let half: [u8; 16] = std::array::from_fn(|n| hash[n]);
    format!("{:032x}", u128::from_be_bytes(half))
}

/// Comments dropped, white space folded, and letters outside quotes in lower case.
fn normalise(statement: &str) -> String {
    let mut normal = String::with_capacity(statement.len());
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest, first);
        let (token, after) = rest.split_at(length);
        rest = after;
        if is_blank(token, first) {
            if !normal.ends_with(' ') {
                normal.push(' ');
            }
        } else if matches!(first, '\'' | '"') {
            normal.push_str(token);
        } else {
            normal.push_str(&token.to_lowercase());
        }
    }
    normal.trim().to_owned()
}

fn is_blank(token: &str, first: char) -> bool {
    first.is_whitespace() || token.starts_with("--") || token.starts_with("/*")
}

fn token_length(text: &str, first: char) -> usize {
    let until = |end: &str, from: usize| {
        text.get(from..).and_then(|it| it.find(end)).map_or(text.len(), |it| from + it + end.len())
    };
    match first {
        '\'' => until("'", 1),
        '"' => until("\"", 1),
        '-' if text.starts_with("--") => text.find('\n').unwrap_or(text.len()),
        '/' if text.starts_with("/*") => until("*/", 2),
        _ => first.len_utf8(),
    }
}
