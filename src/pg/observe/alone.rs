//! Observes a statement that cannot stand in a transaction, or that commits in between: nothing is left at its end to look at.
//!
//! So others stand in its way, and it is looked at whenever it waits:
//!
//! - *Gates*: a lock on a system catalog makes the statement stop each time it is about to change that catalog. Whatever it holds
//!   at that time is seen. Two sessions take turns with each gate, so that the statement never slips through.
//! - *Obstacles*: a session holds every mode on a table, the weakest first, with a savepoint before each. The statement waits, and its
//!   wish is seen; the session rolls back just as far that the wish is granted, and goes on standing in the way of stronger ones.
//!
//! Nothing depends on how fast we look, so every run gives the same. Only a lock on an index or a materialized view that is let go
//! again without any change to the catalogs is missed, and SHARE ROW EXCLUSIVE after SHARE on the same table.

use std::{
    thread::{self, Scope, ScopedJoinHandle},
    time::{Duration, Instant},
};

use super::{
    super::{Sandbox, Session},
    Before, Observed, Until, Watched, oid,
    snapshot::{Held, Relation, Relations},
    work::{self, Evidence},
};
use crate::{effect::Lock, error::Error, sql::statement::RelationKind};

/// Catalogs that such statements change while they hold their locks, and their numbers, the same everywhere.
const CATALOGS: [(&str, u32); 3] = [("pg_class", 1259), ("pg_index", 2610), ("pg_inherits", 2611)];

/// How long a statement may take. On tables with a few rows they take milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to sleep between two looks.
const PAUSE: Duration = Duration::from_micros(300);

/// Runs `statement` after the statements `before` it, each on its own, in a copy of `database`.
///
/// Nobody may be connected to `database`. Fails when one of `before` fails; when `statement` fails, that is what was observed.
pub fn alone(
    sandbox: &Sandbox,
    database: &str,
    before: &[String],
    statement: &str,
) -> Result<Observed, Error> {
    let copy = format!("{database}_copy");
    sandbox.drop_database(&copy)?;
    sandbox.copy_database(database, &copy)?;
    let observed = run(sandbox, &copy, before, statement);
    sandbox.drop_database(&copy)?;
    observed
}

fn run(sandbox: &Sandbox, database: &str, before: &[String], statement: &str) -> Result<Observed, Error> {
    let connect = || sandbox.connect(database);
    let runner = connect()?;
    before.iter().try_for_each(|earlier| runner.batch(earlier))?;
    let watcher = connect()?;
    let place = Place { sandbox, database, watcher: &watcher, patience: PATIENCE };
    place.run(&runner, statement, &|_| true)
}

/// Where a statement runs, and who looks.
pub(super) struct Place<'p> {
    pub(super) sandbox: &'p Sandbox,
    pub(super) database: &'p str,
    pub(super) watcher: &'p Session,
    /// How long it may take.
    pub(super) patience: Duration,
}

impl Place<'_> {
    /// Runs `statement` in `runner`, which has no open transaction. Those tables that are `watched` are stood in the way of; the others only
    /// by gates.
    ///
    /// When the server refuses it, that is what was observed. When it cannot be watched to its end, the database is gone.
    pub(super) fn run(
        &self,
        runner: &dyn Watched,
        statement: &str,
        watched: &dyn Fn(&Relation) -> bool,
    ) -> Result<Observed, Error> {
        let Self { sandbox, database, watcher, .. } = *self;
        let connect = || sandbox.connect(database);
        let relations = Relations::read(watcher)?;
        let mut obstacles = Vec::new();
        for (oid, relation) in relations.iter().filter(|it| can_be_locked(it.1) && watched(it.1)) {
            obstacles.push(Obstacle::place(connect()?, oid, relation)?);
        }
        let pairs = [[connect()?, connect()?], [connect()?, connect()?], [connect()?, connect()?]];
        runner.listen(Until::Told)?;
        let wal = work::wal_position(watcher)?;
        let mut held = Held::default();
        let mut waited = Duration::ZERO;
        let started = Instant::now();
        let done = thread::scope(|scope| {
            let mut gates = Vec::new();
            // Nobody else may lock a catalog; then only what stands in the way of tables is seen.
            let catalogs = CATALOGS.into_iter().filter(|_| sandbox.is_superuser());
            for ((name, catalog), pair) in catalogs.zip(&pairs) {
                gates.push(Gate::close(name, catalog, pair)?);
            }
            let running = scope.spawn(|| runner.run(statement));
            let (runner, patience) = (runner.backend(), self.patience);
            let watch = Watch { watcher, runner, patience, connect: &connect, obstacles, gates };
            match watch.until_done(scope, &running, &mut held) {
                Ok(it) => waited = it,
                Err(error) => {
                    // Otherwise the statement would wait for ever, and we for it.
                    sandbox.drop_database(database)?;
                    return Err(error);
                }
            }
            running.join().unwrap_or_else(|_| Ok(Ok(())))
        })?;
        let took = started.elapsed().saturating_sub(waited);
        let notices = runner.take_notices();
        runner.listen_no_more(Until::Told)?;
        if let Err(refusal) = done {
            return Ok(Observed::refused(refusal, notices, took));
        }
        let mut evidence = Evidence::new(statement, &relations, &Relations::read(watcher)?, notices);
        evidence.compare_wal(wal, work::wal_position(watcher)?);
        let before = Before { relations: &relations, committed: &relations, held: Held::default() };
        Ok(Observed { was_alone: true, ..Observed::of(&before, &held, &evidence, took) })
    }
}

/// Modes, each of which conflicts with all that the one before it conflicts with, and more. SHARE is none of them: it does not with itself.
const RUNGS: [Lock; 7] = [
    Lock::AccessShare,
    Lock::RowShare,
    Lock::RowExclusive,
    Lock::ShareUpdateExclusive,
    Lock::ShareRowExclusive,
    Lock::Exclusive,
    Lock::AccessExclusive,
];

/// How many of [`RUNGS`] two sessions can hold at the same time.
const N_COMPATIBLE: usize = 3;

/// A session that stands in the way on one table.
struct Obstacle {
    oid: u32,
    /// The table's name as SQL text.
    name: String,
    session: Session,
    /// How many of [`RUNGS`] it holds.
    n_rungs: usize,
}

/// Whether `LOCK TABLE` locks this relation and no other with it.
fn can_be_locked(relation: &Relation) -> bool {
    matches!(relation.kind, Some(RelationKind::Table | RelationKind::PartitionedTable))
}

impl Obstacle {
    fn place(session: Session, oid: u32, relation: &Relation) -> Result<Self, Error> {
        let mut obstacle = Self { oid, name: relation.quoted(), session, n_rungs: RUNGS.len() };
        obstacle.climb(RUNGS.len())?;
        Ok(obstacle)
    }

    fn climb(&mut self, n_rungs: usize) -> Result<(), Error> {
        let name = &self.name;
        let rungs = RUNGS.iter().take(n_rungs).enumerate();
        let rungs =
            rungs.map(|(n, mode)| format!("; SAVEPOINT rung_{n}; LOCK TABLE ONLY {name} IN {mode} MODE"));
        self.session.batch(&format!("BEGIN{}", rungs.collect::<String>()))?;
        self.n_rungs = n_rungs;
        Ok(())
    }

    /// Lets go of the modes with which `wanted` conflicts, and of no other.
    fn give_way(&mut self, wanted: Lock) -> Result<(), Error> {
        let n_rungs = RUNGS.iter().take_while(|rung| !wanted.conflicts_with(**rung)).count();
        if n_rungs < self.n_rungs {
            self.session.batch(&format!("ROLLBACK TO SAVEPOINT rung_{n_rungs}"))?;
            self.n_rungs = n_rungs;
        }
        Ok(())
    }

    /// Ends the transaction, for which the statement waits, but only after another session stands in the way.
    fn take_turns(&mut self, next: Session) -> Result<(), Error> {
        let last = std::mem::replace(&mut self.session, next);
        self.climb(self.n_rungs.min(N_COMPATIBLE))?;
        last.batch("ROLLBACK")
    }
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
    patience: Duration,
    connect: &'a dyn Fn() -> Result<Session, Error>,
    obstacles: Vec<Obstacle>,
    gates: Vec<Gate<'scope>>,
}

impl<'scope> Watch<'scope, '_> {
    /// Looks until the statement is done, and lets it go on whenever it waits. Returns how long it waited.
    fn until_done<T>(
        mut self,
        scope: &'scope Scope<'scope, '_>,
        running: &ScopedJoinHandle<'scope, T>,
        held: &mut Held,
    ) -> Result<Duration, Error> {
        let started = Instant::now();
        let mut waited = Duration::ZERO;
        while !running.is_finished() {
            if started.elapsed() > self.patience {
                self.watcher.rows(&format!("SELECT pg_catalog.pg_cancel_backend({})", self.runner))?;
            }
            let looked = Instant::now();
            if self.look(scope, held)? {
                waited += looked.elapsed();
            } else {
                thread::sleep(PAUSE);
            }
        }
        self.gates.iter_mut().try_for_each(Gate::finish_closing)?;
        Ok(waited)
    }

    /// Looks once. Returns whether the statement waited; then it goes on.
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
        } else if let Some(obstacle) = self.obstacles.iter_mut().find(|it| it.oid == relation) {
            Lock::from_pg_locks_mode(waiting.text(2)).map_or(Ok(()), |wanted| obstacle.give_way(wanted))?;
        } else {
            let blocking: Vec<i32> = waiting.text(4).split(' ').filter_map(|it| it.parse().ok()).collect();
            for obstacle in self.obstacles.iter_mut().filter(|it| blocking.contains(&it.session.backend())) {
                obstacle.take_turns((self.connect)()?)?;
            }
        }
        Ok(true)
    }
}
