//! The session that runs the history: its transaction, the locks it holds, and the settings in force.

use rustc_hash::FxHashMap;

use super::store::Mark;
use crate::{
    effect::{Lock, Relation},
    sql::statement::Ident,
};

/// The state of the one session that runs everything.
#[derive(Clone, Debug)]
pub struct Session {
    /// The number of the file that is being run.
    pub file: u32,
    /// The number of the transaction that is open, or that the next statement will be.
    pub transaction: u32,
    /// The transaction that is open, if one is.
    pub open: Option<Open>,
    /// Settings as they are now.
    settings: Settings,
    /// Settings as they will be after COMMIT: without SET LOCAL.
    after_commit: Settings,
    /// Derived from `search_path` whenever that changes.
    search_path: Vec<Ident>,
}

type Settings = FxHashMap<Ident, Vec<String>>;

/// An open transaction.
#[derive(Clone, Debug)]
pub struct Open {
    /// Whether the runner opened it around the whole file, rather than a BEGIN.
    pub by_runner: bool,
    /// The locks held so far, in order of being taken, each relation once with its strongest mode.
    pub held: Vec<Held>,
    /// Where ROLLBACK goes back to.
    mark: Mark,
    settings: Settings,
    savepoints: Vec<Savepoint>,
}

#[derive(Clone, Debug)]
struct Savepoint {
    name: Ident,
    mark: Mark,
    settings: Settings,
    after_commit: Settings,
    n_held: usize,
}

/// A lock held until COMMIT.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The relation.
    pub relation: Relation,
    /// The mode.
    pub lock: Lock,
    /// The place of the statement that took it: the byte offset of its start in the file.
    pub since: usize,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            file: 0,
            transaction: 0,
            open: None,
            settings: Settings::default(),
            after_commit: Settings::default(),
            search_path: vec![Ident::new_static("public")],
        }
    }
}

impl Session {
    /// The schemas in which an unqualified name is looked up, in order; `"$user"` and `pg_catalog` are left out.
    pub fn search_path(&self) -> &[Ident] {
        &self.search_path
    }

    /// The schema in which an unqualified new object is made.
    pub fn creation_schema(&self) -> Ident {
        self.search_path.first().cloned().unwrap_or(Ident::new_static("public"))
    }

    /// The values of a setting that the history set; `None` when it did not.
    pub fn setting(&self, name: &str) -> Option<&[String]> {
        self.settings.get(name).map(Vec::as_slice)
    }
}
