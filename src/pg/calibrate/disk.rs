//! The machine under the server: how much of its disk is free, how fast that is read, and how much memory may spare it.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::super::{Sandbox, Session};
use crate::{
    error::Error,
    traffic::{calibration::Machine, merge::rounded},
};

/// How many bytes of the disk under the server's files are free to us.
pub fn free_bytes(server: &Sandbox) -> Result<u64, Error> {
    let folder = server.socket_folder();
    let disk = rustix::fs::statvfs(folder)
        .map_err(|source| Error::Read { path: folder.to_owned(), source: source.into() })?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// What the machine is like, by reading the first file of a table that is written to disk.
pub(super) fn machine(server: &Sandbox, session: &Session, table: &str) -> Result<Machine, Error> {
    // What is in memory only cannot be dropped from there.
    session.batch("CHECKPOINT")?;
    let rows = session.rows(&format!("SELECT pg_relation_filepath('{table}')"))?;
    let below = rows.first().map(|it| it.text(0)).unwrap_or_default();
    let path = server.data_folder().join(below);
    let read_bytes_per_s = read_rate(&path).map_err(|source| Error::Read { path, source })?;
    Ok(Machine { memory_bytes: memory_bytes(), read_bytes_per_s: read_bytes_per_s.map(rounded) })
}

/// How many bytes a second come from the disk; `None` where the system keeps what was read.
#[cfg(target_os = "linux")]
fn read_rate(path: &Path) -> io::Result<Option<f64>> {
    use std::time::Instant;

    use rustix::fs::{Advice, fadvise};

    let mut file = File::open(path)?;
    fadvise(&file, 0, None, Advice::DontNeed)?;
    let begun = Instant::now();
    let mut block = vec![0; 1 << 20];
    let mut n_bytes = 0_u32;
    while let n @ 1.. = file.read(&mut block)? {
        n_bytes = n_bytes.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok((seconds > 0.0 && n_bytes > 0).then(|| f64::from(n_bytes) / seconds))
}

#[cfg(not(target_os = "linux"))]
fn read_rate(_: &Path) -> io::Result<Option<f64>> {
    Ok(None)
}

#[cfg(target_os = "linux")]
fn memory_bytes() -> Option<u64> {
    let info = rustix::system::sysinfo();
    // How long a word is depends on the machine.
    let n_units = usize::try_from(info.totalram).ok().and_then(|it| u64::try_from(it).ok())?;
    n_units.checked_mul(info.mem_unit.into())
}

#[cfg(not(target_os = "linux"))]
fn memory_bytes() -> Option<u64> {
    None
}
