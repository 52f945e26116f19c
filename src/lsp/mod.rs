//! `lsp`: a language server over a stream. Messages in, diagnostics, hovers and edits out.
//!
//! What a document stands in, its history and configuration, is read by whoever starts the server and kept until a file changes. The
//! document's own text comes from the editor. Between two messages that wait nothing is judged: only the newest text is worth it.

mod actions;
mod document;
mod place;
mod server;
mod show;
mod text;
mod wire;

use std::{
    io::{BufReader, Read, Write},
    path::Path,
    sync::mpsc,
    thread,
};

use crate::{
    error::Error,
    finding::Finding,
    lint::{Input, Options},
    rule::RuleSet,
};

/// What one document stands in.
pub struct Surroundings {
    /// What runs before it, in order.
    pub history: Vec<Input>,
    /// The rules.
    pub rules: RuleSet,
    /// What is assumed of the server and of whoever runs the file. Statements are kept whatever it says.
    pub options: Options,
    /// What to set `lock_timeout` to: `2s`.
    pub lock_timeout: String,
    /// Reads the document's bytes as `lint` would.
    pub read: Box<dyn Fn(Vec<u8>) -> Input + Send + Sync>,
    /// Takes out the findings that do not count, and sets the severities of the rest.
    pub sift: Box<Sift>,
}

/// Takes out findings that do not count, and sets the severities of the rest.
pub type Sift = dyn Fn(&mut Vec<Finding>) + Send + Sync;

/// Reads what a document stands in, given its path if it is a file; else says, for people, why it cannot.
pub type Surround<'s> = dyn Fn(Option<&Path>) -> Result<Surroundings, String> + Sync + 's;

/// How a session came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client asked for a shutdown before.
    Properly,
    /// The client said exit, or nothing more, without having asked.
    Abruptly,
}

/// Serves one client until it leaves. Files are read and judged on `threads`.
pub fn serve(
    input: impl Read + Send,
    output: &mut dyn Write,
    threads: &rayon::ThreadPool,
    surround: &Surround<'_>,
) -> Result<Ended, Error> {
    let (sender, messages) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || wire::read_all(&mut BufReader::new(input), &sender));
        server::Server::new(output, threads, surround).run(&messages)
    })
}
