//! The edit of one finding, for reports: as far as it needs no other file, and before anything was judged again.

use std::cell::RefCell;

use super::{
    is_ours,
    layout::Layout,
    place,
    readings::{Reading, Readings},
    recipe::{self, At},
    rewrite, schema,
};
use crate::{
    catalog::Catalog,
    effect::{Harm, predict},
    finding::{Applicability, Fix},
    lint::{Input, LintedFile, Options},
    sql::{
        Statement,
        split::{self, PieceKind},
    },
};

/// In a file of more statements no edit is suggested: each is tried on the whole file. `fix` finds them all the same.
const MAX_STATEMENTS: usize = 600;

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
        if layout.pieces.len() > MAX_STATEMENTS {
            return;
        }
        let read = Readings::default();
        let (n_unreadable, n_failing) = {
            let statements = all(layout.text, &read);
            (n_unreadable(&statements), self.n_failing(self.catalog_before(file.input, 0), &statements))
        };
        let asked = Asked { file, layout: &layout, read: &read, n_unreadable, n_failing };
        let fixes: Vec<Option<Box<Fix>>> = (0..file.findings.len()).map(|n| self.fix(&asked, n)).collect();
        for (finding, fix) in file.findings.iter_mut().zip(fixes) {
            finding.fix = fix;
        }
    }

    fn fix(&self, asked: &Asked<'_, '_>, n: usize) -> Option<Box<Fix>> {
        let (file, layout) = (asked.file, asked.layout);
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
        let now = all(&String::from_utf8_lossy(&now), asked.read);
        let is_whole = placed.elsewhere.is_empty()
            && n_unreadable(&now) <= asked.n_unreadable
            && self.n_failing(self.catalog_before(file.input, 0), &now) <= asked.n_failing;
        is_whole.then(|| Box::new(Fix { edits: placed.edits, applicability: Applicability::Safe }))
    }

    /// How many of a file's statements would fail.
    fn n_failing(&self, mut catalog: Catalog, statements: &[Reading]) -> usize {
        let mut fails = |statement: &Statement| {
            let effects = predict::predict(statement, &catalog, self.options.postgres);
            let fails = effects.iter().any(|it| it.harms.contains(Harm::Fails));
            catalog.apply(statement, self.options.postgres);
            fails
        };
        statements.iter().flatten().filter(|it| fails(it)).count()
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
            schema::apply(
                &mut past.catalog,
                text,
                from..usize::MAX,
                self.options.postgres,
                &Readings::default(),
            );
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
        schema::apply(
            &mut past.catalog,
            input.source.text(),
            from..start,
            self.options.postgres,
            &Readings::default(),
        );
        past.offset = start;
        past.catalog.clone()
    }
}

/// The file whose findings are asked about, and how it is as it stands.
struct Asked<'f, 'i> {
    file: &'f LintedFile<'i>,
    layout: &'f Layout<'f>,
    read: &'f Readings,
    n_unreadable: usize,
    n_failing: usize,
}

/// The statements of one of the file's variants, most of which they share.
fn all(text: &str, read: &Readings) -> Vec<Reading> {
    let of = |piece: &split::Piece| {
        let is_plain = matches!(piece.kind, PieceKind::Statement(_)) && piece.stand_ins().is_empty();
        is_plain.then(|| read.read(piece.text(text))).flatten()
    };
    split::split(text).pieces.iter().map(of).collect()
}

fn n_unreadable(statements: &[Reading]) -> usize {
    statements.iter().filter(|it| it.is_none()).count()
}
