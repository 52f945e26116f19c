//! A file as an editor of its text sees it: where each statement begins and ends, and which `BEGIN` holds it.

use crate::{
    finding::Span,
    sql::{
        Statement, parse,
        split::{self, PieceKind},
        statement::Transaction,
    },
};

/// A file's text and what is where in it.
pub(super) struct Layout<'t> {
    pub(super) text: &'t str,
    pub(super) pieces: Vec<Piece>,
    pub(super) comments: Vec<Span>,
}

/// A statement, or something else that psql runs.
pub(super) struct Piece {
    pub(super) span: Span,
    /// After its `;`, if it has one.
    pub(super) end: usize,
    /// `None` for what cannot be read, or is no statement, or depends on a psql variable.
    pub(super) statement: Option<Statement>,
    /// The transaction block that holds it: of its `BEGIN` and `COMMIT` this is the first.
    pub(super) begin: Option<usize>,
}

/// How a transaction block ends.
pub(super) enum BlockEnd {
    /// At the `COMMIT` with this number.
    Commit(usize),
    /// In a way that what stands in it cannot be moved behind.
    Otherwise,
}

impl<'t> Layout<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let split = split::split(text);
        let comments: Vec<Span> = split.comments.iter().map(|it| it.span).collect();
        let mut begin = None;
        let mut pieces = Vec::new();
        for (n, piece) in split.pieces.iter().enumerate() {
            let is_plain = matches!(piece.kind, PieceKind::Statement(_)) && piece.stand_ins().is_empty();
            let statement = is_plain.then(|| parse::parse(piece.text(text)).ok()).flatten();
            if let Some(Statement::Transaction(Transaction::Begin)) = statement {
                begin = Some(n);
            }
            let end = end_of(text, piece.span, &comments);
            let is_end = matches!(
                statement,
                Some(Statement::Transaction(
                    Transaction::Commit { .. } | Transaction::Rollback { .. } | Transaction::Prepare
                ))
            );
            pieces.push(Piece { span: piece.span, end, statement, begin });
            if is_end {
                begin = None;
            }
        }
        Self { text, pieces, comments }
    }

    /// How lines end here.
    pub(super) fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// The piece that holds this place.
    pub(super) fn at(&self, place: Span) -> Option<usize> {
        let n = self.pieces.partition_point(|it| it.span.end <= place.start);
        self.pieces.get(n).filter(|it| it.span.start <= place.start).map(|_| n)
    }

    /// How the block that begins at the piece `begin` ends.
    pub(super) fn block_end(&self, begin: usize) -> BlockEnd {
        for (n, piece) in self.pieces.iter().enumerate().skip(begin + 1) {
            match &piece.statement {
                Some(Statement::Transaction(Transaction::Commit { chain: false })) => {
                    return BlockEnd::Commit(n);
                }
                Some(Statement::Transaction(Transaction::SetModes)) => {}
                Some(Statement::Transaction(_)) => return BlockEnd::Otherwise,
                _ => {}
            }
        }
        BlockEnd::Otherwise
    }

    /// The comments that belong to the statement `n`: in it, behind it on its line, or right above it.
    pub(super) fn comments_of(&self, n: usize) -> impl Iterator<Item = &str> {
        let start = self.start_with_comments(n);
        let end = self.pieces.get(n).map_or(0, |it| self.line_end(it.end));
        let of = self.comments.iter().filter(move |it| start <= it.start && it.start < end);
        of.map(|it| it.of(self.text))
    }

    /// Where the comment lines right above the statement `n` begin; without any, its line, if nothing else is on that.
    pub(super) fn start_with_comments(&self, n: usize) -> usize {
        let Some(piece) = self.pieces.get(n) else { return 0 };
        let mut start = self.line_start(piece.span.start);
        if !self.before(start, piece.span.start).trim().is_empty() {
            return piece.span.start;
        }
        while start > 0 {
            let above = self.line_start(start - 1);
            let line = self.before(above, start);
            let is_comment = self.comments.iter().any(|it| {
                it.start >= above && it.start < start && self.before(above, it.start).trim().is_empty()
            });
            if line.trim().is_empty() || !is_comment {
                break;
            }
            start = above;
        }
        start
    }

    /// The end of the line that holds `offset`, without its line break, if only comments follow there; else `offset`.
    pub(super) fn line_end(&self, offset: usize) -> usize {
        let rest = self.text.get(offset..).unwrap_or_default();
        let end = offset + rest.find('\n').unwrap_or(rest.len());
        let line = self.before(offset, end);
        let comment = self.comments.iter().find(|it| offset <= it.start && it.start < end);
        let is_blank = match comment {
            Some(comment) => {
                comment.end <= end
                    && self.before(offset, comment.start).trim().is_empty()
                    && self.before(comment.end, end).trim().is_empty()
            }
            None => line.trim().is_empty(),
        };
        if is_blank { offset + line.trim_end_matches('\r').len() } else { offset }
    }

    fn line_start(&self, offset: usize) -> usize {
        self.before(0, offset).rfind('\n').map_or(0, |it| it + 1)
    }

    fn before(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }
}

/// After the `;` that follows `span`, else the span's own end.
fn end_of(text: &str, span: Span, comments: &[Span]) -> usize {
    let mut at = span.end;
    let mut next = comments.partition_point(|it| it.start < at);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start().len();
        at += blank;
        match comments.get(next) {
            Some(comment) if comment.start == at => at = comment.end,
            _ if rest.trim_start().starts_with(';') => return at + 1,
            _ => return span.end,
        }
        next += 1;
    }
}
