//! lockkeeper: a safety tool for PostgreSQL migrations.

pub mod catalog;
pub mod cli;
pub mod config;
pub mod effect;
pub mod error;
pub mod finding;
pub mod lint;
pub mod migration;
pub mod pg;
pub mod report;
pub mod rule;
pub mod sql;
pub mod suggest;
pub mod traffic;
