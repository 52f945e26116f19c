//! Runs that no server did: as large, as bad and as hostile as they may come.

use std::{iter, time::Duration};

use lockkeeper::{
    dry_run::{
        Compared, Fate, Growth, Lane, Pair, Point, Probed, Production, Ran, Side, Statement, Timed, Wait,
    },
    effect::{Lock, Work, WorkSet},
    finding::Severity,
    lint::{Input, InputRole, LintedFile, lint},
    pg::{
        Notice,
        observe::{Observed, ObservedRelation},
        session::Refusal,
    },
    report::{
        Assumed, Summary,
        dry_run::{Format, Report, Run, Screen},
    },
    rule::RuleSet,
    sql::{source::Span, statement::RelationKind},
    traffic::{Basis, Hold},
};

use crate::{dry_run::input, support::lint_options};

/// What must never be more than text.
pub(crate) const HOSTILE: &str = r#"</script></style><img src=x onerror=alert(1)>{{7*7}}"&amp;'`|<!--"#;

/// A statement, and what it is imagined to have done.
#[derive(Clone, Default)]
pub(crate) struct Did {
    pub(crate) sql: String,
    pub(crate) took_ms: f64,
    pub(crate) locks: Vec<(String, Lock, WorkSet)>,
    pub(crate) differs: bool,
    pub(crate) notice: Option<String>,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) growth: Option<Growth>,
}

/// A statement that locked tables.
pub(crate) fn did(sql: impl Into<String>, took_ms: f64, locks: &[(&str, Lock, &[Work])]) -> Did {
    let lock = |it: &(&str, Lock, &[Work])| (it.0.to_owned(), it.1, WorkSet::of(it.2));
    Did { sql: sql.into(), took_ms, locks: locks.iter().map(lock).collect(), ..Did::default() }
}

/// What the server said when it refused a statement.
pub(crate) fn refusal(message: &str, position: u32) -> Refusal {
    Refusal {
        sqlstate: "42703".to_owned(),
        message: message.to_owned(),
        detail: Some("A detail that the server gave.".to_owned()),
        hint: None,
        position: Some(position),
    }
}

/// The inputs of a history: path, and its statements.
pub(crate) fn inputs(files: &[(&str, Vec<Did>)]) -> Vec<Input> {
    let text = |all: &[Did]| all.iter().flat_map(|it| [it.sql.as_str(), ";\n"]).collect::<String>();
    files.iter().map(|(path, all)| input(path, &text(all), InputRole::Linted)).collect()
}

/// The report in `format` of these files, each one transaction, on a server of each of `majors`.
pub(crate) fn reported(
    files: &[(&str, Vec<Did>)],
    majors: &[u16],
    change: impl Fn(&mut Ran),
    format: Format,
) -> String {
    let inputs = inputs(files);
    let judged = |postgres: &u16| {
        let mut ran = ran(*postgres, files, &inputs);
        change(&mut ran);
        judged(*postgres, ran, &inputs)
    };
    let runs: Vec<Run<'_>> = majors.iter().map(judged).collect();
    let mut summary = Summary::default();
    for run in &runs {
        run.files.iter().for_each(|it| summary.add_file(it));
        run.findings.iter().for_each(|it| summary.add_finding(&it.0));
    }
    let assumed = Assumed { postgres: majors[0], ..Assumed::default() };
    let mut out = Vec::new();
    Report { assumed: &assumed, runs: &runs, summary: &summary }
        .write(format, &mut out, Screen::default())
        .unwrap();
    String::from_utf8(out).unwrap()
}

fn judged(postgres: u16, ran: Ran, inputs: &[Input]) -> Run<'_> {
    let mut options = lint_options(postgres);
    options.keep_statements = true;
    let mut files: Vec<LintedFile<'_>> = lint(inputs, &RuleSet::embedded().unwrap(), &options);
    let mut findings = Vec::new();
    for file in &mut files {
        for finding in file.findings.drain(..).filter(|it| it.severity > Severity::Off) {
            findings.push((finding, file.input.source.text()));
        }
    }
    Run { postgres, ran, files, back: Vec::new(), findings }
}

fn ms(ms: f64) -> Duration {
    Duration::from_secs_f64(ms / 1000.0)
}

fn ran(postgres: u16, files: &[(&str, Vec<Did>)], inputs: &[Input]) -> Ran {
    let mut clock = Duration::ZERO;
    let mut is_over = false;
    let mut all = Vec::new();
    for (n, ((_, statements), input)) in files.iter().zip(inputs).enumerate() {
        let ends = clock + statements.iter().map(|it| ms(it.took_ms)).sum::<Duration>();
        let mut at = 0;
        let mut done = Vec::new();
        for it in statements {
            let span = Span { start: at, end: at + it.sql.len() };
            assert_eq!(span.of(input.source.text()), it.sql);
            at = span.end + ";\n".len();
            let began = clock;
            let fate = fate(it, is_over);
            is_over |= it.refusal.is_some();
            let held_for = matches!(fate, Fate::Observed { .. }).then(|| ends.saturating_sub(began));
            clock += ms(it.took_ms);
            done.push(Statement {
                span,
                fate,
                held_for,
                began,
                transaction: Some(n),
                growth: it.growth.clone(),
            });
        }
        all.push(done);
    }
    let version = format!("{postgres}.4");
    let backdrop = vec!["2 of 2 tables were filled with 10000 rows each".to_owned()];
    Ran { version, backdrop, n_before: 12, files: all, ..Ran::default() }
}

fn fate(did: &Did, is_over: bool) -> Fate {
    if is_over {
        return Fate::NotRun;
    }
    if let Some(refusal) = &did.refusal {
        return Fate::Refused { refusal: Box::new(refusal.clone()), is_foreseen: false, at_commit: false };
    }
    let side = |lock, work| Some(Side { lock: Some(lock), had: None, work });
    let pairs = did.locks.iter().map(|(relation, lock, work)| Pair {
        relation: relation.clone(),
        kind: RelationKind::Table,
        predicted: side(if did.differs { Lock::AccessShare } else { *lock }, *work),
        observed: side(*lock, *work),
        differs: did.differs,
    });
    let relation = |(name, lock, work): &(String, Lock, WorkSet)| ObservedRelation {
        name: name.clone(),
        kind: RelationKind::Table,
        lock: Some(*lock),
        work: *work,
        n_written: if work.contains(Work::WriteRows) { 10_000 } else { 0 },
        bytes: work.contains(Work::Rewrite).then_some((5_200_000, 6_100_000)),
    };
    let notice = |it: &String| Notice { severity: "NOTICE".to_owned(), message: it.clone() };
    let observed = Observed {
        relations: did.locks.iter().map(relation).collect(),
        toast: Vec::new(),
        held: std::collections::BTreeMap::default(),
        existing: std::collections::BTreeSet::default(),
        fires_triggers: false,
        was_alone: false,
        took: ms(did.took_ms),
        wal_bytes: 38_000_000,
        temp_bytes: 0,
        refusal: None,
        notices: did.notice.iter().map(notice).collect(),
    };
    let compared = Compared { relations: pairs.collect(), ..Compared::default() };
    Fate::Observed { observed: Box::new(observed), compared, effects: Vec::new() }
}

/// A growth that was measured at four sizes.
pub(crate) fn growth() -> Growth {
    let points = [(25_000, 21.0), (100_000, 88.0), (400_000, 390.0), (1_600_000, 1_810.0)];
    let hold = |low_ms, high_ms| Hold { low_ms, high_ms, basis: Basis::Measured(8) };
    Growth {
        points: points.map(|(rows, ms)| Point { rows, ms }).to_vec(),
        is_constant: false,
        production: Some(Production {
            rows: 12_000_000,
            took: hold(9_000, 31_000),
            held: hold(9_100, 31_500),
            models_ms: [13_575.0, 15_480.0, 17_200.0],
        }),
    }
}

/// Two passes with probes: alone, and behind a reader of three seconds that the first statement of each file waits for.
pub(crate) fn probe(ran: &mut Ran) {
    let probed = |reader: Option<Duration>| {
        let mut clock = Duration::ZERO;
        let mut lanes: Vec<Lane> = Vec::new();
        let mut files = Vec::new();
        for file in &ran.files {
            let mut timed: Vec<Timed> = Vec::new();
            for statement in file {
                let Fate::Observed { observed, compared, .. } = &statement.fate else { continue };
                let relation = compared.relations.first().map(|it| (&it.relation, it.observed.unwrap().lock));
                let from = clock;
                let waited = reader.filter(|_| timed.is_empty()).unwrap_or_default();
                clock += waited + observed.took;
                let wait = relation.map(|(name, lock)| Wait {
                    relation: Some(name.clone()),
                    lock,
                    from,
                    to: from + waited,
                });
                timed.push(Timed {
                    span: statement.span,
                    from,
                    to: clock,
                    released: clock,
                    waits: wait.into_iter().filter(|it| it.to > it.from).collect(),
                    refusal: None,
                });
            }
            for it in &mut timed {
                it.released = clock;
            }
            for (statement, timed) in file.iter().zip(&timed) {
                let Fate::Observed { compared, .. } = &statement.fate else { continue };
                for pair in &compared.relations {
                    let lock = pair.observed.unwrap().lock.unwrap();
                    let blocked = |is_blocked: bool| {
                        iter::repeat_n((timed.from, timed.released), usize::from(is_blocked))
                    };
                    lanes.push(Lane {
                        relation: pair.relation.clone(),
                        reads_blocked: blocked(lock == Lock::AccessExclusive).collect(),
                        writes_blocked: blocked(lock >= Lock::Share).collect(),
                    });
                }
            }
            files.push(timed);
        }
        lanes.sort_by(|a, b| a.relation.cmp(&b.relation));
        lanes.dedup_by(|a, b| a.relation == b.relation);
        Probed { reader, every: Duration::from_millis(2), files, lanes, n_left_out: 0 }
    };
    ran.probed = vec![probed(None), probed(Some(Duration::from_secs(3)))];
}

/// A few statements on two tables, as most migrations are.
pub(crate) fn small() -> Vec<(&'static str, Vec<Did>)> {
    use Lock::{AccessExclusive, Share, ShareRowExclusive};
    let index = Did {
        growth: Some(growth()),
        ..did(
            "CREATE INDEX orders_created_at_idx ON orders (created_at)",
            88.0,
            &[("public.orders", Share, &[Work::Scan, Work::BuildIndex])],
        )
    };
    let column = did(
        "ALTER TABLE orders ADD COLUMN currency text NOT NULL DEFAULT 'EUR'",
        0.6,
        &[("public.orders", AccessExclusive, &[])],
    );
    let rewrite = Did {
        growth: Some(growth()),
        ..did(
            "ALTER TABLE order_items\n    ALTER COLUMN quantity TYPE bigint",
            412.0,
            &[("public.order_items", AccessExclusive, &[Work::Rewrite, Work::BuildIndex])],
        )
    };
    let key = did(
        "ALTER TABLE payments ADD CONSTRAINT payments_order_fkey FOREIGN KEY (order_id) REFERENCES orders (id)",
        31.0,
        &[
            ("public.orders", ShareRowExclusive, &[Work::Scan]),
            ("public.payments", ShareRowExclusive, &[Work::Scan]),
        ],
    );
    vec![
        ("migrations/0007_currency.sql", vec![column, index]),
        ("migrations/0008_payments.sql", vec![key, rewrite]),
    ]
}

/// 200 statements on 60 tables in one transaction, of which one takes a thousand times as long as the others.
pub(crate) fn large() -> Vec<(&'static str, Vec<Did>)> {
    let one = |n: usize| {
        let table = format!("public.table_{:02}", n % 60);
        let (lock, work): (Lock, &[Work]) = match n % 7 {
            0 => (Lock::AccessExclusive, &[]),
            1 | 2 => (Lock::Share, &[Work::Scan, Work::BuildIndex]),
            3 => (Lock::ShareRowExclusive, &[Work::Scan]),
            _ => (Lock::RowExclusive, &[Work::WriteRows]),
        };
        let took = if n == 120 { 4_200.0 } else { 1.0 + f64::from(u32::try_from(n % 5).unwrap()) };
        did(
            format!("UPDATE table_{:02} SET a = {n} WHERE b IS NULL", n % 60),
            took,
            &[(table.as_str(), lock, work)],
        )
    };
    vec![("migrations/0100_everything.sql", (0..200).map(one).collect())]
}

/// The third statement is refused, and what follows did not run.
pub(crate) fn refused() -> Vec<(&'static str, Vec<Did>)> {
    let mut files = small();
    let sql = "ALTER TABLE orders\n    DROP COLUMN no_such_column,\n    ADD COLUMN note text";
    let bad = Did {
        refusal: Some(refusal("column \"no_such_column\" of relation \"orders\" does not exist", 36)),
        ..did(sql, 0.0, &[])
    };
    files[1].1.insert(0, bad);
    files
}

/// Text that wants to be more than text, long names, and letters that run the other way.
pub(crate) fn hostile() -> Vec<(&'static str, Vec<Did>)> {
    let long = format!("public.{}", "a_very_long_name_".repeat(4).trim_end_matches('_'));
    let quoted = HOSTILE.replace('"', "\"\"");
    let relation = format!("public.{HOSTILE}");
    let hebrew = "public.הזמנות_של_לקוחות";
    let first = Did {
        notice: Some(HOSTILE.to_owned()),
        differs: true,
        ..did(
            format!("ALTER TABLE \"{quoted}\" ADD COLUMN x text DEFAULT '{}'", HOSTILE.replace('\'', "''")),
            2.0,
            &[(&relation, Lock::AccessExclusive, &[Work::Rewrite])],
        )
    };
    let second = did("COMMENT ON TABLE t IS 'a\u{202e}b'", 1.0, &[(hebrew, Lock::ShareUpdateExclusive, &[])]);
    let third = did(
        format!("CREATE INDEX ON t ({})", "a_column_of_a_very_long_list, ".repeat(80) + "z"),
        9.0,
        &[(&long, Lock::Share, &[Work::Scan, Work::BuildIndex])],
    );
    let fourth = Did { refusal: Some(refusal(HOSTILE, 8)), ..did(format!("SELECT {quoted:?}"), 0.0, &[]) };
    vec![("migrations/<b>\"0001\"&'.sql", vec![first, second, third, fourth])]
}

/// The pages that are looked at, by name.
pub(crate) fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("small", reported(&small(), &[15], |_| (), Format::Html)),
        ("probed", reported(&small(), &[15, 18], probe, Format::Html)),
        ("large", reported(&large(), &[17], probe, Format::Html)),
        ("refused", reported(&refused(), &[16], |_| (), Format::Html)),
        ("hostile", reported(&hostile(), &[18], probe, Format::Html)),
    ]
}
