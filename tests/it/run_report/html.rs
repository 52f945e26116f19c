//! The page keeps what it shows apart from what it is, and says what the JSON report says.

use std::{env, fs, path::Path};

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
