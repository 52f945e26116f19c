//! What git knows, asked of the user's own `git`.
//!
//! Paths are always relative to the top of the work tree, as bytes between zeros, so that every name passes; what the user set for
//! how git shows differences has no say.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{error::Error, lint::Lines};

/// A work tree.
pub(super) struct Repository {
    /// Its topmost folder, without symbolic links.
    pub(super) root: PathBuf,
}

/// How a file differs from what it was in some commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// It was not there.
    New,
    /// It was there, as `from`, with another text.
    Edited { from: PathBuf },
    /// It is gone.
    Deleted,
}

impl Repository {
    /// The work tree that `folder` is in.
    pub(super) fn of(folder: &Path) -> Result<Self, Error> {
        let mut command = command(folder);
        // A hook may set these for its own folder; where the files are decides here.
        command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").args(["rev-parse", "--show-toplevel"]);
        let top = match run(command)? {
            Answer::Yes(top) => path_of(top.trim_ascii_end()),
            Answer::No(said) if said.contains("not a git repository") => {
                let problem = format!("{} is in none", folder.display());
                return Err(git("--since needs a git repository", problem));
            }
            Answer::No(said) => return Err(git("git cannot tell the repository of the files", said)),
        };
        let root = fs::canonicalize(&top).map_err(|source| Error::Read { path: top, source })?;
        Ok(Self { root })
    }

    /// The full name of the commit that `reference` means; `None` if there is none.
    pub(super) fn commit(&self, reference: &str) -> Result<Option<String>, Error> {
        if reference.starts_with('-') {
            // git would take it for an option.
            return Ok(None);
        }
        let commit = format!("{reference}^{{commit}}");
        Ok(match self.ask(&["rev-parse", "--verify", "--quiet", &commit])? {
            Answer::Yes(name) => Some(text_of(&name)),
            Answer::No(_) => None,
        })
    }

    /// Where HEAD left the history of `commit`; `None` if nothing says so.
    pub(super) fn merge_base(&self, commit: &str) -> Result<Option<String>, Error> {
        Ok(match self.ask(&["merge-base", commit, "HEAD"])? {
            Answer::Yes(name) => Some(text_of(&name)),
            Answer::No(said) if said.is_empty() => None,
            Answer::No(said) => return Err(git("git finds no merge base", said)),
        })
    }

    /// Whether commits are missing that a full clone would have.
    pub(super) fn is_shallow(&self) -> Result<bool, Error> {
        let answer = self.ask(&["rev-parse", "--is-shallow-repository"])?;
        Ok(matches!(answer, Answer::Yes(said) if text_of(&said) == "true"))
    }

    /// Every file that is not what it was in the commit `base`, whether that is committed, staged, neither or not even known to git.
    pub(super) fn changes(&self, base: &str) -> Result<Vec<(PathBuf, Status)>, Error> {
        let listed =
            self.told(&["diff", "--name-status", "-z", "-M", "--no-ext-diff", "--no-relative", base, "--"])?;
        let mut changes = Vec::new();
        let mut parts = listed.split(|it| *it == 0).filter(|it| !it.is_empty());
        while let (Some(status), Some(path)) = (parts.next(), parts.next()) {
            let path = path_of(path);
            match status.first() {
                Some(b'A') => changes.push((path, Status::New)),
                Some(b'D') => changes.push((path, Status::Deleted)),
                Some(b'R') => {
                    let to = path_of(parts.next().unwrap_or_default());
                    // The number is how much of it is the same, in per cent.
                    if status == b"R100" {
                        continue;
                    }
                    if name_of(&to) == name_of(&path) {
                        changes.push((to, Status::Edited { from: path }));
                    } else {
                        // With another name and another text a runner takes it for another migration.
                        changes.extend([(path, Status::Deleted), (to, Status::New)]);
                    }
                }
                // Changed, became or was a link, or in the middle of a merge.
                _ => changes.push((path.clone(), Status::Edited { from: path })),
            }
        }
        let unknown = self.told(&["ls-files", "--others", "--exclude-standard", "--full-name", "-z"])?;
        let unknown = unknown.split(|it| *it == 0).filter(|it| !it.is_empty());
        changes.extend(unknown.map(|it| (path_of(it), Status::New)));
        Ok(changes)
    }

    /// The lines of `to` that are not as they were in `from` in the commit `base`.
    pub(super) fn changed_lines(&self, base: &str, from: &Path, to: &Path) -> Result<Vec<Lines>, Error> {
        let mut command = self.command();
        command.args(["--literal-pathspecs", "diff", "-U0", "--inter-hunk-context=0", "-M", "--text"]);
        command.args(["--no-color", "--no-ext-diff", "--no-textconv", "--no-relative", base, "--"]);
        command.arg(from).arg(to);
        let diff = said_by(command)?;
        // Every line of the files' own begins with a sign.
        let hunks = diff.split(|it| *it == b'\n').filter_map(|it| it.strip_prefix(b"@@ "));
        Ok(hunks
            .filter_map(|it| lines_of(str::from_utf8(it.split(|it| *it == b'@').next()?).ok()?))
            .collect())
    }

    /// What a file said in the commit `base`.
    pub(super) fn text(&self, base: &str, path: &Path) -> Result<Vec<u8>, Error> {
        let mut name = std::ffi::OsString::from(format!("{base}:"));
        name.push(with_slashes(path));
        let mut command = self.command();
        command.args(["cat-file", "blob"]).arg(name);
        said_by(command)
    }

    fn command(&self) -> Command {
        let mut command = command(&self.root);
        command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
        command
    }

    fn ask(&self, args: &[&str]) -> Result<Answer, Error> {
        let mut command = self.command();
        command.args(args);
        run(command)
    }

    fn told(&self, args: &[&str]) -> Result<Vec<u8>, Error> {
        let mut command = self.command();
        command.args(args);
        said_by(command)
    }
}

/// What follows `+` in `-7,2 +8,0`: which lines are there now.
fn lines_of(hunk: &str) -> Option<Lines> {
    let now = hunk.split_whitespace().find_map(|it| it.strip_prefix('+'))?;
    let (first, n) = now.split_once(',').unwrap_or((now, "1"));
    let (first, n): (u32, u32) = (first.parse().ok()?, n.parse().ok()?);
    Some(match n {
        // Nothing is there now: it was after this line.
        0 => Lines { first: first + 1, last: first },
        n => Lines { first, last: first + n - 1 },
    })
}

/// What git said.
enum Answer {
    /// To standard output.
    Yes(Vec<u8>),
    /// To standard error, when it failed.
    No(String),
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    // Messages are looked at; and nothing that a user's editor has open is to be locked.
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").arg("-C").arg(folder);
    command
}

fn run(mut command: Command) -> Result<Answer, Error> {
    let output = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            git("--since asks git", "there is no `git` in PATH: install it".to_owned())
        }
        _ => git("--since asks git", format!("it does not start: {error}")),
    })?;
    Ok(if output.status.success() {
        Answer::Yes(output.stdout)
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Answer::No(said.trim().trim_start_matches("fatal: ").to_owned())
    })
}

/// What git said; that it failed is an error.
fn said_by(command: Command) -> Result<Vec<u8>, Error> {
    let attempted = command.get_args().skip(2).map(|it| it.to_string_lossy().into_owned());
    let attempted = attempted.collect::<Vec<_>>().join(" ");
    match run(command)? {
        Answer::Yes(said) => Ok(said),
        Answer::No(said) => Err(git(&format!("git {attempted}"), said)),
    }
}

fn git(attempted: &str, problem: String) -> Error {
    Error::Git { attempted: attempted.to_owned(), problem }
}

/// What a runner knows a migration by: its file's name, or, where all have the same one, also its folder's.
fn name_of(path: &Path) -> (Option<&std::ffi::OsStr>, Option<&std::ffi::OsStr>) {
    let name = path.file_name();
    let is_numbered = name.is_some_and(|it| it.as_encoded_bytes().iter().any(u8::is_ascii_digit));
    let folder = path.parent().and_then(Path::file_name);
    (name, folder.filter(|_| !is_numbered))
}

fn text_of(said: &[u8]) -> String {
    String::from_utf8_lossy(said).trim().to_owned()
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// As git writes it on every system.
fn with_slashes(path: &Path) -> std::ffi::OsString {
    let mut name = std::ffi::OsString::new();
    for (n, part) in path.components().enumerate() {
        if n > 0 {
            name.push("/");
        }
        name.push(part);
    }
    name
}
