//! `hook` and `completions`, in real shells as far as they are installed; bash must be.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::test_home::TestHome;
use crate::support::tools::is_installed;

/// A folder with a `chute` and a `chute-toggl` that write down how they were called.
struct Stands {
    folder: tempfile::TempDir,
    hook: String,
}

impl Stands {
    fn with_hook(shell: &str) -> Stands {
        let folder = tempfile::tempdir().unwrap();
        // The real ones write to both as well.
        script(&folder.path().join("chute"), "printf 'chute<%s>' \"$@\" >>\"$LOG\"; echo said; exit \"$CHUTE_EXIT\"");
        script(
            &folder.path().join("chute-toggl"),
            "printf 'push<%s>' \"$CHUTE_TOGGL_TIMEOUT\" \"$@\" >>\"$LOG\"; echo reported; echo complained >&2; exit 6",
        );
        let ended = TestHome::new().run(&["hook", shell]);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""));
        Stands { folder, hook: ended.out }
    }

    /// Defines the hook in the shell, runs this line, and tells status, stdout, and how the stand-ins were called.
    fn run(&self, shell: &[&str], line: &str, chute_exit: i32) -> (i32, String, String) {
        let log = self.folder.path().join("log");
        let _ = fs::remove_file(&log);
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        let output = at_home(shell[0], self.folder.path())
            .args(&shell[1..])
            .arg("-c")
            .arg(format!("{}\n{line}", self.hook))
            .env("PATH", path)
            .env("LOG", &log)
            .env("CHUTE_EXIT", chute_exit.to_string())
            .output()
            .unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        let called = fs::read_to_string(&log).unwrap_or_default();
        (output.status.code().unwrap(), out, called)
    }
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A shell with a home of its own: it reads nothing of the user's, and fish leaves its folders there.
fn at_home(shell: &str, home: &Path) -> Command {
    let mut command = Command::new(shell);
    command.env_clear().env("HOME", home).env("PATH", std::env::var("PATH").unwrap()).stdin(Stdio::null());
    command
}

/// The shells to try, with the options that are hard on functions.
fn shells() -> Vec<(&'static str, Vec<&'static str>)> {
    assert!(is_installed("bash"), "the tests of the hook need bash");
    let all: [(&str, &[&str]); 3] =
        [("bash", &["bash", "--norc", "-eu"]), ("zsh", &["zsh", "-f", "-eu"]), ("fish", &["fish", "--no-config"])];
    all.into_iter().filter(|(name, _)| is_installed(name)).map(|(name, line)| (name, line.to_vec())).collect()
}

const PUSH: &str = "push<10>push<push>push<--quiet>push<--max-requests>push<10>";

#[test]
fn the_hook_pushes_after_chute_and_keeps_its_status_and_output() {
    for (name, shell) in shells() {
        let stands = Stands::with_hook(name);
        let (status, out, called) = stands.run(&shell, "chute 'a b' '*'; echo after", 0);
        assert_eq!((status, out.as_str()), (0, "said\nafter\n"), "{name}");
        assert_eq!(called, format!("chute<a b>chute<*>{PUSH}"), "{name}");
    }
}

#[test]
fn a_chute_that_failed_has_nothing_to_push() {
    for (name, shell) in shells() {
        let stands = Stands::with_hook(name);
        let or = if name == "fish" { "; or exit $status" } else { " || exit $?" };
        let (status, _, called) = stands.run(&shell, &format!("chute x{or}"), 101);
        assert_eq!((status, called.as_str()), (101, "chute<x>"), "{name}");
        // Under `set -e` a bare call ends the shell with the status of chute.
        let (status, _, called) = stands.run(&shell, "chute x", 101);
        assert_eq!((status, called.as_str()), (101, "chute<x>"), "{name}");
    }
}

#[test]
fn the_hook_pushes_the_file_that_chute_saved() {
    for (name, shell) in shells() {
        let stands = Stands::with_hook(name);
        for (line, snapshot) in [
            ("chute --state 'my state.toml'", "push<--chute-state=my state.toml>"),
            ("chute --state a --state b", "push<--chute-state=b>"),
            ("chute --state --state", "push<--chute-state=--state>"),
            // Chute_kun does not know this form.
            ("chute --state=a", ""),
        ] {
            let (status, _, called) = stands.run(&shell, line, 0);
            assert!(status == 0 && called.ends_with(&format!("{PUSH}{snapshot}")), "{name}: {line}: {called}");
        }
    }
}

#[test]
fn what_only_changes_the_configuration_is_not_followed_by_a_push() {
    for (name, shell) in shells() {
        let stands = Stands::with_hook(name);
        for line in ["chute --init-config", "chute --set-day-start 09:00", "chute --state a --init-config"] {
            let (status, _, called) = stands.run(&shell, line, 0);
            assert!(status == 0 && !called.contains("push"), "{name}: {line}: {called}");
        }
    }
}

#[test]
fn the_users_own_timeout_is_kept() {
    for (name, shell) in shells() {
        let stands = Stands::with_hook(name);
        let line = if name == "fish" { "set -x CHUTE_TOGGL_TIMEOUT 3" } else { "export CHUTE_TOGGL_TIMEOUT=3" };
        let (_, _, called) = stands.run(&shell, &format!("{line}\nchute x"), 0);
        assert!(called.starts_with("chute<x>push<3>"), "{name}: {called}");
    }
}

/// An alias of the same name, which many have for `--state`, must neither break the definition nor be lost.
#[test]
fn an_alias_of_the_same_name_may_stand_before_the_hook() {
    let mut stands = Stands::with_hook("bash");
    stands.hook = format!("shopt -s expand_aliases\nalias chute='chute --state mine'\n{}", stands.hook);
    let (status, _, called) = stands.run(&["bash", "--norc"], "chute", 0);
    assert_eq!(status, 0);
    assert_eq!(called, format!("chute<--state>chute<mine>{PUSH}push<--chute-state=mine>"));
}

#[test]
fn the_hook_has_nothing_that_shellcheck_minds() {
    if !is_installed("shellcheck") {
        return;
    }
    let stands = Stands::with_hook("bash");
    let file = stands.folder.path().join("hook.bash");
    fs::write(&file, &stands.hook).unwrap();
    let output = Command::new("shellcheck").args(["-s", "bash"]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn completions_are_sound_for_every_shell() {
    let home = TestHome::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = home.run(&["completions", shell]);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{shell}");
        for command in ["push", "status", "verify", "doctor", "hook", "completions", "--max-requests", "--repair"] {
            assert!(ended.out.contains(command.trim_start_matches('-')), "{shell}: {command}");
        }
        if ["bash", "zsh", "fish"].contains(&shell) && is_installed(shell) {
            let file = home.path(shell);
            fs::write(&file, &ended.out).unwrap();
            let output = at_home(shell, home.dir.path()).arg("-n").arg(&file).output().unwrap();
            assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    assert_eq!(home.toggl.connections(), 0);
}

/// clap_complete 4.6.11 named the states of the options otherwise than the loop that leads to them, because of the
/// hyphen in `chute-toggl`: commands were completed, and no option of any.
#[test]
fn bash_completes_commands_and_their_options() {
    let completions = TestHome::new().run(&["completions", "bash"]).out;
    for (words, expected) in [("pu", "push"), ("push --max-r", "--max-requests"), ("verify --rep", "--repair")] {
        let before = words.split(' ').count();
        let last = words.split(' ').next_back().unwrap();
        let script = format!(
            "{completions}\nCOMP_WORDS=(chute-toggl {words}); COMP_CWORD={before}\n\
             $(complete -p chute-toggl | sed 's/.*-F \\([^ ]*\\).*/\\1/') chute-toggl '{last}' x 2>/dev/null\n\
             echo \"${{COMPREPLY[*]}}\""
        );
        let home = tempfile::tempdir().unwrap();
        let output = at_home("bash", home.path()).args(["--norc", "-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected, "{words}");
    }
}

#[test]
fn another_shell_is_a_usage_error() {
    let ended = TestHome::new().run(&["hook", "tcsh"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("bash, zsh, fish"), "{}", ended.err);
}
