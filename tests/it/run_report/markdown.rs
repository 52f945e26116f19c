//! Markdown as GitHub reads it: what comes from outside is text, tables are tables, and a comment is never too long.

use comrak::{Options, markdown_to_html};

use lockkeeper::{
    effect::{Lock, Work},
    report::dry_run::Format,
};

use super::imagined::{Did, HOSTILE, did, hostile, large, probe, refused, reported, small};
use crate::expect::expect_file;

/// As GitHub renders it, but for what it takes away in the end: so that nothing is safe only because of that.
fn rendered(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.render.r#unsafe = true;
    markdown_to_html(markdown, &options)
}

#[test]
fn a_comment_shows_what_matters() {
    let text = reported(&small(), &[15], probe, Format::Markdown);
    expect_file("tests/it/run_report/comment.md", &text);
}

#[test]
fn every_row_of_the_table_has_all_its_cells() {
    for files in [small(), large(), refused(), hostile()] {
        let html = rendered(&reported(&files, &[15], probe, Format::Markdown));
        let mut tables = html.split("<table>").skip(1).map(|it| it.split("</table>").next().unwrap());
        let table = tables.next().unwrap();
        for row in table.split("<tr>").skip(1) {
            assert_eq!(row.matches("</td>").count() + row.matches("</th>").count(), 7, "{row}");
        }
    }
}

#[test]
fn hostile_text_stays_text() {
    let html = rendered(&reported(&hostile(), &[18], probe, Format::Markdown));
    for tag in ["<img", "<script", "</script", "<style", "</style", "<b>", "<!--"] {
        assert!(!html.contains(tag), "{tag}: {html}");
    }
    // The tags are those that the report writes, and each that is opened is closed.
    for tag in ["details", "summary", "sub", "table", "pre", "code"] {
        assert_eq!(
            html.matches(&format!("<{tag}")).count(),
            html.matches(&format!("</{tag}>")).count(),
            "{tag}"
        );
    }
    let said = reported(&[("0001.sql", vec![mentions()])], &[18], |_| (), Format::Markdown);
    let html = rendered(&said);
    let outside: String = html.split("<code>").map(|it| it.rsplit("</code>").next().unwrap()).collect();
    assert!(!outside.contains("@someone") && !outside.contains("#17"), "{outside}");
}

/// The server's answer would call somebody, and refer to an issue.
fn mentions() -> Did {
    let refusal = super::imagined::refusal("ask @someone about #17, *now* <https://example.org>", 1);
    Did { refusal: Some(refusal), ..did("SELECT '@someone'", 0.0, &[]) }
}

#[test]
fn a_comment_is_never_too_long() {
    for (n, n_columns) in [(20, 10), (200, 40), (100, 400), (20, 4_000)] {
        let columns = (0..n_columns).map(|it| format!("column_{it}")).collect::<Vec<_>>().join(", ");
        let one = |it: usize| {
            let locks: &[(&str, Lock, &[Work])] =
                &[("public.orders", Lock::Share, &[Work::Scan, Work::BuildIndex])];
            did(format!("CREATE INDEX ON orders ({columns}) WHERE n = {it}"), 5.0, locks)
        };
        let few = if n_columns > 1_000 { 60 } else { n };
        let text = reported(
            &[("migrations/0001.sql", (0..few).map(one).collect())],
            &[15],
            |_| (),
            Format::Markdown,
        );
        assert!(text.chars().count() <= 65_536, "{n}: {}", text.chars().count());
        assert!(text.contains("statements ran"), "{text}");
    }
}

#[test]
fn without_room_the_text_of_statements_goes_first_then_all_but_the_worst() {
    let of = |n: usize| {
        let one = |it: usize| {
            let name = format!("public.table_{it}");
            did(
                format!("CREATE INDEX ON table_{it} (a_column_with_a_name_{HOSTILE:?})"),
                5.0,
                &[(name.as_str(), Lock::Share, &[Work::Scan, Work::BuildIndex])],
            )
        };
        reported(&[("migrations/0001.sql", (0..n).map(one).collect())], &[15], |_| (), Format::Markdown)
    };
    assert!(of(5).contains("```sql"));
    let more = (6..400).map(of).find(|it| !it.contains("```sql")).unwrap();
    assert!(!more.contains("for which there is no room"));
    assert!(of(1_000).contains("990 more, for which there is no room here."));
}
