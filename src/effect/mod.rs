//! The effect: *this statement holds this lock on this relation while this work goes on*.
//!
//! It is the unit of knowledge. `lint` predicts effects ([`predict`]), a dry run observes them, rules judge them and cannot tell which.
//! A statement has one effect for each relation and each thing that it does; [`Outcome::locks`] merges them into the strongest lock
//! on each relation, which is what a server shows.
//!
//! Long because it is a vocabulary: rules, predictions and observations share these words, and one list keeps them distinct.

pub mod lock;
pub mod predict;
pub mod scope;
pub mod work;

pub use lock::{Blocks, Lock};
pub use scope::{Runner, Scope};
pub use work::{Work, WorkSet};

use serde::{Deserialize, Serialize};

use crate::sql::statement::{CreateIndex, Ident, Name, RelationKind, StatementKind};

/// One thing that a statement does to one relation, or to the application as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// What the statement does: `add-column`, `create-index`.
    pub action: Action,
    /// Why there is work, or why it fails or breaks something.
    pub because: Option<Reason>,
    /// The relation; `None` for what concerns no relation.
    pub relation: Option<Relation>,
    /// What the relation is to the statement.
    pub role: Role,
    /// The lock on `relation`, held until COMMIT unless the statement commits by itself.
    pub lock: Option<Lock>,
    /// What goes on under the lock.
    pub work: WorkSet,
    /// What it does to the application besides making it wait.
    pub harms: HarmSet,
    /// How it is done: `concurrently`, `not-valid`.
    pub manners: MannerSet,
    /// The column, constraint, index or other thing that is made, changed or dropped.
    pub object: Option<Ident>,
    /// What a message needs besides: the old and new type, the SQLSTATE's text.
    pub detail: Option<String>,
    /// For [`Harm::Fails`]: the SQLSTATE.
    pub sqlstate: Option<&'static str>,
    /// For [`Work::BuildIndex`] by a statement that says what the index is on; others build what was there.
    pub key: Option<Box<IndexKey>>,
}

/// What an index is on, as far as the time to build it depends on that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexKey {
    /// The access method: `btree`.
    pub method: Ident,
    /// The columns of its key, in order; `None` for an expression.
    pub columns: Vec<Option<Ident>>,
    /// Whether a column is compared otherwise than its type is: COLLATE, an operator class.
    pub special: bool,
    /// Whether it leaves rows out: `WHERE`.
    pub partial: bool,
}

impl IndexKey {
    /// What the statement says.
    pub fn of(create: &CreateIndex) -> Self {
        Self {
            method: create.method.clone(),
            columns: create.columns.clone(),
            special: create.special,
            partial: create.predicate.is_some(),
        }
    }
}

/// A relation that is touched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Relation {
    /// Its schema and name before the statement. A schema that is not known is the first of the `search_path`.
    pub name: Name,
    /// What it is; a relation never heard of is what the statement says it is.
    pub kind: RelationKind,
    /// Whether it was there before.
    pub target: Target,
    /// By what name a snapshot knows how much it is used, if that is another: that of an index's or a sequence's table, or the one that it
    /// had before the run.
    pub known_as: Option<Box<Name>>,
}

impl Relation {
    /// A relation that is known by its own name.
    pub const fn new(name: Name, kind: RelationKind, target: Target) -> Self {
        Self { name, kind, target, known_as: None }
    }
}

/// Whether a relation was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// It was, or that cannot be ruled out: the application may be using it.
    Existing,
    /// The same transaction or file made it: nobody waits for it.
    New,
}

/// What a relation is to the statement that locks it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The statement names it as what it changes.
    #[default]
    Subject,
    /// An index of a subject.
    Index,
    /// A table that a foreign key refers to.
    Referenced,
    /// A table whose foreign key refers to the subject.
    Referencing,
    /// A partition or inheritance child of the subject.
    Child,
    /// The subject's parent.
    Parent,
    /// The parent's DEFAULT partition.
    DefaultPartition,
    /// A sequence owned by a column of the subject.
    Sequence,
    /// A view, materialized view, or a table that uses a type or domain.
    Dependent,
    /// It is only read.
    Read,
}

/// Every kind of thing that a statement does, as rules name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant is the statement or the form of its name")]
pub enum Action {
    // Forms of ALTER TABLE and its kin.
    AddCheck,
    AddColumn,
    /// ADD CONSTRAINT of any kind, where it only locks.
    AddConstraint,
    AddExclusion,
    AddForeignKey,
    AddIdentity,
    AddNotNull,
    AddPrimaryKey,
    AddUnique,
    AlterColumnType,
    AlterConstraint,
    AlterSequence,
    AttachIndex,
    AttachPartition,
    ClusterOn,
    DetachPartition,
    DisableTrigger,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropExpression,
    DropIdentity,
    DropNotNull,
    EnableTrigger,
    Inherit,
    MergePartitions,
    NoInherit,
    NotOfType,
    OfType,
    RenameColumn,
    RenameConstraint,
    Rename,
    ReplicaIdentity,
    ResetOptions,
    RowSecurity,
    SetAccessMethod,
    SetColumnOptions,
    SetCompression,
    SetDefault,
    SetExpression,
    SetIdentity,
    SetLogged,
    SetNotNull,
    SetOptions,
    SetOwner,
    SetSchema,
    SetStatistics,
    SetStorage,
    SetTablespace,
    SetUnlogged,
    SetWithoutCluster,
    SplitPartition,
    SwitchRule,
    ValidateConstraint,
    /// A form that needs no name of its own.
    AlterOther,

    // Statements on relations.
    Analyze,
    Cluster,
    CreateIndex,
    CreateMaterializedView,
    CreatePartition,
    CreatePolicy,
    CreateRule,
    CreateSequence,
    CreateStatistics,
    CreateTable,
    CreateTableAs,
    CreateTrigger,
    CreateView,
    AlterPolicy,
    AlterRule,
    AlterTrigger,
    DropIndex,
    DropMaterializedView,
    DropPolicy,
    DropRule,
    DropSequence,
    DropTable,
    DropTrigger,
    DropView,
    LockTable,
    RefreshMaterializedView,
    Reindex,
    Repack,
    ReplaceView,
    Truncate,
    Vacuum,

    // Types, domains and other objects.
    AddDomainCheck,
    AddEnumValue,
    AlterDomain,
    AlterExtension,
    AlterObject,
    AlterPublication,
    AlterSubscription,
    AlterSystem,
    AlterType,
    AlterDatabase,
    Comment,
    CreateDatabase,
    CreateDomain,
    CreateExtension,
    CreateFunction,
    CreatePublication,
    CreateSchema,
    CreateSubscription,
    CreateType,
    DropDatabase,
    DropExtension,
    DropFunction,
    DropObject,
    DropOwned,
    DropSchema,
    DropType,
    Grant,
    ReassignOwned,
    RenameEnumValue,
    ReplaceFunction,
    Revoke,
    Role,
    SetDomainNotNull,
    ValidateDomainConstraint,

    // Rows.
    Copy,
    Delete,
    Insert,
    Merge,
    Select,
    Update,

    // Transaction and session.
    /// A transaction control statement.
    Transaction,
    /// A setting is changed.
    Set,
    /// A statement of the same transaction took a lock, and it is still held while this one works.
    HoldLock,
    /// Code is run whose statements cannot be seen.
    RunDynamic,
    /// Code is run whose statements are not known: a function from elsewhere, another language.
    RunUnknown,
    /// Nothing that locks.
    Other,
}

/// Why there is work, or why a statement fails or breaks something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    // Work under ADD COLUMN.
    /// The default is volatile, or calls a function that is not known.
    VolatileDefault,
    /// `serial` and its kin: every row needs a number of its own.
    Serial,
    /// `GENERATED … AS IDENTITY`.
    Identity,
    /// `GENERATED … STORED`.
    StoredGenerated,
    /// The column's domain has constraints.
    ConstrainedDomain,
    /// A CHECK comes with the column.
    ColumnCheck,
    /// UNIQUE or PRIMARY KEY comes with the column.
    ColumnUnique,
    /// REFERENCES comes with the column.
    ColumnReferences,
    /// NOT NULL without a default: existing rows have no value.
    RequiredColumn,
    // Work under ALTER COLUMN TYPE.
    /// The new type stores values differently.
    TypeRewrite,
    /// The type is not known, so a rewrite cannot be ruled out.
    UnknownType,
    /// Values stay as they are, but an index's order changes.
    CollationChange,
    /// `timestamp` to `timestamptz` or back, and the session's TimeZone is not UTC.
    TimeZone,
    /// The column's indexes are built again.
    IndexedColumn,
    /// The column's CHECK constraints are tested again.
    CheckedColumn,
    /// The column's foreign keys are tested again.
    ForeignKeyColumn,
    /// A value may not fit the new type.
    Narrowing,
    // Constraints.
    /// Existing rows are tested.
    Validation,
    /// A valid CHECK or constraint spares the scan.
    Proven,
    /// The index's columns can be NULL, so a primary key tests them.
    NullableIndexColumn,
    // Failures.
    /// It cannot run inside a transaction block.
    InTransaction,
    /// It cannot be done to a partitioned table or index.
    Partitioned,
    /// A view or another object depends on it.
    DependedOn,
    /// The partitioned table has a DEFAULT partition.
    HasDefaultPartition,
    /// The thing named is of another kind, or belongs to a constraint.
    WrongKind,
    /// An enum's new value is used by the transaction that adds it.
    NewEnumValue,
    /// The major version does not know it.
    Version,
    /// There is no suitable unique index.
    NoUniqueIndex,
    /// It is there already, or a part of it would be twice.
    Duplicate,
    /// It is not there.
    Missing,
    // Scope.
    /// No WHERE, or one that is always true.
    EveryRow,
    /// `CASCADE` reaches what is not named.
    Cascade,
    /// `SET LOCAL` outside a transaction.
    OutsideTransaction,
    /// `IF NOT EXISTS` may find an index that a failed build left invalid.
    MayBeInvalid,
    /// A `lock_timeout` cuts a concurrent build short.
    LockTimeout,
    /// A table that is published loses, or has no, replica identity.
    NoReplicaIdentity,
    /// The text of the statement is computed.
    Dynamic,
    /// A table of the same name may be there already.
    MayExist,
    // What costs work later.
    /// An index, a generated column or a CHECK holds what a function returned before.
    StoredResults,
    /// A name has more than 63 bytes, so the server cuts it.
    LongName,
    /// A name that is only found in double quotes.
    QuotedName,
    /// A published table has a new column or column's name, and its subscribers do not.
    Published,
    /// A published table has a new name, or is new, and its subscribers do not have it.
    PublishedName,
    /// A published column takes values that its subscribers' columns refuse.
    PublishedType,
    /// A published column goes that its subscribers still require.
    PublishedRequired,
    /// A view's `*`, which stands for the columns that there are now.
    Star,
    /// A domain's constraints, which every column of it gets.
    Constrains,
    /// A function of the same name and of other arguments stays beside the new one.
    Overload,
    /// An extension's version is left to the server.
    OpenVersion,
    /// An extension's own script is run, from its version to another.
    Update,
    /// `IF NOT EXISTS` finds something else than the statement says.
    StaysOther,
    /// A CHECK calls what does not always return the same.
    Changing,
    /// `ON DELETE CASCADE`.
    DeleteCascades,
    /// `NOT ENFORCED`.
    NotEnforced,
    /// A constraint has no name of its own.
    Unnamed,
    /// Autovacuum is switched off for a table.
    NoAutovacuum,
    /// A name is a key word, so that it must be quoted.
    KeyWord,
    /// A name does not say its schema.
    NoSchema,
    /// `varchar(n)`.
    LimitedText,
    /// More goes with a column than the column.
    TakesMore,
    /// `IF [NOT] EXISTS` is missing.
    Unguarded,
    /// `timestamp`, which does not say when.
    NoTimeZone,
    /// `json`, which cannot be compared.
    PlainJson,
    /// `serial`, whose sequence is an object of its own.
    OldSerial,
    /// A primary key of 32 bits or fewer.
    NarrowKey,
    /// `char(n)`, which is filled with spaces.
    PaddedText,
    /// `money`, which has no currency of its own.
    Money,
    // Access.
    /// Code that runs with its owner's rights looks names up where its caller says.
    OpenSearchPath,
    /// A language whose functions the server runs with its own rights on the machine.
    UntrustedLanguage,
    /// Everyone gets it: `PUBLIC`.
    ToEveryone,
    /// Whoever gets it may give it to others: `WITH GRANT OPTION`.
    GrantOption,
    /// `ALL PRIVILEGES`.
    AllPrivileges,
    /// A password stands in the statement.
    Password,
    /// The role is a superuser.
    Superuser,
    /// No policy holds for the role: `BYPASSRLS`.
    BypassRowSecurity,
    /// Policies hold no longer.
    RowSecurityOff,
    /// A policy lets everyone write: it is always true.
    AlwaysTrue,
    /// A view reads with its owner's rights what policies protect.
    OwnerRights,
    /// Triggers and foreign keys are not run: `session_replication_role = replica`.
    TriggersOff,
}

/// What a statement does to the application besides making it wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Harm {
    /// Data is gone.
    LosesData,
    /// Queries of the running application fail or return something else.
    BreaksReaders,
    /// Writes of the running application fail.
    BreaksWriters,
    /// The statement itself fails.
    Fails,
    /// The statement fails if the table's rows are not as it wants them.
    MayFail,
    /// The statement does nothing.
    NoEffect,
}

/// How a thing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// `CONCURRENTLY`.
    Concurrently,
    /// `NOT VALID`.
    NotValid,
    /// `USING INDEX`.
    UsingIndex,
    /// `IF NOT EXISTS`.
    IfNotExists,
    /// `IF EXISTS`.
    IfExists,
    /// `CASCADE`.
    Cascade,
    /// `FULL`.
    Full,
    /// `UNIQUE`.
    Unique,
    /// `WITH NO DATA`.
    NoData,
    /// `NOT ENFORCED`.
    NotEnforced,
    /// `OR REPLACE`.
    OrReplace,
    /// The constraint is validated by the same ALTER TABLE that adds it.
    SameStatement,
    /// The constraint was added by the same transaction that validates it.
    SameTransaction,
    /// The lock comes from `LOCK TABLE`, DO or a function, not from the statement's own kind.
    Explicit,
    /// A DROP that names what the same transaction replaces.
    Replaced,
    /// `SET LOCAL`.
    Local,
    /// `RESTART`.
    Restart,
    /// The rows stand in the statement (`VALUES`), so that its work grows with no table.
    Counted,
    /// The transaction holds the lock already, or a stronger one: this statement does not wait for it.
    AlreadyHeld,
    /// Its scan tests a foreign key.
    ForeignKey,
    /// There are no rows to read or to rewrite: the table was made or emptied a moment ago.
    Empty,
}

macro_rules! small_set {
    ($(#[$doc:meta])* $set:ident of $item:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $set(u32);

        impl $set {
            /// Nothing.
            pub const NONE: Self = Self(0);

            /// The set of these.
            pub fn of(items: &[$item]) -> Self {
                items.iter().fold(Self::NONE, |set, item| set.with(*item))
            }

            /// This set and `item`.
            #[must_use]
            pub const fn with(self, item: $item) -> Self {
                Self(self.0 | 1 << item as u32)
            }

            /// This set, and `item` if `condition` holds.
            #[must_use]
            pub const fn with_if(self, condition: bool, item: $item) -> Self {
                if condition { self.with(item) } else { self }
            }

            /// Whether `item` is in it.
            pub const fn contains(self, item: $item) -> bool {
                self.0 & 1 << item as u32 != 0
            }

            /// What is in either.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Whether nothing is in it.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }
        }
    };
}

small_set! {
    /// A set of [`Harm`]s.
    HarmSet of Harm
}
small_set! {
    /// A set of [`Manner`]s.
    MannerSet of Manner
}

/// All that one statement does, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The kind of statement.
    pub statement: StatementKind,
    /// Where it stands.
    pub situation: Situation,
    /// What it does.
    pub effects: Vec<Effect>,
    /// Whether it calls, for each row, a function of which nobody knows how long it takes.
    pub takes_unknown_time: bool,
}

/// Where a statement stands: what transaction it is in and which timeouts are in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// How far its transaction reaches.
    pub transaction: Scope,
    /// The `lock_timeout` in force, in milliseconds; `None` when it waits for ever.
    pub lock_timeout_ms: Option<u64>,
    /// The `statement_timeout` in force, in milliseconds.
    pub statement_timeout_ms: Option<u64>,
}

/// The strongest lock on one relation and all the work under it: what a server shows of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The relation.
    pub relation: Relation,
    /// What it is to the statement: the role of the first effect on it.
    pub role: Role,
    /// The strongest lock.
    pub lock: Lock,
    /// All the work on it.
    pub work: WorkSet,
}

impl Effect {
    /// The work that grows with the rows that are there.
    pub fn effort(&self) -> WorkSet {
        if self.manners.contains(Manner::Empty) { WorkSet::NONE } else { self.work }
    }
}

impl Outcome {
    /// Every relation that the statement locks, in order of first mention, each once with its strongest lock.
    pub fn locks(&self) -> Vec<Locked> {
        locks(&self.effects)
    }

    /// The SQLSTATE with which it is certain to fail.
    pub fn fails_with(&self) -> Option<&'static str> {
        self.effects.iter().find(|it| it.harms.contains(Harm::Fails)).and_then(|it| it.sqlstate)
    }
}

/// Every relation that these effects lock, in order of first mention, each once with its strongest lock.
pub(crate) fn locks(effects: &[Effect]) -> Vec<Locked> {
    let mut locked: Vec<Locked> = Vec::new();
    for effect in effects.iter().filter(|it| it.action != Action::HoldLock) {
        let (Some(relation), Some(lock)) = (&effect.relation, effect.lock) else { continue };
        match locked.iter_mut().find(|it| it.relation.name == relation.name) {
            Some(known) => {
                known.lock = known.lock.max(lock);
                known.work = known.work.union(effect.work);
            }
            None => {
                locked.push(Locked {
                    relation: relation.clone(),
                    role: effect.role,
                    lock,
                    work: effect.work,
                });
            }
        }
    }
    locked
}
