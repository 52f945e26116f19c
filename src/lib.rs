//! lockkeeper: a safety tool for PostgreSQL migrations.
//!
//! # Bird's eye view
//!
//! A migration is a list of statements. Each statement has *effects*: it holds this lock on this relation while this work goes on.
//! Effects are the unit of knowledge. They are predicted from SQL, from what the migrations before it made, and from the server's
//! major version; rules judge them; tests observe each prediction on a real server of every major.
//!
//! ```text
//! files ─► migration ─► sql::split ─► sql::parse ─► Statement
//!                                                      │
//!                      catalog (what exists so far) ◄──┤ apply, after the prediction
//!                             │                        ▼
//!                             └──────────────► effect::predict ─► Outcome ─► rule ─► Finding ─► report
//! ```
//!
//! # Map, in reading order
//!
//! - [`effect`] is the heart: the locks, the work under them, what they do to the application, and in [`effect::predict`] what
//!   PostgreSQL does for each statement, with sources.
//! - [`catalog`] holds what exists so far, and the session: its open transaction, the locks that this holds, the settings in force.
//! - [`sql`] turns text into our own narrow [`Statement`](sql::Statement). [`sql::split`] knows no grammar, so one unreadable statement
//!   never hides its neighbours; [`sql::parse`] knows all of it.
//! - [`rule`] is the judgement. A rule is a page in `rules/`: conditions on effects, reasons, and examples that are its tests.
//! - [`lint`] joins these: files in, findings out. What no statement shows alone is found there: what statements and files do together
//!   (`lint::together`), and what none of the next files mends (`lint::undone`).
//! - [`fix`] writes what to write instead: recipes turn a statement into its safe form, which is judged again before it is kept.
//! - [`migration`] finds the framework, the files, their order, the part of each that runs going up, and how it is sent; one file a
//!   framework. [`config`] reads `lockkeeper.toml`.
//! - [`lsp`] serves an editor: the same findings while a file is written, what a statement locks, and fixes.
//! - [`dry_run`] runs the same files on a throwaway server, as their framework would, observes each statement, and compares it with what
//!   is predicted. What was observed is then judged by the same rules ([`lint::judge_observed`]).
//! - [`report`] writes what a run has to say, one file a format; [`cli`] turns arguments into all of this and into an exit code.
//! - [`pg`] talks to servers, starts throwaway ones, takes samples of a database ([`pg::snapshot`]), and measures how long work takes
//!   ([`pg::calibrate`]). [`traffic`] makes a snapshot of the ones and a calibration of the others, and says from both how long tables
//!   stand still, and who waits. [`finding`], [`error`] and [`suggest`] are small words that many use.
//!
//! # Invariants
//!
//! - [`sql`], [`catalog`], [`effect`], [`traffic`], [`rule`], [`lint`] and [`fix`] do no I/O and read no clock, so they cannot fail but on input.
//! - A rule sees effects, never SQL: it cannot tell a predicted effect from an observed one. A rule that is `produced-by = "lint"` has no
//!   conditions, only words for what [`lint`] found in files, in the history or in the catalog.
//! - What PostgreSQL does with a statement is written in [`effect::predict`]: rules have messages, no knowledge.
//! - What is not known stays unknown, and unknown is never taken for safe: a relation only heard of may have anything, a function
//!   that nobody has seen is volatile, a statement that cannot be read is a finding.
//! - A statement's place is in bytes from the file's start everywhere; lines and columns are for people, and made last.
//! - Only `sql::parse` names the parser's crate and only [`pg`] the client's, so that each can be exchanged.
//! - Reports go to a writer that was given; only the binary names the standard streams.
//! - [`lint`] and [`dry_run`] do not use each other: [`cli`] gives one what the other found.
//! - An [`Error`](error::Error) is what stopped a run; a [`Finding`](finding::Finding) is what a run is for.
//!
//! Modules use only what is below them. `tests/it/tidy.rs` holds the table of who may use whom.

pub mod catalog;
pub mod cli;
pub mod config;
#[cfg(unix)]
pub mod dry_run;
pub mod effect;
pub mod error;
pub mod finding;
pub mod fix;
pub mod lint;
pub mod lsp;
pub mod migration;
pub mod pg;
pub mod report;
pub mod rule;
pub mod sql;
pub mod suggest;
pub mod traffic;
