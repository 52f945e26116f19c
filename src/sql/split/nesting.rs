//! Whether a long statement could be nested deeper than a parser's stack goes, without parentheses: `NOT NOT …`, `a = b = c …`, blocks in
//! blocks.
//!
//! A parser takes in at most one level with each token, and comes back at least to where a list's last comma or a block's last `;` was.
//! So the tokens since then, and those before each parenthesis or block that is still open, bound its depth.

use super::token::{self, Class, Dollar, class};

/// Statements up to this size cannot hold enough levels to hurt: 16 KiB of `(` or `-`.
pub(super) const UNCHECKED_BYTES: usize = 16 * 1024;

/// The deepest nesting by this count that is read. A query of 5,000 `OR` terms or 10,000 strings put together is just below. The parser
/// survives several times as much in the 256 MiB of stack that we give it, but takes time that grows with the square.
const MAX_LEVELS: usize = 20_000;

/// The place where the statement is nested too deeply, if it is. `is_code` says that its strings hold statements.
pub(super) fn too_deep(bytes: &[u8], is_code: bool) -> Option<usize> {
    let mut levels = Levels::default();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let is_next = |second| bytes.get(start + 1) == Some(&second);
        at = match class(byte) {
            Class::Word => token::word(bytes, start),
            Class::Digit => token::number(bytes, start),
            Class::Dash if is_next(b'-') => token::line_comment(bytes, start),
            Class::Slash if is_next(b'*') => token::block_comment(bytes, start).unwrap_or(bytes.len()),
            Class::Quote | Class::DoubleQuote if !is_code => {
                token::quoted(bytes, start).unwrap_or(bytes.len())
            }
            Class::Dollar if !is_code => match token::dollar(bytes, start) {
                Dollar::Parameter(end) | Dollar::Quote(end) => end,
                Dollar::Open => bytes.len(),
            },
            _ => start + 1,
        };
        match byte {
            b',' | b';' => levels.back(byte == b';'),
            b'(' | b'[' => levels.open(),
            b')' | b']' => levels.close(),
            // An operator is one level, however long; but `+` and `-` may be several.
            _ if is_operator(byte) && start > 0 && is_operator(bytes[start - 1]) => {}
            _ if class(byte) == Class::Word => levels.word(&bytes[start..at], is_code),
            _ if class(byte) != Class::Space => levels.token(),
            _ => {}
        }
        if levels.now > MAX_LEVELS {
            return Some(start);
        }
    }
    None
}

/// Whether `byte` can follow or precede another of its kind in one operator.
fn is_operator(byte: u8) -> bool {
    class(byte) == Class::Sign && byte != b'+'
}

#[derive(Default)]
struct Levels {
    now: usize,
    /// How deep it was before each open parenthesis and block, the innermost last.
    open: Vec<usize>,
    before: Before,
}

/// What is before a word, in so far as it tells an `IF` that opens a block from that of `DROP TABLE IF EXISTS`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Other,
    /// A statement of code can begin here.
    Start,
    End,
}

impl Levels {
    fn token(&mut self) {
        self.now += 1;
        self.before = Before::Other;
    }

    /// Comes back to the depth after the innermost thing that is open.
    fn back(&mut self, is_end: bool) {
        self.now = self.open.last().map_or(0, |&depth| depth + 1);
        self.before = if is_end { Before::Start } else { Before::Other };
    }

    fn open(&mut self) {
        self.open.push(self.now);
        self.token();
    }

    fn close(&mut self) {
        let depth = self.open.pop().unwrap_or(0);
        self.now = depth;
        self.token();
    }

    fn word(&mut self, word: &[u8], is_code: bool) {
        let is = |keyword: &[u8]| word.eq_ignore_ascii_case(keyword);
        let before = self.before;
        if is(b"end") {
            self.close();
            self.before = Before::End;
        } else if before == Before::End {
            // `END IF`, `END LOOP`, `END CASE`.
            self.token();
        } else if is(b"case")
            || (is_code && (is(b"begin") || is(b"loop") || (before == Before::Start && is(b"if"))))
        {
            self.open();
            self.before = Before::Start;
        } else {
            self.token();
            if is(b"then") || is(b"else") {
                self.before = Before::Start;
            }
        }
    }
}
