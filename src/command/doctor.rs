//! `doctor`: looks at everything that a push rests on, and asks Toggl one question. Writes nothing, not even what the
//! answer taught about the quota.

mod account;
mod config;
mod files;

use super::{CommandError, Context};
use crate::chute_kun::location::Source;
use crate::cli::{Common, Format};
use crate::exit::Exit;
use crate::output;
use crate::output::doctor::{Check, Diagnosis, Stage};
use crate::settings;
use crate::settings::{ConfigFile, NoToken, Settings, SettingsError};
use crate::sidecar::Sidecar;
use crate::toggl::token::{TokenError, hide_lookalikes};
use crate::zone::Zone;

/// The variables that settings are read from, the token's apart.
const VARIABLES: [&str; 9] = [
    "TOGGL_WORKSPACE_ID",
    "TOGGL_PROJECT_ID_DEFAULT",
    "TOGGL_TAGS_DEFAULT",
    "TOGGL_SYNC_MODE",
    "TOGGL_API_URL",
    "CHUTE_TOGGL_SIDECAR",
    "CHUTE_TOGGL_CONFIG",
    "CHUTE_TOGGL_PACE",
    "CHUTE_TOGGL_TIMEOUT",
];

/// Runs `doctor`.
///
/// # Errors
/// If the result cannot be written. All else that goes wrong is a finding.
pub fn doctor(common: &Common, context: &mut Context<'_>) -> Result<Exit, CommandError> {
    let mut checks = Vec::new();
    let (settings, has_address) = settings_of(common, context, &mut checks);
    let mut stage = Stage::New;
    let mut known = Sidecar::default();
    if let Some((settings, zone)) = &settings {
        checks.push(match settings.is_off {
            true => Check::note("mode", "TOGGL_SYNC_MODE is `off`: nothing is pushed"),
            false => Check::ok("mode", "push"),
        });
        checks.push(place(settings));
        checks.push(zone_check(settings, zone, context));
        checks.extend(state_path(common, settings, context));
        let files = files::check(settings, zone, context, &mut checks);
        stage = if settings.is_off { Stage::Off } else { files.stage };
        known = files.sidecar;
    }
    match (settings::token(context.variable), &settings) {
        (Err(error), _) => checks.push(no_token(error)),
        (Ok(token), Some((settings, zone))) if has_address => {
            checks.push(present(&token));
            account::check(settings, zone, &token, known, common, context, &mut checks);
        }
        // What stands for an address that cannot be used is not the one that was meant: no token goes there.
        (Ok(token), _) => {
            checks.push(present(&token));
            checks.push(Check::note("toggl", "Toggl was not asked, since its address is not known"));
        }
    }
    for check in &mut checks {
        check.text = hide_lookalikes(&check.text);
    }
    let diagnosis = Diagnosis { checks, stage, shell: shell(context) };
    let exit = diagnosis.exit();
    match common.format {
        _ if common.quiet && exit == Exit::UpToDate => {}
        Format::Json => context.print_json(&output::json::Doctor::new(&diagnosis))?,
        Format::Text => context.print(&output::diagnosis_text(&diagnosis, &context.style(common)))?,
    }
    Ok(exit)
}

/// The user's shell, for the hook.
fn shell(context: &Context<'_>) -> &'static str {
    let shell = (context.variable)("SHELL").unwrap_or_default();
    let shell = shell.to_string_lossy();
    ["zsh", "fish"].into_iter().find(|name| shell.ends_with(&format!("/{name}"))).unwrap_or("bash")
}

/// The settings, and whether Toggl's address in them is the one that was meant. Each that cannot be used is a finding,
/// and counts as not set for the checks that follow.
fn settings_of(common: &Common, context: &Context<'_>, checks: &mut Vec<Check>) -> (Option<(Settings, Zone)>, bool) {
    let mut common = common.clone();
    let mut hidden: Vec<&'static str> = Vec::new();
    let mut has_address = true;
    let (place, file) = match settings::read_config(&common, context.variable) {
        Ok(read) => read,
        Err(error @ SettingsError::NoHome { .. }) => {
            checks.push(Check::fault("settings", Exit::Usage, error.to_string(), "set HOME"));
            return (None, false);
        }
        Err(error) => {
            checks.push(config::unusable(&error));
            let Ok(place) = settings::config_place(&common, context.variable) else { return (None, false) };
            (place, ConfigFile::default())
        }
    };
    loop {
        let zone_is_lost = hidden.iter().filter(|&&name| name == "TZ").count() > 1;
        let variable = |name: &str| match name {
            "TZ" if zone_is_lost => Some("UTC".into()),
            name if hidden.contains(&name) => None,
            name => (context.variable)(name),
        };
        let read = Settings::under(place.clone(), file.clone(), &common, &variable);
        match read.and_then(|settings| settings.zone().map(|zone| (settings, zone))) {
            Ok(settings) => {
                if hidden.is_empty() {
                    checks.push(Check::ok("settings", sound(context)));
                }
                if checks.iter().all(|check| check.name != "config") {
                    checks.push(config::in_force(&settings.0, &file, context));
                }
                return (Some(settings), has_address);
            }
            Err(
                error @ (SettingsError::NoHome { .. }
                | SettingsError::Unreadable { .. }
                | SettingsError::Mistake { .. }),
            ) => {
                checks.push(Check::fault("settings", Exit::Usage, error.to_string(), "set HOME"));
                return (None, false);
            }
            Err(SettingsError::Invalid { name, problem }) => {
                let todo = match name.starts_with("--") {
                    true => format!("correct {name}"),
                    false => format!("correct or unset {name}"),
                };
                checks.push(Check::fault("settings", Exit::Usage, format!("{name} {problem}"), todo));
                has_address &= !matches!(name, "--api-url" | "TOGGL_API_URL");
                if name == "--api-url" {
                    common.api_url = None;
                } else if hidden.iter().filter(|&&hidden| hidden == name).count() > 1 {
                    return (None, false);
                }
                hidden.push(name);
            }
        }
    }
}

/// The names of the variables that are set, since their values may be the token in the wrong place.
fn sound(context: &Context<'_>) -> String {
    let is_set = |name: &&str| (context.variable)(name).is_some_and(|value| !value.is_empty());
    let set: Vec<&str> = VARIABLES.into_iter().filter(is_set).collect();
    match set[..] {
        [] => "the defaults".to_owned(),
        _ => format!("{} as set, else the defaults", set.join(", ")),
    }
}

fn place(settings: &Settings) -> Check {
    let path = settings.snapshot.display();
    match &settings.snapshot_from {
        None => Check::ok("place", format!("the snapshot is `{path}`, according to --snapshot")),
        Some(located) => Check::ok("place", format!("the snapshot is `{path}`, according to {}", located.from)),
    }
}

/// The zone and where it comes from: it dates every session that is new.
fn zone_check(settings: &Settings, zone: &Zone, context: &Context<'_>) -> Check {
    let now = zone.at(context.clock.now());
    let name = zone.name().unwrap_or("a zone without a name");
    let from = if settings.tz.is_some() { "TZ" } else { "the system" };
    Check::ok("zone", format!("{name}, according to {from}; it is {:02}:{:02} there", now.hour(), now.minute()))
}

/// A `state_path` that Chute_kun does not follow: the published 0.1.0 does not know it, and saves where it would
/// without.
fn state_path(common: &Common, settings: &Settings, context: &Context<'_>) -> Option<Check> {
    let Some(Source::Config(config)) = settings.snapshot_from.as_ref().map(|located| &located.from) else {
        return None;
    };
    let without = |name: &str| match name {
        "CHUTE_KUN_DISABLE_CONFIG" => Some("1".into()),
        name => (context.variable)(name),
    };
    let default = Settings::read(common, &without).ok()?.snapshot;
    let (theirs, ours) = (files::modified(&default)?, files::modified(&settings.snapshot));
    let (is, why) = match ours {
        None => ("there is none", "has one"),
        Some(ours) if theirs > ours => ("it is older", "has a newer one"),
        Some(_) => return None,
    };
    Some(Check::fault(
        "state_path",
        if ours.is_none() { Exit::Input } else { Exit::Attention },
        format!(
            "`state_path` in `{}` names the snapshot, but {is}, and `{}` {why}: Chute_kun 0.1.0 does not know `state_path`",
            config.display(),
            default.display()
        ),
        format!("take `state_path` out of `{}`, or start Chute_kun with `--state FILE`", config.display()),
    ))
}

fn no_token(error: NoToken) -> Check {
    let (text, todo) = match error {
        NoToken::Missing => (
            "TOGGL_API_TOKEN is not set".to_owned(),
            "copy the API token from the bottom of https://track.toggl.com/profile and export it as TOGGL_API_TOKEN",
        ),
        NoToken::Unusable(error @ TokenError::Colon) => {
            (error.to_string(), "leave the `:` and what follows it out of TOGGL_API_TOKEN")
        }
        NoToken::Unusable(error @ TokenError::OtherProduct) => {
            (error.to_string(), "wait for a version that supports Toggl 2.0, or use an account of Toggl Track")
        }
        NoToken::Unusable(error) => (
            error.to_string(),
            "copy the API token anew from the bottom of https://track.toggl.com/profile into TOGGL_API_TOKEN",
        ),
    };
    Check::fault("token", Exit::Token, text, todo)
}

fn present(token: &crate::toggl::Token) -> Check {
    match token.looks_odd() {
        true => {
            Check::note("token", "TOGGL_API_TOKEN is set, but not to the 32 hexadecimal digits that Toggl gives out")
        }
        false => Check::ok("token", "TOGGL_API_TOKEN is set"),
    }
}

/// How long ago that was, by the clock of this machine.
fn ago(instant: i64, context: &Context<'_>) -> String {
    output::ago(context.clock.now() - instant)
}
