//! `lockkeeper snapshot`: how large and how busy each table is, as a file for `lint`.

use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

use super::{CLEAN, World, args::Snapshot as Args, one_file::OneFile};
use crate::{
    error::Error,
    pg::{Address, snapshot::take},
    traffic::{Snapshot, hash},
};

/// The variable that is asked when there is no `--url`: unlike an argument, other users of the machine do not see it.
const URL: &str = "DATABASE_URL";

/// Runs `snapshot`.
pub(super) fn run(args: &Args, world: &mut World<'_>) -> Result<u8, Error> {
    let started = Instant::now();
    let urls = match (args.url.as_slice(), world.variable(URL)) {
        ([], Some(url)) => vec![url.to_owned()],
        ([], None) => {
            return Err(Error::Usage(format!(
                "name a server: --url postgres://user@host/database, or {URL}; a password belongs into PGPASSWORD or ~/.pgpass"
            )));
        }
        (urls, _) => urls.to_vec(),
    };
    let variable = |name: &str| world.variable(name).map(str::to_owned);
    let addresses = urls.iter().map(|it| Address::parse(it, &variable)).collect::<Result<Vec<_>, _>>()?;
    let file = OneFile::create(args.output.as_deref())?;
    let mut said = Ok(());
    let mut snapshot = take(&addresses, || {
        let servers: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        said = writeln!(
            world.stderr,
            "took the first sample of {}; the second one follows after {:?}",
            servers.join(" and "),
            args.wait
        );
        thread::sleep(args.wait);
    })?;
    said.map_err(Error::Report)?;
    if args.hash_names {
        hash::hide(&mut snapshot);
    }
    file.write(&snapshot, world)?;
    say(&snapshot, started.elapsed().saturating_sub(args.wait), world).map_err(Error::Report)?;
    Ok(CLEAN)
}

/// What was seen, and what was not.
fn say(snapshot: &Snapshot, took: Duration, world: &mut World<'_>) -> std::io::Result<()> {
    let n_tables = snapshot.tables.len();
    let tables = if n_tables == 1 { "table" } else { "tables" };
    writeln!(world.stderr, "{n_tables} {tables}; reading them took {:.1} s", took.as_secs_f64())?;
    if snapshot.servers.iter().any(|it| it.was_reset) {
        writeln!(world.stderr, "note: counters were reset meanwhile; rates are of the time since")?;
    }
    for line in &snapshot.unseen {
        writeln!(world.stderr, "note: not seen: {line}")?;
    }
    Ok(())
}

/// A time as people write it: `500ms`, `10s`, `2m`, `1h`.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let unit_at = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let milliseconds: Option<u64> = match unit.trim() {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" | "min" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let time = number.parse::<u64>().ok().zip(milliseconds).and_then(|(n, it)| n.checked_mul(it));
    match time {
        Some(0) | None => Err("write a time with its unit: 500ms, 10s, 2m".to_owned()),
        Some(milliseconds) => Ok(Duration::from_millis(milliseconds)),
    }
}
