//! A document's text, and places in it as the protocol counts them.

use lsp_types::{Position, PositionEncodingKind, Range, TextDocumentContentChangeEvent};

use crate::finding::Span;

/// What a column counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units, which every client knows.
    #[default]
    Utf16,
}

impl Encoding {
    /// Bytes if the client knows them.
    pub(super) fn of(offered: &[PositionEncodingKind]) -> Self {
        if offered.contains(&PositionEncodingKind::UTF8) { Self::Utf8 } else { Self::Utf16 }
    }

    /// Its name in the protocol.
    pub(super) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn width(self, char: char) -> usize {
        match self {
            Self::Utf8 => char.len_utf8(),
            Self::Utf16 => char.len_utf16(),
        }
    }
}

/// A text and where its lines begin.
#[derive(Debug)]
pub(super) struct Text {
    content: String,
    lines: Vec<usize>,
    encoding: Encoding,
}

impl Text {
    pub(super) fn new(content: String, encoding: Encoding) -> Self {
        let lines = lines(&content);
        Self { content, lines, encoding }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.content
    }

    /// Puts new text in the place of a range, or of everything.
    pub(super) fn change(&mut self, change: &TextDocumentContentChangeEvent) {
        match change.range {
            Some(range) => {
                let (start, end) = (self.offset(range.start), self.offset(range.end));
                self.content.replace_range(start..end.max(start), &change.text);
            }
            None => self.content.clone_from(&change.text),
        }
        self.lines = lines(&self.content);
    }

    /// The byte at a position; one past a line's end is at its end, and one past the last line at the text's.
    pub(super) fn offset(&self, position: Position) -> usize {
        let n = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.lines.get(n).copied() else { return self.content.len() };
        let end = self.lines.get(n.saturating_add(1)).copied().unwrap_or(self.content.len());
        let line = Span { start, end }.of(&self.content).trim_end_matches(['\r', '\n']);
        let mut left = usize::try_from(position.character).unwrap_or(usize::MAX);
        let mut offset = start;
        for char in line.chars() {
            let width = self.encoding.width(char);
            if left < width {
                break;
            }
            left -= width;
            offset += char.len_utf8();
        }
        offset
    }

    /// The position of a byte. One inside of a character is where that is.
    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = self.content.floor_char_boundary(offset);
        let n = self.lines.partition_point(|it| *it <= offset).saturating_sub(1);
        let start = self.lines.get(n).copied().unwrap_or(0);
        let before = Span { start, end: offset }.of(&self.content);
        let column = match self.encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.chars().map(char::len_utf16).sum(),
        };
        let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        Position { line: number(n), character: number(column) }
    }

    pub(super) fn range(&self, span: Span) -> Range {
        Range { start: self.position(span.start), end: self.position(span.end) }
    }
}

/// Where lines begin: behind LF, CRLF and a CR alone.
fn lines(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let ends = memchr::memchr2_iter(b'\n', b'\r', bytes);
    let ends = ends.filter(|&it| bytes.get(it) == Some(&b'\n') || bytes.get(it + 1) != Some(&b'\n'));
    std::iter::once(0).chain(ends.map(|it| it + 1)).collect()
}
