//! The calls that only look.

use std::cmp::Reverse;

use chute_toggl::toggl::Bucket;
use serde_json::json;
use time::Duration;

use super::Entry;
use super::instant;
use super::route::parameters;
use super::state::{Outcome, Refused, Sandbox};

/// More entries than this are left out of a list without a word.
const LIST_MAX: usize = 1000;

/// Which entries a list is about.
enum Which {
    /// Those that start in this time; live ones only.
    Started(std::ops::Range<i64>),
    /// Those changed or deleted at or after this second.
    ChangedSince(i64),
    /// The latest live ones.
    Latest,
}

impl Which {
    fn has(&self, entry: &Entry) -> bool {
        match self {
            Self::Started(range) => entry.deleted.is_none() && range.contains(&entry.start),
            Self::ChangedSince(since) => entry.at >= *since,
            Self::Latest => entry.deleted.is_none(),
        }
    }
}

impl Sandbox {
    pub(super) fn me(&mut self) -> Outcome {
        let person = &self.rules.person;
        let me = json!({
            "id": person.id,
            "email": person.email,
            "fullname": person.fullname,
            "timezone": person.timezone,
            "default_workspace_id": self.rules.workspaces.first(),
            "beginning_of_week": 1,
            // The real one tells the token, too.
            "api_token": self.rules.token,
        });
        Ok(me.to_string())
    }

    /// One entry, in whatever workspace. It does not lag.
    pub(super) fn one(&mut self, id: i64) -> Outcome {
        let found = self.entry(id).filter(|entry| entry.deleted.is_none() || self.rules.deleted_by_id);
        let Some(entry) = found else { return Err(Refused(404, "Time entry not found".to_owned())) };
        self.enter_workspace(entry.workspace)?;
        let mut out = String::new();
        entry.push_json(&mut out, self.shape, self.rules.person.id);
        self.shape = self.shape.wrapping_add(1);
        Ok(out)
    }

    pub(super) fn list(&mut self, query: &str, now_ms: i64) -> Outcome {
        let which = self.which(query, now_ms)?;
        let limit_ms = now_ms - self.rules.lag_ms;
        let visible = self.entries.values().filter_map(|stored| stored.visible(limit_ms));
        let mut found: Vec<&Entry> =
            visible.filter(|entry| which.has(entry) && self.enter_workspace(entry.workspace).is_ok()).collect();
        found.sort_unstable_by_key(|entry| Reverse((entry.start, entry.id)));
        found.truncate(LIST_MAX);
        let mut out = "[".to_owned();
        for (at, entry) in found.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            entry.push_json(&mut out, self.shape, self.rules.person.id);
            self.shape = self.shape.wrapping_add(1);
        }
        out.push(']');
        Ok(out)
    }

    /// Reads the query of a list.
    fn which(&mut self, query: &str, now_ms: i64) -> Result<Which, Refused> {
        let (mut since, mut from, mut to) = (None, None, None);
        for (name, value) in parameters(query) {
            let place = match name.as_str() {
                "since" => &mut since,
                "start_date" => &mut from,
                "end_date" => &mut to,
                _ => return Err(self.breach(&format!("the parameter {name} is not known"))),
            };
            *place = Some(value);
        }
        let floor = instant::list_floor(self.wall(now_ms)).saturating_add(Duration::days(self.rules.days_not_listed));
        let too_early = |name: &str| Refused(400, format!("{name} must not be earlier than {floor}"));
        match (since, from, to) {
            (Some(since), None, None) => match since.parse() {
                Ok(since) if since < instant::midnight(floor) => Err(too_early("start_date")),
                Ok(since) => Ok(Which::ChangedSince(since)),
                Err(_) => Err(self.breach("since is not a unix second")),
            },
            (None, Some(from), Some(to)) => {
                let range = (instant::parse_day_or_instant(&from), instant::parse_day_or_instant(&to));
                let (Some(from), Some(to)) = range else {
                    return Err(self.breach("start_date or end_date is neither a day nor in RFC 3339"));
                };
                if from < instant::midnight(floor) {
                    return Err(too_early("start_date"));
                }
                if to < from {
                    return Err(self.breach("end_date must not be before start_date"));
                }
                Ok(Which::Started(from..to))
            }
            (None, None, None) => {
                self.violate("a list of no particular time");
                Ok(Which::Latest)
            }
            _ => Err(self.breach("either since, or both start_date and end_date")),
        }
    }

    pub(super) fn current(&mut self, now_ms: i64) -> Outcome {
        let running = match self.rules.lag_ms {
            0 => self.running.and_then(|id| self.entry(id)),
            lag_ms => {
                let visible = self.entries.values().filter_map(|stored| stored.visible(now_ms - lag_ms));
                visible.into_iter().find(|entry| entry.is_running())
            }
        };
        let seen = running.filter(|entry| self.enter_workspace(entry.workspace).is_ok());
        let Some(entry) = seen else { return Ok("null".to_owned()) };
        let mut out = String::new();
        entry.push_json(&mut out, self.shape, self.rules.person.id);
        self.shape = self.shape.wrapping_add(1);
        Ok(out)
    }

    pub(super) fn quota(&mut self, now_ms: i64) -> Outcome {
        let buckets = [(None, Bucket::User), (Some(self.rules.organization), Bucket::Workspace)];
        let rows = buckets.map(|(organization, bucket)| {
            let headers = self.quota_headers(bucket, now_ms);
            json!({
                "organization_id": organization,
                "remaining": headers.remaining,
                "resets_in_secs": headers.resets_in,
                "total": self.total(bucket),
            })
        });
        Ok(json!(rows).to_string())
    }
}
