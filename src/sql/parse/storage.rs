//! `ADD COLUMN … STORAGE s COMPRESSION m`, which the parser knows in CREATE TABLE only.
//!
//! Neither decides a lock or any work: the new column is empty or has one stored default.

/// `text` with both options blanked, as long as before; `None` when it has neither.
pub(super) fn blanked(text: &str) -> Option<String> {
    if !starts_with_words(text, &["alter"]) {
        return None;
    }
    let mut blanked = text.to_owned();
    let mut words = words(text).peekable();
    while let Some((start, word)) = words.next() {
        let is_option = word.eq_ignore_ascii_case("storage") || word.eq_ignore_ascii_case("compression");
        // SET STORAGE and SET COMPRESSION are actions of their own, which the parser knows.
        let is_set = text.get(..start).is_some_and(|it| it.trim_end().to_ascii_lowercase().ends_with("set"));
        if is_option
            && !is_set
            && let Some((value, name)) = words.peek()
        {
            let end = value + name.len();
            blanked.replace_range(start..end, &" ".repeat(end - start));
        }
    }
    (blanked != text).then_some(blanked)
}

fn starts_with_words(text: &str, wanted: &[&str]) -> bool {
    let found = words(text).map(|it| it.1);
    found.zip(wanted).filter(|(word, wanted)| word.eq_ignore_ascii_case(wanted)).count() == wanted.len()
}

/// The words of `text` with their places.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|it: char| !it.is_ascii_alphanumeric() && it != '_')
        .filter(|it| !it.is_empty())
        .map(|it| (it.as_ptr() as usize - text.as_ptr() as usize, it))
}
