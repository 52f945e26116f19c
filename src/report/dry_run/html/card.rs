//! A card for each statement: what it is, how it ended, what it locked and did, and what is to be said of that.

use askama::Template;

use super::{
    super::{
        digest::{Digest, Verdict},
        words::{self, bytes, time},
    },
    chart,
    growth::GrowthChart,
};
use crate::{
    dry_run::{Compared, Fate, Pair},
    finding::{Finding, Severity},
    pg::{observe::Observed, session::Refusal},
    report::counted,
    traffic::grouped,
};

/// A statement of more lines than this is folded.
const MAX_LINES: usize = 14;

/// A statement of more characters than this is folded.
const MAX_CHARACTERS: usize = 1_200;

/// What stands in a file's list.
pub(super) enum Item {
    /// A statement.
    Card(Box<Card>),
    /// Statements that did not run, one after the other.
    NotRun {
        /// How many.
        summary: String,
        /// Their places and first words.
        lines: Vec<(String, String)>,
    },
}

/// One statement.
#[derive(Template)]
#[template(path = "dry_run/html/card.html")]
pub(super) struct Card {
    id: String,
    n: usize,
    place: String,
    line: String,
    is_open: bool,
    verdict: &'static str,
    verdict_class: &'static str,
    lock: &'static str,
    lock_class: &'static str,
    took: String,
    sql: Sql,
    facts: Vec<(&'static str, String)>,
    relations: Vec<Relation>,
    has_rows: bool,
    has_bytes: bool,
    open: Option<&'static str>,
    refusal: Option<Refused>,
    notices: Vec<(String, String)>,
    findings: Vec<Found>,
    growth: Option<GrowthChart>,
}

/// A statement's text: before, at and after the place where the server stopped.
struct Sql {
    before: String,
    at: String,
    after: String,
    is_long: bool,
    size: String,
}

struct Relation {
    name: String,
    kind: &'static str,
    lock: String,
    class: &'static str,
    work: String,
    predicted: String,
    differs: bool,
    rows: String,
    bytes: String,
}

struct Refused {
    text: String,
    when: &'static str,
    is_foreseen: bool,
    more: Vec<String>,
}

struct Found {
    severity: &'static str,
    rule: String,
    message: String,
    notes: Vec<String>,
    help: Option<String>,
}

/// How a verdict is drawn.
pub(super) fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Refused | Verdict::Differs | Verdict::Found(Severity::Error) => "bad",
        Verdict::RefusedAsPredicted | Verdict::Found(Severity::Warning) => "warn",
        Verdict::AsPredicted => "good",
        Verdict::Found(_) | Verdict::Fine | Verdict::NotRun => "",
    }
}

/// The statements of a file; those that did not run are folded together.
pub(super) fn items(run: usize, digests: &[Digest<'_>]) -> Vec<Item> {
    let mut items = Vec::new();
    for digest in digests {
        if digest.verdict != Verdict::NotRun {
            items.push(Item::Card(Box::new(Card::of(run, digest))));
            continue;
        }
        let line = (digest.place.clone(), digest.line());
        if let Some(Item::NotRun { summary, lines }) = items.last_mut() {
            lines.push(line);
            *summary = format!("{} did not run", counted(lines.len(), "statement"));
        } else {
            items.push(Item::NotRun { summary: "1 statement did not run".to_owned(), lines: vec![line] });
        }
    }
    items
}

impl Card {
    fn of(run: usize, digest: &Digest<'_>) -> Self {
        let statement = digest.statement;
        let mut card = Self {
            id: format!("s{run}-{}", digest.n),
            n: digest.n,
            place: digest.place.clone(),
            line: digest.line(),
            is_open: digest.verdict > Verdict::Found(Severity::Note),
            verdict: digest.verdict.name(),
            verdict_class: class(digest.verdict),
            lock: digest.lock.map_or("", |it| it.0.name()),
            lock_class: digest.lock.map_or("", |it| chart::class(it.0)),
            took: String::new(),
            sql: Sql::of(digest.sql, None),
            facts: Vec::new(),
            relations: Vec::new(),
            has_rows: false,
            has_bytes: false,
            open: None,
            refusal: None,
            notices: Vec::new(),
            findings: digest.findings.iter().map(|it| Found::of(it)).collect(),
            growth: statement.growth.as_ref().map(GrowthChart::of),
        };
        match &statement.fate {
            Fate::Observed { observed, compared, .. } => {
                card.took = time(observed.took);
                card.facts = facts(digest, observed, compared);
                card.open = compared.open;
                card.relations =
                    compared.relations.iter().map(|it| Relation::of(it, observed, compared)).collect();
                card.has_rows = card.relations.iter().any(|it| !it.rows.is_empty());
                card.has_bytes = card.relations.iter().any(|it| !it.bytes.is_empty());
                let notices = observed.notices.iter().filter(|it| words::is_for_people(&it.severity));
                card.notices = notices.map(|it| (it.severity.to_lowercase(), it.message.clone())).collect();
            }
            Fate::Ran(took) => card.took = time(*took),
            Fate::Refused { refusal, is_foreseen, at_commit } => {
                card.sql = Sql::of(digest.sql, refusal.position.filter(|_| !at_commit));
                card.refusal = Some(Refused::of(refusal, *is_foreseen, *at_commit));
            }
            Fate::NotRun => {}
        }
        card
    }
}

/// What was measured, name and value.
fn facts(digest: &Digest<'_>, observed: &Observed, compared: &Compared) -> Vec<(&'static str, String)> {
    let mut facts = vec![("took", time(observed.took))];
    let held = digest.statement.held_for.filter(|it| !compared.relations.is_empty() && *it > observed.took);
    facts.extend(held.map(|it| ("locks held until COMMIT", time(it))));
    let blocked = [("reads blocked", digest.reads_blocked()), ("writes blocked", digest.writes_blocked())];
    for (name, all) in blocked {
        let all: Vec<String> =
            all.iter().map(|(time, behind)| format!("{time} {behind}").trim_end().to_owned()).collect();
        facts.extend(Some((name, all.join("; "))).filter(|it| !it.1.is_empty()));
    }
    let written = [("WAL written", observed.wal_bytes), ("temporary files", observed.temp_bytes)];
    facts.extend(written.into_iter().filter(|it| it.1 > 0).map(|(name, n)| (name, bytes(n))));
    if let Some(sqlstate) = compared.should_have_failed {
        facts.push(("predicted to fail with", sqlstate.to_owned()));
    }
    facts
}

impl Sql {
    fn of(text: &str, position: Option<u32>) -> Self {
        let n_lines = text.lines().count();
        let is_long = n_lines > MAX_LINES || text.chars().count() > MAX_CHARACTERS;
        let at = position.and_then(|it| usize::try_from(it).ok()?.checked_sub(1));
        let start = at.and_then(|it| text.char_indices().nth(it)).map_or(text.len(), |it| it.0);
        let rest = text.get(start..).unwrap_or_default();
        let is_word = |it: char| it.is_alphanumeric() || it == '_';
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let length = rest.find(|it| !is_word(it)).unwrap_or(rest.len()).max(first);
        let (word, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        Self {
            before: text.get(..start).unwrap_or(text).to_owned(),
            at: word.to_owned(),
            after: after.to_owned(),
            is_long,
            size: counted(n_lines, "line"),
        }
    }
}

impl Relation {
    fn of(pair: &Pair, observed: &Observed, compared: &Compared) -> Self {
        let seen = pair.observed.unwrap_or_default();
        let known = observed.relations.iter().find(|it| it.name == pair.relation);
        let rows = known.map_or(0, |it| it.n_written);
        Self {
            name: pair.relation.clone(),
            kind: words::kind(pair.kind),
            lock: words::lock(seen),
            class: seen.lock.map_or("none", chart::class),
            work: seen.work.to_string(),
            predicted: words::predicted(pair, compared),
            differs: pair.differs,
            rows: if rows > 0 { grouped(rows) } else { String::new() },
            bytes: known.and_then(|it| it.bytes).map_or_else(String::new, words::sizes),
        }
    }
}

impl Refused {
    fn of(refusal: &Refusal, is_foreseen: bool, at_commit: bool) -> Self {
        Self {
            text: refusal.to_string(),
            when: if at_commit { " at COMMIT" } else { "" },
            is_foreseen,
            more: [&refusal.detail, &refusal.hint].into_iter().flatten().cloned().collect(),
        }
    }
}

impl Found {
    fn of(finding: &Finding) -> Self {
        Self {
            severity: finding.severity.name(),
            rule: finding.rule.to_string(),
            message: finding.message.clone(),
            notes: finding.notes.clone(),
            help: finding.help.clone(),
        }
    }
}
