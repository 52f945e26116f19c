//! A card for each statement: how it ended, and a line for each relation with what was seen and what was predicted.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use comfy_table::{Table, presets};

use super::{
    Counts, Report, Run, Screen, back,
    bars::{Letters, bars},
    timeline::Pass,
    words::{before, in_words, is_for_people, lock, predicted, shortened, time},
};
use crate::{
    dry_run::{Compared, Fate, Pair, Statement},
    effect::{Lock, Work},
    lint::LintedFile,
    report::counted,
    sql::statement::StatementKind,
};

/// Writes all cards.
pub(super) fn cards(report: &Report<'_>, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    for run in report.runs {
        header(run, out)?;
        for (file, statements) in run.files.iter().zip(&run.ran.files) {
            writeln!(out, "{}", file.input.source.path().display())?;
            let looks = if run.ran.is_traced { only_looks(file, statements) } else { BTreeSet::new() };
            for (n, statement) in statements.iter().enumerate() {
                if !looks.contains(&n) {
                    card(statement, file, out)?;
                }
            }
            if !looks.is_empty() {
                let n = counted(looks.len(), "statement");
                writeln!(out, "      {n} that only looked not shown (--format json does)")?;
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

/// Which statements only look, by their places: a framework looks a lot. A transaction in which nothing else is, is one of them.
fn only_looks(file: &LintedFile<'_>, statements: &[Statement]) -> BTreeSet<usize> {
    let looks = |statement: &Statement| match &statement.fate {
        Fate::Observed { compared, .. } => {
            let linted = file.statements.iter().find(|it| it.span == statement.span);
            let is_select = linted.is_some_and(|it| it.outcome.statement == StatementKind::Select);
            let is_weak = |it: &Pair| {
                let seen = it.observed.unwrap_or_default();
                seen.lock <= Some(Lock::AccessShare) && !seen.work.contains(Work::WriteRows)
            };
            is_select && compared.agrees() && compared.relations.iter().all(is_weak)
        }
        Fate::Ran(_) => true,
        Fate::Refused { .. } | Fate::NotRun => false,
    };
    let does: BTreeSet<Option<usize>> =
        statements.iter().filter(|it| !looks(it)).map(|it| it.transaction).collect();
    let is_shown = |it: &Statement| {
        let is_transaction = file
            .statements
            .iter()
            .any(|linted| linted.span == it.span && linted.outcome.statement == StatementKind::Transaction);
        !looks(it) || is_transaction && does.contains(&it.transaction)
    };
    (0..statements.len()).filter(|n| !statements.get(*n).is_some_and(is_shown)).collect()
}

fn header(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "on a throwaway PostgreSQL {}, {}", run.ran.version, before(run))?;
    for line in &run.ran.backdrop {
        writeln!(out, "note: {line}")?;
    }
    writeln!(out)
}

fn card(statement: &Statement, file: &LintedFile<'_>, out: &mut dyn Write) -> io::Result<()> {
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
