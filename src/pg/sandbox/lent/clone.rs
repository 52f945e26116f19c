//! Clones: databases with a schema and rows, which a command of the user's makes, and another removes.

use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use super::{
    super::{
        super::Address,
        account::Account,
        folder::{self, unique},
    },
    name::APPLICATION,
    ours::leave,
    server::{Server, refused},
};
use crate::error::Error;

/// How clones are made and removed.
#[derive(Clone, Debug)]
pub struct Clones {
    /// The command that makes one, for `sh`; the last line that it prints is the clone's address.
    pub command: String,
    /// The command that removes it; `{url}` stands for that address.
    pub drop: Option<String>,
    /// What it is a clone of, if that is known: it must be another server.
    pub original: Option<Address>,
    /// The variables of the environment that say what the address leaves open.
    pub variables: Vec<(String, String)>,
}

/// The variable in which the command that removes a clone finds its address.
const URL: &str = "LOCKKEEPER_CLONE_URL";

/// How an error calls a clone whose address is not known.
const UNKNOWN: &str = "a clone";

impl Clones {
    /// Has a clone made.
    pub(super) fn make(&self) -> Result<Clone, Error> {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(&self.command).stdin(Stdio::null()).stdout(Stdio::piped());
        let output = command.spawn().and_then(std::process::Child::wait_with_output);
        let output = output.map_err(|error| refused(&UNKNOWN, format!("/bin/sh does not run: {error}")))?;
        if !output.status.success() {
            return Err(refused(&UNKNOWN, format!("the command of --clone-cmd failed ({})", output.status)));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let url = said.lines().rev().map(str::trim).find(|it| !it.is_empty()).unwrap_or_default();
        if url.is_empty() {
            return Err(refused(&UNKNOWN, "the command of --clone-cmd printed no address"));
        }
        let variable = |name: &str| self.variables.iter().find(|it| it.0 == name).map(|it| it.1.clone());
        let address = Address::parse(url, &variable)?;
        let journal = Journal::write(&address);
        Ok(Clone {
            alias: None,
            is_touched: false,
            address,
            url: url.to_owned(),
            drop: self.drop.clone(),
            journal,
        })
    }
}

impl Clones {
    /// Whether `server` is the one that clones are made of.
    pub(super) fn is_of(&self, server: &Server) -> Result<bool, Error> {
        let Some(original) = &self.original else { return Ok(false) };
        Ok(Server::read(&original.clone().named(APPLICATION))?.1.since == server.since)
    }
}

/// One clone.
pub(super) struct Clone {
    /// The name by which a run knows its database; `None` until one is given.
    pub(super) alias: Option<String>,
    /// Whether anything may have run there.
    pub(super) is_touched: bool,
    pub(super) address: Address,
    /// As the command printed it, which may hold a password.
    url: String,
    drop: Option<String>,
    journal: Option<Journal>,
}

impl Clone {
    /// Removes it, if it is known how.
    pub(super) fn remove(self) -> Result<(), Error> {
        let failed =
            |problem: String| refused(&self.address, format!("the clone was not removed: {problem}"));
        if let Some(command) = &self.drop {
            // Who is still connected may be in the command's way. It says so itself if it cannot do without.
            let _ = leave(&self.address);
            let command = command.replace("{url}", &format!("\"${URL}\""));
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(command).env(URL, &self.url).stdin(Stdio::null()).stdout(Stdio::null());
            let status = shell.status().map_err(|error| failed(format!("/bin/sh does not run: {error}")))?;
            if !status.success() {
                return Err(failed(format!("the command of --clone-drop-cmd failed ({status})")));
            }
        }
        if let Some(journal) = self.journal {
            journal.remove();
        }
        Ok(())
    }
}

/// A file that tells a later run of a clone, and that we hold locked while we live.
struct Journal {
    path: PathBuf,
    _owner: File,
}

impl Journal {
    /// `None` where no file can be kept: then nobody tells of what a killed run leaves.
    fn write(address: &Address) -> Option<Self> {
        let home = home()?;
        fs::create_dir_all(&home).ok()?;
        let path = home.join(unique());
        let mut owner = File::create(&path).ok()?;
        owner.lock().ok()?;
        writeln!(owner, "{address}").ok()?;
        Some(Self { path, _owner: owner })
    }

    fn remove(self) {
        // It only tells of what is no longer there.
        let _ = fs::remove_file(&self.path);
    }
}

fn home() -> Option<PathBuf> {
    let account = Account::choose().ok()?;
    Some(folder::cache(account).ok()?.join("clones"))
}

/// Tells, once, of the clones that runs left when they were killed.
pub(super) fn left() -> Vec<String> {
    let entries = home().and_then(|it| fs::read_dir(it).ok()).into_iter().flatten().flatten();
    let mut said = Vec::new();
    for path in entries.map(|it| it.path()) {
        let is_left = File::open(&path).is_ok_and(|it| it.try_lock().is_ok());
        if is_left && let Ok(text) = fs::read_to_string(&path) {
            let _ = fs::remove_file(&path);
            if let Some(address) = text.lines().next() {
                said.push(format!("a run that was killed may have left its clone: {address}"));
            }
        }
    }
    said
}
