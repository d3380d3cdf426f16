//! `hook`: the shell function that runs a push after `chute` quits.
//!
//! The push runs in the foreground. In the background it would give the prompt back at once, but it would print its
//! faults into whatever fills the terminal by then, often Chute_kun itself; and a second quit meanwhile would find
//! the lock taken and go unpushed. What the foreground costs is bounded instead: few requests, short timeouts, and
//! Ctrl-C at any time.

use crate::cli::HookShell;

/// The function for this shell, to be evaluated by its start-up file.
#[must_use]
pub fn hook(shell: HookShell) -> String {
    match shell {
        HookShell::Bash => POSIX.replace("@SHELL@", "bash").replace("@FILE@", "~/.bashrc"),
        HookShell::Zsh => POSIX.replace("@SHELL@", "zsh").replace("@FILE@", "~/.zshrc"),
        HookShell::Fish => FISH.to_owned(),
    }
}

// `function NAME {` because an alias of the same name would be expanded in `NAME() {`. No arrays: bash 3.2, which is
// still what macOS has, takes an empty one for an unset variable under `set -u`. No variable `status`: zsh has one.
// Chute_kun takes `--state FILE` only, never `--state=FILE`, and of several the last.
const POSIX: &str = r#"# Runs a push to Toggl Track after Chute_kun quits. In @FILE@:
#     eval "$(chute-toggl hook @SHELL@)"
function chute {
  local chute_status=0 chute_state='' chute_before='' chute_argument
  command chute "$@" || chute_status=$?
  # Chute_kun saves when it quits by itself; if it failed, there is nothing new to push.
  [ "$chute_status" -eq 0 ] || return "$chute_status"
  for chute_argument in "$@"; do
    case $chute_argument in
      # These change the configuration and end; nothing was worked on.
      --init-config | --set-day-start) return 0 ;;
    esac
    if [ "$chute_before" = --state ]; then
      chute_state=$chute_argument
      chute_before=''
    else
      chute_before=$chute_argument
    fi
  done
  # In the foreground, so that nothing is printed over what you do next; a second or two for what changed since the
  # last quit. Ten requests at most: a backlog goes out over the next quits, or with `chute-toggl push`. Ctrl-C ends
  # it at any time, and nothing is lost or doubled. To have the prompt back at once, write `( ... & )` around it.
  set -- push --quiet --max-requests 10
  [ -z "$chute_state" ] || set -- "$@" "--chute-state=$chute_state"
  CHUTE_TOGGL_TIMEOUT="${CHUTE_TOGGL_TIMEOUT:-10}" command chute-toggl "$@" >&2 || :
  # What became of the push is no matter of whoever runs `chute`.
  return 0
}
"#;

const FISH: &str = r#"# Runs a push to Toggl Track after Chute_kun quits. In ~/.config/fish/config.fish:
#     chute-toggl hook fish | source
function chute --description 'Chute_kun, followed by a push to Toggl Track'
    command chute $argv
    set -l chute_status $status
    # Chute_kun saves when it quits by itself; if it failed, there is nothing new to push.
    test $chute_status -eq 0; or return $chute_status
    set -l push push --quiet --max-requests 10
    set -l before ''
    set -l state
    for argument in $argv
        # These change the configuration and end; nothing was worked on.
        contains -- "$argument" --init-config --set-day-start; and return 0
        if test "$before" = --state
            set state "--chute-state=$argument"
            set before ''
        else
            set before "$argument"
        end
    end
    # In the foreground, so that nothing is printed over what you do next; a second or two for what changed since the
    # last quit. Ten requests at most: a backlog goes out over the next quits, or with `chute-toggl push`. Ctrl-C ends
    # it at any time, and nothing is lost or doubled. To have the prompt back at once, add `&; disown` to it.
    set -lx CHUTE_TOGGL_TIMEOUT $CHUTE_TOGGL_TIMEOUT
    test -n "$CHUTE_TOGGL_TIMEOUT"; or set CHUTE_TOGGL_TIMEOUT 10
    command chute-toggl $push $state >&2
    # What became of the push is no matter of whoever runs `chute`.
    return 0
end
"#;
