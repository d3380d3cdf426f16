//! Instants as Toggl reads and writes them.

use std::fmt::Write as _;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Month, OffsetDateTime};

/// Reads RFC 3339 with any offset. Fractions of a second are cut, as the server cuts them.
pub fn parse(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}

/// Reads `YYYY-MM-DD` (midnight in UTC, the zone of the sandbox's user) or RFC 3339.
pub fn parse_day_or_instant(text: &str) -> Option<i64> {
    match Date::parse(text, format_description!("[year]-[month]-[day]")) {
        Ok(day) => Some(day.midnight().assume_utc().unix_timestamp()),
        Err(_) => parse(text),
    }
}

/// Appends `unix` as RFC 3339 in UTC; `z` chooses between the two ways in which Toggl writes the offset.
pub fn push_rfc3339(out: &mut String, unix: i64, z: bool) {
    let t = utc(unix);
    let (year, month, day) = (t.year(), u8::from(t.month()), t.day());
    let offset = if z { "Z" } else { "+00:00" };
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{offset}", t.hour(), t.minute(), t.second());
}

/// The form of the `Date` header.
pub fn http_date(unix: i64) -> String {
    let form =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    utc(unix).format(form).expect("a plain date can be written")
}

/// The first day that can be listed: three calendar months before `now`, by its day in UTC. A day that the
/// month does not have becomes its last one.
pub fn list_floor(now: i64) -> Date {
    let today = utc(now).date();
    let (mut year, mut month) = (today.year(), today.month());
    for _ in 0..3 {
        if month == Month::January {
            year -= 1;
        }
        month = month.previous();
    }
    let day = today.day().min(month.length(year));
    Date::from_calendar_date(year, month, day).expect("the day is in the month")
}

/// Midnight in UTC at which `day` begins.
pub fn midnight(day: Date) -> i64 {
    day.midnight().assume_utc().unix_timestamp()
}

fn utc(unix: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix).expect("the server keeps only years it can write")
}
