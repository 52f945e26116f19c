//! Where a format goes: a stream, or a file that appears whole or not at all.

use std::{
    fs::{File, Metadata},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::error::Error;

/// A report file that is being written.
pub struct Target {
    path: PathBuf,
    file: Sink,
}

enum Sink {
    /// Becomes `path` when it is complete, so that no reader ever sees half a report.
    Temporary(BufWriter<NamedTempFile>),
    /// A pipe or a device cannot be replaced.
    Direct(BufWriter<File>),
}

impl Target {
    /// Begins to write `path`.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Write { path: path.to_owned(), source };
        let is_special = path.metadata().is_ok_and(|it: Metadata| !it.is_file());
        let file = if is_special {
            Sink::Direct(BufWriter::new(File::options().write(true).open(path).map_err(failed)?))
        } else {
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let mut builder = tempfile::Builder::new();
            builder.prefix(".lockkeeper-");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                // As any program makes a file: the umask takes away from it.
                builder.permissions(std::fs::Permissions::from_mode(0o666));
            }
            Sink::Temporary(BufWriter::new(builder.tempfile_in(folder).map_err(failed)?))
        };
        Ok(Self { path: path.to_owned(), file })
    }

    /// Puts the complete report in its place.
    pub fn commit(self) -> Result<(), Error> {
        let path = self.path;
        let done = match self.file {
            Sink::Temporary(file) => file
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
                .and_then(|it| it.persist(&path).map(drop).map_err(|it| it.error)),
            Sink::Direct(mut file) => file.flush(),
        };
        done.map_err(|source| Error::Write { path, source })
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Sink::Temporary(file) => file.write(bytes),
            Sink::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.file {
            Sink::Temporary(file) => file.flush(),
            Sink::Direct(file) => file.flush(),
        }
    }
}
