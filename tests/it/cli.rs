//! Whole runs. Each folder of `fixtures/lint` is a case: its `session.txt` holds command lines and what they print.
//!
//! A line `$ lockkeeper …` is run in this process, from the repository's root; `< FILE` gives it standard input. What follows is its
//! standard output, then its standard error with `! ` before each line, then its exit code. `UPDATE_EXPECT=1` writes what follows.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use lockkeeper::cli::{World, run};

use crate::expect::expect_file;

/// What a run left.
pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `lockkeeper` with these arguments.
pub(crate) fn lockkeeper(args: &[&str]) -> Ran {
    with_stdin(args, b"")
}

fn with_stdin(args: &[&str], stdin: &[u8]) -> Ran {
    in_world(args, stdin, &[])
}

/// Runs `lockkeeper` with these arguments, standard input and variables of the environment.
pub(crate) fn in_world(args: &[&str], stdin: &[u8], environment: &[(&str, &str)]) -> Ran {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let code = run(World {
        args: ["lockkeeper"].iter().chain(args).map(Into::into).collect(),
        stdin: Box::new(stdin),
        stdout: Box::new(&mut stdout),
        stderr: Box::new(&mut stderr),
        is_watched: false,
        styled: false,
        environment: environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
    });
    Ran { code, stdout: String::from_utf8(stdout).unwrap(), stderr: String::from_utf8(stderr).unwrap() }
}

/// The day of all sessions: 2026-11-21.
const TODAY: (&str, &str) = ("SOURCE_DATE_EPOCH", "1795219200");

/// Runs every command of a session and returns the session as it should be.
fn replayed(session: &str) -> String {
    let mut out = String::new();
    for command in session.lines().filter_map(|it| it.strip_prefix("$ lockkeeper ")) {
        let (args, stdin) = command.split_once(" < ").map_or((command, None), |(a, b)| (a, Some(b)));
        let stdin = stdin.map(|it| fs::read(it).unwrap()).unwrap_or_default();
        let args: Vec<&str> = args.split(' ').collect();
        let ran = in_world(&args, &stdin, &[TODAY]);
        out.extend(["$ lockkeeper ", command, "\n", &ran.stdout]);
        out.extend(ran.stderr.lines().map(|it| format!("! {it}\n")));
        out.extend([format!("exit {}\n\n", ran.code)]);
    }
    out
}

#[test]
fn every_session_prints_what_it_did() {
    let mut folders: Vec<_> = fs::read_dir("fixtures/lint").unwrap().map(|it| it.unwrap().path()).collect();
    folders.sort();
    assert!(!folders.is_empty());
    for folder in folders {
        let path = folder.join("session.txt");
        let session = fs::read_to_string(&path).unwrap();
        expect_file(&path, &replayed(&session));
    }
}

/// Takes the first bytes, then is closed.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    for args in [&["lint", "fixtures/shop"][..], &["rules"], &["config"]] {
        let mut stderr = Vec::new();
        let code = run(World {
            args: ["lockkeeper"].iter().chain(args).map(Into::into).collect(),
            stdin: Box::new(io::empty()),
            stdout: Box::new(Closed),
            stderr: Box::new(&mut stderr),
            is_watched: false,
            styled: false,
            environment: Vec::new(),
        });
        assert!(code < 2, "{args:?}: {code}");
        assert!(stderr.is_empty(), "{}", String::from_utf8_lossy(&stderr));
    }
}

#[test]
fn a_report_file_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("out.json");
    let to_file = format!("json={}", report.display());
    let ran = lockkeeper(&["lint", "fixtures/shop", "--format", &to_file, "--format", "concise"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), ran.stdout.lines().count());
    assert_eq!(names(folder.path()), ["out.json"], "nothing temporary is left");

    let nowhere = format!("json={}", folder.path().join("none/out.json").display());
    let ran = lockkeeper(&["lint", "fixtures/shop", "--format", &nowhere]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.starts_with("error: cannot write "), "{}", ran.stderr);
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_is_reported_and_read() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"7_caf\xe9.sql"));
    fs::write(&path, "DROP TABLE orders;\n").unwrap();
    let ran = lockkeeper(&["lint", &folder.path().display().to_string(), "--format", "concise"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("7_caf\u{fffd}.sql:1:1: error["), "{}", ran.stdout);
}

#[test]
fn the_configuration_of_the_repository_is_not_looked_for_above_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("lockkeeper.toml", "postgres = 13\n");
    write("inside/migrations/1.sql", "SELECT 1;\n");
    let postgres = || {
        let path = folder.path().join("inside/migrations");
        let ran = lockkeeper(&["lint", &path.display().to_string(), "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        json["postgres"].as_u64()
    };
    assert_eq!(postgres(), Some(13));
    write("inside/.git/HEAD", "");
    assert_eq!(postgres(), Some(15));
    write("inside/lockkeeper.toml", "postgres = 17\n");
    assert_eq!(postgres(), Some(17));
}

#[test]
fn the_printed_configuration_is_valid_and_so_is_every_line_of_it() {
    let ran = lockkeeper(&["config"]);
    assert_eq!(ran.code, 0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lockkeeper.toml");
    // A comment that is a key is one that begins as a key does.
    let is_key = |line: &str| {
        let line = line.strip_prefix("# ").unwrap_or_default();
        line.starts_with("[[") || line.contains(" = ") && !line.contains(": ")
    };
    let active: Vec<&str> = ran.stdout.lines().map(|it| if is_key(it) { &it[2..] } else { it }).collect();
    let active = active.join("\n");
    for text in [&ran.stdout, &active] {
        fs::write(&path, text).unwrap();
        let config = lockkeeper::config::Config::read(&path);
        config.map_err(|it| it.to_string()).unwrap();
    }
    let config = lockkeeper::config::Config::read(&path).unwrap();
    assert_eq!((config.postgres, config.rules.len(), config.session.len()), (Some(17), 1, 5), "{active}");
    assert_eq!(config.overrides.len(), 1, "{active}");
}

#[test]
fn what_a_command_prints_is_judged_and_its_failure_is_told() {
    let printed = "--from-command=echo 'BEGIN; CREATE INDEX i ON t (a); COMMIT;'";
    let ran = lockkeeper(&["lint", "--format", "concise", printed]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("COMMIT;'>:1:8: error[index-blocks-writes]"), "{}", ran.stdout);
    for (command, said) in
        [("echo oops >&2; exit 3", "oops"), ("true", "prints nothing"), ("exit 3", "status: 3")]
    {
        let ran = lockkeeper(&["lint", "--from-command", command]);
        assert_eq!(ran.code, 2, "{command}");
        assert!(ran.stdout.is_empty() && ran.stderr.contains(said), "{command}: {}", ran.stderr);
    }
}
