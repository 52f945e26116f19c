//! What sets two schemas apart, object by object.

use std::fmt::{self, Write};

use similar::{ChangeTag, TextDiff};

use super::Description;

/// So many objects are named where words are wanted.
const N_IN_WORDS: usize = 3;

/// What sets two schemas apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The objects that are not the same, by kind and name.
    pub objects: Vec<Changed>,
}

/// An object that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What it is: `table`, `index`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub change: Change,
    /// The lines that are not the same.
    pub lines: Vec<(Change, String)>,
}

/// What became of an object, or of a line of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It was not there before.
    Made,
    /// It is there no more.
    Dropped,
    /// It was there, and is not the same.
    Changed,
    /// It is the same in another place: of a table's columns, only the order differs.
    Moved,
}

impl Change {
    /// What a line of it begins with in a diff.
    pub fn sign(self) -> char {
        match self {
            Self::Made => '+',
            Self::Dropped => '-',
            Self::Changed => ' ',
            Self::Moved => '~',
        }
    }
}

impl Difference {
    /// Whether the schemas are the same.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Whether nothing but the order of columns differs.
    pub fn is_only_order(&self) -> bool {
        !self.is_empty() && self.objects.iter().all(|it| it.change == Change::Moved)
    }

    /// The objects that are not the same, in words: the first of them, and how many more there are.
    pub fn in_words(&self) -> String {
        let how = |it: &Changed| match it.change {
            Change::Made => "is new",
            Change::Dropped => "is gone",
            Change::Changed => "is not the same",
            Change::Moved => "has its columns in another order",
        };
        let some =
            self.objects.iter().take(N_IN_WORDS).map(|it| format!("{} {} {}", it.kind, it.name, how(it)));
        let mut words = some.collect::<Vec<_>>().join(", ");
        if let Some(n) = self.objects.len().checked_sub(N_IN_WORDS).filter(|it| *it > 0) {
            let _ = write!(words, ", and {n} more");
        }
        words
    }

    /// The lines of the diff, each with its sign, without their ends.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for Changed { kind, name, change, lines: changed } in &self.objects {
            // An object whose columns were only moved was there before.
            let sign = if *change == Change::Moved { ' ' } else { change.sign() };
            lines.push(format!("{sign} {kind} {name}"));
            lines.extend(changed.iter().map(|(change, line)| format!("{}   {line}", change.sign())));
        }
        lines
    }
}

/// The whole diff.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().iter().try_for_each(|it| {
            f.write_str(it)?;
            f.write_char('\n')
        })
    }
}

/// What became of the schema `before`, of which `after` was made.
pub fn difference(before: &Description, after: &Description) -> Difference {
    let mut keys: Vec<_> = before.objects.keys().chain(after.objects.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let of = |key: &(String, String)| {
        let all = |change, lines: &[String]| {
            (change, lines.iter().map(|it| (change, it.clone())).collect::<Vec<_>>())
        };
        let (change, lines) = match (before.objects.get(key), after.objects.get(key)) {
            (Some(before), None) => all(Change::Dropped, before),
            (None, Some(after)) => all(Change::Made, after),
            (Some(before), Some(after)) if before != after => changed(before, after),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        Some(Changed { kind: key.0.clone(), name: key.1.clone(), change, lines })
    };
    Difference { objects: keys.into_iter().filter_map(of).collect() }
}

/// What differs in the lines of an object that was there before and after.
fn changed(before: &[String], after: &[String]) -> (Change, Vec<(Change, String)>) {
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    let diff = TextDiff::from_slices(&before, &after);
    let changes: Vec<(ChangeTag, &str)> = diff
        .iter_all_changes()
        .filter(|it| it.tag() != ChangeTag::Equal)
        .map(|it| (it.tag(), it.value()))
        .collect();
    let is_moved = |line: &str| {
        let has = |tag| changes.contains(&(tag, line));
        line.starts_with("column ") && has(ChangeTag::Delete) && has(ChangeTag::Insert)
    };
    let sign = |(tag, line): &(ChangeTag, &str)| match tag {
        ChangeTag::Delete if is_moved(line) => None,
        ChangeTag::Insert if is_moved(line) => Some((Change::Moved, (*line).to_owned())),
        ChangeTag::Delete => Some((Change::Dropped, (*line).to_owned())),
        _ => Some((Change::Made, (*line).to_owned())),
    };
    let lines: Vec<_> = changes.iter().filter_map(sign).collect();
    let is_order = lines.iter().all(|it| it.0 == Change::Moved);
    (if is_order { Change::Moved } else { Change::Changed }, lines)
}
