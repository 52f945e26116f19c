//! Frameworks that a file's marks show best: [`up`](crate::migration::up) reads those.
//!
//! Sources: goose, SQL migrations; dbmate, Migration files; sql-migrate, Writing migrations; Play, Managing database evolutions.
//! Observed with goose 3.27.3, dbmate 2.36.0 and sql-migrate 1.8.1 on PostgreSQL 15.

use super::{BASE, Framework, Order, Role, Sign, is_numbered, lexical, stem};

pub(super) static GOOSE: Framework = Framework {
    name: "goose",
    signs: &[Sign::Text("go.mod", "pressly/goose")],
    role: |path| if is_numbered(stem(path)) { Role::Up } else { Role::Other },
    ..BASE
};

pub(super) static DBMATE: Framework = Framework {
    name: "dbmate",
    signs: &[],
    role: |path| if is_numbered(stem(path)) { Role::Up } else { Role::Other },
    order: Order::By(lexical),
    ..BASE
};

pub(super) static SQL_MIGRATE: Framework =
    Framework { name: "sql-migrate", signs: &[Sign::File("dbconfig.yml")], ..BASE };

pub(super) static PLAY: Framework = Framework { name: "play", signs: &[], ..BASE };
