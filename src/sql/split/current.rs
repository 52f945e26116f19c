//! The statement that is being read, and what its words say about where it can end.

use super::stand_in::StandIn;
use super::{Defect, MAX_DEPTH, Problem};

/// The statement that is being read.
#[derive(Default)]
pub(super) struct Current {
    /// Where its first token begins; `None` between statements.
    pub(super) start: Option<usize>,
    /// Where its last token so far ends.
    pub(super) end: usize,
    pub(super) head: Head,
    /// The word before, if it is one that the next one matters after.
    previous: Previous,
    /// The places of the open parentheses and brackets, the innermost last.
    pub(super) open: Vec<usize>,
    /// How many are open beyond [`MAX_DEPTH`].
    too_deep: usize,
    /// How many `BEGIN ATOMIC` and `CASE` of a routine's body are open.
    pub(super) body_depth: usize,
    /// Whether data follows.
    pub(super) copies_from_stdin: bool,
    pub(super) stand_ins: Vec<StandIn>,
    pub(super) problem: Option<Problem>,
}

/// What a statement's first words say about where it can end.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Head {
    /// No word yet.
    #[default]
    Start,
    /// `CREATE [OR REPLACE]`.
    Create,
    /// `CREATE FUNCTION` or `PROCEDURE`: may have a body of statements.
    Routine,
    /// `CREATE RULE`: may have statements in parentheses.
    Rule,
    Copy,
    Other,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Previous {
    #[default]
    Any,
    Begin,
    From,
}

impl Current {
    fn depth(&self) -> usize {
        self.open.len() + self.too_deep
    }

    /// Whether a `;` at this place belongs to the statement.
    pub(super) fn holds_semicolon(&self) -> bool {
        if self.depth() > 0 { self.head == Head::Rule } else { self.body_depth > 0 }
    }

    /// Makes it the statement before its first token. Allocations are kept.
    pub(super) fn clear(&mut self) {
        let (mut open, mut stand_ins) = (std::mem::take(&mut self.open), std::mem::take(&mut self.stand_ins));
        open.clear();
        stand_ins.clear();
        *self = Self { open, stand_ins, ..Self::default() };
    }

    /// Takes note of a word, if it can matter for where the statement ends.
    pub(super) fn note(&mut self, word: &[u8]) {
        let is = |keyword: &[u8]| word.eq_ignore_ascii_case(keyword);
        let previous = std::mem::take(&mut self.previous);
        match self.head {
            Head::Start if self.start.is_some() => self.head = Head::Other,
            Head::Start if is(b"create") => self.head = Head::Create,
            Head::Start if is(b"copy") => self.head = Head::Copy,
            Head::Create if is(b"or") || is(b"replace") => {}
            Head::Create if is(b"function") || is(b"procedure") => self.head = Head::Routine,
            Head::Create if is(b"rule") => self.head = Head::Rule,
            Head::Start | Head::Create => self.head = Head::Other,
            Head::Routine if self.depth() == 0 => match self.body_depth {
                0 if is(b"begin") => self.previous = Previous::Begin,
                0 if previous == Previous::Begin && is(b"atomic") => self.body_depth = 1,
                0 => {}
                _ if is(b"case") => self.body_depth += 1,
                _ if is(b"end") => self.body_depth -= 1,
                _ => {}
            },
            Head::Copy if self.depth() == 0 => {
                if is(b"from") {
                    self.previous = Previous::From;
                }
                // The grammar takes either word for the client.
                self.copies_from_stdin |= previous == Previous::From && (is(b"stdin") || is(b"stdout"));
            }
            Head::Routine | Head::Rule | Head::Copy | Head::Other => {}
        }
    }

    /// Takes note of the parenthesis or bracket that opens at `offset`.
    pub(super) fn open(&mut self, offset: usize) {
        if self.open.len() < MAX_DEPTH {
            self.open.push(offset);
        } else {
            self.too_deep += 1;
            self.problem.get_or_insert(Problem { offset, defect: Defect::TooDeep });
        }
    }

    /// Takes note of one that closes. One too many is left to the parser, which says it better.
    pub(super) fn close(&mut self) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else {
            self.open.pop();
        }
    }
}
