//! `cargo bench --bench lsp`: how long an editor waits for the diagnostics of each character that is typed.
//!
//! A migration of 5,000 lines stands behind 200 earlier ones; 200 characters are typed in its middle, one after the other, each when
//! the diagnostics of the one before have come. Figures are from the writing of the change to the end of the answer's reading.
//! Nothing is asserted.
#![expect(clippy::print_stdout, reason = "a bench talks to whoever runs it")]

#[expect(dead_code, reason = "the other bench makes its folder with the rest")]
mod corpus;

use std::{
    env, fs,
    io::{self, BufReader, Write},
    path::Path,
    process::{ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use lsp_server::{Message, Notification, Request};
use serde_json::{Value, json};

/// What is typed. Every character makes a text that is judged.
const TYPED: &str = "ALTER TABLE users_1 ADD COLUMN nickname varchar(64) NOT NULL DEFAULT 'nobody';
ALTER TABLE orders_1 ADD CONSTRAINT total_is_positive CHECK (total > 0);
CREATE INDEX orders_1_total_again ON orders_1 (total, s);";

fn main() -> io::Result<()> {
    // `cargo test --benches` runs this too, with files that take no time.
    let is_bench = env::args().any(|it| it == "--bench");
    let (n_lines, n_earlier, n_bytes) = if is_bench { (5_000, 200, 270_000) } else { (100, 5, 5_000) };
    let folder = tempfile::tempdir()?;
    let one = corpus::Shape { n_files: 1, n_bytes: 400_000 };
    corpus::write(folder.path(), &one)?;
    let path = folder.path().join("000000_change.sql");
    let long = fs::read_to_string(&path)?;
    corpus::write(folder.path(), &corpus::Shape { n_files: n_earlier, n_bytes })?;
    let path = folder.path().join("999999_long.sql");
    fs::write(&path, "")?;
    let before: String = long.split_inclusive('\n').take(n_lines / 2).collect();
    let after: String = long.split_inclusive('\n').skip(n_lines / 2).take(n_lines / 2).collect();
    let text = format!("{}\n\n{after}", whole(&before));
    println!("{n_earlier} earlier files; {} lines, {} bytes", text.lines().count(), text.len());
    let line = whole(&before).lines().count();
    measure(folder.path(), &path, &text, line)
}

/// Up to the end of the last statement.
fn whole(text: &str) -> &str {
    text.rfind(";\n").and_then(|it| text.get(..it + 2)).unwrap_or(text)
}

fn measure(folder: &Path, path: &Path, text: &str, line: usize) -> io::Result<()> {
    let mut server = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .arg("lsp")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (Some(mut input), Some(output)) = (server.stdin.take(), server.stdout.take()) else { return Ok(()) };
    let mut output = BufReader::new(output);
    let params = json!({ "capabilities": {} });
    let start = Request { id: 1.into(), method: "initialize".to_owned(), params };
    Message::Request(start).write(&mut input)?;
    notify(&mut input, "initialized", json!({}))?;
    let uri = format!("file://{}", path.display());
    let document = json!({ "uri": uri, "languageId": "sql", "version": 0, "text": text });
    let (opened, n_found) =
        timed(&mut input, &mut output, 0, "didOpen", json!({ "textDocument": document }))?;
    println!("opened in {:.1} ms, {n_found} findings", milliseconds(opened));
    let mut times = Vec::new();
    let (mut line, mut character) = (line, 0);
    for (version, letter) in (1..).zip(TYPED.chars().take(200)) {
        let at = json!({ "line": line, "character": character });
        let change = json!({ "range": { "start": at, "end": at }, "text": letter.to_string() });
        let document = json!({ "uri": uri, "version": version });
        let params = json!({ "textDocument": document, "contentChanges": [change] });
        times.push(timed(&mut input, &mut output, version, "didChange", params)?.0);
        (line, character) = if letter == '\n' { (line + 1, 0) } else { (line, character + 1) };
    }
    times.sort();
    if let (Some(median), Some(worst)) = (times.get(times.len() / 2), times.last()) {
        let n = times.len();
        println!(
            "{n} characters: median {:.1} ms, worst {:.1} ms",
            milliseconds(*median),
            milliseconds(*worst)
        );
    }
    drop(input);
    server.wait().map(drop)
}

fn notify(input: &mut ChildStdin, method: &str, params: Value) -> io::Result<()> {
    Message::Notification(Notification { method: method.to_owned(), params }).write(input)?;
    input.flush()
}

/// Sends a change of the document, and waits for what is found in this version; how long, and how many.
fn timed(
    input: &mut ChildStdin,
    output: &mut BufReader<ChildStdout>,
    version: i64,
    what: &str,
    params: Value,
) -> io::Result<(Duration, usize)> {
    let start = Instant::now();
    notify(input, &format!("textDocument/{what}"), params)?;
    while let Some(message) = Message::read(output)? {
        if let Message::Notification(it) = message
            && it.params["version"] == version
        {
            let n_found = it.params["diagnostics"].as_array().map_or(0, Vec::len);
            return Ok((start.elapsed(), n_found));
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
