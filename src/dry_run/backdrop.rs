//! Makes what was there before: earlier migrations as their framework runs them, and dumps as far as this server can follow.
//!
//! A dump tells of another server, which may be newer and have extensions that this one lacks. What it says of settings that this server
//! does not know is left out; so is an extension that is not there, and what fails without it. Each is said. Anything else that fails ends
//! the run: what would be judged then is another database.

use super::{
    File, Purpose, Ran,
    engine::Engine,
    piece::{Piece, pieces},
    place,
};
use crate::{
    effect::Runner,
    error::Error,
    pg::session::Refusal,
    sql::{Statement, source::Span},
};

/// Runs one file without looking at it.
pub(super) fn make(
    engine: &mut Engine<'_>,
    file: &File<'_>,
    values: &[(String, String)],
    ran: &mut Ran,
) -> Result<(), Error> {
    let is_dump = file.purpose == Purpose::Schema;
    let failed = |span, refusal: &Refusal| Error::Backdrop {
        place: place(file.source.path(), file.source, span),
        problem: refusal.to_string(),
    };
    engine.start_file()?;
    let all = pieces(file, values)?;
    ran.n_before += all.len();
    let mut dump = Dump::default();
    for (runner, pieces) in parts(file, &all) {
        // What a dump fails at must not take the rest with it.
        let runner = if is_dump { Runner::Own } else { runner };
        engine.start_part(runner)?;
        for piece in pieces {
            if !engine.before(runner, piece)? {
                continue;
            }
            if let Err(refusal) = engine.send(piece)? {
                let said = Some(&mut dump).filter(|_| is_dump).and_then(|it| it.passes_over(piece, &refusal));
                let said = said.ok_or_else(|| failed(piece.span, &refusal))?;
                ran.backdrop.push(format!("{}: {said}", place(file.source.path(), file.source, piece.span)));
            }
            engine.after()?;
        }
        let end = pieces.last().map_or(Span { start: 0, end: 0 }, |it| it.span);
        engine.end_part(runner)?.map_err(|refusal| failed(end, &refusal))?;
    }
    Ok(())
}

/// The statements of each part of a file, and how they are sent.
pub(super) fn parts<'p>(file: &File<'_>, mut pieces: &'p [Piece]) -> Vec<(Runner, &'p [Piece])> {
    let ends = file.parts.iter().skip(1).map(|it| it.0).chain([usize::MAX]);
    let mut parts = Vec::new();
    for ((_, runner), end) in file.parts.iter().zip(ends) {
        let n = pieces.iter().take_while(|it| it.span.start < end).count();
        let (part, rest) = pieces.split_at_checked(n).unwrap_or((pieces, &[]));
        parts.push((*runner, part));
        pieces = rest;
    }
    parts
}

/// What a dump says that this server does not have.
#[derive(Default)]
struct Dump {
    /// The extensions that are missing.
    missing: Vec<String>,
}

impl Dump {
    /// What is to be said of a statement that was refused and may be left out; `None` if it may not.
    fn passes_over(&mut self, piece: &Piece, refusal: &Refusal) -> Option<String> {
        match &piece.statement {
            Some(Statement::Set(set)) if refusal.sqlstate == "42704" => {
                Some(format!("left out: this server does not know {}", set.setting))
            }
            Some(Statement::CreateExtension { name, .. }) if is_absent(refusal) => {
                self.missing.push(name.to_string());
                Some(format!("left out: this server does not have the extension {name}"))
            }
            _ if !self.missing.is_empty() => {
                Some(format!("left out, as {} is missing: {refusal}", self.missing.join(", ")))
            }
            _ => None,
        }
    }
}

/// Whether an extension's files are not there: until 14 the file's name is what is said, then that it is not available.
pub(super) fn is_absent(refusal: &Refusal) -> bool {
    matches!(refusal.sqlstate.as_str(), "58P01" | "0A000")
        && (refusal.message.contains("extension control file")
            || refusal.message.contains("is not available"))
}
