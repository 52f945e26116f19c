//! Who may do more than before: privileges, roles, and code that runs with the rights of another.
//!
//! Nothing here locks or works. Source: manual, GRANT; CREATE ROLE; CREATE FUNCTION, Writing SECURITY DEFINER Functions Safely;
//! CREATE VIEW, Notes; Row Security Policies.

use super::{Effects, Known, shape};
use crate::{
    effect::{Action, Effect, Manner, Reason},
    sql::statement::{
        CreateFunction, CreateView, Expr, ExprShape, Grant, Ident, ObjectKind, RelationKind, RoleAction,
        RoleOption,
    },
};

/// Languages in which code does what the server's own account may do; only a superuser can write in them.
const UNTRUSTED: &[&str] = &["c", "plperlu", "plpython2u", "plpython3u", "plpythonu", "plsh", "pltclu"];

/// Adds what `CREATE FUNCTION` does.
pub(super) fn create_function(create: &CreateFunction, effects: &mut Effects<'_>) {
    let action = if create.or_replace { Action::ReplaceFunction } else { Action::CreateFunction };
    let effect = || {
        let effect = Effect::of(action).object(create.name.name.clone());
        effect.manner_if(create.or_replace, Manner::OrReplace)
    };
    let before = effects.len();
    if create.security_definer && !create.sets_search_path {
        effects.push(effect().because(Reason::OpenSearchPath));
    }
    if let Some(language) = create.language.as_ref().filter(|it| UNTRUSTED.contains(&it.as_str())) {
        effects.push(effect().because(Reason::UntrustedLanguage).detail(language.as_str()));
    }
    if create.or_replace {
        shape::replaced(create, effects);
    }
    if effects.len() == before {
        effects.push(effect());
    }
}

/// Adds what a statement about a role does.
pub(super) fn role(
    action: &RoleAction,
    name: Option<&Ident>,
    options: &[RoleOption],
    effects: &mut Effects<'_>,
) {
    let detail = match action {
        RoleAction::Create => "created",
        RoleAction::Alter => "altered",
        RoleAction::SetSetting => "given a setting",
    };
    let mut plain = Effect::of(Action::Role).detail(detail);
    plain.object = name.cloned();
    for option in options {
        let (reason, detail) = match option {
            RoleOption::Password => (Reason::Password, "has a password"),
            RoleOption::Superuser => (Reason::Superuser, "is a superuser"),
            RoleOption::BypassRowSecurity => (Reason::BypassRowSecurity, "passes every policy"),
        };
        effects.push(plain.clone().because(reason).detail(detail));
    }
    effects.push(plain);
}

/// What is too much of a grant. Everyone may execute functions, use types and connect to databases without any grant.
pub(super) fn of_grant(grant: &Grant) -> Option<Reason> {
    let is_everyones = matches!(
        grant.on,
        ObjectKind::Function
            | ObjectKind::Procedure
            | ObjectKind::Type
            | ObjectKind::Domain
            | ObjectKind::Language
            | ObjectKind::Database
    );
    match grant {
        Grant { revoke: true, .. } => None,
        Grant { public: true, .. } if !is_everyones => Some(Reason::ToEveryone),
        Grant { grant_option: true, .. } => Some(Reason::GrantOption),
        // On anything else ALL is what its name says.
        Grant { all_privileges: true, on: ObjectKind::Table, .. } => Some(Reason::AllPrivileges),
        _ => None,
    }
}

/// Whether a policy for the writes of all holds none of them back.
pub(super) fn is_open(restrictive: bool, writes_of_all: bool, exprs: &[Expr]) -> bool {
    !restrictive && writes_of_all && exprs.iter().any(|it| it.shape == ExprShape::True)
}

/// Adds that a view reads with its owner's rights what policies protect. Since 15 it can read with its reader's.
pub(super) fn create_view(create: &CreateView, action: Action, effects: &mut Effects<'_>) {
    if create.security_invoker || effects.major < 15 {
        return;
    }
    let is_protected = |it: &Known<'_>| it.entry.is_some_and(|it| it.row_security);
    let tables = create.query.relations.iter().map(|it| effects.known(&it.name, RelationKind::Table));
    let Some(table) = tables.into_iter().find(is_protected) else { return };
    let effect = Effect::of(action).because(Reason::OwnerRights).object(create.name.name.clone());
    effects.push(effect.detail(table.relation.name.to_string()));
}
