//! What one statement really does: the locks that it takes on relations that were there before, and the work under them.
//!
//! A statement that may stand in a transaction is run in one that is rolled back ([`in_transaction`]): the locks that it took are
//! still held at its end. Any other is run [`alone`], in copies of the database, with others in its way.

mod alone;
mod snapshot;
mod work;

pub use alone::alone;

use crate::{
    effect::{Lock, WorkSet},
    error::Error,
    sql::statement::RelationKind,
};

use self::{
    snapshot::{Held, Relations},
    work::Evidence,
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
}

impl Observed {
    fn refused(refusal: Refusal, notices: Vec<Notice>) -> Self {
        Self { relations: Vec::new(), toast: Vec::new(), refusal: Some(refusal), notices }
    }

    fn of(before: &Relations, held: &Held, evidence: &Evidence) -> Self {
        let mut relations = Vec::new();
        let mut toast: Vec<(String, Lock)> = Vec::new();
        for (oid, relation) in before.iter() {
            let lock = held.strongest(oid);
            match (relation.kind, lock) {
                (Some(kind), lock) => {
                    let work = evidence.work(oid, relation, lock);
                    if lock.is_some() || !work.is_empty() {
                        relations.push(ObservedRelation { name: relation.name(), kind, lock, work });
                    }
                }
                (None, Some(lock)) => {
                    toast.extend(before.get(relation.toast_of).map(|owner| (owner.name(), lock)));
                }
                (None, None) => {}
            }
        }
        relations.sort_by(|a, b| a.name.cmp(&b.name));
        // The TOAST table's index comes under the same owner: the stronger lock is first, and stays.
        toast.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        toast.dedup_by(|a, b| a.0 == b.0);
        Self { relations, toast, refusal: None, notices: evidence.notices().to_vec() }
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
    // What nobody changed yet looks the same to both, and the watcher has the catalogs at hand.
    let relations = Relations::read(if is_first { watcher } else { session })?;
    let held = Held::read(watcher, session.backend())?;
    let counts = work::counts(session)?;
    if work::changes_the_schema(statement) {
        // The server's own checks read tables by queries; the planner's choice for a few rows is not that for many.
        session.batch("SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off")?;
    }
    session.batch("SET LOCAL client_min_messages = debug1")?;
    session.take_notices();
    let done = session.batch(statement);
    let notices = session.take_notices();
    if let Err(error) = done {
        return Refusal::of(&error).map(|refusal| Observed::refused(refusal, notices)).ok_or(error);
    }
    session.batch("SET LOCAL client_min_messages = notice")?;
    let held = Held::read(watcher, session.backend())?.without(&held);
    let after = Relations::read(session)?;
    let mut evidence = Evidence::new(statement, &relations, &after, notices);
    evidence.compare_counts(&counts, &work::counts(session)?);
    evidence.read_validated(session)?;
    Ok(Observed::of(&relations, &held, &evidence))
}

fn oid(row: &Row, n: usize) -> u32 {
    row.number(n).unwrap_or_default()
}
