//! Mends what was recorded in a wrong time zone: its minutes were right, the instants that they were taken for were not.

use time::{Duration, OffsetDateTime};

use super::ingest::ingest;
use super::plan::Options;
use crate::chute_kun::snapshot::Snapshot;
use crate::sidecar::{SessionRecord, Sidecar, TaskRecord};
use crate::zone::{Minute, Zone};

/// Two clocks on earth are no further apart, from UTC-12 to UTC+14.
const FURTHEST: Duration = Duration::hours(26);

/// Dates anew each recorded session that the snapshot has and that was recorded by the clock of the `wrong` zone, as a first
/// push in the right one would, if the options cover the day that it then started on. What a journey left behind was recorded
/// by another clock than both, and stays, and so do times that a person has accepted. The whole `snapshot` is the one that
/// was ingested last.
pub fn redate(sidecar: &mut Sidecar, snapshot: &Snapshot, wrong: &Zone, zone: &Zone, options: &Options) {
    let Some(saved) = sidecar.last_snapshot_saved else { return };
    let mut anew = Sidecar::default();
    ingest(&mut anew, snapshot, saved, zone);
    let mut known: Vec<&mut TaskRecord> = sidecar.tasks.values_mut().filter(|task| task.place.is_some()).collect();
    known.sort_by_key(|task| task.place);
    for task in anew.tasks.values() {
        let Ok(at) = known.binary_search_by_key(&task.place, |known| known.place) else { continue };
        let present = known[at].sessions.iter_mut().filter(|record| !record.removed);
        for (record, dated) in present.zip(&task.sessions) {
            let shown_by = |zone: &Zone| zone.at(record.start.unix_timestamp()).offset() == record.start.offset();
            if shown_by(wrong) && !shown_by(zone) && record.minutes == dated.minutes && !record.has_accepted_times() {
                let mended = mended(record, dated, zone);
                if options.covers(&mended) {
                    *record = mended;
                }
            }
        }
    }
}

/// A wrong zone moves an instant by less than [`FURTHEST`]. Where dating anew says more, the earlier pushes knew better on
/// which day it was.
fn mended(record: &SessionRecord, dated: &SessionRecord, zone: &Zone) -> SessionRecord {
    let mut mended = record.clone();
    if (dated.start - record.start).abs() <= FURTHEST {
        (mended.start, mended.stop) = (dated.start, dated.stop);
        (mended.inferred, mended.other_day) = (dated.inferred, dated.other_day);
        return mended;
    }
    let start = on_its_day(record.start, record.minutes.start, zone);
    mended.stop = record.stop.zip(record.minutes.end).map(|(stop, end)| on_its_day(stop, end, zone).max(start));
    mended.start = start;
    mended
}

/// When the clock of the zone showed the minute on the day of `was`; for a minute that it skipped, the end of the gap.
fn on_its_day(was: OffsetDateTime, minute: Minute, zone: &Zone) -> OffsetDateTime {
    let day = was.date();
    let shown = zone.readings(day, minute).first().or_else(|| zone.gap_end(day, minute));
    shown.map_or(was, |instant| zone.at(instant))
}
