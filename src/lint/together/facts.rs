//! What a statement is to the ones around it.

use crate::{
    catalog::{Catalog, TypeKind},
    sql::statement::{Alter, AlterAction, ColumnConstraintKind, ColumnDef, Ident, StatementKind},
};

/// Whether all that it does can stand in one ALTER TABLE with other actions, and means the same there.
pub(super) fn can_be_combined(alter: &Alter) -> bool {
    alter.actions.iter().all(|it| {
        !matches!(
            it,
            AlterAction::RenameColumn { .. }
                | AlterAction::RenameConstraint { .. }
                | AlterAction::RenameTo { .. }
                | AlterAction::SetSchema { .. }
                | AlterAction::ValidateConstraint { .. }
                | AlterAction::AttachPartition { .. }
                | AlterAction::DetachPartition { .. }
                | AlterAction::MergePartitions { .. }
                | AlterAction::SplitPartition { .. }
        )
    })
}

/// Whether a new column is NULL in every row.
pub(super) fn is_empty(column: &ColumnDef, catalog: &Catalog) -> bool {
    let Some(ty) = &column.ty else { return false };
    let fills = column.constraints.iter().any(|it| {
        matches!(
            it.kind,
            ColumnConstraintKind::Default(_)
                | ColumnConstraintKind::Generated { .. }
                | ColumnConstraintKind::Identity
                | ColumnConstraintKind::NotNull
                | ColumnConstraintKind::PrimaryKey
        )
    });
    let may_default = match catalog.find_type(&ty.name) {
        Some(ty) => matches!(ty.kind, TypeKind::Domain { .. } | TypeKind::Unknown),
        None => ty.name.schema.is_some(),
    };
    !fills && !may_default && ty.serial_base().is_none()
}

/// Whether a statement of this kind changes no row and calls nothing that may.
pub(super) fn writes_nothing(kind: StatementKind) -> bool {
    use StatementKind as K;
    matches!(
        kind,
        K::AlterIndex
            | K::AlterSequence
            | K::AlterTable
            | K::Analyze
            | K::Comment
            | K::CreateFunction
            | K::CreateIndex
            | K::CreateSequence
            | K::CreateTable
            | K::CreateTrigger
            | K::CreateType
            | K::CreateView
            | K::DropIndex
            | K::DropView
            | K::Grant
            | K::Reset
            | K::Set
            | K::Transaction
    )
}

/// Whether a text has a word in it, in lower case.
pub(super) fn has_word(text: &str, word: &Ident) -> bool {
    let is_part = |it: char| it.is_alphanumeric() || it == '_';
    let word = word.to_lowercase();
    text.match_indices(&word).any(|(at, found)| {
        let (before, after) = (text.get(..at), text.get(at + found.len()..));
        !before.is_some_and(|it| it.ends_with(is_part)) && !after.is_some_and(|it| it.starts_with(is_part))
    })
}
