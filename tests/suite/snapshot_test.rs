//! The snapshot's parser against the loader of Chute_kun itself: what one takes the other takes, with the same values.

use chute_kun::storage::SnapshotV1;
use chute_toggl::chute_kun::snapshot::{Session, Snapshot, SnapshotError, parse};
use proptest::prelude::*;

use crate::support::damaged_snapshot::{FILES, check, damaged};

#[test]
fn the_fixtures_are_read_as_chute_kun_reads_them() {
    for (name, bytes) in FILES.iter() {
        check(name, bytes);
        // And the sound ones that lack nothing but a newline.
        check(name, &[bytes, &b"\n"[..]].concat());
        if let Ok(text) = std::str::from_utf8(bytes) {
            let loads = chute_kun::storage::load_from_str(text, chute_kun::config::Config::default()).is_ok();
            assert_eq!(loads, toml::from_str::<SnapshotV1>(text).is_ok(), "{name}");
        }
    }
}

/// The places that a person is shown.
#[test]
fn faults_are_placed() {
    let message = |name: &str| {
        let (_, bytes) = FILES.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        parse(bytes).unwrap_err().to_string()
    };
    let fault = |text: &str| parse(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        message("invalid/start_min_65536.toml"),
        "line 19, column 11: invalid value: integer `65537`, expected u16 (at \"end_min = 65537\")"
    );
    assert_eq!(message("invalid/title_missing.toml"), "line 21, column 1: missing field `title` (at \"[[today]]\")");
    assert_eq!(
        message("invalid/non_utf8_latin1.toml").split_once(" (at").unwrap().0,
        "line 22, column 13: this is not UTF-8"
    );
    assert_eq!(message("invalid/empty.toml"), "it is empty, as it is for a moment while Chute_kun writes it");
    assert_eq!(message("invalid/version_0.toml"), "it is of version 0, and only version 1 is understood");
    assert_eq!(
        message("invalid/trunc_02162_start_minute_cut.toml"),
        "line 134 does not end with a newline: the file was cut short"
    );
    assert_eq!(
        fault("today = 1\n"),
        "line 1, column 9: invalid type: integer `1`, expected a sequence (at \"today = 1\")"
    );
    assert_eq!(fault("\n"), "line 1, column 1: missing field `version`");
    assert_eq!(
        fault("{\n \"version\": \"é\"}"),
        "line 2, column 15: invalid type: string \"é\", expected u8 (at \"\"version\": \"é\"}\")"
    );
}

/// Forty characters before the place, sixty in all, and a sign where something is left out.
#[test]
fn of_a_long_line_only_what_is_around_the_fault_is_shown() {
    let shown = |before: usize, after: usize| {
        let text = format!("a = '{}' ! '{}'\n", "x".repeat(before), "y".repeat(after));
        let text = parse(text.as_bytes()).unwrap_err().to_string();
        let (place, line) = text.strip_suffix("\")").unwrap().split_once(" (at \"").unwrap();
        (place.split_once(':').unwrap().0.to_owned(), line.to_owned())
    };
    // The `!` is what cannot be read: 7 characters and the x come before it.
    assert_eq!(shown(10, 10).1, format!("a = '{}' ! '{}'", "x".repeat(10), "y".repeat(10)));
    let (at_41, at_42) = ("line 1, column 41".to_owned(), "line 1, column 42".to_owned());
    assert_eq!(shown(33, 16), (at_41.clone(), format!("a = '{}' ! '{}'", "x".repeat(33), "y".repeat(16))));
    assert_eq!(shown(33, 17), (at_41, format!("a = '{}' ! '{}…", "x".repeat(33), "y".repeat(17))));
    assert_eq!(shown(34, 1), (at_42, format!("… = '{}' ! 'y'", "x".repeat(34))));
}

#[test]
fn another_version_is_told_as_such_whatever_else_is_in_the_file() {
    for text in ["version = 2\ntoday = 'other'\n", "{\"version\": 2, \"today\": 1}", "version = 2\n"] {
        assert_eq!(parse(text.as_bytes()), Err(SnapshotError::Version { found: 2 }));
    }
    assert_eq!(parse(b"version = 300\n"), Err(SnapshotError::Version { found: 300 }));
    assert!(matches!(parse(b"version = 1.5\n"), Err(SnapshotError::Invalid { .. })));
}

#[test]
fn json_is_of_the_same_shape() {
    let text = r#" {"version": 1, "note": {}, "past": [{"title": "a", "estimate_min": 1, "actual_min": 2, "state": "Done",
        "sessions": [{"start_min": 540, "end_min": null}]}]}"#;
    let snapshot = parse(text.as_bytes()).unwrap();
    assert_eq!(snapshot, parse(format!("\u{feff}{text}").as_bytes()).unwrap());
    assert_eq!(snapshot.past[0].sessions, [Session { start_min: 540, end_min: None }]);
    for end in 1..text.len() {
        assert!(parse(&text.as_bytes()[..end]).is_err(), "cut at {end}");
    }
    assert_eq!(parse(br#"{"version": 1, "today": []}"#), Ok(Snapshot::default()));
}

/// Neither panic nor hang nor flood the terminal.
#[test]
fn monsters_are_survived() {
    let task = "estimate_min = 1\nactual_min = 0\nstate = \"Planned\"\n";
    let title = "x".repeat(1 << 20);
    let sound = format!("version = 1\n[[today]]\ntitle = \"{title}\"\n{task}");
    check("long title", sound.as_bytes());
    check("long bad title", sound.replace("[[today]]\ntitle", "[[today]]\nstate").as_bytes());
    check("long key", format!("version = 1\n{title}{title}\n").as_bytes());
    check("long control characters", format!("version = '{}'\n", "\u{1b}\u{202e}".repeat(1000)).as_bytes());
    check("zeroes", &[0; 100_000]);
    check("zeroes, newline", format!("{}\n", "\0".repeat(100_000)).as_bytes());
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        for depth in [50, 79, 80, 81, 100_000] {
            check("deep value", format!("version=1\nx={}{}\n", open.repeat(depth), close.repeat(depth)).as_bytes());
            check("unclosed", format!("version=1\nx={}\n", open.repeat(depth)).as_bytes());
        }
    }
    check("deep key", format!("version=1\na{}=1\n", ".a".repeat(100_000)).as_bytes());
    check("deep header", format!("version=1\n[[a{}]]\n", ".a".repeat(100_000)).as_bytes());
    check("deep json", "{\"a\":".repeat(100_000).as_bytes());
    check("many empty tasks", format!("version=1\n{}", "[[past]]\n".repeat(1_000_000)).as_bytes());
    check("many numbers", format!("version=1\npast=[{}]\n", "1,".repeat(50_000)).as_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_are_read_as_chute_kun_reads_them(bytes in damaged()) {
        check("damaged", &bytes);
    }

    #[test]
    fn anything_at_all_is_survived(text in "\\PC*", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check("text", format!("{text}\n").as_bytes());
        check("bytes", &bytes);
    }
}
