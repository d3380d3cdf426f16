//! Titles can be anything that was once pasted.

use chute_toggl::execute::{RejectedSession, Report, StopReason};
use chute_toggl::output::{escape, plan_text};

use super::*;

#[test]
fn what_has_a_place_in_writing_stays() {
    let table = [
        "",
        "plain \\ \"quoted\" 'text'",
        "週次レビュー　全角",
        "عربي עברית ไทย हिन्दी",
        "e\u{301}",
        "👨\u{200d}👩\u{200d}👧\u{200d}👦",
        "🏳\u{fe0f}\u{200d}🌈",
        "👩🏽\u{200d}⚕\u{fe0f}",
        "❤\u{fe0f}",
        "1\u{fe0f}\u{20e3}",
        "🇯🇵",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "葛\u{e0100}城市",
        "\u{a0}no\u{a0}break",
    ];
    for text in table {
        assert_eq!(escape(text), text);
    }
}

#[test]
fn what_hides_or_moves_is_escaped() {
    let table = [
        ("two\nlines\r\n", "two\\nlines\\r\\n"),
        ("tab\there", "tab\\there"),
        ("\u{1b}[31mred\u{1b}[0m", "\\u{1b}[31mred\\u{1b}[0m"),
        ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
        ("\u{0}\u{8}\u{7f}", "\\u{0}\\u{8}\\u{7f}"),
        ("\u{9b}2J\u{85}", "\\u{9b}2J\\u{85}"),
        ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
        ("a\u{202e}b\u{202c}", "a\\u{202e}b\\u{202c}"),
        ("\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}", "\\u{2066}\\u{2069}\\u{200e}\\u{200f}\\u{61c}"),
        ("a\u{200b}b\u{200c}c\u{2060}d\u{feff}", "a\\u{200b}b\\u{200c}c\\u{2060}d\\u{feff}"),
        // A joiner that joins nothing, or no pictographs.
        ("a\u{200d}b", "a\\u{200d}b"),
        ("\u{200d}👩", "\\u{200d}👩"),
        ("👩\u{200d}", "👩\\u{200d}"),
        ("👩\u{200d}a", "👩\\u{200d}a"),
        ("👩\u{200d}\u{200d}👩", "👩\\u{200d}\\u{200d}👩"),
        // A selector behind what it cannot vary, and text hidden in selectors or tags.
        ("a\u{fe0f}", "a\\u{fe0f}"),
        ("😀\u{e0101}\u{e0102}", "😀\\u{e0101}\\u{e0102}"),
        ("葛\u{e0100}\u{e0101}", "葛\u{e0100}\\u{e0101}"),
        ("a\u{e0068}\u{e0069}", "a\\u{e0068}\\u{e0069}"),
        ("so\u{ad}ft", "so\\u{ad}ft"),
    ];
    for (text, expected) in table {
        assert_eq!(escape(text), expected);
    }
}

#[test]
fn nothing_of_outside_origin_reaches_the_terminal_raw() {
    let evil = "\u{1b}[2J\u{202e}evil\r\n\u{9b}31m\u{200b}";
    let start = datetime!(2026-05-11 09:05 +9);
    let mut scene = Scene::new();
    scene.add(evil, session(start, start), |_| {});
    scene.add(evil, session(start, start), told("Before"));
    scene.add("After", session(start, start), told(evil));
    scene.add(evil, session(start, None), |_| {});
    let key = scene.add(evil, session(start, start), |record| record.rejected = Some(rejection(400, evil)));
    let mut scene = scene.planned();
    scene.plan.held.push(chute_toggl::reconcile::plan::Held {
        session: key,
        why: chute_toggl::reconcile::plan::HoldReason::Rejected,
    });
    let mut seen = plan_text(&scene.view(), &VERBOSE);
    let status = chute_toggl::output::Status {
        view: scene.view(),
        snapshot_path: evil.as_ref(),
        sidecar_path: evil.as_ref(),
        last_snapshot_saved: None,
    };
    seen += &chute_toggl::output::status_text(&status, &PLAIN);
    for end in [
        (|text| StopReason::Send(SendError::Trouble(text))) as fn(String) -> StopReason,
        |text| StopReason::Send(SendError::Offline(text)),
        StopReason::NoWorkspace,
        StopReason::Save,
    ] {
        let refused = vec![RejectedSession { session: key, status: 400, text: evil.to_owned() }];
        let report = Report { end: Some(end(evil.to_owned())), rejected: refused, ..Report::default() };
        seen += &chute_toggl::output::report_text(&scene.view(), &report, &VERBOSE);
    }
    assert!(seen.matches("evil").count() > 10, "{seen}");
    let hidden = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{200b}' | '\u{9b}');
    assert!(!seen.contains(hidden), "{}", seen.escape_debug());
    // A line break in a title starts no line.
    assert!(seen.lines().all(|line| !line.starts_with("\\u{9b}31m")), "{seen}");
}
