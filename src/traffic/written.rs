//! The text of a snapshot or a calibration: two spaces an indent, and a line for each column, constraint, index and size.
//!
//! So a change of one thing is a change of one line, and the file is half as long as if each key had a line of its own.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

/// The levels that begin lines: the file, its tables, a table, its columns. What is in a column does not.
const N_LEVELS: usize = 4;

/// The file's text, with a newline at the end.
pub fn written(it: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    let lines = Lines { level: 0, pretty: PrettyFormatter::new(), compact: CompactFormatter };
    it.serialize(&mut Serializer::with_formatter(&mut bytes, lines))?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

struct Lines {
    /// In how many objects and arrays we are.
    level: usize,
    pretty: PrettyFormatter<'static>,
    compact: CompactFormatter,
}

/// Calls the method of the formatter that fits the level.
macro_rules! by_level {
    ($self:ident . $method:ident ( $($argument:expr),* )) => {
        if $self.level <= N_LEVELS { $self.pretty.$method($($argument),*) } else { $self.compact.$method($($argument),*) }
    };
}

impl Formatter for Lines {
    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.level += 1;
        by_level!(self.begin_array(out))
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        let done = by_level!(self.end_array(out));
        self.level -= 1;
        done
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        by_level!(self.begin_array_value(out, first))
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        by_level!(self.end_array_value(out))
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.level += 1;
        by_level!(self.begin_object(out))
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        let done = by_level!(self.end_object(out));
        self.level -= 1;
        done
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        match (self.level <= N_LEVELS, first) {
            (true, _) => self.pretty.begin_object_key(out, first),
            (false, true) => Ok(()),
            (false, false) => out.write_all(b", "),
        }
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        by_level!(self.end_object_value(out))
    }
}
