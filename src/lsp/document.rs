//! One open document: its text, what it stands in, and what was found in it.

use std::path::PathBuf;

use lsp_types::Uri;

use super::{Surround, Surroundings, place, text::Text};
use crate::{
    effect::Runner,
    finding::{Finding, Span},
    lint::{Input, LintedFile, LintedStatement, Past, Shown},
};

/// An open document.
pub(super) struct Document {
    pub(super) uri: Uri,
    path: Option<PathBuf>,
    pub(super) version: i32,
    pub(super) text: Text,
    /// Whether the client knows what was found in the text.
    pub(super) is_told: bool,
    /// `None` until somebody asks, or once a file changed.
    around: Option<Result<Around, String>>,
    /// `None` until somebody asks, or once the text changed.
    judged: Option<Judged>,
}

/// A document and what was found in it.
pub(super) struct View<'d> {
    pub(super) uri: &'d Uri,
    pub(super) text: &'d Text,
    pub(super) around: &'d mut Around,
    pub(super) judged: &'d Judged,
}

/// What a document stands in, ready to judge it.
pub(super) struct Around {
    pub(super) surroundings: Surroundings,
    pub(super) past: Past,
}

/// What was found in a document.
pub(super) struct Judged {
    pub(super) input: Input,
    runner: Runner,
    pub(super) n_unreadable: usize,
    pub(super) statements: Vec<LintedStatement>,
    pub(super) findings: Vec<Finding>,
}

impl Document {
    pub(super) fn new(uri: Uri, version: i32, text: Text) -> Self {
        let path = place::path(&uri);
        Self { uri, path, version, text, is_told: false, around: None, judged: None }
    }

    /// The text is another.
    pub(super) fn has_changed(&mut self) {
        (self.judged, self.is_told) = (None, false);
    }

    /// A file that may matter is another.
    pub(super) fn surroundings_have_changed(&mut self) {
        self.around = None;
        self.has_changed();
    }

    /// What is in the text, or why nobody can tell.
    pub(super) fn judged(&mut self, surround: &Surround<'_>) -> Result<View<'_>, &str> {
        let Self { uri, path, text, around, judged, .. } = self;
        let around = around.get_or_insert_with(|| surround(path.as_deref()).map(Around::new));
        let around = around.as_mut().map_err(|it| it.as_str())?;
        let judged = judged.get_or_insert_with(|| around.judge(text.as_str()));
        Ok(View { uri, text, around, judged })
    }
}

impl Around {
    fn new(mut surroundings: Surroundings) -> Self {
        surroundings.options.keep_statements = true;
        let past = Past::new(&surroundings.history, &surroundings.rules, surroundings.options.clone());
        // It is in the catalog now.
        surroundings.history = Vec::new();
        Self { surroundings, past }
    }

    /// Judges a text as the document's.
    pub(super) fn judge(&mut self, text: &str) -> Judged {
        let input = (self.surroundings.read)(text.as_bytes().to_vec());
        let file = self.past.judge(&input, &self.surroundings.rules);
        let LintedFile { runner, n_unreadable, statements, mut findings, .. } = file;
        (self.surroundings.sift)(&mut findings);
        Judged { input, runner, n_unreadable, statements, findings }
    }
}

impl Judged {
    /// The statements that share a byte or an end with `span`.
    pub(super) fn statements_at(&self, span: Span) -> impl Iterator<Item = &LintedStatement> {
        self.statements.iter().filter(move |it| it.span.start <= span.end && span.start <= it.span.end)
    }

    /// What was found in a statement.
    pub(super) fn findings_in(&self, statement: Span) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |it| statement.start <= it.span.start && it.span.end <= statement.end)
    }

    /// The part of the file that is about one finding of one statement.
    pub(super) fn only(&self, statement: &LintedStatement, finding: &Finding) -> LintedFile<'_> {
        LintedFile {
            input: &self.input,
            parts: Vec::new(),
            runner: self.runner,
            n_statements: self.statements.len(),
            unread: Vec::new(),
            n_unreadable: self.n_unreadable,
            statements: vec![statement.clone()],
            waits: false,
            shown: Shown::default(),
            findings: vec![finding.clone()],
        }
    }
}
