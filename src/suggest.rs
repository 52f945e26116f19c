//! "Did you mean": the nearest of some choices, and mistakes in TOML shown with their line and their choices.

/// The choice that `word` was probably meant to be; `None` when none is near.
pub fn nearest<'a>(word: &str, choices: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Words of one stem ("lock-timeout", "lock-timeout-unset") are near too, though many edits apart: Jaro-Winkler sees that.
    let scored = choices.into_iter().map(|choice| (strsim::jaro_winkler(word, choice), choice));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, choice)| choice)
}

/// What is wrong in `text`, which begins at the 1-based `first_line` of its file: line, mistake, choices, and the nearest of them.
pub fn toml_mistake(error: &toml::de::Error, text: &str, first_line: usize) -> String {
    let line = error.span().map_or(0, |span| newlines_before(text, span.start)) + first_line;
    let message = error
        .message()
        .trim()
        .replace("unknown field", "unknown key")
        .replace("unknown variant", "unknown value");
    // serde quotes the mistake first and the choices after it.
    let mut quoted = message.split('`').skip(1).step_by(2);
    let suggestion =
        quoted.next().filter(|_| message.starts_with("unknown")).and_then(|word| nearest(word, quoted));
    match suggestion {
        Some(choice) => format!("line {line}: {message}; did you mean `{choice}`?"),
        None => format!("line {line}: {message}"),
    }
}

fn newlines_before(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
