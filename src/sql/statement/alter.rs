//! Statements that alter or drop.

use super::{
    ColumnDef, DomainConstraint, Expr, Ident, Name, ObjectKind, PartitionBound, PublicationMembers,
    RelationKind, TableConstraint, TypeName,
};

/// `ALTER TABLE`, and its forms for indexes, views, sequences and foreign tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Alter {
    /// What the statement calls it: PostgreSQL lets `ALTER TABLE` name an index, a view or a sequence too.
    pub kind: RelationKind,
    /// The relation.
    pub name: Name,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `ONLY`.
    pub only: bool,
    /// What is done, in order as written.
    pub actions: Vec<AlterAction>,
}

/// One action of `ALTER TABLE`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the form of its name")]
pub enum AlterAction {
    AddColumn {
        column: ColumnDef,
        if_not_exists: bool,
    },
    DropColumn {
        column: Ident,
        if_exists: bool,
        cascade: bool,
    },
    SetDefault {
        column: Ident,
        expr: Expr,
    },
    DropDefault {
        column: Ident,
    },
    SetNotNull {
        column: Ident,
    },
    DropNotNull {
        column: Ident,
    },
    SetType {
        column: Ident,
        ty: TypeName,
        collation: Option<Name>,
        using: Option<Expr>,
    },
    SetExpression {
        column: Ident,
        expr: Expr,
    },
    DropExpression {
        column: Ident,
        if_exists: bool,
    },
    AddIdentity {
        column: Ident,
    },
    SetIdentity {
        column: Ident,
    },
    DropIdentity {
        column: Ident,
        if_exists: bool,
    },
    /// `SET STATISTICS`; for an index the column is its number.
    SetStatistics {
        column: Ident,
    },
    SetStorage {
        column: Ident,
    },
    SetCompression {
        column: Ident,
    },
    /// `ALTER COLUMN … SET | RESET (n_distinct = …)`.
    SetColumnOptions {
        column: Ident,
    },

    AddConstraint(TableConstraint),
    /// `ALTER CONSTRAINT name …`.
    AlterConstraint {
        name: Ident,
        change: AlterConstraint,
    },
    ValidateConstraint {
        name: Ident,
    },
    DropConstraint {
        name: Ident,
        if_exists: bool,
        cascade: bool,
    },

    RenameColumn {
        from: Ident,
        to: Ident,
    },
    RenameConstraint {
        from: Ident,
        to: Ident,
    },
    RenameTo {
        to: Ident,
    },
    SetSchema {
        schema: Ident,
    },
    OwnerTo,

    AttachPartition {
        partition: Name,
        bound: PartitionBound,
    },
    DetachPartition {
        partition: Name,
        mode: Detach,
    },
    MergePartitions {
        partitions: Vec<Name>,
        into: Name,
    },
    SplitPartition {
        partition: Name,
    },
    Inherit {
        parent: Name,
    },
    NoInherit {
        parent: Name,
    },
    OfType {
        ty: Name,
    },
    NotOf,

    /// `ENABLE | DISABLE TRIGGER …`, in any form.
    SwitchTrigger {
        enable: bool,
    },
    /// `ENABLE | DISABLE RULE …`, in any form.
    SwitchRule {
        enable: bool,
    },
    RowSecurity {
        change: RowSecurity,
    },
    ReplicaIdentity {
        identity: ReplicaIdentity,
    },

    ClusterOn {
        index: Ident,
    },
    SetWithoutCluster,
    SetWithoutOids,
    SetLogged,
    SetUnlogged,
    SetTablespace {
        tablespace: Ident,
    },
    /// `None` for `SET ACCESS METHOD DEFAULT`.
    SetAccessMethod {
        method: Option<Ident>,
    },
    /// `SET (name = value, …)`: the names folded, with their `toast.` prefix, and the values as written.
    SetOptions {
        options: Vec<(Ident, String)>,
    },
    ResetOptions {
        options: Vec<Ident>,
    },

    /// Sequences: what `ALTER SEQUENCE` says besides; true when it has `RESTART`.
    SequenceOptions {
        restart: bool,
        owned_by: Option<Option<(Name, Ident)>>,
        ty: bool,
    },
    /// Foreign tables: `OPTIONS (…)`.
    ForeignOptions,
    /// `ALTER INDEX … DEPENDS ON EXTENSION`.
    DependsOnExtension,
}

/// What `ALTER CONSTRAINT` changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlterConstraint {
    /// `DEFERRABLE` and kin.
    Deferrability,
    /// `ENFORCED` (18 and later): existing rows are checked.
    Enforced,
    /// `NOT ENFORCED` (18 and later).
    NotEnforced,
    /// `INHERIT` or `NO INHERIT` (18 and later).
    Inherit,
}

/// How a partition is detached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detach {
    /// At once.
    Plain,
    /// `CONCURRENTLY`.
    Concurrently,
    /// `FINALIZE`.
    Finalize,
}

/// Row-level security of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the keyword of its name")]
pub enum RowSecurity {
    Enable,
    Disable,
    Force,
    NoForce,
}

/// `REPLICA IDENTITY`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the keyword of its name")]
pub enum ReplicaIdentity {
    Default,
    Full,
    Nothing,
    Index(Ident),
}

/// `DROP TABLE`, `DROP INDEX`, `DROP VIEW`, …
#[derive(Clone, Debug, PartialEq)]
pub struct DropRelation {
    /// What the statement calls them.
    pub kind: RelationKind,
    /// The relations.
    pub names: Vec<Name>,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `CASCADE`.
    pub cascade: bool,
    /// `CONCURRENTLY`, for indexes.
    pub concurrently: bool,
}

/// `DROP` of objects that are not relations.
#[derive(Clone, Debug, PartialEq)]
pub struct DropObject {
    /// What they are.
    pub kind: ObjectKind,
    /// The objects.
    pub names: Vec<Name>,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `CASCADE`.
    pub cascade: bool,
}

/// What `REINDEX` builds again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the keyword of its name")]
pub enum ReindexTarget {
    Index(Name),
    Table(Name),
    Schema(Ident),
    Database(Option<Ident>),
    System(Option<Ident>),
}

/// What `ALTER TYPE` does.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the form of its name")]
pub enum AlterType {
    AddValue {
        label: String,
        if_not_exists: bool,
    },
    RenameValue {
        from: String,
        to: String,
    },
    /// `ADD | DROP | ALTER ATTRIBUTE`.
    Attributes(Vec<AlterAction>),
    RenameAttribute {
        from: Ident,
        to: Ident,
    },
    RenameTo(Ident),
    SetSchema(Ident),
    OwnerTo,
    Options,
}

/// What `ALTER DOMAIN` does.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the form of its name")]
pub enum AlterDomain {
    SetDefault(Expr),
    DropDefault,
    SetNotNull,
    DropNotNull,
    AddConstraint(DomainConstraint),
    DropConstraint { name: Ident, if_exists: bool, cascade: bool },
    ValidateConstraint { name: Ident },
    RenameConstraint { from: Ident, to: Ident },
    RenameTo(Ident),
    SetSchema(Ident),
    OwnerTo,
}

/// What `ALTER` of any other object does.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the form of its name")]
pub enum AlterObject {
    RenameTo(Ident),
    SetSchema(Ident),
    OwnerTo,
    /// `ALTER DATABASE … SET TABLESPACE`.
    SetTablespace,
    /// Anything else.
    Other,
}

/// What `ALTER PUBLICATION` does.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the form of its name")]
pub enum PublicationChange {
    Add(PublicationMembers),
    Set(PublicationMembers),
    Drop(PublicationMembers),
    Options,
    RenameTo(Ident),
    OwnerTo,
}

/// `GRANT` and `REVOKE`.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own in SQL")]
pub struct Grant {
    /// `REVOKE`.
    pub revoke: bool,
    /// What the privileges are on; `Role` for memberships.
    pub on: ObjectKind,
    /// The objects named.
    pub names: Vec<Name>,
    /// `ALL TABLES | SEQUENCES | FUNCTIONS IN SCHEMA`.
    pub all_in_schemas: Vec<Ident>,
    /// `ALL [PRIVILEGES]`.
    pub all_privileges: bool,
    /// To or from `PUBLIC`.
    pub public: bool,
    /// `WITH GRANT OPTION`.
    pub grant_option: bool,
}

/// What a role is given that no check holds back, or that everyone who reads the statement knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleOption {
    /// `PASSWORD 'literal'`.
    Password,
    /// `SUPERUSER`.
    Superuser,
    /// `BYPASSRLS`.
    BypassRowSecurity,
}

/// Statements about roles.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the form of its name")]
pub enum RoleAction {
    Create,
    Alter,
    /// `ALTER ROLE … SET setting`.
    SetSetting,
}
