//! What a program did on a throwaway server, which decides itself what it sends: written down as files, so that it can be predicted and
//! judged like any other.
//!
//! A connection's transactions are one file, unless another connection had its turn in between. What the server refused and the program
//! went on from is left out: it did nothing, and was expected.

use std::{collections::BTreeMap, time::Duration};

use super::{Fate, File, Ran, Statement, compare::compare, piece};
use crate::{
    effect::Runner,
    error::Error,
    pg::{
        Sandbox,
        proxy::{self, Door, Trace, Traced, TracedFate},
    },
    sql::{
        Statement as Sql,
        parse::parse,
        source::Span,
        split::{self, PieceKind},
    },
};

/// What a connection sent without a pause, as a file.
#[derive(Debug, Default)]
pub struct Script {
    /// The number of the connection, counted from 1.
    pub connection: usize,
    /// The statements, as they were sent.
    pub text: String,
    /// Where something new begins, in bytes from the start, and how it was sent.
    pub parts: Vec<(usize, Runner)>,
    /// Each statement.
    pub statements: Vec<Sent>,
}

/// One statement of a script.
#[derive(Debug)]
pub struct Sent {
    /// From its first token to its last, in bytes from the script's start.
    pub span: Span,
    /// The number of its transaction, of all scripts.
    pub transaction: usize,
    fate: TracedFate,
}

/// What a program did.
#[derive(Debug, Default)]
pub struct Scripts {
    /// In the order in which they ran.
    pub scripts: Vec<Script>,
    /// What is to be said besides.
    pub notes: Vec<String>,
    /// How many statements were sent.
    pub n_sent: usize,
    /// How many connections had another password than they were given.
    pub n_strangers: usize,
    /// The other databases that the program connected to.
    pub elsewhere: Vec<String>,
}

/// Does `work`, which returns whether it succeeded, and watches what it does in `database`.
pub fn trace(
    sandbox: &Sandbox,
    database: &str,
    work: impl FnOnce(&Door) -> Result<bool, Error>,
) -> Result<(bool, Scripts), Error> {
    let (is_success, trace) = proxy::trace(sandbox, database, piece::manner, work)?;
    Ok((is_success, scripts(trace, is_success)))
}

fn scripts(trace: Trace, is_success: bool) -> Scripts {
    let mut scripts = Scripts {
        n_sent: trace.statements.len(),
        n_strangers: trace.n_strangers,
        elsewhere: trace.elsewhere.keys().cloned().collect(),
        ..Scripts::default()
    };
    let mut refused: Vec<String> = Vec::new();
    for transaction in in_order(trace.statements, is_success, &mut refused) {
        let Some(session) = transaction.first().map(|it| it.session) else { continue };
        scripts.add(session, transaction);
    }
    scripts.number();
    if !refused.is_empty() {
        scripts
            .notes
            .push(format!("the server refused what the command went on from: {}", refused.join("; ")));
    }
    if !scripts.elsewhere.is_empty() {
        let names = scripts.elsewhere.join(", ");
        scripts.notes.push(format!("not watched: what the command did in other databases ({names})"));
    }
    scripts
}

/// The statements by their transactions, in the order in which those began.
fn in_order(mut statements: Vec<Traced>, is_success: bool, refused: &mut Vec<String>) -> Vec<Vec<Traced>> {
    let is_refused = |it: &Traced| matches!(it.fate, TracedFate::Refused(_) | TracedFate::RefusedAtCommit(_));
    // The program ended at the last of them, if it failed.
    let last = statements.iter().rposition(is_refused).filter(|_| !is_success);
    let mut n = 0;
    statements.retain(|it| {
        n += 1;
        match &it.fate {
            TracedFate::Refused(refusal) | TracedFate::RefusedAtCommit(refusal) if last != Some(n - 1) => {
                refused.push(refusal.to_string());
                false
            }
            _ => true,
        }
    });
    refused.dedup();
    let mut transactions: Vec<Vec<Traced>> = Vec::new();
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    for statement in statements {
        let place = *places.entry(statement.transaction).or_insert(transactions.len());
        match transactions.get_mut(place) {
            Some(transaction) => transaction.push(statement),
            None => transactions.push(vec![statement]),
        }
    }
    transactions
}

impl Scripts {
    fn add(&mut self, session: usize, transaction: Vec<Traced>) {
        if self.scripts.last().is_none_or(|it| it.connection != session) {
            self.scripts.push(Script { connection: session, ..Script::default() });
        }
        let Some(script) = self.scripts.last_mut() else { return };
        for statement in transaction
            .chunk_by(|a, b| a.message == b.message)
            .flat_map(|message| {
                let is_query = message.len() > 1 && message.first().is_some_and(|it| !it.in_block);
                let runner = if is_query { Runner::Query } else { Runner::Own };
                message.iter().enumerate().map(move |(n, it)| (runner, n, it.message))
            })
            .collect::<Vec<_>>()
            .into_iter()
            .zip(transaction)
        {
            let ((runner, n, _), statement) = statement;
            if runner == Runner::Query && n == 0 || script.parts.last().is_none_or(|it| it.1 != runner) {
                script.parts.push((script.text.len(), runner));
            }
            script.add(statement);
        }
    }

    /// Numbers the connections as they came.
    fn number(&mut self) {
        let mut numbers: Vec<usize> = Vec::new();
        for script in &mut self.scripts {
            let known = numbers.iter().position(|it| *it == script.connection);
            script.connection = 1 + known.unwrap_or_else(|| {
                numbers.push(script.connection);
                numbers.len() - 1
            });
        }
    }
}

impl Scripts {
    /// SQL that says of what `CREATE TABLE IF NOT EXISTS` made that it was not there: who only reads the statements cannot know.
    pub fn absent(&self) -> String {
        let mut absent = String::new();
        for script in &self.scripts {
            for sent in &script.statements {
                let TracedFate::Observed(observed) = &sent.fate else { continue };
                let was_there =
                    observed.notices.iter().any(|it| it.message.ends_with("already exists, skipping"));
                if let Ok(Sql::CreateTable(it)) = parse(sent.span.of(&script.text))
                    && it.if_not_exists
                    && !was_there
                {
                    let parts = it.name.schema.iter().chain([&it.name.name]);
                    let parts: Vec<_> = parts.map(|it| format!("\"{}\"", it.replace('"', "\"\""))).collect();
                    absent.extend(["DROP TABLE IF EXISTS ", &parts.join("."), ";\n"]);
                }
            }
        }
        absent
    }

    /// Whether the server refused what the program ended at.
    pub fn is_refused(&self) -> bool {
        let is_refused =
            |it: &Sent| matches!(it.fate, TracedFate::Refused(_) | TracedFate::RefusedAtCommit(_));
        self.scripts.iter().flat_map(|it| &it.statements).any(is_refused)
    }
}

impl Script {
    fn add(&mut self, statement: Traced) {
        let sql = trimmed(&statement.sql);
        let start = self.text.len();
        self.text.push_str(sql);
        let span = Span { start, end: self.text.len() };
        self.text.push_str(";\n");
        if takes_rows(sql) {
            // The rows went another way.
            self.text.push_str("\\.\n");
        }
        self.statements.push(Sent { span, transaction: statement.transaction, fate: statement.fate });
    }
}

/// The statement without the comments around it, which may have no end.
fn trimmed(sql: &str) -> &str {
    let pieces = split::split(sql).pieces;
    match &pieces[..] {
        [piece] => piece.span.of(sql),
        _ => sql.trim().trim_end_matches(';'),
    }
}

/// Whether a file would have rows after it.
fn takes_rows(sql: &str) -> bool {
    let pieces = split::split(&format!("{sql};\n\\.\n")).pieces;
    pieces.iter().any(|it| matches!(it.kind, PieceKind::CopyData { .. }))
}

/// What became of the statements of `scripts`, beside what is predicted of them in `files`.
pub fn compared(scripts: Vec<Script>, files: &[File<'_>], ran: &mut Ran) {
    let mut ends: BTreeMap<usize, Duration> = BTreeMap::new();
    let mut clock = Duration::ZERO;
    for (script, file) in scripts.into_iter().zip(files) {
        let mut statements = Vec::new();
        for sent in script.statements {
            let predicted = file.predicted.iter().find(|it| it.0.start == sent.span.start).map(|it| it.1);
            let began = clock;
            clock += sent.fate.took();
            ends.insert(sent.transaction, clock);
            let refused = |refusal, at_commit| Fate::Refused {
                refusal: Box::new(refusal),
                is_foreseen: false,
                at_commit,
            };
            let fate = match sent.fate {
                TracedFate::Ran(took) => Fate::Ran(took),
                TracedFate::Refused(refusal) => refused(refusal, false),
                TracedFate::RefusedAtCommit(refusal) => refused(refusal, true),
                TracedFate::Observed(observed) => {
                    let statement = parse(sent.span.of(&script.text)).ok();
                    let done = compare(predicted, statement.as_ref(), &observed);
                    Fate::Observed { observed, compared: done.compared, effects: done.effects }
                }
            };
            let transaction = Some(sent.transaction);
            statements.push(Statement {
                span: sent.span,
                fate,
                held_for: None,
                began,
                transaction,
                growth: None,
            });
        }
        for statement in &mut statements {
            let end = statement.transaction.and_then(|it| ends.get(&it)).copied().unwrap_or_default();
            if let Fate::Observed { .. } = statement.fate {
                statement.held_for = Some(end.saturating_sub(statement.began));
            }
        }
        ran.files.push(statements);
    }
}

impl TracedFate {
    fn took(&self) -> Duration {
        match self {
            Self::Observed(observed) => observed.took,
            Self::Ran(took) => *took,
            Self::Refused(_) | Self::RefusedAtCommit(_) => Duration::ZERO,
        }
    }
}
