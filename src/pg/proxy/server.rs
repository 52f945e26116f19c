//! The server's side of a connection: what the client sent goes there, and between two of its statements what we ask.

use std::{
    io::{self, BufReader, Write},
    os::unix::net::UnixStream,
};

use super::{
    super::{
        Notice,
        observe::State,
        session::{Refusal, Row},
    },
    client::Client,
    wire::{self, Fields, Frame},
};

/// The warnings about a BEGIN in a transaction, and a COMMIT in none.
const ACTIVE_TRANSACTION: &str = "25001";

/// A connection to the server.
pub(super) struct Server {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
    /// The process behind it.
    pub(super) backend: i32,
    /// What its session is doing, as it said last.
    pub(super) state: State,
    /// While we listen: what it told, and how much of that the client wants to hear.
    pub(super) heard: Option<(Vec<Notice>, Level)>,
    /// Whether the open transaction is ours, of which the client does not know.
    pub(super) by_us: bool,
    /// Whether rows came in since the last Sync: the server passes over a Sync that came before them.
    pub(super) passed_over_sync: bool,
}

/// What became of what was sent.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Why the server refused it.
    pub(super) refusal: Option<Refusal>,
}

impl Server {
    pub(super) fn new(reader: BufReader<UnixStream>, writer: UnixStream) -> Self {
        Self {
            reader,
            writer,
            backend: 0,
            state: State::Idle,
            heard: None,
            by_us: false,
            passed_over_sync: false,
        }
    }

    /// Both directions.
    pub(super) fn into_streams(self) -> (BufReader<UnixStream>, UnixStream) {
        (self.reader, self.writer)
    }

    /// Passes the server's greeting on. `None` if it refuses to talk.
    pub(super) fn begin(mut self, client: &mut Client) -> io::Result<Option<Self>> {
        loop {
            let frame = self.read()?;
            client.put(&frame);
            match frame.tag {
                b'K' => {
                    let process = frame.body().get(..4).and_then(|it| it.try_into().ok());
                    self.backend = process.map(i32::from_be_bytes).unwrap_or_default();
                }
                b'E' => {
                    client.flush()?;
                    return Ok(None);
                }
                b'Z' => {
                    client.flush()?;
                    return Ok(Some(self));
                }
                _ => {}
            }
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    fn read(&mut self) -> io::Result<Frame> {
        let frame = Frame::read(&mut self.reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if frame.tag == b'Z' {
            self.state = match frame.body() {
                b"T" => State::InTransaction,
                b"E" => State::Aborted,
                _ => State::Idle,
            };
        }
        Ok(frame)
    }

    /// Passes on what the server answers, up to where it is ready for the next query, which the client is not told yet.
    ///
    /// `offset` is how many characters of the client's message are before what was sent; `resync`: what was sent was not a simple query.
    pub(super) fn answer(&mut self, client: &mut Client, offset: usize, resync: bool) -> io::Result<Answer> {
        let mut answer = Answer::default();
        loop {
            let frame = self.read()?;
            match frame.tag {
                b'Z' => return Ok(answer),
                b'N' if !self.passes(&frame)? => {}
                b'E' => {
                    let fields = frame.fields()?;
                    answer.refusal = Some(fields.refusal());
                    client.put(&if offset > 0 { fields.moved(offset) } else { frame });
                }
                b'C' => client.put_end(&frame),
                b'D' | b'd' => client.put_row(&frame)?,
                b'G' => {
                    client.put(&frame);
                    client.flush()?;
                    self.copy_in(client, resync)?;
                    self.passed_over_sync |= resync;
                }
                _ => client.put(&frame),
            }
        }
    }

    /// Passes on the rows that the client sends.
    fn copy_in(&mut self, client: &mut Client, resync: bool) -> io::Result<()> {
        loop {
            let frame = client.read()?.ok_or(io::ErrorKind::UnexpectedEof)?;
            match frame.tag {
                b'd' => self.send(&frame.bytes)?,
                b'c' | b'f' => {
                    self.send(&frame.bytes)?;
                    if resync {
                        // The server did not look at the one that came before the rows.
                        let mut bytes = bytes::BytesMut::new();
                        wire::sync(&mut bytes);
                        self.send(&bytes)?;
                    }
                    return Ok(());
                }
                b'X' => return Err(io::ErrorKind::UnexpectedEof.into()),
                // As the server does.
                _ => {}
            }
        }
    }

    /// Whether the client would have got this notice; if we listen, it is kept.
    fn passes(&mut self, frame: &Frame) -> io::Result<bool> {
        let fields = frame.fields()?;
        let is_ours = self.by_us && fields.sqlstate() == ACTIVE_TRANSACTION;
        let Some((heard, level)) = &mut self.heard else { return Ok(!is_ours) };
        heard.push(notice(&fields));
        Ok(!is_ours && level.passes(fields.severity()))
    }

    /// Runs one statement of ours, of which the client hears nothing.
    pub(super) fn ask(&mut self, sql: &str) -> io::Result<Result<Vec<Row>, (Refusal, Frame)>> {
        self.send(&wire::ask(sql)?)?;
        let (mut rows, mut refused) = (Vec::new(), None);
        loop {
            let frame = self.read()?;
            match frame.tag {
                b'Z' => return Ok(refused.map_or(Ok(rows), Err)),
                b'D' => rows.push(frame.row()?),
                b'E' => refused = Some((frame.fields()?.refusal(), frame)),
                _ => {}
            }
        }
    }
}

fn notice(fields: &Fields) -> Notice {
    Notice { severity: fields.severity().to_owned(), message: fields.message().to_owned() }
}

/// How much a client wants to hear: a value of `client_min_messages`.
#[derive(Clone, Debug)]
pub(super) struct Level(pub(super) String);

impl Level {
    /// Whether it wants to hear what is of this severity. What is INFO everybody hears.
    fn passes(&self, severity: &str) -> bool {
        const ORDER: [&str; 5] = ["debug", "log", "notice", "warning", "error"];
        let place = |it: &str| ORDER.iter().position(|name| it.to_ascii_lowercase().starts_with(name));
        match (place(severity), place(&self.0)) {
            (Some(said), Some(wanted)) => said >= wanted,
            (None, _) | (_, None) => true,
        }
    }
}
