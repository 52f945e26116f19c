//! Observes a statement that cannot stand in a transaction, or that commits in between: nothing is left at its end to look at.
//!
//! So others stand in its way, and it is looked at whenever it waits:
//!
//! - *Gates*: a lock on a system catalog makes the statement stop each time it is about to change that catalog. Whatever it holds
//!   at that time is seen. Two sessions take turns with each gate, so that the statement never slips through.
//! - *Obstacles*: a lock on each table, in a mode with which the strongest mode seen so far does not conflict. If the statement ever
//!   asks for a stronger one it waits, its wish is seen, and the obstacle goes. Runs are repeated until one brings nothing new.
//!
//! Both are exact: nothing depends on how fast we look. Only a lock on an index or a materialized view that is let go again
//! without any change to the catalogs could be missed.

use std::{
    thread::{self, Scope, ScopedJoinHandle},
    time::{Duration, Instant},
};

use super::{
    super::{Sandbox, Session, session::Refusal},
    Observed, oid,
    snapshot::{Held, Relation, Relations},
    work::Evidence,
};
use crate::{effect::Lock, error::Error, sql::statement::RelationKind};

/// Catalogs that such statements change while they hold their locks, and their numbers, the same everywhere.
const CATALOGS: [(&str, u32); 3] = [("pg_class", 1259), ("pg_index", 2610), ("pg_inherits", 2611)];

/// How long a statement may take. On tables with a few rows they take milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to sleep between two looks.
const PAUSE: Duration = Duration::from_micros(300);

/// Runs `statement` after the statements `before` it, each on its own, in copies of `database`.
///
/// Nobody may be connected to `database`. Fails when one of `before` fails; when `statement` fails, that is what was observed.
pub fn alone(
    sandbox: &Sandbox,
    database: &str,
    before: &[String],
    statement: &str,
) -> Result<Observed, Error> {
    let scene = Scene { sandbox, database, before, statement };
    let mut held = Held::default();
    let (relations, outcome) = scene.run(&mut held, true)?;
    let evidence = match outcome {
        Ok(evidence) => evidence,
        Err(refused) => return Ok(refused),
    };
    loop {
        let known = held.clone();
        let is_open = |(oid, relation)| next_obstacle(&known, oid, relation).is_some();
        if relations.iter().any(is_open)
            && let (_, Err(refused)) = scene.run(&mut held, false)?
        {
            return Ok(refused);
        }
        if held == known {
            return Ok(Observed::of(&relations, &held, &evidence));
        }
    }
}

/// What is run, and where.
struct Scene<'a> {
    sandbox: &'a Sandbox,
    database: &'a str,
    before: &'a [String],
    statement: &'a str,
}

impl Scene<'_> {
    /// Runs the statement in a fresh copy and adds what it locks to `held`. The first run has gates, and obstacles for every lock.
    fn run(&self, held: &mut Held, is_first: bool) -> Result<(Relations, Result<Evidence, Observed>), Error> {
        let copy = format!("{}_copy", self.database);
        self.sandbox.drop_database(&copy)?;
        self.sandbox.copy_database(self.database, &copy)?;
        let outcome = self.run_in(&copy, held, is_first);
        self.sandbox.drop_database(&copy)?;
        outcome
    }

    fn run_in(
        &self,
        copy: &str,
        held: &mut Held,
        is_first: bool,
    ) -> Result<(Relations, Result<Evidence, Observed>), Error> {
        let connect = || self.sandbox.connect(copy);
        let runner = connect()?;
        self.before.iter().try_for_each(|earlier| runner.batch(earlier))?;
        let watcher = connect()?;
        let relations = Relations::read(&watcher)?;
        let mut obstacles = Vec::new();
        for (oid, relation) in relations.iter() {
            let mode = if is_first { any_obstacle(relation) } else { next_obstacle(held, oid, relation) };
            if let Some(mode) = mode {
                obstacles.push(Obstacle::place(connect()?, oid, relation, mode)?);
            }
        }
        let mut pairs = Vec::new();
        for _ in CATALOGS.iter().filter(|_| is_first) {
            pairs.push([connect()?, connect()?]);
        }
        runner.batch("SET client_min_messages = debug1")?;
        runner.take_notices();
        let done = thread::scope(|scope| {
            let mut gates = Vec::new();
            for ((name, catalog), pair) in CATALOGS.into_iter().zip(&pairs) {
                gates.push(Gate::close(name, catalog, pair)?);
            }
            let running = scope.spawn(|| runner.batch(self.statement));
            let watch = Watch { watcher: &watcher, runner: runner.backend(), obstacles, gates };
            if let Err(error) = watch.until_done(scope, &running, held) {
                // Otherwise the statement would wait for ever, and we for it.
                self.sandbox.drop_database(copy)?;
                return Err(error);
            }
            running.join().unwrap_or_else(|_| Ok(()))
        });
        held.retain(&relations);
        let notices = runner.take_notices();
        let outcome = match done {
            Ok(()) => Ok(Evidence::new(self.statement, &relations, &Relations::read(&watcher)?, notices)),
            Err(error) => Err(Observed::refused(Refusal::of(&error).ok_or(error)?, notices)),
        };
        Ok((relations, outcome))
    }
}

/// A lock in the statement's way, until its session ends.
struct Obstacle {
    oid: u32,
    session: Session,
}

impl Obstacle {
    fn place(session: Session, oid: u32, relation: &Relation, mode: Lock) -> Result<Self, Error> {
        session.batch(&format!("BEGIN; LOCK TABLE ONLY {} IN {mode} MODE", relation.quoted()))?;
        Ok(Self { oid, session })
    }
}

/// The lock that every other waits for, where a relation can be locked without others.
fn any_obstacle(relation: &Relation) -> Option<Lock> {
    matches!(relation.kind, Some(RelationKind::Table | RelationKind::PartitionedTable))
        .then_some(Lock::AccessExclusive)
}

/// The lock with which no mode seen so far conflicts, but as many stronger ones as possible. None where none was seen.
fn next_obstacle(held: &Held, oid: u32, relation: &Relation) -> Option<Lock> {
    any_obstacle(relation)?;
    let strongest = held.strongest(oid)?;
    let n_found = |obstacle: Lock| {
        Lock::ALL.into_iter().filter(|it| *it > strongest && it.conflicts_with(obstacle)).count()
    };
    Lock::ALL
        .into_iter()
        .filter(|obstacle| {
            !held.modes(oid).any(|seen| seen.conflicts_with(*obstacle)) && n_found(*obstacle) > 0
        })
        .max_by_key(|obstacle| n_found(*obstacle))
}

/// A catalog that can be read, but not changed. Two sessions take turns in closing it.
struct Gate<'scope> {
    name: &'static str,
    catalog: u32,
    pair: &'scope [Session; 2],
    /// Which of the pair has closed it, or is about to.
    is_second: bool,
    closing: Option<ScopedJoinHandle<'scope, Result<(), Error>>>,
}

impl<'scope> Gate<'scope> {
    fn close(name: &'static str, catalog: u32, pair: &'scope [Session; 2]) -> Result<Self, Error> {
        let gate = Self { name, catalog, pair, is_second: false, closing: None };
        gate.pair[0].batch(&gate.sql())?;
        Ok(gate)
    }

    fn sql(&self) -> String {
        format!("BEGIN; LOCK TABLE pg_catalog.{} IN SHARE MODE", self.name)
    }

    fn keepers(&self) -> (&'scope Session, &'scope Session) {
        let [first, second] = self.pair;
        if self.is_second { (second, first) } else { (first, second) }
    }

    /// Lets the waiting statement make its change, and is closed again right behind it.
    fn let_through(&mut self, scope: &'scope Scope<'scope, '_>, watcher: &Session) -> Result<(), Error> {
        self.finish_closing()?;
        let (keeper, next) = self.keepers();
        let sql = self.sql();
        self.closing = Some(scope.spawn(move || next.batch(&sql)));
        let is_queued = format!(
            "SELECT FROM pg_catalog.pg_locks WHERE pid = {} AND relation = {} AND mode = 'ShareLock'",
            next.backend(),
            self.catalog
        );
        while watcher.rows(&is_queued)?.is_empty() {
            thread::sleep(PAUSE);
        }
        self.is_second = !self.is_second;
        keeper.batch("COMMIT")
    }

    fn finish_closing(&mut self) -> Result<(), Error> {
        self.closing.take().map_or(Ok(()), |it| it.join().unwrap_or_else(|_| Ok(())))
    }
}

/// What stands in a running statement's way, and who looks.
struct Watch<'scope, 'a> {
    watcher: &'a Session,
    /// The server process that runs the statement.
    runner: i32,
    obstacles: Vec<Obstacle>,
    gates: Vec<Gate<'scope>>,
}

impl<'scope> Watch<'scope, '_> {
    /// Looks until the statement is done, and lets it go on whenever it waits.
    fn until_done<T>(
        mut self,
        scope: &'scope Scope<'scope, '_>,
        running: &ScopedJoinHandle<'scope, T>,
        held: &mut Held,
    ) -> Result<(), Error> {
        let started = Instant::now();
        while !running.is_finished() {
            if started.elapsed() > PATIENCE {
                self.watcher.rows(&format!("SELECT pg_catalog.pg_cancel_backend({})", self.runner))?;
            }
            if !self.look(scope, held)? {
                thread::sleep(PAUSE);
            }
        }
        self.gates.iter_mut().try_for_each(Gate::finish_closing)
    }

    /// Looks once. Returns whether the statement waited for one of ours and now goes on.
    fn look(&mut self, scope: &'scope Scope<'scope, '_>, held: &mut Held) -> Result<bool, Error> {
        let rows = self.watcher.rows(&format!(
            "SELECT locktype, relation, mode, granted, pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(pid), ' ') \
             FROM pg_catalog.pg_locks WHERE pid = {}",
            self.runner
        ))?;
        // While it runs freely, what is seen is a matter of luck.
        let Some(waiting) = rows.iter().find(|row| !row.is_true(3)) else { return Ok(false) };
        for row in rows.iter().filter(|row| row.text(0) == "relation") {
            held.add(oid(row, 1), row.text(2));
        }
        let relation = oid(waiting, 1);
        if let Some(gate) = self.gates.iter_mut().find(|it| it.catalog == relation) {
            gate.let_through(scope, self.watcher)?;
            return Ok(true);
        }
        let blocking: Vec<i32> = waiting.text(4).split(' ').filter_map(|it| it.parse().ok()).collect();
        let n_obstacles = self.obstacles.len();
        // A wait for somebody's whole transaction ends no other way than that all its locks go.
        self.obstacles.retain(|it| it.oid != relation && !blocking.contains(&it.session.backend()));
        Ok(self.obstacles.len() < n_obstacles)
    }
}
