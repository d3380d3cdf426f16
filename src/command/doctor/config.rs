//! The settings file: what is in force and where it comes from, and what each rule fits.

use crate::command::Context;
use crate::exit::Exit;
use crate::output::doctor::Check;
use crate::output::{count, no_project};
use crate::reconcile::plan::{NoProject, Plan};
use crate::reconcile::selection::Rule;
use crate::settings::{ConfigFile, Settings, SettingsError};
use crate::sidecar::Sidecar;

/// What is set, each with where it comes from.
pub fn in_force(settings: &Settings, file: &ConfigFile, context: &Context<'_>) -> Check {
    let selection = &settings.selection;
    let from = |variable: &'static str| {
        let is_set = (context.variable)(variable).is_some_and(|value| !value.is_empty());
        if is_set { variable } else { "the file" }
    };
    let mut lines = Vec::new();
    lines.extend(selection.since.map(|since| format!("since {since} (the file)")));
    lines.extend(
        selection.workspace.as_ref().map(|named| format!("workspace {named} ({})", from("TOGGL_WORKSPACE_ID"))),
    );
    lines.extend(
        selection.project.as_ref().map(|named| format!("project {named} ({})", from("TOGGL_PROJECT_ID_DEFAULT"))),
    );
    if !selection.tags.is_empty() {
        // A variable may hold the token in the wrong place.
        lines.push(match from("TOGGL_TAGS_DEFAULT") {
            "the file" => format!("tags {} (the file)", tags(&selection.tags)),
            variable => format!("tags ({variable})"),
        });
    }
    lines.extend((!selection.running).then(|| "finished sessions only (the file)".to_owned()));
    lines.extend((selection.at_least_min > 0).then(|| format!("at least {} min (the file)", selection.at_least_min)));
    lines.extend((!selection.rules.is_empty()).then(|| count(selection.rules.len(), "rule")));
    let path = settings.config.path.display();
    let named_by = settings.config.named_by.map(|by| format!(", according to {by}")).unwrap_or_default();
    let file = match settings.config.exists {
        false => format!("there is no `{path}`"),
        true if *file == ConfigFile::default() => format!("`{path}`{named_by} sets nothing"),
        true => format!("`{path}`{named_by}"),
    };
    match lines.is_empty() {
        true => Check::ok("config", format!("{file}: the defaults")),
        false => Check::ok("config", format!("{file}: {}", lines.join(", "))),
    }
}

/// A settings file that cannot be used.
pub fn unusable(error: &SettingsError) -> Check {
    let todo = match error {
        SettingsError::Mistake { path, mistake } => format!("correct line {} of `{}`", mistake.line, path.display()),
        _ => "correct the settings file, or what names it".to_owned(),
    };
    Check::fault("config", Exit::Usage, error.to_string(), todo)
}

/// What each rule fits in the snapshot, and names that mean no project.
pub fn rules(settings: &Settings, sidecar: &Sidecar, plan: &Plan, checks: &mut Vec<Check>) {
    let selection = &settings.selection;
    let mut fits = vec![0_usize; selection.rules.len()];
    for (_, task, _) in sidecar.sessions().filter(|(_, _, record)| !record.removed) {
        if let Some(rule) = selection.rule(task.category, &task.title) {
            fits[rule.at.number - 1] += 1;
        }
    }
    for (rule, n) in selection.rules.iter().zip(fits) {
        let text =
            format!("{} (line {}): {}: fits {}", rule.at.number, rule.at.line, describe(rule), count(n, "session"));
        checks.push(if n == 0 { Check::note("rule", text) } else { Check::ok("rule", text) });
    }
    for waiting in &plan.no_projects {
        checks.push(missing(waiting));
    }
    let workspace = selection.known_workspace(sidecar);
    let is_unknown = |name: &str| workspace.and_then(|id| sidecar.names.project(id, name)).is_none();
    let unknown: Vec<String> = (selection.project_names().iter())
        .filter(|(name, _)| is_unknown(name))
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if !unknown.is_empty() {
        let text = format!("{}: looked up by the first push that needs it", unknown.join(", "));
        checks.push(Check::note("project", text));
    }
}

fn missing(waiting: &NoProject) -> Check {
    let text = format!("{} {}", no_project(waiting), count(waiting.sessions, "session"));
    Check::fault(
        "project",
        Exit::Attention,
        format!("{text} waiting"),
        "correct the name in the settings file, or make the project in Toggl, then push again",
    )
}

/// A rule in a few words: its conditions, and what it says.
fn describe(rule: &Rule) -> String {
    let mut conditions = Vec::new();
    conditions.extend(rule.category.map(|category| format!("category {category:?}")));
    conditions.extend(rule.title.as_ref().map(|title| format!("title \"{title}\"")));
    let mut says = Vec::new();
    if rule.skip {
        says.push("skip".to_owned());
    } else {
        says.extend(rule.project.as_ref().map(|project| match project {
            Some(named) => format!("project {named}"),
            None => "no project".to_owned(),
        }));
        says.extend(rule.tags.as_ref().map(|names| match names.is_empty() {
            true => "no tags".to_owned(),
            false => format!("tags {}", tags(names)),
        }));
    }
    let all = || vec!["every session".to_owned()];
    let conditions = if conditions.is_empty() { all() } else { conditions };
    let says = if says.is_empty() { "as the lines above the rules".to_owned() } else { says.join(", ") };
    format!("{} -> {says}", conditions.join(", "))
}

fn tags(tags: &[String]) -> String {
    tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" ")
}
