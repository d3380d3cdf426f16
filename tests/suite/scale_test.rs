//! Recognising tasks takes time in proportion to their number, also when nothing tells them apart.

use std::time::Duration;

use chute_toggl::chute_kun::snapshot::{Category, Session, Snapshot, State, Task};
use chute_toggl::reconcile::ingest::ingest;
use chute_toggl::sidecar::Sidecar;
use chute_toggl::zone::Zone;
use time::macros::datetime;

use crate::support::clock::busy;

/// Comparing each with each would be nearly a thousand million comparisons: minutes, where this takes seconds.
/// Counted is the time that this thread was at work.
const TASKS: usize = 30_000;
const LAVISH: Duration = Duration::from_secs(40);

fn daily() -> Task {
    Task {
        title: "Email".to_owned(),
        actual_min: 30,
        finished_at_min: Some(570),
        sessions: vec![Session { start_min: 540, end_min: Some(570) }],
        state: State::Done,
        planned_ymd: 20_250_304,
        done_ymd: Some(20_250_304),
        category: Category::General,
    }
}

fn takes(what: &str, work: impl FnOnce()) {
    let (busy, ()) = busy(work);
    println!("{what}: {busy:?}");
    assert!(busy.is_none_or(|busy| busy < LAVISH), "{what} took {busy:?}");
}

#[test]
fn thirty_thousand_equal_tasks_are_known_again_in_linear_time() {
    let zone = Zone::named("UTC").unwrap();
    let first = datetime!(2025-03-04 10:00 UTC).unix_timestamp();
    let snapshot = |task: Task, tasks: usize| Snapshot { past: vec![task; tasks], ..Snapshot::default() };
    let mut sidecar = Sidecar::default();
    takes("all new", || _ = ingest(&mut sidecar, &snapshot(daily(), TASKS), first, &zone));
    assert_eq!(sidecar.tasks.len(), TASKS);

    let mut shifted = snapshot(daily(), TASKS - 1);
    shifted.today = vec![Task { title: "New Task".to_owned(), ..daily() }];
    takes("one renamed and moved", || _ = ingest(&mut sidecar, &shifted, first + 60, &zone));
    assert_eq!(sidecar.tasks.len(), TASKS, "the last of them was renamed");

    let moved = Snapshot { future: shifted.past, ..Snapshot::default() };
    takes("all in another list", || _ = ingest(&mut sidecar, &moved, first + 120, &zone));
    assert_eq!(sidecar.sessions().filter(|(_, _, record)| !record.removed).count(), TASKS - 1);

    let renamed = snapshot(Task { title: "Post".to_owned(), ..daily() }, TASKS - 1);
    takes("all renamed and in another list", || _ = ingest(&mut sidecar, &renamed, first + 180, &zone));
    assert_eq!(sidecar.tasks.len(), TASKS);

    takes("all gone", || _ = ingest(&mut sidecar, &Snapshot::default(), first + 240, &zone));
    takes("all back", || _ = ingest(&mut sidecar, &renamed, first + 300, &zone));
    assert_eq!(sidecar.tasks.len(), TASKS);

    let edited = Task { sessions: vec![Session { start_min: 540, end_min: Some(571) }], ..daily() };
    let edited = snapshot(Task { title: "Post".to_owned(), ..edited }, TASKS - 1);
    takes("all edited", || _ = ingest(&mut sidecar, &edited, first + 360, &zone));
    assert_eq!(sidecar.tasks.len(), TASKS);

    let different = Task { sessions: vec![Session { start_min: 550, end_min: Some(580) }], ..daily() };
    takes("all different", || _ = ingest(&mut sidecar, &snapshot(different, TASKS), first + 86_400, &zone));
}
