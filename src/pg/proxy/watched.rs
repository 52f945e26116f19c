//! A statement of a client's, as who observes it sees it.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    super::{
        Notice,
        observe::{Until, Watched},
        session::{Refusal, Row},
    },
    client::Client,
    server::{Level, Server},
};
use crate::error::Error;

/// A statement that is about to be sent.
pub(super) struct Theirs<'t> {
    backend: i32,
    inner: Mutex<Inner<'t>>,
}

/// What the thread needs that sends it.
pub(super) struct Inner<'t> {
    pub(super) server: &'t mut Server,
    pub(super) client: &'t mut Client,
    /// What is sent.
    pub(super) bytes: &'t [u8],
    /// How many characters of the client's message come before it.
    pub(super) offset: usize,
    /// Whether it is no simple query.
    pub(super) is_extended: bool,
}

impl<'t> Theirs<'t> {
    pub(super) fn new(inner: Inner<'t>) -> Self {
        Self { backend: inner.server.backend, inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner<'t>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, sql: &str) -> Result<Vec<Row>, Error> {
        let asked = self.inner().server.ask(sql).map_err(failed)?;
        asked.map_err(|(refusal, _)| failed(io::Error::other(refusal.to_string())))
    }
}

/// The error of a connection that broke, or of a session that does not let itself be asked.
pub(super) fn failed(source: io::Error) -> Error {
    Error::Traced { source }
}

impl Watched for Theirs<'_> {
    fn backend(&self) -> i32 {
        self.backend
    }

    fn rows(&self, sql: &str) -> Result<Vec<Row>, Error> {
        self.ask(sql)
    }

    fn listen(&self, until: Until) -> Result<(), Error> {
        let rows = self.ask("SELECT pg_catalog.current_setting('client_min_messages')")?;
        let level = Level(rows.first().map(|it| it.text(0).to_owned()).unwrap_or_default());
        self.ask(&format!("SET {}client_min_messages = debug1", until.word()))?;
        self.inner().server.heard = Some((Vec::new(), level));
        Ok(())
    }

    fn listen_no_more(&self, until: Until) -> Result<(), Error> {
        let heard = self.inner().server.heard.take();
        let level = heard.as_ref().map_or("notice", |it| it.1.0.as_str());
        self.ask(&format!("SET {}client_min_messages = {level}", until.word()))?;
        Ok(())
    }

    fn take_notices(&self) -> Vec<Notice> {
        self.inner().server.heard.as_mut().map(|it| std::mem::take(&mut it.0)).unwrap_or_default()
    }

    fn run(&self, _: &str) -> Result<Result<(), Refusal>, Error> {
        let mut inner = self.inner();
        let Inner { server, client, bytes, offset, is_extended } = &mut *inner;
        let answer = server.send(bytes).and_then(|()| server.answer(client, *offset, *is_extended));
        let answer = answer.map_err(failed)?;
        Ok(answer.refusal.map_or(Ok(()), Err))
    }
}
