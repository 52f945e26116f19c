//! What is known of tables: the snapshot's file and the configuration to [`Traffic`].

use std::{fs, path::Path, sync::Arc};

use toml::value::{Date, Datetime};

use super::{
    World,
    today::{day_number, today},
};
use crate::{
    config::{Config, TableHeat},
    error::Error,
    rule::OverrideMisuse,
    traffic::{Calibration, Snapshot, Traffic, calibration::SETTINGS},
};

/// What is known of tables today.
pub(super) fn traffic(
    snapshot: Option<&Path>,
    calibration: Option<&Path>,
    config: &Config,
    world: &World<'_>,
) -> Result<Arc<Traffic>, Error> {
    let matters = !config.tables.heats.is_empty() || snapshot.is_some() || config.snapshot.is_some();
    let today = if matters { Some(today(world)?) } else { None };
    known(snapshot, calibration, config, today).map(Arc::new)
}

/// What is known of tables on this day; without one, no declaration has ended.
pub(super) fn known(
    snapshot: Option<&Path>,
    calibration: Option<&Path>,
    config: &Config,
    today: Option<Date>,
) -> Result<Traffic, Error> {
    let calibration = calibration.or(config.calibration.as_deref()).map(self::calibration).transpose()?;
    let tables = &config.tables;
    let holds = |it: &&TableHeat| !today.is_some_and(|today| it.has_ended(today));
    let declared = tables.heats.iter().filter(holds).map(|it| it.declared.clone());
    let traffic = Traffic::declared(declared.collect(), tables.limits, tables.pool).calibrated(calibration);
    Ok(match snapshot.or(config.snapshot.as_deref()) {
        Some(path) => {
            let snapshot = read(path)?;
            let days =
                taken_on(&snapshot).zip(today).map(|(taken, today)| day_number(today) - day_number(taken));
            traffic.with(snapshot, days)
        }
        None => traffic,
    })
}

/// The declarations that have ended, which somebody may still count on.
pub(super) fn ended(config: &Config, today: Date) -> impl Iterator<Item = OverrideMisuse> {
    let ended = config.tables.heats.iter().filter(move |it| it.has_ended(today));
    ended.filter_map(|it| Some(OverrideMisuse::expired(it.span, it.until?)))
}

fn taken_on(snapshot: &Snapshot) -> Option<Date> {
    snapshot.taken_at.parse::<Datetime>().ok()?.date
}

/// Reads what `lockkeeper calibrate` wrote.
fn calibration(path: &Path) -> Result<Calibration, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Calibration::parse(&text)
        .map_err(|problem| Error::Usage(format!("{} is no calibration: {problem}", path.display())))
}

/// Reads a snapshot's file.
pub(super) fn read(path: &Path) -> Result<Snapshot, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Snapshot::parse(&text)
        .map_err(|problem| Error::Usage(format!("{} is no snapshot: {problem}", path.display())))
}

/// The settings of the snapshot's server that decide how fast it works.
pub(super) fn settings(like: &Snapshot) -> Vec<(String, String)> {
    let wanted = like.settings.iter().filter(|it| SETTINGS.contains(&it.0.as_str()));
    let mut settings: Vec<_> = wanted.map(|(name, value)| (name.clone(), value.clone())).collect();
    if settings.iter().any(|it| it.0 == "wal_level" && it.1 == "minimal") {
        // The server does not start with places for replicas that it could not feed.
        settings.push(("max_wal_senders".to_owned(), "0".to_owned()));
    }
    settings
}
