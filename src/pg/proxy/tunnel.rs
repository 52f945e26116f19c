//! One connection: the client's messages go to the server statement by statement, and each statement is looked at while its transaction
//! is still open. The client gets what it would have got without us.
//!
//! A statement outside of any transaction gets one of ours around it. So does what else would be one transaction to the server without
//! a BEGIN: several statements of one message, and all up to a Sync. Between two such statements a Sync of ours is harmless then.
//! So a client that binds a portal, waits for the answer, and only then runs in it what must have no transaction, is the one that is
//! refused what the server would have done.
//!
//! Source: manual, 55.2.2 Simple Query and 55.2.3 Extended Query.

use std::{collections::HashMap, io, time::Instant};

use bytes::BytesMut;

use super::{
    Shared,
    client::Client,
    server::Server,
    trace::{Manner, Traced, TracedFate},
    watched::{Inner, Theirs, failed},
    wire::{self, Frame},
};
use crate::{
    error::Error,
    pg::{
        observe::{Observed, Observer, State, Watched},
        session::Refusal,
    },
    sql::split::{self, PieceKind},
};

/// What the server says of a statement that must not be in a transaction.
const ACTIVE_TRANSACTION: &str = "25001";

/// A connection that is watched.
pub(super) struct Tunnel<'t> {
    shared: &'t Shared<'t>,
    session: usize,
    client: Client,
    server: Server,
    observer: Observer<'t>,
    /// The texts of prepared statements, and of portals that did not run yet.
    statements: HashMap<String, String>,
    portals: HashMap<String, String>,
    /// Whether what the client sends is passed over up to a Sync, for the server refused something.
    skips: bool,
    /// The number of the open transaction.
    transaction: usize,
    /// The number of the client's message.
    message: usize,
}

/// One statement as it is sent.
struct Unit<'u> {
    sql: &'u str,
    /// What is sent; of the extended protocol, without the Sync.
    frames: Vec<Frame>,
    /// How many characters of the client's message come before it.
    offset: usize,
    /// Whether nothing else shares its transaction.
    is_sole: bool,
}

impl Unit<'_> {
    fn is_extended(&self) -> bool {
        self.frames.iter().any(|it| it.tag != b'Q')
    }

    fn bytes(&self) -> BytesMut {
        let mut bytes = BytesMut::new();
        self.frames.iter().for_each(|it| bytes.extend_from_slice(&it.bytes));
        if self.is_extended() {
            wire::sync(&mut bytes);
        }
        bytes
    }
}

impl<'t> Tunnel<'t> {
    pub(super) fn new(
        shared: &'t Shared<'t>,
        session: usize,
        client: Client,
        server: Server,
    ) -> Result<Self, Error> {
        let observer = Observer::new(shared.sandbox, shared.database)?;
        Ok(Self {
            shared,
            session,
            client,
            server,
            observer,
            statements: HashMap::new(),
            portals: HashMap::new(),
            skips: false,
            transaction: 0,
            message: 0,
        })
    }

    /// Serves the client until it hangs up.
    pub(super) fn serve(mut self) -> Result<(), Error> {
        let mut group = Vec::new();
        while let Some(frame) = self.client.read().map_err(failed)? {
            match frame.tag {
                b'Q' => self.query(frame)?,
                b'P' | b'B' | b'D' | b'E' | b'C' => group.push(frame),
                b'H' => self.extended(std::mem::take(&mut group), false)?,
                b'S' => self.extended(std::mem::take(&mut group), true)?,
                b'X' => break,
                // Rows of a COPY that failed meanwhile: the server passes over them too.
                b'd' | b'c' | b'f' => {}
                _ => {
                    self.pass(&frame.bytes).map_err(failed)?;
                    self.client.ready(self.server.state).map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    /// Sends this at which there is nothing to be seen.
    fn pass(&mut self, bytes: &[u8]) -> io::Result<Option<Refusal>> {
        self.server.send(bytes)?;
        Ok(self.server.answer(&mut self.client, 0, false)?.refusal)
    }

    /// A message of the simple protocol.
    fn query(&mut self, frame: Frame) -> Result<(), Error> {
        self.message = self.shared.number();
        let sql = frame.texts().next().unwrap_or_default();
        let pieces = pieces(&sql);
        match &pieces[..] {
            [] => {
                self.pass(&frame.bytes).map_err(failed)?;
            }
            [(_, sql)] => {
                self.unit(Unit { sql, frames: vec![frame], offset: 0, is_sole: true })?;
            }
            _ if self.observer.reads(&sql)?.is_ok() => self.statements(&sql, &pieces)?,
            // The server runs nothing of a message that it cannot read to its end.
            _ => {
                if let Some(refusal) = self.pass(&frame.bytes).map_err(failed)? {
                    let at = refusal.position.and_then(|it| usize::try_from(it).ok()).unwrap_or(1);
                    let before =
                        |it: &&(usize, String)| sql.get(..it.0).map_or(0, |it| it.chars().count()) < at;
                    let piece = pieces.iter().rev().find(before).or(pieces.first());
                    let sql = piece.map(|it| it.1.clone()).unwrap_or_default();
                    self.keep(&sql, false, TracedFate::Refused(refusal));
                }
            }
        }
        self.finish()
    }

    /// Several statements of one message.
    fn statements(&mut self, message: &str, pieces: &[(usize, String)]) -> Result<(), Error> {
        for (start, sql) in pieces {
            if self.server.state == State::Idle && !is_begin(sql) {
                self.begin()?;
            }
            let offset = message.get(..*start).map_or(0, |it| it.chars().count());
            let bytes = wire::query(sql).map_err(failed)?;
            let frames = vec![Frame { tag: b'Q', bytes: bytes.freeze() }];
            if self.unit(Unit { sql, frames, offset, is_sole: false })? {
                break;
            }
        }
        Ok(())
    }

    /// Messages of the extended protocol up to a Sync, or to a Flush.
    fn extended(&mut self, frames: Vec<Frame>, is_sync: bool) -> Result<(), Error> {
        self.message = self.shared.number();
        let n_executes = frames.iter().filter(|it| it.tag == b'E').count();
        let mut unit = Vec::new();
        for frame in frames {
            if self.skips {
                break;
            }
            let executed = self.note(&frame);
            unit.push(frame);
            let Some(sql) = executed else { continue };
            let is_sole = n_executes == 1 && !self.server.by_us && self.server.state == State::Idle;
            let waits_for_more = !is_sole || !is_sync && self.shared.manner(&sql) == Manner::Usual;
            if waits_for_more && self.server.state == State::Idle && !is_begin(&sql) {
                self.begin()?;
            }
            let frames = std::mem::take(&mut unit);
            self.skips = self.unit(Unit { sql: &sql, frames, offset: 0, is_sole })?;
        }
        if !self.skips && !unit.is_empty() {
            // A portal ends with its transaction.
            if !is_sync && self.server.state == State::Idle && unit.iter().any(|it| it.tag == b'B') {
                self.begin()?;
            }
            let parsed = unit.iter().rev().find(|it| it.tag == b'P').and_then(|it| it.texts().nth(1));
            let unit = Unit { sql: "", frames: unit, offset: 0, is_sole: false };
            let refusal = self.pass(&unit.bytes()).map_err(failed)?;
            self.skips = refusal.is_some();
            if let (Some(refusal), Some(sql)) = (refusal, parsed) {
                self.keep(&sql, false, TracedFate::Refused(refusal));
            }
        }
        if is_sync && !std::mem::take(&mut self.server.passed_over_sync) {
            self.skips = false;
            self.finish()
        } else {
            self.client.flush().map_err(failed)
        }
    }

    /// Takes note of what a message prepares. Returns the text of the statement that it runs.
    fn note(&mut self, frame: &Frame) -> Option<String> {
        let mut texts = frame.texts();
        let first = texts.next().unwrap_or_default();
        match frame.tag {
            b'P' => {
                self.statements.insert(first, texts.next().unwrap_or_default());
            }
            b'B' => {
                let sql = self.statements.get(&texts.next().unwrap_or_default()).cloned();
                self.portals.insert(first, sql.unwrap_or_default());
            }
            b'E' => return Some(self.portals.remove(&first).unwrap_or_default()),
            _ => {}
        }
        None
    }

    /// Begins a transaction of which the client does not know.
    fn begin(&mut self) -> Result<(), Error> {
        self.observer.begins();
        self.transaction = self.shared.number();
        self.ask("BEGIN")?;
        self.server.by_us = true;
        Ok(())
    }

    fn ask(&mut self, sql: &str) -> Result<(), Error> {
        let asked = self.server.ask(sql).map_err(failed)?;
        asked.map(drop).map_err(|(refusal, _)| failed(io::Error::other(refusal.to_string())))
    }

    /// Ends our transaction, if one is open, and tells the client that the next query may come.
    fn finish(&mut self) -> Result<(), Error> {
        if self.server.by_us {
            self.end()?;
        }
        self.client.ready(self.server.state).map_err(failed)
    }

    /// Ends our transaction.
    fn end(&mut self) -> Result<(), Error> {
        self.server.by_us = false;
        match self.server.state {
            State::Idle => Ok(()),
            State::Aborted => self.ask("ROLLBACK"),
            State::InTransaction => {
                if let Err((refusal, frame)) = self.server.ask("COMMIT").map_err(failed)? {
                    self.client.put_refusal(&frame);
                    self.shared.refuse_last(self.session, refusal);
                }
                Ok(())
            }
        }
    }

    /// Sends one statement, and looks at it. Returns whether the server refused it.
    fn unit(&mut self, mut unit: Unit<'_>) -> Result<bool, Error> {
        let manner = self.shared.manner(unit.sql);
        let was = self.server.state;
        let in_block = was != State::Idle && !self.server.by_us;
        if was == State::Idle {
            self.observer.begins();
            self.transaction = self.shared.number();
        }
        let fate = match (was, manner) {
            (State::Aborted, _) | (_, Manner::Quiet | Manner::TakesBack) | (State::Idle, Manner::InBlock) => {
                self.quietly(&unit, manner)?
            }
            (State::InTransaction, _) => self.watch(&unit, false)?,
            (State::Idle, Manner::Alone) => self.watch(&unit, true)?,
            (State::Idle, Manner::Usual) => {
                let mark = self.client.mark();
                self.begin()?;
                let fate = self.watch(&unit, false)?;
                match &fate {
                    // The server knows more of what must run alone than we do.
                    TracedFate::Refused(refusal)
                        if refusal.sqlstate == ACTIVE_TRANSACTION
                            && unit.is_sole
                            && self.client.take_back(mark) =>
                    {
                        self.end()?;
                        // What was parsed stays so.
                        for parsed in unit.frames.extract_if(.., |it| it.tag == b'P') {
                            drop(parsed);
                            self.client.put(&Frame::new(b'1', &[]));
                        }
                        self.watch(&unit, true)?
                    }
                    _ => fate,
                }
            }
        };
        if self.server.state == State::Idle {
            self.server.by_us = false;
        } else if self.server.by_us && is_begin(unit.sql) {
            // From here on the transaction is the client's.
            self.server.by_us = false;
        }
        let is_refused = matches!(fate, TracedFate::Refused(_));
        if !unit.sql.is_empty() {
            self.keep(unit.sql, in_block, fate);
        }
        Ok(is_refused)
    }

    /// Sends a statement at which there is nothing to be seen.
    fn quietly(&mut self, unit: &Unit<'_>, manner: Manner) -> Result<TracedFate, Error> {
        let started = Instant::now();
        let bytes = unit.bytes();
        let theirs = theirs(&mut self.server, &mut self.client, unit, &bytes);
        let said = theirs.run(unit.sql)?;
        let took = started.elapsed();
        if said.is_ok() && manner == Manner::TakesBack {
            self.observer.misses(&theirs)?;
        }
        Ok(said.map_or_else(TracedFate::Refused, |()| TracedFate::Ran(took)))
    }

    /// Sends a statement, and looks at it.
    fn watch(&mut self, unit: &Unit<'_>, is_alone: bool) -> Result<TracedFate, Error> {
        let bytes = unit.bytes();
        let theirs = theirs(&mut self.server, &mut self.client, unit, &bytes);
        let observed: Observed = if is_alone {
            self.observer.alone_anywhere(&theirs, unit.sql)?
        } else {
            self.observer.in_transaction(&theirs, unit.sql)?
        };
        self.server.heard = None;
        Ok(match observed.refusal {
            Some(refusal) => TracedFate::Refused(refusal),
            None => TracedFate::Observed(Box::new(observed)),
        })
    }

    fn keep(&self, sql: &str, in_block: bool, fate: TracedFate) {
        self.shared.keep(Traced {
            session: self.session,
            sql: sql.to_owned(),
            transaction: self.transaction,
            message: self.message,
            in_block,
            fate,
        });
    }
}

fn theirs<'u>(
    server: &'u mut Server,
    client: &'u mut Client,
    unit: &Unit<'_>,
    bytes: &'u [u8],
) -> Theirs<'u> {
    Theirs::new(Inner { server, client, bytes, offset: unit.offset, is_extended: unit.is_extended() })
}

/// The statements of a message, and where each begins. A message in which there is anything else is one statement.
fn pieces(message: &str) -> Vec<(usize, String)> {
    let split = split::split(message).pieces;
    if split.iter().any(|it| !matches!(it.kind, PieceKind::Statement(_))) {
        return vec![(0, message.trim().to_owned())];
    }
    split.iter().map(|it| (it.span.start, it.span.of(message).to_owned())).collect()
}

fn is_begin(sql: &str) -> bool {
    let word = sql.split(|it: char| !it.is_ascii_alphabetic()).next().unwrap_or_default();
    word.eq_ignore_ascii_case("BEGIN") || word.eq_ignore_ascii_case("START")
}
