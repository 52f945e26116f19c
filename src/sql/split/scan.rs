//! The loop over the bytes: one statement after the other.
//!
//! Long because the cases of the loop share its state.

use super::meta;
use super::nesting;
use super::stand_in::{StandIn, StandInKind, placeholder, variable};
use super::token::{self, Class, Dollar, class};
use super::{Comment, Defect, MAX_DEPTH, Piece, PieceKind, Problem, Split};
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
    pub(super) statement: Statement,
    pub(super) out: Split,
    /// How many bytes may still be read again.
    pub(super) budget: usize,
    /// Whether this is a part of a text that another scanner reads: no data follows it.
    pub(super) is_part: bool,
    /// The ended `COPY` whose data was not read yet.
    pub(super) n_copies: usize,
}

/// The statement that is being read.
#[derive(Default)]
pub(super) struct Statement {
    /// Where its first token begins; `None` between statements.
    pub(super) start: Option<usize>,
    /// Where its last token so far ends.
    end: usize,
    head: Head,
    /// The word before, if it is one that the next one matters after.
    previous: Previous,
    /// The places of the open parentheses and brackets, the innermost last.
    open: Vec<usize>,
    /// How many are open beyond [`MAX_DEPTH`].
    too_deep: usize,
    /// How many `BEGIN ATOMIC` and `CASE` of a routine's body are open.
    body_depth: usize,
    /// Whether data follows.
    copies_from_stdin: bool,
    stand_ins: Vec<StandIn>,
    problem: Option<Problem>,
}

/// What a statement's first words say about where it can end.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Head {
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

impl Statement {
    fn depth(&self) -> usize {
        self.open.len() + self.too_deep
    }

    /// Whether a `;` at this place belongs to the statement.
    fn holds_semicolon(&self) -> bool {
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
    fn note(&mut self, word: &[u8]) {
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
        let (statement, out) = (Statement::default(), Split::default());
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
                Class::Sign if byte != b'{' => at += 1,
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
            Class::DoubleQuote if is_next(b'{') && self.placeholder() => {}
            Class::DoubleQuote => self.token_or(token::quoted(bytes, at), Defect::OpenIdentifier),
            Class::Dollar | Class::Sign if self.placeholder() => {}
            Class::Dollar => match token::dollar(bytes, at) {
                Dollar::Parameter(end) => self.token(end),
                Dollar::Quote(end) => {
                    self.placeholders_of_code(end);
                    self.token(end);
                }
                Dollar::Open => self.unclosed(at, Defect::OpenDollarQuote),
            },
            Class::Dash if is_next(b'-') => self.comment(token::line_comment(bytes, at), false),
            Class::Slash if is_next(b'*') => match token::block_comment(bytes, at) {
                Some(end) => self.comment(end, true),
                None => self.unclosed(at, Defect::OpenComment),
            },
            Class::Sign | Class::Dash | Class::Slash => self.token(at + 1),
            Class::Semicolon => self.semicolon(),
            Class::Open => self.open(),
            Class::Close => self.close(),
            Class::Colon => self.colon(),
            Class::Backslash => self.backslash(),
        }
    }

    /// Reads the placeholder that begins here, if one does.
    fn placeholder(&mut self) -> bool {
        let Some(part) = placeholder(self.bytes, self.at) else { return false };
        self.statement.stand_ins.push(part);
        self.token(part.span.end);
        true
    }

    /// Reads the placeholders of a routine's code that goes on to `end`: a runner fills them in wherever they stand.
    fn placeholders_of_code(&mut self, end: usize) {
        if !self.is_code() {
            return;
        }
        let code = &self.bytes[..end];
        let mut at = self.at;
        while let Some(length) = memchr::memchr(b'{', &code[at..]) {
            let brace = at + length;
            let start = if code[brace - 1] == b'$' { brace - 1 } else { brace };
            let part = placeholder(code, start);
            at = part.as_ref().map_or(brace + 1, |it| it.span.end);
            self.statement.stand_ins.extend(part);
        }
    }

    /// Whether the statement has code that it runs, or keeps to be run.
    fn is_code(&self) -> bool {
        let text = self.statement.start.and_then(|it| self.bytes.get(it..it + 2));
        self.statement.head == Head::Routine || text.is_some_and(|it| it.eq_ignore_ascii_case(b"do"))
    }

    /// Makes the text up to `end` a token of the statement.
    fn token(&mut self, end: usize) {
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

    fn open(&mut self) {
        let statement = &mut self.statement;
        if statement.open.len() < MAX_DEPTH {
            statement.open.push(self.at);
        } else {
            statement.too_deep += 1;
            statement.problem.get_or_insert(Problem { offset: self.at, defect: Defect::TooDeep });
        }
        self.token(self.at + 1);
    }

    /// A parenthesis too many is left to the parser, which says it better.
    fn close(&mut self) {
        let statement = &mut self.statement;
        if statement.too_deep > 0 {
            statement.too_deep -= 1;
        } else {
            statement.open.pop();
        }
        self.token(self.at + 1);
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

    fn backslash(&mut self) {
        match self.bytes.get(self.at + 1) {
            // Joins statements for one round trip, in one transaction; their data comes after the last.
            Some(b';') if !self.statement.holds_semicolon() => {
                self.n_copies += usize::from(self.statement.copies_from_stdin);
                self.end_statement();
                self.at += 2;
            }
            Some(b';' | b':') => {
                self.statement.start.get_or_insert(self.at);
                self.stand_in(self.at + 1);
                self.token(self.at + 1);
            }
            _ => self.meta_command(),
        }
    }

    /// Makes the text up to `end` nothing to the parser.
    fn stand_in(&mut self, end: usize) {
        let span = Span { start: self.at, end };
        self.statement.stand_ins.push(StandIn { span, kind: StandInKind::Nothing });
        self.at = end;
    }

    fn meta_command(&mut self) {
        let name_end = meta::name_end(self.bytes, self.at);
        let name = str::from_utf8(&self.bytes[self.at + 1..name_end]).unwrap_or_default();
        let is_inside = self.statement.start.is_some() && !meta::ends_statement(name);
        if is_inside && !meta::is_known(name) {
            let problem = Problem { offset: self.at, defect: Defect::StrayBackslash };
            self.statement.problem.get_or_insert(problem);
            return self.token(self.at + 1);
        }
        let end = meta::end(self.bytes, name, name_end);
        // `\\` stands between a meta-command and what follows on its line.
        let after = if self.bytes[end..].starts_with(br"\\") { end + 2 } else { end };
        if is_inside {
            return self.stand_in(after);
        }
        let arguments = str::from_utf8(&self.bytes[name_end..end]).unwrap_or_default();
        self.n_copies += usize::from(self.statement.copies_from_stdin);
        self.n_copies += usize::from(name == "copy" && super::copy::reads_script(arguments));
        self.end_statement();
        self.meta_piece(self.at, end);
        self.at = after;
        self.copy_data();
    }

    fn meta_piece(&mut self, start: usize, end: usize) {
        let end = start + self.bytes[start..end].trim_ascii_end().len();
        self.push(Span { start, end }, PieceKind::Meta);
    }

    /// Ends the statement before the current place, if there is one.
    fn end_statement(&mut self) {
        let Some(start) = self.statement.start else { return };
        let end = self.statement.end;
        if let Some(&open) = self.statement.open.last() {
            let problem = Problem { offset: open, defect: Defect::OpenParenthesis };
            self.statement.problem.get_or_insert(problem);
        }
        if self.statement.problem.is_none() && end - start > nesting::UNCHECKED_BYTES {
            let text = &self.bytes[start..end];
            let is_code = self.is_code();
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
