//! Clients at a steady pace, on a primary and its replica: what they count themselves is what the snapshot says, and the busiest is hot.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use lockkeeper::{
    effect::{Relation, Target},
    pg::{Sandbox, snapshot::take},
    sql::statement::{Name, RelationKind},
    traffic::{Heat, Snapshot, Traffic},
};

use super::{
    replica::{caught_up, oldest_and_newest},
    setup::address,
    table,
};

const SCHEMA: &str = "
    CREATE TABLE accounts (id int PRIMARY KEY, balance int) WITH (fillfactor = 50);
    CREATE TABLE orders (id int PRIMARY KEY);
    CREATE TABLE items (id int PRIMARY KEY);
    CREATE TABLE history (id int);
    CREATE TABLE countries (id int PRIMARY KEY);
    INSERT INTO accounts SELECT n, 0 FROM generate_series(1, 1000) n;
    INSERT INTO orders SELECT generate_series(1, 1000);
    INSERT INTO items SELECT generate_series(1, 1000);
    INSERT INTO countries SELECT generate_series(1, 200);
    ANALYZE;
";

/// How many clients there are on the primary; on the replica there are half as many.
const CLIENTS: u32 = 8;
/// How often each does something.
const PACE: Duration = Duration::from_millis(40);
/// A client's statements are counted once it has some, at most every second: they begin apart, so that not all are late at once.
const APART: Duration = Duration::from_millis(125);
/// Until each of them has been counted once.
const BEFORE: Duration = Duration::from_millis(2500);
/// How long they are watched.
const WATCHED: Duration = Duration::from_secs(6);
/// One of so many transactions of the primary's clients writes history.
const WRITES_HISTORY: u32 = 10;

/// What the clients of one server did, each transaction at its time after the start.
type Done = Mutex<Vec<Duration>>;

#[test]
fn what_clients_count_is_what_the_snapshot_says() {
    oldest_and_newest(check);
}

fn check(primary: &Sandbox) {
    primary.create_database("clients").unwrap();
    primary.connect("clients").unwrap().batch(SCHEMA).unwrap();
    let replica = primary.replica().unwrap();
    caught_up(primary, &replica);
    let (is_over, start) = (AtomicBool::new(false), Instant::now());
    let (on_primary, on_replica) = (Done::default(), Done::default());
    let mut watched = (Duration::ZERO, Duration::ZERO);
    let snapshot = thread::scope(|scope| {
        for n in 0..CLIENTS {
            let (is_over, on_primary, on_replica) = (&is_over, &on_primary, &on_replica);
            let replica = &replica;
            scope.spawn(move || client(primary, n, start, is_over, on_primary, &on_primary_sql));
            if n.is_multiple_of(2) {
                scope.spawn(move || client(replica, n, start, is_over, on_replica, &on_replica_sql));
            }
        }
        thread::sleep(BEFORE);
        let addresses = [primary, &replica].map(|it| address(it, "clients"));
        let snapshot = take(&addresses, || {
            watched.0 = start.elapsed();
            thread::sleep(WATCHED);
            watched.1 = start.elapsed();
        });
        is_over.store(true, Ordering::Relaxed);
        snapshot.unwrap()
    });
    let per_s = |done: &Done| {
        let done = done.lock().unwrap();
        let n = done.iter().filter(|it| watched.0 <= **it && **it < watched.1).count();
        f64::from(u32::try_from(n).unwrap()) / watched.1.saturating_sub(watched.0).as_secs_f64()
    };
    assert_rates(&snapshot, per_s(&on_primary), per_s(&on_replica), primary.major());
    assert_heats(snapshot);
}

fn on_primary_sql(n: u32) -> String {
    let id = n % 1000 + 1;
    let history = if n.is_multiple_of(WRITES_HISTORY) { "INSERT INTO history VALUES (1);" } else { "" };
    format!(
        "BEGIN; UPDATE accounts SET balance = 1 WHERE id = {id}; SELECT FROM orders WHERE id = {id}; {history} COMMIT"
    )
}

fn on_replica_sql(n: u32) -> String {
    format!("SELECT FROM items WHERE id = {}", n % 1000 + 1)
}

/// Does something at a steady pace, in one session, and says when.
fn client(
    server: &Sandbox,
    number: u32,
    start: Instant,
    is_over: &AtomicBool,
    done: &Done,
    sql: &dyn Fn(u32) -> String,
) {
    let session = server.connect("clients").unwrap();
    for n in 0.. {
        let due = start + APART * number + PACE * n;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        // Each client has its own rows, so that nobody waits for another.
        session.batch(&sql(n * CLIENTS + number)).unwrap();
        done.lock().unwrap().push(start.elapsed());
    }
}

fn assert_rates(snapshot: &Snapshot, on_primary: f64, on_replica: f64, major: u16) {
    let is_near = |what: &str, rate: f64, counted: f64| {
        assert!(
            (rate / counted - 1.0).abs() <= 0.1,
            "{major}: {what}: the snapshot says {rate} a second, the clients counted {counted:.1}"
        );
    };
    let of = |name: &str| table(snapshot, name);
    is_near("reads of accounts", of("public.accounts").reads_per_s, on_primary);
    is_near("writes of accounts", of("public.accounts").writes_per_s, on_primary);
    is_near("reads of orders", of("public.orders").reads_per_s, on_primary);
    is_near("reads of items, on the replica", of("public.items").reads_per_s, on_replica);
    let countries = of("public.countries");
    assert_eq!((countries.reads_per_s, countries.writes_per_s), (0.0, 0.0));
}

fn assert_heats(snapshot: Snapshot) {
    let mut busiest: Vec<(f64, String)> =
        snapshot.tables.iter().map(|it| (it.reads_per_s + it.writes_per_s, it.name.clone())).collect();
    busiest.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names: Vec<&str> = busiest.iter().map(|it| it.1.trim_start_matches("public.")).collect();
    assert_eq!(names, ["accounts", "orders", "items", "history", "countries"]);
    let traffic = Traffic::default().with(snapshot, None);
    let heats = names.iter().map(|it| {
        let name = Name::qualified("public", *it);
        traffic.heat(&Relation::new(name, RelationKind::Table, Target::Existing))
    });
    assert_eq!(heats.collect::<Vec<_>>(), [Heat::Hot, Heat::Hot, Heat::Hot, Heat::Warm, Heat::Cold]);
}
