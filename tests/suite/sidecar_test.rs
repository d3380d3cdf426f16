//! The sidecar's text: the same value gives the same bytes, one record is one line, and damage is never accepted as
//! something else nor a reason to panic.

use std::collections::BTreeMap;

use chute_toggl::sidecar::{
    Accepted, Category, Classification, Digest, Intent, LastSent, List, Minutes, Names, Place, Rejection, RejectsAll,
    Resolution, Revision, Said, SessionKey, SessionRecord, Sidecar, TaskKey, TaskRecord, Waiting,
};
use chute_toggl::toggl::quota::Quota;
use chute_toggl::toggl::{AccountId, EntryId, Named, WorkspaceId};
use proptest::prelude::*;
use time::macros::date;
use time::{Duration, OffsetDateTime, UtcOffset};

fn instant() -> impl Strategy<Value = OffsetDateTime> {
    (1_200_000_000_i64..1_900_000_000, -48_i8..56).prop_map(|(at, quarters)| {
        let offset = UtcOffset::from_whole_seconds(i32::from(quarters) * 900).unwrap();
        OffsetDateTime::from_unix_timestamp(at - at % 60).unwrap().to_offset(offset)
    })
}

fn record(number: u32) -> impl Strategy<Value = SessionRecord> {
    let flags = (any::<[bool; 7]>(), 0_i64..4_000, 0_u16..1440);
    (instant(), flags, ".{0,8}", 1_i64..i64::MAX).prop_map(move |(start, (flags, minutes, odd_minute), text, id)| {
        let [is_open, inferred, gone, assumed, has_entry, is_off, is_classified] = flags;
        let tags: Vec<String> = if is_off { vec![text.clone()] } else { Vec::new() };
        let project = is_classified.then_some(id);
        let stop = (!is_open).then(|| start + Duration::minutes(minutes));
        let shown = Minutes::shown_by(start, stop);
        let held_stop = if is_off { Some(start + Duration::minutes(3)) } else { stop };
        SessionRecord {
            number,
            minutes: if is_off { Minutes { start: odd_minute, ..shown } } else { shown },
            start,
            stop,
            inferred,
            other_day: inferred.then_some(start.date()),
            removed: gone,
            assumed,
            last_sent: has_entry.then(|| LastSent {
                id: EntryId(id),
                workspace: WorkspaceId(7),
                description: text.as_str().into(),
                start,
                stop: held_stop,
                halted: is_off && is_open,
                adopted: inferred,
                classification: Classification { project, tags: tags.clone().into() }.kept(),
                accepted: Accepted { text: inferred, times: is_off },
            }),
            intent: (!has_entry && gone).then(|| {
                Box::new(Intent {
                    since: 5,
                    start,
                    description: text.clone(),
                    workspace: Some(WorkspaceId(7)),
                    project,
                    tags,
                })
            }),
            rejected: is_off
                .then(|| Box::new(Rejection { status: 400, text, operation: "0".repeat(16), acknowledged: false })),
        }
    })
}

fn task() -> impl Strategy<Value = TaskRecord> {
    let records = (1_usize..4).prop_flat_map(|n| (0..u32::try_from(n).unwrap()).map(record).collect::<Vec<_>>());
    (".{0,20}", 0_u32..30_000_000, any::<bool>(), prop::option::of((0_u8..3, 0_u32..99)), records).prop_map(
        |(title, planned, is_work, place, records)| TaskRecord {
            title: title.into(),
            planned,
            category: if is_work { Category::Work } else { Category::General },
            place: place
                .map(|(list, index)| Place { list: [List::Today, List::Future, List::Past][usize::from(list)], index }),
            sessions: records,
        },
    )
}

/// What names were found to mean, of each kind one.
fn names(workspace: Option<i64>) -> Names {
    let Some(id) = workspace else { return Names::default() };
    let two = [1, 2].map(|id| Named { id, name: "Two \"of\" one name".to_owned() });
    let kinds = [Resolution::Found(id), Resolution::Several(two.to_vec()), Resolution::Missing];
    let named = kinds.into_iter().zip(["a", "b", ""]).map(|(kind, name)| (name.to_owned(), kind));
    let projects: BTreeMap<String, Resolution<i64>> = named.collect();
    Names {
        workspaces: BTreeMap::from([("c".to_owned(), WorkspaceId(id))]),
        projects: BTreeMap::from([(WorkspaceId(id), projects)]),
    }
}

fn sidecar() -> impl Strategy<Value = Sidecar> {
    let tasks = prop::collection::btree_map(
        (20_000_101_u32..20_991_231, 0_u32..50).prop_map(|(day, task)| TaskKey { day, number: task }),
        task(),
        0..6,
    );
    (tasks, prop::option::of(1_i64..9_999), prop::option::of(0_i64..4_000_000_000), any::<bool>()).prop_map(
        |(tasks, workspace, saved, looked): (BTreeMap<_, _>, _, _, _)| Sidecar {
            revision: if looked { Revision { lineage: "0f".to_owned(), serial: 7 } } else { Revision::default() },
            account: workspace.map(|workspace| AccountId(workspace + 1)),
            zone: looked.then(|| "Asia/Tokyo".to_owned()),
            attention: looked.then(|| Said { what: "9/0f".to_owned(), at: 1_778_490_000 }),
            waiting: looked.then_some(Waiting { since: 1_778_490_000, said: workspace }),
            workspace: workspace.map(WorkspaceId),
            rejects_all: saved.map(|since| RejectsAll { since, creates: looked, status: 400, text: "no\"".to_owned() }),
            last_snapshot_saved: saved,
            snapshot_digest: saved.map(|saved| Digest::of(&saved.to_le_bytes())),
            running: tasks.keys().next().map(|&task| SessionKey { task, session: 3 }),
            snapshot: saved.map(|saved| format!("/home/\"some\\one\"/{saved}\n.toml")),
            names: names(workspace),
            quota: Quota { last_request_ms: workspace, ..Quota::default() },
            scanned_from: looked.then_some(date!(2026 - 02 - 03)),
            lost_until: saved.filter(|_| looked),
            tasks,
            archive: None,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_written_again_in_the_same_bytes(sidecar in sidecar()) {
        let text = sidecar.to_json().unwrap();
        let read = Sidecar::from_json(&text).unwrap();
        prop_assert_eq!(&read, &sidecar);
        prop_assert_eq!(read.to_json().unwrap(), text);
    }

    #[test]
    fn one_record_is_one_line(sidecar in sidecar()) {
        let text = String::from_utf8(sidecar.to_json().unwrap()).unwrap();
        prop_assert!(text.ends_with("}\n"), "no newline at the end");
        let records = sidecar.sessions().count();
        prop_assert_eq!(text.lines().filter(|line| line.contains("\"start\"")).count(), records);
    }

    #[test]
    fn damage_never_panics_and_a_cut_is_never_accepted(sidecar in sidecar(), at in any::<prop::sample::Index>(), byte: u8) {
        let text = sidecar.to_json().unwrap();
        let cut = at.index(text.len() - 1);
        prop_assert!(Sidecar::from_json(&text[..cut]).is_err());
        let mut damaged = text.clone();
        damaged[cut] = byte;
        // Whatever it then says, it says it the same way again.
        if let Ok(read) = Sidecar::from_json(&damaged) {
            let again = read.to_json().unwrap();
            prop_assert_eq!(Sidecar::from_json(&again).unwrap(), read);
        }
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Sidecar::from_json(&bytes).is_err());
    }
}

#[test]
fn deep_nesting_and_long_titles_are_no_danger() {
    assert!(Sidecar::from_json("[".repeat(1_000_000).as_bytes()).is_err());
    assert!(Sidecar::from_json(format!("{{\"version\":1,\"tasks\":{}", "{\"a\":".repeat(100_000)).as_bytes()).is_err());
    let title = "x".repeat(1_000_000);
    let text = format!(
        "{{\"version\":1,\"tasks\":{{\"20260511/0\":{{\"title\":\"{title}\"}}}},\
         \"entries\":{{\"20260511/0/0\":{{\"start\":\"2026-05-11T09:00:00Z\"}}}}}}"
    );
    assert_eq!(Sidecar::from_json(text.as_bytes()).unwrap().tasks.len(), 1);
}

#[test]
fn what_does_not_fit_together_is_damage() {
    let entry = "{\"start\":\"2026-05-11T09:00:00Z\"}";
    for (tasks, entries, said) in [
        ("\"20260511/0\":{\"title\":\"a\"}", String::new(), "has no entry"),
        ("", format!("\"20260511/0/0\":{entry}"), "belongs to no task"),
        ("\"20260511/0\":{\"title\":\"a\"}", format!("\"20260511/0/0\":{entry},\"20260511/0/0\":{entry}"), "twice"),
        ("\"20260511/0\":{\"title\":\"a\"}", format!("\"20260511/0/01\":{entry}"), "not a key"),
        ("\"20260511/0\":{\"title\":\"a\",\"x\":1}", format!("\"20260511/0/0\":{entry}"), "unknown field"),
        (
            "\"20260511/0\":{\"title\":\"a\"}",
            "\"20260511/0/0\":{\"id\":1,\"start\":\"2026-05-11T09:00:00Z\"}".into(),
            "lacks",
        ),
    ] {
        let text = format!("{{\"version\":1,\"tasks\":{{{tasks}}},\"entries\":{{{entries}}}}}");
        let error = Sidecar::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

/// An entry whose times are known and whose id is not would be lost without a word.
#[test]
fn what_toggl_holds_without_an_id_is_damage() {
    let sidecar = |entry: &str| {
        let text = format!(
            "{{\"version\":1,\"tasks\":{{\"20260511/0\":{{\"title\":\"Tea\"}}}},\"entries\":{{\"20260511/0/0\":{{{entry}}}}}}}\n"
        );
        Sidecar::from_json(text.as_bytes())
    };
    let times = "\"start\":\"2026-05-11T09:00:00Z\",\"stop\":\"2026-05-11T09:10:00Z\"";
    let read = sidecar(times).unwrap();
    assert!(read.sessions().all(|(_, _, record)| record.last_sent.is_none() && record.minutes.end == Some(550)));
    assert!(!read.has_open_intents());
    let holds = "\"holds\":{\"start\":\"2026-05-11T09:00:00Z\"}";
    assert!(sidecar(&format!("{times},{holds}")).is_err());
    assert!(sidecar(&format!("{times},\"id\":1")).is_err());
    let intent = "\"intent\":{\"since\":1,\"start\":\"2026-05-11T09:00:00Z\",\"description\":\"Tea\"}";
    assert!(sidecar(&format!("{times},{intent}")).unwrap().has_open_intents());
}

#[test]
fn there_is_one_way_of_writing_a_key() {
    for text in ["20260511/0", "20260511/10", "00000000/1", "00010101/1", "123450101/1"] {
        let key: TaskKey = text.parse().unwrap_or_else(|()| panic!("{text}"));
        assert_eq!(key.to_string(), text);
    }
    for text in ["+2026051/1", "2026051/1", "020260511/1", "+20260511/1", "20260511/01", "20260511/+1", "20260511", ""]
    {
        assert!(text.parse::<TaskKey>().is_err(), "{text}");
    }
}

/// What was accepted belongs to an entry; a file of before knows nothing of it.
#[test]
fn what_was_accepted_stands_with_its_entry() {
    let sidecar = |entry: &str| {
        let text = format!(
            "{{\"version\":1,\"tasks\":{{\"20260511/0\":{{\"title\":\"Tea\"}}}},\
             \"entries\":{{\"20260511/0/0\":{{{entry}\"start\":\"2026-05-11T09:00:00Z\",\"stop\":\"2026-05-11T09:20:00Z\"}}}}}}"
        );
        Sidecar::from_json(text.as_bytes())
    };
    let accepted = |entry: &str| {
        let sidecar = sidecar(entry).unwrap();
        let (_, _, record) = sidecar.sessions().next().unwrap();
        record.last_sent.as_ref().unwrap().accepted
    };
    let entry = "\"id\":1,\"workspace\":7,\"description\":\"Tea\",";
    assert_eq!(accepted(entry), Accepted::default());
    let times = format!("{entry}\"accepted\":{{\"times\":true}},");
    assert_eq!(accepted(&times), Accepted { text: false, times: true });
    assert!(sidecar("\"accepted\":{\"times\":true},").is_err());
}
