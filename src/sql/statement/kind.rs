//! From a statement to its kind.

use super::{RelationKind, Statement, StatementKind};

impl Statement {
    /// The kind of statement, as JSON and rules name it.
    pub fn kind(&self) -> StatementKind {
        use StatementKind as Kind;
        match self {
            Self::CreateTable(_) => Kind::CreateTable,
            Self::CreateTableAs(_) => Kind::CreateTableAs,
            Self::CreateIndex(_) => Kind::CreateIndex,
            Self::CreateView(_) => Kind::CreateView,
            Self::CreateMaterializedView(_) => Kind::CreateMaterializedView,
            Self::CreateSequence(_) => Kind::CreateSequence,
            Self::CreateStatistics { .. } => Kind::CreateStatistics,
            Self::Alter(it) => altered(it.kind),
            Self::AlterAllInTablespace { kind, .. } => altered(*kind),
            Self::AttachIndex { .. } => Kind::AlterIndex,
            Self::DropRelation(it) => dropped(it.kind),
            Self::Truncate { .. } => Kind::Truncate,
            Self::Reindex { .. } => Kind::Reindex,
            Self::Cluster { .. } => Kind::Cluster,
            Self::Vacuum { .. } => Kind::Vacuum,
            Self::Analyze { .. } => Kind::Analyze,
            Self::RefreshMaterializedView { .. } => Kind::RefreshMaterializedView,
            Self::LockTable { .. } => Kind::LockTable,
            Self::Repack { .. } => Kind::Repack,
            Self::CreateTrigger(_) => Kind::CreateTrigger,
            Self::DropTrigger { .. } => Kind::DropTrigger,
            Self::AlterTrigger { .. } => Kind::AlterTrigger,
            Self::CreateRule { .. } => Kind::CreateRule,
            Self::AlterRule { .. } => Kind::AlterRule,
            Self::DropRule { .. } => Kind::DropRule,
            Self::CreatePolicy { .. } => Kind::CreatePolicy,
            Self::AlterPolicy { .. } => Kind::AlterPolicy,
            Self::DropPolicy { .. } => Kind::DropPolicy,
            Self::CreateType { .. } => Kind::CreateType,
            Self::AlterType { .. } => Kind::AlterType,
            Self::CreateDomain { .. } => Kind::CreateDomain,
            Self::AlterDomain { .. } => Kind::AlterDomain,
            Self::CreateSchema { .. } => Kind::CreateSchema,
            Self::CreateFunction(_) => Kind::CreateFunction,
            Self::CreateExtension { .. } => Kind::CreateExtension,
            Self::AlterExtension { .. } => Kind::AlterExtension,
            Self::CreatePublication { .. } => Kind::CreatePublication,
            Self::AlterPublication { .. } => Kind::AlterPublication,
            Self::CreateSubscription { .. } => Kind::CreateSubscription,
            Self::AlterSubscription { .. } => Kind::AlterSubscription,
            Self::CreateDatabase { .. } => Kind::CreateDatabase,
            Self::AlterDatabase { .. } => Kind::AlterDatabase,
            Self::AlterObject { .. } => Kind::AlterObject,
            Self::DropObject(_) => Kind::DropObject,
            Self::DropOwned { .. } => Kind::DropOwned,
            Self::ReassignOwned => Kind::Reassign,
            Self::Grant(it) if it.revoke => Kind::Revoke,
            Self::Grant(_) => Kind::Grant,
            Self::AlterDefaultPrivileges { .. } => Kind::AlterDefaultPrivileges,
            Self::Comment { .. } => Kind::Comment,
            Self::AlterSystem { .. } => Kind::AlterSystem,
            Self::Role { .. } => Kind::Role,
            Self::Select(_) => Kind::Select,
            Self::Insert(_) => Kind::Insert,
            Self::Update(_) => Kind::Update,
            Self::Delete(_) => Kind::Delete,
            Self::Merge(_) => Kind::Merge,
            Self::Copy { .. } => Kind::Copy,
            Self::Call { .. } => Kind::Call,
            Self::Explain { .. } => Kind::Explain,
            Self::Prepare { .. } => Kind::Prepare,
            Self::DeclareCursor { .. } => Kind::DeclareCursor,
            Self::Do(_) => Kind::Do,
            Self::Transaction(_) => Kind::Transaction,
            Self::Set(_) | Self::SetRole { .. } => Kind::Set,
            Self::Reset { .. } => Kind::Reset,
            Self::SetConstraints => Kind::SetConstraints,
            Self::Discard { .. } => Kind::Discard,
            Self::Other(_) => Kind::Other,
        }
    }
}

fn altered(kind: RelationKind) -> StatementKind {
    match kind {
        RelationKind::Table | RelationKind::PartitionedTable => StatementKind::AlterTable,
        RelationKind::ForeignTable => StatementKind::AlterForeignTable,
        RelationKind::Index | RelationKind::PartitionedIndex => StatementKind::AlterIndex,
        RelationKind::Sequence => StatementKind::AlterSequence,
        RelationKind::View => StatementKind::AlterView,
        RelationKind::MaterializedView => StatementKind::AlterMaterializedView,
        RelationKind::CompositeType => StatementKind::AlterType,
    }
}

fn dropped(kind: RelationKind) -> StatementKind {
    match kind {
        RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable => {
            StatementKind::DropTable
        }
        RelationKind::Index | RelationKind::PartitionedIndex => StatementKind::DropIndex,
        RelationKind::Sequence => StatementKind::DropSequence,
        RelationKind::View => StatementKind::DropView,
        RelationKind::MaterializedView => StatementKind::DropMaterializedView,
        RelationKind::CompositeType => StatementKind::DropObject,
    }
}
