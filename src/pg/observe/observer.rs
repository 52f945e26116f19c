//! Looks at one session while it runs one statement after the other, as whoever runs migrations sends them.
//!
//! The session is asked for nothing but its own counters, and what only its own transaction sees; all else another session looks at.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::Duration,
};

use super::{
    super::{Sandbox, Session, session::Refusal},
    Observed, ObservedRelation, Open, Seen, Watched,
    alone::Place,
    look,
    snapshot::{self, FIRST_USER_OID, Held, Relation, Relations},
};
use crate::{error::Error, sql::statement::RelationKind};

/// How long a statement that runs outside of any transaction may take.
const PATIENCE: Duration = Duration::from_hours(1);

/// How long to sleep while the server is still at work.
const PAUSE: Duration = Duration::from_micros(200);

/// How many tables others stand in the way of at the same time, each by a session of its own.
const MAX_OBSTACLES: usize = 20;

/// What a session is doing between two statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No transaction is open.
    Idle,
    /// A transaction is open.
    InTransaction,
    /// A transaction is open, and can only be rolled back.
    Aborted,
}

/// Who looks.
pub struct Observer<'o> {
    sandbox: &'o Sandbox,
    database: &'o str,
    watcher: Session,
    /// The relations that all see; `None` when they may have changed.
    committed: Option<Relations>,
    /// The relations that the open transaction sees; `None` when they may be others than it saw last.
    current: Option<Relations>,
    /// Whether all that the session does is looked at or told of, so that what was seen need not be asked for again.
    follows: bool,
    /// What the open transaction held and had counted when it was last looked at, if nothing happened since.
    last: Option<Seen>,
    /// Whether the open transaction was told to tell all.
    is_listening: bool,
    /// The bytes of each relation, by name, as far as they are known.
    sizes: BTreeMap<String, u64>,
}

/// The names and bytes of relations that have a file; a table's with its TOAST table.
const SIZES: &str = "SELECT n.nspname || '.' || c.relname, pg_catalog.pg_table_size(c.oid) \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'm', 'i')";

impl<'o> Observer<'o> {
    /// An observer of sessions in `database`.
    pub fn new(sandbox: &'o Sandbox, database: &'o str) -> Result<Self, Error> {
        let watcher = sandbox.connect(database)?;
        Ok(Self {
            sandbox,
            database,
            watcher,
            committed: None,
            current: None,
            follows: false,
            last: None,
            is_listening: false,
            sizes: BTreeMap::new(),
        })
    }

    /// What `session` is doing, as the server knows it.
    pub fn state(&self, session: &Session) -> Result<State, Error> {
        let question =
            format!("SELECT state FROM pg_catalog.pg_stat_activity WHERE pid = {}", session.backend());
        loop {
            let rows = self.watcher.rows(&question)?;
            return Ok(match rows.first().map(|it| it.text(0)) {
                Some("idle in transaction") => State::InTransaction,
                Some("idle in transaction (aborted)") => State::Aborted,
                // The client hears of a mistake before the server has cleared away what the statement left.
                Some("active") => {
                    thread::sleep(PAUSE);
                    continue;
                }
                _ => State::Idle,
            });
        }
    }

    /// To be told that a transaction is about to begin, after who knows what.
    pub fn begins(&mut self) {
        (self.committed, self.current) = (None, None);
        self.is_past();
    }

    /// To be told that something ran in the open transaction that was not observed.
    pub fn misses(&mut self, session: &dyn Watched) -> Result<(), Error> {
        self.is_past();
        self.current = Some(Relations::read(session)?);
        Ok(())
    }

    /// To be told that something ran that was not observed, and changed no relation.
    pub fn is_past(&mut self) {
        self.last = None;
        self.is_listening = false;
    }

    /// Begins a transaction of `session`, of which all is looked at or told from now on.
    pub fn begin(&mut self, session: &Session) -> Result<(), Error> {
        self.follows = true;
        // What the session counted before may have been handed in or not.
        let (relations, counters) = snapshot::begin(session)?;
        (self.committed, self.current) = (Some(relations), None);
        // A transaction begins with nothing held.
        self.last = Some(Seen { held: Held::default(), counters });
        self.is_listening = true;
        Ok(())
    }

    /// Runs `statement` in the open transaction of `session`.
    ///
    /// When the server refuses it, that is what was observed.
    pub fn in_transaction(&mut self, session: &dyn Watched, statement: &str) -> Result<Observed, Error> {
        let committed = match self.committed.take() {
            Some(known) => known,
            None => Relations::read(&self.watcher)?,
        };
        let relations = self.current.as_ref().unwrap_or(&committed);
        let place = Open {
            session,
            watcher: &self.watcher,
            relations,
            committed: &committed,
            last: self.last.take(),
            is_listening: self.is_listening,
            goes_on_listening: self.follows,
        };
        let (mut observed, after) = look(place, statement)?;
        self.committed = Some(committed);
        self.is_listening = self.follows;
        (self.current, self.last) =
            after.map_or((None, None), |(relations, seen)| (Some(relations), Some(seen)));
        if !self.follows {
            self.last = None;
        }
        self.compare_sizes(session, &mut observed)?;
        Ok(observed)
    }

    /// Reads how large each relation is. Waits for whoever has locked one.
    pub fn measure(&mut self) -> Result<(), Error> {
        let rows = self.watcher.rows(&format!(
            "{SIZES} AND c.oid >= {FIRST_USER_OID} AND n.nspname NOT IN ('pg_toast', 'information_schema')"
        ))?;
        self.sizes =
            rows.iter().map(|it| (it.text(0).to_owned(), it.number(1).unwrap_or_default())).collect();
        Ok(())
    }

    /// To be told that rows came in by a statement that was not observed.
    pub fn misses_rows(&mut self) {
        self.sizes.clear();
    }

    /// Adds how large the relations were on which there was work, and how large `session` sees them now.
    fn compare_sizes(&mut self, session: &dyn Watched, observed: &mut Observed) -> Result<(), Error> {
        let is_known = |it: &&mut ObservedRelation| !it.work.is_empty() && self.sizes.contains_key(&it.name);
        let mut worked_on: Vec<_> = observed.relations.iter_mut().filter(is_known).collect();
        if worked_on.is_empty() {
            return Ok(());
        }
        let names: Vec<String> =
            worked_on.iter().map(|it| format!("'{}'", it.name.replace('\'', "''"))).collect();
        let rows =
            session.rows(&format!("{SIZES} AND n.nspname || '.' || c.relname IN ({})", names.join(", ")))?;
        for row in &rows {
            let Some(relation) = worked_on.iter_mut().find(|it| it.name == row.text(0)) else { continue };
            let now = row.number(1).unwrap_or_default();
            let before = self.sizes.insert(relation.name.clone(), now);
            relation.bytes = before.map(|before| (before, now));
        }
        Ok(())
    }

    /// Runs `statement` in `session`, which has no open transaction. `tables` are names of those that it may lock.
    ///
    /// When the server refuses it, that is what was observed.
    pub fn alone(
        &mut self,
        session: &dyn Watched,
        statement: &str,
        tables: &BTreeSet<String>,
    ) -> Result<Observed, Error> {
        let tables: BTreeSet<&str> = tables.iter().take(MAX_OBSTACLES).map(String::as_str).collect();
        let place = Place {
            sandbox: self.sandbox,
            database: self.database,
            watcher: &self.watcher,
            patience: PATIENCE,
        };
        let mut observed =
            place.run(session, statement, &|relation| tables.contains(relation.name().as_str()))?;
        self.compare_sizes(session, &mut observed)?;
        Ok(observed)
    }

    /// The same, where nobody says which tables it may lock: all, or of many those that it names, and whose indexes it names.
    pub fn alone_anywhere(&mut self, session: &dyn Watched, statement: &str) -> Result<Observed, Error> {
        let relations = Relations::read(&self.watcher)?;
        let is_table =
            |it: &Relation| matches!(it.kind, Some(RelationKind::Table | RelationKind::PartitionedTable));
        let tables = || relations.iter().filter(|it| is_table(it.1));
        let text = statement.to_lowercase();
        let names = |it: &Relation| text.contains(&it.short_name.to_lowercase());
        let is_meant = |oid: u32, it: &Relation| {
            names(it) || relations.iter().any(|(_, index)| index.table == oid && names(index))
        };
        let is_few = tables().count() <= MAX_OBSTACLES;
        let tables =
            tables().filter(|(oid, it)| is_few || is_meant(*oid, it)).map(|it| it.1.name()).collect();
        self.alone(session, statement, &tables)
    }

    /// Whether the server can read all of a message; else what it says of it.
    pub fn reads(&self, message: &str) -> Result<Result<(), Refusal>, Error> {
        self.watcher.reads(message)
    }
}
