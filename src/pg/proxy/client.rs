//! The client's side of a connection. What it is told waits here until it is certain.

use std::{
    io::{self, BufReader, Write},
    net::TcpStream,
};

use super::{super::observe::State, wire::Frame};

/// So many bytes of rows may wait.
const MAX_WAITING: usize = 64 * 1024;

/// A connection from a client.
pub(super) struct Client {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    /// What it is still to be told.
    waiting: Vec<u8>,
    /// How often something was told.
    n_flushed: u64,
    /// Where in what waits the last statement was said to be done.
    end: Option<usize>,
}

/// How much the client had been told at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(u64, usize);

impl Client {
    pub(super) fn new(writer: TcpStream) -> io::Result<Self> {
        let reader = BufReader::new(writer.try_clone()?);
        Ok(Self { reader, writer, waiting: Vec::new(), n_flushed: 0, end: None })
    }

    /// Both directions.
    pub(super) fn into_streams(self) -> (BufReader<TcpStream>, TcpStream) {
        (self.reader, self.writer)
    }

    /// Its next message; `None` if it hung up.
    pub(super) fn read(&mut self) -> io::Result<Option<Frame>> {
        Frame::read(&mut self.reader)
    }

    pub(super) fn put(&mut self, frame: &Frame) {
        self.waiting.extend(&frame.bytes[..]);
    }

    /// Puts a row, of which there may be more than can wait.
    pub(super) fn put_row(&mut self, frame: &Frame) -> io::Result<()> {
        self.put(frame);
        if self.waiting.len() > MAX_WAITING { self.flush() } else { Ok(()) }
    }

    /// Puts that a statement is done.
    pub(super) fn put_end(&mut self, frame: &Frame) {
        self.end = Some(self.waiting.len());
        self.put(frame);
    }

    /// Puts an error in place of what said that the last statement was done.
    pub(super) fn put_refusal(&mut self, frame: &Frame) {
        if let Some(end) = self.end.take() {
            self.waiting.truncate(end);
        }
        self.put(frame);
    }

    /// Tells all that waits.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.n_flushed += 1;
        self.end = None;
        self.writer.write_all(&std::mem::take(&mut self.waiting))
    }

    /// Tells this.
    pub(super) fn send(&mut self, frame: &Frame) -> io::Result<()> {
        self.put(frame);
        self.flush()
    }

    /// Tells all that waits, and that the next query may come.
    pub(super) fn ready(&mut self, state: State) -> io::Result<()> {
        let state = match state {
            State::Idle => b"I",
            State::InTransaction => b"T",
            State::Aborted => b"E",
        };
        self.send(&Frame::new(b'Z', state))
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.n_flushed, self.waiting.len())
    }

    /// Takes back what was put since; false if the client was told already.
    pub(super) fn take_back(&mut self, mark: Mark) -> bool {
        let is_there = mark.0 == self.n_flushed;
        if is_there {
            self.waiting.truncate(mark.1);
        }
        is_there
    }
}
