//! lockkeeper: a safety tool for PostgreSQL migrations.

pub mod catalog;
pub mod effect;
pub mod error;
pub mod finding;
pub mod pg;
pub mod rule;
pub mod sql;
pub mod suggest;
pub mod traffic;
