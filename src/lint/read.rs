//! A file's text to its statements. Files are independent of each other here, so all cores read.

use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::Input;
use crate::{
    finding::Span,
    sql::{
        Statement,
        parse::{self, Unreadable},
        split::{self, PieceKind},
    },
};

/// What a file consists of.
#[derive(Clone)]
pub(super) struct File {
    /// In order.
    pub(super) pieces: Vec<Piece>,
    /// The comments that may hold a suppression.
    pub(super) comments: Vec<Span>,
}

/// One thing that a file runs.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

/// What a piece is.
#[derive(Clone)]
pub(super) enum Kind {
    Statement(Arc<Statement>),
    /// Why it could not be read, and where.
    Unreadable {
        message: String,
        at: Span,
    },
    /// A psql meta-command: its name and arguments.
    Meta {
        name: String,
        arguments: Vec<String>,
    },
}

/// Fewer statements than this are not worth a task of their own.
const MIN_PIECES: usize = 16;

/// What a statement's text was parsed to.
type Parsed = Result<Arc<Statement>, Unreadable>;

/// The statements of texts that are read again and again: most of them stay as they were.
#[derive(Default)]
pub(super) struct Memory(Mutex<FxHashMap<String, Parsed>>);

impl Memory {
    /// What one statement is parsed to.
    pub(super) fn parse(&self, text: &str) -> Parsed {
        // A poisoned lock is one that a panic left, and then nothing matters any more.
        if let Some(parsed) = self.0.lock().ok().and_then(|it| it.get(text).cloned()) {
            return parsed;
        }
        let parsed = parse(text);
        if let Ok(mut known) = self.0.lock() {
            known.insert(text.to_owned(), parsed.clone());
        }
        parsed
    }
}

/// With more texts than so many for each piece of the file, most of the memory is of what nobody will write again.
const MAX_REMEMBERED: usize = 2;

/// Reads every file.
pub(super) fn all<'i>(inputs: &'i [Input], read: &(dyn Fn(&Input) -> File + Sync)) -> Vec<(&'i Input, File)> {
    inputs.par_iter().map(|input| (input, read(input))).collect()
}

/// Parses one statement.
pub(super) fn parse(text: &str) -> Parsed {
    parse::parse(text).map(Arc::new)
}

/// Reads a file of which `memory` knows most statements.
pub(super) fn again(input: &Input, memory: &mut Memory) -> File {
    let file = file(input, &|text| memory.parse(text));
    if let Ok(known) = memory.0.get_mut()
        && known.len() > MAX_REMEMBERED * file.pieces.len() + MIN_PIECES
    {
        known.clear();
    }
    file
}

/// Reads one file, its statements by `parse`.
pub(super) fn file(input: &Input, parse: &(dyn Fn(&str) -> Parsed + Sync)) -> File {
    let text = input.source.text();
    let split = split::split(text);
    // Pieces are independent too: the longest file must not keep one core busy while the others wait.
    let pieces = split.pieces.par_iter().with_min_len(MIN_PIECES);
    let mut pieces: Vec<Piece> = pieces.filter_map(|it| piece(it, input, parse)).collect();
    // A file that is no text at all has no pieces, and must not pass for an empty one.
    if pieces.is_empty()
        && let Some(unreadable) = input.source.unreadable().first()
    {
        let kind = Kind::Unreadable { message: unreadable.why.to_string(), at: unreadable.span };
        pieces.push(Piece { span: unreadable.span, kind });
    }
    let comments = split.comments.iter().map(|it| it.span).collect();
    File { pieces, comments }
}

fn piece(piece: &split::Piece, input: &Input, parse: &dyn Fn(&str) -> Parsed) -> Option<Piece> {
    let (text, span) = (input.source.text(), piece.span);
    if let Some(unreadable) = input.source.unreadable_in(span)
        && !matches!(piece.kind, PieceKind::CopyData { .. })
    {
        let kind = Kind::Unreadable { message: unreadable.why.to_string(), at: unreadable.span };
        return Some(Piece { span, kind });
    }
    if let Some(problem) = piece.problem() {
        let at = Span { start: problem.offset, end: text.ceil_char_boundary(problem.offset + 1) };
        return Some(Piece { span, kind: Kind::Unreadable { message: problem.defect.to_string(), at } });
    }
    let kind = match &piece.kind {
        PieceKind::Statement(_) => match parse(&piece.text_for_parser(text)) {
            Ok(statement) => Kind::Statement(statement),
            Err(error) => {
                let start = (span.start + error.offset).min(span.end);
                let at = Span { start, end: (start + error.length).min(span.end) };
                Kind::Unreadable { message: error.message, at }
            }
        },
        PieceKind::Meta => {
            let meta = piece.meta(text)?;
            let arguments = meta.arguments.iter().map(ToString::to_string).collect();
            Kind::Meta { name: meta.name.to_owned(), arguments }
        }
        PieceKind::CopyData { .. } | PieceKind::Problem(_) => return None,
    };
    Some(Piece { span, kind })
}
