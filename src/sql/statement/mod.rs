//! The narrow statement: what lockkeeper needs to know of a statement, and no more.
//!
//! It is ours, so that the parser behind it can be exchanged. Identifiers are folded as PostgreSQL folds them: unquoted ones are in lower case.
//! Everything that decides a lock, work under it or what the catalog becomes is here; what does not (an index's operator class, say) is not.

mod alter;
mod body;
mod create;
mod expr;
mod kind;
mod name;
mod query;
mod session;

pub use alter::*;
pub use body::*;
pub use create::*;
pub use expr::*;
pub use name::*;
pub use query::*;
pub use session::*;

use serde::{Deserialize, Serialize};

/// One statement.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the statement of its name")]
pub enum Statement {
    // Relations.
    CreateTable(CreateTable),
    CreateTableAs(CreateTableAs),
    CreateIndex(CreateIndex),
    CreateView(CreateView),
    CreateMaterializedView(CreateTableAs),
    CreateSequence(CreateSequence),
    CreateStatistics {
        name: Option<Name>,
        if_not_exists: bool,
        table: Option<Name>,
    },
    /// `ALTER TABLE`, and `ALTER INDEX`, `VIEW`, `SEQUENCE`, … in so far as they share its forms.
    Alter(Alter),
    /// `ALTER TABLE | INDEX | MATERIALIZED VIEW ALL IN TABLESPACE a SET TABLESPACE b`.
    AlterAllInTablespace {
        kind: RelationKind,
        tablespace: Ident,
    },
    /// `ALTER INDEX parent ATTACH PARTITION child`.
    AttachIndex {
        parent: Name,
        child: Name,
    },
    /// `DROP TABLE | VIEW | MATERIALIZED VIEW | SEQUENCE | FOREIGN TABLE | INDEX`.
    DropRelation(DropRelation),
    Truncate {
        tables: Vec<RelationRef>,
        cascade: bool,
        restart_identity: bool,
    },
    Reindex {
        target: ReindexTarget,
        concurrently: bool,
    },
    /// `CLUSTER`; without a table, all that were clustered before.
    Cluster {
        table: Option<Name>,
        index: Option<Ident>,
    },
    Vacuum {
        tables: Vec<Name>,
        full: bool,
        analyze: bool,
    },
    Analyze {
        tables: Vec<Name>,
    },
    RefreshMaterializedView {
        name: Name,
        concurrently: bool,
        with_data: bool,
    },
    LockTable {
        tables: Vec<RelationRef>,
        mode: String,
        nowait: bool,
    },
    /// PostgreSQL 19's `REPACK`.
    Repack {
        table: Option<Name>,
        concurrently: bool,
    },

    // What hangs on a relation.
    CreateTrigger(CreateTrigger),
    DropTrigger {
        name: Ident,
        table: Name,
        if_exists: bool,
        cascade: bool,
    },
    AlterTrigger {
        name: Ident,
        table: Name,
        rename_to: Option<Ident>,
    },
    CreateRule {
        name: Ident,
        table: Name,
        or_replace: bool,
        /// What it does; `NOTHING` is an empty list.
        actions: Vec<Statement>,
    },
    AlterRule {
        name: Ident,
        table: Name,
        rename_to: Option<Ident>,
    },
    DropRule {
        name: Ident,
        table: Name,
        if_exists: bool,
        cascade: bool,
    },
    CreatePolicy {
        name: Ident,
        table: Name,
        restrictive: bool,
        /// For everyone's INSERT, UPDATE or DELETE: it names no role, and its command is another than SELECT.
        writes_of_all: bool,
        exprs: Vec<Expr>,
    },
    AlterPolicy {
        name: Ident,
        table: Name,
        rename_to: Option<Ident>,
        exprs: Vec<Expr>,
    },
    DropPolicy {
        name: Ident,
        table: Name,
        if_exists: bool,
    },

    // Types.
    CreateType {
        name: Name,
        definition: TypeDefinition,
    },
    AlterType {
        name: Name,
        action: AlterType,
    },
    CreateDomain {
        name: Name,
        base: TypeName,
        default: Option<Expr>,
        constraints: Vec<DomainConstraint>,
    },
    AlterDomain {
        name: Name,
        action: AlterDomain,
    },

    // Other objects.
    CreateSchema {
        name: Option<Ident>,
        if_not_exists: bool,
        elements: Vec<Statement>,
    },
    CreateFunction(CreateFunction),
    CreateExtension {
        name: Ident,
        if_not_exists: bool,
        schema: Option<Ident>,
        cascade: bool,
        /// `VERSION`.
        version: bool,
    },
    AlterExtension {
        name: Ident,
        update: bool,
    },
    CreatePublication {
        name: Ident,
        members: PublicationMembers,
    },
    AlterPublication {
        name: Ident,
        change: PublicationChange,
    },
    CreateSubscription {
        name: Ident,
        /// Not `WITH (create_slot = false)`, nor `connect = false`, which implies it.
        creates_slot: bool,
    },
    AlterSubscription {
        name: Ident,
    },
    CreateDatabase {
        name: Ident,
    },
    AlterDatabase {
        name: Ident,
        action: AlterObject,
    },
    /// `ALTER` of an object that is neither relation, type nor domain: renames and the like.
    AlterObject {
        kind: ObjectKind,
        name: Name,
        action: AlterObject,
    },
    DropObject(DropObject),
    DropOwned {
        cascade: bool,
    },
    ReassignOwned,
    Grant(Grant),
    AlterDefaultPrivileges {
        revoke: bool,
        /// To or from `PUBLIC`.
        public: bool,
    },
    Comment {
        kind: ObjectKind,
        name: Option<Name>,
        on_table: Option<Name>,
    },
    AlterSystem {
        setting: Option<Ident>,
    },
    Role {
        action: RoleAction,
        name: Option<Ident>,
        options: Vec<RoleOption>,
    },

    // Rows.
    Select(Query),
    Insert(Insert),
    Update(Update),
    Delete(Delete),
    Merge(Merge),
    /// `COPY table FROM | TO …` and `COPY (query) TO …`.
    Copy {
        table: Option<Name>,
        from: bool,
        query: Option<Query>,
    },
    Call {
        function: Name,
    },
    Explain {
        analyze: bool,
        statement: Box<Statement>,
    },
    Prepare {
        statement: Box<Statement>,
    },
    DeclareCursor {
        hold: bool,
        query: Query,
    },

    // Code that runs other statements.
    Do(Body),

    // Transaction and session.
    Transaction(Transaction),
    Set(Set),
    /// `RESET name`, and `RESET ALL` without a name.
    Reset {
        setting: Option<Ident>,
    },
    SetConstraints,
    SetRole {
        role: Option<Ident>,
    },
    Discard {
        all: bool,
    },

    /// A statement that is readable, locks no relation of the user's, and changes nothing that the catalog holds.
    Other(ObjectKind),
}

/// The kind of statement, as JSON and rules name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant is the statement of its name")]
pub enum StatementKind {
    AlterDatabase,
    AlterDefaultPrivileges,
    AlterDomain,
    AlterExtension,
    AlterForeignTable,
    AlterIndex,
    AlterMaterializedView,
    AlterObject,
    AlterPolicy,
    AlterPublication,
    AlterRule,
    AlterSequence,
    AlterSubscription,
    AlterSystem,
    AlterTable,
    AlterTrigger,
    AlterType,
    AlterView,
    Analyze,
    Call,
    Cluster,
    Comment,
    Copy,
    CreateDatabase,
    CreateDomain,
    CreateExtension,
    CreateFunction,
    CreateIndex,
    CreateMaterializedView,
    CreatePolicy,
    CreatePublication,
    CreateRule,
    CreateSchema,
    CreateSequence,
    CreateStatistics,
    CreateSubscription,
    CreateTable,
    CreateTableAs,
    CreateTrigger,
    CreateType,
    CreateView,
    DeclareCursor,
    Delete,
    Discard,
    Do,
    DropIndex,
    DropMaterializedView,
    DropObject,
    DropOwned,
    DropPolicy,
    DropRule,
    DropSequence,
    DropTable,
    DropTrigger,
    DropView,
    Explain,
    Grant,
    Insert,
    LockTable,
    Merge,
    Other,
    Prepare,
    Reassign,
    RefreshMaterializedView,
    Reindex,
    Repack,
    Reset,
    Revoke,
    Role,
    Select,
    Set,
    SetConstraints,
    Transaction,
    Truncate,
    /// A statement that could not be read.
    Unreadable,
    Update,
    Vacuum,
}
