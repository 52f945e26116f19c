//! Runs the judged files once more, with nothing but what their runner sends, while others try to get at the tables.
//!
//! Each table has a session of its own that tries again and again to lock it as a SELECT would and as an UPDATE would, with NOWAIT: it is
//! refused when others would have to wait, and stands in nobody's way. It then has a query planned, which opens the indexes as well.
//!
//! In the way of a second pass stands a transaction that has read the tables, as a report or a backup does. It stays open for a given time
//! from when somebody waits for it. All who come after who waits for it wait as well: this is the queue that blocks a busy table.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Fate, File, Lane, Options, Probed, Statement, Timed, Wait,
    engine::Engine,
    piece::Piece,
    walk::{Place, Visitor, refused, walk},
};
use crate::{
    effect::{Blocks, Lock, Outcome},
    error::Error,
    pg::{
        Sandbox, Session,
        probe::{Access, Awaited, Prober, Reader, awaited},
    },
    sql::statement::RelationKind,
};

/// The time between two tries on a table, for so many tables as [`N_EASY`].
const EVERY: Duration = Duration::from_millis(5);

/// For how many tables a try every [`EVERY`] is little to a server.
const N_EASY: usize = 5;

/// How many tables are tried at most: each takes a connection.
const MAX_TABLES: usize = 20;

/// The time between two looks at what the runner's session waits for.
const LOOK: Duration = Duration::from_millis(2);

/// Runs `judged` in `database`, a copy of what was there before. `looked_at` is what became of the statements when they were looked at.
pub(super) fn run(
    sandbox: &Sandbox,
    database: &str,
    judged: &[&File<'_>],
    looked_at: &[Vec<Statement>],
    options: &Options<'_>,
    reader: Option<Duration>,
) -> Result<Probed, Error> {
    let tables = Tables::of(looked_at);
    let every = EVERY * u32::try_from(tables.tried.len().div_ceil(N_EASY).max(1)).unwrap_or(1);
    let mut engine = Engine::new(sandbox, database, &options.settings)?;
    let probers = tables
        .tried
        .iter()
        .map(|name| Ok((name.as_str(), Prober::new(sandbox.connect(database)?, &quoted(name)))))
        .collect::<Result<Vec<_>, Error>>()?;
    let watcher = sandbox.connect(database)?;
    let shared = Shared { started: Instant::now(), ..Shared::default() };
    let mut pass =
        Pass { sandbox, database, tables: &tables, reader, shared: &shared, now: None, timed: Vec::new() };
    let (walked, lanes, looked) = thread::scope(|scope| {
        let tries: Vec<_> =
            probers.iter().map(|(name, prober)| scope.spawn(|| shared.lane(name, prober, every))).collect();
        let watch = scope.spawn(|| shared.watch(&watcher, reader));
        let walked = walk(&mut engine, judged.iter().copied(), &options.values, &mut pass);
        shared.is_over.store(true, Ordering::Relaxed);
        let lanes: Vec<_> = tries.into_iter().filter_map(|it| it.join().ok()).collect();
        (walked, lanes, watch.join())
    });
    walked?;
    looked.unwrap_or(Ok(()))?;
    let lanes = lanes.into_iter().collect::<Result<Vec<_>, Error>>()?;
    let mut files: Vec<Vec<Timed>> = judged.iter().map(|_| Vec::new()).collect();
    let waits = shared.waits();
    for ((file, _), mut timed) in pass.timed {
        timed.waits =
            waits.iter().filter(|it| it.from >= timed.from && it.from <= timed.to).cloned().collect();
        if let Some(file) = files.get_mut(file) {
            file.push(timed);
        }
    }
    Ok(Probed { reader, every, files, lanes, n_left_out: tables.n_left_out })
}

/// The tables that matter, by what was seen before.
struct Tables {
    /// Those that are tried.
    tried: Vec<String>,
    /// How many were left out.
    n_left_out: usize,
    /// By transaction: those that a reader would be in the way on.
    contended: BTreeMap<usize, BTreeSet<String>>,
    /// By place: the transaction.
    transactions: BTreeMap<Place, usize>,
}

impl Tables {
    fn of(looked_at: &[Vec<Statement>]) -> Self {
        let mut strongest: BTreeMap<&str, Lock> = BTreeMap::new();
        let mut contended: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        let mut transactions = BTreeMap::new();
        for (file, statements) in looked_at.iter().enumerate() {
            for (n, statement) in statements.iter().enumerate() {
                let Some(transaction) = statement.transaction else { continue };
                transactions.insert((file, n), transaction);
                let Fate::Observed { compared, observed, .. } = &statement.fate else { continue };
                let is_table = |kind| matches!(kind, RelationKind::Table | RelationKind::PartitionedTable);
                for pair in compared.relations.iter().filter(|it| is_table(it.kind)) {
                    let Some(lock) = pair.observed.and_then(|it| it.lock) else { continue };
                    if lock >= Lock::ShareUpdateExclusive {
                        let known = strongest.entry(&pair.relation).or_insert(lock);
                        *known = lock.max(*known);
                    }
                    // What runs outside of transactions may wait for all that began before it.
                    if lock.blocks() == Blocks::Everything || observed.was_alone {
                        contended.entry(transaction).or_default().insert(quoted(&pair.relation));
                    }
                }
            }
        }
        let mut tried: Vec<_> = strongest.into_iter().collect();
        tried.sort_by_key(|it| std::cmp::Reverse(it.1));
        let n_left_out = tried.len().saturating_sub(MAX_TABLES);
        tried.truncate(MAX_TABLES);
        let mut tried: Vec<String> = tried.into_iter().map(|it| it.0.to_owned()).collect();
        tried.sort();
        Self { tried, n_left_out, contended, transactions }
    }
}

/// `public.orders` as SQL text.
fn quoted(relation: &str) -> String {
    let (schema, name) = relation.split_once('.').unwrap_or(("public", relation));
    let quote = |it: &str| format!("\"{}\"", it.replace('"', "\"\""));
    format!("{}.{}", quote(schema), quote(name))
}

/// What all threads of a pass share.
struct Shared {
    started: Instant,
    is_over: AtomicBool,
    /// The server process that runs the files, while it may wait.
    backend: AtomicI32,
    /// Who stands in the way, and since when it is waited for.
    reader: Mutex<Option<(Reader, Option<Instant>)>>,
    waits: Mutex<Vec<Wait>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            is_over: AtomicBool::new(false),
            backend: AtomicI32::new(0),
            reader: Mutex::new(None),
            waits: Mutex::new(Vec::new()),
        }
    }
}

impl Shared {
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn reader(&self) -> MutexGuard<'_, Option<(Reader, Option<Instant>)>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waits(&self) -> MutexGuard<'_, Vec<Wait>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a reader in the way instead of the one that is there.
    fn put(&self, reader: Option<Reader>) -> Result<(), Error> {
        let last = std::mem::replace(&mut *self.reader(), reader.map(|it| (it, None)));
        last.map_or(Ok(()), |it| it.0.end())
    }

    /// Tries to get at a table until all is over.
    fn lane(&self, relation: &str, prober: &Prober, every: Duration) -> Result<Lane, Error> {
        let (mut reads, mut writes) = (Blocked::default(), Blocked::default());
        while !self.is_over() {
            let began = Instant::now();
            let at = self.now();
            let no_reads = prober.is_blocked(Access::Read)?;
            reads.note(at, no_reads);
            // Who may not even read cannot write.
            let at = if no_reads { at } else { self.now() };
            writes.note(at, no_reads || prober.is_blocked(Access::Write)?);
            thread::sleep(every.saturating_sub(began.elapsed()));
        }
        let end = self.now();
        reads.note(end, false);
        writes.note(end, false);
        Ok(Lane { relation: relation.to_owned(), reads_blocked: reads.times, writes_blocked: writes.times })
    }

    /// Looks at what the files' session waits for, and ends who stands in its way when the time is up.
    fn watch(&self, watcher: &Session, longest: Option<Duration>) -> Result<(), Error> {
        let ended = self.watch_on(watcher, longest);
        // Whatever became of it: who stands in the way must not do so for ever.
        self.put(None)?;
        ended
    }

    fn watch_on(&self, watcher: &Session, longest: Option<Duration>) -> Result<(), Error> {
        let mut waiting: Option<(Awaited, Duration)> = None;
        while !self.is_over() {
            let backend = self.backend.load(Ordering::Relaxed);
            let seen = if backend == 0 { None } else { awaited(watcher, backend)? };
            let now = self.now();
            if waiting.as_ref().map(|it| &it.0) != seen.as_ref() {
                self.note(waiting.take(), now);
                waiting = seen.map(|it| (it, now));
            }
            self.end_reader(waiting.is_some(), longest)?;
            thread::sleep(LOOK);
        }
        self.note(waiting, self.now());
        Ok(())
    }

    fn note(&self, waited: Option<(Awaited, Duration)>, to: Duration) {
        self.waits().extend(waited.map(|(Awaited { relation, lock }, from)| Wait {
            relation,
            lock,
            from,
            to,
        }));
    }

    /// Ends the reader if it was waited for long enough.
    fn end_reader(&self, is_waited_for: bool, longest: Option<Duration>) -> Result<(), Error> {
        let mut reader = self.reader();
        let (Some((_, since)), Some(longest)) = (reader.as_mut(), longest) else { return Ok(()) };
        if is_waited_for && since.is_none() {
            *since = Some(Instant::now());
        }
        if since.is_some_and(|it| it.elapsed() >= longest) {
            return reader.take().map_or(Ok(()), |it| it.0.end());
        }
        Ok(())
    }
}

/// The times in which somebody was blocked.
#[derive(Default)]
struct Blocked {
    since: Option<Duration>,
    times: Vec<(Duration, Duration)>,
}

impl Blocked {
    fn note(&mut self, at: Duration, is_blocked: bool) {
        match self.since {
            None if is_blocked => self.since = Some(at),
            Some(since) if !is_blocked => {
                self.times.push((since, at));
                self.since = None;
            }
            _ => {}
        }
    }
}

/// The pass itself.
struct Pass<'p> {
    sandbox: &'p Sandbox,
    database: &'p str,
    tables: &'p Tables,
    reader: Option<Duration>,
    shared: &'p Shared,
    /// The transaction that goes on.
    now: Option<usize>,
    timed: Vec<(Place, Timed)>,
}

impl Visitor for Pass<'_> {
    fn begins(&mut self, place: Place) -> Result<(), Error> {
        let next = self.tables.transactions.get(&place).copied();
        if self.reader.is_none() || next == self.now {
            return Ok(());
        }
        self.now = next;
        let contended = next.and_then(|it| self.tables.contended.get(&it));
        let contended: Vec<String> = contended.into_iter().flatten().cloned().collect();
        let reader = if contended.is_empty() {
            None
        } else {
            Some(Reader::start(self.sandbox.connect(self.database)?, &contended)?)
        };
        self.shared.put(reader)
    }

    fn visit(
        &mut self,
        engine: &mut Engine<'_>,
        place: Place,
        piece: &Piece,
        _: Option<&Outcome>,
    ) -> Result<Fate, Error> {
        self.shared.backend.store(engine.session.backend(), Ordering::Relaxed);
        let from = self.shared.now();
        // What is the whole server's is there since the statements were looked at.
        let said = if piece.is_of_server() { Ok(()) } else { engine.send(piece)? };
        let to = self.shared.now();
        let refusal = said.clone().err();
        self.timed
            .push((place, Timed { span: piece.span, from, to, released: to, waits: Vec::new(), refusal }));
        Ok(match said {
            Ok(()) => Fate::Ran(to.saturating_sub(from)),
            Err(refusal) => refused(refusal, None),
        })
    }

    fn ended(&mut self, places: &[Place]) -> Result<(), Error> {
        let now = self.shared.now();
        for (_, timed) in self.timed.iter_mut().filter(|it| places.contains(&it.0)) {
            timed.released = now;
        }
        Ok(())
    }
}
