//! The data lines that follow `COPY … FROM stdin` in a script for psql.

use memchr::{memchr, memmem};

use super::PieceKind;
use super::scan::Scanner;
use crate::sql::source::Span;

impl Scanner<'_> {
    /// Reads the data of each `COPY` that ended just now. What else stands on the line is read first, as psql, too, keeps it and goes on
    /// with the next line.
    pub(super) fn copy_data(&mut self) {
        if self.is_part || self.n_copies == 0 {
            return;
        }
        let mut line_end = line_end(self.bytes, self.at);
        let rest = Scanner::part(&self.bytes[..line_end], self.at).run();
        self.out.pieces.extend(rest.out.pieces);
        self.out.comments.extend(rest.out.comments);
        let n_copies = std::mem::take(&mut self.n_copies) + rest.n_copies;
        for _ in 0..n_copies {
            let start = line_end + 1;
            if start >= self.bytes.len() {
                break;
            }
            let end = data_end(self.bytes, line_end);
            let span = Span { start, end: end.unwrap_or(self.bytes.len()) };
            self.push(span, PieceKind::CopyData { closed: end.is_some() });
            line_end = span.end + usize::from(self.bytes[span.end..].starts_with(b"\r"));
        }
        self.at = line_end;
    }
}

/// The place of the first line's end at or after `start`.
fn line_end(bytes: &[u8], start: usize) -> usize {
    memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length)
}

/// The end of the first line after the line's end at `start` that is `\.` and nothing else.
fn data_end(bytes: &[u8], start: usize) -> Option<usize> {
    memmem::find_iter(&bytes[start..], b"\n\\.")
        .map(|at| start + at + 3)
        .find(|&end| matches!(bytes[end..], [] | [b'\n', ..] | [b'\r'] | [b'\r', b'\n', ..]))
}

/// Whether `\copy` with these arguments reads the lines that follow it.
pub(super) fn reads_script(arguments: &str) -> bool {
    let mut words = arguments.split_ascii_whitespace();
    let mut before = "";
    words.any(|word| {
        let previous = std::mem::replace(&mut before, word);
        previous.eq_ignore_ascii_case("from") && is_client(word.trim_end_matches(';'))
    })
}

/// Whether a word stands for the client; the grammar takes either for both directions.
fn is_client(word: &str) -> bool {
    word.eq_ignore_ascii_case("stdin") || word.eq_ignore_ascii_case("stdout")
}
