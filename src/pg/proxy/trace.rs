//! What the sessions of a traced program did.

use std::{collections::BTreeMap, time::Duration};

use super::super::{observe::Observed, session::Refusal};

/// How a statement is to be watched. Who reads SQL says it of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It neither locks a relation nor does any work: a setting, the end of a transaction.
    Quiet,
    /// The same, and what was made in the open transaction may be gone after it.
    TakesBack,
    /// It may stand in a transaction, and can be looked at before that ends.
    Usual,
    /// It only means something in a transaction that goes on.
    InBlock,
    /// It must have no transaction around it, or ends transactions itself.
    Alone,
}

/// All that was seen.
#[derive(Debug, Default)]
pub struct Trace {
    /// The statements, in the order in which they began.
    pub statements: Vec<Traced>,
    /// How many connections there were to other databases, by their names.
    pub elsewhere: BTreeMap<String, usize>,
    /// How many connections there were to the database that is watched.
    pub n_connections: usize,
    /// How many connections had another password.
    pub n_strangers: usize,
}

/// One statement.
#[derive(Debug)]
pub struct Traced {
    /// The number of its connection.
    pub session: usize,
    /// What was sent.
    pub sql: String,
    /// The number of its transaction, of all sessions.
    pub transaction: usize,
    /// The number of the message that it came in, of all sessions: several of one message share a transaction of which nobody said BEGIN.
    pub message: usize,
    /// Whether a transaction was open in which somebody had said BEGIN.
    pub in_block: bool,
    /// What became of it.
    pub fate: TracedFate,
}

/// What became of a statement.
#[derive(Debug)]
pub enum TracedFate {
    /// It was observed.
    Observed(Box<Observed>),
    /// It ran, and nobody looked.
    Ran(Duration),
    /// The server refused it.
    Refused(Refusal),
    /// It ran, and the end of its transaction was refused.
    RefusedAtCommit(Refusal),
}
