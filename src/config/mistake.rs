//! A mistake in the configuration, shown in its place with what was meant.

use std::{ops::Range, path::Path};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::suggest::nearest;

/// The text for people: the problem, the line, and the choices. `problem` may be serde's `unknown … `x`, expected one of `a`, `b``.
pub(super) fn mistake(path: &Path, text: &str, problem: &str, place: Range<usize>) -> String {
    let (problem, choices) = problem.split_once(", expected ").unwrap_or((problem, ""));
    let problem = problem.replace("unknown field", "unknown key").replace("unknown variant", "unknown value");
    let problem = problem.replace("missing field", "missing key");
    let path = path.display().to_string();
    let place = place.start.min(text.len())..place.end.min(text.len());
    let snippet = Snippet::source(text).path(&path).annotation(AnnotationKind::Primary.span(place));
    let help = help(&problem, choices);
    let group = Group::with_level(Level::ERROR).element(snippet);
    let group = group.elements(help.iter().map(|it| Level::HELP.message(it)));
    format!("{problem}\n{}", Renderer::plain().render(&[group]))
}

fn help(problem: &str, choices: &str) -> Option<String> {
    let quoted: Vec<&str> = choices.split('`').skip(1).step_by(2).collect();
    if quoted.is_empty() {
        return Some(format!("expected {}", in_words(choices)))
            .filter(|_| !matches!(choices, "" | "nothing"));
    }
    let written = problem.split('`').nth(1).unwrap_or_default();
    Some(match nearest(written, quoted.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if quoted.len() == 1 => format!("expected {choices}"),
        None => format!("choose from {}", quoted.join(", ")),
    })
}

/// serde's names of types, as people call them.
fn in_words(of_type: &str) -> &str {
    match of_type {
        "u16" | "u32" | "u64" | "usize" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list in [ ]",
        "a map" => "a table",
        other => other,
    }
}
