//! The edit of one finding, for reports: as far as it needs no other file, and before anything was judged again.

use std::cell::RefCell;

use super::{
    is_ours,
    layout::Layout,
    place,
    recipe::{self, At},
    rewrite, schema,
};
use crate::{
    catalog::Catalog,
    finding::{Applicability, Fix},
    lint::{Input, LintedFile, Options},
};

/// Puts a fix to the findings of a history's files, which must come in order.
pub struct Suggester<'i> {
    inputs: &'i [Input],
    options: &'i Options,
    lock_timeout: &'i str,
    past: RefCell<Past>,
}

/// The catalog before a place; it is only made once somebody asks.
struct Past {
    catalog: Catalog,
    /// The number of the file, and how much of it is in the catalog.
    file: usize,
    offset: usize,
}

impl<'i> Suggester<'i> {
    /// For one history.
    pub fn new(inputs: &'i [Input], options: &'i Options, lock_timeout: &'i str) -> Self {
        let past = RefCell::new(Past { catalog: schema::empty(options), file: 0, offset: 0 });
        Self { inputs, options, lock_timeout, past }
    }

    /// Puts a fix to each finding of `file` that has one. The file's statements must have been kept.
    pub fn suggest(&mut self, file: &mut LintedFile<'_>) {
        if !is_ours(file.input) || file.findings.iter().all(|it| recipe::of(&it.rule).is_none()) {
            return;
        }
        let layout = Layout::of(file.input.source.text());
        let fixes: Vec<Option<Box<Fix>>> =
            (0..file.findings.len()).map(|n| self.fix(file, n, &layout)).collect();
        for (finding, fix) in file.findings.iter_mut().zip(fixes) {
            finding.fix = fix;
        }
    }

    fn fix(&self, file: &LintedFile<'_>, n: usize, layout: &Layout<'_>) -> Option<Box<Fix>> {
        let finding = file.findings.get(n)?;
        let (_, recipe) = recipe::of(&finding.rule)?;
        let piece = layout.at(finding.span)?;
        let start = layout.pieces.get(piece)?.span.start;
        let statement = file.statements.iter().find(|it| it.span.start == start)?;
        let at = At {
            layout,
            input: file.input,
            n: piece,
            situation: &statement.outcome.situation,
            finding,
            major: self.options.postgres,
            lock_timeout: self.lock_timeout,
            catalog: &|| self.catalog_before(file.input, start),
        };
        let placed = place::place(&at, recipe(&at).ok()?).ok()?;
        let now = rewrite::apply(layout.text.as_bytes(), &placed.edits);
        let is_whole =
            placed.elsewhere.is_empty() && n_unreadable(&now) <= n_unreadable(layout.text.as_bytes());
        is_whole.then(|| Box::new(Fix { edits: placed.edits, applicability: Applicability::Safe }))
    }

    fn catalog_before(&self, input: &Input, start: usize) -> Catalog {
        let mut past = self.past.borrow_mut();
        let Some(file) = self.inputs.iter().position(|it| std::ptr::eq(it, input)) else {
            return Catalog::new();
        };
        if (file, start) < (past.file, past.offset) {
            *past = Past { catalog: schema::empty(self.options), file: 0, offset: 0 };
        }
        while past.file < file {
            let Some(text) = self.inputs.get(past.file).map(|it| it.source.text()) else { break };
            let from = past.offset;
            schema::apply(&mut past.catalog, text, from, usize::MAX, self.options.postgres);
            (past.file, past.offset) = (past.file + 1, 0);
            let n = u32::try_from(past.file).unwrap_or(u32::MAX);
            past.catalog.start_file(n);
        }
        let from = past.offset;
        schema::apply(&mut past.catalog, input.source.text(), from, start, self.options.postgres);
        past.offset = start;
        past.catalog.clone()
    }
}

fn n_unreadable(text: &[u8]) -> usize {
    let text = String::from_utf8_lossy(text);
    Layout::of(&text).pieces.iter().filter(|it| it.statement.is_none()).count()
}
