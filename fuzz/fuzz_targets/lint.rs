//! Any bytes: split, parse, predict, apply and lint.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lockkeeper::catalog::Catalog;
use lockkeeper::effect::predict::predict;
use lockkeeper::lint::{Input, InputRole, Options, lint};
use lockkeeper::rule::RuleSet;
use lockkeeper::sql::parse::parse;
use lockkeeper::sql::source::Source;
use lockkeeper::sql::split::{PieceKind, split};

static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::embedded().unwrap());

fuzz_target!(|bytes: &[u8]| {
    let source = Source::new("a.sql", bytes.to_vec());
    parts(source.text());
    let options = Options { postgres: 14, settings: Vec::new(), require_reason: false };
    let (path, text) = ("a.sql".to_owned(), source.text().to_owned());
    let input = Input { path, text, role: InputRole::Linted, framework: "plain", transaction: None };
    lint(&[input], &RULES, &options);
});

/// What lint is made of, on every piece and whatever the transaction.
fn parts(text: &str) {
    let mut catalog = Catalog::default();
    for piece in split(text).pieces {
        if let PieceKind::Statement(_) = piece.kind
            && let Ok(statement) = parse(&piece.text_for_parser(text))
        {
            predict(&statement, &catalog, 14);
            catalog.apply(&statement, 14);
        }
    }
}
