//! Documents' names as paths.

use std::path::PathBuf;

use lsp_types::Uri;

/// The file that a name stands for; `None` if it is none, such as a document that was never saved.
pub(super) fn path(uri: &Uri) -> Option<PathBuf> {
    let is_file = uri.scheme().is_some_and(|it| it.as_str().eq_ignore_ascii_case("file"));
    let path = decoded(is_file.then(|| uri.path().as_str())?)?;
    // `/C:/folder` is a drive's.
    let is_drive = matches!(path.as_bytes(), [b'/', letter, b':', ..] if letter.is_ascii_alphabetic());
    let path = if cfg!(windows) && is_drive { path.trim_start_matches('/') } else { path.as_str() };
    Some(PathBuf::from(path))
}

/// Without `%20` and its like.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if let (b'%', [high, low, after @ ..]) = (first, after) {
            let digit = |it: &u8| char::from(*it).to_digit(16);
            bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}
