//! PL/pgSQL's `INTO variable`, which the parser takes for a mistake.

use std::ops::Range;

use squawk_syntax::SyntaxKind;
use squawk_syntax::{SyntaxElement, SyntaxNode, SyntaxToken};

use super::range;

/// The text of a statement with `INTO [STRICT] a, b.c` blanked out.
pub(super) fn without_into(node: &SyntaxNode) -> String {
    let mut text = node.text().to_string();
    let start = range(node.text_range()).start;
    if let Some(found) = into_clause(node) {
        let found = found.start - start..found.end - start;
        text.replace_range(found.clone(), &" ".repeat(found.len()));
    }
    text
}

fn into_clause(node: &SyntaxNode) -> Option<Range<usize>> {
    let tokens: Vec<SyntaxToken> = node
        .descendants_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .filter(|it| !it.kind().is_trivia())
        .collect();
    let mut depth = 0_usize;
    let mut before = None;
    let at = tokens.iter().position(|token| {
        let kind = token.kind();
        match kind {
            SyntaxKind::L_PAREN => depth += 1,
            SyntaxKind::R_PAREN => depth = depth.saturating_sub(1),
            _ => {}
        }
        let previous = before.replace(kind);
        kind == SyntaxKind::INTO_KW
            && depth == 0
            && !matches!(previous, Some(SyntaxKind::INSERT_KW | SyntaxKind::MERGE_KW))
    })?;
    let start = range(tokens[at].text_range()).start;
    let targets = &tokens[at + 1..];
    let strict = targets.first().is_some_and(|it| it.text().eq_ignore_ascii_case("strict"));
    let n_targets = usize::from(strict) + targets_length(&targets[usize::from(strict)..]);
    let last = &tokens[at + n_targets];
    Some(start..range(last.text_range()).end)
}

/// How many tokens `a, b.c, d[1]` takes.
fn targets_length(tokens: &[SyntaxToken]) -> usize {
    let mut length = 0;
    while length < tokens.len() {
        length += 1;
        match tokens.get(length).map(SyntaxToken::kind) {
            Some(SyntaxKind::DOT | SyntaxKind::COMMA) => length += 1,
            _ => break,
        }
    }
    length
}
