//! Which day and hour minutes mean, one rule at a time.

use chute_toggl::reconcile::dating::{Clue, Dated, Event, Frame, date};
use chute_toggl::zone::{Minute, Zone};
use time::macros::{date, datetime};
use time::{Date, OffsetDateTime};

/// Nothing is known but that the snapshot is from Monday at six in the evening.
const FRAME: Frame = Frame {
    taken: None,
    saved: MONDAY.unix_timestamp() + 18 * 3600,
    finish: None,
    planned: None,
    postponed: false,
    actual_min: 0,
    moved_from: None,
};

const MONDAY: OffsetDateTime = datetime!(2026-05-11 00:00 UTC);
/// Monday, and the three days before it.
const DAYS: [Date; 4] = [date!(2026 - 05 - 11), date!(2026 - 05 - 10), date!(2026 - 05 - 09), date!(2026 - 05 - 08)];
const MORNING: [Minute; 2] = [540, 550];

/// The instant of a minute so many days before Monday.
fn back(days: i64, minute: Minute) -> i64 {
    MONDAY.unix_timestamp() - days * 86_400 + i64::from(minute) * 60
}

fn new(minutes: &[Minute]) -> Vec<Event> {
    minutes.iter().map(|&minute| Event { minute, clue: Clue::New }).collect()
}

fn recorded(instant: i64) -> Event {
    Event { minute: Zone::named("UTC").unwrap().minute(instant), clue: Clue::Recorded(instant) }
}

fn in_utc(events: &[Event], frame: &Frame) -> Vec<Dated> {
    date(&Zone::named("UTC").unwrap(), events, frame)
}

fn sure(instants: &[i64]) -> Vec<Dated> {
    instants.iter().map(|&instant| Dated { instant, inferred: false, other_day: None }).collect()
}

fn inferred(instants: &[i64]) -> Vec<Dated> {
    instants.iter().map(|&instant| Dated { instant, inferred: true, other_day: None }).collect()
}

#[test]
fn without_any_clue_it_is_the_latest_day_that_keeps_the_order() {
    assert_eq!(in_utc(&new(&MORNING), &FRAME), sure(&[back(0, 540), back(0, 550)]));
    let early = Frame { saved: back(0, 545), ..FRAME };
    assert_eq!(in_utc(&new(&MORNING), &early), sure(&[back(1, 540), back(1, 550)]));
    assert_eq!(in_utc(&new(&[1380, 60]), &FRAME), sure(&[back(1, 1380), back(0, 60)]), "over midnight");
    assert_eq!(in_utc(&new(&[540]), &FRAME), sure(&[back(0, 540)]), "open");
    // A day before the end is as far back as a session is thought to start, counted by the minute of the snapshot.
    let within = Frame { saved: back(0, 1080) + 30, ..FRAME };
    assert_eq!(in_utc(&new(&[1080, 1080]), &within), sure(&[back(0, 1080), back(0, 1080)]));
}

#[test]
fn on_the_first_push_a_task_that_is_not_done_was_worked_on_its_planned_day_if_all_fits_on_it() {
    let planned = Frame { planned: Some(DAYS[3]), ..FRAME };
    let two = [540, 550, 600, 610];
    assert_eq!(in_utc(&new(&two), &planned), inferred(&two.map(|minute| back(3, minute))));
    let today = Frame { planned: Some(DAYS[0]), ..FRAME };
    assert_eq!(in_utc(&new(&two), &today), sure(&two.map(|minute| back(0, minute))));
    let not_in_order = in_utc(&new(&[600, 610, 540, 550]), &planned);
    assert_eq!(not_in_order, inferred(&[back(1, 600), back(1, 610), back(0, 540), back(0, 550)]));
    let later = Frame { planned: Some(DAYS[0]), saved: back(0, 545), ..FRAME };
    assert_eq!(in_utc(&new(&MORNING), &later), inferred(&[back(1, 540), back(1, 550)]), "it is still before that");
    // Not when there was a push before, nor when something of it is on record.
    let again = Frame { taken: Some(back(1, 720)), ..planned };
    assert_eq!(in_utc(&new(&MORNING), &again), sure(&[back(0, 540), back(0, 550)]));
    let mut more = vec![recorded(back(3, 500)), recorded(back(3, 510))];
    more.extend(new(&MORNING));
    assert_eq!(in_utc(&more, &planned)[2..], inferred(&[back(0, 540), back(0, 550)]));
}

#[test]
fn what_was_planned_ahead_or_behind_leaves_a_doubt() {
    // The day begins at its midnight: what lies before was not expected, what lies in it was.
    let open = |minute, planned| in_utc(&new(&[minute]), &Frame { planned, saved: back(0, 60), ..FRAME });
    assert_eq!(open(1380, Some(DAYS[0])), inferred(&[back(1, 1380)]));
    assert_eq!(open(0, Some(DAYS[0])), sure(&[back(0, 0)]));
    assert_eq!(open(1380, Some(DAYS[1])), sure(&[back(1, 1380)]));
    // Planned for a day to come.
    let ahead = Frame { planned: DAYS[0].next_day(), ..FRAME };
    assert_eq!(in_utc(&new(&MORNING), &ahead), sure(&[back(0, 540), back(0, 550)]));
}

#[test]
fn what_is_new_lies_between_the_two_snapshots() {
    let since = |taken| in_utc(&new(&MORNING), &Frame { taken: Some(taken), ..FRAME });
    assert_eq!(since(back(1, 720)), sure(&[back(0, 540), back(0, 550)]));
    assert_eq!(since(back(3, 720)), inferred(&[back(0, 540), back(0, 550)]), "two other days were possible");
    assert_eq!(since(back(0, 540) + 30), sure(&[back(0, 540), back(0, 550)]), "in the minute of the last one");
    // It cannot be: then the last snapshot is not believed, and that is marked.
    assert_eq!(since(back(0, 541)), inferred(&[back(0, 540), back(0, 550)]));
}

#[test]
fn a_finish_in_its_minute_is_the_last_end_and_else_its_latest() {
    let done = |minute, frame| Frame { finish: Some((minute, DAYS[2])), ..frame };
    assert_eq!(in_utc(&new(&MORNING), &done(550, FRAME)), sure(&[back(2, 540), back(2, 550)]));
    assert_eq!(in_utc(&new(&MORNING), &done(700, FRAME)), sure(&[back(2, 540), back(2, 550)]));
    assert_eq!(in_utc(&new(&MORNING), &done(545, FRAME)), sure(&[back(3, 540), back(3, 550)]));
    // Planned long before: only the session that ended with the finish has its day for sure.
    let planned = Frame { planned: Some(DAYS[3]), ..FRAME };
    let two = [540, 550, 600, 610];
    let expected = [&inferred(&[back(2, 540), back(2, 550)])[..], &sure(&[back(2, 600), back(2, 610)])].concat();
    assert_eq!(in_utc(&new(&two), &done(610, planned)), expected);
    assert_eq!(in_utc(&new(&two), &done(620, planned)), inferred(&two.map(|minute| back(2, minute))));
}

/// The finish and the last snapshot contradict each other: whichever is the nearer to now is believed.
#[test]
fn a_finish_that_does_not_agree_is_given_up_only_if_it_came_after_the_last_snapshot() {
    let done = |minute, day| {
        let frame = Frame { taken: Some(back(1, 720)), finish: Some((minute, day)), ..FRAME };
        in_utc(&new(&[620, 630]), &frame)
    };
    assert_eq!(done(600, DAYS[0]), inferred(&[back(0, 620), back(0, 630)]), "finished since");
    assert_eq!(done(700, DAYS[2]), inferred(&[back(2, 620), back(2, 630)]), "finished before");
    // Nothing is dated before what is on record, whatever the finish says.
    let events = [vec![recorded(back(1, 540)), recorded(back(1, 550))], new(&[600, 610])].concat();
    let frame = Frame { finish: Some((605, DAYS[2])), saved: back(1, 1080), ..FRAME };
    assert_eq!(in_utc(&events, &frame)[2..], inferred(&[back(1, 600), back(1, 610)]));
}

#[test]
fn a_postponed_task_was_worked_before_its_day_and_that_leaves_a_doubt() {
    let postponed = Frame { planned: Some(DAYS[2]), postponed: true, ..FRAME };
    assert_eq!(in_utc(&new(&MORNING), &postponed), inferred(&[back(3, 540), back(3, 550)]));
    assert_eq!(in_utc(&new(&[1430, 1439]), &postponed), inferred(&[back(3, 1430), back(3, 1439)]), "to its midnight");
    assert_eq!(in_utc(&new(&[1430, 0]), &postponed), inferred(&[back(4, 1430), back(3, 0)]));
    // Since yesterday's snapshot there is no doubt; and when nothing fits before that day, its day is not believed.
    let again = Frame { planned: DAYS[0].next_day(), taken: Some(back(1, 720)), ..postponed };
    assert_eq!(in_utc(&new(&MORNING), &again), sure(&[back(0, 540), back(0, 550)]));
    let impossible = Frame { taken: Some(back(1, 720)), ..postponed };
    assert_eq!(in_utc(&new(&MORNING), &impossible), sure(&[back(0, 540), back(0, 550)]));
}

#[test]
fn an_edited_minute_stays_near_where_it_was() {
    let near = |minute, was| Event { minute, clue: Clue::Near(was) };
    let edited = |events: &[Event]| in_utc(events, &Frame { taken: Some(back(0, 900)), ..FRAME });
    assert_eq!(
        edited(&[near(530, back(2, 540)), recorded(back(2, 550))]),
        sure(&[back(2, 530), back(2, 550)]),
        "days ago, not since the last snapshot"
    );
    assert_eq!(edited(&[recorded(back(2, 540)), near(560, back(2, 550))]), sure(&[back(2, 540), back(2, 560)]));
    assert_eq!(edited(&[recorded(back(2, 1430)), near(5, back(2, 1435))]), sure(&[back(2, 1430), back(1, 5)]));
    // Never before the start, after the next session, or after the snapshot.
    let between = [recorded(back(2, 540)), near(530, back(2, 550)), recorded(back(1, 600)), recorded(back(1, 610))];
    assert_eq!(edited(&between)[1], sure(&[back(1, 530)])[0]);
    assert_eq!(edited(&[near(1100, back(0, 1070)), recorded(back(0, 1075))])[0], sure(&[back(1, 1100)])[0]);
}

#[test]
fn after_a_move_all_that_is_new_is_marked() {
    let frame = Frame { taken: Some(back(1, 720)), moved_from: Some(3600), ..FRAME };
    let events = [vec![recorded(back(1, 540)), recorded(back(1, 550))], new(&MORNING)].concat();
    let expected = [sure(&[back(1, 540), back(1, 550)]), inferred(&[back(0, 540), back(0, 550)])].concat();
    assert_eq!(in_utc(&events, &frame), expected);
}

/// 02:00 to 03:00 came twice on this Sunday, at midnight and at 01:00 UTC.
fn turned_back(events: &[Event], actual_min: i64) -> Vec<Dated> {
    let saved = datetime!(2026-10-25 04:00 UTC).unix_timestamp();
    let taken = Some(datetime!(2026-10-24 12:00 UTC).unix_timestamp());
    date(&Zone::named("Europe/Berlin").unwrap(), events, &Frame { saved, taken, actual_min, ..FRAME })
}

const MIDNIGHT: i64 = datetime!(2026-10-25 00:00 UTC).unix_timestamp();
const HALF_PAST_ONE: i64 = MIDNIGHT - 1800;
const FIRST: i64 = MIDNIGHT + 15 * 60;
const SECOND: i64 = FIRST + 3600;

#[test]
fn of_two_equal_hours_it_is_the_one_that_the_counted_minutes_tell() {
    // 01:30 to 02:15: 45 minutes or 105. They are counted to three minutes, which is what a session can miss.
    let ends = |actual_min| turned_back(&new(&[90, 135]), actual_min)[1];
    for actual_min in [42, 45, 48] {
        assert_eq!(ends(actual_min), sure(&[FIRST])[0], "{actual_min}");
    }
    for actual_min in [0, 41, 49, 75] {
        assert_eq!(ends(actual_min), inferred(&[FIRST])[0], "{actual_min}: the earlier, if nothing tells");
    }
    for actual_min in [102, 105, 108] {
        assert_eq!(ends(actual_min), sure(&[SECOND])[0], "{actual_min}");
    }
    for actual_min in [76, 101, 109] {
        assert_eq!(ends(actual_min), inferred(&[SECOND])[0], "{actual_min}: the nearer");
    }
    assert_eq!(turned_back(&new(&[90, 135]), 45)[0], sure(&[HALF_PAST_ONE])[0]);
}

#[test]
fn both_times_of_a_session_can_lie_in_the_two_hours() {
    // 02:15 to 02:25: ten minutes in either hour, or seventy from one to the other.
    let both = |actual_min| turned_back(&new(&[135, 145]), actual_min);
    assert_eq!(both(70), sure(&[FIRST, SECOND + 600]));
    assert_eq!(both(10), inferred(&[FIRST, FIRST + 600]));
    // 02:25 to 02:15 is possible in one way only, and so is what follows.
    assert_eq!(turned_back(&new(&[145, 135]), 0), sure(&[FIRST + 600, SECOND]));
}

#[test]
fn what_is_on_record_and_what_is_open_count_among_the_counted_minutes() {
    let before = FIRST - 6 * 3600;
    let events = [vec![recorded(before), recorded(before + 600)], new(&[90, 135])].concat();
    // Two sessions can miss a minute more.
    for (actual_min, expected) in [
        (51, sure(&[FIRST])),
        (50, inferred(&[FIRST])),
        (59, sure(&[FIRST])),
        (60, inferred(&[FIRST])),
        (115, sure(&[SECOND])),
    ] {
        assert_eq!(turned_back(&events, actual_min)[3..], expected, "{actual_min}");
    }
    // Open since 02:15, and it is 05:00.
    assert_eq!(turned_back(&new(&[135]), 225), sure(&[FIRST]));
    assert_eq!(turned_back(&new(&[135]), 165), sure(&[SECOND]));
    assert_eq!(turned_back(&new(&[135]), 0), inferred(&[SECOND]));
    // What comes after on the same day does not change what is sure.
    let after = turned_back(&new(&[90, 135, 200, 210]), 55);
    assert_eq!(after[1], sure(&[FIRST])[0]);
    assert_eq!(after.iter().filter(|dated| dated.inferred).count(), 0);
}

/// 02:00 to 03:00 did not come on this Sunday: what was written by hand into it means its end.
#[test]
fn a_minute_in_a_gap_is_the_end_of_the_gap() {
    let saved = datetime!(2026-03-29 08:00 UTC).unix_timestamp();
    let taken = Some(datetime!(2026-03-28 12:00 UTC).unix_timestamp());
    let zone = Zone::named("Europe/Berlin").unwrap();
    let gap = |minutes: &[Minute], taken| date(&zone, &new(minutes), &Frame { saved, taken, ..FRAME });
    let end = datetime!(2026-03-29 01:00 UTC).unix_timestamp();
    assert_eq!(gap(&[150], taken), sure(&[end]));
    assert_eq!(gap(&[150, 200], taken)[1].instant, end + 20 * 60);
    assert_eq!(gap(&[150, 190], taken)[0].instant, end);
}

const NIGHT: i64 = 24 * 60;

/// The program was left open, the task active, over nights: the counted minutes tell of days that the clock does not.
#[test]
fn whole_days_that_were_counted_and_are_missing_are_given_to_the_last_session() {
    let planned = |actual_min| Frame { planned: Some(DAYS[3]), actual_min, ..FRAME };
    let half_hour = |actual_min| in_utc(&new(&[540, 570]), &planned(actual_min));
    assert_eq!(half_hour(30 + 2 * NIGHT), inferred(&[back(3, 540), back(1, 570)]));
    assert_eq!(half_hour(30 + NIGHT), inferred(&[back(3, 540), back(2, 570)]));
    // Three minutes can be miscounted; half a day is the least that is taken for a night.
    assert_eq!(half_hour(33 + NIGHT), inferred(&[back(3, 540), back(2, 570)]));
    assert_eq!(half_hour(34 + NIGHT), inferred(&[back(3, 540), back(1, 570)]));
    assert_eq!(half_hour(33 + NIGHT / 2), inferred(&[back(3, 540), back(2, 570)]));
    assert_eq!(half_hour(32 + NIGHT / 2)[1].instant, back(3, 570));
    // Only the last session, and none while it is open: nobody counts what runs.
    let two = in_utc(&new(&[540, 550, 600, 630]), &planned(40 + NIGHT));
    assert_eq!([two[0].instant, two[1].instant], [back(3, 540), back(3, 550)]);
    assert_eq!(two[2..], inferred(&[back(3, 600), back(2, 630)]));
    assert_eq!(in_utc(&new(&[540]), &planned(40 + NIGHT))[0].instant, back(3, 540));
}

#[test]
fn the_start_lies_earlier_when_the_stop_cannot_lie_later() {
    let half_hour = |frame| in_utc(&new(&[540, 570]), &frame);
    let two_nights = Frame { actual_min: 30 + 2 * NIGHT, ..FRAME };
    assert_eq!(half_hour(two_nights), inferred(&[back(2, 540), back(0, 570)]), "nothing lies after the snapshot");
    let done = |minute| Frame { finish: Some((minute, DAYS[2])), ..two_nights };
    assert_eq!(half_hour(done(570)), inferred(&[back(4, 540), back(2, 570)]), "nor after the finish");
    assert_eq!(half_hour(done(600)), inferred(&[back(4, 540), back(2, 570)]), "even if it was paused before that");
    // But not before the last snapshot, nor before what is on record.
    let since = |days| Frame { taken: Some(back(days, 480)), ..two_nights };
    assert_eq!(half_hour(since(2)), inferred(&[back(2, 540), back(0, 570)]));
    assert_eq!(half_hour(since(1)), inferred(&[back(0, 540), back(0, 570)]));
    let more = |days| {
        let events = [vec![recorded(back(days, 480)), recorded(back(days, 500))], new(&[540, 570])].concat();
        in_utc(&events, &Frame { taken: Some(back(3, 720)), actual_min: 50 + 2 * NIGHT, ..FRAME })
    };
    assert_eq!(more(2)[2..], inferred(&[back(2, 540), back(0, 570)]));
    assert_eq!(more(1)[2].instant, back(0, 540));
}
