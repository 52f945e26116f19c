//! Each finding with its statement, the facts behind it and what to write instead, in the look of the Rust compiler.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::{
    Assumed, Baseline, Event, Framework, Reporter, Summary, Unread, UsedOverride, counted, damage::Ranking,
    excerpt::Excerpt,
};
use crate::{
    effect::Runner,
    finding::{Finding, Overridden, Severity},
};

/// How many places are named; the JSON report has all.
const MAX_PLACES: usize = 5;

/// Writes for people.
pub struct Full<W> {
    out: W,
    renderer: Renderer,
    assumed: Assumed,
    ranking: Ranking,
}

impl<W: Write> Full<W> {
    /// A reporter that writes to `out`, with colours if `styled`.
    pub fn new(out: W, styled: bool) -> Self {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        Self { out, renderer, assumed: Assumed::default(), ranking: Ranking::default() }
    }
}

impl<W: Write> Reporter for Full<W> {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Assumed(assumed) => self.assumed = assumed.clone(),
            Event::File(_) | Event::Hidden(..) => {}
            Event::Finding(finding, text) => {
                self.ranking.add(finding);
                let group = group(finding, text);
                writeln!(self.out, "{}\n", self.renderer.render(&[group]))?;
            }
            Event::Summary(summary) => self.summary(summary)?,
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Full<W> {
    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        if let Some(table) = self.ranking.table() {
            writeln!(self.out, "{table}\n")?;
        }
        match self.assumed.nothing_changed() {
            Some(said) if summary.n_files == 0 => writeln!(self.out, "{said}")?,
            _ => writeln!(self.out, "{}", counts(summary))?,
        }
        if summary.n_unreadable > 0 {
            let n = counted(summary.n_unreadable, "statement");
            writeln!(self.out, "not judged: {n} that could not be read{}", places(&summary.unread))?;
        }
        for used in &summary.overrides {
            writeln!(self.out, "{}", override_in_words(used))?;
        }
        if let Some(baseline) = &summary.baseline {
            self.baseline(baseline)?;
        }
        writeln!(self.out, "assumed: {}", assumptions(&self.assumed))
    }
}

impl<W: Write> Full<W> {
    fn baseline(&mut self, baseline: &Baseline) -> io::Result<()> {
        let Baseline { path, n_known, n_stale } = baseline;
        if *n_known > 0 {
            writeln!(self.out, "{} left out by {path}", counted(*n_known, "known finding"))?;
        }
        match n_stale {
            0 => Ok(()),
            1 => writeln!(self.out, "1 entry of {path} no longer occurs: run `lockkeeper baseline`"),
            n => writeln!(self.out, "{n} entries of {path} no longer occur: run `lockkeeper baseline`"),
        }
    }
}

fn group<'a>(finding: &'a Finding, text: &'a str) -> Group<'a> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note | Severity::Off => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(&finding.message).id(finding.rule.as_str()));
    group = match Excerpt::of(finding, text) {
        Some(excerpt) => {
            let label = excerpt.is_cut.then_some("the statement goes on below");
            let marked = AnnotationKind::Primary.span(excerpt.marked).label(label);
            let snippet = Snippet::source(excerpt.lines).line_start(excerpt.first_line);
            group.element(snippet.path(&*finding.path).annotation(marked))
        }
        None => group.element(origin(finding)),
    };
    let overridden = finding.overridden.iter().map(|it| {
        let (now, Overridden { severity, reason, place, .. }) = (finding.severity.name(), &**it);
        format!("{now} instead of {} by {place}: {reason}", severity.name())
    });
    let notes = finding.notes.iter().cloned().chain(overridden);
    let notes = notes.map(|note| Element::from(Level::NOTE.message(note)));
    let help = finding.help.iter().map(|help| Element::from(Level::HELP.message(help)));
    group.elements(notes).elements(help)
}

/// The first places, in brackets; nothing if there are none.
fn places(unread: &[Unread]) -> String {
    if unread.is_empty() {
        return String::new();
    }
    let shown = unread.iter().take(MAX_PLACES).map(|it| format!("{}:{}", it.path, it.line));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = match unread.len().saturating_sub(MAX_PLACES) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!(" (merged already, so that what they made is not known: {shown}{more})")
}

fn override_in_words(used: &UsedOverride) -> String {
    let UsedOverride { place, reason, until, n_hidden, n_changed } = used;
    let done = [(*n_hidden, "hidden"), (*n_changed, "of another severity")];
    let done = done.into_iter().filter(|it| it.0 > 0);
    let done: Vec<_> = done.map(|(n, what)| format!("{} {what}", counted(n, "finding"))).collect();
    let until = until.as_ref().map_or(String::new(), |it| format!(" (until {it})"));
    format!("{} by {place}: {reason}{until}", done.join(", "))
}

fn origin(finding: &Finding) -> Origin<'_> {
    let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    Origin::path(&*finding.path).line(number(finding.start.line)).char_column(number(finding.start.column))
}

fn counts(summary: &Summary) -> String {
    let findings = [(summary.n_errors, "error"), (summary.n_warnings, "warning"), (summary.n_notes, "note")];
    let found: Vec<_> = findings.into_iter().filter(|it| it.0 > 0).map(|(n, it)| counted(n, it)).collect();
    let found = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
    let (files, statements) = (counted(summary.n_files, "file"), counted(summary.n_statements, "statement"));
    format!("{found} in {statements} of {files}")
}

pub(super) fn assumptions(assumed: &Assumed) -> String {
    let mut all = vec![format!("PostgreSQL {}", assumed.postgres)];
    if assumed.postgres_by_default {
        all[0].push_str(" (the oldest supported; --pg says another)");
    }
    all.extend(assumed.frameworks.iter().filter(|it| !it.because.is_empty()).map(in_words));
    let counts = [
        (assumed.n_schema_files, "schema file", "read before"),
        (assumed.n_history_files, "earlier file", "replayed"),
        (assumed.n_down_files, "down file", "left out"),
        (assumed.n_other_files, "other file", "left out"),
    ];
    let counts = counts.into_iter().filter(|it| it.0 > 0);
    all.extend(counts.map(|(n, what, done)| format!("{} {done}", counted(n, what))));
    all.extend(assumed.snapshot.iter().chain(&assumed.calibration).cloned());
    if let Some(since) = &assumed.since {
        all.push(format!("only what changed since {} judged", since.shown()));
    }
    all.join(", ")
}

fn in_words(framework: &Framework) -> String {
    let sent = match framework.runner {
        Some(Runner::File) => ", each file one transaction",
        Some(Runner::Own) => ", each statement a transaction",
        Some(Runner::Batch) => ", all files one transaction",
        Some(Runner::Query) => ", each file one message",
        Some(Runner::Around) => ", each file one transaction but for what runs alone",
        None => "",
    };
    format!("{} by {}{sent}", framework.name, framework.because)
}
