//! Names and heads of new migration files, in the style of the one that they continue.

use std::path::{Path, PathBuf};

use super::rewrite::{Phase, Step};
use crate::migration::natural;

/// A path for the file that runs next after `path`, and before what comes then if there is room, else after all of `taken`.
///
/// `taken` are the names in the folder. The number keeps its width and what stands around it (`V2__`, `0002_`, `20260131120000_`).
pub(super) fn path_after(path: &Path, taken: &[String], phase: Phase) -> Result<PathBuf, String> {
    let name = path.file_name().and_then(|it| it.to_str()).ok_or("its name is no text")?;
    let (prefix, number, rest) =
        numbered(name).ok_or("its name has no number, so that nothing can be put behind it")?;
    let (slug, extension) = rest.split_once('.').ok_or("its name has no ending")?;
    let made = |number: &str| format!("{prefix}{number}{slug}_{}.{extension}", phase.suffix());
    let is_free = |number: &str| {
        !taken.iter().any(|it| numbered(it).is_some_and(|(p, n, _)| p == prefix && same(n, number)))
    };
    let next = successor(number);
    let runs_next = |candidate: &str| {
        let (candidate, own) = (Path::new(candidate), Path::new(name));
        let between = |it: &&String| {
            let it = Path::new(it.as_str());
            natural(own, it).is_lt() && natural(it, candidate).is_lt()
        };
        taken.iter().find(between).is_none()
    };
    let next_name = made(&next);
    if is_free(&next) && runs_next(&next_name) {
        return Ok(path.with_file_name(next_name));
    }
    let last = taken.iter().filter_map(|it| numbered(it)).filter(|it| it.0 == prefix).map(|it| it.1);
    let last = last.max_by(|a, b| natural(Path::new(a), Path::new(b))).unwrap_or(number);
    Ok(path.with_file_name(made(&successor(last))))
}

/// What stands before a name's first number, the number, and the rest.
fn numbered(name: &str) -> Option<(&str, &str, &str)> {
    let start = name.find(|it: char| it.is_ascii_digit())?;
    // A word before the number would make it a part of the description.
    if start > 2 {
        return None;
    }
    let (prefix, rest) = name.split_at(start);
    let (number, rest) = rest.split_at(rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len()));
    rest.starts_with(['_', '-', '.']).then_some((prefix, number, rest))
}

fn same(a: &str, b: &str) -> bool {
    a.trim_start_matches('0') == b.trim_start_matches('0')
}

/// The next number, as wide. A timestamp of 14 digits goes on by a second, and its seconds and minutes end at 59.
fn successor(number: &str) -> String {
    let n: u128 = number.parse().unwrap_or(0);
    let mut next = n + 1;
    if number.len() == 14 {
        if next % 100 >= 60 {
            next += 40;
        }
        if next / 100 % 100 >= 60 {
            next += 4000;
        }
    }
    format!("{next:0width$}", width = number.len())
}

/// The text of a new file that continues `origin`.
pub(super) fn text(framework: &str, origin: &Path, phase: Phase, steps: &[Step]) -> Result<String, String> {
    let is_alone = steps.iter().any(|it| it.alone);
    if phase == Phase::Backfill && framework == "flyway" {
        return Err("Flyway must be told by a file of settings to run code that commits: write that by hand"
            .to_owned());
    }
    let (head, foot) = match (framework, is_alone) {
        ("plain" | "flyway" | "golang-migrate", _) | ("sqlx" | "refinery" | "supabase", false) => ("", ""),
        ("sqlx", true) => ("-- no-transaction\n", ""),
        ("goose", true) => ("-- +goose NO TRANSACTION\n-- +goose Up\n", "\n-- +goose Down\n"),
        ("goose", false) => ("-- +goose Up\n", "\n-- +goose Down\n"),
        ("dbmate", true) => ("-- migrate:up transaction:false\n", "\n-- migrate:down\n"),
        ("dbmate", false) => ("-- migrate:up\n", "\n-- migrate:down\n"),
        _ => return Err(format!("it needs a new file, and how {framework} wants that is not known yet")),
    };
    let name = origin.file_name().unwrap_or_default().to_string_lossy();
    let mut text = format!("{head}-- Continues {name}: {}.\n", phase.purpose());
    // goose ends a statement at each semicolon, also inside of code.
    let (begin, end) = match framework {
        "goose" if phase == Phase::Backfill => ("-- +goose StatementBegin\n", "-- +goose StatementEnd\n"),
        _ => ("", ""),
    };
    for step in steps {
        text.extend([begin, &step.sql, ";\n", end]);
    }
    text.push_str(foot);
    Ok(text)
}
