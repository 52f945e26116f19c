//! `snapshot`: what it says of a server is what was done there.

mod clients;
mod hot;
mod replica;
mod setup;
mod tls;

use std::{thread, time::Duration};

use lockkeeper::{
    pg::{Sandbox, Session, snapshot::take},
    traffic::{
        hash,
        snapshot::{Snapshot, Table},
        written,
    },
};
use serde_json::Value;

use self::setup::{CHANGES, LOAD, SCHEMA, address, url};
use crate::{
    cli::{Ran, in_world, lockkeeper},
    support::{majors, on_each},
};

/// Sessions tell what they did when they end; up to 14 the server hands that on at most every half second.
const UNTIL_COUNTED: Duration = Duration::from_millis(1100);

fn table<'s>(snapshot: &'s Snapshot, name: &str) -> &'s Table {
    snapshot.tables.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("no {name}"))
}

/// How often something was done, by its rate: three digits of that are right.
fn assert_done(what: &str, rate: f64, snapshot: &Snapshot, n: f64) {
    let done = rate * snapshot.servers[0].seconds;
    assert!((done - n).abs() <= 0.011 * n, "{what}: {done} instead of {n}");
}

fn assert_valid(text: &str) {
    let schema: Value = serde_json::from_str(&lockkeeper(&["schema", "snapshot"]).stdout).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let snapshot = serde_json::from_str(text).unwrap();
    let mistakes: Vec<_> = validator.iter_errors(&snapshot).map(|it| it.to_string()).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

/// A database with the tables of [`SCHEMA`].
fn database(server: &Sandbox, name: &str) -> Session {
    server.create_database(name).unwrap();
    let session = server.connect(name).unwrap();
    session.batch(SCHEMA).unwrap();
    session
}

/// Does `work` in a session that ends, and waits until the server has counted it.
fn done(server: &Sandbox, database: &str, work: &[&str]) {
    let session = server.connect(database).unwrap();
    for sql in work {
        session.batch(sql).unwrap();
    }
    drop(session);
    thread::sleep(UNTIL_COUNTED);
}

#[test]
fn rates_and_tables_are_what_was_done() {
    on_each(&majors(), |server| {
        drop(database(server, "load"));
        // What came before the first sample counts for nothing.
        done(server, "load", &[LOAD, "ANALYZE"]);
        let holder = server.connect("load").unwrap();
        holder.batch("BEGIN; LOCK TABLE held IN SHARE MODE").unwrap();
        let locked = server.connect("load").unwrap();
        locked.batch("BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE").unwrap();
        let snapshot =
            take(&[address(server, "load")], || done(server, "load", &[&[CHANGES, LOAD].concat()])).unwrap();
        check_rates(&snapshot);
        check_tables(&snapshot);
        let held = table(&snapshot, "public.held").longest_transaction_ms.unwrap();
        assert!((1000..60_000).contains(&held), "{held}");
        let parted = table(&snapshot, "public.parted").longest_transaction_ms;
        assert_eq!((parted, table(&snapshot, "public.quiet").longest_transaction_ms), (None, None));
        assert!(snapshot.transactions.longest_ms >= held);
        assert!(snapshot.transactions.typical_ms <= snapshot.transactions.longest_ms);
        assert_eq!(snapshot.transactions.n_sessions, 2);
        assert_eq!(snapshot.unseen, Vec::<String>::new());
        assert_eq!(snapshot.settings["TimeZone"], "Europe/Berlin");
        assert_eq!(snapshot.settings["lock_timeout"], "0");
        assert_valid(&serde_json::to_string(&snapshot).unwrap());
    });
}

fn check_rates(snapshot: &Snapshot) {
    let server = &snapshot.servers[0];
    assert_eq!((server.role.as_str(), server.was_reset), ("primary", false));
    assert_done("busy", table(snapshot, "public.busy").writes_per_s, snapshot, 3000.0);
    // The keys of `parted` are looked up in `busy`, and 40 rows in the index, although an index went and another was built anew.
    assert_done("busy", table(snapshot, "public.busy").reads_per_s, snapshot, 340.0);
    assert_done("half", table(snapshot, r#"public."Half""#).writes_per_s, snapshot, 500.0);
    assert_done("half", table(snapshot, r#"public."Half""#).seq_scans_per_s, snapshot, 7.0);
    let quiet = table(snapshot, "public.quiet");
    assert_eq!((quiet.writes_per_s, quiet.reads_per_s, quiet.seq_scans_per_s), (0.0, 0.0, 0.0));
    assert_done("leaf", table(snapshot, "public.parted_1").writes_per_s, snapshot, 100.0);
    assert_done("leaf", table(snapshot, "public.parted_2_1").writes_per_s, snapshot, 200.0);
    assert_done("branch", table(snapshot, "public.parted_2").writes_per_s, snapshot, 200.0);
    assert_done("root", table(snapshot, "public.parted").writes_per_s, snapshot, 300.0);
    assert_done("new", table(snapshot, "public.appears").writes_per_s, snapshot, 10.0);
    assert!(!snapshot.tables.iter().any(|it| it.name == "public.vanishes"));
    let mut busiest: Vec<_> = snapshot.tables.iter().filter(|it| it.writes_per_s > 0.0).collect();
    busiest.sort_by(|a, b| b.writes_per_s.total_cmp(&a.writes_per_s));
    let busiest: Vec<_> = busiest.iter().take(3).map(|it| it.name.as_str()).collect();
    assert_eq!(busiest, ["public.busy", r#"public."Half""#, "public.parted"]);
}

fn check_tables(snapshot: &Snapshot) {
    assert!(snapshot.tables.is_sorted_by_key(|it| &it.name));
    let busy = table(snapshot, "public.busy");
    assert_eq!((busy.kind.as_str(), busy.rows), ("table", Some(4000)));
    assert!(busy.heap_bytes > 100_000 && busy.toast_bytes == 0, "{busy:?}");
    assert_eq!(busy.index_bytes, busy.indexes.iter().map(|it| it.bytes).sum::<u64>());
    let columns: Vec<_> =
        busy.columns.iter().map(|it| (it.name.as_str(), it.ty.as_str(), it.not_null)).collect();
    assert_eq!(
        columns,
        [("id", "bigint", true), ("mood", "public.mood", false), ("note", "character varying(20)", false)]
    );
    assert_eq!(busy.columns[2].null_fraction, Some(1.0));
    assert_eq!(busy.indexes[0].definition, "CREATE INDEX busy_note ON public.busy USING btree (note)");
    let root = table(snapshot, "public.parted");
    let leaves = ["public.parted_1", "public.parted_2_1"].map(|it| table(snapshot, it));
    assert_eq!((root.kind.as_str(), root.parent.as_deref()), ("partitioned-table", None));
    assert_eq!(root.heap_bytes, leaves.iter().map(|it| it.heap_bytes).sum::<u64>());
    assert_eq!(root.index_bytes, leaves.iter().map(|it| it.index_bytes).sum::<u64>());
    assert_eq!(root.rows, leaves.iter().map(|it| it.rows).sum::<Option<u64>>());
    assert_eq!(leaves[1].parent.as_deref(), Some("public.parted_2"));
    assert_eq!(root.partition_key.as_deref(), Some("LIST (k)"));
    assert_eq!(leaves[1].partition_bound.as_deref(), Some("FOR VALUES IN (2)"));
    assert!(leaves[1].constraints.is_empty() && leaves[1].columns.is_empty(), "{:?}", leaves[1]);
    let key = root.constraints.iter().find(|it| it.references.is_some()).unwrap();
    assert_eq!(key.references.as_deref(), Some("public.busy"));
    assert!(
        key.definition.starts_with("FOREIGN KEY (busy) REFERENCES public.busy(id)"),
        "{}",
        key.definition
    );
    let quiet = table(snapshot, "public.quiet");
    assert_eq!(quiet.constraints[0].definition, "CHECK ((a > 0)) NOT VALID");
    assert!(!quiet.constraints[0].valid);
    // The index of an empty TOAST table has one page.
    assert_eq!(quiet.toast_bytes, 8192);
    assert_eq!(table(snapshot, "public.appears").rows, None);
    assert_eq!(table(snapshot, "public.seen").kind, "materialized-view");
    assert!(table(snapshot, "public.locked").heap_bytes > 0);
}

#[test]
fn what_passes_between_the_samples_is_told() {
    on_each(&majors(), |server| {
        let session = database(server, "passes");
        done(server, "passes", &[LOAD, LOAD]);
        let addresses = [address(server, "passes")];
        // All counters begin anew: what follows is counted, not what would be missing.
        let reset = take(&addresses, || done(server, "passes", &["SELECT pg_stat_reset()", LOAD])).unwrap();
        assert!(reset.servers[0].was_reset);
        let rate = table(&reset, "public.busy").writes_per_s;
        assert!(rate > 0.99 * 3000.0 / reset.servers[0].seconds, "{rate}");
        // Those of one table: the others' are what they were.
        let one = "SELECT pg_stat_reset_single_table_counters('busy'::regclass)";
        let reset = take(&addresses, || done(server, "passes", &[one])).unwrap();
        assert!(reset.servers[0].was_reset);
        assert!(table(&reset, r#"public."Half""#).writes_per_s.abs() < f64::EPSILON);

        // A role without rights.
        session.batch("ALTER ROLE app LOGIN").unwrap();
        session.batch("BEGIN; LOCK TABLE held").unwrap();
        let ran = snapshot(&format!("{} user=app", url(server, "passes").replace("user=postgres", "")), &[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let seen: Snapshot = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(
            seen.unseen,
            [
                "how much of their columns is NULL in 11 tables: the role may not SELECT all rows",
                "transactions of other roles: GRANT pg_monitor to the role"
            ]
        );
        // Of what is hidden it is known that it is there.
        assert_eq!((seen.transactions.longest_ms, seen.transactions.n_sessions), (0, 1));
        assert_eq!(table(&seen, "public.held").longest_transaction_ms, None);
        session.batch("COMMIT; GRANT pg_monitor TO app").unwrap();
        session.batch("BEGIN; LOCK TABLE held").unwrap();
        let ran = snapshot(&format!("{} user=app", url(server, "passes").replace("user=postgres", "")), &[]);
        let seen: Snapshot = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(seen.unseen.len(), 1);
        assert!(table(&seen, "public.held").longest_transaction_ms.is_some());
        session.batch("COMMIT; REVOKE pg_monitor FROM app").unwrap();
    });
}

/// Runs the command without a wait worth the name.
fn snapshot(url: &str, further: &[&str]) -> Ran {
    in_world(&[&["snapshot", "--for", "1ms", "--url", url], further].concat(), b"", &[])
}

#[test]
fn the_file_has_no_names_if_they_are_hashed_and_is_the_same_but_for_that() {
    let Some(server) = crate::support::server(majors()[0]) else { return };
    drop(database(&server, "shop"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lockkeeper.snapshot.json");
    let plain = snapshot(&url(&server, "shop"), &["-o", file.to_str().unwrap()]);
    assert_eq!((plain.code, plain.stdout.as_str()), (0, ""), "{}", plain.stderr);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("{\n  \"schema\": \"lockkeeper/snapshot/1\",\n") && text.ends_with("]\n}\n"));
    assert!(
        text.contains("\n        {\"name\": \"id\", \"type\": \"bigint\", \"not_null\": true}"),
        "{text}"
    );
    assert_valid(&text);
    let hashed = snapshot(&url(&server, "shop"), &["--hash-names", "-o", "-"]);
    assert_valid(&hashed.stdout);
    for name in ["shop", "public", "busy", "Half", "parted", "note", "mood", "quiet"] {
        assert!(text.contains(name) && !hashed.stdout.contains(name), "{name}");
    }
    // Who has the names gets the same answers from both.
    let hidden = folder.path().join("hidden.json");
    let mut hide: Snapshot = serde_json::from_str(&text).unwrap();
    hash::hide(&mut hide);
    std::fs::write(&hidden, written(&hide).unwrap()).unwrap();
    let migration = folder.path().join("1.sql");
    std::fs::write(
        &migration,
        "CREATE INDEX ON busy (id); DROP INDEX busy_note; ALTER TABLE \"Half\" ADD COLUMN a int;",
    )
    .unwrap();
    let judged = [&file, &hidden].map(|snapshot| {
        let args = ["lint", migration.to_str().unwrap(), "--format", "full", "--fail-on", "never"];
        let ran = lockkeeper(&[&args[..], &["--snapshot", snapshot.to_str().unwrap()]].concat());
        assert!(ran.stdout.contains("public.Half is cold: 0 reads/s"), "{}{}", ran.stdout, ran.stderr);
        ran.stdout
    });
    assert_eq!(judged[0], judged[1]);
    let plain: Snapshot = serde_json::from_str(&text).unwrap();
    let hashed: Snapshot = serde_json::from_str(&hashed.stdout).unwrap();
    assert_eq!(plain.tables.len(), hashed.tables.len());
    let half = table(&hashed, &hash::table("public", "Half"));
    assert_eq!(half.heap_bytes, table(&plain, r#"public."Half""#).heap_bytes);
    assert_eq!(half.columns[0].name, hash::part("public", "Half", "Id"));
    assert_eq!(table(&plain, r#"public."Half""#).columns[0].name, "Id");
    let leaf = table(&hashed, &hash::table("public", "parted_1"));
    assert_eq!(leaf.parent, Some(hash::table("public", "parted")));
    let root = table(&hashed, &hash::table("public", "parted"));
    let key = root.constraints.iter().find(|it| it.references.is_some()).unwrap();
    assert_eq!(key.definition, "FOREIGN KEY");
    assert_eq!(key.references, Some(hash::table("public", "busy")));
    let busy = table(&hashed, &hash::table("public", "busy"));
    assert!(busy.indexes.iter().any(|it| it.name == hash::index("public", "busy_note")));
    let types: Vec<_> = busy.columns.iter().map(|it| (it.name.clone(), it.ty.as_str())).collect();
    assert!(types.contains(&(hash::part("public", "busy", "id"), "bigint")), "{types:?}");
    assert!(types.contains(&(hash::part("public", "busy", "mood"), "")), "{types:?}");
}

#[test]
fn an_error_says_what_to_do_and_no_password() {
    let Some(server) = crate::support::server(majors()[0]) else { return };
    let shown = server.socket_folder().display().to_string();
    let here = url(&server, "postgres");
    let other = url(&server, "template1");
    let nowhere = "postgres://app:s3cret@127.0.0.1:1/shop?sslmode=disable";
    let check = |args: &[&str], expected: &str| {
        let ran = in_world(&[&["snapshot", "--for", "1ms"], args].concat(), b"", &[("PGUSER", "app")]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert_eq!(ran.stderr.replace(&shown, "FOLDER"), expected, "{args:?}");
    };
    check(
        &["--url", nowhere],
        "error: cannot connect to 127.0.0.1:1/shop as app; is the server there, does it listen for this machine, and does sslmode= fit?\n  \
         because: error connecting to server\n  because: Connection refused (os error 111)\n",
    );
    check(
        &["--url", &here, "--url", &here],
        "error: cannot take a snapshot of FOLDER:5432/postgres as postgres: this server is named twice, and its counters would be added twice\n",
    );
    check(
        &["--url", &here, "--url", &other],
        "error: cannot take a snapshot of FOLDER:5432/template1 as postgres: its database is template1, that of FOLDER:5432/postgres as postgres is postgres\n",
    );
    check(
        &[],
        "error: name a server: --url postgres://user@host/database, or DATABASE_URL; a password belongs into PGPASSWORD or ~/.pgpass\n",
    );
    let unreadable = "error: cannot read a server's address; write postgres://user@host:5432/database, or 'host=… dbname=… user=…', with special characters in a URL as %40 (it is not shown here, as it may hold a password)\n";
    check(&["--url", "postgres://app:s3cret@host:port/shop"], unreadable);
    check(&["--url", "host=a s3cret"], unreadable);
    check(
        &["--url", "host=a sslmode=sometimes"],
        "error: unknown sslmode, choose from disable, allow, prefer, require, verify-ca, verify-full\n",
    );
}
