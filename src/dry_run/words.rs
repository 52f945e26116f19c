//! The words of a statement, for questions that its syntax tree does not answer: code in functions is text there.

/// A word of a statement, folded unless it was quoted, or a sign.
pub(super) struct Word {
    pub(super) text: String,
    /// Whether it is a name or a key word, and no sign or number.
    pub(super) is_name: bool,
    pub(super) is_quoted: bool,
}

impl Word {
    /// Whether it is this key word, or this sign.
    pub(super) fn is(&self, word: &str) -> bool {
        !self.is_quoted && self.text == word
    }
}

/// What to do with what stands in quotes; what dollars quote is code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strings {
    Skipped,
    /// Code may run them.
    Read,
}

/// The words of a statement without its comments.
pub(super) fn words(statement: &str, strings: Strings) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        let is_part = |it: char| it.is_alphanumeric() || it == '_' || it == '$';
        let is_skipped =
            |it: &&(&str, &str)| rest.starts_with(it.0) && (it.0 != "'" || strings == Strings::Skipped);
        let skipped = [("--", "\n"), ("/*", "*/"), ("'", "'")].iter().find(is_skipped);
        if let Some((begin, end)) = skipped {
            let after = rest.get(begin.len()..).and_then(|it| it.split_once(end));
            rest = after.map_or("", |it| it.1);
            continue;
        }
        let (end, quoted) = if first == '"' {
            let end = rest.get(1..).and_then(|it| it.find('"')).map_or(rest.len(), |it| it + 2);
            (end, true)
        } else if is_part(first) {
            (rest.find(|it| !is_part(it)).unwrap_or(rest.len()), false)
        } else {
            (first.len_utf8(), false)
        };
        let (word, after) = rest.split_at(end);
        if quoted {
            words.push(Word { text: word.trim_matches('"').to_owned(), is_name: true, is_quoted: true });
        } else if !first.is_whitespace() {
            let is_name = first.is_alphabetic() || first == '_';
            words.push(Word { text: word.to_lowercase(), is_name, is_quoted: false });
        }
        rest = after;
    }
    words
}
