//! Liquibase, formatted SQL: each `--changeset` is one transaction.
//!
//! Source: Liquibase's documentation, SQL format and runInTransaction. What its marks say is read in [`up`](crate::migration::up).

use super::{BASE, Framework, Sign};

pub(super) static LIQUIBASE: Framework =
    Framework { name: "liquibase", signs: &[Sign::File("liquibase.properties")], ..BASE };
