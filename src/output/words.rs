//! Numbers, spans and instants as words.

use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcOffset};

use crate::reconcile::names;
use crate::reconcile::plan::{HoldReason, NoProject};
use crate::reconcile::selection::LeftAlone;
use crate::zone::Zone;

/// `1,240`.
pub fn number(n: impl TryInto<u64>) -> String {
    let digits = n.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 session`, `2 sessions`.
pub fn count(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", number(n), if n == 1 { "" } else { "s" })
}

/// `1 entry`, `2 entries`.
pub fn entries(n: usize) -> String {
    by_number(n, "# entr[y|ies]")
}

/// A text about so many: `#` stands for the number, and `[is|are]` for the first word if it is one, else the second.
pub fn by_number(n: usize, text: &str) -> String {
    let is_one = |(one, several)| if n == 1 { one } else { several };
    text.replace('#', &number(n)).split(['[', ']']).map(|part| part.split_once('|').map_or(part, is_one)).collect()
}

/// Hours and minutes, seconds cut off: `0:45`.
pub fn hours(seconds: i64) -> String {
    let minutes = (seconds / 60).unsigned_abs();
    let sign = if seconds <= -60 { "-" } else { "" };
    format!("{sign}{}:{:02}", number(minutes / 60), minutes % 60)
}

/// How long something takes, roughly: `about 4 s`. Nothing below a second.
pub fn roughly(seconds: u64) -> Option<String> {
    match seconds {
        0 => None,
        1..=90 => Some(format!("about {seconds} s")),
        91..=5400 => Some(format!("about {} min", seconds.div_ceil(60))),
        _ => Some(format!("about {} h", number(seconds.div_ceil(3600)))),
    }
}

/// How long something lasts, in the two largest units that matter: `150 s`, `45 min`, `9 h 2 min`, `3 days 4 h`.
fn lasting(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        ..300 => format!("{seconds} s"),
        300..7200 => format!("{minutes} min"),
        7200..172_800 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} days {} h", number(hours / 24), hours % 24),
    }
}

/// Seconds within which two clocks agree.
const CLOCKS_AGREE: u64 = 120;

/// How far this machine's clock is off, if that is worth a word. `skew` is by how many seconds Toggl's is ahead of it.
#[must_use]
pub fn clock_off(skew: i64) -> Option<String> {
    let than = if skew > 0 { "behind" } else { "ahead of" };
    let off = skew.unsigned_abs();
    (off > CLOCKS_AGREE).then(|| format!("this machine's clock is {} {than} Toggl's", lasting(off)))
}

/// How long ago, roughly: `3 h ago`.
#[must_use]
pub fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => "just now".to_owned(),
        60..5400 => format!("{} min ago", seconds / 60),
        5400..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", number(seconds / 86_400)),
    }
}

/// `Mon 2026-05-11`.
pub fn day(date: Date) -> String {
    date.format(format_description!("[weekday repr:short] [year]-[month]-[day]")).unwrap_or_else(|_| date.to_string())
}

/// `Mon 2026-05-11 09:05`, by the offset of the instant.
pub fn day_and_minute(at: OffsetDateTime) -> String {
    format!("{} {}", day(at.date()), minute(at))
}

/// The instant on the clock of that offset; on its own where that clock would show a year of five digits.
pub fn local(at: OffsetDateTime, offset: UtcOffset) -> OffsetDateTime {
    at.checked_to_offset(offset).unwrap_or(at)
}

/// What the clock showed: `09:05`.
pub fn minute(at: OffsetDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// What the clock showed: `09:05:13`.
pub fn second(at: OffsetDateTime) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// From when to when, by the offsets of the instants: `09:05-09:50`, `23:30-00:20 (+1)`, `09:05-`.
pub fn span(start: OffsetDateTime, stop: Option<OffsetDateTime>, clock: fn(OffsetDateTime) -> String) -> String {
    let Some(stop) = stop else { return format!("{}-", clock(start)) };
    match stop.date().to_julian_day() - start.date().to_julian_day() {
        0 => format!("{}-{}", clock(start), clock(stop)),
        days => format!("{}-{} ({days:+})", clock(start), clock(stop)),
    }
}

/// An instant (unix seconds) in the zone: the time alone if it is today's.
pub fn moment(at: i64, now: i64, zone: &Zone) -> String {
    let time = minute(zone.at(at));
    if zone.date(at) == zone.date(now) { time } else { format!("{} {time}", day(zone.date(at))) }
}

/// The next full minute: a time without seconds must not be too early.
pub fn moment_from(at: i64, now: i64, zone: &Zone) -> String {
    moment(at.saturating_add(59).div_euclid(60).saturating_mul(60), now, zone)
}

/// Why the settings leave a session alone.
pub fn left_alone(why: LeftAlone) -> String {
    match why {
        LeftAlone::BeforeSince => "before `since`".to_owned(),
        LeftAlone::Skipped(rule) => format!("skipped by rule {rule}"),
        LeftAlone::TooShort => "too short".to_owned(),
        LeftAlone::Running => "running".to_owned(),
    }
}

/// `#client #deep work`, or that there are none.
pub fn tags(tags: &[String]) -> String {
    let tags: Vec<String> = tags.iter().map(|tag| format!("#{tag}")).collect();
    if tags.is_empty() { "with nothing".to_owned() } else { tags.join(" ") }
}

/// A name in the settings that means no project, and what to do.
pub fn no_project(no_project: &NoProject) -> String {
    let name = &no_project.name;
    let says = match no_project.rule {
        Some(at) => format!("Rule {} (line {}) says `{name}`", at.number, at.line),
        None => format!("The settings say `{name}`"),
    };
    if !no_project.fitting.is_empty() {
        let fitting = names::list(&no_project.fitting);
        return format!("{says}, which could be any of {fitting}. Write the number of the right one, without quotes.");
    }
    let number = match name.parse::<u64>() {
        Ok(_) => " A project's number is written without quotes.",
        Err(_) => "",
    };
    format!(
        "{says}, and Toggl lists no active project of that name in this workspace. Correct the name, or make the \
         project in Toggl and push again.{number}"
    )
}

/// What it means for so many sessions, and what to do.
pub fn meaning(why: HoldReason, n: usize) -> String {
    let text = match why {
        HoldReason::Open => {
            "# session[|s] [is|are] open and not running, so there is nothing yet to send. [It is|They are] sent once [it \
             ends or runs|they end or run] again:"
        }
        HoldReason::Removed => {
            "# session[|s] [was|were] removed from Chute_kun. [Its entry stays|Their entries stay] in Toggl until you run \
             `chute-toggl push --prune`, which deletes no entry that it adopted:"
        }
        HoldReason::Assumed => {
            "# session[|s] [is|are] not among what Toggl lists and [is|are] assumed to be there already. If [it is|they \
             are] not, `chute-toggl push --send-unlisted` sends [it|them]:"
        }
        HoldReason::Acknowledged => {
            "# session[|s] [was|were] rejected by Toggl, as you know. Nothing is sent until [it changes|they change], or \
             with `chute-toggl push --retry-rejected`:"
        }
        HoldReason::Uncertain => {
            "# session[|s] may or may not be in Toggl, because the answer to a request was lost. The next push looks there \
             before it sends [it|them] again:"
        }
        HoldReason::Reopened => {
            "# session[|s] had ended and [is|are] open again, which Chute_kun never does. Was the snapshot restored, cut or \
             edited? Toggl keeps the end that it has. Put the snapshot right, or end the session[|s] again:"
        }
        HoldReason::Workspace => {
            "# session[|s] [is|are] held back, because the token does not reach the workspace that they belong to:"
        }
        HoldReason::Rejected => "Toggl rejected # session[|s]:",
        HoldReason::NoProject => "# session[|s] [waits|wait] for a project, and [is|are] sent once it is known:",
    };
    by_number(n, text)
}
