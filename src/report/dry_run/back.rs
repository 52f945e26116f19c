//! What came of the schema, of the ways back and of second tries, for people.

use std::{
    io::{self, Write},
    time::Duration,
};

use super::{Run, words::time};
use crate::{
    dry_run::{Failure, Fate, Rerun, Retry, Reversal, Statement},
    lint::LintedFile,
    pg::describe::Difference,
    report::counted,
    sql::source::Source,
};

/// A diff is cut after so many lines.
const MAX_LINES: usize = 40;

/// Writes what a run made of the schema, and whether it can be taken back and run again.
pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    diff("the schema", &run.ran.schema, out)?;
    for (reversal, down) in run.ran.reversals.iter().zip(&run.back) {
        if let Some(file) = run.files.get(reversal.file) {
            way_back(reversal, file, down, out)?;
        }
    }
    for rerun in &run.ran.reruns {
        if let Some(file) = run.files.get(rerun.file) {
            second_try(rerun, file, out)?;
        }
    }
    writeln!(out)
}

/// The same as text.
pub(super) fn text(run: &Run<'_>) -> io::Result<String> {
    let mut out = Vec::new();
    write(run, &mut out)?;
    Ok(String::from_utf8_lossy(&out).trim_end().to_owned())
}

/// `the schema is as before`, or what of it is not.
fn diff(what: &str, difference: &Difference, out: &mut dyn Write) -> io::Result<()> {
    if difference.is_empty() {
        return writeln!(out, "{what} is as before");
    }
    let how = if difference.is_only_order() { ": only the order of columns differs" } else { "" };
    writeln!(out, "{what} is not as before{how}:")?;
    lines(difference, out)
}

fn lines(difference: &Difference, out: &mut dyn Write) -> io::Result<()> {
    let lines = difference.lines();
    for line in lines.iter().take(MAX_LINES) {
        writeln!(out, "      {line}")?;
    }
    match lines.len().saturating_sub(MAX_LINES) {
        0 => Ok(()),
        n => writeln!(out, "      … {} more; --format json has them all", counted(n, "line")),
    }
}

fn way_back(
    reversal: &Reversal,
    file: &LintedFile<'_>,
    down: &[LintedFile<'_>],
    out: &mut dyn Write,
) -> io::Result<()> {
    let path = file.input.source.path();
    let other = down.iter().map(|it| it.input.source.path()).find(|it| *it != path);
    let by = other.map_or_else(String::new, |it| format!(" by {}", it.display()));
    writeln!(out, "the way back of {}{by} took {}", path.display(), time(took(&reversal.down)))?;
    if let Some((statement, refusal)) = reversal.refusal() {
        let files = reversal.down.iter().zip(down);
        let mut source =
            files.filter(|it| it.0.iter().any(|it| std::ptr::eq(it, statement))).map(|it| &it.1.input.source);
        let line = line(source.next(), statement);
        writeln!(out, "      line {line} REFUSED: {refusal}")?;
    }
    write!(out, "   ")?;
    diff("the schema then", &reversal.left, out)?;
    if reversal.again.is_empty() {
        return Ok(());
    }
    if let Some((statement, refusal)) = reversal.refusal_again() {
        let line = line(Some(&file.input.source), statement);
        writeln!(out, "   when the file runs again, line {line} is REFUSED: {refusal}")
    } else if reversal.differs.is_empty() {
        writeln!(out, "   the file runs again, to the same end")
    } else {
        writeln!(out, "   the file runs again, to another end:")?;
        lines(&reversal.differs, out)
    }
}

fn line(source: Option<&Source>, statement: &Statement) -> u32 {
    source.map_or(0, |it| it.position(statement.span.start).line)
}

fn took(files: &[Vec<Statement>]) -> Duration {
    let took = |it: &Statement| match &it.fate {
        Fate::Observed { observed, .. } => observed.took,
        Fate::Ran(took) => *took,
        Fate::Refused { .. } | Fate::NotRun => Duration::ZERO,
    };
    files.iter().flatten().map(took).sum()
}

fn second_try(rerun: &Rerun, file: &LintedFile<'_>, out: &mut dyn Write) -> io::Result<()> {
    let source = &file.input.source;
    let how = match rerun.retry {
        Retry::FromStart => "run again from its start".to_owned(),
        Retry::FromPart => format!("run again by {} from the part that failed", file.input.framework),
        Retry::FromFailure => format!("run by {} from where it failed", file.input.framework),
        Retry::After(what) => format!("run by {} only after {what}, from its start", file.input.framework),
    };
    writeln!(out, "{} after a failure, {how}", source.path().display())?;
    for failure in &rerun.failures {
        failed(failure, source, out)?;
    }
    match rerun.n_untried {
        0 => Ok(()),
        n => writeln!(out, "   {} more to fail not tried", counted(n, "place")),
    }
}

fn failed(failure: &Failure, source: &Source, out: &mut dyn Write) -> io::Result<()> {
    let left = if failure.left.is_empty() { "nothing is left".to_owned() } else { failure.left.in_words() };
    writeln!(out, "   a failure {}: {left}", failure.place(source))?;
    match failure.refusal() {
        Some((statement, refusal)) => {
            writeln!(out, "      then line {} is REFUSED: {refusal}", line(Some(source), statement))
        }
        None if failure.differs.is_empty() => writeln!(out, "      then it goes through, to the same end"),
        None => writeln!(out, "      then it goes through, to another end: {}", failure.differs.in_words()),
    }
}
