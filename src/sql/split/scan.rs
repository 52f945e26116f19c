//! The loop over the bytes: one statement after the other.

use super::current::{Current, Head};
use super::nesting;
use super::stand_in::{StandInKind, variable};
use super::token::{self, Class, Dollar, class};
use super::{Comment, Defect, Piece, PieceKind, Problem, Split};
use crate::sql::source::Span;

/// How many further passes over a text may be spent on resuming after what is never closed.
const RESUME_PASSES: usize = 8;
/// Bytes that may be read again in any text, so that small ones always recover: a few milliseconds.
const RESUME_BYTES: usize = 1 << 20;

/// Reads a text from its start to its end.
pub(super) struct Scanner<'t> {
    pub(super) bytes: &'t [u8],
    /// Where the next token begins.
    pub(super) at: usize,
    pub(super) statement: Current,
    pub(super) out: Split,
    /// How many bytes may still be read again.
    pub(super) budget: usize,
    /// Whether this is a part of a text that another scanner reads: no data follows it.
    pub(super) is_part: bool,
    /// The ended `COPY` whose data was not read yet.
    pub(super) n_copies: usize,
}

impl<'t> Scanner<'t> {
    /// A scanner of a whole text.
    pub(super) fn new(bytes: &'t [u8]) -> Self {
        let at = if bytes.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        let budget = RESUME_PASSES * bytes.len() + RESUME_BYTES;
        Self { budget, is_part: false, ..Self::part(bytes, at) }
    }

    /// A scanner of a part of a text: from `at` to the end of `bytes`. It neither resumes nor looks for data.
    pub(super) fn part(bytes: &'t [u8], at: usize) -> Self {
        let (statement, out) = (Current::default(), Split::default());
        Self { bytes, at, statement, out, budget: 0, is_part: true, n_copies: 0 }
    }

    /// Reads to the end.
    pub(super) fn run(mut self) -> Self {
        loop {
            if self.statement.head == Head::Other {
                self.skim();
            }
            if let Some(&byte) = self.bytes.get(self.at) {
                self.step(byte);
                continue;
            }
            if !self.end_of_text() {
                return self;
            }
        }
    }

    /// Reads what most of a text is: white space, words, numbers and signs that say nothing of where the statement ends.
    fn skim(&mut self) {
        let bytes = self.bytes;
        let (mut at, mut end) = (self.at, self.statement.end);
        while let Some(&byte) = bytes.get(at) {
            match class(byte) {
                Class::Space => {
                    at += 1;
                    continue;
                }
                Class::Word => {
                    let word_end = token::word(bytes, at);
                    if bytes.get(word_end) == Some(&b'\'') {
                        break;
                    }
                    at = word_end;
                }
                Class::Digit => at = token::number(bytes, at),
                Class::Sign => at += 1,
                _ => break,
            }
            end = at;
        }
        (self.at, self.statement.end) = (at, end);
    }

    /// Reads the token that begins with `byte`.
    fn step(&mut self, byte: u8) {
        let (bytes, at) = (self.bytes, self.at);
        let is_next = |second| bytes.get(at + 1) == Some(&second);
        match class(byte) {
            Class::Space => self.at += 1,
            Class::Word => self.word(),
            Class::Digit => self.token(token::number(bytes, at)),
            Class::Quote => self.token_or(token::quoted(bytes, at), Defect::OpenString),
            Class::DoubleQuote => self.token_or(token::quoted(bytes, at), Defect::OpenIdentifier),
            Class::Dollar => match token::dollar(bytes, at) {
                Dollar::Parameter(end) | Dollar::Quote(end) => self.token(end),
                Dollar::Open => self.unclosed(at, Defect::OpenDollarQuote),
            },
            Class::Dash if is_next(b'-') => self.comment(token::line_comment(bytes, at), false),
            Class::Slash if is_next(b'*') => match token::block_comment(bytes, at) {
                Some(end) => self.comment(end, true),
                None => self.unclosed(at, Defect::OpenComment),
            },
            Class::Sign | Class::Dash | Class::Slash => self.token(at + 1),
            Class::Semicolon => self.semicolon(),
            Class::Open => {
                self.statement.open(at);
                self.token(at + 1);
            }
            Class::Close => {
                self.statement.close();
                self.token(at + 1);
            }
            Class::Colon => self.colon(),
            Class::Backslash => self.backslash(),
        }
    }

    /// Makes the text up to `end` a token of the statement.
    pub(super) fn token(&mut self, end: usize) {
        self.statement.start.get_or_insert(self.at);
        self.statement.end = end;
        self.at = end;
    }

    fn token_or(&mut self, end: Option<usize>, defect: Defect) {
        match end {
            Some(end) => self.token(end),
            None => self.unclosed(self.at, defect),
        }
    }

    fn comment(&mut self, end: usize, block: bool) {
        self.out.comments.push(Comment { span: Span { start: self.at, end }, block });
        self.at = end;
    }

    fn word(&mut self) {
        let end = token::word(self.bytes, self.at);
        let word = &self.bytes[self.at..end];
        if self.statement.head != Head::Other {
            self.statement.note(word);
        }
        let is_escape = matches!(word, b"e" | b"E") && self.bytes.get(end) == Some(&b'\'');
        self.token(end);
        if is_escape {
            self.token_or(token::escaped(self.bytes, end), Defect::OpenString);
        }
    }

    fn colon(&mut self) {
        if matches!(self.bytes.get(self.at + 1), Some(b':' | b'=')) {
            return self.token(self.at + 2);
        }
        match variable(self.bytes, self.at).filter(|part| self.can_be_variable(part.kind)) {
            Some(part) => {
                self.statement.stand_ins.push(part);
                self.token(part.span.end);
            }
            None => self.token(self.at + 1),
        }
    }

    /// Whether a colon that looks like a variable's is none of the grammar's own: of `a[1:n]`, or of `JSON_OBJECT('k':v)`.
    fn can_be_variable(&self, kind: StandInKind) -> bool {
        let statement = &self.statement;
        let is_slice = statement.open.last().is_some_and(|&open| self.bytes[open] == b'[');
        let before = match self.at.checked_sub(1) {
            Some(last) if statement.end == self.at => class(self.bytes[last]),
            _ => Class::Space,
        };
        match before {
            Class::Quote | Class::DoubleQuote | Class::Close => false,
            // `prefix_:name` is glued together; `'…'` after a word is a key's value.
            Class::Word | Class::Digit | Class::Dollar => kind == StandInKind::Value && !is_slice,
            _ => kind != StandInKind::Value || !is_slice,
        }
    }

    /// Ends the statement, unless the `;` belongs to it.
    fn semicolon(&mut self) {
        if self.statement.holds_semicolon() {
            return self.token(self.at + 1);
        }
        self.n_copies += usize::from(self.statement.copies_from_stdin);
        self.end_statement();
        self.at += 1;
        self.copy_data();
    }

    /// Ends the statement before the current place, if there is one.
    pub(super) fn end_statement(&mut self) {
        let Some(start) = self.statement.start else { return };
        let end = self.statement.end;
        if let Some(&open) = self.statement.open.last() {
            let problem = Problem { offset: open, defect: Defect::OpenParenthesis };
            self.statement.problem.get_or_insert(problem);
        }
        if self.statement.problem.is_none() && end - start > nesting::UNCHECKED_BYTES {
            let text = &self.bytes[start..end];
            let is_code = self.statement.head == Head::Routine || text[..2].eq_ignore_ascii_case(b"do");
            self.statement.problem = nesting::too_deep(text, is_code)
                .map(|at| Problem { offset: start + at, defect: Defect::TooDeep });
        }
        let inside = self.statement.stand_ins.partition_point(|part| part.span.end <= end);
        let kind = match self.statement.problem {
            Some(problem) => PieceKind::Problem(problem),
            None => PieceKind::Statement(self.statement.stand_ins[..inside].into()),
        };
        self.push(Span { start, end }, kind);
        // Meta-commands after the last token are not inside of the statement.
        let behind = std::mem::take(&mut self.statement.stand_ins);
        for part in &behind[inside..] {
            self.meta_piece(part.span.start, part.span.end);
        }
        self.statement.clear();
    }

    pub(super) fn push(&mut self, span: Span, kind: PieceKind) {
        self.out.pieces.push(Piece { span, kind });
    }

    /// Ends the last statement. Returns whether reading goes on, because it was a statement that takes in `;` and never ends.
    fn end_of_text(&mut self) -> bool {
        let statement = &self.statement;
        let Some(start) = statement.start else { return false };
        if statement.body_depth > 0 {
            self.unclosed(start, Defect::OpenBody);
        } else if statement.head == Head::Rule
            && let Some(&open) = statement.open.last()
        {
            self.unclosed(open, Defect::OpenParenthesis);
        } else {
            self.end_statement();
        }
        self.at < self.bytes.len()
    }
}
