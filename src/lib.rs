//! lockkeeper: a safety tool for PostgreSQL migrations.

pub mod effect;
pub mod error;
pub mod sql;
