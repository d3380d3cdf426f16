//! The zone against an independent source (Python's zoneinfo) and against brute force.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use chute_toggl::zone::{Minute, Zone};
use time::macros::{date, datetime, offset};
use time::{Date, Month};

/// `[zone, day, {minute: instants}]`, see fixtures/zones/make.py.
type Case = (String, String, BTreeMap<Minute, Vec<i64>>);

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../../fixtures/zones/cases.json")).unwrap()
}

fn day_of(text: &str) -> Date {
    let mut parts = text.split('-').map(|part| part.parse::<u16>().unwrap());
    let (year, month, day) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    Date::from_calendar_date(year.into(), Month::try_from(month as u8).unwrap(), day as u8).unwrap()
}

/// A stretch of seconds in which the clock showed the same minute of the same day.
#[derive(Debug, PartialEq)]
struct Showing {
    start: i64,
    day: Date,
    minute: Minute,
}

/// What the clock showed from `from` to `to`, the first showing left out since it may have begun before. Looks once a
/// minute, whenever the clock turns to the next one, and every second around `change`, which may be within a minute.
fn scan(zone: &Zone, from: i64, to: i64, change: Option<i64>) -> Vec<Showing> {
    let mut showings: Vec<Showing> = Vec::new();
    let mut start = from;
    while start < to {
        let clock = zone.at(start);
        let showing =
            Showing { start, day: clock.date(), minute: u16::from(clock.hour()) * 60 + u16::from(clock.minute()) };
        if !showings.last().is_some_and(|last| last.day == showing.day && last.minute == showing.minute) {
            showings.push(showing);
        }
        let close = change.is_some_and(|change| (start - change).abs() < 120);
        start += if close { 1 } else { 60 - i64::from(clock.second()) };
    }
    showings.remove(0);
    showings
}

/// When each minute began, ascending.
fn by_minute(showings: &[Showing]) -> Vec<Vec<i64>> {
    let mut starts = vec![Vec::new(); 1440];
    for showing in showings {
        starts[usize::from(showing.minute)].push(showing.start);
    }
    starts
}

fn check_neighbours(zone: &Zone, by_minute: &[Vec<i64>], minute: Minute, instant: i64, what: &str) {
    let starts = &by_minute[usize::from(minute)];
    let last = starts.iter().copied().take_while(|&start| start <= instant).last();
    let first = starts.iter().copied().find(|&start| start >= instant);
    assert_eq!(zone.last_at_or_before(minute, instant), last, "{what}: {minute} at or before {instant}");
    assert_eq!(zone.first_at_or_after(minute, instant), first, "{what}: {minute} at or after {instant}");
}

#[test]
fn readings_are_those_of_an_independent_source() {
    let cases = cases();
    assert!(cases.len() > 300);
    let mut compared = 0;
    for (name, day, minutes) in cases {
        let zone = Zone::named(&name).unwrap();
        for (minute, instants) in minutes {
            let readings = zone.readings(day_of(&day), minute);
            assert_eq!(readings.iter().collect::<Vec<_>>(), instants, "{name} {day} {minute}");
            assert_eq!(readings.len(), instants.len());
            assert_eq!(readings.is_empty(), instants.is_empty());
            assert_eq!(readings.first(), instants.first().copied());
            assert_eq!(readings.last(), instants.last().copied());
            for instant in readings.iter() {
                assert_eq!(zone.minute(instant), minute);
                assert_eq!(zone.date(instant), day_of(&day));
            }
            compared += 1;
        }
    }
    assert!(compared > 5000, "{compared}");
}

#[test]
fn the_last_and_the_next_showing_are_those_that_brute_force_finds() {
    // Skipped and half-lived days always, the others one in seven: looking at every minute takes its time.
    let odd = |name: &str| ["Apia", "Kwajalein", "Troll", "Lord_Howe"].iter().any(|odd| name.contains(odd));
    for (n, (name, day, minutes)) in cases().into_iter().enumerate() {
        if n % 7 != 0 && !(odd(&name) && day.starts_with("2011")) {
            continue;
        }
        let zone = Zone::named(&name).unwrap();
        let noon = day_of(&day).midnight().assume_utc().unix_timestamp() + 12 * 3600;
        let showings = by_minute(&scan(&zone, noon - 96 * 3600, noon + 96 * 3600, None));
        for &minute in minutes.keys() {
            for hours in [-40, -13, 0, 11, 30] {
                check_neighbours(&zone, &showings, minute, noon + hours * 3600 + 77, &name);
            }
        }
        for instant in minutes.values().flatten() {
            for (minute, by) in [(0, 0), (0, 1), (1, -1), (1439, 0), (1439, -1)] {
                let minute = (zone.minute(*instant) + minute) % 1440;
                check_neighbours(&zone, &showings, minute, instant + by, &name);
            }
        }
    }
}

#[test]
fn a_gap_ends_where_the_clock_goes_on() {
    let mut gaps = 0;
    for (name, day, minutes) in cases() {
        if minutes.values().all(|instants| !instants.is_empty()) {
            continue;
        }
        let zone = Zone::named(&name).unwrap();
        let day = day_of(&day);
        let noon = day.midnight().assume_utc().unix_timestamp() + 12 * 3600;
        let showings = scan(&zone, noon - 28 * 3600, noon + 28 * 3600, None);
        for (minute, instants) in minutes {
            // The first later thing that was shown, provided that something of the day was shown at all.
            let expected = (instants.is_empty() && showings.iter().any(|s| s.day == day))
                .then(|| showings.iter().find(|s| (s.day, s.minute) > (day, minute)).unwrap().start);
            assert_eq!(zone.gap_end(day, minute), expected, "{name} {day} {minute}");
            gaps += usize::from(expected.is_some());
        }
    }
    assert!(gaps > 500, "{gaps}");
}

/// Offsets with seconds, a day lived twice (Juneau became American), days left out, and 23 hours turned back.
#[test]
fn changes_of_old_times_are_seen_to_the_second() {
    for (name, year) in [
        ("America/Juneau", 1867),
        ("Asia/Manila", 1844),
        ("Pacific/Kwajalein", 1969),
        ("Pacific/Kwajalein", 1993),
        ("Europe/Berlin", 1893),
        ("Europe/Dublin", 1916),
        ("Africa/Monrovia", 1972),
        ("America/New_York", 1883),
        // Back by 14 seconds, within a minute that goes on.
        ("Asia/Jerusalem", 1879),
        ("America/Lima", 1889),
    ] {
        let zone = Zone::named(name).unwrap();
        let january =
            Date::from_calendar_date(year, Month::January, 1).unwrap().midnight().assume_utc().unix_timestamp();
        let change = (0..370 * 24)
            .map(|hour| january + hour * 3600)
            .find(|&at| zone.at(at).offset() != zone.at(at - 3600).offset())
            .and_then(|at| (at - 3600..=at).find(|&at| zone.at(at).offset() != zone.at(at - 1).offset()))
            .unwrap_or_else(|| panic!("{name} did not change in {year}"));
        let showings = scan(&zone, change - 60 * 3600, change + 60 * 3600, Some(change));
        let starts_by_minute = by_minute(&showings);
        let (before, after) = (zone.at(change - 1), zone.at(change));
        let minutes = [before, after].map(|at| u16::from(at.hour()) * 60 + u16::from(at.minute()));
        for minute in minutes.into_iter().flat_map(|m| [(m + 1439) % 1440, m, (m + 1) % 1440]).chain([0, 700, 1439]) {
            for day in
                [before.date().previous_day().unwrap(), before.date(), after.date(), after.date().next_day().unwrap()]
            {
                let starts: Vec<i64> =
                    showings.iter().filter(|s| s.day == day && s.minute == minute).map(|s| s.start).collect();
                assert_eq!(zone.readings(day, minute).iter().collect::<Vec<_>>(), starts, "{name} {day} {minute}");
            }
            for by in [-100, -61, -60, -59, -1, 0, 1, 29, 59, 60, 61, 100, 3600] {
                check_neighbours(&zone, &starts_by_minute, minute, change + by, name);
            }
        }
    }
}

#[test]
fn a_change_within_the_minute_does_not_begin_it_again() {
    // Monrovia went from -0:44:30 to UTC at 00:44:30 UTC, which was midnight: from 00:00:00 to 00:44:30.
    let monrovia = Zone::named("Africa/Monrovia").unwrap();
    let change = datetime!(1972-01-07 00:44:30 UTC).unix_timestamp();
    assert_eq!(monrovia.readings(date!(1972 - 01 - 07), 44).first(), Some(change));
    assert_eq!(monrovia.gap_end(date!(1972 - 01 - 07), 43), Some(change));
    assert_eq!(monrovia.gap_end(date!(1972 - 01 - 07), 44), None);
}

#[test]
fn a_whole_skipped_day_has_no_end_of_a_gap() {
    let apia = Zone::named("Pacific/Apia").unwrap();
    assert!((0..1440).all(|minute| apia.readings(date!(2011 - 12 - 30), minute).is_empty()));
    assert!((0..1440).all(|minute| apia.gap_end(date!(2011 - 12 - 30), minute).is_none()));
    let noon_before = datetime!(2011-12-29 12:00 -10).unix_timestamp();
    let noon_after = datetime!(2011-12-31 12:00 +14).unix_timestamp();
    assert_eq!(apia.last_at_or_before(720, noon_after - 1), Some(noon_before));
    assert_eq!(apia.first_at_or_after(720, noon_before + 1), Some(noon_after));
}

#[test]
fn names_are_those_of_the_tz_variable() {
    let at = datetime!(2025-07-01 00:00 UTC).unix_timestamp();
    for (name, expected) in [
        ("Asia/Tokyo", offset!(+9)),
        (":Asia/Tokyo", offset!(+9)),
        ("asia/tokyo", offset!(+9)),
        ("JST-9", offset!(+9)),
        ("<+0530>-5:30", offset!(+5:30)),
        ("EST5EDT,M3.2.0,M11.1.0", offset!(-4)),
        ("UTC", offset!(UTC)),
        ("", offset!(UTC)),
    ] {
        assert_eq!(Zone::named(name).map(|zone| zone.at(at).offset()), Ok(expected), "{name}");
    }
    for name in
        ["Asia/Tokio", "JST", "+09:00", " ", "Asia/Tokyo\n", "/etc/passwd", "/no/such/file", "../passwd", "日本"]
    {
        let message = Zone::named(name).map(|_| ()).unwrap_err();
        assert!(message.contains(name.trim()), "{message}");
    }
}

#[test]
fn a_rule_changes_like_the_zone_it_stands_for() {
    let (zone, rule) = (Zone::named("Europe/Berlin").unwrap(), Zone::named("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
    for day in [date!(2025 - 03 - 30), date!(2025 - 10 - 26), date!(2025 - 06 - 01)] {
        for minute in 0..1440 {
            assert_eq!(zone.readings(day, minute), rule.readings(day, minute));
            assert_eq!(zone.gap_end(day, minute), rule.gap_end(day, minute));
        }
    }
}

#[test]
fn a_zone_can_come_from_a_file() {
    let path = "/usr/share/zoneinfo/Asia/Tokyo";
    if std::path::Path::new(path).exists() {
        assert_eq!(Zone::named(path).unwrap().at(0).offset(), offset!(+9));
    }
}

#[test]
fn the_system_has_a_zone() {
    assert_eq!(Zone::system().unwrap().at(0).unix_timestamp(), 0);
}

#[test]
fn the_ends_of_the_calendar_do_not_panic() {
    let zone = Zone::named("America/New_York").unwrap();
    for day in [Date::MIN, Date::MAX] {
        let _ = (zone.readings(day, 0), zone.readings(day, 1439), zone.gap_end(day, 5));
    }
    for instant in [i64::from(i32::MIN) * 200, i64::from(i32::MAX) * 200] {
        let _ = (zone.at(instant), zone.minute(instant), zone.date(instant));
        let _ = (zone.last_at_or_before(7, instant), zone.first_at_or_after(7, instant));
    }
}
