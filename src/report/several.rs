//! Several formats at once.

use std::io::{self, ErrorKind};

use super::{Event, Reporter};

/// Passes everything on to each of its reporters. One whose reader went away is left out from then on: that is no error.
pub struct Several<'w> {
    reporters: Vec<Box<dyn Reporter + 'w>>,
}

impl<'w> Several<'w> {
    /// Passes on to `reporters`.
    pub fn new(reporters: Vec<Box<dyn Reporter + 'w>>) -> Self {
        Self { reporters }
    }

    fn each(&mut self, mut act: impl FnMut(&mut dyn Reporter) -> io::Result<()>) -> io::Result<()> {
        let mut failed = None;
        self.reporters.retain_mut(|reporter| match act(&mut **reporter) {
            Ok(()) => true,
            Err(error) => {
                if error.kind() != ErrorKind::BrokenPipe {
                    failed.get_or_insert(error);
                }
                false
            }
        });
        failed.map_or(Ok(()), Err)
    }
}

impl Reporter for Several<'_> {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        self.each(|it| it.event(event))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.each(|it| it.finish())
    }
}
