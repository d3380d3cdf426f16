//! Toggl's side: one `GET /me` tells of token, workspace, clock and quota.

use std::time::Duration;

use crate::cli::Common;
use crate::command::Context;
use crate::exit::Exit;
use crate::output::doctor::Check;
use crate::output::progress::{answered, failed};
use crate::output::{count, moment_from};
use crate::settings::Settings;
use crate::sidecar::Sidecar;
use crate::toggl::http::Client;
use crate::toggl::quota::Quota;
use crate::toggl::{Answer, Bucket, Method, Request, Token, Transport as _, entry};
use crate::zone::Zone;

/// Seconds by which this machine's clock may differ from Toggl's before it is worth a word.
const SKEW: i64 = 60;

/// Asks, unless the quota is known to be used up.
pub fn check(
    settings: &Settings,
    zone: &Zone,
    token: &Token,
    sidecar: Sidecar,
    common: &Common,
    context: &mut Context<'_>,
    checks: &mut Vec<Check>,
) {
    let mut quota = sidecar.quota;
    let now = context.clock.now();
    if let Some(until) = quota.empty_until(Bucket::User, now) {
        let text = "Toggl was not asked: the quota for reading is used up";
        checks.push(used_up("toggl", text, until, now, zone));
        return;
    }
    let pace_ms = i64::try_from(settings.pace.as_millis()).unwrap_or(i64::MAX);
    let wait_ms = quota.pace_wait_ms(pace_ms, context.clock.now_ms());
    context.clock.sleep(Duration::from_millis(wait_ms.unsigned_abs()));
    let request = Request { method: Method::Get, path: "/me".to_owned(), body: None };
    let outcome = Client::new(settings.api.clone(), token, settings.timeout).send(&request);
    if common.verbose {
        let line = match &outcome {
            Ok(answer) => answered(&request, answer),
            Err(failure) => failed(&request, failure),
        };
        let _ = writeln!(context.err, "{line}");
    }
    let answer = match outcome {
        Ok(answer) => answer,
        Err(failure) => {
            let text = format!("Toggl cannot be reached: {failure}");
            let todo = "check the network, and try again";
            checks.push(Check::fault("toggl", Exit::Unfinished, text, todo));
            return;
        }
    };
    let now = context.clock.now();
    if let Some(headers) = answer.quota {
        quota.note_headers(Bucket::User, headers, now);
    }
    if answer.status == 402 {
        quota.note_exhausted(Bucket::User, answer.quota.and_then(|quota| quota.resets_in), now);
    }
    checks.push(accepted(&answer, token, settings));
    if answer.status == 200 {
        checks.push(workspace(&answer, settings));
    }
    checks.extend(answer.date.map(|date| clock(date - now)));
    checks.push(left(&quota, now, zone));
}

fn accepted(answer: &Answer, token: &Token, settings: &Settings) -> Check {
    let host = settings.api.host();
    match answer.status {
        200 => Check::ok("toggl", format!("{host} takes the token")),
        401 | 403 => Check::fault(
            "toggl",
            Exit::Token,
            format!(
                "{host} refuses the token ({}){}",
                answer.status,
                if token.looks_odd() { "; it is not the 32 hexadecimal digits that Toggl gives out" } else { "" }
            ),
            "copy the API token anew from the bottom of https://track.toggl.com/profile into TOGGL_API_TOKEN",
        ),
        402 => Check::note("toggl", format!("{host} answers nothing while the quota is used up")),
        404 => Check::fault(
            "toggl",
            Exit::Usage,
            format!("{host} answers, but not at this address (404)"),
            "see that TOGGL_API_URL or --api-url ends in `/api/v9`",
        ),
        410 => Check::fault(
            "toggl",
            Exit::Failure,
            format!("{host} says that this version of its API is gone"),
            "look for a newer chute-toggl",
        ),
        status => Check::fault(
            "toggl",
            Exit::Unfinished,
            format!("{host} answers {status}: {}", entry::error_text(&answer.body)),
            "try again later; if it stays so, check TOGGL_API_URL and --api-url",
        ),
    }
}

fn workspace(answer: &Answer, settings: &Settings) -> Check {
    match (settings.workspace, entry::default_workspace(&answer.body)) {
        (Some(set), Some(default)) if set != default => {
            Check::note("workspace", format!("{set} as set; the account's default is {default}"))
        }
        (Some(set), _) => Check::ok("workspace", format!("{set} as set")),
        (None, Some(default)) => Check::ok("workspace", format!("{default}, the account's default")),
        (None, None) => Check::fault(
            "workspace",
            Exit::Usage,
            "Toggl names no default workspace",
            "set TOGGL_WORKSPACE_ID to the number in the address of the workspace's settings",
        ),
    }
}

fn clock(ahead: i64) -> Check {
    let than = if ahead > 0 { "behind" } else { "ahead of" };
    match ahead.abs() {
        0..=SKEW => Check::ok("clock", "agrees with Toggl's"),
        seconds => Check::fault(
            "clock",
            Exit::Attention,
            format!("this machine's clock is {seconds} s {than} Toggl's"),
            "set this machine's clock, because sessions get their days from it",
        ),
    }
}

/// What is left of both buckets. That of the workspace is known from the last push only.
fn left(quota: &Quota, now: i64, zone: &Zone) -> Check {
    let empty =
        [(Bucket::Workspace, "the quota for writing is used up"), (Bucket::User, "the quota for reading is used up")];
    let empty = empty.into_iter().find_map(|(bucket, text)| Some((quota.empty_until(bucket, now)?, text)));
    if let Some((until, text)) = empty {
        return used_up("quota", text, until, now, zone);
    }
    let left = |bucket| match quota.remaining(bucket, now) {
        Some(left) => format!("{} left", count(usize::try_from(left).unwrap_or(0), "request")),
        None => "unknown".to_owned(),
    };
    let text = format!("writing: {}; reading: {}", left(Bucket::Workspace), left(Bucket::User));
    Check::ok("quota", text)
}

fn used_up(name: &'static str, text: &str, until: i64, now: i64, zone: &Zone) -> Check {
    let until = moment_from(until, now, zone);
    let todo = format!("wait until {until}; what is not sent by then is sent by the next push");
    Check::fault(name, Exit::Unfinished, text, todo)
}
