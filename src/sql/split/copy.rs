//! The data lines that follow `COPY … FROM stdin` in a script for psql.

use memchr::{memchr, memmem};

use super::scan::Scanner;
use super::{Piece, PieceKind};
use crate::sql::source::Span;

impl Scanner<'_> {
    /// Reads the data of the `COPY` that ends before the current place. What else stands on its line is read first, as psql, too, keeps
    /// it and goes on with the next line.
    pub(super) fn copy_data(&mut self) {
        if self.is_part {
            return;
        }
        let line_end =
            memchr(b'\n', &self.bytes[self.at..]).map_or(self.bytes.len(), |length| self.at + length);
        let rest = Scanner::part(&self.bytes[..line_end], self.at).run();
        self.out.pieces.extend(rest.pieces);
        self.out.comments.extend(rest.comments);
        self.at = (line_end + 1).min(self.bytes.len());
        if self.at < self.bytes.len() {
            let end = data_end(self.bytes, line_end);
            let span = Span { start: self.at, end: end.unwrap_or(self.bytes.len()) };
            self.out.pieces.push(Piece { span, kind: PieceKind::CopyData { closed: end.is_some() } });
            self.at = span.end;
        }
    }
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
        previous.eq_ignore_ascii_case("from") && word.trim_end_matches(';').eq_ignore_ascii_case("stdin")
    })
}
