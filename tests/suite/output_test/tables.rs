//! Columns that stay straight and lines that fit, whatever the titles are.

use chute_toggl::output::plan_text;
use time::Duration as Span;

use super::*;

const MORNING: OffsetDateTime = datetime!(2026-05-11 09:05 +9);

/// The columns before `needle` in the line that has it.
#[track_caller]
fn column(text: &str, needle: &str) -> usize {
    let line = text.lines().find(|line| line.contains(needle)).unwrap_or_else(|| panic!("no {needle} in\n{text}"));
    line.split(needle).next().unwrap().width()
}

#[test]
fn columns_are_aligned_by_what_the_terminal_shows() {
    let titles = [
        "Write the report",
        "報告書を書く",
        "📝 絵文字",
        "👨\u{200d}👩\u{200d}👧 family",
        "e\u{301}tude",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} flag",
        "ﾊﾝｶｸ",
        "2\u{fe0f}\u{20e3} keycap",
    ];
    for title in titles {
        let text = Scene::new()
            .with(title, session(MORNING, MORNING + Span::minutes(5)), |_| {})
            .with("A plain one, longer than the others", session(MORNING, MORNING + Span::hours(10)), |_| {})
            .planned()
            .text();
        let starts: Vec<usize> = ["Mon 2026-05-11", "A plain one"].map(|part| column(&text, part)).to_vec();
        assert_eq!(starts[0], 0);
        assert_eq!(column(&text, title), starts[1], "{text}");
        let ends: Vec<usize> =
            text.lines().filter(|line| line.ends_with("  new")).map(UnicodeWidthStr::width).collect();
        assert_eq!(ends.len(), 2, "{text}");
        assert_eq!(ends[0], ends[1], "{text}");
    }
}

#[test]
fn every_line_fits_the_terminal_and_the_reason_stays_readable() {
    let long = "週次レビューの資料をまとめてチームに共有する。".repeat(30);
    let families = "👨\u{200d}👩\u{200d}👧".repeat(80);
    for columns in [40, 41, 60, 72, 80, 81, 120, 200, usize::MAX] {
        let mut scene = Scene::new();
        for title in [long.as_str(), families.as_str(), &"x".repeat(3001), &"e\u{301}".repeat(500)] {
            let stop = MORNING + Span::hours(20);
            scene.add(title, session(MORNING, stop), |_| {});
            scene.add(title, session(MORNING, stop), told(&"y".repeat(500)));
            scene.add(title, session(MORNING, stop), |record| record.intent = Some(intent()));
            scene.add(title, session(MORNING, stop), |record| {
                told(title)(record);
                record.rejected = None;
                entry(record).start = MORNING - Span::days(3);
            });
        }
        let scene = scene.planned();
        for verbose in [true, false] {
            let text = plan_text(&scene.view(), &Style { columns, verbose, color: false });
            assert_fits(&text, columns);
            assert!(columns < 80 || text.contains("  renamed from \"yyy"), "{text}");
            assert!(columns < 80 || text.contains("  was Fri 2026-05-08 09:"), "{text}");
            assert!(text.contains('…'), "{text}");
        }
    }
}

#[test]
fn at_200_columns_titles_are_whole_and_at_40_each_line_still_says_which_session_it_is() {
    let title =
        "Review the quarterly numbers with the team, and write down what they mean for the plan of the next year";
    let japanese = "週次レビューの資料をまとめてチームに共有する。来期の計画も確認する。";
    let scene = Scene::new()
        .with(title, session(MORNING, MORNING + Span::hours(1)), |_| {})
        .with(japanese, session(MORNING, MORNING + Span::hours(2)), told("Before"))
        .planned();
    let wide = plan_text(&scene.view(), &Style { columns: 200, ..PLAIN });
    assert!(wide.contains(title) && wide.contains(japanese), "{wide}");
    assert_fits(&wide, 200);

    let narrow = plan_text(&scene.view(), &Style { columns: 40, ..PLAIN });
    assert_fits(&narrow, 40);
    for row in ["09:05-10:05  1:00\n    Review the quarterly", "09:05-11:05  2:00\n    週次レビュー"] {
        assert!(narrow.contains(row), "{narrow}");
    }
}

#[test]
fn a_short_reason_leaves_its_room_to_the_title() {
    let text = Scene::new()
        .with(&"t".repeat(100), session(MORNING, MORNING + Span::hours(1)), |_| {})
        .with("Renamed", session(MORNING, MORNING + Span::hours(1)), told("The name before"))
        .planned()
        .text();
    assert!(text.contains("renamed from \"The name before\""), "{text}");
    assert!(text.lines().any(|line| line.ends_with("…  new") && line.width() == 80), "{text}");
}

#[test]
fn colour_is_only_there_where_it_is_asked_for_and_says_nothing_of_its_own() {
    let mut scene = Scene::new()
        .with("Create", session(MORNING, MORNING + Span::hours(20)), |record| record.inferred = true)
        .with("Update", session(MORNING, MORNING + Span::hours(1)), told("Before"));
    scene.options.prune = Some(20);
    scene.add("Delete", session(MORNING, MORNING + Span::hours(1)), |record| {
        told("Delete")(record);
        record.removed = true;
    });
    let scene = scene.planned();
    let plain = scene.text();
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let painted = plan_text(&scene.view(), &Style { color: true, ..PLAIN });
    for code in ["\u{1b}[32m+ create\u{1b}[0m", "\u{1b}[33m* update\u{1b}[0m", "\u{1b}[31m- delete\u{1b}[0m"] {
        assert!(painted.contains(code), "{painted}");
    }
    let mut bare = painted;
    for code in ["\u{1b}[32m", "\u{1b}[33m", "\u{1b}[31m", "\u{1b}[2m", "\u{1b}[0m"] {
        bare = bare.replace(code, "");
    }
    assert_eq!(bare, plain);
}

#[test]
fn times_and_lengths() {
    let at = |offset: &str, instant: OffsetDateTime| {
        instant.to_offset(time::UtcOffset::from_hms(offset.parse().unwrap(), 0, 0).unwrap())
    };
    let cases: &[(OffsetDateTime, OffsetDateTime, &str, &str)] = &[
        (MORNING, datetime!(2026-05-11 09:50 +9), "09:05-09:50", "0:45"),
        (MORNING, MORNING, "09:05-09:05", "0:00"),
        (datetime!(2026-05-11 23:30 +9), datetime!(2026-05-12 00:20 +9), "23:30-00:20 (+1)", "0:50"),
        (datetime!(2026-05-08 09:00 +9), datetime!(2026-05-11 09:30 +9), "09:00-09:30 (+3)", "72:30!"),
        (datetime!(2026-05-11 00:00 +9), datetime!(2026-05-11 16:00 +9), "00:00-16:00", "16:00"),
        (datetime!(2026-05-11 00:00 +9), datetime!(2026-05-11 16:01 +9), "00:00-16:01", "16:01!"),
        // The hour that comes twice: earlier on the wall, and later.
        (datetime!(2025-10-26 02:50 +2), datetime!(2025-10-26 02:10 +1), "02:50-02:10", "0:20^"),
        // The hour that is left out.
        (datetime!(2026-03-29 01:30 +1), datetime!(2026-03-29 03:30 +2), "01:30-03:30", "1:00^"),
        // From Tokyo to Los Angeles: the day before.
        (datetime!(2026-05-11 09:00 +9), at("-7", datetime!(2026-05-11 19:00 +9)), "09:00-03:00", "10:00^"),
        (datetime!(2026-05-11 02:00 +9), at("-7", datetime!(2026-05-11 12:00 +9)), "02:00-20:00 (-1)", "10:00^"),
        // Nothing that a snapshot has, but it must not look like a length.
        (datetime!(2026-05-11 10:00 +9), datetime!(2026-05-11 09:30 +9), "10:00-09:30", "-0:30"),
    ];
    for (start, stop, span, length) in cases {
        let text = Scene::new().with("Title", session(*start, *stop), |_| {}).planned().text();
        let line = text.lines().nth(1).unwrap();
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words, format!("+ create {span} {length} Title new"), "{text}");
        assert_eq!(text.contains("^ the clock was turned"), length.contains('^'), "{text}");
        assert_eq!(text.contains("! longer than 16 hours"), length.contains('!'), "{text}");
        assert!(!text.contains("~ the day is inferred"), "{text}");
    }
}

#[test]
fn what_was_before_is_told_by_the_clock_of_now() {
    let stop = MORNING + Span::minutes(45);
    let cases: &[(OffsetDateTime, Option<OffsetDateTime>, &str)] = &[
        (MORNING + Span::minutes(25), Some(stop), "was 09:30-09:50"),
        (MORNING, Some(stop + Span::minutes(10)), "was 09:05-10:00"),
        (MORNING + Span::minutes(25), Some(stop + Span::minutes(10)), "was 09:30-10:00"),
        // As Toggl lists it.
        (datetime!(2026-05-11 00:30 UTC), Some(datetime!(2026-05-11 01:00 UTC)), "was 09:30-10:00"),
        (MORNING - Span::days(1), Some(stop - Span::days(1)), "was Sun 2026-05-10 09:05-09:50"),
        (MORNING - Span::days(1), Some(stop), "was Sun 2026-05-10 09:05-09:50 (+1)"),
        // The same minute is no answer to what differs.
        (MORNING, Some(stop + Span::seconds(12)), "was 09:05:00-09:50:12"),
    ];
    for (start, stop_before, why) in cases {
        let text = Scene::new()
            .with("T", session(MORNING, stop), |record| {
                told("T")(record);
                entry(record).start = *start;
                entry(record).stop = *stop_before;
            })
            .planned()
            .text();
        let line = text.lines().nth(1).unwrap();
        assert!(line.starts_with("  * update  09:05-09:50  0:45  T"), "{line}");
        assert!(line.ends_with(&format!("  {why}")), "{line}");
    }
}
