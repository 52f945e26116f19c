//! Statements one after the other: what each does, given all that ran before.

use std::sync::Arc;

use super::{
    Change, Input, InputRole, Observations, Options, embedded, hold, meta,
    read::{File, Kind, Piece},
    replaced, scope,
    shown::Shown,
    together::{Now, Together},
    undone::{self, Question},
};
use crate::{
    catalog::{Catalog, Session},
    effect::{Outcome, Relation, Runner, Scope, Situation, predict, scope::is_sent_alone},
    finding::Span,
    rule::RuleSet,
    sql::{
        Statement,
        statement::{Name, StatementKind, Transaction},
    },
    traffic::{Hold, Traffic},
};

/// The history so far.
#[derive(Clone)]
pub(super) struct Replay {
    /// The rules that are on of those about what is left undone.
    asked: Vec<&'static str>,
    together: Together,
    traffic: Arc<Traffic>,
    /// `None` before anything is judged.
    shown: Option<Shown>,
    catalog: Catalog,
    major: u16,
    n_files: u32,
    /// Whether the runner's transaction that is open is that of what is pending.
    is_pending: bool,
    /// Whether nobody asks what statements do, but for what they leave behind.
    is_quiet: bool,
    /// What servers did, where that is known.
    observed: Observations,
}

/// A file whose statements' effects are known.
pub(super) struct Replayed {
    /// How its first part was sent.
    pub(super) runner: Runner,
    /// Where each part begins, and how it was sent.
    pub(super) parts: Vec<(usize, Runner)>,
    /// In order.
    pub(super) statements: Vec<Ran>,
    /// The comments that may hold a suppression.
    pub(super) comments: Vec<Span>,
    /// What its statements left open.
    pub(super) questions: Vec<Question>,
    /// Whether the transaction that it ends in goes on in later files, and it matters how long that takes.
    pub(super) is_open: bool,
    /// Whether later files can change what is said of it.
    pub(super) waits: bool,
    pub(super) shown: Shown,
}

/// One statement, or another piece, that ran.
pub(super) struct Ran {
    pub(super) span: Span,
    pub(super) outcome: Outcome,
    /// Where each effect comes from when that is only a part of the statement: a range of effects and their place.
    pub(super) origins: Vec<(std::ops::Range<usize>, Span)>,
    /// What `lint` found by itself: the rule, the place, and the detail for its message.
    pub(super) said: Vec<Said>,
    /// The number of its transaction.
    pub(super) transaction: u32,
    /// How long its locks are held: until its transaction ends. `None` if that is not known.
    pub(super) held: Option<Hold>,
    /// What it makes.
    pub(super) makes: Vec<replaced::Made>,
}

impl Ran {
    /// The names of what it makes.
    pub(super) fn made(&self) -> impl Iterator<Item = &Name> {
        self.makes.iter().filter_map(replaced::Made::object)
    }
}

/// A finding that needs no effect.
pub(super) struct Said {
    pub(super) rule: &'static str,
    pub(super) at: Span,
    pub(super) detail: String,
    /// What it is about, when that is one relation.
    pub(super) relation: Option<Relation>,
}

impl Replay {
    pub(super) fn new(rules: &RuleSet, options: &Options) -> Self {
        let settings =
            options.settings.iter().map(|(name, value)| (name.as_str().into(), vec![value.clone()]));
        let mut catalog = Catalog::new();
        catalog.session = Session::with_defaults(settings);
        Self {
            asked: undone::asked(rules),
            together: Together::new(rules, options),
            traffic: Arc::clone(&options.traffic),
            shown: None,
            catalog,
            major: options.postgres,
            n_files: 0,
            is_pending: false,
            is_quiet: false,
            observed: Observations::default(),
        }
    }

    /// What exists so far.
    pub(super) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// What is known of the tables.
    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// What exists at the end.
    pub(super) fn into_catalog(self) -> Catalog {
        self.catalog
    }

    /// From now on runs every file as one that is not judged, which is faster.
    pub(super) fn be_quiet(&mut self) {
        self.is_quiet = true;
    }

    /// Takes what servers did for what statements do.
    pub(super) fn observe(&mut self, observed: Observations) {
        self.observed = observed;
    }

    /// Runs one file. Of a file that is not judged the catalog remains, and what could not be followed.
    pub(super) fn run(&mut self, input: &Input, file: File) -> Replayed {
        self.n_files += 1;
        self.catalog.start_file(self.n_files);
        let is_judged = input.role == InputRole::Linted && !self.is_quiet;
        self.together.start_file(input);
        self.catalog.remember_names(is_judged && !self.traffic.is_empty());
        if is_judged && self.shown.is_none() {
            self.shown.insert(Shown::default()).before(&self.catalog, &self.traffic);
        }
        let mut statements = Vec::new();
        let mut rest = file.pieces;
        let mut declared = input.runner;
        let mut parts = Vec::new();
        let mut begins = 0;
        for (start, next) in input.parts.iter().copied().chain([(usize::MAX, None)]) {
            let at = rest.iter().position(|it| it.span.start >= start).unwrap_or(rest.len());
            let after = rest.split_off(at);
            let sent = self.part(rest, declared, is_judged, input, &mut statements);
            parts.push((begins, sent));
            (rest, declared, begins) = (after, next, start);
        }
        if input.role == InputRole::Snapshot {
            self.catalog.know_in_part();
        }
        for (place, relation, detail) in self.together.end_file() {
            if let Some(ran) = statements.get_mut(place) {
                let (rule, at) = ("statistics-are-missing", ran.span);
                ran.said.push(Said { rule, at, detail, relation: Some(relation) });
            }
        }
        let asked = if is_judged && input.change != Change::Unchanged { self.asked.as_slice() } else { &[] };
        let questions = undone::questions(&statements, asked, &self.catalog);
        self.take_observed(&mut statements);
        if is_judged {
            hold::until_end(statements.iter_mut(), &self.traffic);
            self.shown.get_or_insert_default().locked(&statements, &self.traffic);
        }
        self.together.deploy(input, &mut statements);
        replaced::mark(&mut statements);
        replaced::know_dropped(&mut statements);
        let runner = parts.first().map_or(Runner::File, |it| it.1);
        let is_open = is_judged && self.catalog.session.open.is_some() && !self.traffic.is_empty();
        let comments = file.comments;
        let shown = self.shown.unwrap_or_default();
        let mut replayed =
            Replayed { runner, parts, statements, comments, questions, is_open, waits: false, shown };
        undone::answer_at_once(&mut replayed, &self.catalog);
        replayed.waits = is_open || !replayed.questions.is_empty();
        replayed
    }

    /// What a server did with a statement of this file stands for what was predicted of it.
    fn take_observed(&mut self, statements: &mut [Ran]) {
        for ran in statements {
            let Some(observation) = self.observed.take(self.n_files, ran.span.start) else { continue };
            if let Some(effects) = observation.effects {
                ran.outcome.effects = effects;
            }
            let at = ran.span;
            let said = observation.said.into_iter();
            ran.said.extend(said.map(|(rule, detail)| Said { rule, at, detail, relation: None }));
        }
    }

    /// Runs what the runner sends together, and says how that is.
    fn part(
        &mut self,
        pieces: Vec<Piece>,
        declared: Option<Runner>,
        is_judged: bool,
        input: &Input,
        statements: &mut Vec<Ran>,
    ) -> Runner {
        let runner = scope::of(&pieces, declared);
        let is_shared = runner != Runner::Own;
        if is_shared && self.catalog.session.open.is_none() {
            self.catalog.begin_by_runner();
            self.is_pending = input.role == InputRole::Linted;
        }
        let before = statements.len();
        for piece in pieces {
            if runner == Runner::Around {
                self.leave_or_begin(&piece.kind);
            }
            let ran = match piece.kind {
                kind if runner == Runner::Query && self.is_made_explicit(&kind) => {
                    Some(self.ran_quietly(piece.span, StatementKind::Transaction, Vec::new(), runner))
                }
                Kind::Statement(statement) => {
                    Some(self.statement(&statement, piece.span, statements.len(), runner, is_judged, input))
                }
                Kind::Unreadable { message, at } => Some(self.unreadable(piece.span, at, message, runner)),
                Kind::Meta { name, arguments } => {
                    let said = meta::judge(&name, &arguments, piece.span);
                    said.map(|it| self.ran_quietly(piece.span, StatementKind::Other, vec![it], runner))
                }
            };
            statements.extend(ran);
        }
        self.end_part(runner, is_judged, statements.get_mut(before..).unwrap_or_default());
        runner
    }

    /// Within one message, what follows a COMMIT is in a transaction again, and a BEGIN only makes the transaction that is open an explicit
    /// one: then nothing else is to be done for it.
    ///
    /// Source: `exec_simple_query` in `src/backend/tcop/postgres.c`, `BeginTransactionBlock` in `src/backend/access/transam/xact.c`.
    fn is_made_explicit(&mut self, next: &Kind) -> bool {
        let is_begin =
            matches!(next, Kind::Statement(it) if **it == Statement::Transaction(Transaction::Begin));
        match &mut self.catalog.session.open {
            Some(open) if is_begin && open.by_runner => {
                open.by_runner = false;
                true
            }
            None if !is_begin => {
                self.catalog.begin_by_runner();
                false
            }
            _ => false,
        }
    }

    /// Ends the runner's transaction before what it sends alone, and begins another before what comes next.
    fn leave_or_begin(&mut self, next: &Kind) {
        let is_alone = matches!(next, Kind::Statement(it) if is_sent_alone(it));
        match &self.catalog.session.open {
            Some(open) if is_alone && open.by_runner => self.catalog.end_by_runner(),
            None if !is_alone => self.catalog.begin_by_runner(),
            _ => {}
        }
    }

    /// A transaction that the part opened and did not end is a finding; its changes count all the same.
    fn end_part(&mut self, runner: Runner, is_judged: bool, statements: &mut [Ran]) {
        let Some(open) = &self.catalog.session.open else { return };
        if !open.by_runner {
            let begin =
                statements.iter_mut().rev().find(|it| it.outcome.statement == StatementKind::Transaction);
            if let Some(begin) = begin.filter(|_| is_judged) {
                let (rule, at) = ("uncommitted-transaction", begin.span);
                begin.said.push(Said { rule, at, detail: String::new(), relation: None });
            }
            self.catalog.transaction(&Transaction::Commit { chain: false });
        } else if runner != Runner::Batch || !self.is_pending {
            // What is not judged ran in a batch before this one.
            self.catalog.end_by_runner();
        }
    }

    fn situation(&self, runner: Runner, runs_alone: bool) -> Situation {
        let session = &self.catalog.session;
        let transaction = match (&session.open, runs_alone) {
            (Some(open), _) if open.by_runner && runner == Runner::Batch => Scope::Batch,
            (Some(_), _) => Scope::File,
            (None, true) => Scope::None,
            (None, false) => Scope::Own,
        };
        Situation {
            transaction,
            lock_timeout_ms: session.lock_timeout_ms(),
            statement_timeout_ms: session.statement_timeout_ms(),
        }
    }

    fn statement(
        &mut self,
        statement: &Statement,
        span: Span,
        place: usize,
        runner: Runner,
        is_judged: bool,
        input: &Input,
    ) -> Ran {
        let situation = self.situation(runner, predict::must_run_alone(statement));
        let mut outcome = Outcome {
            statement: statement.kind(),
            situation,
            effects: Vec::new(),
            takes_unknown_time: false,
        };
        let mut origins = Vec::new();
        if is_judged {
            outcome.effects = predict::predict_in_session(statement, &self.catalog, self.major);
            outcome.takes_unknown_time = predict::takes_unknown_time(statement, &self.catalog);
        }
        let transaction = self.catalog.session.transaction;
        let line = |offset| input.source.position(offset).line;
        embedded::run(statement, span, self.major, &mut self.catalog, &mut outcome, &mut origins, &line);
        let mut said = Vec::new();
        if is_judged && input.change != Change::Unchanged {
            let (outcome, catalog) = (&outcome, &self.catalog);
            said = self.together.see(&Now { statement, outcome, span, place, input, catalog });
        }
        if is_judged {
            let held = predict::held(&outcome.effects, &self.catalog, line);
            self.catalog.session.tell(held.iter().filter_map(|it| it.relation.as_ref()).map(|it| &it.name));
            outcome.effects.extend(held);
            self.catalog.session.hold(&outcome.locks(), span.start);
        } else {
            // What a body did in its time is in the catalog now.
            outcome.effects.clear();
            origins.clear();
        }
        let mut makes = if is_judged { replaced::made_by(statement, &self.catalog) } else { Vec::new() };
        self.catalog.apply(statement, self.major);
        if let Statement::CreateIndex(it) = statement
            && is_judged
        {
            makes.extend(replaced::index_made_by(it, &self.catalog));
        }
        Ran { span, outcome, origins, said, transaction, held: None, makes }
    }

    fn unreadable(&self, span: Span, at: Span, message: String, runner: Runner) -> Ran {
        let said = Said { rule: "unreadable-statement", at, detail: message, relation: None };
        self.ran_quietly(span, StatementKind::Unreadable, vec![said], runner)
    }

    /// What has no effects.
    fn ran_quietly(&self, span: Span, statement: StatementKind, said: Vec<Said>, runner: Runner) -> Ran {
        let situation = self.situation(runner, false);
        let outcome = Outcome { statement, situation, effects: Vec::new(), takes_unknown_time: false };
        let transaction = self.catalog.session.transaction;
        Ran { span, outcome, origins: Vec::new(), said, transaction, held: None, makes: Vec::new() }
    }
}
