//! The corpus is whole: what the tests that replay it rest on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, missing_docs)]

use crate::corpus::{Scenario, invalid};

#[test]
fn every_scenario_loads_and_is_in_order() {
    let scenarios = Scenario::all();
    assert_eq!(scenarios.len(), 36);
    for scenario in &scenarios {
        let name = &scenario.name;
        assert!(!scenario.description.is_empty() && !scenario.pushes.is_empty(), "{name}");
        assert!(scenario.pushes.is_sorted_by_key(|push| push.saved_at), "{name}");
        for push in &scenario.pushes {
            assert!(push.text.ends_with('\n') && !push.tz.is_empty(), "{}", push.path.display());
            for session in &push.sessions {
                assert!(session.stop.is_none_or(|stop| stop >= session.start), "{name}: {session:?}");
                assert!(session.start <= push.saved_at, "{name}: {session:?}");
                assert!(session.stop.is_none() || !session.running, "{name}: {session:?}");
                assert!(["today", "future", "past"].contains(&session.list.as_str()), "{name}: {session:?}");
            }
        }
    }
}

#[test]
fn a_scenario_tells_what_truly_happened() {
    let scenario = Scenario::named("one_task");
    let last = scenario.pushes.last().unwrap();
    assert_eq!((last.saved_at, last.tz.as_str(), last.note.as_str()), (1_778_462_765, "Asia/Tokyo", "done"));
    let uids: Vec<&str> = last.sessions.iter().map(|session| session.uid.as_str()).collect();
    assert_eq!(uids, ["s1", "s2"]);
    let second = &last.sessions[1];
    assert_eq!((second.start, second.stop), (1_778_461_200, Some(1_778_462_700)));
    assert_eq!((second.task_index, second.session_index, second.task_state.as_str()), (0, 1, "Done"));
    let gone = Scenario::named("delete_task_with_sessions");
    assert!(gone.pushes.iter().any(|push| !push.deleted.is_empty()));
}

#[test]
fn every_damaged_file_is_there() {
    let files = invalid();
    assert_eq!(files.len(), 54);
    assert!(files.iter().any(crate::corpus::Invalid::loads) && files.iter().any(|file| !file.loads()));
    for file in &files {
        assert_eq!(file.bytes().is_empty(), file.name == "empty.toml");
        assert!(!file.how.is_empty() && !file.upstream_load.is_empty(), "{}", file.name);
    }
}
