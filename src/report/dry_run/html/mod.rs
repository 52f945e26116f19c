//! One HTML page that needs nothing else: no network, no script, and the JSON report inside, from which all that it shows comes.
//!
//! Everything that comes from outside (SQL, names, what the server said) is escaped by the templates. Nothing else may be marked as safe
//! but the style sheet and the JSON document, in which no tag can begin.

mod card;
mod chart;
mod growth;

use std::io::{self, Write};

use askama::Template;

use self::{card::Item, chart::Chart};
use super::{
    Counts, Report, Run, back,
    digest::{Blocked, Digest},
    json,
    timeline::Pass,
    words,
};
use crate::{
    dry_run::Fate,
    finding::Severity,
    report::{counted, full::assumptions},
};

/// So many statements are in the table of those that matter.
const MAX_WORST: usize = 10;

/// Writes the page.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let page = Page::of(report)?;
    let text = page.render().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

#[derive(Template)]
#[template(path = "dry_run/html/page.html")]
struct Page<'r> {
    style: &'static str,
    program: &'static str,
    headline: Headline,
    tiles: Vec<Tile>,
    runs: Vec<Section<'r>>,
    assumed: String,
    limits: Vec<String>,
    json: String,
}

/// What came of it all.
struct Headline {
    /// bad, warn or good.
    class: &'static str,
    text: String,
    more: String,
}

/// A number that matters.
struct Tile {
    value: String,
    label: String,
    class: &'static str,
}

/// One history on one server.
struct Section<'r> {
    id: usize,
    version: &'r str,
    before: String,
    notes: &'r [String],
    worst: Vec<Worst>,
    n_more: usize,
    passes: Vec<PassView>,
    blocked: Vec<BlockedRow>,
    /// What became of the schema, line by line: its class and its text.
    changes: Vec<(&'static str, String)>,
    longest: Blocked,
    files: Vec<FileView<'r>>,
}

/// A line of the table of what matters.
struct Worst {
    href: String,
    place: String,
    line: String,
    lock: String,
    relation: String,
    work: String,
    class: &'static str,
    reads: Vec<(String, String)>,
    writes: Vec<(String, String)>,
    production: String,
    verdict: &'static str,
    verdict_class: &'static str,
}

struct PassView {
    title: String,
    charts: Vec<Chart>,
}

/// Who is blocked on one relation: for each pass how long reads and writes were.
struct BlockedRow {
    relation: String,
    cells: Vec<(String, String)>,
}

struct FileView<'r> {
    path: String,
    framework: &'r str,
    items: Vec<Item>,
}

impl<'r> Page<'r> {
    fn of(report: &Report<'r>) -> io::Result<Self> {
        let runs = report.runs.iter().enumerate().map(|(n, it)| Section::of(n + 1, it));
        let runs: Vec<Section<'r>> = runs.collect::<io::Result<_>>()?;
        Ok(Self {
            style: include_str!("style.css"),
            program: concat!("lockkeeper ", env!("CARGO_PKG_VERSION")),
            headline: Headline::of(report),
            tiles: tiles(report).into_iter().chain(blocked_longest(&runs)).collect(),
            runs,
            assumed: assumptions(report.assumed),
            limits: limits(report),
            json: json::in_html(report)?,
        })
    }
}

impl Headline {
    fn of(report: &Report<'_>) -> Self {
        let (counts, summary) = (Counts::of(report.runs), report.summary);
        let refused = report.runs.iter().find_map(|run| {
            let files = run.files.iter().zip(&run.ran.files);
            let mut all = files.flat_map(|(file, all)| all.iter().map(move |it| (file, it)));
            all.find_map(|(file, it)| match &it.fate {
                Fate::Refused { refusal, .. } => {
                    let source = &file.input.source;
                    let line = source.position(it.span.start).line;
                    Some(format!("{}:{line}: {refusal}", source.path().display()))
                }
                _ => None,
            })
        });
        let (class, text) = match (&refused, summary.worst()) {
            (Some(_), _) if counts.n_not_run > 0 => {
                ("bad", format!("Refused: {} did not run", counted(counts.n_not_run, "statement")))
            }
            (Some(_), _) => ("bad", "Refused by the server".to_owned()),
            (None, Severity::Error) => {
                ("bad", format!("{} to be mended", counted(summary.n_errors, "error")))
            }
            (None, Severity::Warning) => {
                ("warn", format!("{} to be looked at", counted(summary.n_warnings, "warning")))
            }
            (None, Severity::Note | Severity::Off) => ("good", "Nothing found".to_owned()),
        };
        Self { class, text, more: refused.unwrap_or_else(|| format!("{}.", words::in_words(counts))) }
    }
}

fn tiles(report: &Report<'_>) -> Vec<Tile> {
    let (counts, summary) = (Counts::of(report.runs), report.summary);
    let tile = |n: usize, label: &str, class| Tile { value: n.to_string(), label: label.to_owned(), class };
    let bad = |n: usize, class| if n > 0 { class } else { "zero" };
    let plural =
        |n: usize, one: &str| counted(n, one).split_once(' ').map_or(String::new(), |it| it.1.to_owned());
    vec![
        tile(counts.n_ran, "ran", ""),
        tile(counts.n_as_predicted, "as predicted", ""),
        tile(counts.n_differing, "not as predicted", bad(counts.n_differing, "bad")),
        tile(counts.n_refused, "refused", bad(counts.n_refused, "bad")),
        tile(counts.n_not_run, "not run", bad(counts.n_not_run, "warn")),
        tile(summary.n_errors, &plural(summary.n_errors, "error"), bad(summary.n_errors, "bad")),
        tile(summary.n_warnings, &plural(summary.n_warnings, "warning"), bad(summary.n_warnings, "warn")),
        tile(summary.n_notes, &plural(summary.n_notes, "note"), bad(summary.n_notes, "")),
    ]
}

impl<'r> Section<'r> {
    fn of(id: usize, run: &'r Run<'r>) -> io::Result<Self> {
        let passes = Pass::of(run);
        let digests = Digest::all(run, &passes);
        let mut worst: Vec<&Digest<'_>> = digests.iter().flatten().filter(|it| it.matters()).collect();
        worst.sort_by_key(|it| std::cmp::Reverse(it.badness()));
        let n_more = worst.len().saturating_sub(MAX_WORST);
        let rows = worst.iter().take(MAX_WORST).map(|it| Worst::of(id, it)).collect();
        let files = run.files.iter().zip(&digests).map(|(file, all)| FileView {
            path: file.input.source.path().display().to_string(),
            framework: file.input.framework,
            items: card::items(id, all),
        });
        Ok(Self {
            id,
            version: &run.ran.version,
            before: words::before(run),
            notes: &run.ran.backdrop,
            worst: rows,
            n_more,
            longest: longest(&digests),
            blocked: blocked(run),
            changes: back::text(run)?.lines().map(change).collect(),
            files: files.collect(),
            passes: passes.iter().map(|it| PassView::of(id, it)).collect(),
        })
    }

    /// What the columns of the blocked are.
    fn pass_titles(&self) -> Vec<&str> {
        self.passes.iter().map(|it| it.title.as_str()).collect()
    }
}

/// A line of what became of the schema; those of a diff are coloured.
fn change(line: &str) -> (&'static str, String) {
    let class = match line.trim_start().chars().next().filter(|_| line.starts_with("      ")) {
        Some('+') => "made",
        Some('-') => "gone",
        _ => "",
    };
    (class, line.to_owned())
}

/// The longest that reads and writes were blocked by any statement.
fn longest(digests: &[Vec<Digest<'_>>]) -> Blocked {
    let all = || digests.iter().flatten().flat_map(|it| &it.blocked);
    let reads = all().map(|it| it.reads).max().unwrap_or_default();
    let writes = all().map(|it| it.writes).max().unwrap_or_default();
    Blocked { reads, writes, reader: None }
}

/// The same of all runs, as far as somebody was blocked.
fn blocked_longest(runs: &[Section<'_>]) -> Vec<Tile> {
    let reads = runs.iter().map(|it| it.longest.reads).max().unwrap_or_default();
    let writes = runs.iter().map(|it| it.longest.writes).max().unwrap_or_default();
    let all = [("reads blocked, at most", reads), ("writes blocked, at most", writes)].into_iter();
    let tile = |(label, it): (&str, _)| Tile { value: words::time(it), label: label.to_owned(), class: "" };
    all.filter(|it| !it.1.is_zero()).map(tile).collect()
}

impl Worst {
    fn of(run: usize, digest: &Digest<'_>) -> Self {
        Self {
            href: format!("#s{run}-{}", digest.n),
            place: digest.place.clone(),
            line: digest.line(),
            lock: digest.lock.map_or_else(String::new, |it| it.0.name().to_owned()),
            relation: digest.lock.map_or_else(String::new, |it| it.1.to_owned()),
            work: digest.work.to_string(),
            class: digest.lock.map_or("", |it| chart::class(it.0)),
            reads: digest.reads_blocked(),
            writes: digest.writes_blocked(),
            production: digest.production().map_or_else(String::new, |it| it.held.to_string()),
            verdict: digest.verdict.name(),
            verdict_class: card::class(digest.verdict),
        }
    }
}

impl PassView {
    fn of(run: usize, pass: &Pass) -> Self {
        let charts = pass.timelines.iter().map(|it| Chart::of(run, it, pass.is_probed)).collect();
        Self { title: pass.title.clone(), charts }
    }
}

/// Who was blocked, by what the probes measured.
fn blocked(run: &Run<'_>) -> Vec<BlockedRow> {
    let mut relations: Vec<&str> =
        run.ran.probed.iter().flat_map(|it| &it.lanes).map(|it| it.relation.as_str()).collect();
    relations.sort_unstable();
    relations.dedup();
    let cells = |relation: &str| -> Vec<(String, String)> {
        let passes = run.ran.probed.iter();
        let lanes = passes.map(|it| it.lanes.iter().find(|it| it.relation == relation));
        let words = |it: std::time::Duration| if it.is_zero() { "–".to_owned() } else { words::time(it) };
        lanes
            .map(|it| it.map_or_else(Default::default, |it| (words(it.reads()), words(it.writes()))))
            .collect()
    };
    relations.iter().map(|it| BlockedRow { relation: (*it).to_owned(), cells: cells(it) }).collect()
}

/// What a throwaway server cannot tell.
fn limits(report: &Report<'_>) -> Vec<String> {
    let is_probed = report.runs.iter().any(|it| !it.ran.probed.is_empty());
    let is_grown = report.runs.iter().flat_map(|it| it.ran.statements()).any(|it| it.growth.is_some());
    let mut limits = vec![
        "Locks, work and refusals are facts of this version of PostgreSQL. Times are of this machine: production has other disks, another \
         cache, other settings and other load."
            .to_owned(),
        "Rows are synthetic where there are any: they follow the schema, not the skew, the bloat or the age of a real table. A constraint \
         that holds here may be broken by a row in production."
            .to_owned(),
    ];
    limits.push(if is_probed {
        "Who was blocked was measured by sessions that only tried to get at the tables. In production they queue up, and each of them holds \
         a connection."
            .to_owned()
    } else {
        "Nobody else was connected: how long others are blocked follows from the locks that were held, without the time for which a lock is \
         waited for. --probe measures both."
            .to_owned()
    });
    if is_grown {
        limits.push(
            "Times at production size are extrapolated from smaller ones; the band is what three models of growth say, and wider. The \
             further beyond what was measured, the rougher."
                .to_owned(),
        );
    }
    limits
}
