//! Toggl's side: one `GET /me` tells of token, workspace, clock and quota.

use crate::cli::Common;
use crate::command::Context;
use crate::exit::Exit;
use crate::output::doctor::Check;
use crate::output::progress::{answered, failed};
use crate::output::{clock_off, count, moment_from};
use crate::reconcile::names;
use crate::reconcile::selection::NameOrId;
use crate::settings::Settings;
use crate::sidecar::Sidecar;
use crate::toggl::http::Client;
use crate::toggl::quota::Quota;
use crate::toggl::{
    Bucket, Call, Exchange, Me, Named, Outcome, Refusal, Reply, SendError, SendPolicy, Sender, Token, WorkspaceId,
    questions,
};
use crate::zone::Zone;

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
    let now = context.clock.now();
    if let Some(until) = sidecar.quota.empty_until(Bucket::User, now) {
        let text = "Toggl was not asked: the quota for reading is used up";
        checks.push(used_up("toggl", text, until, now, zone));
        return;
    }
    let mut client = Client::new(settings.api.clone(), token, settings.timeout).through(settings.proxy.clone());
    let policy = SendPolicy { pace: settings.pace, timeout: settings.timeout, max_requests: None, wait: false };
    let rng = fastrand::Rng::new();
    let mut sender = Sender::new(&mut client, context.clock, context.interrupted, rng, policy, sidecar.quota.clone());
    let mut ask = |call: &Call| {
        sender.ask(call, &mut |exchange| {
            let line = match exchange {
                Exchange::Answered(call, answer) if common.verbose => answered(call, answer),
                Exchange::Failed(call, failure) if common.verbose => failed(call, failure),
                _ => return,
            };
            let _ = writeln!(context.err, "{line}");
        })
    };
    let outcome = ask(&Call::Me);
    let me = match &outcome {
        Ok(Outcome::Done(Reply::Me(me))) => Some(me.clone()),
        _ => None,
    };
    let workspaces = me.as_ref().map(|_| questions::workspaces(&mut ask));
    checks.push(accepted(&outcome, token, settings));
    if let Some(me) = &me {
        checks.extend(account(me, &sidecar));
        checks.push(workspace(me, &workspaces.and_then(Result::ok).unwrap_or_default(), settings, &sidecar));
    }
    if matches!(outcome, Err(SendError::Offline(_) | SendError::SetUp(_))) {
        return;
    }
    checks.extend(sender.skew().map(clock));
    checks.push(left(sender.quota(), context.clock.now(), zone));
}

fn accepted(outcome: &Result<Outcome, SendError>, token: &Token, settings: &Settings) -> Check {
    let host = settings.api.host();
    let unfinished = |text: String, todo: &str| Check::fault("toggl", Exit::Unfinished, text, todo);
    match outcome {
        Ok(Outcome::Done(_)) => Check::ok("toggl", format!("{host} accepts the token")),
        Ok(Outcome::Refused(Refusal { status: status @ (401 | 403), .. })) => Check::fault(
            "toggl",
            Exit::Token,
            format!(
                "{host} refuses the token ({status}){}",
                if token.looks_odd() { "; it is not the 32 hexadecimal digits that Toggl gives out" } else { "" }
            ),
            "copy the API token again from the bottom of https://track.toggl.com/profile into TOGGL_API_TOKEN",
        ),
        Ok(Outcome::Refused(Refusal { status: 404, .. })) | Err(SendError::NoSuchCall) => Check::fault(
            "toggl",
            Exit::Usage,
            format!("{host} answers, but not at this address (404)"),
            "check that TOGGL_API_URL or --api-url ends in `/api/v9`",
        ),
        Ok(Outcome::Refused(Refusal { status, text })) => unfinished(
            format!("{host} answers {status}: {text}"),
            "try again later; if it stays so, check TOGGL_API_URL and --api-url",
        ),
        Err(SendError::Quota(_)) => Check::note("toggl", format!("{host} answers nothing while the quota is used up")),
        Err(SendError::CallGone) => Check::fault(
            "toggl",
            Exit::Failure,
            format!("{host} says that this version of its API is gone"),
            "look for a newer chute-toggl",
        ),
        Err(SendError::Offline(why)) => {
            unfinished(format!("Toggl cannot be reached: {why}"), "check the network, and try again")
        }
        Err(SendError::SetUp(why)) => {
            Check::fault("toggl", Exit::Usage, "Toggl cannot be reached as this machine is set up", format!("{why}."))
        }
        Err(SendError::Trouble(what)) => unfinished(
            format!("{host} is in trouble: {what}"),
            "try again later; if it stays so, check TOGGL_API_URL and --api-url",
        ),
        Err(_) | Ok(Outcome::Unknown(_)) => unfinished(format!("{host} did not answer"), "try again later"),
    }
}

/// Whether the entries are in the token's account.
fn account(me: &Me, sidecar: &Sidecar) -> Option<Check> {
    let is = me.account?;
    let name = if me.email.is_empty() { is.to_string() } else { format!("{} ({is})", me.email) };
    Some(match sidecar.account.filter(|&known| known != is) {
        None => Check::ok("account", name),
        Some(known) => Check::fault(
            "account",
            Exit::Attention,
            format!("the token is of {name}, but what was sent is in the account {known}"),
            "set TOGGL_API_TOKEN to the token of that account, or give this one a sidecar of its own with --sidecar",
        ),
    })
}

/// The workspace of new entries by name, and whether the token reaches it.
fn workspace(me: &Me, reached: &[Named<WorkspaceId>], settings: &Settings, sidecar: &Sidecar) -> Check {
    let name = |id: WorkspaceId| match reached.iter().find(|named| named.id == id) {
        Some(named) if !named.name.is_empty() => format!("{} ({id})", named.name),
        _ => id.to_string(),
    };
    let set = &settings.selection.workspace;
    let used = match set {
        Some(NameOrId::Name(named)) if !reached.is_empty() => match names::workspace(named, reached) {
            Ok(id) => Some(id),
            Err(problem) => {
                let todo = "correct `workspace` in the settings file";
                return Check::fault("workspace", Exit::Usage, problem, todo);
            }
        },
        _ => settings.selection.known_workspace(sidecar),
    };
    let theirs: Vec<String> = reached.iter().map(|named| name(named.id)).collect();
    match (used, me.workspace) {
        (Some(used), _) if !reached.is_empty() && !reached.iter().any(|named| named.id == used) => Check::fault(
            "workspace",
            if set.is_some() { Exit::Usage } else { Exit::Attention },
            format!("the token does not reach the workspace {used}"),
            format!(
                "set TOGGL_WORKSPACE_ID, or `workspace` in the settings file, to one that it does: {}",
                theirs.join(", ")
            ),
        ),
        (Some(used), default) if set.is_some() => match default.filter(|&default| default != used) {
            Some(default) => {
                Check::note("workspace", format!("{} as set; the account's default is {}", name(used), name(default)))
            }
            None => Check::ok("workspace", format!("{} as set", name(used))),
        },
        (Some(used), _) => Check::ok("workspace", name(used)),
        (None, Some(default)) => Check::ok("workspace", format!("{}, the account's default", name(default))),
        (None, None) => Check::fault(
            "workspace",
            Exit::Usage,
            "Toggl names no default workspace",
            "set TOGGL_WORKSPACE_ID to the number in the address of the workspace's settings",
        ),
    }
}

fn clock(skew: i64) -> Check {
    match clock_off(skew) {
        None => Check::ok("clock", "agrees with Toggl's"),
        Some(off) => Check::fault(
            "clock",
            Exit::Attention,
            off,
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
