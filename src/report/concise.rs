//! One line a finding, as compilers and editors know it.

use std::io::{self, Write};

use super::{Event, Reporter};

/// Writes `path:line:column: severity[rule]: message`.
pub struct Concise<W> {
    out: W,
}

impl<W: Write> Concise<W> {
    /// A reporter that writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Reporter for Concise<W> {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        let Event::Finding(finding, _) = event else { return Ok(()) };
        let (severity, start) = (finding.severity.name(), finding.start);
        writeln!(
            self.out,
            "{}:{}:{}: {severity}[{}]: {}",
            finding.path, start.line, start.column, finding.rule, finding.message
        )
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
