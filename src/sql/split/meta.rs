//! psql's meta-commands: how far each reaches, and its name and arguments.
//!
//! Source: manual, psql, Meta-Commands; `src/bin/psql/psqlscanslash.l`.

use std::borrow::Cow;

use memchr::memchr;

use super::token::is_space;
use super::{Piece, PieceKind};

/// A meta-command, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta<'t> {
    /// Without the backslash: `i`, `restrict`, `gset`.
    pub name: &'t str,
    /// Without their quotes; variables in them are left as they are.
    pub arguments: Vec<Cow<'t, str>>,
}

impl Piece {
    /// The meta-command, if the piece is one.
    pub fn meta<'t>(&self, text: &'t str) -> Option<Meta<'t>> {
        if self.kind != PieceKind::Meta {
            return None;
        }
        let piece = self.text(text);
        let (name, rest) = piece[1..].split_at(name_end(piece.as_bytes(), 0) - 1);
        let arguments =
            if takes_whole_line(name) { vec![Cow::Borrowed(rest.trim())] } else { arguments(rest) };
        Some(Meta { name, arguments })
    }
}

/// The place after the name of the command whose backslash is at `start`.
pub(super) fn name_end(bytes: &[u8], start: usize) -> usize {
    let rest = &bytes[start + 1..];
    start + 1 + rest.iter().position(|&b| is_space(b) || b == b'\\').unwrap_or(rest.len())
}

/// Where the command ends whose name ends at `name_end`: at the line's end, or at the next backslash outside of quotes.
pub(super) fn end(bytes: &[u8], name: &str, name_end: usize) -> usize {
    if takes_whole_line(name) {
        return memchr(b'\n', &bytes[name_end..]).map_or(bytes.len(), |length| name_end + length);
    }
    let mut at = name_end;
    let mut is_argument_start = true;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\\' => break,
            b'|' if is_argument_start && takes_pipe(name) => return end(bytes, "!", at),
            b'\'' | b'"' | b'`' => at = quoted_end(bytes, at),
            _ => at += 1,
        }
        is_argument_start = is_argument_start && is_space(byte);
    }
    at
}

/// The place after the quoted argument at `start`, which a line's end ends as well.
fn quoted_end(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' => break,
            b'\\' if quote == b'\'' && bytes.get(at + 1).is_some_and(|&b| b != b'\n') => at += 2,
            b if b == quote => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// Whether the rest of the line is the command's one argument.
fn takes_whole_line(name: &str) -> bool {
    matches!(name, "!" | "copy" | "h" | "help" | "ef" | "ev" | "sf" | "sf+" | "sv" | "sv+")
}

/// Whether the rest of the line is the command's one argument if it begins with `|`.
fn takes_pipe(name: &str) -> bool {
    matches!(name, "g" | "gx" | "o" | "out" | "w" | "write")
}

/// Whether the command sends the statement before it to the server.
pub(super) fn ends_statement(name: &str) -> bool {
    matches!(
        name,
        "g" | "gx"
            | "gset"
            | "gexec"
            | "gdesc"
            | "crosstabview"
            | "watch"
            | "parse"
            | "sendpipeline"
            | "r"
            | "reset"
    )
}

/// Whether psql has such a command that may stand between the lines of a statement.
pub(super) fn is_known(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "!",
        "?",
        "C",
        "H",
        "T",
        "a",
        "bind",
        "bind_named",
        "c",
        "cd",
        "close",
        "close_prepared",
        "connect",
        "conninfo",
        "copy",
        "copyright",
        "e",
        "echo",
        "edit",
        "ef",
        "elif",
        "else",
        "encoding",
        "endif",
        "endpipeline",
        "errverbose",
        "ev",
        "f",
        "flush",
        "flushrequest",
        "getenv",
        "getresults",
        "h",
        "help",
        "html",
        "i",
        "if",
        "include",
        "include_relative",
        "ir",
        "l",
        "list",
        "o",
        "out",
        "p",
        "password",
        "print",
        "prompt",
        "pset",
        "q",
        "qecho",
        "quit",
        "restrict",
        "s",
        "set",
        "setenv",
        "sf",
        "sf+",
        "startpipeline",
        "sv",
        "sv+",
        "syncpipeline",
        "t",
        "timing",
        "unrestrict",
        "unset",
        "w",
        "warn",
        "write",
        "x",
        "z",
    ];
    NAMES.contains(&name) || name.starts_with('d') || name.starts_with("lo_")
}

/// The arguments in `rest`: words, in which parts may be quoted.
fn arguments(rest: &str) -> Vec<Cow<'_, str>> {
    let bytes = rest.as_bytes();
    let mut arguments = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if is_space(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        let mut is_quoted = false;
        while at < bytes.len() && !is_space(bytes[at]) {
            is_quoted |= matches!(bytes[at], b'\'' | b'"');
            at = if matches!(bytes[at], b'\'' | b'"' | b'`') { quoted_end(bytes, at) } else { at + 1 };
        }
        let argument = &rest[start..at.min(rest.len())];
        arguments.push(if is_quoted { Cow::Owned(unquoted(argument)) } else { Cow::Borrowed(argument) });
    }
    arguments
}

/// `argument` without its quotes; a doubled quote is one, and a backslash in single quotes stands before a literal character.
fn unquoted(argument: &str) -> String {
    let mut out = String::with_capacity(argument.len());
    let mut quote = None;
    let mut characters = argument.chars().peekable();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), _) if c == q && characters.peek() == Some(&q) => out.extend(characters.next()),
            (Some(q), _) if c == q => quote = None,
            (Some('\''), '\\') => out.extend(characters.next()),
            _ => out.push(c),
        }
    }
    out
}
