//! Where a rewrite can stand: in the statement's place, behind its COMMIT, or in a new file, because the whole file is one transaction.

use super::{
    layout::{BlockEnd, Layout},
    new_file,
    recipe::At,
    rewrite::{Named, Phase, Rewrite, Step, insert, replace},
    tokens::Tokens,
};
use crate::{
    effect::{Runner, Scope},
    finding::{Edit, Span},
    sql::Statement,
};

/// What is to be written where.
pub(super) struct Placed {
    /// Edits of the statement's file, in order.
    pub(super) edits: Vec<Edit>,
    /// What needs new files.
    pub(super) elsewhere: Vec<Step>,
    /// The name and the text of a file beside this one that says how it runs.
    pub(super) beside: Option<(&'static str, &'static str)>,
}

impl Placed {
    fn here(edits: Vec<Edit>) -> Self {
        Self { edits, elsewhere: Vec::new(), beside: None }
    }
}

/// What holds a statement.
#[derive(Clone, Copy)]
enum Holder {
    /// Nothing: it is a transaction of its own.
    Nothing,
    /// The block that the piece of this number commits.
    Block { commit: usize },
    /// The runner's transaction, around the whole file.
    File,
    /// One message to the server: a transaction as well, unless the statement is its only one.
    Message,
}

/// Finds the place of a rewrite, or says why it has none.
pub(super) fn place(at: &At<'_>, rewrite: Rewrite) -> Result<Placed, String> {
    match rewrite {
        Rewrite::Around { before, after } => around(at, &before, after.as_deref()),
        Rewrite::Stays { edits, after } => {
            unsuppressed(at)?;
            if after.is_empty() {
                return Ok(Placed::here(edits));
            }
            match holder(at)? {
                Holder::Nothing => Ok(in_file(edits, behind(at.layout, at.n, &after))),
                Holder::Block { commit } => Ok(in_file(edits, behind(at.layout, commit, &after))),
                Holder::File | Holder::Message => Ok(Placed { elsewhere: after, ..Placed::here(edits) }),
            }
        }
        Rewrite::Moves { steps, names, named } => {
            unsuppressed(at)?;
            moves(at, steps, &names, named)
        }
    }
}

fn in_file(mut edits: Vec<Edit>, more: Vec<Edit>) -> Placed {
    edits.extend(more);
    edits.sort_by_key(|it| it.offset);
    Placed::here(edits)
}

/// A statement that someone has looked at and allowed something of is theirs.
fn unsuppressed(at: &At<'_>) -> Result<(), String> {
    let allows = at.layout.comments_of(at.n).any(is_allowing);
    if allows { Err("a comment allows other findings of the statement".to_owned()) } else { Ok(()) }
}

/// Whether a comment allows a finding, in our words or another linter's.
fn is_allowing(comment: &str) -> bool {
    ["lockkeeper:", "squawk-ignore", "eugene:"].iter().any(|it| comment.contains(it))
}

fn holder(at: &At<'_>) -> Result<Holder, String> {
    let piece = at.layout.pieces.get(at.n).ok_or("the statement is not found")?;
    if let Some(begin) = piece.begin {
        if matches!(at.runner(), Some(Runner::File | Runner::Batch)) {
            return Err("the runner's transaction is around the file's own".to_owned());
        }
        return match at.layout.block_end(begin) {
            BlockEnd::Commit(commit) => Ok(Holder::Block { commit }),
            BlockEnd::Otherwise => Err("its transaction does not simply end with COMMIT".to_owned()),
        };
    }
    if at.runner() == Some(Runner::Query) {
        return Ok(Holder::Message);
    }
    match at.situation.transaction {
        Scope::Own | Scope::None => Ok(Holder::Nothing),
        Scope::File => Ok(Holder::File),
        Scope::Batch => Err("all pending files run in one transaction, which nothing can leave".to_owned()),
    }
}

fn moves(at: &At<'_>, steps: Vec<Step>, names: &[String], then: Named) -> Result<Placed, String> {
    let layout = at.layout;
    let span = layout.pieces.get(at.n).map_or(Span { start: 0, end: 0 }, |it| it.span);
    let is_alone = steps.iter().any(|it| it.alone);
    match holder(at)? {
        Holder::Nothing => Ok(instead(at, span, &steps)),
        Holder::File if is_alone && at.runner().is_none() && is_free(layout, at.n) => {
            Ok(instead(at, span, &steps))
        }
        Holder::File if is_alone && at.runner() == Some(Runner::Around) => Ok(instead(at, span, &steps)),
        Holder::File if is_alone && is_free(layout, at.n) && may_leave(at, &steps) => {
            let mut placed = instead(at, span, &steps);
            opt_out(at, &mut placed)?;
            placed.edits.sort_by_key(|it| it.offset);
            Ok(placed)
        }
        Holder::Message if layout.pieces.len() == 1 => {
            let (first, rest) = steps.split_at(steps.len().min(1));
            Ok(Placed { elsewhere: rest.to_vec(), ..instead(at, span, first) })
        }
        Holder::File | Holder::Message => {
            let moved = moved(at, layout.pieces.len(), steps, names, then)?;
            Ok(Placed { elsewhere: moved.steps, ..Placed::here(moved.edits) })
        }
        Holder::Block { commit } => {
            let moved = moved(at, commit, steps, names, then)?;
            Ok(in_file(moved.edits, behind(layout, commit, &moved.steps)))
        }
    }
}

/// Whether the steps may stand in the file once that is no transaction any more. Where such a file is one message it may hold but one
/// statement, and Flyway takes no file that mixes what can be in a transaction with what cannot.
fn may_leave(at: &At<'_>, steps: &[Step]) -> bool {
    let is_only = at.layout.pieces.len() == 1;
    match at.input.framework {
        "flyway" => is_only && steps.iter().all(|it| it.alone),
        framework => is_only || !new_file::is_one_message(framework),
    }
}

/// What leaves a transaction.
struct Moved {
    /// The edits that take it out.
    edits: Vec<Edit>,
    steps: Vec<Step>,
}

/// The statement's steps, and with them the later statements of the transaction, up to the piece `end`, that need what they do.
fn moved(at: &At<'_>, end: usize, steps: Vec<Step>, names: &[String], then: Named) -> Result<Moved, String> {
    let followers = match then {
        Named::Refused => unnamed_later(at, end, names).map(|()| Vec::new())?,
        Named::Follows => followers(at, end, names)?,
    };
    let mut moved = Moved { edits: vec![replace(with_lines(at.layout, at.n), "")], steps };
    with_comments(at.layout, at.n, moved.steps.first_mut());
    for n in followers {
        let Some(piece) = at.layout.pieces.get(n) else { continue };
        let mut step = Step::new(Phase::Constrain, piece.span.of(at.layout.text).to_owned());
        with_comments(at.layout, n, Some(&mut step));
        moved.steps.push(step);
        moved.edits.push(replace(with_lines(at.layout, n), ""));
    }
    Ok(moved)
}

/// The later statements of the transaction, up to the piece `end`, that name one of `names`.
fn followers(at: &At<'_>, end: usize, names: &[String]) -> Result<Vec<usize>, String> {
    let mut followers = Vec::new();
    for (n, piece) in at.layout.pieces.iter().enumerate().take(end).skip(at.n + 1) {
        if piece.statement.is_none() {
            return Err("a later statement of its transaction may need what it does".to_owned());
        }
        let tokens = Tokens::of(at.layout.text, piece.span);
        if names.iter().any(|it| tokens.name(it)) {
            followers.push(n);
        }
    }
    Ok(followers)
}

/// The steps in the place of the statement.
fn instead(at: &At<'_>, span: Span, steps: &[Step]) -> Placed {
    let sql: Vec<&str> = steps.iter().map(|it| it.sql.as_str()).collect();
    let text = sql.join(&format!(";{}", at.layout.newline()));
    Placed::here(vec![replace(span, text)])
}

/// Puts the comment lines right above the statement `n` in front of a step.
fn with_comments(layout: &Layout<'_>, n: usize, step: Option<&mut Step>) {
    let start = layout.start_with_comments(n);
    let end = layout.pieces.get(n).map_or(start, |it| it.span.start);
    let above = Span { start, end }.of(layout.text).trim_start();
    if let Some(step) = step.filter(|_| !is_mark(above)) {
        step.sql.insert_str(0, above);
    }
}

/// The statement with its semicolon, the comment lines above it, and what is left of its lines.
fn with_lines(layout: &Layout<'_>, n: usize) -> Span {
    let Some(piece) = layout.pieces.get(n) else { return Span { start: 0, end: 0 } };
    let start = layout.start_with_comments(n);
    let above = Span { start, end: piece.span.start }.of(layout.text);
    let start = if is_mark(above) { piece.span.start } else { start };
    let end = layout.line_end(piece.end);
    let rest = layout.text.get(end..).unwrap_or_default();
    let newline = ["\r\n", "\n"].into_iter().find(|it| rest.starts_with(it)).map_or(0, str::len);
    Span { start, end: end + newline }
}

/// Whether comments are a framework's marks, which must stay where they are.
fn is_mark(comments: &str) -> bool {
    ["+goose", "migrate:", "+migrate", "!Ups", "liquibase", "changeset"]
        .iter()
        .any(|it| comments.contains(it))
}

/// `steps` on lines of their own behind the piece `n`.
fn behind(layout: &Layout<'_>, n: usize, steps: &[Step]) -> Vec<Edit> {
    let Some(piece) = layout.pieces.get(n) else { return Vec::new() };
    let newline = layout.newline();
    let mut edits = Vec::new();
    if piece.end == piece.span.end {
        edits.push(insert(piece.end, ";"));
    }
    let text = steps.iter().fold(String::new(), |text, it| text + newline + &it.sql + ";");
    let end = layout.line_end(piece.end);
    // Something else stands on the line: it gets a line of its own.
    let is_at_end = layout.text.get(end..).is_none_or(|it| it.is_empty() || it.starts_with(['\n', '\r']));
    edits.push(insert(end, if is_at_end { text } else { format!("{text}{newline}") }));
    edits
}

/// Settings in front of the statement and behind it.
fn around(at: &At<'_>, before: &str, after: Option<&str>) -> Result<Placed, String> {
    let layout = at.layout;
    let piece = layout.pieces.get(at.n).ok_or("the statement is not found")?;
    if layout.comments_of(at.n).any(|it| it.contains("StatementBegin")) {
        return Err("the framework takes it as one statement".to_owned());
    }
    let newline = layout.newline();
    let start = layout.start_with_comments(at.n);
    // A suppression is for the statement that follows it, so nothing may come between.
    let above = Span { start, end: piece.span.start }.of(layout.text);
    let place = if is_allowing(above) { start } else { piece.span.start };
    let mut edits = vec![insert(place, format!("{before};{newline}"))];
    if let Some(after) = after {
        if piece.end == piece.span.end {
            edits.push(insert(piece.end, ";"));
        }
        edits.push(insert(layout.line_end(piece.end), format!("{newline}{after};")));
    }
    Ok(Placed::here(edits))
}

/// Whether nothing else in the file needs its transaction: the other statements are settings, or stand alone as well.
fn is_free(layout: &Layout<'_>, n: usize) -> bool {
    let is_free = |statement: &Statement| match statement {
        Statement::Set(set) => !set.local,
        Statement::Reset { .. } | Statement::CreateIndex(_) | Statement::Reindex { .. } => true,
        Statement::DropRelation(drop) => drop.kind == crate::sql::statement::RelationKind::Index,
        _ => false,
    };
    let others = layout.pieces.iter().enumerate().filter(|it| it.0 != n);
    others.into_iter().all(|(_, it)| it.statement.as_ref().is_some_and(is_free))
}

/// No later statement of the transaction may need what is made or dropped only after it.
fn unnamed_later(at: &At<'_>, end: usize, names: &[String]) -> Result<(), String> {
    let later = at.layout.pieces.iter().take(end).skip(at.n + 1);
    for piece in later {
        let tokens = Tokens::of(at.layout.text, piece.span);
        if let Some(name) = names.iter().find(|it| tokens.name(it)) {
            return Err(format!("a later statement of its transaction names {name}"));
        }
        let needs_unique = tokens.name("conflict") || tokens.name("savepoint");
        if needs_unique || piece.statement.is_none() {
            return Err("a later statement of its transaction may need what it does".to_owned());
        }
    }
    Ok(())
}

/// Has the file say that it runs outside of a transaction.
fn opt_out(at: &At<'_>, placed: &mut Placed) -> Result<(), String> {
    let text = at.layout.text;
    let newline = at.layout.newline();
    let line_of = |mark: &str| {
        let at = text.to_ascii_lowercase().find(mark)?;
        Some(text.get(..at)?.rfind('\n').map_or(0, |it| it + 1))
    };
    let line_end = |start: usize| {
        let rest = text.get(start..).unwrap_or_default();
        start + rest.find(['\r', '\n']).unwrap_or(rest.len())
    };
    placed.edits.push(match at.input.framework {
        "goose" => {
            let up = line_of("-- +goose up").ok_or("its `-- +goose Up` is not found")?;
            insert(up, format!("-- +goose NO TRANSACTION{newline}"))
        }
        "dbmate" => {
            let up = line_of("-- migrate:up").ok_or("its `-- migrate:up` is not found")?;
            insert(line_end(up), " transaction:false")
        }
        "sql-migrate" => {
            let up = line_of("-- +migrate up").ok_or("its `-- +migrate Up` is not found")?;
            insert(line_end(up), " notransaction")
        }
        "sqlx" => insert(0, format!("-- no-transaction{newline}")),
        "tern" => insert(0, format!("---- tern: disable-tx ----{newline}")),
        // Flyway looks at the statements itself.
        "flyway" => return Ok(()),
        framework => {
            let beside = new_file::opt_out_beside(framework);
            let (name, _) = beside.ok_or("the file runs in one transaction, which it cannot leave")?;
            if (at.has_beside)(name) {
                return Err(format!("its {name} says otherwise"));
            }
            placed.beside = beside;
            return Ok(());
        }
    });
    Ok(())
}
