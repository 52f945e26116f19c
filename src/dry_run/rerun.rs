//! What a failure in the middle of a file leaves, and what comes of running the file again.
//!
//! Only what is not one transaction can be left half done. Each way to fail is tried in a copy of the database: the connection is cut behind
//! each transaction of the file but the last, and statements that work CONCURRENTLY are made to fail inside, by a transaction that they wait
//! for for too long. Then the file is run again as its framework does after a failure.

use std::time::Duration;

use super::{
    Before, Fate, File, Options, Statement,
    engine::Engine,
    passes::{Copy, Send, refusal},
    piece::Piece,
    walk::{Place, Visitor, refused},
};
use crate::{
    effect::Outcome,
    error::Error,
    pg::{
        Session,
        describe::{Description, Difference, difference},
        session::Refusal,
    },
    sql::{source::Span, statement::RelationKind},
};

/// At most so many failures are tried in a file, and in all files.
const MAX_IN_FILE: usize = 8;
const MAX_IN_ALL: usize = 40;

/// What may become of one file.
#[derive(Clone, Debug)]
pub struct Rerun {
    /// Which of the judged files, from 0.
    pub file: usize,
    /// What its framework does when it is told to go on.
    pub retry: Retry,
    /// The failures that were tried.
    pub failures: Vec<Failure>,
    /// How many more there are, which were not tried.
    pub n_untried: usize,
}

/// What a framework does with a file that failed in the middle, when it is told to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It runs the file from its start.
    FromStart,
    /// It runs the part again in which the failure was: a changeset.
    FromPart,
    /// It goes on with the statement that failed.
    FromFailure,
    /// It runs nothing until somebody does this; the file then runs from its start.
    After(&'static str),
}

/// One failure, and what came of it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The statement behind which, or in which it was.
    pub span: Span,
    /// Whether it was in the statement.
    pub is_inside: bool,
    /// What of the file was left: the schema then beside the one before the file.
    pub left: Difference,
    /// The statements of the second try; those that the framework does not send again have run.
    pub again: Vec<Statement>,
    /// What sets the schema after the second try apart from the one that the file makes without a failure.
    pub differs: Difference,
}

impl Failure {
    /// The statement that was refused in the second try, and what the server said.
    pub fn refusal(&self) -> Option<(&Statement, &Refusal)> {
        refusal(&self.again)
    }
}

/// Sources: Atlas, `sql/migrate`: a revision counts what of a file was applied; Liquibase, DATABASECHANGELOG: each changeset is a row;
/// golang-migrate's FAQ, the dirty flag; Flyway, Repair; Prisma, `migrate resolve`; sqlx, `MigrateError::Dirty`.
const RETRIES: [(&str, Retry); 6] = [
    ("atlas", Retry::FromFailure),
    ("liquibase", Retry::FromPart),
    ("golang-migrate", Retry::After("migrate force")),
    ("flyway", Retry::After("flyway repair")),
    ("prisma", Retry::After("prisma migrate resolve")),
    ("sqlx", Retry::After("its row is taken out of _sqlx_migrations")),
];

/// Tries the failures of `files`. `ran` is what became of their statements when none was made to fail.
pub(super) fn run(
    before: &Before<'_>,
    files: &[&File<'_>],
    ran: &[Vec<Statement>],
    options: &Options<'_>,
) -> Result<Vec<Rerun>, Error> {
    let all: Vec<Vec<Point>> = files.iter().zip(ran).map(|(file, ran)| points(file, ran)).collect();
    let Some(last) = all.iter().rposition(|it| !it.is_empty()) else { return Ok(Vec::new()) };
    let (mut reruns, mut n_tried) = (Vec::new(), 0);
    let mut start = before.open("start", options)?;
    for (n, ((file, ran), points)) in files.iter().zip(ran).zip(&all).enumerate().take(last + 1) {
        options.listener.tell(super::Phase::Rerun, n, last + 1);
        let n_points = points.len().min(MAX_IN_FILE).min(MAX_IN_ALL - n_tried);
        if n_points == 0 {
            start.send_one(file)?;
            continue;
        }
        n_tried += n_points;
        let end = start.again("done")?;
        end.send_one(file)?;
        let trial = Trial { file, ran, start: &start, before: start.schema()?, after: end.schema()? };
        let tried = points.iter().take(n_points).map(|it| trial.fail(*it));
        let failures = tried.filter_map(Result::transpose).collect::<Result<_, Error>>()?;
        let retry = trial.retry();
        reruns.push(Rerun { file: n, retry, failures, n_untried: points.len() - n_points });
        let old = std::mem::replace(&mut start, end);
        old.drop()?;
    }
    start.drop()?;
    Ok(reruns)
}

/// A place to fail: behind the statement of this number, or in it.
#[derive(Clone, Copy)]
struct Point {
    statement: usize,
    is_inside: bool,
}

/// Where a failure can leave something of a file behind.
fn points(file: &File<'_>, ran: &[Statement]) -> Vec<Point> {
    let does = |it: &Statement| matches!(it.fate, Fate::Observed { .. });
    let mut points = Vec::new();
    let mut has_done = false;
    for (n, statement) in ran.iter().enumerate() {
        has_done |= does(statement);
        if does(statement) && works_concurrently(statement.span.of(file.source.text())) {
            points.push(Point { statement: n, is_inside: true });
        }
        let next = ran.get(n + 1);
        if has_done && next.is_some_and(|it| it.transaction != statement.transaction) {
            points.push(Point { statement: n, is_inside: false });
        }
    }
    points
}

/// Whether a statement commits on its way, and leaves what it has done when it fails.
fn works_concurrently(text: &str) -> bool {
    let mut words = text.split(|it: char| !it.is_ascii_alphabetic()).map(str::to_ascii_uppercase);
    let does = matches!(words.next().as_deref(), Some("CREATE" | "DROP" | "REINDEX" | "ALTER"));
    does && words.any(|it| it == "CONCURRENTLY")
}

/// One file, and what it begins with and ends with when nothing fails.
struct Trial<'t> {
    file: &'t File<'t>,
    ran: &'t [Statement],
    start: &'t Copy<'t>,
    before: Description,
    after: Description,
}

impl Trial<'_> {
    fn retry(&self) -> Retry {
        RETRIES.iter().find(|it| it.0 == self.file.framework).map_or(Retry::FromStart, |it| it.1)
    }

    /// Fails there, and goes on as the framework does; `None` if nothing can be made to fail there.
    fn fail(&self, point: Point) -> Result<Option<Failure>, Error> {
        let tables = if point.is_inside { self.tables(point) } else { Vec::new() };
        let Some(statement) = self.ran.get(point.statement) else { return Ok(None) };
        if point.is_inside && tables.is_empty() {
            return Ok(None);
        }
        let copy = self.start.again("failed")?;
        let mut failing = Failing { point, tables, copy: &copy, in_the_way: None };
        let failed = copy.send([self.file], &mut failing)?;
        drop(failing);
        let fate = failed.first().and_then(|it| it.get(point.statement)).map(|it| &it.fate);
        if point.is_inside != matches!(fate, Some(Fate::Refused { .. })) {
            copy.drop()?;
            return Ok(None);
        }
        let left = difference(&self.before, &copy.schema()?);
        let again = copy.send([self.file], &mut GoOn { from: self.first_again(point) })?;
        let again = again.into_iter().next().unwrap_or_default();
        let differs = difference(&self.after, &copy.schema()?);
        copy.drop()?;
        Ok(Some(Failure { span: statement.span, is_inside: point.is_inside, left, again, differs }))
    }

    /// The tables that the failing statement has to do with.
    fn tables(&self, point: Point) -> Vec<String> {
        let Some(Fate::Observed { observed, .. }) = self.ran.get(point.statement).map(|it| &it.fate) else {
            return Vec::new();
        };
        let is_table = |kind| matches!(kind, RelationKind::Table | RelationKind::PartitionedTable);
        observed.relations.iter().filter(|it| is_table(it.kind)).map(|it| it.name.clone()).collect()
    }

    /// The number of the first statement that is sent again.
    fn first_again(&self, point: Point) -> usize {
        let failed = if point.is_inside { point.statement } else { point.statement + 1 };
        match self.retry() {
            Retry::FromStart | Retry::After(_) => 0,
            Retry::FromFailure => failed,
            Retry::FromPart => {
                let at = self.ran.get(failed).map_or(0, |it| it.span.start);
                let starts = self.file.parts.iter().map(|it| it.0);
                let part = starts.take_while(|it| *it <= at).last().unwrap_or(0);
                self.ran.iter().position(|it| it.span.start >= part).unwrap_or(0)
            }
        }
    }
}

/// Sends statements until the failure.
struct Failing<'f> {
    point: Point,
    tables: Vec<String>,
    copy: &'f Copy<'f>,
    /// Who has the tables open while the statement waits.
    in_the_way: Option<Session>,
}

impl Failing<'_> {
    /// Makes the next statement of the session wait for too long.
    fn stand_in_the_way(&mut self, engine: &Engine<'_>) -> Result<(), Error> {
        let session = self.copy.sandbox.connect(&self.copy.database)?;
        session.batch("BEGIN")?;
        for table in &self.tables {
            session.batch(&format!("LOCK TABLE ONLY {} IN ROW EXCLUSIVE MODE", quoted(table)))?;
        }
        self.in_the_way = Some(session);
        engine.session.batch(&format!("SET lock_timeout = {}", PATIENCE.as_millis()))
    }
}

/// How long a statement that is to fail waits.
const PATIENCE: Duration = Duration::from_millis(100);

impl Visitor for Failing<'_> {
    fn visit(
        &mut self,
        engine: &mut Engine<'_>,
        place: Place,
        piece: &Piece,
        predicted: Option<&Outcome>,
    ) -> Result<Fate, Error> {
        let (_, n) = place;
        if n > self.point.statement {
            return Ok(refused(cut_off(), None));
        }
        if n == self.point.statement && self.point.is_inside {
            self.stand_in_the_way(engine)?;
        }
        Send.visit(engine, place, piece, predicted)
    }
}

/// Leaves out what the framework does not send again.
struct GoOn {
    from: usize,
}

impl Visitor for GoOn {
    fn visit(
        &mut self,
        engine: &mut Engine<'_>,
        place: Place,
        piece: &Piece,
        predicted: Option<&Outcome>,
    ) -> Result<Fate, Error> {
        if place.1 < self.from {
            return Ok(Fate::Ran(Duration::ZERO));
        }
        Send.visit(engine, place, piece, predicted)
    }
}

/// What a server would say to nobody: the connection is gone.
fn cut_off() -> Refusal {
    Refusal {
        sqlstate: "08006".to_owned(),
        message: "the connection was cut here".to_owned(),
        detail: None,
        hint: None,
        position: None,
    }
}

/// `public.orders` as a statement names it.
fn quoted(name: &str) -> String {
    let quote = |it: &str| format!("\"{}\"", it.replace('"', "\"\""));
    name.split_once('.')
        .map_or_else(|| quote(name), |(schema, table)| format!("{}.{}", quote(schema), quote(table)))
}
