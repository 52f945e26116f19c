//! From a server under load to a pull request that fails, with the snapshot's file between the two.

use lockkeeper::{pg::snapshot::take, traffic::written};

use super::{LOAD, address, database, done};
use crate::{
    cli::in_world,
    support::{majors, on_each},
};

#[test]
fn the_busy_table_fails_the_change_and_the_quiet_one_does_not() {
    on_each(&majors(), |server| {
        drop(database(server, "hot"));
        // What made the tables counts for nothing.
        done(server, "hot", &[]);
        let reader = server.connect("hot").unwrap();
        reader.batch("BEGIN; SELECT count(*) FROM busy").unwrap();
        let snapshot = take(&[address(server, "hot")], || done(server, "hot", &[LOAD])).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lockkeeper.snapshot.json");
        std::fs::write(&file, written(&snapshot).unwrap()).unwrap();
        let file = file.to_str().unwrap();

        let said = |sql: &str, extra: &[&str]| {
            let pg = server.major().to_string();
            let args = ["lint", "-", "--pg", &pg, "--snapshot", file, "--format", "concise"];
            let ran = in_world(&[&args, extra].concat(), sql.as_bytes(), &[]);
            (ran.code, ran.stdout)
        };
        let (code, busy) = said("ALTER TABLE busy ADD COLUMN x int;", &[]);
        assert!(code == 1 && busy.contains("error[waits-without-lock-timeout]"), "{busy}");
        assert!(busy.contains("statements wait"), "{busy}");
        assert_eq!(
            said("SET lock_timeout = '2s'; ALTER TABLE busy ADD COLUMN x int;", &[]),
            (0, String::new())
        );
        let (code, quiet) = said("ALTER TABLE quiet ADD COLUMN x int;", &[]);
        assert!(code == 0 && quiet.contains("note[waits-without-lock-timeout]"), "{quiet}");

        // From varchar(20), which the snapshot knows, nothing is rewritten; from a type that nobody knows, it may be.
        let wider = "SET lock_timeout = '2s'; ALTER TABLE held ALTER COLUMN a TYPE bigint; \
                     ALTER TABLE busy ALTER COLUMN note TYPE varchar(30);";
        let rewrites = |said: &str| said.matches("[type-change-rewrites-table]").count();
        assert_eq!(rewrites(&said(wider, &[]).1), 2);
        assert_eq!(rewrites(&said(wider, &["--schema", file]).1), 1);
    });
}
