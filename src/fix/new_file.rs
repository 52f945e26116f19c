//! Names and heads of new migration files, in the style of the one that they continue.

use std::path::{Path, PathBuf};

use super::rewrite::{Phase, Step};
use crate::migration::natural;

/// What a migration is: the file, or the folder around it, and the file's name in that.
pub(super) fn unit<'p>(framework: &str, path: &'p Path) -> (&'p Path, Option<&'p str>) {
    let in_folder = matches!(framework, "diesel" | "hasura" | "prisma");
    match path.parent().filter(|_| in_folder) {
        Some(folder) => (folder, path.file_name().and_then(|it| it.to_str())),
        None => (path, None),
    }
}

/// A path for the file that runs next after `path`, and before what comes then if there is room, else after all of `taken`.
///
/// `taken` are the names beside the migration. The number keeps its width and what stands around it (`V2__`, `0002_`, `20260131120000_`,
/// `2026-01-31-120000_`).
pub(super) fn path_after(
    framework: &str,
    path: &Path,
    taken: &[String],
    phase: Phase,
) -> Result<PathBuf, String> {
    let (unit, inside) = unit(framework, path);
    let name = unit.file_name().and_then(|it| it.to_str()).ok_or("its name is no text")?;
    let (prefix, number, rest) =
        numbered(name).ok_or("its name has no number, so that nothing can be put behind it")?;
    let ending =
        if inside.is_some() { rest.len() } else { rest.find('.').ok_or("its name has no ending")? };
    let (slug, ending) = rest.split_at(ending);
    let made = |number: &str| format!("{prefix}{number}{slug}_{}{ending}", phase.suffix());
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
    let next_name = if is_free(&next) && runs_next(&next_name) {
        next_name
    } else {
        let last = taken.iter().filter_map(|it| numbered(it)).filter(|it| it.0 == prefix).map(|it| it.1);
        let last = last.max_by(|a, b| natural(Path::new(a), Path::new(b))).unwrap_or(number);
        made(&successor(last))
    };
    let unit = unit.with_file_name(next_name);
    Ok(inside.map_or(unit.clone(), |it| unit.join(it)))
}

/// Whether a file without a transaction is one message, so that it may hold but one statement that must be alone.
pub(super) fn is_one_message(framework: &str) -> bool {
    matches!(framework, "dbmate" | "diesel" | "golang-migrate" | "prisma" | "sqlx")
}

/// The file beside a migration that says that it runs without a transaction, where a framework wants one: its name and its text.
pub(super) fn opt_out_beside(framework: &str) -> Option<(&'static str, &'static str)> {
    (framework == "diesel").then_some(("metadata.toml", "run_in_transaction = false\n"))
}

/// What stands before a name's first number, the number, and the rest.
fn numbered(name: &str) -> Option<(&str, &str, &str)> {
    let start = name.find(|it: char| it.is_ascii_digit())?;
    // A word before the number would make it a part of the description.
    if start > 2 {
        return None;
    }
    let (prefix, rest) = name.split_at(start);
    let digits = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
    let (number, rest) = rest.split_at(if is_dashed(rest) { DASHED } else { digits });
    rest.starts_with(['_', '-', '.']).then_some((prefix, number, rest))
}

/// How long `2026-01-31-120000` is, Diesel's way to write a timestamp.
const DASHED: usize = 17;

fn is_dashed(name: &str) -> bool {
    let mut lengths =
        name.split(['-', '_']).map(|it| if it.bytes().all(|it| it.is_ascii_digit()) { it.len() } else { 0 });
    lengths.by_ref().take(4).eq([4, 2, 2, 6])
}

fn same(a: &str, b: &str) -> bool {
    let mut digits = [a, b].map(|it| it.bytes().filter(|it| *it != b'-').skip_while(|it| *it == b'0'));
    let [a, b] = digits.each_mut();
    a.eq(b)
}

/// The next number, as wide. A timestamp of 14 digits goes on by a second, and its seconds and minutes end at 59.
fn successor(number: &str) -> String {
    if number.contains('-') {
        let next = successor(&number.replace('-', ""));
        let is_behind = |n: usize| [4, 6, 8].contains(&n);
        return next.char_indices().fold(String::new(), |mut dashed, (n, digit)| {
            dashed.extend(is_behind(n).then_some('-').into_iter().chain([digit]));
            dashed
        });
    }
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
        ("plain" | "flyway" | "golang-migrate" | "prisma" | "diesel", _)
        | ("sqlx" | "refinery" | "supabase" | "hasura", false) => ("", ""),
        ("sqlx", true) => ("-- no-transaction\n", ""),
        ("goose", true) => ("-- +goose NO TRANSACTION\n-- +goose Up\n", "\n-- +goose Down\n"),
        ("goose", false) => ("-- +goose Up\n", "\n-- +goose Down\n"),
        ("dbmate", true) => ("-- migrate:up transaction:false\n", "\n-- migrate:down\n"),
        ("dbmate", false) => ("-- migrate:up\n", "\n-- migrate:down\n"),
        ("tern", true) => ("---- tern: disable-tx ----\n", "\n---- create above / drop below ----\n"),
        ("tern", false) => ("", "\n---- create above / drop below ----\n"),
        ("sql-migrate", true) => ("-- +migrate Up notransaction\n", "\n-- +migrate Down\n"),
        ("sql-migrate", false) => ("-- +migrate Up\n", "\n-- +migrate Down\n"),
        _ => return Err(format!("it needs a new file, and how {framework} wants that is not known yet")),
    };
    let name = unit(framework, origin).0.file_name().unwrap_or_default().to_string_lossy();
    let mut text = format!("{head}-- Continues {name}: {}.\n", phase.purpose());
    // These end a statement at each semicolon, also inside of code.
    let (begin, end) = match framework {
        "goose" if phase == Phase::Backfill => ("-- +goose StatementBegin\n", "-- +goose StatementEnd\n"),
        "sql-migrate" if phase == Phase::Backfill => {
            ("-- +migrate StatementBegin\n", "-- +migrate StatementEnd\n")
        }
        _ => ("", ""),
    };
    for step in steps {
        text.extend([begin, &step.sql, ";\n", end]);
    }
    text.push_str(foot);
    Ok(text)
}
