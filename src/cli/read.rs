//! A file's bytes to text.

use std::{fs, io, path::Path};

use crate::error::Error;

/// A text, and what had to be done to have it.
pub(super) struct Text {
    pub text: String,
    /// What the user should know, if anything.
    pub warning: Option<String>,
}

/// Reads `path`, which reports name `name`.
pub(super) fn read(path: &Path, name: &str) -> Result<Text, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    decode(fs::read(path).map_err(failed)?, name).map_err(failed)
}

/// Bytes that are not UTF-8 become `?`, one for one, so that every place stays what it was: they stand in comments and strings, which
/// decide no lock.
pub(super) fn decode(bytes: Vec<u8>, name: &str) -> io::Result<Text> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let problem = "it is UTF-16, which no PostgreSQL client sends; save it as UTF-8";
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(Text { text, warning: None }),
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    let mut warning = None;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let Some(first) = chunk.invalid().first() else { continue };
        warning.get_or_insert_with(|| {
            let line = text.bytes().filter(|it| *it == b'\n').count() + 1;
            let column = text.chars().rev().take_while(|it| *it != '\n').count() + 1;
            format!("{name}:{line}:{column}: byte 0x{first:02x} is not UTF-8; such bytes are read as `?`")
        });
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    Ok(Text { text, warning })
}
