//! A file's bytes as text, and places in it as people name them.
//!
//! The text is as long as the file, byte for byte, so that an offset means the same in both: a byte order mark stays where it is, and a
//! byte that no SQL text can hold becomes a `?`. What a `?` stands in for is unreadable, and nothing else is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use memchr::memchr_iter;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
}

/// A part of a file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Bytes from the file's start.
    pub start: usize,
    /// Bytes from the file's start, exclusive.
    pub end: usize,
}

impl Span {
    /// The part of `text`; empty if the text has no such part.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// A file, as text.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    text: String,
    /// What of the file is no text, in order.
    unreadable: Vec<Unreadable>,
    places: OnceLock<Places>,
}

/// A part of a file that is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its bytes.
    pub span: Span,
    /// Why.
    pub why: Why,
}

/// Why bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// They are not UTF-8.
    NotUtf8,
    /// They are zero, which PostgreSQL's texts cannot hold.
    Nul,
    /// The whole file is UTF-16.
    Utf16,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "this is not UTF-8: save the file as UTF-8",
            Self::Nul => "a zero byte cannot stand in SQL",
            Self::Utf16 => "the file is UTF-16, which PostgreSQL cannot read: save it as UTF-8",
        })
    }
}

/// With more unreadable parts than this a file is no text with some slips, and the last part reaches to the last slip.
const MAX_UNREADABLE: usize = 1000;

impl Source {
    /// The file at `path`, whose bytes were read before.
    pub fn new(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Self {
        let path = path.into();
        if is_utf16(&bytes) {
            let span = Span { start: 0, end: bytes.len() };
            let unreadable = vec![Unreadable { span, why: Why::Utf16 }];
            return Self { path, text: String::new(), unreadable, places: OnceLock::new() };
        }
        let (text, unreadable) = match String::from_utf8(bytes) {
            Ok(text) if memchr::memchr(0, text.as_bytes()).is_none() => (text, Vec::new()),
            Ok(text) => readable(text.into_bytes()),
            Err(error) => readable(error.into_bytes()),
        };
        Self { path, text, unreadable, places: OnceLock::new() }
    }

    /// The file's path, as it was named to us.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text; empty if the file is UTF-16.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What of the file is no text, in order.
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// The first part of `span` that is no text. A statement that has one cannot be judged.
    pub fn unreadable_in(&self, span: Span) -> Option<Unreadable> {
        let after = self.unreadable.partition_point(|part| part.span.end <= span.start);
        self.unreadable.get(after).filter(|part| part.span.start < span.end).copied()
    }

    /// Where the byte at `offset` is. A byte inside of a character is where the character is; one past the end is at the end.
    pub fn position(&self, offset: usize) -> Position {
        self.places.get_or_init(|| Places::of(&self.text)).position(&self.text, offset)
    }
}

/// Whether the bytes are UTF-16, by their mark or by an ASCII letter's zero half at the start.
fn is_utf16(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [1..=127, 0, 1..=127, 0, ..] | [0, 1..=127, 0, 1..=127, ..]
    )
}

/// The bytes as text of the same length, and what of them is none.
fn readable(mut bytes: Vec<u8>) -> (String, Vec<Unreadable>) {
    let mut parts: Vec<Unreadable> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (good, bad) = match str::from_utf8(&bytes[at..]) {
            Ok(_) => (bytes.len() - at, 0),
            Err(error) => {
                let good = error.valid_up_to();
                (good, error.error_len().unwrap_or(bytes.len() - at - good))
            }
        };
        for nul in memchr_iter(0, &bytes[at..at + good]).map(|nul| at + nul) {
            add(&mut parts, Span { start: nul, end: nul + 1 }, Why::Nul);
        }
        at += good;
        if bad > 0 {
            add(&mut parts, Span { start: at, end: at + bad }, Why::NotUtf8);
            bytes[at..at + bad].fill(b'?');
        }
        at += bad;
    }
    for byte in &mut bytes {
        *byte = if *byte == 0 { b'?' } else { *byte };
    }
    // Everything that is not UTF-8 was replaced just now.
    (String::from_utf8(bytes).unwrap_or_default(), parts)
}

/// Adds an unreadable part, to the one before if it continues that or if there are too many.
fn add(parts: &mut Vec<Unreadable>, span: Span, why: Why) {
    let is_full = parts.len() == MAX_UNREADABLE;
    match parts.last_mut() {
        Some(last) if is_full || (last.why == why && last.span.end == span.start) => last.span.end = span.end,
        _ => parts.push(Unreadable { span, why }),
    }
}

/// Bytes between two known character counts: few enough to count in a fraction of a microsecond.
const BLOCK_BYTES: usize = 1024;

/// What finds a line and column quickly, also in a file that is one long line.
#[derive(Debug)]
struct Places {
    /// Bytes from the text's start to each line's.
    line_starts: Vec<usize>,
    /// For each block of the text, the characters that begin before it; empty if all characters are one byte.
    characters_before: Vec<usize>,
}

impl Places {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let line_starts = std::iter::once(0).chain(memchr_iter(b'\n', bytes).map(|end| end + 1)).collect();
        let mut characters_before = Vec::new();
        if !text.is_ascii() {
            let mut n_characters = 0;
            for block in bytes.chunks(BLOCK_BYTES) {
                characters_before.push(n_characters);
                n_characters += count_characters(block);
            }
            characters_before.push(n_characters);
        }
        Self { line_starts, characters_before }
    }

    fn position(&self, text: &str, offset: usize) -> Position {
        let offset = text.floor_char_boundary(offset);
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let line_start =
            line.checked_sub(1).and_then(|index| self.line_starts.get(index)).copied().unwrap_or(0);
        let mut column = self.characters(text, offset) - self.characters(text, line_start);
        if line == 1 && offset > 0 && text.starts_with('\u{feff}') {
            // No editor shows a byte order mark as a column.
            column -= 1;
        }
        let one_based = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position { line: one_based(line), column: one_based(column + 1) }
    }

    /// How many characters begin before `offset`.
    fn characters(&self, text: &str, offset: usize) -> usize {
        match self.characters_before.get(offset / BLOCK_BYTES) {
            Some(before) => {
                before + count_characters(&text.as_bytes()[offset / BLOCK_BYTES * BLOCK_BYTES..offset])
            }
            None => offset,
        }
    }
}

/// How many characters begin in a part of a text.
fn count_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}
