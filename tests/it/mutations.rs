//! Broken input: 20,000 mutations of our own fixtures and examples, or as many as `MUTATIONS` says. Nothing panics, and nothing takes a
//! second.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use lockkeeper::catalog::Catalog;
use lockkeeper::effect::predict::predict;
use lockkeeper::lint::{Change, Input, InputRole, Options, lint};
use lockkeeper::report::{Event, Format};
use lockkeeper::rule::RuleSet;
use lockkeeper::sql::parse::{overlooked, parse};
use lockkeeper::sql::source::Source;
use lockkeeper::sql::split::{PieceKind, split};

use crate::support::{files_below, lint_options};

/// How many inputs there are, unless `MUTATIONS` says it. The first ones are always the same.
const N_INPUTS: u64 = 20_000;

/// What a statement must not make take longer, also on a slow machine.
const LIMIT: Duration = Duration::from_secs(1);

/// What our fixtures have too little of.
const SCRIPTS: &str = r#"
CREATE TABLE a (id int);
CREATE TABLE b () INHERITS (a);
ALTER TABLE a INHERIT b;
ALTER TABLE a INHERIT a;
ALTER TABLE a ADD COLUMN x int DEFAULT random();
\restrict tok
SET check_function_bodies = false;
COPY public.users (id, email) FROM stdin;
1	a;'b
\.

SELECT setval('s', :start, true) \gset
ALTER TABLE :"schema".users ADD COLUMN c text DEFAULT :'value';

CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $fn$
BEGIN
  EXECUTE 'ALTER TABLE users ADD COLUMN ' || quote_ident('x') || ' int';
  IF a > 1 THEN UPDATE users SET id = a WHERE id = $1; END IF;
  RETURN (SELECT count(*) FROM users);
END;
$fn$;

CREATE FUNCTION g() RETURNS SETOF int BEGIN ATOMIC INSERT INTO t VALUES (1); SELECT CASE WHEN true THEN 1 END; END;

CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; UPDATE b SET c = E'it\'s' || U&'\0061');

DO $$ BEGIN ALTER TABLE a ADD b int; EXCEPTION WHEN duplicate_column THEN NULL; END $$;

WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 9) INSERT INTO t SELECT * FROM r ON CONFLICT DO NOTHING;

BEGIN; SAVEPOINT a; LOCK TABLE users, orders IN SHARE MODE NOWAIT; ROLLBACK TO a; COMMIT AND CHAIN;
-- lockkeeper: allow index-blocks-writes: small
CREATE INDEX ON users (lower(email)) INCLUDE (id) WHERE id[1:2] IS NOT NULL AND (a, b) = (1, 2);
"#;

/// What breaks texts most.
const SCRAPS: &[&str] = &[
    "'",
    "\"",
    "$$",
    "$a$",
    "(",
    ")",
    "((((((((",
    "[",
    "]",
    ";",
    ";;",
    "/*",
    "*/",
    "--",
    "\\",
    "\\.\n",
    "\\gset ",
    ":v",
    "E'",
    "U&'",
    "BEGIN ATOMIC ",
    " END ",
    " CASE ",
    ",",
    ".",
    "::",
    "é",
    "\u{feff}",
    "\0",
    "\r\n",
    "\r",
    " NOT ",
    " - ",
    " SELECT ",
    " AS ",
    "1e",
    "0x",
];

/// All that `lockkeeper lint` does with a file, with every finding in every format.
fn pipeline(text: &str, rules: &RuleSet) {
    let options = Options { keep_statements: true, ..lint_options(14) };
    let source = Source::new("a.sql", text.as_bytes().to_vec());
    let input = Input {
        source,
        role: InputRole::Linted,
        framework: "plain",
        runner: None,
        parts: Vec::new(),
        change: Change::Unknown,
    };
    let files = lint(std::slice::from_ref(&input), rules, &options);
    for format in [Format::Full, Format::Concise, Format::Json] {
        let mut reporter = format.reporter(io::sink(), true);
        for file in &files {
            reporter.event(Event::File(file)).unwrap();
            for finding in &file.findings {
                reporter.event(Event::Finding(finding, input.source.text())).unwrap();
            }
        }
        reporter.finish().unwrap();
    }
}

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

/// What is wrong with what the pipeline makes of input `n`, if anything.
fn fault(seeds: &[String], rules: &RuleSet, n: u64) -> Option<String> {
    let text = mutant(seeds, n);
    let run = || {
        let start = Instant::now();
        parts(&text);
        pipeline(&text, rules);
        start.elapsed()
    };
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Err(_) => Some(format!("{n} panics:\n{text}")),
        // A machine may stop for a while; a slow input is slow twice.
        Ok(elapsed) if elapsed > LIMIT && run() > LIMIT => Some(format!("{n} took {elapsed:?}:\n{text}")),
        Ok(_) => None,
    }
}

#[test]
fn no_mutation_panics_or_hangs() {
    let (seeds, rules) = (seeds(), RuleSet::embedded().unwrap());
    let (seeds, rules) = (&seeds, &rules);
    let n_inputs = std::env::var("MUTATIONS").map_or(N_INPUTS, |n| n.parse().unwrap());
    let n_threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    let faults: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads)
            .map(|first| {
                scope.spawn(move || {
                    // A pool of one: while it waits for one input it must not begin another, whose time would count.
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
                    let inputs = (first..n_inputs).step_by(n_threads.try_into().unwrap());
                    pool.install(|| inputs.filter_map(|n| fault(seeds, rules, n)).collect::<Vec<_>>())
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(faults.is_empty(), "{} of {n_inputs}:\n{}", faults.len(), faults.join("\n\n"));
}

/// Found by fuzzing: an empty span behind a carriage return.
#[test]
fn a_mistake_after_a_lone_carriage_return_is_shown() {
    pipeline("SELECT 1;\n\r- SELECT 2;", &RuleSet::embedded().unwrap());
}

/// Blocks of SQL between empty lines; `LOCKKEEPER_CORPUS` names a folder with more.
fn seeds() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = vec![SCRIPTS.to_owned()];
    let corpus = std::env::var_os("LOCKKEEPER_CORPUS").map(|it| files_below(Path::new(&it)));
    for path in files_below(&root.join("fixtures"))
        .into_iter()
        .chain(corpus.unwrap_or_default())
        .filter(|path| path.extension().is_some_and(|it| it == "sql"))
    {
        texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
    }
    for path in files_below(&root.join("rules")) {
        let page = std::fs::read_to_string(path).unwrap();
        let fences = page.split("```").filter(|fence| fence.starts_with("sql"));
        texts.extend(fences.map(|fence| fence.split_once('\n').unwrap_or_default().1.to_owned()));
    }
    texts
        .iter()
        .flat_map(|text| text.split("\n\n"))
        .filter(|block| !block.trim().is_empty())
        .map(str::to_owned)
        .collect()
}

/// A few blocks with a few mistakes, the same for the same `n`.
fn mutant(seeds: &[String], n: u64) -> String {
    let mut dice = Dice(n);
    let n_blocks = 1 + dice.below(3);
    let text: Vec<&str> = (0..n_blocks).map(|_| dice.pick(seeds).as_str()).collect();
    let mut tokens = tokens(&text.join("\n"));
    for _ in 0..=dice.below(4) {
        let (at, other) = (dice.below(tokens.len()), dice.below(tokens.len()));
        match dice.below(8) {
            0 => drop(tokens.remove(at)),
            1 => tokens.insert(other, tokens[at].clone()),
            2 => tokens.swap(at, other),
            3 => tokens.truncate(at + 1),
            4 => drop(tokens.drain(..at)),
            5 => drop(tokens.drain(at.min(other)..at.max(other))),
            6 => tokens[at] = cut(&tokens[at], &mut dice),
            _ => tokens.insert(at, (*dice.pick(SCRAPS)).to_owned()),
        }
        if tokens.is_empty() {
            tokens.push(String::new());
        }
    }
    tokens.concat()
}

/// Words, runs of white space, and single signs.
fn tokens(text: &str) -> Vec<String> {
    let class = |c: char| if c.is_whitespace() { 0 } else { 1 + u8::from(c.is_alphanumeric() || c == '_') };
    let mut tokens: Vec<String> = Vec::new();
    let mut before = None;
    for c in text.chars() {
        match tokens.last_mut() {
            Some(last) if before == Some(class(c)) && class(c) != 1 => last.push(c),
            _ => tokens.push(c.to_string()),
        }
        before = Some(class(c));
    }
    tokens
}

/// A token's beginning.
fn cut(token: &str, dice: &mut Dice) -> String {
    token.chars().take(dice.below(token.chars().count() + 1)).collect()
}

/// Numbers that look random and are the same in each run: SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % n.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
