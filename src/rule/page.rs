//! The fences of a rule's Markdown page, with their places.

/// A fenced block of a page.
#[derive(Clone, Debug)]
pub(super) struct Fence<'a> {
    /// What follows the backticks: `sql bad pg=13`.
    pub info: &'a str,
    /// What is between the fences, last newline included.
    pub text: &'a str,
    /// The line of `text`'s first line, 1-based.
    pub first_line: usize,
}

/// All fences of `page`, in order. One that is not closed reaches to the end, as Markdown has it.
pub(super) fn fences(page: &str) -> Vec<Fence<'_>> {
    let mut fences = Vec::new();
    let mut open: Option<(Fence<'_>, usize)> = None;
    let mut offset = 0;
    for (n, line) in page.split_inclusive('\n').enumerate() {
        let after = offset + line.len();
        match (&mut open, line.trim_end().strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some((Fence { info: info.trim(), text: "", first_line: n + 2 }, after));
            }
            (Some((fence, start)), Some("")) => {
                fence.text = page.get(*start..offset).unwrap_or_default();
                fences.extend(open.take().map(|(fence, _)| fence));
            }
            _ => {}
        }
        offset = after;
    }
    if let Some((fence, start)) = open {
        fences.push(Fence { text: page.get(start..).unwrap_or_default(), ..fence });
    }
    fences
}

/// The text of the first `# ` heading.
pub(super) fn title(page: &str) -> Option<&str> {
    page.lines().find_map(|line| line.strip_prefix("# ")).map(str::trim)
}
