//! Runs the judged files on databases of several sizes, and says how long each statement will take in production.
//!
//! The databases have the rows of the tables that the statements work on, in the proportions that a snapshot tells, and the server works
//! as slowly as one that keeps what it is told. Each size has four times the rows of the one before, until the next would take too long.
//! How the time goes on beyond the largest is the business of [`extrapolate`], as for `lint`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::{
    Before, Fate, File, Growth, Options, Phase, Point, Production, Purpose, Ran, Rows, Statement,
    engine::Engine,
    make_before,
    piece::Piece,
    rows,
    walk::{Place, Visitor, refused, walk},
};
use crate::{
    effect::Outcome,
    error::Error,
    pg::{Sandbox, calibrate::free_bytes},
    sql::statement::RelationKind,
    traffic::{
        Hold, Snapshot,
        calibration::{self, extrapolate},
        number::{float, whole},
    },
};

/// The rows of the smallest databases' largest table.
const FIRST_ROWS: u64 = 5_000;

/// How many times more rows the next size has.
const STEP: u64 = 4;

/// How many sizes with rows there are whatever the budget: from fewer no power follows.
const MIN_SIZES: usize = 3;

/// How often a size is run, as long as that is quick: the time in the middle counts.
const N_RUNS: usize = 3;

/// A size that takes longer is run once.
const QUICK: Duration = Duration::from_secs(2);

/// What is known, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Budget<'o> {
    /// What is known of production.
    pub snapshot: Option<&'o Snapshot>,
    /// How long all sizes together may take, as long as there are three.
    pub time: Duration,
}

/// Adds to `ran` how the time of each statement grows. `sandbox` is a server that keeps what it is told, and has no `database` yet.
pub fn predict(
    sandbox: &Sandbox,
    database: &str,
    files: &[File<'_>],
    options: &Options<'_>,
    budget: Budget<'_>,
    ran: &mut Ran,
) -> Result<(), Error> {
    let started = Instant::now();
    sandbox.create_database(database)?;
    let without_rows = Options { rows: None, ..options.clone() };
    make_before(sandbox, database, files, &without_rows, &mut Ran::default())?;
    let before = Before { sandbox, database: database.to_owned() };
    let judged: Vec<&File<'_>> = files.iter().filter(|it| it.purpose == Purpose::Judged).collect();
    let work = WorkedOn::of(&ran.files, budget.snapshot);
    let bench = Bench { before, judged: &judged, options, work: &work, snapshot: budget.snapshot };
    let mut sizes = vec![bench.run(0)?];
    let mut n_rows = FIRST_ROWS;
    while !work.tables.is_empty() {
        options.listener.tell(Phase::Predict, sizes.len(), MIN_SIZES.max(sizes.len()) + 1);
        // Beyond production nobody wants to know.
        n_rows = work.largest.map_or(n_rows, |it| n_rows.min(it.max(1)));
        let size = bench.run(n_rows)?;
        let next = size.took * u32::try_from(STEP).unwrap_or(u32::MAX);
        let is_enough = sizes.len() >= MIN_SIZES && started.elapsed() + next > budget.time;
        let is_full = size.bytes.saturating_mul(STEP * 3) > free_bytes(sandbox)? / 2;
        sizes.push(size);
        if is_enough || is_full || work.largest.is_some_and(|it| n_rows >= it) {
            break;
        }
        n_rows *= STEP;
    }
    for (file, statements) in ran.files.iter_mut().enumerate() {
        for (n, statement) in statements.iter_mut().enumerate() {
            statement.growth = work.growth((file, n), &sizes);
        }
    }
    hold_until_commit(&mut ran.files);
    sandbox.drop_database(database)
}

/// The tables that the statements work on.
struct WorkedOn<'o> {
    /// Their names.
    tables: BTreeSet<String>,
    /// By statement.
    by_place: BTreeMap<Place, BTreeSet<String>>,
    /// How many rows production has in the largest of them.
    largest: Option<u64>,
    production: rows::Production<'o>,
}

impl<'o> WorkedOn<'o> {
    fn of(files: &[Vec<Statement>], snapshot: Option<&'o Snapshot>) -> Self {
        let mut by_place: BTreeMap<Place, BTreeSet<String>> = BTreeMap::new();
        for (file, statements) in files.iter().enumerate() {
            for (n, statement) in statements.iter().enumerate() {
                let Fate::Observed { observed, .. } = &statement.fate else { continue };
                let has_rows = |kind| {
                    use RelationKind as K;
                    matches!(kind, K::Table | K::PartitionedTable | K::MaterializedView)
                };
                let tables = observed.relations.iter().filter(|it| has_rows(it.kind) && !it.work.is_empty());
                by_place.insert((file, n), tables.map(|it| it.name.clone()).collect());
            }
        }
        let tables: BTreeSet<String> = by_place.values().flatten().cloned().collect();
        let production = rows::Production::new(snapshot);
        let mut work = Self { tables, by_place, largest: None, production };
        work.largest = work.tables.iter().filter_map(|it| work.rows_in_production(it)).max();
        work
    }

    fn rows_in_production(&self, table: &str) -> Option<u64> {
        self.production.table(table)?.rows
    }

    /// How the time of one statement grows; `None` if it did not run twice.
    fn growth(&self, place: Place, sizes: &[Size]) -> Option<Growth> {
        let tables = self.by_place.get(&place)?;
        let largest = tables.iter().max_by_key(|it| self.rows_in_production(it));
        let point = |size: &Size| {
            let rows = match largest {
                // What was not filled was not there before, and who knows how large it will be.
                Some(table) if size.largest > 0 => *size.n_rows.get(table)?,
                _ => 0,
            };
            Some(Point { rows, ms: *size.ms.get(&place)? })
        };
        let points: Vec<Point> = sizes.iter().map_while(point).collect();
        if tables.is_empty() {
            let slowest = points.iter().map(|it| it.ms).fold(0.0, f64::max);
            let ms = Hold { high_ms: whole(slowest), ..Hold::default() };
            let production = Production { rows: 0, took: ms, held: ms, models_ms: [slowest; 3] };
            return Some(Growth { points, is_constant: true, production: Some(production) });
        }
        let measured = points.iter().map(|it| calibration::Point { rows: it.rows, ms: it.ms });
        let measured: Vec<_> = measured.collect();
        let production = largest.and_then(|it| self.rows_in_production(it)).and_then(|rows| {
            let (took, models_ms) = extrapolate(&measured, rows)?;
            Some(Production { rows, took, held: took, models_ms })
        });
        Some(Growth { points, is_constant: false, production })
    }
}

/// What holds its locks until the end of its transaction holds them while all after it run.
fn hold_until_commit(files: &mut [Vec<Statement>]) {
    let mut open: Option<(usize, Option<Hold>)> = None;
    for statement in files.iter_mut().rev().flat_map(|it| it.iter_mut().rev()) {
        let Some(transaction) = statement.transaction else { continue };
        let after = match open {
            Some((now, after)) if now == transaction => after,
            _ => Some(Hold::default()),
        };
        let production = statement.growth.as_mut().and_then(|it| it.production.as_mut());
        // What is not looked at takes no time that matters.
        let is_looked_at = matches!(statement.fate, Fate::Observed { .. });
        let held = match (&production, after) {
            (Some(it), Some(after)) => Some(it.took.then(after)),
            (None, after) if !is_looked_at => after,
            _ => None,
        };
        if let Some(production) = production {
            // An unknown time after it makes the whole unknown: then at least its own is told.
            production.held = held.unwrap_or(production.took);
        }
        open = Some((transaction, held));
    }
}

/// What was measured at one size.
struct Size {
    /// The rows of the largest table.
    largest: u64,
    /// The rows of each table that was filled.
    n_rows: BTreeMap<String, u64>,
    /// How long each statement took, in milliseconds.
    ms: BTreeMap<Place, f64>,
    /// How long all of it took.
    took: Duration,
    /// The bytes of the database.
    bytes: u64,
}

/// Where sizes are measured.
struct Bench<'b> {
    before: Before<'b>,
    judged: &'b [&'b File<'b>],
    options: &'b Options<'b>,
    work: &'b WorkedOn<'b>,
    snapshot: Option<&'b Snapshot>,
}

impl Bench<'_> {
    /// Measures with so many rows in the largest table.
    fn run(&self, largest: u64) -> Result<Size, Error> {
        let started = Instant::now();
        let sandbox = self.before.sandbox;
        let filled = Before { sandbox, database: self.before.copy("filled")? };
        let share = self.work.largest.map_or(1.0, |it| float(largest) / float(it.max(1)));
        let mut n_rows = BTreeMap::new();
        if largest > 0 {
            let rows = Rows { snapshot: self.snapshot, most: largest, share };
            let only = Some(&self.work.tables);
            n_rows = rows::fill(sandbox, &filled.database, rows, only, self.options.listener)?.n_rows;
        }
        let session = sandbox.connect(&filled.database)?;
        session.batch("VACUUM (FREEZE, ANALYZE)")?;
        session.batch("CHECKPOINT")?;
        let bytes = session.rows("SELECT pg_catalog.pg_database_size(current_database())")?;
        let bytes = bytes.first().and_then(|it| it.number(0)).unwrap_or_default();
        drop(session);
        let mut times: BTreeMap<Place, Vec<f64>> = BTreeMap::new();
        for n in 0..N_RUNS {
            let run = Instant::now();
            for (place, ms) in self.time(&filled, largest == 0 && n == 0)? {
                times.entry(place).or_default().push(ms);
            }
            if run.elapsed() > QUICK {
                break;
            }
        }
        sandbox.drop_database(&filled.database)?;
        let ms = times.into_iter().map(|(place, times)| (place, middle(times))).collect();
        Ok(Size { largest, n_rows, ms, took: started.elapsed(), bytes })
    }

    /// Runs all statements once, in a copy.
    fn time(&self, filled: &Before<'_>, is_first: bool) -> Result<BTreeMap<Place, f64>, Error> {
        let sandbox = filled.sandbox;
        let copy = filled.copy("run")?;
        sandbox.connect("postgres")?.batch("CHECKPOINT")?;
        let mut engine = Engine::new(sandbox, &copy, &self.options.settings)?;
        let mut clock = Clock { is_first, ms: BTreeMap::new() };
        walk(&mut engine, self.judged.iter().copied(), &self.options.values, &mut clock)?;
        drop(engine);
        sandbox.drop_database(&copy)?;
        Ok(clock.ms)
    }
}

/// Sends each statement, and takes its time.
struct Clock {
    /// Whether what is the whole server's must be made.
    is_first: bool,
    ms: BTreeMap<Place, f64>,
}

impl Visitor for Clock {
    fn visit(
        &mut self,
        engine: &mut Engine<'_>,
        place: Place,
        piece: &Piece,
        _: Option<&Outcome>,
    ) -> Result<Fate, Error> {
        if piece.is_of_server() && !self.is_first {
            return Ok(Fate::Ran(Duration::ZERO));
        }
        let started = Instant::now();
        let said = engine.send(piece)?;
        let took = started.elapsed();
        Ok(match said {
            Ok(()) => {
                self.ms.insert(place, took.as_secs_f64() * 1000.0);
                Fate::Ran(took)
            }
            Err(refusal) => refused(refusal, None),
        })
    }
}

/// The number in the middle; of two the larger.
fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}
