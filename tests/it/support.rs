//! What several tests need: real servers, several at a time.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use lockkeeper::{
    lint,
    pg::{
        Sandbox,
        sandbox::{MAJORS, Options},
    },
};

/// The time zone of every test server. Some statements rewrite nothing under UTC, and that must not go unseen.
pub(crate) const TIME_ZONE: &str = "Europe/Berlin";

/// Starts a server, or says why there is none. With `REQUIRE_PG=1`, as in CI, every version must be there.
///
/// Every server has a role `app`, and a tablespace `elsewhere`.
pub(crate) fn server(major: u16) -> Option<Sandbox> {
    let settings =
        [("timezone", TIME_ZONE), ("allow_in_place_tablespaces", "on"), ("max_connections", "120")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    match Sandbox::start(major, &Options { settings, ..Options::default() }) {
        Ok(server) => {
            let session = server.connect("postgres").unwrap();
            session.batch("CREATE ROLE app").unwrap();
            session.batch("CREATE TABLESPACE elsewhere LOCATION ''").unwrap();
            Some(server)
        }
        Err(error) => {
            assert!(env::var_os("REQUIRE_PG").is_none(), "{error}");
            eprintln!("not tested on PostgreSQL {major}: {error}");
            None
        }
    }
}

/// Calls `work` with a server of each of `majors`, two at a time, and returns what it returned, in the order of `majors`.
pub(crate) fn on_each<T: Send>(majors: &[u16], work: impl Fn(&Sandbox) -> T + Sync) -> Vec<(u16, T)> {
    let next = AtomicUsize::new(0);
    let turns = || {
        let mut done = Vec::new();
        while let Some(major) = majors.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.extend(server(*major).map(|server| (*major, work(&server))));
        }
        done
    };
    let mut all: Vec<(u16, T)> = thread::scope(|scope| {
        let threads = [scope.spawn(turns), scope.spawn(turns)];
        threads.into_iter().flat_map(|it| it.join().unwrap()).collect()
    });
    all.sort_by_key(|(major, _)| *major);
    all
}

/// The major versions to test on: all, or those that the variable `LOCKKEEPER_PG` lists, as in `13,18`.
pub(crate) fn majors() -> Vec<u16> {
    let listed = env::var("LOCKKEEPER_PG").unwrap_or_default();
    let listed: Vec<u16> = listed.split(',').filter_map(|it| it.trim().parse().ok()).collect();
    if listed.is_empty() { MAJORS.to_vec() } else { listed }
}

/// Majors as people write them: `13–15, 18`.
pub(crate) fn shown(majors: &[u16]) -> String {
    let mut parts: Vec<(u16, u16)> = Vec::new();
    for major in majors {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *major => *last = *major,
            _ => parts.push((*major, *major)),
        }
    }
    let part = |(first, last): &(u16, u16)| {
        if first == last { first.to_string() } else { format!("{first}–{last}") }
    };
    parts.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// Every file below `folder`, in a stable order.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// What `lint` assumes when nobody says anything, of a server of this major version.
pub(crate) fn lint_options(postgres: u16) -> lint::Options {
    lint::Options {
        postgres,
        settings: Vec::new(),
        require_reason: false,
        lock_budget: lint::LOCK_BUDGET,
        foreign: Vec::new(),
        traffic: Arc::default(),
        keep_statements: false,
    }
}
