//! How far back Toggl lists entries.

use time::{Date, Duration, OffsetDateTime};

/// The first day that Toggl lists for sure at this unix second of its clock: three calendar months back, and a day of
/// margin for its zone.
#[must_use]
pub fn window_start(now: i64) -> Date {
    let now = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    listed_from(now.date()).saturating_add(Duration::DAY)
}

/// The first day that a refusal names as listed, of a list that began with the day `refused`: how Toggl counts its months
/// is known from its documentation only. What lies before that day counts as not to be listed, so a day over a month
/// later than was expected is not believed.
#[must_use]
pub fn window_start_in(text: &str, refused: Date) -> Option<Date> {
    let day = text
        .split(|c: char| !(c.is_ascii_digit() || c == '-'))
        .find_map(|word| Date::parse(word, time::macros::format_description!("[year]-[month]-[day]")).ok())?;
    // The day itself can be cut by the hour.
    let day = if day == refused { day.next_day()? } else { day };
    (day > refused && day - refused <= Duration::days(31)).then_some(day)
}

/// The same day three months before. A day that the month does not have counts on into the next: 31 May gives 3 March.
/// Toggl may as well take the month's last day, which is earlier; asking for less than it lists is never refused.
fn listed_from(today: Date) -> Date {
    let (mut year, mut month) = (today.year(), today.month());
    for _ in 0..3 {
        month = month.previous();
        if month == time::Month::December {
            year -= 1;
        }
    }
    let first = Date::from_calendar_date(year, month, 1).unwrap_or(today);
    first.saturating_add(Duration::days(i64::from(today.day()) - 1))
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::{listed_from, window_start_in};

    #[test]
    fn a_refusal_names_the_first_day() {
        let refused = date!(2026 - 08 - 26);
        for (text, expected) in [
            ("start_date must not be earlier than 2026-08-27", Some(date!(2026 - 08 - 27))),
            ("start_date must not be earlier than 2026-08-27T12:00:00Z", Some(date!(2026 - 08 - 27))),
            ("\"not before 2026-08-26.\"", Some(date!(2026 - 08 - 27))),
            ("not before 2026-09-26", Some(date!(2026 - 09 - 26))),
            ("not before 2026-09-27", None),
            ("not before 2026-08-25", None),
            ("not before 2026-13-25", None),
            ("start_date must not be so early", None),
        ] {
            assert_eq!(window_start_in(text, refused), expected, "{text}");
        }
    }

    #[test]
    fn three_months_back() {
        for (today, expected) in [
            (date!(2026 - 05 - 11), date!(2026 - 02 - 11)),
            (date!(2026 - 05 - 31), date!(2026 - 03 - 03)),
            (date!(2028 - 05 - 30), date!(2028 - 03 - 01)),
            (date!(2026 - 01 - 31), date!(2025 - 10 - 31)),
            (date!(2026 - 03 - 15), date!(2025 - 12 - 15)),
        ] {
            assert_eq!(listed_from(today), expected);
        }
    }
}
