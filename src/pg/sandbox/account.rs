//! Whom the server runs as: PostgreSQL refuses to run as root, and what a migration does must not be done as root either.

use std::{
    fmt, fs, io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

/// A user and its group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
    /// The user as whom the server runs, if that is somebody else than we are.
    switches_to: Option<&'static str>,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.switches_to {
            None => write!(f, "this user ({})", self.uid),
            Some(name) => write!(f, "{name} ({}), as PostgreSQL does not run as root", self.uid),
        }
    }
}

impl Account {
    /// Ourselves; when we are root, `nobody` or, where there is none, `postgres`.
    ///
    /// `nobody` comes first: on a machine with a real server, `postgres` owns that server's files.
    pub(super) fn choose() -> Result<Self, String> {
        let uid = rustix::process::geteuid().as_raw();
        if uid != 0 {
            return Ok(Self { uid, gid: rustix::process::getegid().as_raw(), switches_to: None });
        }
        let numbers = ["nobody", "postgres"].into_iter().find_map(|it| Some((it, numbers_of(it)?)));
        let (name, (uid, gid)) = numbers.ok_or(
            "PostgreSQL does not run as root, and there is neither a user nobody nor a user postgres to run it as; \
             run lockkeeper as another user",
        )?;
        Ok(Self { uid, gid, switches_to: Some(name) })
    }

    /// The user's number.
    pub(super) fn uid(self) -> u32 {
        self.uid
    }

    /// A command that runs as this account, with nothing of our environment but what says where things are.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(["PATH", "TMPDIR"].map(|name| (name, std::env::var_os(name).unwrap_or_default())));
        command.env("LC_ALL", "C").env("TZ", "UTC").current_dir("/");
        if self.switches_to.is_some() {
            // The standard library also drops the supplementary groups.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Makes `path` this account's own.
    pub(super) fn own(self, path: &Path) -> io::Result<()> {
        if self.switches_to.is_some() { chown(path, Some(self.uid), Some(self.gid)) } else { Ok(()) }
    }

    /// Whether this account may enter `directory`: it may pass every directory above, and that one.
    pub(super) fn can_enter(self, directory: &Path) -> bool {
        self.switches_to.is_none()
            || directory.ancestors().all(|above| match fs::metadata(above) {
                Ok(it) if it.uid() == self.uid => it.mode() & 0o100 != 0,
                Ok(it) => it.mode() & 0o001 != 0,
                // It is made later, by us.
                Err(error) => error.kind() == io::ErrorKind::NotFound,
            })
    }
}

/// Reads user and group from the password file, or from where `getent` finds them.
fn numbers_of(name: &str) -> Option<(u32, u32)> {
    let file = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let asked = || {
        let output = Command::new("getent").args(["passwd", name]).output().ok()?;
        numbers_in(&String::from_utf8_lossy(&output.stdout), name)
    };
    numbers_in(&file, name).or_else(asked)
}

fn numbers_in(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        Some((uid, fields.next()?.parse().ok()?))
    })
}
