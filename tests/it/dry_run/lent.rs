//! Dry runs on a server that is not ours: in a new database there, in a clone, in place; and what stays there afterwards.

use std::{
    env, fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lockkeeper::pg::Sandbox;
use serde_json::Value;

use crate::{
    cli::{Ran, in_world},
    support::{majors, on_each, server},
};

/// Files as a user has them.
const FILES: [&str; 2] = [
    "CREATE TABLE orders (id bigint PRIMARY KEY, note text); INSERT INTO orders SELECT i, 'x' FROM generate_series(1, 100) i;",
    "SET lock_timeout = '1s';\nALTER TABLE orders ALTER COLUMN note SET NOT NULL;\n",
];

fn folder(texts: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (n, text) in texts.iter().enumerate() {
        fs::write(folder.path().join(format!("{}.sql", n + 1)), text).unwrap();
    }
    folder
}

fn url(server: &Sandbox, user: &str, database: &str) -> String {
    format!("host={} user={user} dbname={database}", server.socket_folder().display())
}

/// What stands in a database of the server, each row's first column.
fn asked(server: &Sandbox, database: &str, sql: &str) -> Vec<String> {
    let rows = server.connect(database).unwrap().rows(sql).unwrap();
    rows.iter().map(|it| it.text(0).to_owned()).collect()
}

/// The databases and the roles that there are.
fn inventory(server: &Sandbox) -> Vec<String> {
    asked(
        server,
        "postgres",
        "SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles ORDER BY 1",
    )
}

fn dry_run(folder: &tempfile::TempDir, args: &[&str]) -> Ran {
    let path = folder.path().to_str().unwrap();
    in_world(&[&["dry-run", "--format", "json", "--fail-on", "never"], args, &[path]].concat(), b"", &[])
}

fn notes(ran: &Ran) -> Vec<String> {
    assert_eq!(ran.code, 0, "{}{}", ran.stderr, ran.stdout);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let notes = report["runs"][0]["before"]["notes"].as_array().unwrap();
    notes.iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

fn statement(ran: &Ran, file: usize, n: usize) -> Value {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    report["runs"][0]["files"][file]["statements"][n].clone()
}

/// The error, without the server's address.
fn problem(ran: &Ran, server: &Sandbox) -> String {
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    ran.stderr.replace(&server.socket_folder().display().to_string(), "<server>")
}

#[test]
fn a_new_database_is_all_that_a_run_touches() {
    let files = folder(&FILES);
    let all = on_each(&majors(), |server| {
        let before = inventory(server);
        let ran = dry_run(&files, &["--url", &url(server, "postgres", "postgres")]);
        let notes = notes(&ran);
        assert!(notes[0].starts_with("run in new databases of ") && notes.len() == 2, "{notes:?}");
        let seen = statement(&ran, 1, 1);
        assert_eq!(seen["effects"][0]["lock"], "ACCESS EXCLUSIVE");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["summary"]["differing"], 0, "{report}");
        assert_eq!(report["runs"][0]["postgres"], server.major());
        assert_eq!(inventory(server), before);
    });
    assert!(!all.is_empty());
}

#[test]
fn every_way_of_looking_works_there() {
    let Some(server) = server(16) else { return };
    let files =
        folder(&[FILES[0], "CREATE INDEX CONCURRENTLY i ON orders (note);\nDROP INDEX CONCURRENTLY i;\n"]);
    let before = inventory(&server);
    let url = url(&server, "postgres", "postgres");
    let ran = dry_run(&files, &["--url", &url, "--rows", "50", "--probe", "--longest-txn", "50ms"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(statement(&ran, 1, 0)["effects"][0]["lock"], "SHARE UPDATE EXCLUSIVE");
    assert_eq!(inventory(&server), before);
    // PostgreSQL's own variables say what the address leaves open.
    let host = server.socket_folder().to_str().unwrap();
    let path = files.path().to_str().unwrap();
    let variables = [("PGHOST", host), ("PGUSER", "postgres"), ("PGDATABASE", "postgres")];
    let ran = in_world(&["dry-run", "--fail-on", "never", "--url", "postgres://", path], b"", &variables);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = dry_run(&files, &["--url", &url, "--pg", "15"]);
    assert_eq!(
        problem(&ran, &server),
        "error: the server is PostgreSQL 16, and --pg says 15; leave --pg out\n"
    );
}

#[test]
fn a_role_that_is_no_superuser_sees_less_and_says_so() {
    on_each(&[13, 18], |server| {
        let session = server.connect("postgres").unwrap();
        session.batch("CREATE ROLE maker LOGIN; CREATE ROLE poor LOGIN").unwrap();
        let files = folder(&[
            FILES[0],
            "CREATE INDEX CONCURRENTLY i ON orders (note);\nDROP INDEX CONCURRENTLY i;\n",
        ]);
        let ran = dry_run(&files, &["--url", &url(server, "maker", "postgres")]);
        let said = "error: cannot use <server>:5432/postgres as maker for a dry run: maker may not make databases; \
                    ALTER ROLE \"maker\" CREATEDB\n";
        assert_eq!(problem(&ran, server), said);
        session.batch("ALTER ROLE maker CREATEDB").unwrap();
        let ran = dry_run(&files, &["--url", &url(server, "maker", "postgres")]);
        assert!(notes(&ran).iter().any(|it| it.starts_with("maker is no superuser: ")), "{}", ran.stdout);
        let why = "only a superuser can see all of what it does";
        assert_eq!(statement(&ran, 1, 0)["not_compared"], why, "{}", ran.stdout);
        assert_eq!(statement(&ran, 1, 1)["not_compared"], why);
        assert_eq!(
            asked(server, "postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'lock%'").len(),
            0
        );
    });
}

#[test]
fn what_would_change_the_server_is_refused_unless_it_is_disposable() {
    let Some(server) = server(15) else { return };
    let url = url(&server, "postgres", "postgres");
    let before = inventory(&server);
    let role = folder(&[
        "CREATE TABLE t (a int);\nDO $$ BEGIN EXECUTE 'CREATE ' || 'ROLE x'; CREATE ROLE new_role; END $$;",
    ]);
    let ran = dry_run(&role, &["--url", &url]);
    let place = role.path().display();
    let said = format!(
        "error: {place}/1.sql:2: cannot run this: CREATE ROLE is not done on a server that others use as well; run it without \
         --url and --clone-cmd, or mark the server as disposable: ALTER DATABASE postgres SET lockkeeper.disposable = 'on'\n"
    );
    assert_eq!(problem(&ran, &server), said);
    let missing = folder(&["CREATE TABLE t (a int);\nGRANT SELECT ON t TO nobody_there;"]);
    let ran = dry_run(&missing, &["--url", &url]);
    assert!(
        problem(&ran, &server)
            .contains("1.sql:2: cannot run this: there is no role nobody_there, and none is made")
    );
    assert_eq!(inventory(&server), before);
    server
        .connect("postgres")
        .unwrap()
        .batch("ALTER DATABASE postgres SET lockkeeper.disposable = 'on'")
        .unwrap();
    for files in [&role, &missing] {
        let ran = dry_run(files, &["--url", &url]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    assert!(inventory(&server).contains(&"nobody_there".to_owned()));
}

#[test]
fn a_server_that_cannot_serve_is_refused_with_the_reason() {
    let Some(server) = server(17) else { return };
    let files = folder(&FILES);
    let replica = server.replica().unwrap();
    let ran = dry_run(&files, &["--url", &url(&replica, "postgres", "postgres")]);
    assert!(problem(&ran, &replica).contains("it is a standby, or still recovers"), "{}", ran.stderr);
    drop(replica);
    server.connect("postgres").unwrap().batch("CREATE ROLE few LOGIN CREATEDB CONNECTION LIMIT 3").unwrap();
    let ran = dry_run(&files, &["--url", &url(&server, "few", "postgres")]);
    assert!(
        problem(&ran, &server).contains("2 connections are free for few, and a run may need 30"),
        "{}",
        ran.stderr
    );
    let ran = dry_run(&files, &["--url", &url(&server, "postgres", "not_there")]);
    assert!(problem(&ran, &server).contains("name an existing database"), "{}", ran.stderr);
    let ran = dry_run(&files, &["--url", "host=/nowhere user=postgres dbname=postgres"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn in_place_needs_the_mark_and_nobody_else() {
    let Some(server) = server(15) else { return };
    server.create_database("mine").unwrap();
    server.connect("mine").unwrap().batch(FILES[0]).unwrap();
    let files = folder(&FILES);
    let last = files.path().join("2.sql");
    let url = url(&server, "postgres", "mine");
    let run = |further: &[&str]| {
        let args = ["dry-run", "--format", "json", "--fail-on", "never", "--url", &url, "--in-place"];
        in_world(&[&args, further, &[last.to_str().unwrap()]].concat(), b"", &[])
    };
    let said = problem(&run(&[]), &server);
    assert!(
        said.contains("not marked as one of which nothing is worth keeping (ALTER DATABASE \"mine\" SET"),
        "{said}"
    );
    server
        .connect("postgres")
        .unwrap()
        .batch("ALTER DATABASE mine SET lockkeeper.disposable = 'on'")
        .unwrap();
    let other = server.connect("mine").unwrap();
    assert!(problem(&run(&[]), &server).contains("1 other sessions are in this database"));
    drop(other);
    thread::sleep(Duration::from_millis(300));
    let ran = run(&["--probe", "--longest-txn", "50ms"]);
    assert!(notes(&ran)[0].contains(" itself, which is marked as disposable"), "{}", ran.stdout);
    let sql = "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'note'";
    assert_eq!(asked(&server, "mine", sql), ["t"]);
    assert_eq!(
        asked(&server, "postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'lock%'").len(),
        0
    );
}

#[test]
fn clones_are_made_and_removed_by_commands() {
    let (Some(original), Some(server)) = (server(16), server(16)) else { return };
    for of in [&original, &server] {
        of.create_database("shop").unwrap();
        of.connect("shop").unwrap().batch(FILES[0]).unwrap();
    }
    let files = folder(&FILES);
    let last = files.path().join("2.sql");
    let log = files.path().join("log");
    let host = server.socket_folder().display();
    let drop = format!("echo {{url}} >> {}", log.display());
    let run = |make: &str, further: &[&str]| {
        let args = [
            "dry-run",
            "--format",
            "json",
            "--fail-on",
            "never",
            "--clone-cmd",
            make,
            "--clone-drop-cmd",
            &drop,
        ];
        in_world(&[&args, further, &[last.to_str().unwrap()]].concat(), b"", &[])
    };
    let clone = format!("postgres://postgres@/shop?host={host}");
    let make = format!("echo working; echo '{clone}'; echo");
    let ran = run(&make, &["--url", &url(&original, "postgres", "shop"), "--probe", "--longest-txn", "50ms"]);
    let notes = notes(&ran);
    assert!(
        notes[0].starts_with("run in a clone, ") && notes[0].ends_with(", removed at the end"),
        "{notes:?}"
    );
    assert_eq!(fs::read_to_string(&log).unwrap(), format!("{clone}\n"));
    // The rows were there, and the file ran there.
    assert_eq!(statement(&ran, 0, 1)["effects"][0]["work"], serde_json::json!(["scan"]));
    let sql = "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'note'";
    assert_eq!(asked(&server, "shop", sql), ["t"]);
    assert_eq!(
        asked(&server, "postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'lock%'").len(),
        0
    );

    // The clone of a server on that server, and one that others are in, are none; the command to remove it runs.
    let ran = run(&make, &["--url", &url(&server, "postgres", "postgres")]);
    assert!(problem(&ran, &server).contains("the clone is on the server of --url, which it must not be"));
    let other = server.connect("shop").unwrap();
    assert!(problem(&run(&make, &[]), &server).contains("1 other sessions are in this database"));
    std::mem::drop(other);
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 3);
    for (make, said) in [
        ("exit 3", "cannot use a clone for a dry run: the command of --clone-cmd failed (exit status: 3)\n"),
        ("echo", "cannot use a clone for a dry run: the command of --clone-cmd printed no address\n"),
        ("echo nonsense", "cannot read a server's address; "),
    ] {
        let ran = run(make, &[]);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{}", ran.stderr);
    }
    let failing = ["dry-run", "--clone-cmd", &make, "--clone-drop-cmd", "exit 4", last.to_str().unwrap()];
    thread::sleep(Duration::from_millis(300));
    let ran = in_world(&failing, b"", &[]);
    assert!(
        ran.code == 2 && ran.stderr.contains("the command of --clone-drop-cmd failed (exit status: 4)"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_role_that_may_not_copy_has_other_clones_made() {
    let Some(server) = server(14) else { return };
    server.connect("postgres").unwrap().batch("CREATE ROLE plain LOGIN").unwrap();
    for n in 1..=4 {
        let name = format!("clone_{n}");
        server.create_database(&name).unwrap();
        let session = server.connect(&name).unwrap();
        session.batch(FILES[0]).unwrap();
        session
            .batch(&format!("ALTER TABLE orders OWNER TO plain; ALTER DATABASE {name} OWNER TO plain"))
            .unwrap();
    }
    let files = folder(&FILES);
    let (last, count) = (files.path().join("2.sql"), files.path().join("count"));
    let make = format!(
        "echo >> {count}; echo \"host={host} user=plain dbname=clone_$(grep -c '' {count})\"",
        count = count.display(),
        host = server.socket_folder().display()
    );
    let args = ["dry-run", "--clone-cmd", &make, "--probe", "--longest-txn", "50ms", "--fail-on", "never"];
    let ran = in_world(&[&args, &[last.to_str().unwrap()][..]].concat(), b"", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("which stays: --clone-drop-cmd says how to remove it"), "{}", ran.stdout);
    // One for the files, one that stays as it was, one for each pass.
    assert_eq!(fs::read_to_string(&count).unwrap().lines().count(), 4);
}

fn started(server: &Sandbox, files: &tempfile::TempDir) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .args(["dry-run", "--url", &url(server, "postgres", "postgres"), files.path().to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

const DATABASES: &str = "SELECT datname FROM pg_database WHERE datname LIKE 'lockkeeper%'";
const SLEEPERS: &str = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()";

#[test]
fn what_a_killed_run_leaves_is_dropped_by_the_next_one() {
    let Some(server) = server(15) else { return };
    let files = folder(&["SELECT pg_sleep(600);"]);
    let quick = folder(&FILES);
    let mut run = started(&server, &files);
    wait_for("nothing runs", || !asked(&server, "postgres", SLEEPERS).is_empty());
    // While it lives nobody takes anything away.
    let ran = dry_run(&quick, &["--url", &url(&server, "postgres", "postgres")]);
    assert_eq!(notes(&ran).len(), 2);
    let left = asked(&server, "postgres", DATABASES);
    assert!(!left.is_empty());
    run.kill().unwrap();
    run.wait().unwrap();
    let comment =
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE 'lockkeeper%'";
    assert!(asked(&server, "postgres", comment)[0].starts_with("lockkeeper dry-run: made by postgres at "));
    // What somebody else named so, or wrote on, stays.
    let session = server.connect("postgres").unwrap();
    session.batch("CREATE DATABASE lockkeeper_dry_run_mine").unwrap();
    wait_for("the lock of the killed run stays", || {
        asked(&server, "postgres", "SELECT objid FROM pg_locks WHERE locktype = 'advisory'").is_empty()
    });
    let ran = dry_run(&quick, &["--url", &url(&server, "postgres", "postgres")]);
    let mut dropped: Vec<String> =
        left.iter().map(|it| format!("left by a run that was killed, and dropped now: {it}")).collect();
    dropped.sort();
    assert_eq!(notes(&ran)[2..], dropped);
    assert_eq!(asked(&server, "postgres", DATABASES), ["lockkeeper_dry_run_mine"]);
}

#[test]
fn a_signal_ends_a_run_and_takes_its_database_along() {
    let Some(server) = server(15) else { return };
    let files = folder(&["SELECT pg_sleep(600);"]);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut run = started(&server, &files);
        wait_for("nothing runs", || !asked(&server, "postgres", SLEEPERS).is_empty());
        let kill = Command::new("kill").args([format!("-{signal}"), run.id().to_string()]).status().unwrap();
        assert!(kill.success());
        assert_eq!(run.wait().unwrap().code(), Some(code));
        assert_eq!(asked(&server, "postgres", DATABASES), [""; 0]);
    }
}

/// Needs `pgbouncer`, on the `PATH` or where `LOCKKEEPER_PGBOUNCER` says.
#[test]
fn a_pooler_in_between_is_seen() {
    let program = env::var("LOCKKEEPER_PGBOUNCER").unwrap_or_else(|_| "pgbouncer".to_owned());
    if Command::new(&program).arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("not tested: there is no pgbouncer");
        return;
    }
    let Some(server) = server(15) else { return };
    let files = folder(&FILES);
    for mode in ["session", "transaction", "statement"] {
        let folder = tempfile::Builder::new().prefix("lk-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let (home, socket) = (folder.path().display(), server.socket_folder().display());
        let config = folder.path().join("ini");
        // It does not run as root, either.
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let user = if is_root { "user = nobody\n" } else { "" };
        let text = format!(
            "[databases]\n* = host={socket}\n[pgbouncer]\nunix_socket_dir = {home}\nlisten_addr =\nlisten_port = 6432\n\
             auth_type = any\npool_mode = {mode}\n{user}logfile = {home}/log\nauth_file =\n"
        );
        let text = text.replace("* = host", "* = user=postgres host");
        fs::write(&config, text).unwrap();
        let mut pooler = Command::new(&program).arg(&config).stderr(Stdio::null()).spawn().unwrap();
        wait_for("no pooler", || folder.path().join(".s.PGSQL.6432").exists());
        let ran =
            dry_run(&files, &["--url", &format!("host={home} port=6432 user=postgres dbname=postgres")]);
        pooler.kill().unwrap();
        pooler.wait().unwrap();
        assert!(
            ran.code == 2 && ran.stderr.contains("a pooler such as pgbouncer stands before it"),
            "{mode}: {}",
            ran.stderr
        );
    }
}
