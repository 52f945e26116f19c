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
    effect::{Harm, predict},
    finding::{Applicability, Fix},
    lint::{Input, LintedFile, Options},
    sql::Statement,
};

/// Puts a fix to the findings of a history's files, which must come in order.
pub struct Suggester<'i> {
    inputs: &'i [Input],
    options: &'i Options,
    lock_timeout: &'i str,
    /// What was there before `inputs`.
    before: Catalog,
    past: RefCell<Past>,
}

/// The catalog before a place; it is only made once somebody asks.
struct Past {
    catalog: Catalog,
    /// The catalog before the file.
    begin: Catalog,
    /// The number of the file, and how much of it is in the catalog.
    file: usize,
    offset: usize,
}

impl Past {
    fn after(before: &Catalog) -> Self {
        Self { catalog: before.clone(), begin: before.clone(), file: 0, offset: 0 }
    }
}

impl<'i> Suggester<'i> {
    /// For one history.
    pub fn new(inputs: &'i [Input], options: &'i Options, lock_timeout: &'i str) -> Self {
        Self::after(schema::empty(options), inputs, options, lock_timeout)
    }

    /// For the last files of one history, after what made `before`.
    pub fn after(before: Catalog, inputs: &'i [Input], options: &'i Options, lock_timeout: &'i str) -> Self {
        let past = RefCell::new(Past::after(&before));
        Self { inputs, options, lock_timeout, before, past }
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
            // What needs another file is not suggested.
            named_by: &|_| None,
            has_beside: &|_| true,
        };
        let placed = place::place(&at, recipe(&at).ok()?).ok()?;
        let now = rewrite::apply(layout.text.as_bytes(), &placed.edits);
        let is_whole =
            placed.elsewhere.is_empty() && n_unreadable(&now) <= n_unreadable(layout.text.as_bytes());
        let is_whole = is_whole && {
            let before = self.catalog_before(file.input, 0);
            self.n_failing(before.clone(), &String::from_utf8_lossy(&now))
                <= self.n_failing(before, layout.text)
        };
        is_whole.then(|| Box::new(Fix { edits: placed.edits, applicability: Applicability::Safe }))
    }

    /// How many statements of a file with this text would fail.
    fn n_failing(&self, mut catalog: Catalog, text: &str) -> usize {
        let statements = Layout::of(text).pieces.into_iter().filter_map(|it| it.statement);
        let mut fails = |statement: &Statement| {
            let effects = predict::predict(statement, &catalog, self.options.postgres);
            let fails = effects.iter().any(|it| it.harms.contains(Harm::Fails));
            catalog.apply(statement, self.options.postgres);
            fails
        };
        statements.filter(|it| fails(it)).count()
    }

    fn catalog_before(&self, input: &Input, start: usize) -> Catalog {
        let mut past = self.past.borrow_mut();
        let Some(file) = self.inputs.iter().position(|it| std::ptr::eq(it, input)) else {
            return Catalog::new();
        };
        if start > 0 && (file, start) < (past.file, past.offset) {
            *past = Past::after(&self.before);
        }
        while past.file < file {
            let Some(text) = self.inputs.get(past.file).map(|it| it.source.text()) else { break };
            let from = past.offset;
            schema::apply(&mut past.catalog, text, from, usize::MAX, self.options.postgres);
            (past.file, past.offset) = (past.file + 1, 0);
            let n = u32::try_from(past.file).unwrap_or(u32::MAX);
            past.catalog.start_file(n);
        }
        if past.offset == 0 {
            past.begin = past.catalog.clone();
        }
        if start == 0 {
            return past.begin.clone();
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
