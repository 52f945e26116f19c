//! Runs that cannot go well: killed, without room, without rights, without a server that starts. What is left of them is nothing.

use std::{
    env, fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::{CommandExt, ExitStatusExt},
    },
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::cli::lockkeeper;

const PROGRAM: &str = env!("CARGO_BIN_EXE_lockkeeper");

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("1.sql"), text).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A run that has its servers below a folder of its own, as its `TMPDIR`.
fn command(files: &Path, home: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("dry-run").arg(files).env("TMPDIR", home);
    command
}

/// A folder for servers, which whoever runs them can enter.
fn home() -> tempfile::TempDir {
    let home = tempfile::Builder::new().prefix("lk-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    home
}

fn spawn(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries.map(|it| it.file_name().to_string_lossy().into_owned()).collect()
}

/// The processes whose command lines name this folder.
fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = entries.filter_map(|it| fs::read(it.path().join("cmdline")).ok());
    let lines = lines.map(|it| String::from_utf8_lossy(&it).replace('\0', " "));
    lines.filter(|it| it.contains(folder) && it.contains("lockkeeper-pg-")).collect()
}

fn assert_nothing_is_left(home: &Path) {
    let begun = Instant::now();
    while !names(home).is_empty() || !processes(home).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?} {:?}", names(home), processes(home));
        thread::sleep(Duration::from_millis(20));
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// With `LOCKKEEPER_KILLS=100` at a hundred instants.
#[test]
fn whenever_a_run_is_killed_the_next_one_leaves_nothing_of_it() {
    let n_kills: u32 = env::var("LOCKKEEPER_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(25);
    let files = folder("CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);\n");
    let home = home();
    let begun = Instant::now();
    assert_ne!(command(files.path(), home.path()).output().unwrap().status.code(), Some(2));
    let whole = begun.elapsed();
    let (mut n_killed, begun) = (0, Instant::now());
    for n in 0..n_kills {
        let mut run = spawn(command(files.path(), home.path()));
        // From the first moment to the last, in no order.
        thread::sleep(whole * ((n * 37) % n_kills) / n_kills);
        run.kill().unwrap();
        n_killed += u32::from(run.wait().unwrap().signal().is_some());
    }
    eprintln!("{n_killed} of {n_kills} runs were killed in {:?}; one takes {whole:?}", begun.elapsed());
    // A folder that was hardly begun is nobody's after a moment.
    thread::sleep(Duration::from_millis(2_500));
    let last = command(files.path(), home.path()).output().unwrap();
    assert_ne!(last.status.code(), Some(2), "{}", said(&last));
    assert_nothing_is_left(home.path());
}

#[test]
fn a_signal_ends_a_run_and_its_server() {
    let files = folder("SELECT pg_sleep(600);");
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        let home = home();
        let mut run = spawn(command(files.path(), home.path()));
        let begun = Instant::now();
        while !names(home.path()).iter().any(|it| home.path().join(it).join("data/postmaster.pid").exists()) {
            assert!(begun.elapsed() < Duration::from_mins(1), "no server was started");
            thread::sleep(Duration::from_millis(20));
        }
        assert!(
            Command::new("kill").args([format!("-{name}"), run.id().to_string()]).status().unwrap().success()
        );
        assert_eq!(run.wait().unwrap().signal(), Some(number));
        assert_nothing_is_left(home.path());
    }
}

/// Runs below a disk of this size that nobody else sees; `None` where that cannot be made.
fn on_a_small_disk(megabytes: u32, files: &Path) -> Option<Output> {
    let disk = home();
    let script = "mount -t tmpfs -o mode=1777,size=$1m lockkeeper \"$2\" || exit 77
         TMPDIR=$2 \"$3\" dry-run \"$4\"; code=$?
         ls -A \"$2\"; exit $code";
    let mut command = Command::new("unshare");
    command.args(["--mount", "/bin/sh", "-c", script, "sh", &megabytes.to_string()]);
    let output = command.arg(disk.path()).arg(PROGRAM).arg(files).output().ok()?;
    let can = output.status.code() != Some(77) && !said(&output).contains("unshare");
    if !can {
        eprintln!("not tested: no disk can be mounted here: {}", said(&output));
    }
    can.then_some(output)
}

#[test]
fn a_full_disk_is_an_error_and_leaves_nothing() {
    let files =
        folder("CREATE TABLE t AS SELECT repeat(md5(i::text), 30) AS a FROM generate_series(1, 200000) i;");
    // Too small for a server, for what the file writes, and for the log of that.
    for megabytes in [10, 30, 60, 100] {
        let Some(output) = on_a_small_disk(megabytes, files.path()) else { return };
        let said = said(&output);
        eprintln!("{megabytes} MB: {said}");
        assert_eq!(
            (output.status.code(), output.stdout.as_slice()),
            (Some(2), &b""[..]),
            "{megabytes} MB: {said}"
        );
        assert!(said.contains("No space left on device"), "{megabytes} MB: {said}");
    }
}

/// Programs that say they are a server.
fn programs(initdb: &str, postgres: &str) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("lk-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let version = "[ \"$1\" = --version ] && echo 'postgres (PostgreSQL) 15.99' && exit 0\n";
    for (name, text) in [("initdb", initdb), ("postgres", postgres)] {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{version}{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

#[test]
fn programs_that_do_not_do_their_work_are_an_error() {
    let files = folder("SELECT 1;");
    let cache = home();
    for (initdb, postgres, why) in [
        ("echo 'no locale' >&2; exit 1", "", "initdb failed: no locale\n"),
        (
            "while [ \"$1\" != -D ]; do shift; done; mkdir -p \"$2\"",
            "echo 'cannot do it' >&2; exit 1",
            "the server did not start: cannot do it\n",
        ),
    ] {
        let (programs, home) = (programs(initdb, postgres), home());
        let mut run = command(files.path(), home.path());
        run.env("XDG_CACHE_HOME", cache.path()).arg("--pg-bin").arg(programs.path());
        let output = run.output().unwrap();
        let said = said(&output);
        assert!(output.status.code() == Some(2) && said.ends_with(why), "{said}");
        assert!(said.starts_with("error: cannot start a throwaway PostgreSQL 15: "), "{said}");
        assert_nothing_is_left(home.path());
    }
}

#[test]
fn a_folder_whose_name_is_too_long_for_a_socket_is_not_taken() {
    let files = folder("SELECT 1;");
    let home = home();
    let long = home.path().join("x".repeat(90));
    fs::create_dir(&long).unwrap();
    let output = command(files.path(), &long).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

/// The same command as another user than root; `None` where it cannot be run so.
fn as_nobody(mut command: Command, cache: &Path) -> Option<Output> {
    const NOBODY: u32 = 65534;
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return command.output().ok();
    }
    let can_pass = |it: &Path| fs::metadata(it).is_ok_and(|it| it.mode() & 0o001 != 0);
    if !Path::new(PROGRAM).ancestors().all(can_pass) {
        eprintln!("not tested: another user cannot run {PROGRAM}");
        return None;
    }
    chown(cache, Some(NOBODY), Some(NOBODY)).unwrap();
    command
        .uid(NOBODY)
        .gid(NOBODY)
        .env("XDG_CACHE_HOME", cache)
        .env("HOME", cache)
        .current_dir("/")
        .output()
        .ok()
}

#[test]
fn a_plain_user_runs_it_too() {
    let (files, home, cache) = (folder("CREATE TABLE t (a int);"), home(), home());
    let Some(output) = as_nobody(command(files.path(), home.path()), cache.path()) else { return };
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_nothing_is_left(home.path());
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let (files, home, cache) = (folder("SELECT 1;"), home(), home());
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let Some(output) = as_nobody(command(files.path(), home.path()), cache.path()) else { return };
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let begins = format!(
        "error: cannot start a throwaway PostgreSQL 15: cannot make {}/lockkeeper-new-",
        home.path().display()
    );
    assert!(said.starts_with(&begins) && said.contains("Permission denied"), "{said}");
}

#[test]
fn five_runs_at_once_know_nothing_of_each_other() {
    let (files, home) = (folder("CREATE TABLE t (a int);\nALTER TABLE t ADD COLUMN b int;"), home());
    let runs: Vec<Child> = (0..5).map(|_| spawn(command(files.path(), home.path()))).collect();
    for mut run in runs {
        assert_eq!(run.wait().unwrap().code(), Some(0));
    }
    assert_nothing_is_left(home.path());
}

#[test]
fn what_the_server_cannot_read_or_does_not_have_is_told() {
    let files = folder("CREATE TABLE t (a int);\nCREATE TABEL u (a int);\n");
    let ran = lockkeeper(&["dry-run", files.path().to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("REFUSED: 42601: syntax error at or near \"TABEL\""), "{}", ran.stdout);
    let files = folder("CREATE EXTENSION no_such_extension;");
    let ran = lockkeeper(&["dry-run", files.path().to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr.ends_with(": this server does not have it, another may (--pg-bin)\n"),
        "{}",
        ran.stderr
    );
}
