//! What a plan looks like to people.

use chute_toggl::exit::Exit;
use chute_toggl::output::json::DryRun;
use chute_toggl::output::plan_text;
use chute_toggl::reconcile::ingest::InvalidSession;
use chute_toggl::sidecar::{List, Place};
use time::Duration as Span;

use super::*;

const MORNING: OffsetDateTime = datetime!(2026-05-11 09:05 +9);

fn many(n: i64, apart: Span) -> Scene {
    let mut scene = Scene::new();
    for at in 0..n {
        let start = MORNING - apart * i32::try_from(at).unwrap();
        scene.add("Work", session(start, start + Span::minutes(30)), |_| {});
    }
    scene
}

/// The last line, which may be broken into several.
fn summary(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().rposition(|line| !line.starts_with(' ')).unwrap();
    lines[first..].iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_day_of_every_kind_of_operation() {
    let mut scene = Scene::new().quota(25, 2700);
    scene.options.prune = Some(20);
    scene.add("Write the report 📝", session(MORNING, MORNING + Span::minutes(45)), |_| {});
    scene.add("週次レビュー", session(MORNING + Span::hours(1), MORNING + Span::hours(2)), told("レビュー"));
    let running = scene.add("Call", session(MORNING + Span::hours(4), None), |_| {});
    scene.ingested.running = Some(running);
    scene.add("Mail", session(MORNING + Span::hours(2), MORNING + Span::hours(3)), |record| {
        told("Mail")(record);
        entry(record).stop = None;
    });
    scene.add("Paused", session(MORNING + Span::hours(3), None), told("Paused"));
    scene.add("Gone", session(MORNING - Span::days(1), MORNING - Span::hours(23)), |record| {
        told("Gone")(record);
        record.removed = true;
    });
    scene.add("UpToDate", session(MORNING, MORNING), told("UpToDate"));
    let scene = scene.planned();
    assert_eq!(
        scene.text(),
        "\
Sun 2026-05-10
  - delete  09:05-10:05  1:00  Gone                 removed from Chute_kun
Mon 2026-05-11  2:45 h
  + create  09:05-09:50  0:45  Write the report 📝  new
  * update  10:05-11:05  1:00  週次レビュー         renamed from \"レビュー\"
  . stop    11:05-12:05  1:00  Mail                 was running
  . halt    12:05-             Paused               no longer runs
  > start   13:05-             Call                 new

To send: halt 1, stop 1, start 1, update 1, create 1, delete 1; 1 up to date;
  6 requests, about 5 s, 25 left.
"
    );
}

#[test]
fn a_bulk_rename_is_told_session_by_session() {
    let mut scene = Scene::new();
    for (at, old) in ["Old", "Older", "Old"].into_iter().enumerate() {
        let start = MORNING + Span::hours(i64::try_from(at).unwrap());
        scene.add("New", session(start, start + Span::minutes(5)), told(old));
    }
    let scene = scene.planned();
    assert_eq!(scene.plan.operations.len(), 1);
    assert_eq!(
        scene.text(),
        "\
Mon 2026-05-11  0:15 h
  * rename  09:05-09:10  0:05  New  renamed from \"Old\"
  * rename  10:05-10:10  0:05  New  renamed from \"Older\"
  * rename  11:05-11:10  0:05  New  renamed from \"Old\"

To send: rename 3; 0 up to date; 1 request.
"
    );
}

#[test]
fn resumes_and_halts_of_what_is_gone_say_so() {
    let mut scene = Scene::new();
    let running = scene.add("Again", session(MORNING, None), |record| {
        told("Again")(record);
        entry(record).stop = Some(MORNING + Span::minutes(3));
        entry(record).halted = true;
    });
    scene.ingested.running = Some(running);
    scene.add("Lost", session(MORNING, None), |record| {
        told("Lost")(record);
        record.removed = true;
    });
    let text = scene.planned().text();
    assert!(text.contains("  > resume  09:05-    Again  runs again\n"), "{text}");
    assert!(text.contains("  . halt    09:05-    Lost   removed from Chute_kun\n"), "{text}");
}

#[test]
fn nothing_to_do_is_one_line() {
    assert_eq!(Scene::new().planned().text(), "Up to date: 0 sessions.\n");
    let one = Scene::new().with("A", session(MORNING, MORNING), told("A"));
    assert_eq!(one.planned().text(), "Up to date: 1 session.\n");
    let mut many = Scene::new();
    for _ in 0..1412 {
        many.add("A", session(MORNING, MORNING), told("A"));
    }
    let mut many = many.planned();
    assert_eq!(many.text(), "Up to date: 1,412 sessions.\n");
    // Nothing is asked when there is nothing to send.
    (many.options.selection.workspace, many.sidecar.scanned_from) = (None, None);
    let many = many.planned();
    assert_eq!(many.text(), "Up to date: 1,412 sessions.\n");
}

#[test]
fn summaries_count_and_cost() {
    let table: &[(i64, &str)] = &[
        (1, "To send: create 1; 0 up to date; 1 request."),
        (2, "To send: create 2; 0 up to date; 2 requests, about 1 s."),
        (30, "To send: create 30; 0 up to date; 30 requests, about 29 s."),
        (31, "To send: create 31; 0 up to date; 31 requests."),
    ];
    for &(n, expected) in table {
        assert_eq!(summary(&many(n, Span::hours(1)).planned().text()), expected);
    }
    let known = many(91, Span::hours(1)).quota(240, 60).planned();
    assert_eq!(summary(&known.text()), "To send: create 91; 0 up to date; 91 requests, about 90 s, 240 left.");
    let known = many(100, Span::hours(1)).quota(240, 60).planned();
    assert_eq!(summary(&known.text()), "To send: create 100; 0 up to date; 100 requests, about 2 min, 240 left.");
    let mut quick = many(3, Span::hours(1));
    quick.sidecar.scanned_from = None;
    let quick = quick.planned();
    let view = View { pace: Duration::from_millis(200), ..quick.view() };
    assert_eq!(summary(&plan_text(&view, &PLAIN)), "To send: create 3; 0 up to date; 4 requests.");
}

#[test]
fn the_first_push_says_that_it_looks_first() {
    let mut scene = many(1, Span::hours(1));
    (scene.sidecar.scanned_from, scene.options.selection.workspace) = (None, None);
    let scene = scene.planned();
    assert_eq!(
        scene.text(),
        "\
Mon 2026-05-11  0:30 h
  + create  09:05-09:35  0:30  Work  new

This is the first push. It asks Toggl first which of these it already has, and
adopts those instead of sending them twice.
To send: create 1; 0 up to date; 3 requests, about 2 s.
"
    );
    assert_eq!(scene.view().requests(), 3);
}

#[test]
fn questions_are_counted_only_if_they_are_asked() {
    // Only an update: no workspace is needed for it.
    let mut scene = Scene::new().with("New", session(MORNING, MORNING), told("Old"));
    scene.options.selection.workspace = None;
    let scene = scene.planned();
    assert_eq!(scene.view().requests(), 1);
    // What is uncertain is looked up, though nothing else is to be done.
    let scene = Scene::new().with("A", session(MORNING, MORNING), |record| record.intent = Some(intent())).planned();
    assert_eq!(scene.view().requests(), 1);
    let text = scene.text();
    assert_eq!(summary(&text), "Nothing to send; 0 up to date; held back: 1 uncertain; 1 request.", "{text}");
}

#[test]
fn more_than_an_hours_quota_is_estimated() {
    let text = many(1240, Span::hours(7)).planned().text();
    let joined = text.replace("\n  ", " ");
    let estimate = "1,240 requests: 42 hours at 30 an hour (Free), 6 at 240 (Starter), 3 at 600 (Premium).\n";
    assert!(joined.contains(estimate), "{text}");
    assert!(!joined.contains("can be sent"), "{text}");
    // 25 now, 41 hours' worth from 14:05 on, the last of them for 15 requests a second apart.
    let text = many(1240, Span::hours(7)).quota(25, 2700).planned().text();
    let joined = text.replace("\n  ", " ");
    assert!(joined.contains(estimate), "{text}");
    assert!(joined.contains("25 can be sent now, and the rest by Wed 2026-05-13 06:06, as"), "{text}");
    assert_eq!(summary(&text), "To send: create 1,240; 0 up to date; 1,240 requests, 25 left.");
    // So much is left only on a larger plan.
    let joined = many(500, Span::hours(7)).quota(200, 2700).planned().text().replace("\n  ", " ");
    assert!(joined.contains("\n500 requests: 3 hours at 240 an hour (Starter), 1 at 600 (Premium).\n"), "{joined}");
    // What is used up says from when; what is enough says nothing.
    let joined = many(31, Span::hours(7)).quota(0, 2700).planned().text().replace("\n  ", " ");
    assert!(joined.contains("The quota is used up until 14:05; nothing is sent before that.\n"), "{joined}");
    assert!(joined.contains("\nAll can be sent by 15:05, as"), "{joined}");
    assert!(!many(25, Span::hours(7)).quota(25, 2700).planned().text().contains("hour"));
    // An hour that is over says nothing.
    assert!(many(26, Span::hours(1)).quota(0, -1).planned().text().ends_with("; 26 requests, about 25 s.\n"));
}

#[test]
fn long_plans_are_summed_up_by_day_month_and_year() {
    let text = many(40, Span::hours(1)).planned().text();
    assert_eq!(text.matches("+ create").count(), 40);
    let scene = many(41, Span::hours(1)).with("Late", session(MORNING, MORNING + Span::hours(2)), told("Early"));
    let scene = scene.planned();
    let text = scene.text();
    assert!(text.starts_with("Sat 2026-05-09  create 7, 3:30\nSun 2026-05-10  create 24, 12:00\n"), "{text}");
    assert!(text.contains("Mon 2026-05-11  update 1, create 10, 7:00\n`-v` lists every session.\n\n"), "{text}");
    let verbose = plan_text(&scene.view(), &VERBOSE);
    assert_eq!(verbose.matches("+ create").count(), 41);
    let text = many(61, Span::days(1)).planned().text();
    assert!(text.starts_with("2026-03  create 20, 10:00\n2026-04  create 30, 15:00\n2026-05  create 11"), "{text}");
    let text = many(60, Span::days(1)).planned().text();
    assert!(text.starts_with("Fri 2026-03-13  create 1, 0:30\n"), "{text}");
    let text = many(100, Span::days(30)).planned().text();
    assert!(text.starts_with("2018  create "), "{text}");
}

#[test]
fn ten_thousand_operations_are_quick_and_short() {
    let mut scene = Scene::new();
    for at in 0..10_000_i32 {
        let start = MORNING - Span::hours(1) * at;
        scene.add("資料 📝", session(start, start + Span::minutes(30)), |_| {});
    }
    let scene = scene.planned();
    let (busy, (text, documents, verbose)) = crate::support::clock::busy(|| {
        let document = serde_json::to_value(DryRun::new(&scene.view(), Exit::UpToDate)).unwrap();
        let documents = document["operations"].as_array().map(Vec::len);
        (scene.text(), documents, plan_text(&scene.view(), &VERBOSE))
    });
    assert!(busy.is_none_or(|busy| busy < Duration::from_secs(5)), "{busy:?}");
    assert!(text.lines().count() < 80, "{text}");
    assert_eq!(documents, Some(10_000));
    assert_eq!(verbose.matches("+ create").count(), 10_000);
}

#[test]
fn what_is_held_back_comes_with_what_it_means() {
    type Change = fn(&mut SessionRecord);
    let table: &[(Change, &str, &str)] = &[
        (|record| record.stop = None, "1 session is open and not running", "1 open"),
        (|record| record.assumed = true, "1 session is not among what Toggl lists", "1 assumed"),
        (|record| record.intent = Some(intent()), "1 session may or may not be in Toggl", "1 uncertain"),
        (
            |record| {
                told("T")(record);
                record.removed = true;
            },
            "1 session was removed from Chute_kun. Its entry stays in Toggl until",
            "1 removed",
        ),
    ];
    for (change, meaning, short) in table {
        let alone = Scene::new().with("T", session(MORNING, MORNING), change).planned();
        let text = alone.text();
        assert!(text.starts_with(meaning), "{text}");
        let two = Scene::new()
            .with("T", session(MORNING, MORNING), change)
            .with("T", session(MORNING, MORNING), change)
            .with("New", session(MORNING, MORNING), |_| {})
            .planned()
            .text();
        assert!(two.contains("\n2 sessions "), "{two}");
        assert!(summary(&two).contains(&format!("held back: {}", short.replace('1', "2"))), "{two}");
        assert_fits(&two, 80);
    }
}

#[test]
fn what_is_in_order_for_good_is_short() {
    let mut scene = Scene::new();
    for _ in 0..500 {
        scene.add("Old", session(MORNING, MORNING), |record| record.assumed = true);
    }
    let scene = scene.planned();
    let text = scene.text();
    assert!(text.contains("\n  … and 497 more; `-v` lists them.\n\nUp to date: 0 sessions.\n"), "{text}");
    assert_eq!(plan_text(&scene.view(), &VERBOSE).matches("  Old").count(), 500);
}

#[test]
fn what_a_person_must_look_at_is_told() {
    let mut scene = Scene::new();
    let key = scene.add("Back", session(MORNING, MORNING), told("Back"));
    scene.ingested.reopened = vec![key];
    let place = Place { list: List::Past, index: 3 };
    let reason = "its end is no minute of a day";
    scene.ingested.invalid.push(InvalidSession { title: "Odd\u{1b}[2J".to_owned(), place, session: 0, reason });
    let mut scene = scene.planned();
    scene.plan.too_many_to_prune = Some(34);
    let text = scene.text();
    let joined = text.replace("\n  ", " ").replace('\n', " ");
    assert!(text.contains("\n  Mon 2026-05-11 09:05-09:05  Back\n"), "{text}");
    assert!(joined.contains("1 session had ended and is open again, which Chute_kun never does."), "{text}");
    assert!(joined.contains("1 session has impossible times and is left out."), "{text}");
    assert!(text.contains("\n  past, task 4, session 1: its end is no minute of a day (Odd\\u{1b}[2J)\n"), "{text}");
    assert!(joined.contains("Pruning would delete 34 entries, more than `--max-delete` allows, so none"), "{text}");
    assert!(joined.contains("run it again with `--max-delete 34`."), "{text}");
    assert_eq!(summary(&text), "Nothing to send; 0 up to date; held back: 1 reopened.");
    assert_fits(&text, 80);
}
