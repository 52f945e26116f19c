//! How statements share transactions, and how whoever runs a file sends it.

use serde::{Deserialize, Serialize};

use crate::sql::Statement;

/// How far a statement's transaction reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Other statements of its file are in the same transaction.
    File,
    /// It is a transaction of its own.
    Own,
    /// It commits by itself and cannot be inside a transaction block.
    None,
    /// All pending files are one transaction.
    Batch,
}

impl Scope {
    /// Whether other statements share the transaction.
    pub fn is_shared(self) -> bool {
        matches!(self, Self::File | Self::Batch)
    }
}

/// How a runner sends a file to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runner {
    /// The file is one transaction.
    File,
    /// Each statement is a transaction of its own, unless the file has a BEGIN.
    Own,
    /// All pending files are one transaction.
    Batch,
    /// The file is one message of the simple protocol: several statements are one transaction, as if there were a BEGIN, a single
    /// one is not.
    ///
    /// Source: manual, 54.2.2.1 Multiple Statements in a Simple Query.
    Query,
    /// The file is one transaction, which ends before a statement that the runner sends alone; what follows that is another one.
    Around,
}

impl Runner {
    /// The name in the configuration and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Own => "own",
            Self::Batch => "batch",
            Self::Query => "query",
            Self::Around => "around",
        }
    }
}

/// Whether [`Runner::Around`] sends the statement alone.
///
/// Source: the statements that the Supabase CLI knows, as it sends them since 2.109; it does not know DETACH PARTITION CONCURRENTLY.
pub(crate) fn is_sent_alone(statement: &Statement) -> bool {
    match statement {
        Statement::CreateIndex(it) => it.concurrently,
        Statement::DropRelation(it) => it.concurrently,
        Statement::Reindex { concurrently, .. } => *concurrently,
        Statement::Vacuum { .. } | Statement::AlterSystem { .. } | Statement::Cluster { .. } => true,
        _ => false,
    }
}
