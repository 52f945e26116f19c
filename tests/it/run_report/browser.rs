//! The pages in a real browser: nothing runs over the edge, no text lies on another, and the console has nothing to say.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use super::imagined::pages;

/// The names under which Chromium is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Chromium opens `page` and prints what became of it; `None` if there is none here. With `REQUIRE_CHROMIUM=1`, as in CI, there must be one.
fn opened(folder: &Path, page: &str) -> Option<Output> {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &&str| env::split_paths(&path).any(|it| it.join(name).is_file());
    let Some(name) = NAMES.into_iter().find(is_there) else {
        assert!(env::var_os("REQUIRE_CHROMIUM").is_none(), "no Chromium in the PATH");
        eprintln!("not opened in a browser: no Chromium in the PATH");
        return None;
    };
    let quiet =
        ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
    let ran = Command::new(name)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"])
        .args(quiet)
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args([
            "--allow-file-access-from-files",
            "--enable-logging=stderr",
            "--virtual-time-budget=60000",
            "--dump-dom",
        ])
        .arg(format!("file://{}", folder.join(page).display()))
        .output();
    Some(ran.unwrap())
}

#[test]
fn nothing_runs_over_the_edge_or_lies_on_another() {
    let folder = tempfile::tempdir().unwrap();
    let pages = pages();
    for (name, page) in &pages {
        fs::write(folder.path().join(format!("{name}.html")), page).unwrap();
    }
    let names: Vec<&str> = pages.iter().map(|it| it.0).collect();
    let harness = include_str!("measure.html").replace("PAGES", &serde_json::to_string(&names).unwrap());
    fs::write(folder.path().join("measure.html"), harness).unwrap();
    let Some(ran) = opened(folder.path(), "measure.html") else { return };
    let (shown, said) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let console: Vec<&str> = said.lines().filter(|it| it.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:#?}");
    let (_, measured) = shown.split_once("<pre id=\"measured\">").unwrap_or_else(|| panic!("{shown}{said}"));
    let measured = measured
        .split("</pre>")
        .next()
        .unwrap()
        .replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&amp;", "&");
    let measured: Vec<Value> =
        serde_json::from_str(&measured).unwrap_or_else(|it| panic!("{it}: {measured}{said}"));
    assert_eq!(measured.len(), 2 * pages.len());
    for page in measured {
        assert_eq!(page["overflow"], 0, "{page}");
        assert_eq!(page["overlaps"], serde_json::json!([]), "{page}");
        assert_eq!(page["scripts"], 1, "only the JSON report: {page}");
        assert!(page["drawings"].as_u64() > Some(2), "{page}");
    }
}
