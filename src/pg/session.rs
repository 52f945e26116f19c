//! One connection, without `async`: SQL text in, rows of text and the server's messages out.
//!
//! Each session drives its own connection on the calling thread, so a session that waits for a lock blocks only its caller.
//! Values stay text, as the simple query protocol sends them: what is asked here are names, numbers and modes.

use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{
    AsyncMessage, Client, Config, NoTls, SimpleQueryMessage, Socket, error::ErrorPosition,
    tls::MakeTlsConnect,
};

use crate::error::Error;

/// The division by zero that [`Session::reads`] sends.
const DIVISION_BY_ZERO: &str = "22012";

/// A message that the server sent beside a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `DEBUG`, `LOG`, `INFO`, `NOTICE` or `WARNING`.
    pub severity: String,
    /// The primary message.
    pub message: String,
}

/// One row of a result; `None` is NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(pub(super) Vec<Option<String>>);

impl Row {
    /// The text of column `n`, counted from 0; empty where it is NULL or absent.
    pub fn text(&self, n: usize) -> &str {
        self.0.get(n).and_then(Option::as_deref).unwrap_or_default()
    }

    /// The number in column `n`, counted from 0; `None` where it is NULL, absent or no number.
    pub fn number<T: std::str::FromStr>(&self, n: usize) -> Option<T> {
        self.text(n).parse().ok()
    }

    /// Whether column `n`, counted from 0, is true.
    pub fn is_true(&self, n: usize) -> bool {
        self.text(n) == "t"
    }
}

/// An open connection.
pub struct Session {
    client: Client,
    runtime: Runtime,
    notices: Arc<Mutex<Vec<Notice>>>,
    backend: i32,
}

impl Session {
    /// Connects as `config` says, without TLS: for sockets in private directories.
    pub(crate) fn open(config: &Config) -> Result<Self, Error> {
        let attempted = format!("cannot connect to database {}", config.get_dbname().unwrap_or("postgres"));
        Self::open_with(config, NoTls, &attempted)
    }

    /// Connects as `config` says; `attempted` begins the error if that fails.
    pub(super) fn open_with<T>(config: &Config, tls: T, attempted: &str) -> Result<Self, Error>
    where
        T: MakeTlsConnect<Socket, Stream: Send + 'static>,
    {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| Error::Runtime { attempted: attempted.to_owned(), source })?;
        let (client, mut connection) =
            runtime.block_on(config.connect(tls)).map_err(|source| postgres(attempted.to_owned(), source))?;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&notices);
        runtime.spawn(async move {
            // A broken connection ends the loop; the statement in progress reports why.
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    let notice = Notice {
                        severity: notice.severity().to_owned(),
                        message: notice.message().to_owned(),
                    };
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
                }
            }
        });
        let mut session = Self { client, runtime, notices, backend: 0 };
        let rows = session.rows("SELECT pg_backend_pid()")?;
        session.backend = rows.first().and_then(|row| row.number(0)).unwrap_or_default();
        Ok(session)
    }

    /// The process id of the server process behind this session.
    pub fn backend(&self) -> i32 {
        self.backend
    }

    /// Runs `sql`, one or more statements.
    pub fn batch(&self, sql: &str) -> Result<(), Error> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(|source| refused(sql, source))
    }

    /// Runs `sql` and returns the rows of all its statements.
    pub fn rows(&self, sql: &str) -> Result<Vec<Row>, Error> {
        let messages =
            self.runtime.block_on(self.client.simple_query(sql)).map_err(|source| refused(sql, source))?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some(Row((0..row.len()).map(|n| row.get(n).map(str::to_owned)).collect()))
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Whether the server can read all of a message, which nothing of is run; else what it says of it.
    ///
    /// The first statement of the message fails, but only after all of it was read.
    pub(crate) fn reads(&self, message: &str) -> Result<Result<(), Refusal>, Error> {
        const BEFORE: &str = "SELECT 1/0;\n";
        let said = answer(self.batch(&format!("{BEFORE}{message}")))?;
        Ok(match said {
            Err(refusal) if refusal.sqlstate != DIVISION_BY_ZERO => {
                let n_before = u32::try_from(BEFORE.len()).unwrap_or_default();
                let position = refusal.position.map(|it| it.saturating_sub(n_before));
                Err(Refusal { position, ..refusal })
            }
            _ => Ok(()),
        })
    }

    /// Runs a `COPY … FROM stdin` with these rows, as they stand in a dump.
    pub fn copy_in(&self, sql: &str, rows: &str) -> Result<(), Error> {
        let copied = self.runtime.block_on(async {
            let sink = self.client.copy_in::<_, Bytes>(sql).await?;
            let mut sink = pin!(sink);
            sink.send(Bytes::copy_from_slice(rows.as_bytes())).await?;
            sink.finish().await
        });
        copied.map(drop).map_err(|source| refused(sql, source))
    }

    /// Returns the messages since the last call, oldest first.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The error of a statement: its beginning says which.
fn refused(sql: &str, source: tokio_postgres::Error) -> Error {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let start: String = line.chars().take(100).collect();
    let rest = if start.len() < line.len() { "…" } else { "" };
    postgres(format!("cannot run `{start}{rest}`"), source)
}

fn postgres(attempted: String, source: tokio_postgres::Error) -> Error {
    Error::Postgres { attempted, source: Box::new(source) }
}

/// What the server says of a statement, apart from what breaks the run.
pub(crate) fn answer(done: Result<(), Error>) -> Result<Result<(), Refusal>, Error> {
    match done {
        Ok(()) => Ok(Ok(())),
        Err(error) => Refusal::of(&error).map(Err).ok_or(error),
    }
}

/// What a server said when it refused a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The five-character code, as listed in the manual, Appendix A.
    pub sqlstate: String,
    /// The primary message.
    pub message: String,
    /// What the server says besides, if anything.
    pub detail: Option<String>,
    /// What the server advises, if anything.
    pub hint: Option<String>,
    /// Where in the statement, in characters from 1, if the server says so.
    pub position: Option<u32>,
}

/// `42704: role "app" does not exist`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.sqlstate, self.message)
    }
}

impl Refusal {
    /// Returns what the server said; `None` when `error` did not come from a server.
    pub fn of(error: &Error) -> Option<Self> {
        let Error::Postgres { source, .. } = error else { return None };
        let said = source.as_db_error()?;
        let position = match said.position() {
            Some(ErrorPosition::Original(position)) => Some(*position),
            Some(ErrorPosition::Internal { .. }) | None => None,
        };
        Some(Self {
            sqlstate: said.code().code().to_owned(),
            message: said.message().to_owned(),
            detail: said.detail().map(str::to_owned),
            hint: said.hint().map(str::to_owned),
            position,
        })
    }
}
