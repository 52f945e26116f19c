//! One line a finding, as compilers and editors know it.

use std::io::{self, Write};

use super::{Event, Reporter, Summary};

/// Writes `path:line:column: severity[rule]: message`.
pub struct Concise<W> {
    out: W,
    nothing_changed: Option<String>,
}

impl<W: Write> Concise<W> {
    /// A reporter that writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, nothing_changed: None }
    }
}

impl<W: Write> Reporter for Concise<W> {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Assumed(assumed) => self.nothing_changed = assumed.nothing_changed(),
            Event::Finding(finding, _) => {
                let (severity, start) = (finding.severity.name(), finding.start);
                writeln!(
                    self.out,
                    "{}:{}:{}: {severity}[{}]: {}",
                    finding.path, start.line, start.column, finding.rule, finding.message
                )?;
            }
            // Silence would pass for a check that found nothing.
            Event::Summary(Summary { n_files: 0, .. }) => {
                if let Some(said) = &self.nothing_changed {
                    writeln!(self.out, "{said}")?;
                }
            }
            Event::File(_) | Event::Hidden(..) | Event::Summary(_) => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
