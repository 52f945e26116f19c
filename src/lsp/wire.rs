//! Messages as they come through the stream: a head with the length, then JSON.

use std::{
    io::{self, BufRead, Read},
    sync::mpsc::Sender,
};

use lsp_server::Message;

/// A line of a head that is longer than this is none.
const MAX_HEAD: u64 = 4096;

/// Sends on every message, until the client says exit, stops, or sends what is no message.
pub(super) fn read_all(input: &mut impl BufRead, sender: &Sender<io::Result<Message>>) {
    while let Some(message) = read(input).transpose() {
        let is_last = match &message {
            Ok(Message::Notification(it)) => it.method == "exit",
            Ok(_) => false,
            Err(_) => true,
        };
        if sender.send(message).is_err() || is_last {
            return;
        }
    }
}

/// The next message; `None` at the end.
fn read(input: &mut impl BufRead) -> io::Result<Option<Message>> {
    let Some(length) = length(input)? else { return Ok(None) };
    // Memory is only taken for what comes, whatever the head promises.
    let mut body = Vec::new();
    input.take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Err(bad(&format!("it ends after {} of {length} bytes", body.len())));
    }
    serde_json::from_slice(&body).map(Some).map_err(|it| bad(&format!("its {length} bytes are none: {it}")))
}

/// The length that a message's head gives; `None` at the end.
fn length(input: &mut impl BufRead) -> io::Result<Option<u64>> {
    let mut length = None;
    let mut is_first = true;
    loop {
        let mut line = Vec::new();
        input.take(MAX_HEAD).read_until(b'\n', &mut line)?;
        let line = String::from_utf8_lossy(&line);
        match line.trim_end() {
            "" if line.is_empty() && is_first => return Ok(None),
            "" if line.is_empty() => return Err(bad("it ends within its head")),
            "" => break,
            head => {
                let (name, value) =
                    head.split_once(':').ok_or_else(|| bad(&format!("{head:?} is no line of a head")))?;
                if name.eq_ignore_ascii_case("Content-Length") {
                    let value = value.trim();
                    let number = value.parse().map_err(|_| bad(&format!("{value:?} is no length")))?;
                    length = Some(number);
                }
            }
        }
        is_first = false;
    }
    length.map(Some).ok_or_else(|| bad("its head has no Content-Length"))
}

fn bad(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
