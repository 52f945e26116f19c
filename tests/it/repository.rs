//! Real git repositories in temporary folders.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::cli::{Ran, in_world};

/// A repository that is gone after the test.
pub(crate) struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// One whose branch `main` has a commit with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        repository.git(&["init", "-q", "-b", "main"]);
        for (path, text) in files {
            repository.write(path, text);
        }
        repository.commit();
        repository
    }

    /// A path in it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Commits everything.
    pub(crate) fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "a commit"]);
    }

    /// Runs git, as a user whose settings change how differences look.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(self.folder.path(), args)
    }

    /// Runs `lockkeeper lint` on a path in it, with `concise` lines whose paths begin at the repository.
    pub(crate) fn lint(&self, path: &str, args: &[&str]) -> Ran {
        self.lint_in(path, args, &[])
    }

    /// Runs `lockkeeper lint` with these variables of the environment.
    pub(crate) fn lint_in(&self, path: &str, args: &[&str], environment: &[(&str, &str)]) -> Ran {
        let path = self.path(path).display().to_string();
        let args = [&["lint", &path, "--format", "concise"], args].concat();
        let mut ran = in_world(&args, b"", environment);
        let top = format!("{}/", self.folder.path().display());
        (ran.stdout, ran.stderr) = (ran.stdout.replace(&top, ""), ran.stderr.replace(&top, ""));
        ran
    }
}

/// Runs the real program in a folder, as a user does; the day is 2026-11-21.
pub(crate) fn in_folder(folder: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
    let output =
        command.current_dir(folder).env("SOURCE_DATE_EPOCH", "1795262400").args(args).output().unwrap();
    Ran {
        code: u8::try_from(output.status.code().unwrap()).unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs git in `folder`.
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let user = ["user.name=a", "user.email=a@example.org", "commit.gpgsign=false", "core.autocrlf=false"];
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(user.iter().flat_map(|it| ["-c", it]));
    let output = command.args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The `path:line rule` of each line of a `concise` report.
pub(crate) fn found(ran: &Ran) -> Vec<String> {
    assert!(ran.code < 2, "{}", ran.stderr);
    let found = |line: &str| {
        let (place, rest) = line.split_once(": ").unwrap();
        let (path, line) = place.rsplit_once(':').unwrap().0.rsplit_once(':').unwrap();
        let rule = rest.split_once('[').unwrap().1.split_once(']').unwrap().0;
        format!("{path}:{line} {rule}")
    };
    let is_finding = |line: &&str| !line.starts_with("no migration changed since ");
    ran.stdout.lines().filter(is_finding).map(found).collect()
}
