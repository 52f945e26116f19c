//! The capability `dry-run`: runs migrations on a throwaway server as their framework would, and tells what each statement did.
//!
//! What was there before is made first ([`run`] fails if that cannot be done); then each judged statement runs in the transaction that
//! its runner gives it, and is observed. The run ends at the first statement that the server refuses: what follows did not run.
//!
//! What a statement did is compared with what was predicted of it, and becomes [`Effect`]s, which the same rules judge.

mod backdrop;
mod books;
mod compare;
mod engine;
mod growth;
mod judged;
mod passes;
mod piece;
mod predict;
mod probe;
mod probed;
mod progress;
mod rerun;
mod reversal;
mod roles;
mod rows;
mod said;
mod scopes;
mod shared;
mod traced;
mod walk;
mod words;

use std::{path::Path, time::Duration};

pub use compare::{Compared, Done, Pair, Side, compare};
pub use growth::{Growth, Point, Production};
pub use predict::{Budget, predict};
pub use probed::{Lane, Probed, Timed, Wait};
pub use progress::{Listener, Phase, Progress};
pub use rerun::{Failure, Rerun, Retry};
pub use reversal::{MAX_WAYS_BACK, Reversal};
pub use rows::Rows;
pub use said::FORESEEN;
pub use scopes::{Assumed, Scoped, scopes};
pub use traced::{Script, Scripts, Sent, compared, trace};

use crate::{
    effect::{Effect, Outcome, Runner},
    error::Error,
    pg::{
        Sandbox,
        describe::{Difference, describe, difference},
        observe::Observed,
        session::Refusal,
    },
    sql::source::{Source, Span},
};

/// The time zone of a session of which nobody says another: not UTC, under which some changes of types rewrite nothing.
pub const TIME_ZONE: &str = "Europe/Berlin";

/// One file, and how it is sent.
#[derive(Debug)]
pub struct File<'f> {
    /// What it says.
    pub source: &'f Source,
    /// What it is there for.
    pub purpose: Purpose,
    /// The framework that runs it.
    pub framework: &'f str,
    /// Where each of its parts begins that is sent on its own, in bytes from the file's start, and how it is sent.
    pub parts: Vec<(usize, Runner)>,
    /// What is predicted of each statement, in order; only of files that are judged.
    pub predicted: Vec<(Span, &'f Outcome)>,
    /// What takes it back, in the order in which that is sent; only of files that are judged.
    pub back: Vec<File<'f>>,
}

/// What a file is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It says what was there before any migration; a dump may say more than this server has.
    Schema,
    /// It ran earlier.
    Earlier,
    /// It is observed.
    Judged,
}

/// What a dry run did.
#[derive(Debug, Default)]
pub struct Ran {
    /// The server's whole version.
    pub version: String,
    /// What of the backdrop was left out or added, one line each.
    pub backdrop: Vec<String>,
    /// How many statements made what was there before.
    pub n_before: usize,
    /// Whether a program decided what was sent, which then also holds what it only looked at.
    pub is_traced: bool,
    /// The statements that were to be observed, in order, by file.
    pub files: Vec<Vec<Statement>>,
    /// The same statements again while others tried to get at the tables: idle first, then behind a reader. Empty without `--probe`.
    pub probed: Vec<Probed>,
    /// What the judged files made of the schema, as far as they ran; empty if that was not asked for.
    pub schema: Difference,
    /// What became of the ways back; empty if the judged files did not all run.
    pub reversals: Vec<Reversal>,
    /// What may become of the files that are not one transaction each; empty if the judged files did not all run.
    pub reruns: Vec<Rerun>,
}

impl Ran {
    /// Every statement.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.files.iter().flatten()
    }

    /// Whether every statement ran.
    pub fn is_complete(&self) -> bool {
        self.statements().all(|it| matches!(it.fate, Fate::Observed { .. } | Fate::Ran(_)))
    }
}

/// One statement, and what became of it.
#[derive(Clone, Debug)]
pub struct Statement {
    /// From its first token to its last, in bytes from the file's start.
    pub span: Span,
    /// What became of it.
    pub fate: Fate,
    /// From its start to the end of its transaction, while its locks were held: the time of what ran, without that of looking at it.
    pub held_for: Option<Duration>,
    /// When it began, since the first of them began: by the time of what ran, without that of looking at it.
    pub began: Duration,
    /// The number of its transaction among those of the judged files, from 0; `None` if it did not run.
    pub transaction: Option<usize>,
    /// How its time grows with the tables. `None` without `--predict`, and of what did not run or cannot run twice.
    pub growth: Option<Growth>,
}

/// What became of a statement.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It ran, and was observed.
    Observed {
        /// What was seen.
        observed: Box<Observed>,
        /// The same beside what was predicted.
        compared: Compared,
        /// What it did, as rules judge it.
        effects: Vec<Effect>,
    },
    /// It ran, and has nothing to be observed: a setting, the begin or the end of a transaction.
    Ran(Duration),
    /// The server refused it.
    Refused {
        /// What the server said.
        refusal: Box<Refusal>,
        /// Whether that was predicted.
        is_foreseen: bool,
        /// Whether it was the end of its transaction that was refused.
        at_commit: bool,
    },
    /// It did not run, because a statement before it was refused.
    NotRun,
}

/// What a run is told besides the files.
#[derive(Clone, Debug, Default)]
pub struct Options<'o> {
    /// What is in force at the begin of each session: name and value.
    pub settings: Vec<(String, String)>,
    /// With which rows the tables are filled that were there before.
    pub rows: Option<Rows<'o>>,
    /// What psql or the framework puts into the files: name and value.
    pub values: Vec<(String, String)>,
    /// Whether the files run twice more while others try to get at the tables: alone, and behind a transaction that has read them and stays
    /// open for this long from when it is waited for.
    pub probe: Option<Duration>,
    /// Whether it is told what became of the schema.
    pub schema: bool,
    /// Whether ways back are tried.
    pub reversal: bool,
    /// Whether failures in the middle of files are tried.
    pub rerun: bool,
    /// Who is told how far the run has come.
    pub listener: Listener<'o>,
}

/// Runs `files` in `database`, which the server does not have yet, in their order; those that are judged come last.
pub fn run(
    sandbox: &Sandbox,
    database: &str,
    files: &[File<'_>],
    options: &Options<'_>,
) -> Result<Ran, Error> {
    let mut ran = self::before(sandbox, database, files, options)?;
    let before = Before { sandbox, database: format!("{database}_before") };
    if options.probe.is_some() || options.reversal || options.rerun {
        sandbox.copy_database(database, &before.database)?;
    }
    let schema = options.schema.then(|| describe(&sandbox.connect(database)?)).transpose()?;
    let mut engine = engine::Engine::new(sandbox, database, &options.settings)?;
    engine.is_looked_at()?;
    let judged: Vec<&File<'_>> = files.iter().filter(|it| it.purpose == Purpose::Judged).collect();
    let n_all = judged.iter().map(|it| it.predicted.len()).sum();
    let mut look = judged::CountedLook { listener: options.listener, n_done: 0, n_all };
    ran.files = walk::walk(&mut engine, judged.iter().copied(), &options.values, &mut look)?;
    drop(engine);
    if let Some(schema) = schema {
        ran.schema = difference(&schema, &describe(&sandbox.connect(database)?)?);
    }
    if options.reversal && ran.is_complete() {
        ran.reversals = reversal::run(&before, &judged, options)?;
    }
    if options.rerun && ran.is_complete() {
        ran.reruns = rerun::run(&before, &judged, &ran.files, options)?;
    }
    if let Some(longest) = options.probe {
        let readers = [None, Some(longest)];
        for (n, reader) in readers.into_iter().enumerate() {
            options.listener.tell(Phase::Probe, n, readers.len());
            let copy = before.copy("probe")?;
            ran.probed.push(probe::run(sandbox, &copy, &judged, &ran.files, options, reader)?);
            sandbox.drop_database(&copy)?;
        }
    }
    Ok(ran)
}

/// What was there before the judged files, which several passes begin with.
struct Before<'b> {
    sandbox: &'b Sandbox,
    /// A database that nobody is connected to.
    database: String,
}

impl Before<'_> {
    /// Makes a copy for a pass, and returns its name.
    fn copy(&self, pass: &str) -> Result<String, Error> {
        let copy = format!("{}_{pass}", self.database);
        self.sandbox.copy_database(&self.database, &copy)?;
        Ok(copy)
    }

    /// Makes a copy in which files are sent.
    fn open<'o>(&'o self, pass: &str, options: &'o Options<'o>) -> Result<passes::Copy<'o>, Error> {
        Ok(passes::Copy { sandbox: self.sandbox, database: self.copy(pass)?, options })
    }
}

/// Makes `database`, which the server does not have yet, and in it what `files` say was there before.
pub fn before(
    sandbox: &Sandbox,
    database: &str,
    files: &[File<'_>],
    options: &Options<'_>,
) -> Result<Ran, Error> {
    shared::check(sandbox, files, &options.values)?;
    sandbox.create_database(database)?;
    let mut ran = Ran { version: sandbox.version().to_owned(), ..Ran::default() };
    make_before(sandbox, database, files, options, &mut ran)?;
    Ok(ran)
}

/// Fills the tables of `database` with rows, and tells of it.
pub fn fill(sandbox: &Sandbox, database: &str, options: &Options<'_>, ran: &mut Ran) -> Result<(), Error> {
    if let Some(rows) = options.rows {
        ran.backdrop.extend(rows::fill(sandbox, database, rows, None, options.listener)?.said);
    }
    Ok(())
}

/// Makes in `database` what was there before the judged files.
fn make_before(
    sandbox: &Sandbox,
    database: &str,
    files: &[File<'_>],
    options: &Options<'_>,
    ran: &mut Ran,
) -> Result<(), Error> {
    ran.backdrop.extend(sandbox.lent().iter().flat_map(|it| it.said()).cloned());
    let made = roles::make(sandbox, files)?;
    if !made.is_empty() {
        ran.backdrop.push(format!("roles that the files name were made: {}", made.join(", ")));
    }
    if sandbox.has_schema() {
        return Ok(());
    }
    // A dump has the framework's own table, if it was there.
    let is_dumped = files.iter().any(|it| it.purpose == Purpose::Schema);
    if let Some(file) = files.first().filter(|_| !is_dumped) {
        books::open(sandbox, database, file.framework)?;
    }
    let mut engine = engine::Engine::new(sandbox, database, &options.settings)?;
    let earlier: Vec<_> = files.iter().filter(|it| it.purpose != Purpose::Judged).collect();
    for (n, file) in earlier.iter().enumerate() {
        options.listener.tell(Phase::Backdrop, n, earlier.len());
        backdrop::make(&mut engine, file, &options.values, ran)?;
    }
    engine.finish_batch()?;
    fill(sandbox, database, options, ran)
}

impl Statement {
    /// What is to be said of it that no effect says: the rule, and the detail for its message.
    pub fn said(&self) -> Vec<(&'static str, String)> {
        match &self.fate {
            Fate::Refused { refusal, is_foreseen: false, at_commit } => {
                let when = if *at_commit { "at COMMIT, " } else { "" };
                let detail = refusal.detail.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
                vec![("server-refuses", format!("{when}{refusal}{detail}"))]
            }
            Fate::Observed { compared, .. } => {
                compared.in_words().into_iter().map(|it| ("prediction-differs", it)).collect()
            }
            Fate::Refused { .. } | Fate::Ran(_) | Fate::NotRun => Vec::new(),
        }
    }
}

/// `migrations/7.sql:3`.
fn place(path: &Path, source: &Source, span: Span) -> String {
    format!("{}:{}", path.display(), source.position(span.start).line)
}
