//! For comments on a pull request and for summaries of a CI job: what matters first, the rest folded.
//!
//! A comment has a limit, and one beyond it is not posted at all. So there are several texts, each shorter than the one before, and the
//! first that fits is written.
//!
//! What comes from outside stands between backticks, where neither HTML nor a mention is read; in prose every sign that means something is
//! escaped. Source: GitHub Flavored Markdown, 2.4, 4.10, 6.1.

use std::io::{self, Write};

use super::{
    Counts, Report, Run, back,
    bars::{Letters, bars},
    digest::Digest,
    timeline::Pass,
    words,
};
use crate::{
    finding::{Finding, Severity},
    report::counted,
};

/// How long a comment on GitHub may be, in characters.
const MAX_CHARACTERS: usize = 65_536;

/// So many statements are left when there is no room for more.
const N_WORST: usize = 10;

/// The width of the bars: what GitHub shows without scrolling.
const WIDTH: usize = 96;

/// How much is written, the most first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    /// Everything.
    Full,
    /// All but the text of statements.
    WithoutSql,
    /// The worst statements.
    Worst,
    /// How many statements came to which end.
    Totals,
}

/// Writes the longest text that fits.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    for room in [Room::Full, Room::WithoutSql, Room::Worst, Room::Totals] {
        text = Text::of(report, room)?;
        if text.chars().count() <= MAX_CHARACTERS {
            break;
        }
    }
    out.write_all(text.as_bytes())
}

struct Text {
    text: String,
    room: Room,
}

impl Text {
    fn of(report: &Report<'_>, room: Room) -> io::Result<String> {
        let mut this = Self { text: String::new(), room };
        let summary = report.summary;
        let found = [(summary.n_errors, "error"), (summary.n_warnings, "warning"), (summary.n_notes, "note")];
        let found = found.into_iter().filter(|it| it.0 > 0).map(|(n, what)| counted(n, what));
        let found = found.collect::<Vec<_>>().join(", ");
        let counts = Counts::of(report.runs);
        let verdict = match summary.worst() {
            _ if counts.n_refused > 0 => "refused by the server",
            Severity::Error | Severity::Warning => &found,
            Severity::Note | Severity::Off => "nothing in the way",
        };
        this.line(&format!("### lockkeeper dry run: {verdict}\n"));
        let found = if found.is_empty() { "nothing found".to_owned() } else { found.clone() };
        this.line(&format!("{}; {found}.", words::in_words(counts)));
        for run in report.runs {
            this.run(run)?;
        }
        this.line("\n<sub>Locks, work and refusals are facts of this version of PostgreSQL; times are of the machine that ran it.</sub>");
        Ok(this.text)
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn run(&mut self, run: &Run<'_>) -> io::Result<()> {
        let before = words::before(run);
        self.line(&format!("\n**PostgreSQL {}**, {before}", prose(&run.ran.version)));
        if self.room == Room::Totals {
            return Ok(());
        }
        let passes = Pass::of(run);
        let digests = Digest::all(run, &passes);
        let mut matter: Vec<&Digest<'_>> = digests.iter().flatten().filter(|it| it.matters()).collect();
        matter.sort_by_key(|it| std::cmp::Reverse(it.badness()));
        let n_all = matter.len();
        if self.room >= Room::Worst {
            matter.truncate(N_WORST);
        }
        self.table(&matter);
        if n_all > matter.len() {
            self.line(&format!("\n{} more, for which there is no room here.", n_all - matter.len()));
        }
        if self.room < Room::Worst {
            self.timelines(&passes);
        }
        self.findings(&matter);
        if self.room < Room::Worst {
            self.line("\n<details><summary>What became of the schema</summary>\n");
            self.fenced("text", &back::text(run)?);
            self.line("</details>");
        }
        Ok(())
    }

    fn table(&mut self, matter: &[&Digest<'_>]) {
        if matter.is_empty() {
            return;
        }
        self.line("\n| statement | strongest lock | reads blocked | writes blocked | at production size | work | verdict |");
        self.line("|---|---|--:|--:|--:|---|---|");
        for it in matter {
            let lock =
                it.lock.map_or_else(String::new, |(lock, on)| format!("{lock} on {}", cell(&code(on))));
            let production = it.production().map_or_else(String::new, |it| it.held.to_string());
            self.line(&format!(
                "| {} | {lock} | {} | {} | {production} | {} | {} |",
                cell(&code(&it.place)),
                blocked(&it.reads_blocked()),
                blocked(&it.writes_blocked()),
                it.work,
                it.verdict.name(),
            ));
        }
    }

    fn timelines(&mut self, passes: &[Pass]) {
        let lines: Vec<(&str, Vec<String>)> =
            passes.iter().map(|it| (it.title.as_str(), bars(it, WIDTH, Letters::UNICODE))).collect();
        if lines.iter().all(|it| it.1.is_empty()) {
            return;
        }
        self.line("\n<details><summary>Locks over time</summary>\n");
        for (title, lines) in lines {
            self.line(&format!("Locks {title}:\n"));
            self.fenced("text", lines.join("\n").trim_end());
        }
        self.line(&format!("{}\n\n</details>", Letters::UNICODE.legend()));
    }

    fn findings(&mut self, matter: &[&Digest<'_>]) {
        let said: Vec<&&Digest<'_>> = matter.iter().filter(|it| it.is_remarkable()).collect();
        if said.is_empty() {
            return;
        }
        self.line(&format!("\n<details><summary>{} to look at</summary>", counted(said.len(), "statement")));
        for it in said {
            self.line(&format!("\n**{}** {}\n", it.n, code(&it.place)));
            if self.room == Room::Full {
                self.fenced("sql", it.sql);
            }
            if let Some(refusal) = it.refusal() {
                self.line(&format!("- **refused**: {}", prose(&refusal)));
            }
            for finding in &it.findings {
                self.finding(finding);
            }
        }
        self.line("\n</details>");
    }

    fn finding(&mut self, finding: &Finding) {
        let (severity, rule) = (finding.severity.name(), &finding.rule);
        self.line(&format!("- **{severity}** {}: {}", code(rule), prose(&finding.message)));
        if let Some(help) = &finding.help {
            self.line(&format!("  safer: {}", prose(help)));
        }
    }

    /// A text that stands for itself.
    fn fenced(&mut self, language: &str, text: &str) {
        let fence = "`".repeat(longest_run(text).max(2) + 1);
        self.line(&format!("{fence}{language}\n{text}\n{fence}\n"));
    }
}

fn blocked(all: &[(String, String)]) -> String {
    let all = all.iter().map(|(time, behind)| format!("{time} {behind}").trim_end().to_owned());
    all.collect::<Vec<_>>().join("<br>")
}

/// The most backticks one after the other.
fn longest_run(text: &str) -> usize {
    text.split(|it| it != '`').map(str::len).max().unwrap_or(0)
}

/// Text between as many backticks as it takes, on one line.
fn code(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let fence = "`".repeat(longest_run(&line) + 1);
    let space = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{line}{space}{fence}")
}

/// What stands in a cell: a bar would end it, also between backticks.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Text in which nothing means anything but itself: no tag, no emphasis, no link, no mention.
fn prose(text: &str) -> String {
    let mut escaped = String::new();
    for it in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match it {
            // A mention and a reference are looked for after the text is read.
            '@' | '#' => escaped.extend([it, '\u{200b}']),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '~' | '!' | '$' => {
                escaped.extend(['\\', it]);
            }
            _ => escaped.push(it),
        }
    }
    escaped
}
