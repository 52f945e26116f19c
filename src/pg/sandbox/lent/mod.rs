//! A sandbox on a server that somebody else runs: new databases that are dropped at the end, or clones that a command makes.
//!
//! Nothing else there is touched. What a run makes is on a list before it is made, and is removed however the run ends, also by a
//! signal; what a killed run leaves on a server is known by its name and its comment, and the next run drops it once nobody is there.
//! A run that lives holds an advisory lock, which shows in `pg_locks` of the whole server.
//!
//! Refused is a server on which that cannot be kept: a standby, one behind a pooler, another version, a database that others are in.

mod clone;
mod left;
mod name;
mod ours;
mod server;
mod signals;

use std::{fmt, sync::Arc};

pub use clone::Clones;

use self::{
    name::{APPLICATION, LOCK_CLASS, MARK, Tag},
    ours::{Made, Ours, leave},
    server::{Server, open, refused},
};
use super::{
    super::{Address, Session},
    copying, quoted,
};
use crate::error::Error;

/// What is lent.
#[derive(Clone, Debug)]
pub enum Loan {
    /// A server, for new databases on it.
    Server(Address),
    /// A database itself, of a server that is marked as disposable.
    InPlace(Address),
    /// Clones that a command makes.
    Clones(Clones),
}

/// The part of a server that was lent.
pub struct Lent {
    server: Server,
    tag: Tag,
    /// Where we are connected all the time, which databases are made from.
    home: Address,
    /// Holds the lock that says that we live.
    keeper: Session,
    /// The first clone; in place, the database itself.
    given: Option<Given>,
    ours: Arc<Ours>,
    said: Vec<String>,
}

/// Where the schema is already.
enum Given {
    InPlace,
    Clones(Box<Clones>),
}

impl Lent {
    pub(super) fn take(loan: &Loan) -> Result<Self, Error> {
        let ours = Arc::new(Ours::default());
        signals::watch(&ours)?;
        let taken = Self::begin(loan, &ours);
        if taken.is_err() {
            ours.end();
            signals::let_end();
        }
        taken
    }

    fn begin(loan: &Loan, ours: &Arc<Ours>) -> Result<Self, Error> {
        let (home, given) = match loan {
            Loan::Server(address) => (address.clone(), None),
            Loan::InPlace(address) => (address.clone(), Some(Given::InPlace)),
            Loan::Clones(clones) => {
                let mut made = ours.to_add();
                let clone = clones.make()?;
                let address = clone.address.clone();
                made.push(Made::Clone(clone));
                (address, Some(Given::Clones(Box::new(clones.clone()))))
            }
        };
        let home = home.named(APPLICATION);
        let (keeper, server) = Server::read(&home)?;
        match &given {
            None if !server.can_create => {
                let role = &server.role;
                let problem = format!("{role} may not make databases; ALTER ROLE {} CREATEDB", quoted(role));
                return Err(refused(&home, problem));
            }
            None => {}
            Some(given) => given.check(&home, &server)?,
        }
        let tag = Tag::new();
        keeper.rows(&format!("SELECT pg_catalog.pg_advisory_lock({LOCK_CLASS}, {})", tag.signed_key()))?;
        let mut said = vec![match &given {
            None => format!("run in new databases of {home}, which are dropped at the end"),
            Some(Given::InPlace) => format!("run in {home} itself, which is marked as disposable"),
            Some(Given::Clones(clones)) if clones.drop.is_some() => {
                format!("run in a clone, {home}, removed at the end")
            }
            Some(Given::Clones(_)) => {
                format!("run in a clone, {home}, which stays: --clone-drop-cmd says how to remove it")
            }
        }];
        said.push("what is written to the WAL is counted for the whole server".to_owned());
        if !server.is_superuser {
            let role = &server.role;
            said.push(format!(
                "{role} is no superuser: what runs outside of transactions is not compared with the prediction, \
                 temporary files are not counted, and triggers see the rows of --rows"
            ));
        }
        if given.is_some() && !server.copies_soon() {
            let role = &server.role;
            said.push(format!(
                "ways back and second tries are left out: {role} may not make databases to copy this one to, or it is larger than 1 GB"
            ));
        }
        said.extend(left::sweep(&keeper)?);
        said.extend(clone::left());
        Ok(Self { server, tag, home, keeper, given, ours: Arc::clone(ours), said })
    }

    pub(super) fn major(&self) -> u16 {
        self.server.major
    }

    pub(super) fn version(&self) -> &str {
        &self.server.version
    }

    pub(super) fn is_disposable(&self) -> bool {
        self.server.is_disposable
    }

    pub(super) fn is_superuser(&self) -> bool {
        self.server.is_superuser
    }

    pub(super) fn has_schema(&self) -> bool {
        self.given.is_some()
    }

    pub(super) fn home(&self) -> &str {
        self.home.database()
    }

    pub(super) fn database(&self, n: usize) -> String {
        self.tag.database(n)
    }

    /// What is to be said of it, one line each.
    pub fn said(&self) -> &[String] {
        &self.said
    }

    pub(super) fn connect(&self, database: &str) -> Result<Session, Error> {
        if let Some(Made::Clone(clone)) = self.ours.made().iter_mut().find(|it| it.name() == Some(database)) {
            clone.is_touched = true;
        }
        open(&self.address_of(database), self.server.is_superuser)
    }

    /// Where the database is that a run knows by this name.
    fn address_of(&self, name: &str) -> Address {
        let made = self.ours.made();
        match made.iter().find(|it| it.name() == Some(name)) {
            Some(Made::Clone(clone)) => clone.address.clone(),
            Some(Made::Database { home, name }) => home.to_database(name),
            None if matches!(self.given, Some(Given::InPlace)) => self.home.clone(),
            None => self.home.to_database(name),
        }
    }

    /// Makes an empty database, or gives the name to a clone.
    pub(super) fn create(&self, name: &str) -> Result<(), Error> {
        match &self.given {
            // Nobody can have put anything into this template.
            None => self.make(&self.home, name, "template0"),
            Some(Given::InPlace) if name == self.tag.database(0) => Ok(()),
            Some(Given::InPlace) => {
                Err(refused(&self.home, "there are several histories, and one database; judge one at a time"))
            }
            Some(Given::Clones(clones)) => self.give(clones, name),
        }
    }

    pub(super) fn copy(&self, from: &str, name: &str) -> Result<(), Error> {
        let (home, is_clone, is_touched) = match self.ours.made().iter().find(|it| it.name() == Some(from)) {
            Some(Made::Database { home, .. }) => (home.clone(), false, true),
            Some(Made::Clone(clone)) => (clone.address.clone(), true, clone.is_touched),
            None => (self.home.clone(), self.given.is_some(), true),
        };
        let from = if is_clone { home.database().to_owned() } else { from.to_owned() };
        match &self.given {
            // A new clone is as the first one was before anything ran there.
            Some(Given::Clones(clones)) if !is_touched && !self.server.copies_soon() => {
                self.give(clones, name)
            }
            Some(_) if is_clone && !self.server.can_create => {
                let problem =
                    format!("a copy of it is needed, and {} may not make databases", self.server.role);
                Err(refused(&home, problem))
            }
            _ => self.make(&home, name, &from),
        }
    }

    /// Whether databases can be copied at will, also those in which something ran.
    pub(super) fn can_copy(&self) -> bool {
        self.given.is_none() || self.server.copies_soon()
    }

    /// Makes a database at `home`, and marks it.
    fn make(&self, home: &Address, name: &str, template: &str) -> Result<(), Error> {
        let mut made = self.ours.to_add();
        made.push(Made::Database { home: home.clone(), name: name.to_owned() });
        // Nobody else may be connected to what is copied, so the keeper must do it where it is.
        let other = (home.to_string() != self.home.to_string()).then(|| open(home, false)).transpose()?;
        let session = other.as_ref().unwrap_or(&self.keeper);
        session.batch(&copying(template, name))?;
        let rows = session.rows(
            "SELECT current_user || ' at ' || pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')",
        )?;
        let who = rows.first().map(|it| it.text(0).replace('\'', "''")).unwrap_or_default();
        let machine = rustix::system::uname().nodename().to_string_lossy().replace('\'', "''");
        let process = std::process::id();
        session.batch(&format!(
            "COMMENT ON DATABASE {} IS '{MARK}made by {who} UTC, from process {process} of {machine}; dropped at the end of that run'",
            quoted(name)
        ))
    }

    /// Gives the name to the first clone, or to a new one.
    fn give(&self, clones: &Clones, name: &str) -> Result<(), Error> {
        let mut made = self.ours.to_add();
        let free = made.iter_mut().find_map(|it| match it {
            Made::Clone(clone) if clone.alias.is_none() => Some(clone),
            _ => None,
        });
        if let Some(clone) = free {
            clone.alias = Some(name.to_owned());
            return Ok(());
        }
        let mut clone = clones.make()?;
        clone.alias = Some(name.to_owned());
        let address = clone.address.clone().named(APPLICATION);
        made.push(Made::Clone(clone));
        drop(made);
        let (_, server) = Server::read(&address)?;
        if address.to_string() == self.home.to_string() {
            return Err(refused(&address, "the command of --clone-cmd gave the same database twice"));
        }
        Given::Clones(Box::new(clones.clone())).check(&address, &server)
    }

    /// Removes a database that we made. One that was there before only loses our sessions.
    pub(super) fn drop_database(&self, name: &str) -> Result<(), Error> {
        let mut made = self.ours.made();
        let found = made.iter().position(|it| it.name() == Some(name));
        if let Some(n) = found {
            // What everything else is made from stays to the end.
            if let Some(Made::Clone(clone)) = made.get(n)
                && clone.address.to_string() == self.home.to_string()
            {
                return leave(&self.home);
            }
            return made.remove(n).remove();
        }
        if self.given.is_some() && name == self.tag.database(0) { leave(&self.home) } else { Ok(()) }
    }

    /// Removes all that was made.
    pub(super) fn end(self) -> Result<(), Error> {
        let problems = self.ours.end();
        signals::let_end();
        if problems.is_empty() { Ok(()) } else { Err(refused(&self.home, problems.join("; "))) }
    }
}

impl Given {
    /// Refuses a database that others use, or that is not what it should be.
    fn check(&self, address: &Address, server: &Server) -> Result<(), Error> {
        let n = server.n_others;
        if n > 0 {
            return Err(refused(address, format!("{n} other sessions are in this database")));
        }
        match self {
            Self::InPlace if !server.is_disposable => {
                let mark =
                    format!("ALTER DATABASE {} SET lockkeeper.disposable = 'on'", quoted(address.database()));
                Err(refused(
                    address,
                    format!("the database is not marked as one of which nothing is worth keeping ({mark})"),
                ))
            }
            Self::Clones(clones) if clones.is_of(server)? => {
                Err(refused(address, "the clone is on the server of --url, which it must not be"))
            }
            Self::InPlace | Self::Clones(_) => Ok(()),
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Who wants to hear of what stays calls `end`.
        self.ours.end();
        signals::let_end();
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lent({})", self.home)
    }
}
