//! The page keeps what it shows apart from what it is, and says what the JSON report says.

use std::{collections::BTreeMap, env, fs, path::Path};

use serde_json::Value;

use lockkeeper::report::dry_run::Format;

use super::imagined::{HOSTILE, hostile, pages, probe, reported};

/// The JSON document inside of a page.
fn inside(page: &str) -> Value {
    let begin = "<script type=\"application/json\" id=\"lockkeeper-report\">";
    let (_, rest) = page.split_once(begin).unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_page_holds_the_json_report() {
    let json = reported(&hostile(), &[18], probe, Format::Json);
    let page = reported(&hostile(), &[18], probe, Format::Html);
    assert_eq!(inside(&page), serde_json::from_str::<Value>(&json).unwrap());
}

#[test]
fn hostile_text_stays_text() {
    let page = reported(&hostile(), &[18], probe, Format::Html);
    assert!(!page.contains("<img"), "a tag from the SQL");
    assert!(!page.contains("<b>"), "a tag from a path");
    assert!(!page.contains(HOSTILE));
    assert_eq!(page.matches("</script>").count(), 1);
    assert_eq!(page.matches("</style>").count(), 1);
}

#[test]
fn no_page_needs_anything_else() {
    for (name, page) in pages() {
        let (before, rest) = page.split_once("<script").unwrap();
        assert!(before.contains("default-src 'none'; style-src 'unsafe-inline'"), "{name}");
        for outside in
            ["src=", "<link", "@import", "http:", "https:", "url(http", "<script", "onload", "onclick"]
        {
            assert!(!before.contains(outside) || name == "hostile", "{name}: {outside}");
        }
        assert_eq!(rest.matches("<script").count(), 0, "{name}");
        if let Some(folder) = env::var_os("KEEP_PAGES") {
            fs::write(Path::new(&folder).join(format!("{name}.html")), &page).unwrap();
        }
    }
}

/// The colours of a theme by name.
fn colours(block: &str) -> BTreeMap<&str, [f64; 3]> {
    let one = |it: &'_ str| -> Option<(String, [f64; 3])> {
        let (name, value) = it.trim().strip_prefix("--")?.split_once(": #")?;
        let part = |n: usize| f64::from(u8::from_str_radix(&value[n..n + 2], 16).unwrap()) / 255.0;
        Some((name.to_owned(), [part(0), part(2), part(4)]))
    };
    block.split(';').filter_map(|it| one(it).map(|(name, rgb)| (&*name.leak(), rgb))).collect()
}

/// How much lighter one is than the other. Source: WCAG 2.2, contrast ratio and relative luminance.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let linear = |it: f64| if it <= 0.04045 { it / 12.92 } else { ((it + 0.055) / 1.055).powf(2.4) };
    let luminance = |it: [f64; 3]| 0.2126 * linear(it[0]) + 0.7152 * linear(it[1]) + 0.0722 * linear(it[2]);
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_and_bars_stand_out_in_both_themes() {
    const TEXT: [(&str, &[&str]); 6] = [
        ("text", &["page", "raised", "sunk", "bad-back", "warn-back"]),
        ("quiet", &["page", "raised", "sunk"]),
        ("link", &["page", "raised"]),
        ("bad", &["raised", "page", "sunk", "bad-back"]),
        ("warn", &["raised", "page", "sunk"]),
        ("good", &["raised", "page", "sunk"]),
    ];
    let style = include_str!("../../../src/report/dry_run/html/style.css");
    let mut blocks = style.split(":root {").skip(1).map(|it| colours(it.split('}').next().unwrap()));
    let light = blocks.next().unwrap();
    let dark = blocks.next().unwrap();
    for (theme, colours) in [("light", light), ("dark", dark)] {
        for (text, grounds) in TEXT {
            for ground in grounds {
                let ratio = contrast(colours[text], colours[ground]);
                assert!(ratio >= 4.5, "{theme}: {text} on {ground}: {ratio:.2}");
            }
        }
        for bar in ["all", "writes", "weak", "wait", "measured"] {
            let ratio = contrast(colours[bar], colours["raised"]);
            // The stripes of what blocks writes have the other half of the contrast.
            let stripe = contrast(colours["stripe"], colours["raised"]);
            assert!(ratio >= 3.0 || (bar == "writes" && stripe >= 3.0), "{theme}: {bar}: {ratio:.2}");
        }
    }
}
