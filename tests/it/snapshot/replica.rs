//! What a replica reads is counted, and a failover is no rate.

use std::{
    thread,
    time::{Duration, Instant},
};

use lockkeeper::pg::{Sandbox, snapshot::take};

use super::{assert_done, database, done, setup::address, table};
use crate::support::{majors, on_each};

#[test]
fn what_a_replica_reads_is_added_and_a_failover_is_an_error() {
    oldest_and_newest(check);
}

/// Replicas are copied in different ways.
pub(super) fn oldest_and_newest(check: fn(&Sandbox)) {
    let majors = majors();
    let mut ends = vec![majors[0], majors[majors.len() - 1]];
    ends.dedup();
    on_each(&ends, check);
}

fn check(primary: &Sandbox) {
    drop(database(primary, "shop"));
    done(primary, "shop", &[]);
    let replica = primary.replica().unwrap();
    caught_up(primary, &replica);
    let addresses = [&replica, primary].map(|it| address(it, "shop"));
    let read = "SELECT count(*) FROM quiet";
    let snapshot = take(&addresses, || {
        done(primary, "shop", &["INSERT INTO quiet VALUES (2), (3)", read]);
        done(&replica, "shop", &[read, read, read]);
    })
    .unwrap();
    let roles: Vec<_> = snapshot.servers.iter().map(|it| it.role.as_str()).collect();
    assert_eq!(roles, ["primary", "replica"]);
    assert_eq!(snapshot.unseen, Vec::<String>::new());
    // One read of the primary and three of the replica; both were watched for nearly as long.
    let quiet = table(&snapshot, "public.quiet");
    let done_there = |rate: f64| rate * snapshot.servers[0].seconds;
    let (reads, writes) = (done_there(quiet.reads_per_s), done_there(quiet.writes_per_s));
    assert!((3.6..4.4).contains(&reads) && (1.9..2.1).contains(&writes), "{reads} reads, {writes} writes");

    let alone = take(&addresses[..1], || done(&replica, "shop", &[read])).unwrap();
    assert_eq!(alone.servers[0].role, "replica");
    assert_done("reads of the replica", table(&alone, "public.quiet").reads_per_s, &alone, 1.0);

    let error = take(&addresses, || {
        replica.connect("postgres").unwrap().batch("SELECT pg_promote()").unwrap();
    })
    .unwrap_err();
    assert!(
        error.to_string().ends_with(
            "it was a replica at the first sample and is the primary at the second: there was a failover; take it again"
        ),
        "{error}"
    );
    let error = take(&addresses, || ()).unwrap_err();
    assert!(error.to_string().ends_with("name one primary and its replicas"), "{error}");
}

/// Waits until the replica has what the primary has written.
pub(super) fn caught_up(primary: &Sandbox, replica: &Sandbox) {
    let written = primary.connect("postgres").unwrap().rows("SELECT pg_current_wal_lsn()").unwrap();
    let session = replica.connect("postgres").unwrap();
    let caught_up = format!("SELECT pg_last_wal_replay_lsn() >= '{}'", written[0].text(0));
    let started = Instant::now();
    while !session.rows(&caught_up).unwrap()[0].is_true(0) {
        assert!(started.elapsed() < Duration::from_secs(20), "the replica does not catch up");
        thread::sleep(Duration::from_millis(20));
    }
}
