//! What was sent, by day, newest last.

use time::Date;

use super::Style;
use super::escape::{cut, escape, escape_json, width};
use super::layout::{Ink, Page};
use super::plan::operations::sign_of;
use super::words::{self, day, local, minute, span};
use crate::sidecar::log::{LogLine, Values};
use crate::zone::Zone;

/// One line a change, under the day on which it was sent.
#[must_use]
pub fn log_text(lines: &[LogLine], zone: &Zone, style: &Style) -> String {
    let mut page = Page::new(style);
    let mut heading: Option<Date> = None;
    for line in lines {
        let sent = zone.date(line.at.unix_timestamp());
        if heading != Some(sent) {
            page.line(&[(Ink::Plain, &day(sent))]);
            heading = Some(sent);
        }
        change(&mut page, line, zone, sent);
    }
    if lines.is_empty() {
        page.line(&[(Ink::Plain, "The log has nothing of that.")]);
    }
    page.finish()
}

/// The lines as they are in the file.
#[must_use]
pub fn log_json(lines: &[LogLine]) -> String {
    let lines: Vec<String> =
        lines.iter().filter_map(|line| serde_json::to_string(line).ok()).map(|line| escape_json(&line)).collect();
    lines.join("\n")
}

/// `  18:02  + create  09:05-09:50  Write report`; the session's day where it is not the one of the heading.
pub(super) fn change(page: &mut Page, line: &LogLine, zone: &Zone, heading: Date) {
    let time = minute(zone.at(line.at.unix_timestamp()));
    let (sign, ink) = sign_of(&line.operation);
    let time = format!("  {time}  ");
    let what = format!("{sign} {:6}", line.operation);
    let values =
        line.new.as_ref().or(line.old.as_ref()).map_or_else(String::new, |values| values_text(values, heading));
    let room = page.columns().saturating_sub(width(&time) + width(&escape(&what)) + 2);
    let values = cut(&escape(&values), room);
    let outcome = cut(&escape(&outcome(line)), room.saturating_sub(width(&values) + 2));
    page.line(&[(Ink::Dim, &time), (ink, &what), (Ink::Plain, &format!("  {values}  ")), (Ink::Dim, &outcome)]);
}

fn values_text(values: &Values, heading: Date) -> String {
    let date = values.start.date();
    let date = if date == heading { String::new() } else { format!("{} ", day(date)) };
    format!("{date}{}  {}", span(values.start, values.stop, minute), values.description)
}

/// What was there before, or what became of it if it was not done.
fn outcome(line: &LogLine) -> String {
    if let Some(text) = &line.text {
        return format!("rejected ({}): {}", line.status, text);
    }
    let (Some(old), Some(new)) = (&line.old, &line.new) else {
        let is_lost = line.new.is_none() && line.operation != "delete";
        return if is_lost { "no longer in Toggl".to_owned() } else { String::new() };
    };
    let mut changes = Vec::new();
    if (old.start, old.stop) != (new.start, new.stop) {
        // By the offset of the new times: those of another zone could read the same.
        let start = local(old.start, new.start.offset());
        let stop = old.stop.map(|stop| local(stop, new.stop.unwrap_or(new.start).offset()));
        let date = if start.date() == new.start.date() { String::new() } else { format!("{} ", day(start.date())) };
        changes.push(format!("was {date}{}", span(start, stop, minute)));
    }
    if old.description != new.description {
        changes.push(format!("renamed from \"{}\"", old.description));
    }
    if old.project != new.project {
        changes.push(old.project.map_or("was in no project".to_owned(), |project| format!("was in project {project}")));
    }
    if old.tags != new.tags {
        changes.push(format!("was tagged {}", words::tags(&old.tags)));
    }
    changes.join(", ")
}
