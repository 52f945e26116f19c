//! The lines of a text that show a place in it. Its cost does not grow with the text, so that 10,000 findings in a dump are cheap.

use std::ops::Range;

use crate::finding::{Finding, Position};

/// More lines than this are not shown: a long statement is known by its first line.
const MAX_LINES: usize = 6;

/// A line longer than this has no excerpt: it is data or generated, and nobody reads it on a terminal.
const MAX_LINE_BYTES: usize = 2_000;

/// Some lines of a text and the part of them that matters.
pub(super) struct Excerpt<'t> {
    /// Whole lines.
    pub lines: &'t str,
    /// Where they begin.
    pub first_line: usize,
    /// The part that matters, in bytes from the start of `lines`.
    pub marked: Range<usize>,
    /// The statement goes on below.
    pub is_cut: bool,
}

impl<'t> Excerpt<'t> {
    /// The excerpt of `text` that shows `finding`; `None` where it would help nobody.
    pub(super) fn of(finding: &Finding, text: &'t str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let (start, mut end) = (finding.span.start, finding.span.end);
        let head = text.get(..start)?;
        // A byte order mark is no column.
        let bom = if head.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let lines_start = head.rfind('\n').map_or(bom, |it| it + 1);
        let is_cut = n_lines(finding.start, finding.end) > MAX_LINES;
        if is_cut {
            let line = text.get(start..end)?.split_once('\n')?.0;
            end = start + line.strip_suffix('\r').unwrap_or(line).len();
        }
        let rest = text.get(end..)?;
        let lines_end = end + rest.find('\n').unwrap_or(rest.len());
        let lines = text.get(lines_start..lines_end)?;
        if lines.lines().any(|line| line.len() > MAX_LINE_BYTES) {
            return None;
        }
        Some(Self {
            lines: lines.strip_suffix('\r').unwrap_or(lines),
            first_line: usize::try_from(finding.start.line).unwrap_or(1),
            marked: start - lines_start..end - lines_start,
            is_cut,
        })
    }
}

fn n_lines(start: Position, end: Position) -> usize {
    usize::try_from(end.line.saturating_sub(start.line)).unwrap_or(usize::MAX).saturating_add(1)
}
