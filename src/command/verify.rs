//! `verify`: compares what Toggl holds with what was sent. With `--repair` it takes the difference into the records
//! and pushes, with `--accept` it lets it stand; without, it only reads and writes nothing.

use std::ops::RangeInclusive;
use std::time::Duration;

use time::{Date, OffsetDateTime};

use super::input::{self, Input};
use super::push::{early, off, outcome};
use super::selector::Selector;
use super::{CommandError, Context};
use crate::chute_kun::snapshot;
use crate::cli::{Common, Format, VerifyArgs};
use crate::execute::{Effects, Event, Report, StopReason, Watch, check_account, execute};
use crate::exit::Exit;
use crate::output::progress::{Both, Progress};
use crate::output::{self, Verdict};
use crate::reconcile::drift::{Acceptance, Comparison, Ground, accept, compare, repair};
use crate::reconcile::ingest::Depth;
use crate::reconcile::plan::{Options, Plan, plan};
use crate::reconcile::recovery::LAG;
use crate::settings::{self, Settings};
use crate::sidecar::file::{SidecarFile, Store};
use crate::sidecar::{SessionKey, SessionRecord, Sidecar, TaskRecord};
use crate::toggl::http::Client;
use crate::toggl::token::Token;
use crate::toggl::{Call, Outcome, Refusal, SendError, SendPolicy, Sender, WorkspaceId, questions};

/// What is done about the difference.
enum Mode {
    /// Nothing.
    Look,
    /// Toggl's side yields.
    Repair,
    /// Toggl's side stands, of these sessions; of all that differ if none is named.
    Accept(Vec<SessionKey>),
}

/// What was found, and what became of it.
struct Verified {
    comparison: Comparison,
    /// The days (UTC) that were compared.
    days: RangeInclusive<Date>,
    /// What a repair sent.
    report: Option<Report>,
    /// What was accepted.
    acceptance: Option<Acceptance>,
}

/// All that a run comes to.
struct Work {
    input: Input,
    /// The records that were compared, before anything was done about them.
    before: Sidecar,
    /// What a push would send of them.
    planned: Plan,
    verified: Result<Verified, StopReason>,
}

/// Runs `verify`.
///
/// # Errors
/// A [`CommandError`], in which case nothing was sent, unless it is of the result's output.
pub fn verify(args: &VerifyArgs, common: &Common, context: &mut Context<'_>) -> Result<Exit, CommandError> {
    let settings = Settings::read(common, context.variable)?;
    if settings.is_off && args.repair {
        return off("repaired", common, context);
    }
    let token = settings::token(context.variable)?;
    if input::is_nothing_yet(&settings)? {
        return input::nothing_recorded("verify", common, &settings, context);
    }
    let Some(work) = work(args, common, &settings, &token, context)? else {
        return input::nothing_recorded("verify", common, &settings, context);
    };
    let view = work.input.view(&work.planned, &settings, context.clock.now());
    let verified = match &work.verified {
        Ok(verified) => verified,
        Err(reason) => return not_compared(&view, reason, common, context),
    };
    let exit = verified.exit(&work.input);
    let verdict = Verdict {
        sidecar: &work.before,
        comparison: &verified.comparison,
        days: &verified.days,
        is_cut: is_cut(&verified.days, args.days),
        pending: work.planned.requests(),
        repairs: args.repair,
        acceptance: verified.acceptance.as_ref(),
    };
    if !common.quiet || exit != Exit::UpToDate {
        print(&verdict, verified.report.as_ref().map(|report| (&view, report)), exit, common, context)?;
    }
    Ok(exit)
}

/// Compares, and does what was asked for. `None` if nothing is recorded yet.
fn work(
    args: &VerifyArgs,
    common: &Common,
    settings: &Settings,
    token: &Token,
    context: &mut Context<'_>,
) -> Result<Option<Work>, CommandError> {
    let show = context.progress(common, settings, false);
    // Taken before the sidecar is read, so that no push changes it meanwhile.
    let mut file = match args.repair || args.accept.is_some() {
        true => Some(SidecarFile::lock(&settings.sidecar, context.disk)?),
        false => None,
    };
    let Some(input) = input::read(settings, context.clock, Depth::Everything)? else { return Ok(None) };
    let mut client = Client::new(settings.api.clone(), token, settings.timeout).through(settings.proxy.clone());
    let policy = SendPolicy { pace: settings.pace, timeout: settings.timeout, max_requests: None, wait: false };
    let quota = input.sidecar.quota.clone();
    let mut sender = Sender::new(&mut client, context.clock, context.interrupted, fastrand::Rng::new(), policy, quota);
    let mut input = input::by_the_right_clock(input, settings, Depth::Everything, &mut sender)?;
    let mode = mode(args, &input, context.clock.now())?;
    let before = input.sidecar.clone();
    let planned = plan(&before, &input.ingested, &Options::plain(settings.selection.clone()));
    let zone = input.zone.clone();
    let mut progress = Progress::new(context.err, context.clock, &zone, show);
    let mut watch = Both(context.watch, &mut progress);
    let compared = ask(&mut input, args.days, settings, &mut sender, &mut watch);
    // What was learnt of the quota holds for the next push as well.
    input.sidecar.quota = sender.quota().clone();
    let mut verified = compared.map(|(comparison, days)| Verified { comparison, days, report: None, acceptance: None });
    match (&mut verified, &mut file) {
        (Ok(verified), Some(file)) => {
            let effects = Effects { sender: &mut sender, store: file, watch: &mut watch };
            verified.act(&mode, &mut input, settings, effects)?;
        }
        (Err(_), Some(file)) => save(&mut input, sender.rng(), file)?,
        (_, None) => {}
    }
    let skew = sender.skew();
    drop(progress);
    drop(file);
    context.tell_skew(skew);
    Ok(Some(Work { input, before, planned, verified }))
}

/// What is to be done about the difference.
fn mode(args: &VerifyArgs, input: &Input, now: i64) -> Result<Mode, CommandError> {
    let words = match &args.accept {
        None if args.repair => return Ok(Mode::Repair),
        None => return Ok(Mode::Look),
        Some(words) if words.is_empty() => return Ok(Mode::Accept(Vec::new())),
        Some(words) => words,
    };
    let mut named = Vec::new();
    for selector in Selector::parse_several(words, input.zone.date(now)) {
        let before = named.len();
        let means = |(key, task, record): (SessionKey, &TaskRecord, &SessionRecord)| {
            selector.means(key, &task.title, record.start.date()).then_some(key)
        };
        named.extend(input.sidecar.sessions().filter_map(means));
        if named.len() == before {
            return Err(CommandError::NoSuchSession { what: words.join(" ") });
        }
    }
    Ok(Mode::Accept(named))
}

impl Verified {
    /// Does what was asked for about the difference, and saves it.
    fn act(
        &mut self,
        mode: &Mode,
        input: &mut Input,
        settings: &Settings,
        effects: Effects<'_, '_>,
    ) -> Result<(), CommandError> {
        match mode {
            Mode::Repair if !self.comparison.finds_nothing() => {
                let Effects { sender, store, watch } = effects;
                let effects = Effects { sender, store: &mut *store, watch };
                let report = mend(input, &self.comparison, settings, effects);
                if outcome(&report, &input.ingested) == Exit::UpToDate {
                    input.archive(store);
                }
                self.report = Some(report);
            }
            Mode::Accept(named) => {
                // It was read whole a moment ago.
                let snapshot = snapshot::parse(&input.snapshot).map_err(anyhow::Error::new)?;
                let ground = Ground { days: &self.days, snapshot: &snapshot, zone: &input.zone };
                let acceptance = accept(&mut input.sidecar, &self.comparison, named, &ground);
                if !acceptance.accepted.is_empty() {
                    save(input, effects.sender.rng(), effects.store)?;
                }
                self.acceptance = Some(acceptance);
            }
            Mode::Repair | Mode::Look => {}
        }
        Ok(())
    }

    fn exit(&self, input: &Input) -> Exit {
        match &self.report {
            None if self.is_resolved() => Exit::UpToDate,
            None => Exit::Attention,
            Some(report) => match outcome(report, &input.ingested) {
                Exit::UpToDate if self.comparison.has_doubled() => Exit::Attention,
                other => other,
            },
        }
    }

    /// Whether nothing differs but what was accepted.
    fn is_resolved(&self) -> bool {
        let accepted = self.acceptance.as_ref().map_or(&[][..], |acceptance| &acceptance.accepted);
        let differing = self.comparison.findings.iter().map(|finding| finding.session);
        let is_left = self.acceptance.as_ref().is_some_and(|acceptance| !acceptance.left.is_empty());
        !self.comparison.has_doubled() && !is_left && differing.into_iter().all(|session| accepted.contains(&session))
    }
}

/// Saves the records without sending anything.
fn save(input: &mut Input, rng: &mut fastrand::Rng, store: &mut dyn Store) -> Result<(), CommandError> {
    input.sidecar.advance(|| rng.u64(..));
    let text = input.sidecar.to_json().map_err(anyhow::Error::new)?;
    store.save(&text, &input.sidecar.saved_last()).map_err(anyhow::Error::msg)?;
    Ok(())
}

/// Takes what was found into the records and pushes.
fn mend(input: &mut Input, comparison: &Comparison, settings: &Settings, effects: Effects<'_, '_>) -> Report {
    // What has not been looked for yet is by the push itself, as far back as Toggl goes, and it judges by what it finds
    // whether older sessions are there as well.
    let options = Options::plain(settings.selection.clone());
    if !plan(&input.sidecar, &input.ingested, &options).scans_first {
        repair(&mut input.sidecar, comparison);
    }
    execute(&mut input.sidecar, input.saved, &input.ingested, &options, effects)
}

fn print(
    verdict: &Verdict<'_>,
    pushed: Option<(&output::View<'_>, &Report)>,
    exit: Exit,
    common: &Common,
    context: &mut Context<'_>,
) -> Result<(), CommandError> {
    let style = context.style(common);
    match common.format {
        Format::Json => context.print_json(&output::json::Verify::new(verdict, pushed, exit)),
        Format::Text => {
            let mut text = output::comparison_text(verdict, &style);
            if let Some((view, report)) = pushed {
                text.push('\n');
                text.push_str(&output::report_text(view, report, &style));
            }
            context.print(&text)
        }
    }
}

/// Whether there are fewer days than were asked for.
fn is_cut(days: &RangeInclusive<Date>, back: u16) -> bool {
    *days.end() - *days.start() < time::Duration::days(i64::from(back))
}

/// The days (UTC) from so many days ago until now, as far as Toggl lists them whole from the day `floor` on.
fn days(back: u16, now: i64, floor: Date) -> RangeInclusive<Date> {
    let today = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH).date();
    let first = today.checked_sub(time::Duration::days(i64::from(back))).unwrap_or(Date::MIN);
    // A day of margin: Toggl counts days in the zone of the user's profile.
    first.max(floor.saturating_add(time::Duration::DAY))..=today
}

/// Lists what Toggl has of so many days and compares, and says which days these were.
fn ask(
    input: &mut Input,
    back: u16,
    settings: &Settings,
    sender: &mut Sender<'_>,
    watch: &mut dyn Watch,
) -> Result<(Comparison, RangeInclusive<Date>), StopReason> {
    let last_write_ms = input.sidecar.quota.last_request_ms.unwrap_or(0);
    let asked_ms = sender.clock().now_ms();
    let workspace = workspace(settings, input);
    let mut ask = |sender: &mut Sender<'_>, call: &Call| -> Result<Outcome, SendError> {
        sender.ask(call, &mut |exchange| watch.event(&Event::from(exchange)))
    };
    let workspace = match workspace {
        Some(workspace) => Some(workspace),
        None => questions::me(&mut |call| ask(sender, call))?.workspace,
    };
    input.sidecar.workspace = input.sidecar.workspace.or(workspace.filter(|_| settings.selection.workspace.is_none()));
    let mut list = |sender: &mut Sender<'_>| -> Result<(Comparison, RangeInclusive<Date>), StopReason> {
        let mut floor = sender.first_listed();
        loop {
            let days = days(back, sender.clock().now(), floor);
            match questions::started(&mut |call| ask(sender, call), (*days.start(), *days.end()), floor)? {
                Ok(entries) => return Ok((compare(&input.sidecar, &entries, &days, workspace), days)),
                Err(Refusal { status, text }) => {
                    floor = sender.first_listed_after(floor, &text).ok_or_else(|| {
                        StopReason::Send(SendError::Trouble(format!(
                            "Toggl would not list its entries (status {status}): {text}"
                        )))
                    })?;
                }
            }
        }
    };
    let mut compared = list(sender)?;
    // What was written a moment ago may not be listed yet. A clock that was set back is no reason to wait longer.
    let wait_ms = last_write_ms.saturating_add(LAG * 1000).saturating_sub(asked_ms).min(LAG * 1000);
    if wait_ms > 0 && compared.0.has_missing() {
        sender.clock().sleep(Duration::from_millis(wait_ms.unsigned_abs()));
        compared = list(sender)?;
    }
    if compared.0.finds_none() {
        // Another account's list shows none of the entries.
        let me = questions::me(&mut |call| ask(sender, call))?;
        check_account(&input.sidecar, me.account, &me.email)?;
    }
    Ok(compared)
}

/// The workspace to look in: the one that entries were made in, where nobody says which.
fn workspace(settings: &Settings, input: &Input) -> Option<WorkspaceId> {
    let used =
        || input.sidecar.sessions().find_map(|(_, _, record)| record.last_sent.as_ref().map(|entry| entry.workspace));
    settings.selection.known_workspace(&input.sidecar).or_else(used)
}

fn not_compared(
    view: &output::View<'_>,
    reason: &StopReason,
    common: &Common,
    context: &mut Context<'_>,
) -> Result<Exit, CommandError> {
    let exit = early(reason);
    let text = output::not_compared(view, reason);
    match common.format {
        Format::Json => context.print_json(&output::json::Failure::not_compared(&text, exit))?,
        Format::Text => context.print(&output::message(&text, &context.style(common)))?,
    }
    Ok(exit)
}
