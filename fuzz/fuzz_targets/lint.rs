//! Any bytes: split, parse, predict, apply, lint and report.
#![no_main]

use std::io;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lockkeeper::catalog::Catalog;
use lockkeeper::effect::predict::predict;
use lockkeeper::lint::{Change, Input, InputRole, Options, lint};
use lockkeeper::report::{Event, Format};
use lockkeeper::rule::RuleSet;
use lockkeeper::sql::parse::{overlooked, parse};
use lockkeeper::sql::source::Source;
use lockkeeper::sql::split::{PieceKind, split};

static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::embedded().unwrap());

fuzz_target!(|bytes: &[u8]| {
    let source = Source::new("a.sql", bytes.to_vec());
    parts(source.text());
    let options = Options { postgres: 14, settings: Vec::new(), require_reason: false, foreign: Vec::new(), traffic: Default::default(), keep_statements: true, lock_budget: 3 };
    let input = Input {
        source,
        role: InputRole::Linted,
        framework: "plain",
        runner: None,
        parts: Vec::new(),
        change: Change::Unknown,
    };
    let files = lint(std::slice::from_ref(&input), &RULES, &options);
    for format in [Format::Full, Format::Json] {
        let mut reporter = format.reporter(io::sink(), true);
        for file in &files {
            reporter.event(Event::File(file)).unwrap();
            for finding in &file.findings {
                reporter.event(Event::Finding(finding, input.source.text())).unwrap();
            }
        }
        reporter.finish().unwrap();
    }
});

/// What lint is made of, on every piece and whatever the transaction; and that what is not validated is valid.
fn parts(text: &str) {
    let mut catalog = Catalog::default();
    for piece in split(text).pieces {
        let PieceKind::Statement(_) = piece.kind else { continue };
        let own = piece.text_for_parser(text);
        assert_eq!(overlooked(&own), None, "an error that only validation finds");
        if let Ok(statement) = parse(&own) {
            predict(&statement, &catalog, 14);
            catalog.apply(&statement, 14);
        }
    }
}
