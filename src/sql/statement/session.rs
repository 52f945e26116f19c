//! Statements about the transaction and the session.

use super::Ident;

/// `BEGIN`, `COMMIT`, savepoints and kin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the statement of its name")]
pub enum Transaction {
    Begin,
    /// `COMMIT` or `END`; with `AND CHAIN` a new transaction begins at once.
    Commit {
        chain: bool,
    },
    /// `ROLLBACK` or `ABORT`.
    Rollback {
        chain: bool,
    },
    Savepoint(Ident),
    Release(Ident),
    RollbackTo(Ident),
    Prepare,
    /// `COMMIT PREPARED` or `ROLLBACK PREPARED`.
    FinishPrepared,
    /// `SET TRANSACTION` and `SET SESSION CHARACTERISTICS`.
    SetModes,
}

/// `SET`, and `set_config` with constant arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The setting, folded: `lock_timeout`. `SET TIME ZONE` is `timezone`, `SET SCHEMA` is `search_path`, `SET NAMES` is `client_encoding`.
    pub setting: Ident,
    /// `SET LOCAL`.
    pub local: bool,
    /// Its values as written, quotes removed; empty for `TO DEFAULT`.
    pub values: Vec<String>,
}
