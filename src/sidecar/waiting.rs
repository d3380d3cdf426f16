//! What was said last of what waits to be sent or needs attention, so that whoever wants quiet hears of it when it is new, then
//! once a day and not every time.

use serde::{Deserialize, Serialize};

use super::{Digest, Sidecar};

/// Seconds: what waits no longer is routine, and so is silence for no longer.
const DAY: i64 = 86_400;

/// Something was left to a later run, and has been since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// When a run first left something, unix seconds.
    pub since: i64,
    /// When that was last said, unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<i64>,
}

/// What needed attention, beside what Toggl rejected, when that was last said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// A digest of it: only whether it is still the same counts.
    pub what: String,
    /// When it was said, unix seconds.
    pub at: i64,
}

impl Sidecar {
    /// Records at the end of a push, `now` in unix seconds, what needs attention, if anything does. Returns whether that is
    /// to be said even to whoever wants quiet: it is not the same as before, or was not said for a day.
    pub fn note_attention(&mut self, what: Option<Digest>, now: i64) -> bool {
        let what = what.map(|what| what.to_string());
        let known = self.attention.take().filter(|said| Some(&said.what) == what.as_ref());
        let Some(what) = what else { return false };
        let is_known = known.as_ref().is_some_and(|said| (0..DAY).contains(&(now - said.at)));
        self.attention = known.filter(|_| is_known).or(Some(Said { what, at: now }));
        !is_known
    }

    /// Records at the end of a push, `now` in unix seconds, whether something is left to a later one. Returns since when,
    /// if that is to be said even to whoever wants quiet: it is over a day, and was not said for a day.
    pub fn note_waiting(&mut self, is_left: bool, now: i64) -> Option<i64> {
        if !is_left {
            self.waiting = None;
            return None;
        }
        let Waiting { since, said } = self.waiting.unwrap_or(Waiting { since: now, said: None });
        // A clock that was wrong once is no reason to be silent for good.
        let (since, said) = (since.min(now), said.filter(|&said| said <= now));
        let is_due = now - since >= DAY && said.is_none_or(|said| now - said >= DAY);
        self.waiting = Some(Waiting { since, said: if is_due { Some(now) } else { said } });
        is_due.then_some(since)
    }

    /// What Toggl rejected, and would again, needs no attention any more: the person knows of it. Returns how many.
    pub fn acknowledge_rejections(&mut self) -> usize {
        let records = self.tasks.values_mut().flat_map(|task| &mut task.sessions);
        let new = records.filter_map(|record| record.rejected.as_deref_mut()).filter(|rejected| !rejected.acknowledged);
        new.map(|rejected| rejected.acknowledged = true).count()
    }
}
