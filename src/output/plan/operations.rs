//! Operations, one line a session, grouped by day; of many, what they come to by day, month or year.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use time::{Date, Duration, OffsetDateTime};

use crate::output::View;
use crate::output::escape::{cut, escape, width};
use crate::output::layout::{Ink, Page, pad, pad_left};
use crate::output::words;
use crate::reconcile::plan::{Change, Operation, OperationKind, Wanted};
use crate::reconcile::selection::NameOrId;
use crate::sidecar::{SessionKey, SessionRecord};
use crate::toggl::description_of;

/// More operations than this are summed up.
const MOST_LINES: usize = 40;

/// More periods than this are summed up by longer ones.
const MOST_PERIODS: usize = 60;

/// Sessions that are longer are marked: most likely something was forgotten.
pub const LONG: Duration = Duration::hours(16);

/// One session that an operation is for.
struct Row<'a> {
    operation: &'a Operation,
    key: SessionKey,
    record: Option<&'a SessionRecord>,
    title: &'a str,
    start: OffsetDateTime,
    stop: Option<OffsetDateTime>,
    inferred: bool,
}

/// The operations, as one line a session or summed up.
pub fn operations(page: &mut Page, view: &View<'_>, operations: &[Operation]) {
    if operations.is_empty() {
        return;
    }
    let mut rows: Vec<Row<'_>> = operations.iter().flat_map(|operation| rows(operation, view)).collect();
    rows.sort_by_key(|row| (row.start.date(), row.start.unix_timestamp(), row.operation.kind, row.key));
    if page.is_verbose() || rows.len() <= MOST_LINES {
        table(page, view, &rows);
    } else {
        sums(page, &rows);
    }
    page.gap();
}

/// How many sessions the operations of each kind are for: `stop 1, create 3`.
pub fn by_kind<'a>(operations: impl IntoIterator<Item = &'a Operation>) -> String {
    let mut sums = BTreeMap::new();
    for operation in operations {
        *sums.entry(operation.kind).or_insert(0_usize) += operation.sessions.len();
    }
    kinds(&sums)
}

fn kinds(sums: &BTreeMap<OperationKind, usize>) -> String {
    let sums: Vec<String> = sums.iter().map(|(&kind, &n)| format!("{} {}", kind.word(), words::number(n))).collect();
    sums.join(", ")
}

fn rows<'a>(operation: &'a Operation, view: &View<'a>) -> impl Iterator<Item = Row<'a>> {
    let sidecar = view.sidecar;
    let is_one = operation.sessions.len() == 1;
    operation.sessions.iter().map(move |&key| {
        let known = sidecar.record(key);
        let record = known.map(|(_, record)| record);
        // One for several titles tells the first only.
        let title = known
            .filter(|_| operation.kind == OperationKind::Reclassify)
            .map_or(&operation.title, |(task, _)| &task.title);
        // An operation for several tells the times of the first only.
        let times = record.filter(|_| !is_one);
        Row {
            operation,
            key,
            record,
            title,
            start: times.map_or(operation.start, |record| record.start),
            stop: times.map_or(operation.stop, |record| record.stop),
            inferred: times.map_or(operation.inferred, |record| record.inferred),
        }
    })
}

/// The sign and colour of an operation's word; of one that is not known, none.
pub fn sign_of(word: &str) -> (&'static str, Ink) {
    OperationKind::ALL.into_iter().find(|kind| kind.word() == word).map_or((" ", Ink::Dim), sign)
}

fn sign(kind: OperationKind) -> (&'static str, Ink) {
    match kind {
        OperationKind::Create => ("+", Ink::Green),
        OperationKind::Start | OperationKind::Resume => (">", Ink::Green),
        OperationKind::Halt | OperationKind::Stop => (".", Ink::Yellow),
        OperationKind::Update | OperationKind::Rename | OperationKind::Reclassify => ("*", Ink::Yellow),
        OperationKind::Delete => ("-", Ink::Red),
    }
}

/// A row as the texts of its cells.
struct Cells {
    span: String,
    length: String,
    marks: String,
    title: String,
    why: String,
}

impl Cells {
    /// The title, in a column of `aligned` if that leaves room for the whole reason, and the reason. A short reason
    /// gives its room to a long title and the other way round; together they take no more than `room`.
    fn title_and_why(&self, aligned: usize, room: usize) -> (String, String) {
        let why = width(&self.why).min(room.saturating_sub(width(&self.title)).max(room * 3 / 5));
        let title = cut(&self.title, room - why);
        let column = aligned.min(room - why);
        (pad(&title, column), cut(&self.why, why))
    }
}

/// What a title and a reason need beside each other; where there is less, they get a line of their own.
const LEAST_ROOM: usize = 24;

fn table(page: &mut Page, view: &View<'_>, rows: &[Row<'_>]) {
    let cells: Vec<Cells> = rows.iter().map(|row| row.cells(view)).collect();
    let widest = |cell: fn(&Cells) -> &str| cells.iter().map(|cells| width(cell(cells))).max().unwrap_or(0);
    let (span, length, marks) = (widest(|c| &c.span), widest(|c| &c.length), widest(|c| &c.marks));
    // Two blanks, sign, blank, word, and two blanks between the cells.
    let word = rows.iter().map(|row| row.operation.kind.word().len()).max().unwrap_or(0).max("create".len());
    let taken = 4 + word + 2 + span + 2 + length + marks + 2;
    let beside = page.columns().saturating_sub(taken + 2);
    let is_beside = beside >= LEAST_ROOM;
    let indent = " ".repeat(4);
    let room = if is_beside { beside } else { page.columns() - indent.len() - 2 };
    let most = widest(|c| &c.why).min(room / 2);
    let title = widest(|c| &c.title).min(room - most);

    let mut day: Option<Date> = None;
    for (row, cells) in rows.iter().zip(&cells) {
        let date = row.start.date();
        if day != Some(date) {
            let total: i64 = rows.iter().filter(|row| row.start.date() == date).map(Row::seconds).sum();
            let total = if total > 0 { format!("  {} h", words::hours(total)) } else { String::new() };
            page.line(&[(Ink::Plain, &words::day(date)), (Ink::Dim, &total)]);
            day = Some(date);
        }
        let (sign, ink) = sign(row.operation.kind);
        let what = format!("{sign} {:word$}", row.operation.kind.word());
        let times = format!("  {}  {}", pad(&cells.span, span), pad_left(&cells.length, length));
        let times = format!("{times}{}", pad(&cells.marks, marks));
        let (title, why) = cells.title_and_why(title, room);
        if is_beside {
            let title = format!("  {title}  ");
            page.line(&[
                (Ink::Plain, "  "),
                (ink, &what),
                (Ink::Plain, &times),
                (Ink::Plain, &title),
                (Ink::Dim, &why),
            ]);
        } else {
            let title = format!("{indent}{title}  ");
            page.line(&[(Ink::Plain, "  "), (ink, &what), (Ink::Plain, &times)]);
            page.line(&[(Ink::Plain, &title), (Ink::Dim, &why)]);
        }
    }
    let used: String = cells.iter().map(|cells| cells.marks.as_str()).collect();
    legend(page, &used);
    rules_used(page, rows);
}

impl Row<'_> {
    /// Worked, in seconds, as far as it has ended.
    fn seconds(&self) -> i64 {
        match (self.operation.kind, self.stop) {
            (OperationKind::Delete, _) | (_, None) => 0,
            (_, Some(stop)) => (stop - self.start).whole_seconds(),
        }
    }

    fn cells(&self, view: &View<'_>) -> Cells {
        Cells {
            span: words::span(self.start, self.stop, words::minute),
            length: self.stop.map_or(String::new(), |stop| words::hours((stop - self.start).whole_seconds())),
            marks: self.marks(view),
            title: escape(self.title),
            why: escape(&(self.why() + &self.other_day())),
        }
    }

    fn marks(&self, view: &View<'_>) -> String {
        let runs = matches!(self.operation.kind, OperationKind::Start | OperationKind::Resume);
        let seconds = match self.stop {
            Some(stop) => (stop - self.start).whole_seconds(),
            None if runs => view.now.saturating_sub(self.start.unix_timestamp()),
            None => 0,
        };
        marks(self.start, self.stop, self.inferred, seconds)
    }

    /// The day on which the session may lie as well.
    fn other_day(&self) -> String {
        let record = self.record.filter(|record| record.inferred);
        let day = record.and_then(|record| record.other_day);
        day.map_or(String::new(), |day| format!(", or {}", words::day(day)))
    }

    fn why(&self) -> String {
        let operation = self.operation;
        match operation.kind {
            OperationKind::Create | OperationKind::Start => format!("new{}", wanted(&operation.wanted)),
            OperationKind::Delete => match operation.left_alone {
                Some(why) => words::left_alone(why),
                None => "removed from Chute_kun".to_owned(),
            },
            OperationKind::Halt if self.record.is_some_and(|record| record.removed) => {
                "removed from Chute_kun".to_owned()
            }
            OperationKind::Halt => "no longer runs".to_owned(),
            OperationKind::Stop if operation.changes.iter().any(|change| matches!(change, Change::Start(_))) => {
                self.differences("")
            }
            OperationKind::Stop => self.differences("was running"),
            OperationKind::Resume => self.differences("runs again"),
            OperationKind::Update | OperationKind::Rename => self.differences(""),
            OperationKind::Reclassify => reclassified(operation),
        }
    }

    /// What was sent before.
    fn differences(&self, first: &str) -> String {
        let mut old_title: Option<&str> = None;
        let (mut old_start, mut old_stop) = (None, None);
        for change in &self.operation.changes {
            match change {
                Change::Title(title) => old_title = Some(title),
                Change::Start(start) => old_start = Some(*start),
                Change::Stop(stop) => old_stop = *stop,
                Change::Project(_) | Change::Tags(_) => {}
            }
        }
        // Of several, each had a title of its own; once it is done, only the first one's is still known.
        let sent = self.record.and_then(|record| record.last_sent.as_ref()).map(|entry| &*entry.description);
        if old_title.is_some() && self.operation.kind == OperationKind::Rename {
            old_title = sent.filter(|&sent| sent != description_of(&self.operation.title)).or(old_title);
        }
        let mut why = first.to_owned();
        if old_start.is_some() || old_stop.is_some() {
            let separator = if why.is_empty() { "" } else { ", " };
            let _ = write!(why, "{separator}was {}", self.old_span(old_start, old_stop));
        }
        if let Some(title) = old_title {
            let separator = if why.is_empty() { "" } else { ", " };
            let _ = match title {
                "" => write!(why, "{separator}renamed"),
                _ => write!(why, "{separator}renamed from \"{title}\""),
            };
        }
        why
    }

    /// The times before, by the offset of the times now; to the second where the minutes do not show the difference.
    fn old_span(&self, start: Option<OffsetDateTime>, stop: Option<OffsetDateTime>) -> String {
        let offset = self.start.offset();
        let old_start = words::local(start.unwrap_or(self.start), offset);
        let stop_offset = self.stop.map_or(offset, OffsetDateTime::offset);
        let unchanged = self.stop.filter(|_| self.operation.kind != OperationKind::Stop);
        let old_stop = stop.or(unchanged).map(|stop| words::local(stop, stop_offset));
        let mut old = words::span(old_start, old_stop, words::minute);
        let is_another_day = old_start.date() != self.start.date();
        if !is_another_day && old == words::span(self.start, self.stop, words::minute) {
            old = words::span(old_start, old_stop, words::second);
        }
        if is_another_day { format!("{} {old}", words::day(old_start.date())) } else { old }
    }
}

/// The rule that decided, project and tags: ` (rule 1): ACME redesign, #client`. Nothing where nothing is set.
fn wanted(wanted: &Wanted) -> String {
    let tags = (!wanted.tags.is_empty()).then(|| words::tags(&wanted.tags));
    let parts: Vec<String> = wanted.project.as_ref().map(project).into_iter().chain(tags).collect();
    let rule = rule(wanted);
    if parts.is_empty() { rule } else { format!("{rule}: {}", parts.join(", ")) }
}

/// The same for what changes of an entry that is there.
fn reclassified(operation: &Operation) -> String {
    let wanted = &operation.wanted;
    let project = operation.changes_project().then(|| wanted.project.as_ref().map_or("no project".to_owned(), project));
    let tags = operation.changes_tags().then(|| match wanted.tags.is_empty() {
        true => "no tags".to_owned(),
        false => words::tags(&wanted.tags),
    });
    let parts: Vec<String> = project.into_iter().chain(tags).collect();
    format!("{}{}", parts.join(", "), rule(wanted))
}

fn project(project: &NameOrId) -> String {
    match project {
        NameOrId::Name(name) => name.to_string(),
        NameOrId::Id(id) => format!("project {id}"),
    }
}

fn rule(wanted: &Wanted) -> String {
    wanted.rule.map_or(String::new(), |at| format!(" (rule {})", at.number))
}

/// The marks of a session of so many seconds.
fn marks(start: OffsetDateTime, stop: Option<OffsetDateTime>, inferred: bool, seconds: i64) -> String {
    let mut marks = String::new();
    if inferred {
        marks.push('~');
    }
    if seconds > LONG.whole_seconds() {
        marks.push('!');
    }
    if stop.is_some_and(|stop| stop.offset() != start.offset()) {
        marks.push('^');
    }
    marks
}

fn legend(page: &mut Page, used: &str) {
    let meanings = [
        ('~', "~ the day is inferred; if it is another one, correct it in Toggl"),
        ('!', "! longer than 16 hours"),
        ('^', "^ the clock was turned, or the zone changed, in between"),
    ];
    for (_, meaning) in meanings.iter().filter(|(mark, _)| used.contains(*mark)) {
        page.labelled(&[], 2, Ink::Dim, meaning);
    }
}

/// Where the rules stand that decided about rows.
fn rules_used(page: &mut Page, rows: &[Row<'_>]) {
    let says = |kind: OperationKind| kind.makes_an_entry() || kind == OperationKind::Reclassify;
    let used = rows.iter().filter(|row| says(row.operation.kind)).filter_map(|row| row.operation.wanted.rule);
    let lines: BTreeMap<usize, usize> = used.map(|at| (at.number, at.line)).collect();
    if !lines.is_empty() {
        let lines: Vec<String> = lines.iter().map(|(number, line)| format!("rule {number}: line {line}")).collect();
        page.labelled(&[], 2, Ink::Dim, &format!("{} of the settings file", lines.join(", ")));
    }
}

/// What the rows of one period come to.
#[derive(Default)]
struct Sum {
    kinds: BTreeMap<OperationKind, usize>,
    seconds: i64,
    inferred: usize,
}

/// How a period is named.
type Period = fn(Date) -> String;

fn sums(page: &mut Page, rows: &[Row<'_>]) {
    let periods: [Period; 3] = [
        words::day,
        |date| format!("{:04}-{:02}", date.year(), u8::from(date.month())),
        |date| format!("{:04}", date.year()),
    ];
    let mut sums: Vec<(String, Sum)> = Vec::new();
    for period in periods {
        sums.clear();
        let mut last: Option<Date> = None;
        for row in rows {
            let date = row.start.date();
            if last != Some(date) {
                last = Some(date);
                let name = period(date);
                if sums.last().is_none_or(|(last, _)| *last != name) {
                    sums.push((name, Sum::default()));
                }
            }
            if let Some((_, sum)) = sums.last_mut() {
                *sum.kinds.entry(row.operation.kind).or_insert(0) += 1;
                sum.inferred += usize::from(row.inferred);
                sum.seconds += row.seconds();
            }
        }
        if sums.len() <= MOST_PERIODS {
            break;
        }
    }
    for (name, sum) in &sums {
        let time = if sum.seconds > 0 { format!(", {}", words::hours(sum.seconds)) } else { String::new() };
        let inferred = match sum.inferred {
            0 => String::new(),
            n => format!(", {} inferred", words::number(n)),
        };
        page.cut_line(&format!("{name}  {}{time}{inferred}", kinds(&sum.kinds)));
    }
    page.line(&[(Ink::Dim, "`-v` lists every session.")]);
}
