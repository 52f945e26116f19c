//! A throwaway server starts, answers, and is gone with its owner.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lockkeeper::pg::{
    Sandbox,
    sandbox::{MAJORS, Options},
};

#[test]
fn a_server_of_every_major_answers_and_leaves_nothing() {
    for major in MAJORS {
        let started = Instant::now();
        let sandbox = Sandbox::start(major, &Options::default()).unwrap();
        let ready = started.elapsed();
        let rows = sandbox.connect("postgres").unwrap().rows("SHOW server_version").unwrap();
        assert!(rows[0].text(0).starts_with(sandbox.version()), "{} {}", rows[0].text(0), sandbox.version());
        assert!(sandbox.version().starts_with(&major.to_string()));
        let folder = sandbox.socket_folder().to_owned();
        drop(sandbox);
        assert!(!folder.exists(), "{} is still there", folder.display());
        eprintln!("PostgreSQL {major}: ready after {ready:?}, gone after {:?}", started.elapsed());
    }
}

#[test]
fn a_server_that_does_not_start_says_why_and_leaves_nothing() {
    let settings = vec![("shared_buffers".to_owned(), "lots".to_owned())];
    let error = Sandbox::start(15, &Options { settings, ..Options::default() }).unwrap_err();
    assert!(
        error.to_string().contains("invalid value for parameter \"shared_buffers\": \"lots\""),
        "{error}"
    );
}

#[test]
fn a_folder_without_a_server_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { bin_dir: Some(folder.path().to_owned()), ..Options::default() };
    let error = Sandbox::start(15, &options).unwrap_err();
    let shown = folder.path().display();
    assert_eq!(
        error.to_string(),
        format!("cannot start a throwaway PostgreSQL 15: {shown}: no postgres and initdb there")
    );
}

/// Set for the process that [`a_killed_owner_leaves_nothing`] starts and kills.
const HOLDS: &str = "LOCKKEEPER_TEST_HOLDS_A_SERVER";

#[test]
fn holds_a_server_until_it_is_killed() {
    if env::var_os(HOLDS).is_none() {
        return;
    }
    let sandbox = Sandbox::start(15, &Options::default()).unwrap();
    let folder = sandbox.socket_folder().to_str().unwrap();
    let rows = sandbox.connect("postgres").unwrap();
    let rows = rows.rows("SELECT pg_read_file('postmaster.pid', 0, 100)").unwrap();
    println!("\nholds {folder} {}", rows[0].text(0).lines().next().unwrap());
    thread::sleep(Duration::from_mins(10));
}

#[test]
fn a_killed_owner_leaves_nothing() {
    let mut owner = Command::new(env::current_exe().unwrap())
        .args(["sandbox::holds_a_server_until_it_is_killed", "--exact", "--nocapture"])
        .env(HOLDS, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|it| it.starts_with("holds ")).unwrap();
    let mut words = line.split(' ').skip(1);
    let (folder, server) = (Path::new(words.next().unwrap()), words.next().unwrap());
    assert!(folder.exists() && is_alive(server));
    owner.kill().unwrap();
    owner.wait().unwrap();
    let killed = Instant::now();
    while folder.exists() || is_alive(server) {
        assert!(killed.elapsed() < Duration::from_secs(20), "{line} is still there");
        thread::sleep(Duration::from_millis(10));
    }
}

fn is_alive(process: &str) -> bool {
    Command::new("kill").args(["-0", process]).stderr(Stdio::null()).status().unwrap().success()
}
