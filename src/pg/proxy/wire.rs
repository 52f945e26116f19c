//! Messages as they go over the wire: a letter, a length, and what they say.
//!
//! Source: manual, 55.7 Message Formats.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::{
    backend::{ErrorFields, Message},
    frontend,
};

use super::super::session::{Refusal, Row};

/// The letter and the length.
const HEADER: usize = 5;

/// The largest message that is believed: the server's own limit.
const MAX_BYTES: usize = 1 << 30;

/// One message, whole.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Its letter.
    pub(super) tag: u8,
    /// All of it, with letter and length.
    pub(super) bytes: Bytes,
}

impl Frame {
    /// The next message; `None` at the end of the connection.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut header = [0; HEADER];
        let [tag, length @ ..] = &mut header;
        if from.read(std::slice::from_mut(tag))? == 0 {
            return Ok(None);
        }
        from.read_exact(length)?;
        let (tag, length) = (*tag, u32::from_be_bytes(*length));
        let n = usize::try_from(length).unwrap_or(usize::MAX);
        let body = n.checked_sub(4).filter(|it| *it < MAX_BYTES);
        let body =
            body.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a message of no length"))?;
        let mut bytes = BytesMut::zeroed(HEADER + body);
        let (start, rest) = bytes.split_at_mut(HEADER);
        start.copy_from_slice(&header);
        from.read_exact(rest)?;
        Ok(Some(Self { tag, bytes: bytes.freeze() }))
    }

    /// A message with this letter that says this.
    pub(super) fn new(tag: u8, body: &[u8]) -> Self {
        let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
        let bytes: Vec<u8> = [&[tag][..], &length.to_be_bytes(), body].concat();
        Self { tag, bytes: bytes.into() }
    }

    /// What it says.
    pub(super) fn body(&self) -> &[u8] {
        self.bytes.get(HEADER..).unwrap_or_default()
    }

    /// The texts with which it begins, each ended by a zero.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        self.body().split(|it| *it == 0).map(|it| String::from_utf8_lossy(it).into_owned())
    }

    /// The same as the client's crate reads it.
    fn read_as_servers(&self) -> io::Result<Option<Message>> {
        Message::parse(&mut BytesMut::from(&self.bytes[..]))
    }

    /// The values of a row, as text.
    pub(super) fn row(&self) -> io::Result<Row> {
        let Some(Message::DataRow(row)) = self.read_as_servers()? else { return Ok(Row(Vec::new())) };
        let text = |range: Option<std::ops::Range<usize>>| {
            let bytes = range.map(|it| row.buffer().get(it).unwrap_or_default());
            Ok(bytes.map(|it| String::from_utf8_lossy(it).into_owned()))
        };
        row.ranges().map(text).collect().map(Row)
    }

    /// The fields of an error or a notice, by their letters.
    pub(super) fn fields(&self) -> io::Result<Fields> {
        let of = |fields: ErrorFields<'_>| {
            fields
                .map(|it| Ok((it.type_(), String::from_utf8_lossy(it.value_bytes()).into_owned())))
                .collect()
        };
        Ok(Fields(match self.read_as_servers()? {
            Some(Message::ErrorResponse(it)) => of(it.fields())?,
            Some(Message::NoticeResponse(it)) => of(it.fields())?,
            _ => Vec::new(),
        }))
    }
}

/// What an error or a notice says.
pub(super) struct Fields(Vec<(u8, String)>);

impl Fields {
    fn get(&self, letter: u8) -> Option<&str> {
        self.0.iter().find(|it| it.0 == letter).map(|it| it.1.as_str())
    }

    /// `ERROR`, `NOTICE`, `DEBUG`: never translated.
    pub(super) fn severity(&self) -> &str {
        self.get(b'V').or_else(|| self.get(b'S')).unwrap_or_default()
    }

    pub(super) fn sqlstate(&self) -> &str {
        self.get(b'C').unwrap_or_default()
    }

    pub(super) fn message(&self) -> &str {
        self.get(b'M').unwrap_or_default()
    }

    pub(super) fn refusal(&self) -> Refusal {
        Refusal {
            sqlstate: self.sqlstate().to_owned(),
            message: self.message().to_owned(),
            detail: self.get(b'D').map(str::to_owned),
            hint: self.get(b'H').map(str::to_owned),
            position: self.get(b'P').and_then(|it| it.parse().ok()),
        }
    }

    /// The same message with a position that is so many characters later.
    pub(super) fn moved(&self, n_characters: usize) -> Frame {
        let mut body = Vec::new();
        for (letter, value) in &self.0 {
            body.push(*letter);
            match value.parse::<usize>() {
                Ok(position) if *letter == b'P' => {
                    body.extend((position + n_characters).to_string().into_bytes());
                }
                _ => body.extend(value.as_bytes()),
            }
            body.push(0);
        }
        body.push(0);
        Frame::new(b'E', &body)
    }
}

/// An error that ends a connection, as a server would send it.
pub(super) fn fatal(sqlstate: &str, message: &str) -> Frame {
    let fields = [("S", "FATAL"), ("V", "FATAL"), ("C", sqlstate), ("M", message)];
    let body: String = fields.iter().flat_map(|(letter, value)| [letter, *value, "\0"]).collect();
    Frame::new(b'E', format!("{body}\0").as_bytes())
}

/// A simple query.
pub(super) fn query(sql: &str) -> io::Result<BytesMut> {
    let mut bytes = BytesMut::new();
    frontend::query(sql, &mut bytes)?;
    Ok(bytes)
}

/// The end of a group of messages.
pub(super) fn sync(bytes: &mut BytesMut) {
    frontend::sync(bytes);
}

/// What our own prepared statements and portals are called.
const OURS: &str = "lockkeeper";

/// One statement of ours. It has a name, for one without would take the place of the client's own; nothing of it is left.
pub(super) fn ask(sql: &str) -> io::Result<BytesMut> {
    let mut bytes = BytesMut::new();
    let close = |bytes: &mut BytesMut| {
        frontend::close(b'P', OURS, bytes)?;
        frontend::close(b'S', OURS, bytes)
    };
    close(&mut bytes)?;
    frontend::parse(OURS, sql, [], &mut bytes)?;
    let no_values = |(), _: &mut BytesMut| Ok(postgres_protocol::IsNull::Yes);
    frontend::bind(OURS, OURS, [], [], no_values, [], &mut bytes)
        .map_err(|_| io::Error::other("no values can be bound"))?;
    frontend::execute(OURS, 0, &mut bytes)?;
    close(&mut bytes)?;
    frontend::sync(&mut bytes);
    Ok(bytes)
}
