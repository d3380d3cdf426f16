//! The token is never printed and never written, whatever a server, a file or a variable says.

use std::fs;

use chute_toggl::clock::Clock as _;
use chute_toggl::zone::Zone;

use crate::sandbox::{Refusal, TOKEN};
use crate::support::in_process::User;
use crate::support::test_home::{Ran, TestHome, one_session};

/// The base64 of the fake Toggl's token, with `:api_token` behind it.
const BASIC: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6YXBpX3Rva2Vu";

/// Another token, which is set nowhere.
const OTHER: &str = "fedcba9876543210fedcba9876543210";

const COMMANDS: [&[&str]; 5] =
    [&["push", "-n"], &["push", "-v"], &["status", "-v"], &["verify", "-v"], &["doctor", "-v"]];

/// Runs every command, as text and as JSON, and sees to it that none of this is printed or in a file of ours.
#[track_caller]
fn keeps_secret(home: &TestHome, more: &[&str], secrets: &[&str]) -> Vec<Ran> {
    let mut all = Vec::new();
    for command in COMMANDS {
        for format in ["text", "json"] {
            let ran = home.run(&[command, more, &["--format", format]].concat());
            let sidecar = fs::read_to_string(home.sidecar_path()).unwrap_or_default();
            for secret in secrets {
                // No large part of it either.
                let part = &secret[..20];
                assert!(!ran.out.contains(part) && !ran.err.contains(part), "{ran:?}");
                assert!(!sidecar.contains(part), "{sidecar}");
            }
            all.push(ran);
        }
    }
    all
}

#[test]
fn a_server_that_sends_the_headers_back() {
    let home = TestHome::with_work();
    let body = format!("\"not acceptable; your headers: Authorization: Basic {BASIC}, token {TOKEN}\"");
    home.toggl.sandbox().rules.refusals.push(Refusal { body, ..Refusal::bad("Write report") });
    let all = keeps_secret(&home, &[], &[TOKEN, BASIC]);
    assert!(
        all.iter().any(|ran| ran.out.contains("your headers: Authorization: Basic [hidden], token [hidden]")),
        "{all:?}"
    );
}

/// Also where it is not known what the token is: the words are the same.
#[test]
fn a_refusal_is_kept_without_credentials() {
    let basic = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA6YXBpX3Rva2Vu";
    let mut user = User::at(1_778_500_800);
    let text =
        format!("no such plan; Authorization: Basic {basic}, user={OTHER}, key toggl_sk_{OTHER}; Basic plan needed");
    user.toggl.sandbox().rules.refusals.push(Refusal { body: format!("\"{text}\""), ..Refusal::bad("Write report") });
    let report =
        user.push(&one_session("Write report", 540, 600), user.clock.now() - 5, &Zone::named("UTC").unwrap()).report;
    let kept = "no such plan; Authorization: Basic [hidden] user=[hidden], key [hidden]; Basic plan needed";
    assert_eq!(report.rejected[0].text, kept);
    let disk = String::from_utf8(user.disk).unwrap();
    assert!(disk.contains(kept) && !disk.contains(basic) && !disk.contains(OTHER), "{disk}");
}

#[test]
fn the_file_with_the_token_in_the_place_of_another() {
    let home = TestHome::with_work().without("TOGGL_API_TOKEN");
    for line in [
        format!("TOGGL_API_TOKEN={OTHER}"),
        format!("export TOGGL_API_TOKEN='{OTHER}'"),
        format!("# the token is {OTHER}"),
        format!("{OTHER} = 1"),
        format!("version = \"{OTHER}\""),
        OTHER.to_owned(),
        format!("token = toggl_sk_{OTHER}"),
    ] {
        fs::write(home.path("env"), format!("{line}\n")).unwrap();
        let env = home.arg("env");
        keeps_secret(&home, &["--snapshot", &env], &[OTHER]);
        keeps_secret(&home, &["--sidecar", &env], &[OTHER]);
    }
}

#[test]
fn a_variable_that_it_was_put_into_by_mistake() {
    for name in [
        "TOGGL_WORKSPACE_ID",
        "TOGGL_PROJECT_ID_DEFAULT",
        "TOGGL_SYNC_MODE",
        "TOGGL_API_URL",
        "CHUTE_TOGGL_PACE",
        "CHUTE_TOGGL_TIMEOUT",
        "TZ",
        "HTTPS_PROXY",
    ] {
        for value in
            [OTHER.to_owned(), format!("{OTHER}:api_token"), format!("https://{OTHER}:api_token@api.track.toggl.com")]
        {
            keeps_secret(&TestHome::with_work().with(name, &value), &[], &[OTHER]);
        }
    }
    let home = TestHome::with_work().with("TOGGL_API_TOKEN", &format!("{OTHER}:api_token"));
    keeps_secret(&home, &[], &[OTHER]);
    let ran = home.run(&["push", OTHER]).exits(2);
    assert!(!ran.err.contains(OTHER), "{ran:?}");
}

#[test]
fn a_title_that_holds_it_goes_nowhere() {
    let home = TestHome::new();
    home.save(&one_session(&format!("try {TOKEN}"), 540, 600));
    keeps_secret(&home, &[], &[TOKEN]);
    home.entry("try [hidden]");
    assert_eq!(home.run(&["push"]).exits(0).out, "Up to date: 1 session.\n");
}
