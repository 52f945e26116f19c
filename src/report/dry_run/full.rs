//! A card for each statement: how it ended, and a line for each relation with what was seen and what was predicted.

use std::{
    io::{self, Write},
    time::Duration,
};

use comfy_table::{Table, presets};

use super::{Counts, Report, Run};
use crate::{
    dry_run::{Compared, Fate, Pair, Side, Statement},
    report::counted,
};

/// A statement's text is cut after so many characters.
const MAX_CHARACTERS: usize = 90;

/// Writes all cards.
pub(super) fn cards(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for run in report.runs {
        header(run, out)?;
        for (file, statements) in run.files.iter().zip(&run.ran.files) {
            writeln!(out, "{}", file.input.source.path().display())?;
            for statement in statements {
                card(statement, file, out)?;
            }
            writeln!(out)?;
        }
    }
    writeln!(out, "{}\n", in_words(Counts::of(report.runs)))
}

fn header(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let before = match run.ran.n_before {
        0 => "an empty database".to_owned(),
        n => format!("after {} of earlier files and schemas", counted(n, "statement")),
    };
    writeln!(out, "on a throwaway PostgreSQL {}, {before}", run.ran.version)?;
    for line in &run.ran.backdrop {
        writeln!(out, "note: {line}")?;
    }
    writeln!(out)
}

fn card(statement: &Statement, file: &crate::lint::LintedFile<'_>, out: &mut dyn Write) -> io::Result<()> {
    let source = &file.input.source;
    let at = source.position(statement.span.start);
    writeln!(out, "{:>4}  {}", at.line, shortened(statement.span.of(source.text())))?;
    match &statement.fate {
        Fate::Observed { observed, compared, .. } => {
            let is_locking = !compared.relations.is_empty();
            let held = statement.held_for.filter(|it| is_locking && *it > observed.took);
            let held = held.map_or_else(String::new, |it| format!(", locks held {} until COMMIT", time(it)));
            writeln!(out, "      took {}{held}{}", time(observed.took), verdict(compared))?;
            if let Some(table) = table(compared) {
                for line in table.lines() {
                    writeln!(out, "      {line}")?;
                }
            }
            for notice in observed.notices.iter().filter(|it| is_for_people(&it.severity)) {
                writeln!(out, "      {}: {}", notice.severity.to_lowercase(), notice.message)?;
            }
        }
        Fate::Ran(_) => {}
        Fate::Refused { refusal, is_foreseen, at_commit } => {
            let when = if *at_commit { " at COMMIT" } else { "" };
            let foreseen = if *is_foreseen { ", as predicted" } else { "" };
            writeln!(out, "      REFUSED{when}{foreseen}: {refusal}")?;
            for line in [&refusal.detail, &refusal.hint].into_iter().flatten() {
                writeln!(out, "      {line}")?;
            }
        }
        Fate::NotRun => writeln!(out, "      not run")?,
    }
    Ok(())
}

fn is_for_people(severity: &str) -> bool {
    matches!(severity, "NOTICE" | "WARNING")
}

fn verdict(compared: &Compared) -> String {
    match (compared.should_have_failed, compared.open) {
        (Some(sqlstate), _) => format!("; PREDICTED TO FAIL with {sqlstate}"),
        (None, Some(why)) => format!("; not compared: {why}"),
        (None, None) if compared.relations.is_empty() => {
            "; locks nothing that was there, as predicted".to_owned()
        }
        (None, None) => String::new(),
    }
}

fn table(compared: &Compared) -> Option<String> {
    if compared.relations.is_empty() {
        return None;
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["RELATION", "LOCK", "WORK", "PREDICTED"]);
    for pair in &compared.relations {
        let Pair { relation, predicted, observed, differs, .. } = pair;
        let seen = observed.unwrap_or_default();
        let predicted = match predicted {
            _ if !differs && compared.open.is_none() && predicted.is_some() => "the same".to_owned(),
            Some(it) if *differs => format!("DIFFERS: {}", words(*it)),
            Some(it) => words(*it),
            None if *differs => "DIFFERS: nothing".to_owned(),
            None => "nothing".to_owned(),
        };
        table.add_row([relation.clone(), lock(seen), seen.work.to_string(), predicted]);
    }
    Some(table.trim_fmt())
}

fn lock(side: Side) -> String {
    match (side.lock, side.had) {
        (Some(lock), had) if had < Some(lock) => lock.name().to_owned(),
        (_, Some(had)) => format!("(held: {})", had.name()),
        (_, None) => "none".to_owned(),
    }
}

fn words(side: Side) -> String {
    if side.work.is_empty() { lock(side) } else { format!("{}, {}", lock(side), side.work) }
}

fn shortened(statement: &str) -> String {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    let start: String = line.chars().take(MAX_CHARACTERS).collect();
    if start.len() < line.len() { format!("{start}…") } else { start }
}

/// `0.6 ms`, `12 ms`, `3.4 s`.
fn time(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1000.0),
    }
}

fn in_words(counts: Counts) -> String {
    let Counts { n_ran, n_refused, n_not_run, n_as_predicted, n_differing } = counts;
    let mut all = vec![format!("{} ran", counted(n_ran, "statement"))];
    let further = [
        (n_as_predicted, "did what was predicted"),
        (n_differing, "did something else than predicted"),
        (n_refused, "refused by the server"),
        (n_not_run, "not run"),
    ];
    all.extend(further.into_iter().filter(|it| it.0 > 0).map(|(n, what)| format!("{n} {what}")));
    all.join(", ")
}
