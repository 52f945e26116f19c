//! What one statement really does: the locks that it takes on relations that were there before, and the work under them.
//!
//! A statement that may stand in a transaction is looked at when it is done and its transaction is still open: the locks that it took
//! are held then. Any other runs with others in its way, and is looked at whenever it waits for them.
//!
//! An [`Observer`] looks at one statement after the other of a session that goes on, which is what a dry run needs. [`in_transaction`]
//! and [`alone`] observe a single one, and leave the database as it was.

mod alone;
mod observer;
mod snapshot;
mod watched;
mod work;

pub use alone::alone;
pub use observer::{Observer, State};
pub use watched::{Until, Watched};

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::{
    effect::{Lock, WorkSet},
    error::Error,
    sql::statement::RelationKind,
};

use self::{
    snapshot::{Held, Relations},
    work::{Counters, Evidence},
};
use super::{
    Notice, Session,
    session::{Refusal, Row},
};

/// What a statement did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The relations that it locked or worked on, sorted by name. None when it failed: then its locks are gone.
    pub relations: Vec<ObservedRelation>,
    /// The strongest lock on the TOAST table of the relation of this name, sorted by name.
    pub toast: Vec<(String, Lock)>,
    /// The locks that its transaction had taken before, weakest first, by the relation's name.
    pub held: BTreeMap<String, Vec<Lock>>,
    /// The names of the relations that were there before, and not only for its own transaction.
    pub existing: BTreeSet<String>,
    /// Whether it writes to a relation that has triggers of somebody's own.
    pub fires_triggers: bool,
    /// Whether it ran outside of any transaction that could be looked at in its end.
    pub was_alone: bool,
    /// How long it ran, without the time in which it waited for who observed it.
    pub took: Duration,
    /// How much it wrote to the write-ahead log, in bytes: what replicas must follow.
    pub wal_bytes: u64,
    /// How much it wrote to temporary files, in bytes: what did not fit into `maintenance_work_mem` or `work_mem`.
    pub temp_bytes: u64,
    /// Why the server refused it.
    pub refusal: Option<Refusal>,
    /// What the server said meanwhile, down to DEBUG1.
    pub notices: Vec<Notice>,
}

/// What a statement did to one relation that was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedRelation {
    /// Schema and name before the statement, as the catalog has them: `public.orders`.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// The strongest lock that the statement took and that its transaction had not held before.
    pub lock: Option<Lock>,
    /// What went on under the lock.
    pub work: WorkSet,
    /// How many rows it inserted, updated and deleted.
    pub n_written: u64,
    /// The bytes of its file before and after, if it has one and may have changed.
    pub bytes: Option<(u64, u64)>,
}

impl Observed {
    fn refused(refusal: Refusal, notices: Vec<Notice>, took: Duration) -> Self {
        Self {
            relations: Vec::new(),
            toast: Vec::new(),
            held: BTreeMap::new(),
            existing: BTreeSet::new(),
            fires_triggers: false,
            was_alone: false,
            took,
            wal_bytes: 0,
            temp_bytes: 0,
            refusal: Some(refusal),
            notices,
        }
    }

    fn of(before: &Before<'_>, held: &Held, evidence: &Evidence, took: Duration) -> Self {
        let mut relations = Vec::new();
        let mut toast: Vec<(String, Lock)> = Vec::new();
        let mut fires_triggers = false;
        for (oid, relation) in before.relations.iter() {
            let lock = held.strongest(oid);
            let in_force = lock.max(before.held.strongest(oid));
            fires_triggers |= relation.has_triggers && in_force >= Some(Lock::RowExclusive);
            match (relation.kind, lock) {
                (Some(kind), lock) => {
                    let work = evidence.work(oid, relation, in_force);
                    if lock.is_some() || !work.is_empty() {
                        relations.push(ObservedRelation {
                            name: relation.name(),
                            kind,
                            lock,
                            work,
                            n_written: evidence.n_written(oid),
                            bytes: None,
                        });
                    }
                }
                (None, Some(lock)) => {
                    toast.extend(before.relations.get(relation.toast_of).map(|owner| (owner.name(), lock)));
                }
                (None, None) => {}
            }
        }
        relations.sort_by(|a, b| a.name.cmp(&b.name));
        // The TOAST table's index comes under the same owner: the stronger lock is first, and stays.
        toast.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        toast.dedup_by(|a, b| a.0 == b.0);
        let (wal_bytes, temp_bytes) = evidence.bytes();
        let named = |(oid, locks)| Some((before.relations.get(oid)?.name(), locks));
        Self {
            relations,
            toast,
            held: before.held.iter().filter_map(named).collect(),
            existing: before.existing(),
            fires_triggers,
            was_alone: false,
            took,
            wal_bytes,
            temp_bytes,
            refusal: None,
            notices: evidence.notices().to_vec(),
        }
    }
}

/// What there was before a statement.
struct Before<'b> {
    /// As the session that runs it sees them.
    relations: &'b Relations,
    /// As all others see them.
    committed: &'b Relations,
    /// What its transaction held.
    held: Held,
}

impl Before<'_> {
    fn existing(&self) -> BTreeSet<String> {
        let seen = self.relations.iter().filter(|(oid, _)| self.committed.get(*oid).is_some());
        seen.map(|(_, it)| it.name()).collect()
    }
}

/// Runs `statement` after the statements `before` it in one transaction, which is rolled back.
///
/// `session` should be a new one: a session that has seen a table may lock less, for it remembers the bounds of partitions and the like.
/// `watcher` is another session of the same database; it may be old, and only looks.
///
/// Fails when one of `before` fails; when `statement` fails, that is what was observed.
pub fn in_transaction(
    session: &Session,
    watcher: &Session,
    before: &[String],
    statement: &str,
) -> Result<Observed, Error> {
    session.batch("BEGIN")?;
    let observed = before
        .iter()
        .try_for_each(|earlier| session.batch(earlier))
        .and_then(|()| in_open_transaction(session, watcher, before.is_empty(), statement));
    session.batch("ROLLBACK")?;
    observed
}

fn in_open_transaction(
    session: &Session,
    watcher: &Session,
    is_first: bool,
    statement: &str,
) -> Result<Observed, Error> {
    let committed = Relations::read(watcher)?;
    // What nobody changed yet looks the same to both, and the watcher has the catalogs at hand.
    let current = if is_first { None } else { Some(Relations::read(session)?) };
    if work::changes_the_schema(statement) {
        // The server's own checks read tables by queries; the planner's choice for a few rows is not that for many.
        session.batch("SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off")?;
    }
    let relations = current.as_ref().unwrap_or(&committed);
    let committed = &committed;
    let place = Open {
        session,
        watcher,
        relations,
        committed,
        last: None,
        is_listening: false,
        goes_on_listening: false,
    };
    Ok(look(place, statement)?.0)
}

/// What a transaction held and had counted when it was looked at.
#[derive(Debug)]
struct Seen {
    held: Held,
    counters: Counters,
}

/// An open transaction, and who looks at it.
struct Open<'o> {
    session: &'o dyn Watched,
    watcher: &'o Session,
    /// The relations that it sees.
    relations: &'o Relations,
    /// The relations that all see.
    committed: &'o Relations,
    /// What was seen of it last, if nothing happened since.
    last: Option<Seen>,
    /// Whether the server already tells all.
    is_listening: bool,
    /// Whether it may go on telling all until the end of the transaction.
    goes_on_listening: bool,
}

/// Runs `statement` in the transaction that is open, and returns with what was observed what there is then; `None` if the server refused it.
fn look(open: Open<'_>, statement: &str) -> Result<(Observed, Option<(Relations, Seen)>), Error> {
    let Open { session, watcher, relations, committed, .. } = open;
    let Seen { held, counters } = match open.last {
        Some(last) => last,
        None => Seen { held: Held::read(watcher, session.backend())?, counters: snapshot::read(session)?.1 },
    };
    let before = Before { relations, committed, held };
    if open.is_listening {
        session.take_notices();
    } else {
        session.listen(Until::EndOfTransaction)?;
    }
    let started = Instant::now();
    let done = session.run(statement)?;
    let took = started.elapsed();
    let notices = session.take_notices();
    if let Err(refusal) = done {
        return Ok((Observed::refused(refusal, notices, took), None));
    }
    let (after, now) = snapshot::read(session)?;
    if !open.goes_on_listening {
        session.listen_no_more(Until::EndOfTransaction)?;
    }
    let held = Held::read(watcher, session.backend())?;
    let mut evidence = Evidence::new(statement, relations, &after, notices);
    evidence.compare_counters(&counters, &now);
    evidence.read_validated(session)?;
    let observed = Observed::of(&before, &held.clone().without(&before.held), &evidence, took);
    Ok((observed, Some((after, Seen { held, counters: now }))))
}

fn oid(row: &Row, n: usize) -> u32 {
    row.number(n).unwrap_or_default()
}
