//! A card for each statement: how it ended, and a line for each relation with what was seen and what was predicted.

use std::io::{self, Write};

use comfy_table::{Table, presets};

use super::{
    Counts, Report, Run, Screen, back,
    bars::{Letters, bars},
    timeline::Pass,
    words::{before, in_words, is_for_people, lock, predicted, shortened, time},
};
use crate::dry_run::{Compared, Fate, Statement};

/// Writes all cards.
pub(super) fn cards(report: &Report<'_>, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    for run in report.runs {
        header(run, out)?;
        for (file, statements) in run.files.iter().zip(&run.ran.files) {
            writeln!(out, "{}", file.input.source.path().display())?;
            for statement in statements {
                card(statement, file, out)?;
            }
            writeln!(out)?;
        }
        locks(run, screen, out)?;
        back::write(run, out)?;
    }
    writeln!(out, "{}\n", in_words(Counts::of(report.runs)))
}

/// The locks that make others wait, over time.
fn locks(run: &Run<'_>, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let letters = if screen.is_unicode { Letters::UNICODE } else { Letters::ASCII };
    let mut is_explained = false;
    for pass in Pass::of(run) {
        let lines = bars(&pass, screen.width, letters);
        if lines.is_empty() {
            continue;
        }
        writeln!(out, "locks over time, {}", pass.title)?;
        if !is_explained {
            writeln!(out, "({})", letters.legend())?;
            is_explained = true;
        }
        for line in lines {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn header(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "on a throwaway PostgreSQL {}, {}", run.ran.version, before(run))?;
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
        let seen = pair.observed.unwrap_or_default();
        table.add_row([pair.relation.clone(), lock(seen), seen.work.to_string(), predicted(pair, compared)]);
    }
    Some(table.trim_fmt())
}
