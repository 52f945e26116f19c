//! A message with placeholders: `{relation} is locked`. An unknown placeholder cannot load.

use serde::Serialize;

use crate::{
    effect::{Action, Blocks, Effect, Lock, Outcome, Role, Work, WorkSet},
    sql::statement::StatementKind,
    suggest::nearest,
};

/// A message with placeholders.
#[derive(Clone, Debug)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Placeholder(Placeholder),
}

#[derive(Clone, Copy, Debug)]
enum Placeholder {
    /// The first relation, `public.orders`.
    Relation,
    /// All relations: `public.orders and public.users`.
    Relations,
    /// What is made, changed or dropped.
    Object,
    /// The strongest lock, by PostgreSQL's name.
    Lock,
    /// What waits behind it: `reads and writes`.
    Blocked,
    /// What goes on under it: `a scan of every row`.
    Work,
    /// What the effect says besides.
    Detail,
    /// `ALTER TABLE`.
    Statement,
    /// `ADD COLUMN`.
    Action,
}

const PLACEHOLDERS: [(&str, Placeholder); 9] = [
    ("relation", Placeholder::Relation),
    ("relations", Placeholder::Relations),
    ("object", Placeholder::Object),
    ("lock", Placeholder::Lock),
    ("blocked", Placeholder::Blocked),
    ("work", Placeholder::Work),
    ("detail", Placeholder::Detail),
    ("statement", Placeholder::Statement),
    ("action", Placeholder::Action),
];

impl Template {
    /// Reads a message; the error is what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| format!("`{{` without `}}` in \"{text}\""))?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Placeholder(placeholder(name)?));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }

    /// The message for what is known of one finding.
    pub fn fill(&self, facts: &Facts<'_>) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(placeholder) => facts.of(*placeholder),
        });
        pieces.collect::<String>().trim().to_owned()
    }
}

fn placeholder(name: &str) -> Result<Placeholder, String> {
    let choices = PLACEHOLDERS.map(|(name, _)| name);
    PLACEHOLDERS.iter().find(|it| it.0 == name).map(|it| it.1).ok_or_else(|| {
        let suggestion =
            nearest(name, choices).map_or(String::new(), |it| format!("; did you mean `{{{it}}}`?"));
        format!("unknown placeholder `{{{name}}}`, expected one of {}{suggestion}", choices.join(", "))
    })
}

/// What a message can say: the effects of one judgement, or the detail that a producer gives.
pub enum Facts<'a> {
    /// These effects of a statement.
    Effects(&'a Outcome, &'a [&'a Effect]),
    /// No effect, but a text, and perhaps a relation.
    Said {
        /// For `{detail}`.
        detail: &'a str,
        /// For `{relation}`.
        relation: Option<&'a str>,
    },
}

impl Facts<'_> {
    fn of(&self, placeholder: Placeholder) -> String {
        match self {
            Self::Effects(outcome, effects) => of_effects(placeholder, outcome, effects),
            Self::Said { detail, relation } => match placeholder {
                Placeholder::Detail => (*detail).to_owned(),
                Placeholder::Relation | Placeholder::Relations => relation.unwrap_or("the table").to_owned(),
                _ => String::new(),
            },
        }
    }
}

fn of_effects(placeholder: Placeholder, outcome: &Outcome, effects: &[&Effect]) -> String {
    let first = |read: fn(&&Effect) -> Option<String>| effects.iter().find_map(read);
    // What is done to a relation that goes along is done because of the subject's object.
    let same_action =
        || outcome.effects.iter().filter(|it| effects.first().is_some_and(|first| first.action == it.action));
    let relation = || first(|it| it.relation.as_ref().map(|it| it.name.to_string()));
    let lock = || effects.iter().filter_map(|it| it.lock).max();
    match placeholder {
        Placeholder::Relation => relation().unwrap_or_else(|| "the table".to_owned()),
        Placeholder::Relations => list(&relation_names(effects)),
        Placeholder::Object => first(|it| it.object.as_ref().map(ToString::to_string))
            .or_else(|| same_action().find_map(|it| it.object.as_ref().map(ToString::to_string)))
            .or_else(|| effects.first().and_then(|it| noun(it.action)).map(str::to_owned))
            .or_else(relation)
            .unwrap_or_else(|| "it".to_owned()),
        Placeholder::Lock => lock().map_or("no lock", Lock::name).to_owned(),
        Placeholder::Blocked => blocked(lock().map_or(Blocks::Nothing, Lock::blocks)).to_owned(),
        Placeholder::Work => {
            let work = effects.iter().fold(WorkSet::NONE, |all, it| all.union(it.effort()));
            list(&work.iter().map(|it| in_words(it).to_owned()).collect::<Vec<_>>())
        }
        Placeholder::Detail => first(|it| it.detail.clone()).unwrap_or_default(),
        Placeholder::Statement => statement_name(outcome.statement),
        Placeholder::Action => effects.first().map_or_else(String::new, |it| action_name(it.action)),
    }
}

/// The distinct relations of some effects, in order.
pub(super) fn relation_names(effects: &[&Effect]) -> Vec<String> {
    // An index goes without saying where its table is named.
    let only_indexes = effects.iter().all(|it| it.role == Role::Index);
    let tables = effects.iter().filter(|it| only_indexes || it.role != Role::Index);
    let mut names = Vec::new();
    for name in tables.filter_map(|it| it.relation.as_ref()).map(|it| it.name.to_string()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// Which statements of the application wait.
pub fn blocked(blocks: Blocks) -> &'static str {
    match blocks {
        Blocks::Nothing => "other schema changes",
        Blocks::Writes => "writes",
        Blocks::Everything => "reads and writes",
    }
}

/// What goes on under a lock.
pub fn in_words(work: Work) -> &'static str {
    match work {
        Work::Scan => "a scan of every row",
        Work::BuildIndex => "an index build",
        Work::Rewrite => "a rewrite of the whole table",
        Work::WriteRows => "changes of rows",
    }
}

/// What an object without a name is called: the word after the verb of what is done to it.
fn noun(action: Action) -> Option<&'static str> {
    let name = kebab(action);
    let nouns = [
        ("column", "the column"),
        ("index", "the index"),
        ("trigger", "the trigger"),
        ("policy", "the policy"),
        ("partition", "the partition"),
        ("sequence", "the sequence"),
        ("view", "the view"),
        ("function", "the function"),
        ("publication", "the publication"),
        ("enum-value", "the value"),
        ("type", "the type"),
        ("domain", "the domain"),
        ("schema", "the schema"),
        ("check", "the constraint"),
        ("unique", "the constraint"),
        ("key", "the constraint"),
        ("exclusion", "the constraint"),
        ("constraint", "the constraint"),
        ("null", "the column"),
        ("default", "the column"),
        ("identity", "the column"),
        ("expression", "the column"),
        ("table", "the table"),
    ];
    nouns.iter().find(|(ending, _)| name.contains(ending)).map(|(_, noun)| *noun)
}

fn statement_name(kind: StatementKind) -> String {
    match kind {
        StatementKind::AlterObject => "ALTER".to_owned(),
        StatementKind::DropObject => "DROP".to_owned(),
        StatementKind::Other | StatementKind::Unreadable => "the statement".to_owned(),
        StatementKind::Reassign => "REASSIGN OWNED".to_owned(),
        StatementKind::Role => "the statement about a role".to_owned(),
        kind => upper(&kebab(kind)),
    }
}

fn action_name(action: Action) -> String {
    match action {
        Action::AlterObject => "ALTER".to_owned(),
        Action::DropObject => "DROP".to_owned(),
        action => upper(&kebab(action)),
    }
}

fn upper(kebab: &str) -> String {
    kebab.replace('-', " ").to_uppercase()
}

/// The name that a value has in rules and in JSON.
fn kebab(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
