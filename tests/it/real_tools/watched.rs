//! A database that writes down what is made and changed in it, and in which transaction; reached by TCP, as not every tool knows sockets.

use std::{
    io,
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    thread,
};

use lockkeeper::pg::{Sandbox, session::Row};

/// The kinds of statements that are seen.
pub(crate) const KINDS: &[&str] = &["create-table", "alter-table", "create-index", "create-view"];

/// How a server refuses what no transaction allows.
pub(crate) const REFUSALS: &[&str] = &[
    "cannot run inside a transaction block",
    "cannot be executed within a pipeline",
    // Flyway looks before it asks the server.
    "Detected both transactional and non-transactional statements",
];

/// The database that tools connect to.
pub(crate) const DATABASE: &str = "shop";

/// What the tools keep for themselves is in other schemas, or has one of these in its name.
const WATCH: &str = "
    CREATE SCHEMA watch;
    CREATE TABLE watch.change (n serial, tag text, xid xid8);
    CREATE FUNCTION watch.note() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        INSERT INTO watch.change (tag, xid) SELECT command_tag, pg_current_xact_id() FROM pg_event_trigger_ddl_commands()
        WHERE object_identity ~ '^public\\.' AND object_identity !~ 'migration|history|version|changelog|_pkey';
    END $$;
    CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE INDEX', 'CREATE VIEW')
        EXECUTE FUNCTION watch.note();";

/// What was made or changed.
pub(crate) struct Change {
    pub(crate) kind: String,
    /// Its number among those that changed something, from 1.
    pub(crate) transaction: usize,
}

/// The server, and where it is reached.
pub(crate) struct Watched<'s> {
    server: &'s Sandbox,
    pub(crate) port: u16,
}

impl<'s> Watched<'s> {
    /// Opens a port of this machine to the server's socket, for as long as the test runs.
    pub(crate) fn on(server: &'s Sandbox) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket: PathBuf = server.socket_folder().join(".s.PGSQL.5432");
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if let Ok(server) = UnixStream::connect(&socket) {
                    pass_on(client, server);
                }
            }
        });
        Self { server, port }
    }

    /// Makes the database anew.
    pub(crate) fn fresh(&self) {
        self.server.drop_database(DATABASE).unwrap();
        self.server.create_database(DATABASE).unwrap();
        self.server.connect(DATABASE).unwrap().batch(WATCH).unwrap();
    }

    /// What was committed, in order.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let session = self.server.connect(DATABASE).unwrap();
        let query = "SELECT lower(replace(tag, ' ', '-')), dense_rank() OVER (ORDER BY xid::text::bigint) FROM watch.change ORDER BY n";
        let rows = session.rows(query).unwrap();
        let change = |row: &Row| Change { kind: row.text(0).to_owned(), transaction: row.number(1).unwrap() };
        rows.iter().map(change).collect()
    }
}

/// Passes what one says to the other, both ways.
fn pass_on(client: TcpStream, server: UnixStream) {
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let (mut from_server, mut to_client) = (server, client);
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Write);
    });
}
