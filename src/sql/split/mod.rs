//! A file's text to its statements' places.
//!
//! Knows no grammar beyond what psql itself knows to find a statement's end, so that one unreadable statement never hides its
//! neighbours. Where psql would read on to the end of the file, because a quote, a comment or a parenthesis is never closed, the piece
//! is a [`Problem`] and reading resumes at the next line that looks like a statement's first.
//!
//! Invariants: pieces are in order and do not overlap; every byte outside of them is white space, a comment, or a `;`;
//! any input is read in linear time and nesting takes no stack.
//! Source: manual, Lexical Structure and psql; `src/fe_utils/psqlscan.l`. `standard_conforming_strings = off` is not supported.

mod copy;
mod meta;
mod nesting;
mod resume;
mod scan;
mod stand_in;
mod token;

use std::fmt;

use super::source::Span;
pub use meta::Meta;
pub use stand_in::{StandIn, StandInKind};

/// What a text consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Statements and what else psql runs, in order.
    pub pieces: Vec<Piece>,
    /// The comments outside of strings and bodies, in order.
    pub comments: Vec<Comment>,
}

/// Splits `text`. A byte order mark at its start is skipped.
///
/// A file that is one statement without a `;` is one piece; empty statements are none.
pub fn split(text: &str) -> Split {
    scan::Scanner::new(text.as_bytes()).run().out
}

/// One statement, or another thing that psql runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// From the first token to the last: neither the comments around it nor its `;` belong to it.
    pub span: Span,
    /// What it is.
    pub kind: PieceKind,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// A statement, with those of its parts that psql replaces. Each of several that `\;` joins is one.
    Statement(Box<[StandIn]>),
    /// A psql meta-command, such as `\i file`, with its arguments; [`Piece::meta`] reads it.
    Meta,
    /// The lines after `COPY … FROM stdin;`, with the `\.` that ends them.
    CopyData {
        /// Whether there is a `\.`. Without it all the rest of the file is data.
        closed: bool,
    },
    /// What cannot be a statement.
    Problem(Problem),
}

/// Why a text is no statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it begins, in bytes from the start of the text: at the quote that is never closed, say.
    pub offset: usize,
    /// What is wrong.
    pub defect: Defect,
}

/// What can be wrong with a text before any grammar is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// A `'` without its second.
    OpenString,
    /// A `"` without its second.
    OpenIdentifier,
    /// A `$tag$` without its second.
    OpenDollarQuote,
    /// A `/*` without its `*/`.
    OpenComment,
    /// A `(` or `[` that is not closed before the statement's end.
    OpenParenthesis,
    /// A `BEGIN ATOMIC` without its `END`.
    OpenBody,
    /// More than [`MAX_DEPTH`] parentheses in one another, or some 20,000 other levels.
    TooDeep,
    /// A `\` in a statement that begins none of psql's commands.
    StrayBackslash,
    /// Copied data that ends with the file.
    OpenCopyData,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenString => f.write_str("this string is never closed"),
            Self::OpenIdentifier => f.write_str("this quoted name is never closed"),
            Self::OpenDollarQuote => f.write_str("this dollar-quoted string is never closed"),
            Self::OpenComment => f.write_str("this comment is never closed"),
            Self::OpenParenthesis => f.write_str("this parenthesis is never closed"),
            Self::OpenBody => f.write_str("this BEGIN ATOMIC has no END"),
            Self::TooDeep => f.write_str("from here on it is nested too deeply to be read"),
            Self::StrayBackslash => {
                f.write_str("no psql command begins here, and no statement holds a backslash")
            }
            Self::OpenCopyData => {
                f.write_str("the data of this COPY is not ended by \\. before the end of the file")
            }
        }
    }
}

/// The deepest nesting of parentheses and brackets that is read. A parser with its usual stack survives ten times as much.
pub const MAX_DEPTH: usize = 1000;

/// A comment outside of strings and bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// With its `--`, or `/*` and `*/`; without the line's end.
    pub span: Span,
    /// Whether it is a `/* … */`, else a `-- …`.
    pub block: bool,
}

impl Piece {
    /// The piece's part of `text`, which must be the text that was split.
    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        self.span.of(text)
    }

    /// The parts of the statement that psql replaces; none for other pieces.
    pub fn stand_ins(&self) -> &[StandIn] {
        match &self.kind {
            PieceKind::Statement(stand_ins) => stand_ins,
            PieceKind::Meta | PieceKind::CopyData { .. } | PieceKind::Problem(_) => &[],
        }
    }

    /// What is wrong with it, if anything.
    pub fn problem(&self) -> Option<Problem> {
        match self.kind {
            PieceKind::Problem(problem) => Some(problem),
            PieceKind::CopyData { closed: false } => {
                Some(Problem { offset: self.span.start, defect: Defect::OpenCopyData })
            }
            PieceKind::CopyData { closed: true } | PieceKind::Meta | PieceKind::Statement(_) => None,
        }
    }
}
