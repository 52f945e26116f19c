//! A server's first files. `initdb` takes a second or more; a copy of what it once made takes a tenth.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{account::Account, binaries::Binaries, folder::workshop};

/// Fills `data` with the files of a new server.
pub(super) fn fill(data: &Path, cache: &Path, binaries: &Binaries, account: Account) -> Result<(), String> {
    // Without a template, as when the disk is full, a new server is only slower to make.
    let Ok(template) = template(cache, binaries, account) else {
        return initdb(data, binaries, account, SMALL);
    };
    run(account.command(Path::new("cp")).arg("-R").arg(template).arg(data))
}

/// Returns the template for these programs, made if need be.
fn template(cache: &Path, binaries: &Binaries, account: Account) -> Result<PathBuf, String> {
    let home = cache.join("template");
    let place = Sha256::digest(binaries.folder.to_string_lossy().as_bytes());
    let place = BASE64_URL_SAFE_NO_PAD.encode(place.first_chunk::<6>().copied().unwrap_or_default());
    let name = format!("{}-{place}-{}", binaries.version, account.uid());
    let target = home.join(name);
    if target.is_dir() {
        return Ok(target);
    }
    let work = workshop(&home)?;
    let owned = account.own(&work).map_err(|error| format!("cannot give {} away: {error}", work.display()));
    let made = owned.and_then(|()| initdb(&work, binaries, account, SMALL));
    let made = made.and_then(|()| match fs::rename(&work, &target) {
        // Another process may have been faster; its files are as good.
        Err(error) if !target.is_dir() => Err(format!("cannot make {}: {error}", target.display())),
        _ => Ok(target),
    });
    // After a success there is nothing; after a failure, nothing worth keeping.
    let _ = fs::remove_dir_all(&work);
    made
}

/// Segments of 1 MB instead of 16 make the copy small.
const SMALL: &[&str] = &["--wal-segsize=1"];

pub(super) fn initdb(
    data: &Path,
    binaries: &Binaries,
    account: Account,
    further: &[&str],
) -> Result<(), String> {
    let mut command = account.command(&binaries.program("initdb"));
    command.args(["--nosync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]);
    run(command.args(further).arg("-D").arg(data))
}

/// Runs a command to its end; the error holds what it wrote.
pub(super) fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
