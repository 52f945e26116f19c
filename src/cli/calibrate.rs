//! `lockkeeper calibrate`: how long work takes here that grows with a table, as a file for `lint`.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use comfy_table::{CellAlignment, Table, presets};

use super::{CLEAN, World, args::Calibrate as Args, one_file::OneFile, today::today, traffic};
use crate::{
    config::{MAJORS, valid_major},
    error::Error,
    pg::{
        Sandbox,
        calibrate::{Budget, End, FIRST_ROWS, Measurements, free_bytes, measure},
        sandbox::Options,
    },
    traffic::{
        Calibration, Snapshot,
        calibration::{SCHEMA, Series},
        grouped,
    },
};

/// How much of the free disk may be written: others need some, too.
const SHARE_OF_DISK: u64 = 2;

/// Runs `calibrate`.
pub(super) fn run(args: &Args, world: &mut World<'_>) -> Result<u8, Error> {
    let started = Instant::now();
    let day = today(world)?;
    let like = args.like.as_deref().map(traffic::read).transpose()?;
    let major = match (args.pg, &like) {
        (Some(major), _) => major,
        (None, Some(snapshot)) => major_of(snapshot)?,
        (None, None) => *MAJORS.end(),
    };
    let settings = like.as_ref().map_or_else(Vec::new, traffic::settings);
    let file = OneFile::create(args.output.as_deref())?;
    let server = Sandbox::start(major, &Options { bin_dir: args.pg_bin.clone(), settings, durable: true })?;
    let Measurements { series, settings, machine, ended_by } = measured(&server, args, world)?;
    let calibration = Calibration {
        schema: SCHEMA.to_owned(),
        taken_on: day.to_string(),
        version: server.version().to_owned(),
        settings,
        machine,
        series,
    };
    file.write(&calibration, world)?;
    say(&calibration, ended_by, started.elapsed(), world).map_err(Error::Report)?;
    Ok(CLEAN)
}

/// Measures, and says how far it is.
fn measured(server: &Sandbox, args: &Args, world: &mut World<'_>) -> Result<Measurements, Error> {
    let (version, folder, time) = (server.version(), server.socket_folder().display(), args.budget);
    writeln!(world.stderr, "measuring on PostgreSQL {version} in {folder} for about {time:?}")
        .map_err(Error::Report)?;
    let mut said = Ok(());
    let disk_bytes = free_bytes(server)? / SHARE_OF_DISK;
    let measured = measure(server, Budget { time, disk_bytes, first_rows: FIRST_ROWS }, |rows, took| {
        if said.is_ok() {
            said = writeln!(world.stderr, "  {} rows: {:.1} s", grouped(rows), took.as_secs_f64());
        }
    })?;
    said.map_err(Error::Report)?;
    Ok(measured)
}

/// How fast this machine is, and what was not measured.
fn say(
    calibration: &Calibration,
    ended_by: End,
    took: Duration,
    world: &mut World<'_>,
) -> std::io::Result<()> {
    writeln!(world.stderr, "\n{}\n", table(&calibration.series))?;
    let end = match ended_by {
        End::Time => "larger tables would have taken longer than --budget",
        End::Disk => "larger tables would have taken more than half of the free disk",
    };
    writeln!(world.stderr, "took {:.0} s; {end}", took.as_secs_f64())?;
    if !calibration.settings.contains_key("collation") {
        writeln!(
            world.stderr,
            "note: this server has no collation of a language, so indexes on text are measured as under C only"
        )?;
    }
    Ok(())
}

/// The settings of the server to be like.
fn major_of(snapshot: &Snapshot) -> Result<u16, Error> {
    let version = snapshot.servers.first().map(|it| it.version.as_str()).unwrap_or_default();
    let major = version.split(['.', ' ']).next().and_then(|it| it.parse().ok()).unwrap_or_default();
    valid_major(major).map_err(|problem| {
        Error::Usage(format!(
            "the snapshot is of a server of version `{version}`: {problem}; choose one with --pg"
        ))
    })
}

/// How fast each task was on the largest tables.
fn table(series: &[Series]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["TASK", "BYTES/ROW", "ROWS", "TIME", "ROWS/S"]);
    for it in series {
        let Some(largest) = it.points.last() else { continue };
        #[expect(clippy::cast_precision_loss, reason = "a rate has two digits")]
        let per_s = largest.rows as f64 / (largest.ms / 1000.0);
        table.add_row([
            it.task.name().to_owned(),
            format!("{:.0}", it.row_bytes),
            grouped(largest.rows),
            format!("{:.1} ms", largest.ms),
            format!("{per_s:.0}"),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}
