//! What a run made on servers that are not ours, to be removed however the run ends.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    super::{super::Address, dropping},
    clone::Clone,
    name::APPLICATION,
    server::open,
    signals,
};
use crate::error::Error;

/// All that a run made.
#[derive(Default)]
pub(super) struct Ours(Mutex<Vec<Made>>);

/// One thing that it made.
pub(super) enum Made {
    /// A database on a server.
    Database {
        /// Where we are connected while it is made and removed.
        home: Address,
        name: String,
    },
    /// A database that a command made.
    Clone(Clone),
}

impl Ours {
    /// What was made, for something more. Does not return once all is being removed.
    pub(super) fn to_add(&self) -> MutexGuard<'_, Vec<Made>> {
        loop {
            let made = self.made();
            if !signals::ends() {
                return made;
            }
            drop(made);
            signals::let_end();
        }
    }

    /// What was made. Who holds this is waited for before anything is removed.
    pub(super) fn made(&self) -> MutexGuard<'_, Vec<Made>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes all, the last first. Returns what could not be removed, and why.
    pub(super) fn end(&self) -> Vec<String> {
        let mut made = self.made();
        let mut problems = Vec::new();
        while let Some(last) = made.pop() {
            if let Err(error) = last.remove() {
                problems.push(error.to_string());
            }
        }
        problems
    }
}

impl Made {
    /// The name by which the run knows it.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Database { name, .. } => Some(name),
            Self::Clone(clone) => clone.alias.as_deref(),
        }
    }

    /// Removes it.
    pub(super) fn remove(self) -> Result<(), Error> {
        match self {
            Self::Database { home, name } => {
                let session = open(&home, false)?;
                session.batch(&dropping(&name)).or_else(|error| {
                    // Before 15 somebody may have been seen who is just leaving.
                    session.batch(&dropping(&name)).map_err(|_| error)
                })
            }
            Self::Clone(clone) => clone.remove(),
        }
    }
}

/// Ends the sessions of ours that are in the database of `address`.
pub(super) fn leave(address: &Address) -> Result<(), Error> {
    let session = open(address, false)?;
    session.rows(&format!(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = current_user \
         AND datname = pg_catalog.current_database() AND application_name = '{APPLICATION}' \
         AND pid <> pg_catalog.pg_backend_pid()"
    ))?;
    Ok(())
}
