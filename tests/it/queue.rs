//! The queue behind a lock, held against real servers: statements come at a fixed rate while a reader holds the table and DDL waits.

use std::{
    thread,
    time::{Duration, Instant},
};

use lockkeeper::{
    pg::{Sandbox, Session},
    traffic::{Hold, Queue},
};

use crate::support::{majors, on_each};

/// How many statements come each second.
const PER_S: u32 = 25;
/// How many come altogether, each on a connection of its own.
const N: u32 = 100;
/// When the DDL comes, after the first of them.
const DDL_AFTER: Duration = Duration::from_millis(300);
/// How long the reader has the table from then on.
const READER: Duration = Duration::from_secs(2);
/// How long the DDL's transaction is open once it has its lock.
const HELD: Duration = Duration::from_secs(1);
/// The pool whose end is foretold.
const POOL: u64 = 30;

/// When a statement was sent and when its answer came, in seconds after the start.
struct Statement {
    sent: f64,
    answered: f64,
}

/// What happened.
struct Happened {
    statements: Vec<Statement>,
    /// When the DDL was sent, when it had its lock, and when it committed.
    asked: f64,
    granted: f64,
    released: f64,
}

#[test]
fn as_many_wait_as_the_model_says() {
    let majors = majors();
    let ends: Vec<u16> = majors.first().into_iter().chain(majors.last()).copied().collect();
    for (major, happened) in on_each(&ends, happened) {
        let Happened { statements, asked, granted, released } = happened;
        // The test is of the model, not of the machine's pace: what is put in is what came to pass.
        let (first, last) = (statements.first().unwrap().sent, statements.last().unwrap().sent);
        let per_s = f64::from(N - 1) / (last - first);
        let held_ms = ms(released - granted);
        let hold = Hold { low_ms: held_ms, high_ms: held_ms, ..Hold::default() };
        let queue = Queue::new(per_s, ms(granted - asked), hold, Some(POOL));

        let came: Vec<&Statement> =
            statements.iter().filter(|it| asked <= it.sent && it.sent < released).collect();
        let waited = came.iter().filter(|it| it.answered >= released).count();
        let waited = f64::from(u32::try_from(waited).unwrap());
        assert!(
            (waited / queue.waiting.1 - 1.0).abs() <= 0.1,
            "{major}: {waited} waited, {:.1} were foretold",
            queue.waiting.1
        );
        let waited = came.iter().filter(|it| it.answered >= released);
        let stalled: f64 = waited.map(|it| it.answered - it.sent).sum();
        assert!(
            (stalled / queue.stalled_s.1 - 1.0).abs() <= 0.1,
            "{major}: they waited {stalled:.1} s together, {:.1} were foretold",
            queue.stalled_s.1
        );
        let gone = came.get(usize::try_from(POOL).unwrap() - 1).unwrap().sent - asked;
        let foretold = queue.pool_gone_s.unwrap();
        assert!(
            (gone / foretold - 1.0).abs() <= 0.1,
            "{major}: the pool was gone after {gone:.2} s, {foretold:.2} were foretold"
        );
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundreds of milliseconds")]
fn ms(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

/// A pool that is not used up by then is not said to be.
#[test]
fn a_pool_that_suffices_is_never_gone() {
    let hold = Hold { low_ms: 100, high_ms: 1_000, ..Hold::default() };
    assert_eq!(Queue::new(10.0, 500, hold, Some(16)).pool_gone_s, None);
    assert_eq!(Queue::new(10.0, 500, hold, Some(14)).pool_gone_s, Some(1.4));
    assert_eq!(Queue::new(0.0, 500, hold, Some(14)).pool_gone_s, None);
}

fn happened(server: &Sandbox) -> Happened {
    const DATABASE: &str = "queue";
    server.drop_database(DATABASE).unwrap();
    server.create_database(DATABASE).unwrap();
    let connect = || server.connect(DATABASE).unwrap();
    let (reader, ddl) = (connect(), connect());
    ddl.batch("CREATE TABLE t (x int); INSERT INTO t VALUES (1)").unwrap();
    let sessions: Vec<Session> = (0..N).map(|_| connect()).collect();
    reader.batch("BEGIN; SELECT * FROM t").unwrap();

    let start = Instant::now() + Duration::from_millis(50);
    let now = || start.elapsed().as_secs_f64();
    let until = |at: Duration| thread::sleep((start + at).saturating_duration_since(Instant::now()));
    thread::scope(|scope| {
        let clients: Vec<_> = (0..N)
            .zip(sessions)
            .map(|(n, session)| {
                scope.spawn(move || {
                    until(Duration::from_secs(1) * n / PER_S);
                    let sent = now();
                    session.rows("SELECT * FROM t").unwrap();
                    Statement { sent, answered: now() }
                })
            })
            .collect();
        scope.spawn(move || {
            until(DDL_AFTER + READER);
            reader.batch("COMMIT").unwrap();
        });
        until(DDL_AFTER);
        let asked = now();
        ddl.batch("BEGIN; ALTER TABLE t ADD COLUMN y int").unwrap();
        let granted = now();
        thread::sleep(HELD);
        // Measured before it is sent: an answer cannot come sooner.
        let released = now();
        ddl.batch("COMMIT").unwrap();
        let mut statements: Vec<Statement> = clients.into_iter().map(|it| it.join().unwrap()).collect();
        statements.sort_by(|a, b| a.sent.total_cmp(&b.sent));
        Happened { statements, asked, granted, released }
    })
}
