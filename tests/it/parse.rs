//! Statements read: `parse.txt` holds each with what it is read as.
//!
//! A block is the SQL, then lines that begin with `>`: the statement as `Debug` prints it, without the fields that say `None`,
//! `false`, `0` or `[]`. `UPDATE_EXPECT=1` writes the file again.

use std::fmt::Write as _;
use std::path::Path;

use lockkeeper::sql::parse::parse;

#[test]
fn statements_are_read_as_written_down() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/parse.txt");
    let written = std::fs::read_to_string(&path).unwrap();
    let mut found = String::with_capacity(written.len());
    let mut sql = String::new();
    for line in written.lines() {
        if line.starts_with('#') {
            let _ = writeln!(found, "{line}");
        } else if line.starts_with('>') {
        } else if !line.is_empty() {
            let _ = writeln!(sql, "{line}");
        } else if !sql.is_empty() {
            push_block(&mut found, &sql);
            sql.clear();
        } else {
            found.push('\n');
        }
    }
    if !sql.is_empty() {
        push_block(&mut found, &sql);
    }
    let found = format!("{}\n", found.trim_end());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, found).unwrap();
    } else {
        let diff = similar::TextDiff::from_lines(&written, &found);
        assert!(found == written, "{}", diff.unified_diff().header("written", "found"));
    }
}

fn push_block(out: &mut String, sql: &str) {
    let text = sql.trim_end();
    let read = match parse(text) {
        Ok(statement) => format!("{statement:#?}"),
        Err(error) => format!("{error:#?}"),
    };
    out.push_str(sql);
    for line in condensed(&read).lines() {
        let _ = writeln!(out, "> {line}");
    }
    out.push('\n');
}

/// A node of `{:#?}`: its first line, what is indented under it, and its closing bracket.
struct Tree {
    head: String,
    inner: Vec<Tree>,
    tail: String,
}

/// `{:#?}` on few lines, without what is not there.
fn condensed(debug: &str) -> String {
    let lines: Vec<&str> = debug.lines().collect();
    let mut out = String::new();
    for tree in trees(&lines) {
        render(&tree, 0, &mut out);
    }
    out
}

fn trees(lines: &[&str]) -> Vec<Tree> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let depth = indent(lines[at]);
        let head = lines[at].trim().to_owned();
        at += 1;
        if !head.ends_with(['{', '(', '[']) {
            let absent = [": None,", ": false,", ": [],", ": 0,"].iter().any(|it| head.ends_with(it));
            if !absent {
                found.push(Tree { head, inner: Vec::new(), tail: String::new() });
            }
            continue;
        }
        let end = (at..lines.len()).find(|it| indent(lines[*it]) <= depth).unwrap();
        let inner = trees(&lines[at..end]);
        let tail = lines[end].trim().to_owned();
        at = end + 1;
        if !(inner.is_empty() && head.contains(": ")) {
            found.push(Tree { head, inner, tail });
        }
    }
    found
}

fn one_line(tree: &Tree) -> String {
    if tree.tail.is_empty() {
        return tree.head.clone();
    }
    let inner: Vec<String> = tree.inner.iter().map(one_line).collect();
    let inner = inner.join(" ");
    let inner = inner.strip_suffix(',').unwrap_or(&inner);
    match tree.head.chars().last() {
        Some('{') if !inner.is_empty() => format!("{} {inner} {}", tree.head, tree.tail),
        _ => format!("{}{inner}{}", tree.head, tree.tail),
    }
}

fn render(tree: &Tree, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    let line = one_line(tree);
    if indent + line.len() <= 130 || tree.tail.is_empty() {
        let _ = writeln!(out, "{pad}{line}");
        return;
    }
    let _ = writeln!(out, "{pad}{}", tree.head);
    for inner in &tree.inner {
        render(inner, indent + 2, out);
    }
    let _ = writeln!(out, "{pad}{}", tree.tail);
}
