//! Who would wait: measured while the statements run, alone and behind a transaction that has read the tables.

use std::time::Duration;

use lockkeeper::{
    dry_run::{Options, Probed, Rows, Wait},
    effect::Lock,
    lint::InputRole,
    pg::Sandbox,
};

use super::{DATABASE, input, told};
use crate::support::{majors, on_each};

const SCHEMA: &str = "CREATE TABLE orders (id int PRIMARY KEY, note text, total int);";

/// How long the reader stays.
const LONGEST: Duration = Duration::from_millis(600);

/// How far a time may be off on a machine that does something else as well.
const OFF: Duration = Duration::from_millis(150);

fn probe(server: &Sandbox, judged: &str, n_rows: u64) -> [Probed; 2] {
    server.drop_database(DATABASE).unwrap();
    server.drop_database(&format!("{DATABASE}_before")).unwrap();
    let inputs = [input("0.sql", SCHEMA, InputRole::Schema), input("1.sql", judged, InputRole::Linted)];
    let rows = Rows { snapshot: None, most: n_rows, share: 1.0 };
    let options = Options { rows: Some(rows), probe: Some(LONGEST), ..Options::default() };
    let ran = told(server, &inputs, &options).unwrap();
    ran.probed.try_into().unwrap()
}

fn between(from: Duration, to: Duration) -> Duration {
    to.checked_sub(from).unwrap()
}

fn is_about(time: Duration, expected: Duration) -> bool {
    time.abs_diff(expected) < OFF
}

#[test]
fn a_rewrite_blocks_all_while_it_runs_and_behind_a_reader_all_that_come_after() {
    on_each(&majors(), |server| {
        let [alone, behind] = probe(server, "ALTER TABLE orders ALTER total TYPE bigint;", 200_000);
        let timed = &alone.files[0][0];
        let held = between(timed.from, timed.released);
        assert!(timed.waits.is_empty(), "{timed:?}");
        let [lane] = alone.lanes.as_slice() else { panic!("{:?}", alone.lanes) };
        assert_eq!(lane.relation, "public.orders");
        assert!(is_about(lane.reads(), held) && is_about(lane.writes(), held), "{lane:?} {timed:?}");

        let timed = &behind.files[0][0];
        let [Wait { relation, lock, from, to }] = timed.waits.as_slice() else { panic!("{timed:?}") };
        assert_eq!((relation.as_deref(), *lock), (Some("public.orders"), Some(Lock::AccessExclusive)));
        assert!(is_about(between(*from, *to), LONGEST), "{timed:?}");
        assert!(is_about(behind.lanes[0].reads(), between(timed.from, timed.released)), "{behind:?}");
    });
}

#[test]
fn an_index_blocks_writes_and_one_that_is_made_concurrently_nobody() {
    on_each(&majors(), |server| {
        let [alone, behind] = probe(server, "CREATE INDEX ON orders (note);", 200_000);
        let (timed, lane) = (&alone.files[0][0], &alone.lanes[0]);
        assert!(is_about(lane.writes(), between(timed.from, timed.to)), "{alone:?}");
        assert!(lane.reads() < OFF, "{lane:?}");
        // Who only reads is in nobody's way.
        assert!(behind.files[0][0].waits.is_empty(), "{behind:?}");

        let [_, behind] = probe(server, "CREATE INDEX CONCURRENTLY ON orders (note);", 1000);
        let (timed, lane) = (&behind.files[0][0], &behind.lanes[0]);
        let waits_for_transactions =
            |it: &Wait| it.lock.is_none() && is_about(between(it.from, it.to), LONGEST);
        assert!(timed.waits.iter().any(waits_for_transactions), "{timed:?}");
        assert!(lane.reads() + lane.writes() < OFF, "{lane:?}");
    });
}

#[test]
fn a_lock_timeout_ends_the_wait_of_all() {
    on_each(&majors(), |server| {
        let judged = "SET lock_timeout = '200ms';\nALTER TABLE orders ADD COLUMN more int;\nSELECT 1;";
        let [alone, behind] = probe(server, judged, 10);
        assert!(
            alone.files[0].iter().all(|it| it.refusal.is_none()) && alone.files[0].len() == 3,
            "{alone:?}"
        );
        assert!(alone.lanes[0].reads() < OFF, "{alone:?}");
        let last = behind.files[0].last().unwrap();
        assert_eq!(last.refusal.as_ref().unwrap().sqlstate, "55P03");
        assert_eq!(behind.files[0].len(), 2);
        assert!(is_about(behind.lanes[0].reads(), Duration::from_millis(200)), "{behind:?}");
    });
}
