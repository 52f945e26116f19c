//! The pieces of a file as they are sent.

use super::{File, place};
use crate::{
    effect::predict,
    error::Error,
    pg::proxy::Manner,
    sql::{
        Statement,
        parse::parse,
        source::Span,
        split::{self, PieceKind, StandIn, StandInKind},
        statement::Transaction,
    },
};

/// One statement as it is sent.
pub(super) struct Piece {
    pub(super) span: Span,
    pub(super) text: String,
    /// What it is; `None` if it cannot be read, which the server may see otherwise.
    pub(super) statement: Option<Statement>,
    /// Whether values were put into its text.
    pub(super) is_filled_in: bool,
    /// The rows that follow a `COPY … FROM stdin`.
    pub(super) rows: Option<String>,
}

/// What of psql's may stand in a file that is run: it runs no SQL, and changes nothing of what follows.
const HARMLESS: &[&str] =
    &["restrict", "unrestrict", "echo", "timing", "pset", "encoding", "set", "unset", "."];

/// The statements of a file, in order, with `values` put into them. What stands in the file and cannot be sent is an error: to leave it out would be to run another file.
pub(super) fn pieces(file: &File<'_>, values: &[(String, String)]) -> Result<Vec<Piece>, Error> {
    let (source, text) = (file.source, file.source.text());
    let unrunnable =
        |span, problem: String| Error::Unrunnable { place: place(source.path(), source, span), problem };
    if let Some(unreadable) = source.unreadable().first() {
        return Err(unrunnable(unreadable.span, unreadable.why.to_string()));
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for piece in split::split(text).pieces {
        let span = piece.span;
        match &piece.kind {
            PieceKind::Statement(stand_ins) => {
                let text = filled_in(&piece, stand_ins, text, values).map_err(|at| {
                    let name = at.of(text);
                    let problem = format!("nobody says what {name} stands for; --set name=value does");
                    unrunnable(at, problem)
                })?;
                let statement = parse(&text).ok();
                let is_filled_in = stand_ins.iter().any(|it| it.kind != StandInKind::Nothing);
                pieces.push(Piece { span, text, statement, is_filled_in, rows: None });
            }
            PieceKind::CopyData { .. } => {
                let rows = span.of(text);
                let rows = rows.strip_suffix("\\.").unwrap_or(rows).to_owned();
                if let Some(copy) = pieces.last_mut() {
                    copy.rows = Some(rows);
                }
            }
            PieceKind::Meta => {
                let name = piece.meta(text).map(|it| it.name.to_owned()).unwrap_or_default();
                if !HARMLESS.contains(&name.as_str()) {
                    return Err(unrunnable(span, format!("only psql knows what \\{name} does")));
                }
            }
            PieceKind::Problem(problem) => return Err(unrunnable(span, problem.defect.to_string())),
        }
    }
    Ok(pieces)
}

/// The statement as the server gets it; the error is the place of what nobody gives a value.
fn filled_in(
    piece: &split::Piece,
    stand_ins: &[StandIn],
    text: &str,
    values: &[(String, String)],
) -> Result<String, Span> {
    let mut filled = String::new();
    let mut at = piece.span.start;
    for stand_in in stand_ins {
        let Span { start, end } = stand_in.span;
        filled.push_str(Span { start: at, end: start }.of(text));
        at = end;
        if stand_in.kind == StandInKind::Nothing {
            continue;
        }
        let name = stand_in.span.of(text).trim_matches(|it: char| !(it.is_alphanumeric() || it == '_'));
        let value = values.iter().rev().find(|it| it.0 == name).map(|it| it.1.as_str());
        let value = value.ok_or(stand_in.span)?;
        match stand_in.kind {
            StandInKind::Value | StandInKind::Placeholder => filled.push_str(value),
            StandInKind::String => filled.extend(["'", &value.replace('\'', "''"), "'"]),
            StandInKind::Identifier | StandInKind::QuotedPlaceholder => {
                filled.extend(["\"", &value.replace('"', "\"\""), "\""]);
            }
            StandInKind::IsSet => filled.push_str("TRUE"),
            StandInKind::Nothing => {}
        }
    }
    filled.push_str(Span { start: at, end: piece.span.end }.of(text));
    Ok(filled)
}

/// How a statement is to be watched that somebody else sends.
pub(super) fn manner(sql: &str) -> Manner {
    let span = Span { start: 0, end: sql.len() };
    let piece =
        Piece { span, text: sql.to_owned(), statement: parse(sql).ok(), is_filled_in: false, rows: None };
    match piece.transaction() {
        Some(Transaction::RollbackTo(_)) => Manner::TakesBack,
        _ if piece.is_quiet() => Manner::Quiet,
        _ if piece.needs_transaction() => Manner::InBlock,
        _ if piece.runs_alone() => Manner::Alone,
        _ => Manner::Usual,
    }
}

impl Piece {
    pub(super) fn transaction(&self) -> Option<&Transaction> {
        match &self.statement {
            Some(Statement::Transaction(it)) => Some(it),
            _ => None,
        }
    }

    /// Whether it neither locks a relation nor does any work, or is nothing but itself outside of a transaction: it is sent as it is.
    pub(super) fn is_quiet(&self) -> bool {
        matches!(
            self.statement,
            Some(
                Statement::Transaction(_)
                    | Statement::Set(_)
                    | Statement::SetConstraints
                    | Statement::SetRole { .. }
                    | Statement::DeclareCursor { .. }
            )
        ) || matches!(
            self.first_word().as_str(),
            "RESET"
                | "FETCH"
                | "CLOSE"
                | "DEALLOCATE"
                | "LISTEN"
                | "NOTIFY"
                | "UNLISTEN"
                | "CHECKPOINT"
                | "LOAD"
                | "SHOW"
        )
    }

    /// Whether it must have no transaction around it, or ends transactions itself.
    pub(super) fn runs_alone(&self) -> bool {
        match &self.statement {
            Some(Statement::Call { .. }) => true,
            Some(Statement::Do(_)) => {
                let text = self.text.to_ascii_uppercase();
                ["COMMIT", "ROLLBACK", "CALL"].iter().any(|it| text.contains(it))
            }
            Some(statement) => predict::must_run_alone(statement),
            None => false,
        }
    }

    /// Whether it is about what all databases of a server share.
    pub(super) fn is_of_server(&self) -> bool {
        let mut words = self.text.split(|it: char| !it.is_ascii_alphabetic()).filter(|it| !it.is_empty());
        let mut is_next = |all: &[&str]| {
            words.next().is_some_and(|it| all.iter().any(|word| it.eq_ignore_ascii_case(word)))
        };
        is_next(&["CREATE", "ALTER", "DROP"])
            && is_next(&["ROLE", "USER", "GROUP", "TABLESPACE", "DATABASE", "SYSTEM"])
            && !is_next(&["MAPPING"])
    }

    /// Whether it only means something in a transaction that goes on.
    pub(super) fn needs_transaction(&self) -> bool {
        matches!(self.statement, Some(Statement::LockTable { .. }))
    }

    fn first_word(&self) -> String {
        self.text.split(|it: char| !it.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_uppercase()
    }
}
