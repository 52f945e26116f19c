//! What a program does through the proxy is what it does without, and all of it is seen.

use std::{
    io::{Read, Write},
    net::TcpStream,
    pin::pin,
};

use bytes::Bytes;
use futures_util::SinkExt;
use lockkeeper::{
    dry_run::{Scripts, trace},
    error::Error,
    pg::{Sandbox, proxy::Door},
};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, error::SqlState};

use super::{
    DATABASE,
    messages::{FURTHER, left},
};
use crate::{
    frameworks::{BEFORE, MESSAGES},
    support::{majors, on_each, server},
};

fn one() -> Sandbox {
    server(15).unwrap()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn by(door: &Door) -> Config {
    let mut config = Config::new();
    config.host("127.0.0.1").port(door.port).user("postgres").password(&door.password).dbname(DATABASE);
    config
}

/// A new database, in which `before` ran.
fn prepare(server: &Sandbox, database: &str, before: &str) {
    server.drop_database(database).unwrap();
    server.create_database(database).unwrap();
    server.connect(database).unwrap().batch(before).unwrap();
}

/// What `work` does through the proxy, after `before`.
fn traced(server: &Sandbox, before: &str, work: impl AsyncFnOnce(Config)) -> Scripts {
    prepare(server, DATABASE, before);
    let (_, scripts) = trace(server, DATABASE, |door| {
        runtime().block_on(work(by(door)));
        Ok(true)
    })
    .unwrap();
    scripts
}

fn text(scripts: &Scripts) -> String {
    scripts.scripts.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join("---\n")
}

/// What a message answers: rows and ends, or why it was refused, and where.
async fn answer(client: &Client, message: &str) -> String {
    match client.simple_query(message).await {
        Ok(said) => {
            let one = |it: &SimpleQueryMessage| match it {
                SimpleQueryMessage::Row(row) => format!("{:?}", row.get(0)),
                SimpleQueryMessage::CommandComplete(n) => format!("{n}"),
                _ => String::new(),
            };
            said.iter().map(one).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ")
        }
        Err(error) => {
            let said = error.as_db_error().unwrap();
            format!("{}: {} at {:?}", said.code().code(), said.message(), said.position())
        }
    }
}

#[test]
fn a_message_gets_through_the_proxy_what_the_server_answers() {
    on_each(&majors(), |server| {
        for message in MESSAGES.iter().chain(FURTHER) {
            prepare(server, "message", BEFORE);
            let mut direct = Config::new();
            direct.host_path(server.socket_folder()).user("postgres").dbname("message");
            let expected = runtime().block_on(async { answer(&connect(&direct).await, message).await });
            let mut answered = String::new();
            traced(server, BEFORE, async |config| {
                answered = answer(&connect(&config).await, message).await;
            });
            let expected = (expected, left(server, "message"));
            assert_eq!((answered, left(server, DATABASE)), expected, "{}: {message}", server.major());
        }
    });
}

#[test]
fn the_extended_protocol_is_seen_statement_by_statement() {
    let scripts = traced(&one(), "CREATE TABLE t (id int PRIMARY KEY, v text)", async |config| {
        let mut client = connect(&config).await;
        let insert = client.prepare("INSERT INTO t VALUES ($1, $2)").await.unwrap();
        for n in 0..3 {
            assert_eq!(client.execute(&insert, &[&n, &"x"]).await.unwrap(), 1);
        }
        client.execute("CREATE INDEX CONCURRENTLY ti ON t (v)", &[]).await.unwrap();
        let changed = client.transaction().await.unwrap();
        changed.execute("ALTER TABLE t ADD COLUMN w int", &[]).await.unwrap();
        let read = changed.prepare("SELECT id FROM t ORDER BY id").await.unwrap();
        let portal = changed.bind(&read, &[]).await.unwrap();
        assert_eq!(changed.query_portal(&portal, 2).await.unwrap().len(), 2);
        assert_eq!(changed.query_portal(&portal, 2).await.unwrap().len(), 1);
        changed.commit().await.unwrap();
    });
    assert_eq!(
        text(&scripts),
        "INSERT INTO t VALUES ($1, $2);\n".repeat(3)
            + "CREATE INDEX CONCURRENTLY ti ON t (v);\nSTART TRANSACTION;\nALTER TABLE t ADD COLUMN w int;\n\
               SELECT id FROM t ORDER BY id;\nCOMMIT;\n"
    );
}

#[test]
fn what_is_refused_in_the_middle_ends_what_the_server_ends() {
    let scripts = traced(&one(), "CREATE TABLE t (id int PRIMARY KEY)", async |config| {
        let mut client = connect(&config).await;
        let twice = async {
            let insert = client.prepare("INSERT INTO t VALUES ($1)").await.unwrap();
            tokio::join!(
                client.execute(&insert, &[&1]),
                client.execute(&insert, &[&1]),
                client.query("TABLE t", &[])
            )
        };
        let (first, second, read) = twice.await;
        assert_eq!(first.unwrap(), 1);
        assert_eq!(second.unwrap_err().code(), Some(&SqlState::UNIQUE_VIOLATION));
        assert_eq!(read.unwrap().len(), 1);
        let mut changed = client.transaction().await.unwrap();
        changed.batch_execute("ALTER TABLE t ADD COLUMN a int").await.unwrap();
        let inner = changed.transaction().await.unwrap();
        assert!(inner.batch_execute("ALTER TABLE t ADD COLUMN a int").await.is_err());
        inner.rollback().await.unwrap();
        changed.batch_execute("ALTER TABLE t ADD COLUMN b int").await.unwrap();
        changed.commit().await.unwrap();
        assert!(client.batch_execute("VACUUM t; SELECT 1").await.is_err());
        client.batch_execute("VACUUM t").await.unwrap();
        let refused = client.batch_execute(
            "ALTER TABLE t ADD UNIQUE (id) DEFERRABLE INITIALLY DEFERRED; INSERT INTO t VALUES (2), (2)",
        );
        assert_eq!(refused.await.unwrap_err().code(), Some(&SqlState::UNIQUE_VIOLATION));
        assert_eq!(client.query("TABLE t", &[]).await.unwrap().len(), 1);
    });
    assert!(
        text(&scripts).contains("ALTER TABLE t ADD COLUMN b int;\nCOMMIT;\nVACUUM t;\n"),
        "{}",
        text(&scripts)
    );
}

#[test]
fn rows_go_both_ways() {
    traced(&one(), "CREATE TABLE t (id int PRIMARY KEY)", async |config| {
        let mut client = connect(&config).await;
        for copied in ["1\n2\n", "3\n"] {
            let sink = client.copy_in::<_, Bytes>("COPY t FROM stdin").await.unwrap();
            let mut sink = pin!(sink);
            sink.send(Bytes::from(copied)).await.unwrap();
            assert_eq!(sink.finish().await.unwrap(), u64::try_from(copied.len() / 2).unwrap());
        }
        let sink = client.copy_in::<_, Bytes>("COPY t FROM stdin").await.unwrap();
        let mut sink = pin!(sink);
        sink.send(Bytes::from("1\n")).await.unwrap();
        assert_eq!(sink.finish().await.unwrap_err().code(), Some(&SqlState::UNIQUE_VIOLATION));
        let changed = client.transaction().await.unwrap();
        assert_eq!(changed.query_one("SELECT count(*) FROM t", &[]).await.unwrap().get::<_, i64>(0), 3);
        let wide = "SELECT repeat('x', 1000) FROM generate_series(1, 1000)";
        assert_eq!(changed.query(wide, &[]).await.unwrap().len(), 1000);
        changed.commit().await.unwrap();
        assert_eq!(client.query(wide, &[]).await.unwrap().len(), 1000);
    });
}

#[test]
fn a_client_hears_what_it_wants_to_hear_and_keeps_its_settings() {
    traced(&one(), "", async |config| {
        let (client, mut connection) = config.connect(NoTls).await.unwrap();
        let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(Ok(message)) =
                std::future::poll_fn(|context| connection.poll_message(context)).await
            {
                if let tokio_postgres::AsyncMessage::Notice(notice) = message {
                    sender.send(notice.message().to_owned()).unwrap();
                }
            }
        });
        let say = "DO $$ BEGIN RAISE DEBUG 'a'; RAISE LOG 'b'; RAISE NOTICE 'c'; RAISE WARNING 'd'; RAISE INFO 'e'; END $$";
        client.batch_execute(say).await.unwrap();
        client.batch_execute("SET client_min_messages = warning").await.unwrap();
        client.batch_execute(say).await.unwrap();
        client.batch_execute("BEGIN; CREATE TABLE t (id int PRIMARY KEY); COMMIT").await.unwrap();
        assert_eq!(answer(&client, "SHOW client_min_messages").await, "Some(\"warning\") 0");
        let mut all = String::new();
        while let Ok(one) = heard.try_recv() {
            all += &one;
        }
        assert_eq!(all, "cdede");
    });
}

#[test]
fn a_statement_can_be_cancelled() {
    let scripts = traced(&one(), "", async |config| {
        let client = connect(&config).await;
        let token = client.cancel_token();
        let cancel = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            token.cancel_query(NoTls).await.unwrap();
        };
        let (slept, ()) = tokio::join!(client.batch_execute("SELECT pg_sleep(60)"), cancel);
        assert_eq!(slept.unwrap_err().code(), Some(&SqlState::QUERY_CANCELED));
        assert_eq!(answer(&client, "SELECT 1").await, "Some(\"1\") 1");
    });
    assert_eq!(text(&scripts), "SELECT 1;\n");
}

/// Messages of the protocol: a letter, and what it says.
fn messages(all: &[(u8, &[u8])]) -> Vec<u8> {
    let one = |(letter, body): &(u8, &[u8])| {
        [&[*letter][..], &u32::try_from(body.len() + 4).unwrap().to_be_bytes(), body].concat()
    };
    all.iter().flat_map(one).collect()
}

/// The letters of what comes, up to one of these.
fn letters(stream: &mut TcpStream, until: &[u8]) -> String {
    let mut all = String::new();
    while !all.ends_with(|it| until.contains(&u8::try_from(it).unwrap())) {
        let mut header = [0; 5];
        stream.read_exact(&mut header).unwrap();
        let length = u32::from_be_bytes(header[1..].try_into().unwrap()) - 4;
        stream.read_exact(&mut vec![0; usize::try_from(length).unwrap()]).unwrap();
        all.push(char::from(header[0]));
    }
    all
}

#[test]
fn who_only_flushes_is_answered() {
    let server = one();
    prepare(&server, DATABASE, "CREATE TABLE t (id int PRIMARY KEY)");
    let (_, scripts) = trace(&server, DATABASE, |door| {
        let mut stream = TcpStream::connect(("127.0.0.1", door.port)).unwrap();
        let parameters = format!("user\0app\0database\0{DATABASE}\0\0");
        let start = [&(3_u32 << 16).to_be_bytes(), parameters.as_bytes()].concat();
        stream.write_all(&messages(&[(b'?', &start)])[1..]).unwrap();
        assert_eq!(letters(&mut stream, b"R"), "R");
        stream.write_all(&messages(&[(b'p', format!("{}\0", door.password).as_bytes())])).unwrap();
        assert!(letters(&mut stream, b"Z").ends_with("KZ"));
        let statement = |sql: &str| format!("\0{sql}\0\0\0").into_bytes();
        let bind: &[u8] = &[0; 8];
        let execute: &[u8] = &[0; 5];
        let mut send = |sql: &str, until| {
            let parse = statement(sql);
            stream.write_all(&messages(&[(b'P', &parse), (b'H', b"")])).unwrap();
            let mut all = letters(&mut stream, b"1E");
            if all == "1" {
                stream.write_all(&messages(&[(b'B', bind), (b'E', execute), (b'H', b"")])).unwrap();
                all += &letters(&mut stream, until);
            }
            stream.write_all(&messages(&[(b'S', b"")])).unwrap();
            all + &letters(&mut stream, b"Z")
        };
        assert_eq!(send("INSERT INTO t VALUES (1)", b"CE"), "12CZ");
        assert_eq!(send("INSERT INTO t VALUES (1)", b"CE"), "12EZ");
        assert_eq!(send("INSERT INTOO t VALUES (1)", b"CE"), "EZ");
        assert_eq!(send("CREATE INDEX CONCURRENTLY ti ON t (id)", b"CE"), "12CZ");
        assert_eq!(send("INSERT INTO t VALUES (2)", b"CE"), "12CZ");
        Ok(true)
    })
    .unwrap();
    let expected =
        "INSERT INTO t VALUES (1);\nCREATE INDEX CONCURRENTLY ti ON t (id);\nINSERT INTO t VALUES (2);\n";
    assert_eq!(text(&scripts), expected);
    assert_eq!(server.connect(DATABASE).unwrap().rows("TABLE t").unwrap().len(), 2);
}

#[test]
fn only_the_command_gets_in() {
    let server = one();
    prepare(&server, DATABASE, "");
    let (_, scripts) = trace(&server, DATABASE, |door| {
        runtime().block_on(async {
            let refused = by(door).password("guessed").connect(NoTls).await.err().unwrap();
            assert_eq!(refused.code(), Some(&SqlState::INVALID_PASSWORD));
            let elsewhere = connect(by(door).dbname("postgres")).await;
            assert_eq!(answer(&elsewhere, "SELECT 1").await, "Some(\"1\") 1");
        });
        Ok::<_, Error>(true)
    })
    .unwrap();
    assert_eq!((scripts.n_sent, scripts.n_strangers), (0, 1));
    assert_eq!(scripts.elsewhere, ["postgres"]);
}
