//! The tokens of one statement, with their places in the file, and the actions of an ALTER.

use crate::{finding::Span, sql::parse};

/// A statement's tokens.
pub(super) struct Tokens<'t> {
    text: &'t str,
    spans: Vec<Span>,
}

impl<'t> Tokens<'t> {
    /// Of the statement at `span`.
    pub(super) fn of(text: &'t str, span: Span) -> Self {
        let tokens = parse::tokens(span.of(text)).into_iter();
        let spans = tokens.map(|it| Span { start: span.start + it.start, end: span.start + it.end });
        Self { text, spans: spans.collect() }
    }

    /// The place of the token `n`.
    pub(super) fn span(&self, n: usize) -> Option<Span> {
        self.spans.get(n).copied()
    }

    /// The token `n`, as written; empty behind the last.
    pub(super) fn word(&self, n: usize) -> &'t str {
        self.span(n).map_or("", |it| it.of(self.text))
    }

    /// Whether the tokens from `n` on are these words.
    pub(super) fn are(&self, n: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(m, word)| self.word(n + m).eq_ignore_ascii_case(word))
    }

    /// The first token at or after `n` that is `word`.
    pub(super) fn find(&self, n: usize, word: &str) -> Option<usize> {
        (n..self.spans.len()).find(|it| self.word(*it).eq_ignore_ascii_case(word))
    }

    /// The first token after the name that begins at `n`.
    pub(super) fn after_name(&self, n: usize) -> usize {
        let mut next = n + 1;
        while self.word(next) == "." {
            next += 2;
        }
        next
    }

    /// What stands from the token `from` until before the token `to`.
    pub(super) fn text(&self, from: usize, to: usize) -> &'t str {
        self.joined(from, to).map_or("", |it| it.of(self.text))
    }

    /// The place of the tokens from `from` until before `to`.
    pub(super) fn joined(&self, from: usize, to: usize) -> Option<Span> {
        Some(Span { start: self.span(from)?.start, end: self.span(to.checked_sub(1)?)?.end })
    }

    /// The tokens from `n` on, in the parts that commas outside of parentheses make.
    pub(super) fn parts(&self, n: usize) -> Vec<(usize, usize)> {
        let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, n);
        for at in n..self.spans.len() {
            match self.word(at) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                "," if depth == 0 => {
                    parts.push((start, at));
                    start = at + 1;
                }
                _ => {}
            }
        }
        parts.push((start, self.spans.len()));
        parts
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether the token `n` is this name, quoted or not.
    pub(super) fn is_name(&self, n: usize, name: &str) -> bool {
        let word = self.word(n);
        word.eq_ignore_ascii_case(name) || word.trim_matches('"') == name
    }

    /// Whether one of the tokens is this name, quoted or not.
    pub(super) fn name(&self, name: &str) -> bool {
        (0..self.len()).any(|n| self.is_name(n, name))
    }
}

/// `ALTER TABLE name action, action`, as written.
pub(super) struct AlterText<'t> {
    pub(super) tokens: Tokens<'t>,
    /// `ALTER TABLE [IF EXISTS] [ONLY] name`, with its comments.
    pub(super) head: &'t str,
    /// The table as written.
    pub(super) table: &'t str,
    /// The first token of each action, and the one behind its last.
    pub(super) actions: Vec<(usize, usize)>,
}

impl<'t> AlterText<'t> {
    /// Of the statement at `span`, which has so many actions; `None` if it does not look so.
    pub(super) fn of(text: &'t str, span: Span, n_actions: usize) -> Option<Self> {
        let tokens = Tokens::of(text, span);
        if !tokens.are(0, &["alter", "table"]) {
            return None;
        }
        let mut n = 2;
        if tokens.are(n, &["if", "exists"]) {
            n += 2;
        }
        if tokens.are(n, &["only"]) {
            n += 1;
        }
        let end = tokens.after_name(n);
        let table = tokens.text(n, end);
        let head = tokens.text(0, end);
        let actions = tokens.parts(if tokens.word(end) == "*" { end + 1 } else { end });
        (actions.len() == n_actions).then_some(Self { tokens, head, table, actions })
    }

    /// The action `n`, as written.
    pub(super) fn action(&self, n: usize) -> &'t str {
        self.actions.get(n).map_or("", |(from, to)| self.tokens.text(*from, *to))
    }

    /// The place of the action `n` with the comma that it takes with it when it goes.
    pub(super) fn removal(&self, n: usize) -> Option<Span> {
        let (from, to) = *self.actions.get(n)?;
        let own = self.tokens.joined(from, to)?;
        match (self.actions.get(n + 1), n.checked_sub(1).and_then(|it| self.actions.get(it))) {
            (Some(next), _) => Some(Span { start: own.start, end: self.tokens.span(next.0)?.start }),
            (None, Some(before)) => {
                Some(Span { start: self.tokens.span(before.1.checked_sub(1)?)?.end, end: own.end })
            }
            (None, None) => None,
        }
    }
}

/// A name as SQL text.
pub(super) fn quoted(name: &str) -> String {
    if parse::is_plain_name(name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
