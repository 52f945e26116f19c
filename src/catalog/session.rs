//! The session that runs the history: its transaction, the locks it holds, and the settings in force.
//!
//! Only the catalog begins and ends transactions ([`Catalog::transaction`](super::Catalog::transaction)), since it must undo its own
//! changes with them. Sources: manual, SET, SAVEPOINT, and 13.3 Explicit Locking; `src/backend/utils/misc/guc.c`.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    locks::{Held, Locks},
    setting,
    store::Mark,
};
use crate::{
    effect::{Lock, Locked},
    sql::statement::{Ident, Name, Set},
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
    /// What RESET goes back to.
    defaults: Settings,
    /// Settings as they are now.
    settings: Settings,
    /// Settings as they will be after COMMIT: without SET LOCAL.
    after_commit: Settings,
    /// Derived from `search_path` whenever that changes.
    search_path: Vec<Ident>,
}

type Settings = Arc<FxHashMap<Ident, Vec<String>>>;

/// An open transaction.
#[derive(Clone, Debug)]
pub struct Open {
    /// Whether the runner opened it around the whole file, rather than a BEGIN.
    pub by_runner: bool,
    locks: Locks,
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
    n_locks: usize,
}

impl Default for Session {
    fn default() -> Self {
        Self::with_defaults([])
    }
}

impl Session {
    /// A session in which these settings are in force from outside: by the role, the database or the runner.
    pub fn with_defaults(defaults: impl IntoIterator<Item = (Ident, Vec<String>)>) -> Self {
        let defaults: Settings = Arc::new(defaults.into_iter().collect());
        let mut session = Self {
            file: 0,
            transaction: 0,
            open: None,
            settings: Arc::clone(&defaults),
            after_commit: Arc::clone(&defaults),
            defaults,
            search_path: Vec::new(),
        };
        session.read_search_path();
        session
    }

    /// The schemas in which an unqualified name is looked up, in order; `"$user"` and `pg_catalog` are left out.
    pub fn search_path(&self) -> &[Ident] {
        &self.search_path
    }

    /// The schema in which an unqualified new object is made.
    pub fn creation_schema(&self) -> Ident {
        self.search_path.first().cloned().unwrap_or(Ident::new_static("public"))
    }

    /// The values of a setting in force; `None` when neither the history nor the defaults set it.
    pub fn setting(&self, name: &str) -> Option<&[String]> {
        self.settings.get(name).map(Vec::as_slice)
    }

    /// The `lock_timeout` in force, in milliseconds; `None` when it waits for ever or is not set.
    pub fn lock_timeout_ms(&self) -> Option<u64> {
        self.timeout_ms("lock_timeout")
    }

    /// The `statement_timeout` in force, in milliseconds; `None` when there is none or it is not set.
    pub fn statement_timeout_ms(&self) -> Option<u64> {
        self.timeout_ms("statement_timeout")
    }

    fn timeout_ms(&self, name: &str) -> Option<u64> {
        let value = self.setting(name)?.first()?;
        setting::milliseconds(value).filter(|ms| *ms > 0)
    }

    /// The `TimeZone` that is set.
    pub fn time_zone(&self) -> Option<&str> {
        self.setting("timezone")?.first().map(String::as_str)
    }

    /// Whether the time zone's offset is always zero, as for UTC; `None` when it is not set.
    pub fn time_zone_is_utc(&self) -> Option<bool> {
        self.time_zone().map(setting::is_utc)
    }

    /// The role of `SET ROLE`.
    pub fn role(&self) -> Option<&str> {
        self.setting("role")?.first().map(String::as_str).filter(|role| *role != "none")
    }

    /// The locks held by the open transaction.
    pub fn held(&self) -> &[Held] {
        self.open.as_ref().map_or(&[], |it| it.locks.held())
    }

    /// The lock that the open transaction holds on a relation.
    pub fn lock_on(&self, name: &Name) -> Option<Lock> {
        self.open.as_ref().and_then(|it| it.locks.on(name))
    }

    /// Remembers that it was said of these relations that their locks are held through work.
    pub fn tell<'n>(&mut self, relations: impl Iterator<Item = &'n Name>) {
        if let Some(open) = &mut self.open {
            relations.for_each(|it| open.locks.tell(it));
        }
    }

    /// Holds the locks that a statement at `since` took, until the transaction ends. Without one they are gone already.
    pub fn hold(&mut self, locks: &[Locked], since: usize) {
        if let Some(open) = &mut self.open {
            for locked in locks {
                open.locks.hold(locked, since);
            }
        }
    }

    /// The lock on a relation that is renamed stays, under its new name.
    pub(super) fn rename_held(&mut self, from: &Name, to: &Name) {
        if let Some(open) = &mut self.open {
            open.locks.rename(from, to);
        }
    }

    /// SET; an empty list of values is `TO DEFAULT`. SET LOCAL does nothing outside a transaction.
    pub fn set(&mut self, set: &Set) {
        if set.local && self.open.is_none() {
            return;
        }
        let is_default = match set.values.as_slice() {
            [] => true,
            [value] if set.setting == "timezone" => {
                value.eq_ignore_ascii_case("local") || value.eq_ignore_ascii_case("default")
            }
            _ => false,
        };
        let values = if is_default { None } else { Some(set.values.clone()) };
        self.put(&set.setting, values, set.local);
    }

    /// `set_config`, whose value for a list is one string.
    pub fn set_config(&mut self, set: &Set) {
        match (set.setting.as_str(), set.values.as_slice()) {
            ("search_path", [value]) => {
                let values = setting::split_identifiers(value);
                self.set(&Set {
                    values: if values.is_empty() { vec![String::new()] } else { values },
                    ..set.clone()
                });
            }
            _ => self.set(set),
        }
    }

    /// RESET, of everything when `setting` is `None`.
    pub fn reset(&mut self, setting: Option<&Ident>) {
        if let Some(setting) = setting {
            self.put(setting, None, false);
        } else {
            // RESET ALL leaves the role as it is: it is flagged GUC_NO_RESET_ALL.
            let role = self.settings.get("role").cloned();
            self.settings = Arc::clone(&self.defaults);
            self.after_commit = Arc::clone(&self.defaults);
            self.put(&Ident::new_static("role"), role, false);
            self.read_search_path();
        }
    }

    /// SET ROLE and RESET ROLE.
    pub fn set_role(&mut self, role: Option<&Ident>) {
        self.put(&Ident::new_static("role"), role.map(|it| vec![it.to_string()]), false);
    }

    fn put(&mut self, name: &Ident, values: Option<Vec<String>>, local: bool) {
        let values = values.or_else(|| self.defaults.get(name).cloned());
        if !local {
            change(&mut self.after_commit, name, values.clone());
        }
        change(&mut self.settings, name, values);
        if name == "search_path" {
            self.read_search_path();
        }
    }

    fn read_search_path(&mut self) {
        self.search_path = match self.settings.get("search_path") {
            Some(schemas) => schemas
                .iter()
                .filter(|it| !matches!(it.as_str(), "$user" | "pg_catalog" | ""))
                .map(Ident::from)
                .collect(),
            None => vec![Ident::new_static("public")],
        };
    }

    fn restore(&mut self, settings: Settings, after_commit: Settings) {
        let is_same = Arc::ptr_eq(&self.settings, &settings);
        self.settings = settings;
        self.after_commit = after_commit;
        if !is_same {
            self.read_search_path();
        }
    }

    /// Puts a schema before all others, and returns what the path was. CREATE SCHEMA does so for its elements.
    pub(super) fn enter_schema(&mut self, schema: Ident) -> Vec<Ident> {
        let before = self.search_path.clone();
        self.search_path.insert(0, schema);
        before
    }

    pub(super) fn leave_schema(&mut self, search_path: Vec<Ident>) {
        self.search_path = search_path;
    }

    /// Ends the session and begins another: settings are as they are from outside.
    pub(super) fn reconnect(&mut self) {
        self.restore(Arc::clone(&self.defaults), Arc::clone(&self.defaults));
    }

    pub(super) fn begin(&mut self, mark: Mark, by_runner: bool) {
        self.open = Some(Open {
            by_runner,
            locks: Locks::default(),
            mark,
            settings: Arc::clone(&self.settings),
            savepoints: Vec::new(),
        });
    }

    pub(super) fn commit(&mut self) {
        self.open = None;
        self.transaction += 1;
        self.restore(Arc::clone(&self.after_commit), Arc::clone(&self.after_commit));
    }

    /// Undoes the settings, and says where the catalog must go back to.
    pub(super) fn rollback(&mut self) -> Option<Mark> {
        let open = self.open.take()?;
        self.transaction += 1;
        self.restore(Arc::clone(&open.settings), open.settings);
        Some(open.mark)
    }

    pub(super) fn savepoint(&mut self, name: Ident, mark: Mark) {
        if let Some(open) = &mut self.open {
            open.savepoints.push(Savepoint {
                name,
                mark,
                settings: Arc::clone(&self.settings),
                after_commit: Arc::clone(&self.after_commit),
                n_locks: open.locks.n_changes(),
            });
        }
    }

    pub(super) fn release(&mut self, name: &Ident) {
        if let Some(open) = &mut self.open
            && let Some(at) = open.savepoints.iter().rposition(|it| it.name == *name)
        {
            open.savepoints.truncate(at);
        }
    }

    /// Undoes settings and locks since the savepoint, which stays, and says where the catalog must go back to.
    pub(super) fn rollback_to(&mut self, name: &Ident) -> Option<Mark> {
        let open = self.open.as_mut()?;
        let at = open.savepoints.iter().rposition(|it| it.name == *name)?;
        open.savepoints.truncate(at + 1);
        let savepoint = open.savepoints.last()?.clone();
        open.locks.let_go_to(savepoint.n_locks);
        self.restore(savepoint.settings, savepoint.after_commit);
        Some(savepoint.mark)
    }
}

fn change(settings: &mut Settings, name: &Ident, values: Option<Vec<String>>) {
    if settings.get(name) == values.as_ref() {
        return;
    }
    let settings = Arc::make_mut(settings);
    match values {
        Some(values) => settings.insert(name.clone(), values),
        None => settings.remove(name),
    };
}
