//! The one test binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics is a test that fails")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a test that prints talks to whoever runs it")]

mod adoption;
mod baseline;
mod calibration;
mod catalog;
mod cli;
mod doctor;
mod dry_run;
mod effects;
mod expect;
mod fix;
mod frameworks;
mod from_command;
mod heat;
mod hot_tables;
mod init;
mod later;
mod lsp;
mod mutations;
mod overrides;
mod parse;
mod queue;
mod real_tools;
mod report;
mod repository;
mod rule_examples;
mod rules;
mod run_report;
mod sandbox;
mod second_reader;
mod since;
mod since_frameworks;
mod snapshot;
mod source;
mod split;
mod support;
mod suppressions;
mod tidy;
mod validated;
