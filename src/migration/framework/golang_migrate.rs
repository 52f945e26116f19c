//! golang-migrate: `1_name.up.sql` and `1_name.down.sql`, each one message.
//!
//! Source: golang-migrate's MIGRATIONS.md; `database/postgres` and `database/pgx`: `Run` sends the file by one `ExecContext` without arguments.
//! Observed with migrate 4.19.1 on PostgreSQL 15.

use super::{BASE, Framework, Role, Sign, numbered_up_and_down};
use crate::effect::Runner;

pub(super) static GOLANG_MIGRATE: Framework = Framework {
    name: "golang-migrate",
    signs: &[
        Sign::Text("go.mod", "golang-migrate"),
        Sign::Names(|it| numbered_up_and_down(it) != Role::Other),
    ],
    role: numbered_up_and_down,
    runner: |_| Some(Runner::Query),
    ..BASE
};
