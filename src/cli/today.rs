//! What day it is, in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

use toml::value::Date;

use super::World;
use crate::error::Error;

/// The variable that says what time it is, for whoever wants the same result tomorrow.
/// Source: <https://reproducible-builds.org/specs/source-date-epoch/>.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// Today: as `SOURCE_DATE_EPOCH` says, else the clock.
pub(super) fn today(world: &World<'_>) -> Result<Date, Error> {
    let seconds = match world.variable(EPOCH) {
        Some(said) => said
            .parse()
            .map_err(|_| Error::Usage(format!("{EPOCH} is `{said}`, which is no number of seconds")))?,
        None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs()),
    };
    Ok(date(seconds / SECONDS_A_DAY))
}

/// How many days after 0000-03-01 a day is, so that days can be subtracted.
pub(super) fn day_number(day: Date) -> i64 {
    // With the year begun in March, a leap day is the last of its year.
    let (year, month) = (i64::from(day.year) - i64::from(day.month <= 2), (i64::from(day.month) + 9) % 12);
    365 * year + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + i64::from(day.day) - 1
}

/// The day so many days after 1970-01-01.
fn date(mut days: u64) -> Date {
    let is_leap =
        |year: u16| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) && year < 9999 {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    Date { year, month, day: u8::try_from(days.min(30)).unwrap_or(30) + 1 }
}
