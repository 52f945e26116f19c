//! The conversation: what each message asks, and what is answered.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::mpsc::{Receiver, TryRecvError},
};

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    ClientCapabilities, CodeAction, CodeActionKind, CodeActionOptions, CodeActionParams,
    DidChangeTextDocumentParams, DidChangeWatchedFilesRegistrationOptions, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, FileSystemWatcher, GlobPattern, Hover, HoverParams,
    HoverProviderCapability, InitializeParams, InitializeResult, PublishDiagnosticsParams, Registration,
    RegistrationParams, ServerCapabilities, ServerInfo, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextDocumentSyncSaveOptions, Uri,
    notification::{
        DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument, DidOpenTextDocument,
        DidSaveTextDocument, Exit, Initialized, Notification as _, PublishDiagnostics,
    },
    request::{CodeActionRequest, HoverRequest, Initialize, RegisterCapability, Request as _, Shutdown},
};
use rayon::ThreadPool;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Ended, Surround, actions,
    document::{Document, View},
    show,
    text::{Encoding, Text},
};
use crate::{error::Error, finding::Span};

/// The files whose change may change what is found elsewhere.
const WATCHED: [&str; 3] = ["**/*.sql", "**/lockkeeper.toml", "**/lockkeeper.baseline"];

/// One client.
pub(super) struct Server<'s> {
    output: &'s mut dyn Write,
    threads: &'s ThreadPool,
    surround: &'s Surround<'s>,
    stage: Stage,
    encoding: Encoding,
    /// Whether the client tells of changed files once it is asked to.
    can_watch: bool,
    /// By name.
    documents: BTreeMap<String, Document>,
}

/// How far the conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Silent,
    Talking,
    ShutDown,
}

/// What a request gets instead of an answer.
struct Refused(ErrorCode, String);

impl<'s> Server<'s> {
    pub(super) fn new(
        output: &'s mut dyn Write,
        threads: &'s ThreadPool,
        surround: &'s Surround<'s>,
    ) -> Self {
        let (stage, encoding) = (Stage::Silent, Encoding::default());
        Self { output, threads, surround, stage, encoding, can_watch: false, documents: BTreeMap::new() }
    }

    /// Takes all messages that wait before anything is judged: a newer text makes the work for an older one needless.
    pub(super) fn run(&mut self, messages: &Receiver<io::Result<Message>>) -> Result<Ended, Error> {
        loop {
            let is_idle = self.documents.values().all(|it| it.is_told);
            let next = if is_idle {
                messages.recv().map_err(|_| TryRecvError::Disconnected)
            } else {
                messages.try_recv()
            };
            match next {
                Ok(message) => match message.map_err(Error::Client)? {
                    Message::Request(request) => self.answer(request)?,
                    Message::Notification(it) if it.method == Exit::METHOD => {
                        let is_proper = self.stage == Stage::ShutDown;
                        return Ok(if is_proper { Ended::Properly } else { Ended::Abruptly });
                    }
                    Message::Notification(notification) => self.heed(notification)?,
                    // Nothing depends on what the client says to being asked for its changes.
                    Message::Response(_) => {}
                },
                Err(TryRecvError::Empty) => self.tell()?,
                Err(TryRecvError::Disconnected) => return Ok(Ended::Abruptly),
            }
        }
    }

    /// Tells what is in one document that changed.
    fn tell(&mut self) -> Result<(), Error> {
        let Some(document) = self.documents.values_mut().find(|it| !it.is_told) else { return Ok(()) };
        document.is_told = true;
        let (threads, surround) = (self.threads, self.surround);
        let diagnostics = threads.install(|| match document.judged(surround) {
            Ok(View { judged, text, .. }) => {
                judged.findings.iter().map(|it| show::diagnostic(it, text)).collect()
            }
            Err(why) => vec![show::problem(why)],
        });
        let version = Some(document.version);
        let uri = document.uri.clone();
        self.notify::<PublishDiagnostics>(&PublishDiagnosticsParams { uri, diagnostics, version })
    }

    fn answer(&mut self, request: Request) -> Result<(), Error> {
        let Request { id, method, params } = request;
        let answer = match (self.stage, method.as_str()) {
            (Stage::Silent, Initialize::METHOD) => self.initialize(params),
            (Stage::Silent, _) => {
                Err(Refused(ErrorCode::ServerNotInitialized, "initialize comes first".to_owned()))
            }
            (Stage::ShutDown, _) => {
                Err(Refused(ErrorCode::InvalidRequest, "only exit follows a shutdown".to_owned()))
            }
            (Stage::Talking, Initialize::METHOD) => {
                Err(Refused(ErrorCode::InvalidRequest, "initialize comes once".to_owned()))
            }
            (Stage::Talking, Shutdown::METHOD) => {
                self.stage = Stage::ShutDown;
                Ok(serde_json::Value::Null)
            }
            (Stage::Talking, HoverRequest::METHOD) => read(params).and_then(|it| value(&self.hover(&it))),
            (Stage::Talking, CodeActionRequest::METHOD) => {
                read(params).and_then(|it| value(&self.actions(&it)))
            }
            (Stage::Talking, _) => {
                Err(Refused(ErrorCode::MethodNotFound, format!("{method} is not supported")))
            }
        };
        let response = match answer {
            Ok(value) => Response { id, response_result: Ok(value) },
            Err(Refused(code, why)) => Response::new_err(id, code as i32, why),
        };
        self.send(&Message::Response(response))
    }

    /// What a notification says; one that cannot be understood can be answered by nobody.
    fn heed(&mut self, notification: Notification) -> Result<(), Error> {
        if self.stage != Stage::Talking {
            return Ok(());
        }
        let Notification { method, params } = notification;
        match method.as_str() {
            Initialized::METHOD if self.can_watch => return self.watch(),
            DidOpenTextDocument::METHOD => {
                if let Ok(DidOpenTextDocumentParams { text_document: it }) = read(params) {
                    let text = Text::new(it.text, self.encoding);
                    let name = it.uri.as_str().to_owned();
                    self.documents.insert(name, Document::new(it.uri, it.version, text));
                }
            }
            DidChangeTextDocument::METHOD => {
                if let Ok(it) = read(params) {
                    self.change(&it);
                }
            }
            DidCloseTextDocument::METHOD => {
                if let Ok(DidCloseTextDocumentParams { text_document: it }) = read(params)
                    && self.documents.remove(it.uri.as_str()).is_some()
                {
                    let none =
                        PublishDiagnosticsParams { uri: it.uri, diagnostics: Vec::new(), version: None };
                    return self.notify::<PublishDiagnostics>(&none);
                }
            }
            DidSaveTextDocument::METHOD => {
                if let Ok(DidSaveTextDocumentParams { text_document: saved, .. }) = read(params) {
                    // Its own text is the editor's; the others may run after it.
                    let others = self.documents.values_mut().filter(|it| it.uri != saved.uri);
                    others.for_each(Document::surroundings_have_changed);
                }
            }
            DidChangeWatchedFiles::METHOD => {
                self.documents.values_mut().for_each(Document::surroundings_have_changed);
            }
            _ => {}
        }
        Ok(())
    }

    fn initialize(&mut self, params: serde_json::Value) -> Result<serde_json::Value, Refused> {
        let InitializeParams { capabilities, .. } = read(params)?;
        let ClientCapabilities { general, workspace, .. } = capabilities;
        let encodings = general.and_then(|it| it.position_encodings).unwrap_or_default();
        self.encoding = Encoding::of(&encodings);
        let watching = workspace.and_then(|it| it.did_change_watched_files);
        self.can_watch = watching.and_then(|it| it.dynamic_registration).unwrap_or(false);
        self.stage = Stage::Talking;
        let sync = TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::Supported(true)),
            ..TextDocumentSyncOptions::default()
        };
        let actions = CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        };
        let capabilities = ServerCapabilities {
            position_encoding: Some(self.encoding.kind()),
            text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            code_action_provider: Some(actions.into()),
            ..ServerCapabilities::default()
        };
        let (name, version) = (env!("CARGO_PKG_NAME").to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let server_info = Some(ServerInfo { name, version: Some(version) });
        value(&InitializeResult { capabilities, server_info })
    }

    /// Asks to be told when files change.
    fn watch(&mut self) -> Result<(), Error> {
        let watcher =
            |it: &str| FileSystemWatcher { glob_pattern: GlobPattern::String(it.to_owned()), kind: None };
        let options =
            DidChangeWatchedFilesRegistrationOptions { watchers: WATCHED.into_iter().map(watcher).collect() };
        let registration = Registration {
            id: "files".to_owned(),
            method: DidChangeWatchedFiles::METHOD.to_owned(),
            register_options: serde_json::to_value(options).ok(),
        };
        let params = value(&RegistrationParams { registrations: vec![registration] }).unwrap_or_default();
        let method = RegisterCapability::METHOD.to_owned();
        self.send(&Message::Request(Request { id: RequestId::from(1), method, params }))
    }

    fn change(&mut self, params: &DidChangeTextDocumentParams) {
        if let Some(document) = self.documents.get_mut(params.text_document.uri.as_str()) {
            params.content_changes.iter().for_each(|it| document.text.change(it));
            document.version = params.text_document.version;
            document.has_changed();
        }
    }

    fn hover(&mut self, params: &HoverParams) -> Option<Hover> {
        let at = &params.text_document_position_params;
        self.view(&at.text_document.uri, |View { judged, text, .. }| {
            let offset = text.offset(at.position);
            // Between two statements the later one is meant.
            let statement = judged.statements_at(Span { start: offset, end: offset }).last()?;
            Some(show::hover(statement, judged, text))
        })?
    }

    fn actions(&mut self, params: &CodeActionParams) -> Vec<CodeAction> {
        let only = params.context.only.as_ref();
        let is_wanted = |it: &CodeActionKind| [CodeActionKind::QUICKFIX, CodeActionKind::EMPTY].contains(it);
        if only.is_some_and(|it| !it.iter().any(is_wanted)) {
            return Vec::new();
        }
        let actions = self.view(&params.text_document.uri, |mut view| {
            let (start, end) = (view.text.offset(params.range.start), view.text.offset(params.range.end));
            actions::actions(&mut view, Span { start, end })
        });
        actions.unwrap_or_default()
    }

    /// Looks at a document that is open and can be judged.
    fn view<T: Send>(&mut self, uri: &Uri, look: impl FnOnce(View<'_>) -> T + Send) -> Option<T> {
        let document = self.documents.get_mut(uri.as_str())?;
        self.threads.install(|| document.judged(self.surround).ok().map(look))
    }

    fn send(&mut self, message: &Message) -> Result<(), Error> {
        message.write(&mut self.output).map_err(Error::Report)
    }

    fn notify<N: lsp_types::notification::Notification>(&mut self, params: &N::Params) -> Result<(), Error> {
        let params = value(params).unwrap_or_default();
        self.send(&Message::Notification(Notification { method: N::METHOD.to_owned(), params }))
    }
}

fn read<T: DeserializeOwned>(params: serde_json::Value) -> Result<T, Refused> {
    serde_json::from_value(params).map_err(|it| Refused(ErrorCode::InvalidParams, it.to_string()))
}

fn value(answer: &impl Serialize) -> Result<serde_json::Value, Refused> {
    serde_json::to_value(answer).map_err(|it| Refused(ErrorCode::InternalError, it.to_string()))
}
