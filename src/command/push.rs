//! `push`: copies the sessions of the snapshot to Toggl, or shows what it would do.

use time::Date;

use super::input::{self, Input};
use super::{CommandError, Context, notice};
use crate::cli::{Common, Format, PushArgs};
use crate::command::shortcut::UpToDate;
use crate::execute::{Effects, Report, StopReason, execute};
use crate::exit::Exit;
use crate::output;
use crate::output::progress::{Both, Progress};
use crate::reconcile::ingest::{Depth, Ingested, parse};
use crate::reconcile::plan::{HoldReason, Options, Plan, Reclassify, plan};
use crate::reconcile::redate::redate;
use crate::settings::{self, Settings, SettingsError};
use crate::sidecar::file::{SidecarFile, Store};
use crate::sidecar::{Digest, Sidecar};
use crate::toggl::http::Client;
use crate::toggl::{SendError, SendPolicy, Sender};
use crate::zone::Zone;

/// Runs `push`.
///
/// # Errors
/// A [`CommandError`], in which case nothing was sent, unless it is of the result's output.
pub fn push(args: &PushArgs, common: &Common, context: &mut Context<'_>) -> Result<Exit, CommandError> {
    let settings = Settings::read(common, context.variable)?;
    if settings.is_off {
        return off("pushed", common, context);
    }
    check_range(args, &settings, context)?;
    if args.dry_run {
        return preview(args, common, &settings, context);
    }
    let token = settings::token(context.variable)?;
    if let Some(known) = shortcut(args, common, &settings) {
        return up_to_date(&known, common, context);
    }
    if input::is_nothing_yet(&settings)? {
        // The lock lives in the sidecar's folder: where nothing was ever recorded, none is made.
        return input::nothing_recorded("push", common, &settings, context);
    }
    let progress = context.progress(common, &settings, args.wait);
    let mut file = SidecarFile::lock(&settings.sidecar, context.disk)?;
    // Read under the lock: another push may have been at work until now.
    let Some(input) = input::read(&settings, context.clock, depth(args))? else {
        drop(file);
        return input::nothing_recorded("push", common, &settings, context);
    };
    let mut client = Client::new(settings.api.clone(), &token, settings.timeout).through(settings.proxy.clone());
    let (policy, quota) = (policy(args, &settings), input.sidecar.quota.clone());
    let mut sender = Sender::new(&mut client, context.clock, context.interrupted, fastrand::Rng::new(), policy, quota);
    let mut input = input::by_the_right_clock(input, &settings, depth(args), &mut sender)?;
    if args.acknowledge {
        input.sidecar.acknowledge_rejections();
    }
    let (options, moved) = prepare(&mut input, args, &settings, context.clock.now())?;
    let planned = plan(&input.sidecar, &input.ingested, &options);
    if let Some(text) = how_far_back(&planned, &input, &options, &settings, common) {
        notice(context.err, context.err_columns, &settings.secrets, &text);
    }

    let mut progress = Progress::new(context.err, context.clock, &input.zone, progress);
    let mut watch = Both(context.watch, &mut progress);
    let effects = Effects { sender: &mut sender, store: &mut file, watch: &mut watch };
    let report = execute(&mut input.sidecar, input.saved, &input.ingested, &options, effects);
    drop(progress);

    let exit = outcome(&report, &input.ingested);
    let news = note_news(&mut input.sidecar, exit, &report, &input.ingested, context.clock.now(), &mut file);
    if depth(args) == Depth::Changes && exit == Exit::UpToDate {
        input.archive(&mut file);
        let known = UpToDate::between(&settings, input.stamp, &report.left, context.clock.now());
        file.note(known.map(|known| known.to_json()));
    }
    drop(file);
    input.tell_provenance(&settings, context);
    if let Some(moved) = moved {
        context.notice(&moved);
    }
    context.tell_skew(report.skew);
    let result = Done { planned: &planned, report: &report, options: &options, exit, news };
    print_result(&result, &input, &settings, common, context)?;
    Ok(exit)
}

/// What a push has done, as far as it is shown.
struct Done<'a> {
    planned: &'a Plan,
    report: &'a Report,
    options: &'a Options,
    exit: Exit,
    news: News,
}

/// Prints the result; a quiet run only what needs attention.
fn print_result(
    done: &Done<'_>,
    input: &Input,
    settings: &Settings,
    common: &Common,
    context: &mut Context<'_>,
) -> Result<(), CommandError> {
    let &Done { planned, report, options, exit, .. } = done;
    let view = input.view(planned, settings, context.clock.now());
    let style = context.style(common);
    match (common.format, done.news.overdue) {
        (Format::Text, Some(since)) => context.print(&output::waiting_text(&view, since, &style))?,
        (Format::Json, Some(_)) => {}
        _ if common.quiet && !done.news.is_new => {
            return match output::marked_text(&view, report, &style) {
                Some(marked) => context.print(&marked),
                None => Ok(()),
            };
        }
        _ => {}
    }
    let did_nothing = report.left.is_empty() && report.requests == 0 && report.end.is_none();
    match common.format {
        Format::Json => context.print_json(&output::json::Push::new(&view, report, exit)),
        Format::Text if did_nothing && options.is_ranged() => {
            context.print(&output::no_sessions(options.since, options.until))
        }
        Format::Text => context.print(&output::report_text(&view, report, &style)),
    }
}

/// What of the input is asked about, dated anew if that is asked for; and what to say of a zone that has changed.
fn prepare(
    input: &mut Input,
    args: &PushArgs,
    settings: &Settings,
    now: i64,
) -> Result<(Options, Option<String>), CommandError> {
    let moved = note_zone(&mut input.sidecar, &input.zone);
    let options = options(args, settings, input.zone.date(now));
    if let Some(wrong) = &args.redate {
        let invalid =
            |problem| SettingsError::Invalid { name: "--redate", problem: format!("cannot be used: {problem}") };
        let wrong = Zone::named(wrong).map_err(invalid)?;
        if let Ok(snapshot) = parse(&mut Sidecar::default(), &input.snapshot, Depth::Everything) {
            redate(&mut input.sidecar, &snapshot, &wrong, &input.zone, &options);
        }
    }
    Ok((options, moved))
}

/// Records the zone. Returns what to say if it is another one than that of the last push.
fn note_zone(sidecar: &mut Sidecar, zone: &Zone) -> Option<String> {
    let name = zone.name()?;
    let before = sidecar.zone.replace(name.to_owned()).filter(|before| before != name)?;
    Some(format!(
        "the time zone is `{name}` now, and was `{before}` at the last push. What is recorded stays as it is, and what is \
         new is read by the clock of `{name}`. If `{name}` is wrong, set TZ; if `{before}` was, see with `chute-toggl push \
         --redate {before} --dry-run` how that is mended"
    ))
}

/// What there is to say to whoever wants quiet.
struct News {
    /// Since when something waits (unix seconds), if that is overdue.
    overdue: Option<i64>,
    /// Something needs attention, and was not said before.
    is_new: bool,
}

/// Records what is left to a later run and what needs attention.
fn note_news(
    sidecar: &mut Sidecar,
    exit: Exit,
    report: &Report,
    ingested: &Ingested,
    now: i64,
    store: &mut dyn Store,
) -> News {
    let before = (sidecar.waiting, sidecar.attention.clone());
    let overdue = sidecar.note_waiting(exit == Exit::Unfinished, now);
    let is_due = sidecar.note_attention(attention(exit, report, ingested), now);
    if (sidecar.waiting, &sidecar.attention) != (before.0, &before.1) {
        // If it cannot be saved, it is said once more than needed.
        input::save_if_possible(sidecar, store);
    }
    let is_known = exit == Exit::Attention && report.rejected.is_empty() && !is_due;
    News { overdue, is_new: exit.breaks_silence() && !is_known }
}

/// A digest of what needs attention, but for what Toggl rejected: each rejection is said by the run that meets it.
fn attention(exit: Exit, report: &Report, ingested: &Ingested) -> Option<Digest> {
    let left = &report.left;
    let held: Vec<_> =
        (left.held.iter()).filter(|held| held.why.needs_attention() && held.why != HoldReason::Rejected).collect();
    let is_rejected_only = held.is_empty()
        && report.end.is_none()
        && report.unlistable.is_empty()
        && report.assumed.is_empty()
        && report.lost.is_empty()
        && left.too_many_to_prune.is_none()
        && ingested.invalid.is_empty();
    let all =
        (&report.end, &report.unlistable, &report.assumed, &report.lost, left.too_many_to_prune, &ingested.invalid);
    (exit == Exit::Attention && !is_rejected_only).then(|| Digest::of(format!("{held:?} {all:?}").as_bytes()))
}

/// Shows the plan. Opens no socket, writes no file.
fn preview(
    args: &PushArgs,
    common: &Common,
    settings: &Settings,
    context: &mut Context<'_>,
) -> Result<Exit, CommandError> {
    let Some(mut input) = input::read(settings, context.clock, depth(args))? else {
        return input::nothing_recorded("push", common, settings, context);
    };
    input.tell_provenance(settings, context);
    input.tell_ahead(context);
    let (options, moved) = prepare(&mut input, args, settings, context.clock.now())?;
    if let Some(moved) = moved {
        context.notice(&moved);
    }
    let plan = plan(&input.sidecar, &input.ingested, &options);
    if let Some(text) = how_far_back(&plan, &input, &options, settings, common) {
        context.notice(&text);
    }
    let exit = match plan.needs_attention(&input.ingested) {
        _ if args.exit_code && !plan.operations.is_empty() => Exit::Pending,
        true => Exit::Attention,
        false => Exit::UpToDate,
    };
    let view = input.view(&plan, settings, context.clock.now());
    match common.format {
        _ if common.quiet && !exit.breaks_silence() => {}
        Format::Json => context.print_json(&output::json::DryRun::new(&view, exit))?,
        Format::Text if plan.is_empty() && options.is_ranged() => {
            context.print(&output::no_sessions(options.since, options.until))?;
        }
        Format::Text => context.print(&output::plan_text(&view, &context.style(common)))?,
    }
    Ok(exit)
}

/// A long history is not let in unawares: how far back a first push goes, said before the first request, and how to
/// begin later.
fn how_far_back(plan: &Plan, input: &Input, options: &Options, settings: &Settings, common: &Common) -> Option<String> {
    let is_bounded = options.since.is_some() || options.selection.since.is_some();
    (input.last_snapshot_saved.is_none() && !is_bounded && !common.quiet)
        .then(|| output::far_back(plan, &settings.config.path))
        .flatten()
}

/// Says that `TOGGL_SYNC_MODE` is `off`, so that nothing is `done`.
pub(super) fn off(done: &str, common: &Common, context: &mut Context<'_>) -> Result<Exit, CommandError> {
    if !common.quiet {
        context.notice(&format!("TOGGL_SYNC_MODE is `off`, so nothing is {done}"));
    }
    Ok(Exit::UpToDate)
}

/// What is known to be up to date without reading it, for a plain push whose result is a line of text.
fn shortcut(args: &PushArgs, common: &Common, settings: &Settings) -> Option<UpToDate> {
    (depth(args) == Depth::Changes && common.format == Format::Text).then(|| UpToDate::standing(settings)).flatten()
}

fn up_to_date(known: &UpToDate, common: &Common, context: &mut Context<'_>) -> Result<Exit, CommandError> {
    if !common.quiet {
        context.print(&output::up_to_date(known.sessions, known.left_alone))?;
    }
    Ok(Exit::UpToDate)
}

/// How the plan is to be sent.
fn policy(args: &PushArgs, settings: &Settings) -> SendPolicy {
    SendPolicy { pace: settings.pace, timeout: settings.timeout, max_requests: args.max_requests, wait: args.wait }
}

/// Days that no session can have started on are a slip of whoever asks.
fn check_range(args: &PushArgs, settings: &Settings, context: &Context<'_>) -> Result<(), CommandError> {
    let (Some(since), Some(until)) = (args.since, args.until) else { return Ok(()) };
    let today = settings.zone()?.date(context.clock.now());
    let (since, until) = (since.date(today), until.date(today));
    if since > until { Err(CommandError::BackwardRange { since, until }) } else { Ok(()) }
}

/// What the plan is asked for, on this day.
fn options(args: &PushArgs, settings: &Settings, today: Date) -> Options {
    Options {
        since: args.since.map(|day| day.date(today)),
        until: args.until.map(|day| day.date(today)),
        prune: args.prune.then_some(args.max_delete),
        retry_rejected: args.retry_rejected,
        send_unlisted: args.send_unlisted,
        selection: settings.selection.clone(),
        reclassify: if args.reclassify { Reclassify::Unseen } else { Reclassify::No },
    }
}

/// A plain push looks at what has changed; one that is asked about what was left behind, at everything.
fn depth(args: &PushArgs) -> Depth {
    let is_ranged = args.since.is_some() || args.until.is_some();
    let is_plain = !is_ranged
        && !args.prune
        && !args.retry_rejected
        && !args.send_unlisted
        && args.redate.is_none()
        && !args.reclassify;
    if is_plain { Depth::Changes } else { Depth::Everything }
}

/// How a run ended, as an exit code.
pub(super) fn outcome(report: &Report, ingested: &Ingested) -> Exit {
    match &report.end {
        Some(end) => early(end),
        None if report.left.needs_attention(ingested)
            || !report.unlistable.is_empty()
            || !report.assumed.is_empty()
            || !report.lost.is_empty() =>
        {
            Exit::Attention
        }
        None if !report.uncertain.is_empty() || !report.left.operations.is_empty() => Exit::Unfinished,
        None => Exit::UpToDate,
    }
}

/// What it means, as an exit code, that a run ended early.
pub(super) fn early(end: &StopReason) -> Exit {
    match end {
        StopReason::Send(error) => match error {
            SendError::TokenRefused(_) => Exit::Token,
            SendError::Interrupted => Exit::Interrupted,
            SendError::CallGone => Exit::Failure,
            SendError::SetUp(_) | SendError::NoSuchCall => Exit::Usage,
            SendError::Quota(_)
            | SendError::RateLimited
            | SendError::Trouble(_)
            | SendError::Offline(_)
            | SendError::MaxRequests => Exit::Unfinished,
        },
        StopReason::Save(_) => Exit::Failure,
        StopReason::NoWorkspace(_) | StopReason::WrongWorkspace { .. } => Exit::Usage,
        StopReason::OtherAccount { .. } | StopReason::RejectsAll { .. } => Exit::Attention,
    }
}
