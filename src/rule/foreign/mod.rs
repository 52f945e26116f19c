//! Other linters, obeyed on request: a team that changes tools need not write its comments and its configuration anew.
//!
//! A rule of another linter stands for those of ours that say the same. One without a counterpart allows nothing; a comment that names
//! no rule at all is, as there, for all of that linter's rules.

mod atlas;
mod eugene;
mod pgfence;
mod squawk;

/// Another linter.
#[derive(Debug)]
pub struct Foreign {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What its comments begin with, longer ones first.
    marks: &'static [Mark],
    /// Its rules, each with ours.
    rules: &'static [(&'static str, &'static [&'static str])],
}

/// What a comment begins with.
#[derive(Debug)]
struct Mark {
    text: &'static str,
    reach: Reach,
    names: Names,
}

/// What a comment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The next statement.
    Statement,
    /// The whole file.
    File,
    /// The next statement; the whole file if an empty line parts it from the first one.
    StatementOrHead,
}

/// How rules are named after the mark.
#[derive(Clone, Copy, Debug)]
enum Names {
    /// With commas between them; what follows a name is a reason.
    Commas,
    /// The same after a colon; without a colon all that follows is a reason.
    AfterColon,
    /// With spaces between them.
    Words,
}

/// What a comment allows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Allowed<'c> {
    pub(super) reach: Reach,
    /// Our rules.
    pub(super) rules: Vec<&'static str>,
    /// The names that the other linter does not have either.
    pub(super) unknown: Vec<&'c str>,
}

/// Those that are known.
const ALL: &[&Foreign] = &[&squawk::SQUAWK, &eugene::EUGENE, &pgfence::PGFENCE, &atlas::ATLAS];

impl Foreign {
    /// All that are known.
    pub fn all() -> &'static [&'static Self] {
        ALL
    }

    /// The linter of this name; else what the names are.
    pub fn by_name(name: &str) -> Result<&'static Self, String> {
        ALL.iter().copied().find(|it| it.name == name).ok_or_else(|| {
            let names: Vec<&str> = ALL.iter().map(|it| it.name).collect();
            format!("`{name}` is no linter whose comments are known; choose from {}", names.join(", "))
        })
    }

    /// Our rules that stand for its own.
    pub fn counterparts(&self) -> impl Iterator<Item = &'static str> {
        self.rules.iter().flat_map(|it| it.1.iter().copied())
    }

    /// Our rules that stand for its rule of this name, which may be none; `None` if it has no such rule.
    pub fn ours(&self, name: &str) -> Option<&'static [&'static str]> {
        self.rules.iter().find(|it| it.0 == name).map(|it| it.1)
    }

    /// Whether a text has comments for it, at a glance.
    pub fn is_in(&self, text: &str) -> bool {
        self.marks.iter().any(|it| text.contains(it.text))
    }

    /// What a comment, without its delimiters, allows; `None` if it is none of this linter's.
    pub(super) fn read<'c>(&self, comment: &'c str) -> Option<Allowed<'c>> {
        let (mark, rest) = self.marks.iter().find_map(|it| Some((it, comment.strip_prefix(it.text)?)))?;
        if !rest.is_empty() && !rest.starts_with([':', ' ', '\t', '\r', '\n']) {
            return None;
        }
        let mut allowed = Allowed { reach: mark.reach, rules: Vec::new(), unknown: Vec::new() };
        let names = names(mark.names, rest);
        if names.is_empty() {
            allowed.rules.extend(self.counterparts());
        }
        for name in names {
            match self.ours(name) {
                Some(ours) => allowed.rules.extend(ours),
                None => allowed.unknown.push(name),
            }
        }
        Some(allowed)
    }
}

/// The names in what follows a mark.
fn names(how: Names, rest: &str) -> Vec<&str> {
    let rest = rest.trim_start();
    let listed = match how {
        Names::Words => return rest.split([' ', ',', '\t']).filter(|it| !it.is_empty()).collect(),
        Names::Commas => rest.trim_start_matches(':'),
        Names::AfterColon => rest.strip_prefix(':').unwrap_or_default(),
    };
    // What follows a name is a reason.
    let names = listed.split(',').filter_map(|it| it.split_whitespace().next());
    names.map(|it| it.trim_end_matches(':')).filter(|it| !it.is_empty()).collect()
}
