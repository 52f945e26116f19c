//! Where reading goes on after a quote, comment, body or rule that is never closed.
//!
//! psql would read on to the end of the file, and the statements there would go unseen. We look instead for a `;` at a line's end with a
//! statement's first word at the start of a later line. It is a guess, so the piece before it stays a [`Problem`].

use memchr::memchr;

use super::scan::Scanner;
use super::token::{is_space, line_comment, word};
use super::{Defect, Piece, PieceKind, Problem};
use crate::sql::source::Span;

/// First words of statements, less those that also begin a line of a PL/pgSQL body more often than not.
const FIRST_WORDS: &[&str] = &[
    "alter",
    "analyze",
    "call",
    "cluster",
    "comment",
    "commit",
    "copy",
    "create",
    "delete",
    "do",
    "drop",
    "grant",
    "import",
    "insert",
    "lock",
    "merge",
    "reassign",
    "refresh",
    "reindex",
    "release",
    "reset",
    "revoke",
    "rollback",
    "savepoint",
    "security",
    "select",
    "set",
    "start",
    "truncate",
    "update",
    "vacuum",
    "with",
];

impl Scanner<'_> {
    /// Ends the current statement as a problem: what begins at `offset` is not closed before the text's end.
    pub(super) fn unclosed(&mut self, offset: usize, defect: Defect) {
        let start = self.statement.start.unwrap_or(offset);
        self.statement.clear();
        let Some(end) = self.resume_after(start) else {
            let end = trimmed(self.bytes, start, self.bytes.len());
            self.push(Span { start, end }, PieceKind::Problem(Problem { offset, defect }));
            self.at = self.bytes.len();
            return;
        };
        // What is open at the place where we go on is more likely the mistake than what is open at the end of the file.
        let part = Scanner::part(&self.bytes[..end], start).run().out;
        let problem =
            part.pieces.first().and_then(Piece::problem).unwrap_or(Problem { offset: start, defect });
        self.out.comments.retain(|comment| comment.span.start < start);
        self.out.comments.extend(part.comments);
        let span = Span { start, end: trimmed(self.bytes, start, end) };
        self.push(span, PieceKind::Problem(problem));
        self.at = end + 1;
    }

    /// The `;` after which reading goes on, for a statement that begins at `start` and does not end.
    fn resume_after(&mut self, start: usize) -> Option<usize> {
        // Each resumption reads the rest of the file once more. The budget keeps this linear.
        self.budget = self.budget.checked_sub(self.bytes.len() - start)?;
        let mut indented = None;
        let mut at = start;
        while let Some(length) = memchr(b';', &self.bytes[at..]) {
            let semicolon = at + length;
            let (line_start, first) = next_token(self.bytes, semicolon + 1);
            if line_start.is_some() && is_first_word(self.bytes, first) {
                if line_start == Some(first) {
                    return Some(semicolon);
                }
                indented = indented.or(Some(semicolon));
            }
            // Every `;` in the white space and comments just read would lead to the same token.
            at = first;
        }
        indented
    }
}

/// The first token at or after `start`, and the start of its line unless that is the line of `start`.
fn next_token(bytes: &[u8], start: usize) -> (Option<usize>, usize) {
    let mut line_start = None;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'\n' {
            line_start = Some(at + 1);
        } else if byte == b'-' && bytes.get(at + 1) == Some(&b'-') {
            at = line_comment(bytes, at);
            continue;
        } else if !is_space(byte) {
            break;
        }
        at += 1;
    }
    (line_start, at)
}

/// Whether a statement's first word is at `start`.
fn is_first_word(bytes: &[u8], start: usize) -> bool {
    let end = word(bytes, start);
    let found = &bytes[start..end];
    let is = |name: &&str| found.eq_ignore_ascii_case(name.as_bytes());
    // A `BEGIN` that is a whole statement is no block of a body.
    FIRST_WORDS.iter().any(is) || (is(&"begin") && bytes.get(end) == Some(&b';'))
}

/// The end of the text from `start` to `end` without white space behind it.
fn trimmed(bytes: &[u8], start: usize, end: usize) -> usize {
    start + bytes[start..end].trim_ascii_end().len()
}
