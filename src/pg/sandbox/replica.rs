//! A replica of a throwaway server: a copy of its files that streams what it writes from then on.
//!
//! Source: <https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP>.

use std::{fs, path::Path};

use super::{Kind, Sandbox, account::Account, folder::Private, process::Process, settings, template::run};
use crate::error::Error;

/// How often the files are copied: some are temporary, and one that goes meanwhile makes a copy fail.
const N_TRIES: usize = 5;

impl Sandbox {
    /// Starts a replica of this server. It ends when it is dropped; drop it before the server.
    pub fn replica(&self) -> Result<Self, Error> {
        self.try_replica().map_err(|problem| Error::Sandbox { major: self.major, problem })
    }

    fn try_replica(&self) -> Result<Self, String> {
        let Kind::Own(own) = &self.kind else { return Err("of a server that is not ours".to_owned()) };
        let account = Account::choose()?;
        let directory = Private::make(account)?;
        let process = Process::start(&directory.path, account, &own.binaries, |data| {
            self.copy(data, account)?;
            let primary = format!("host={} user=postgres", own.directory.path.display());
            let further = [("primary_conninfo".to_owned(), primary)];
            Ok(settings(&own.options).into_iter().chain(further).collect())
        })?;
        Ok(Self::own(self.major, own.binaries.clone(), own.options.clone(), process, directory))
    }

    /// Copies the files of this server to `data`, as a backup that a standby begins with.
    fn copy(&self, data: &Path, account: Account) -> Result<(), String> {
        let session = self.connect("postgres").map_err(|it| it.to_string())?;
        let (start, stop) = if self.major < 15 {
            ("pg_start_backup('replica', true, false)", "pg_stop_backup(false)")
        } else {
            ("pg_backup_start('replica', true)", "pg_backup_stop()")
        };
        session.batch(&format!("SELECT {start}")).map_err(|it| it.to_string())?;
        let from = self.data_folder();
        let mut copied = Ok(());
        for _ in 0..N_TRIES {
            copied = run(account.command(Path::new("cp")).arg("-R").arg(&from).arg(data));
            if copied.is_ok() {
                break;
            }
            let _ = fs::remove_dir_all(data);
        }
        copied?;
        let label = session.rows(&format!("SELECT labelfile FROM {stop}")).map_err(|it| it.to_string())?;
        let label = label.first().map(|it| it.text(0).to_owned()).unwrap_or_default();
        for (name, text) in [("backup_label", label.as_str()), ("standby.signal", "")] {
            let path = data.join(name);
            let written = fs::write(&path, text).and_then(|()| account.own(&path));
            written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
        let lock = data.join("postmaster.pid");
        fs::remove_file(&lock).map_err(|error| format!("cannot remove {}: {error}", lock.display()))
    }
}
