//! Help. What the completions know is tested with the shells that read them.

use super::commands;
use crate::support::test_home::TestHome;

#[test]
fn help_fits_a_terminal_and_the_short_one_is_shorter() {
    let home = TestHome::new();
    let names: Vec<String> = commands().iter().map(|command| command.get_name().to_owned()).collect();
    for command in std::iter::once(None).chain(names.iter().map(Some)) {
        let help = |flag: &str| {
            let args: Vec<&str> = command.map(String::as_str).into_iter().chain([flag]).collect();
            let ran = home.run(&args).exits(0);
            assert_eq!(ran.err, "");
            for line in ran.out.lines() {
                assert!(line.chars().count() <= 80, "{args:?}: {line}");
            }
            ran.out
        };
        let (short, long) = (help("-h"), help("--help"));
        assert!(short.lines().count() < long.lines().count(), "{command:?}");
    }
}

#[test]
fn help_tells_every_exit_code() {
    let help = TestHome::new().run(&["--help"]).exits(0).out;
    for code in super::exit_codes() {
        assert!(help.lines().any(|line| line.split_whitespace().next() == Some(&code)), "{code}");
    }
}

#[test]
fn help_is_a_command_as_well() {
    let home = TestHome::new();
    assert_eq!(home.run(&["help", "push"]).exits(0).out, home.run(&["push", "--help"]).exits(0).out);
    home.run(&["help", "pull"]).exits(2);
}

#[test]
fn a_command_that_only_prints_lists_no_option_that_changes_nothing() {
    let home = TestHome::new();
    for command in ["hook", "completions"] {
        let help = home.run(&[command, "-h"]).exits(0).out;
        assert!(help.contains("--help") && !help.contains("--sidecar"), "{help}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let text = home.run(&["completions", shell]).exits(0).out;
        let of_hook = text.lines().filter(|line| line.contains("hook") && line.contains("sidecar"));
        // The line of the program itself has both.
        let of_hook = of_hook.filter(|line| !line.contains("verify"));
        assert_eq!(of_hook.count(), 0, "{shell}");
        assert!(text.contains("sidecar"), "{shell}");
    }
    home.run(&["completions", "fish"]).exits(0).says("using_subcommand hook\" -f -a \"bash zsh fish\"");
}

#[test]
fn the_version_says_what_it_was_built_from_when_asked_for_more() {
    let home = TestHome::new();
    let short = home.run(&["--version"]).exits(0).out;
    let long = home.run(&["--version", "-v"]).exits(0).out;
    assert_eq!(short.lines().count(), 1);
    for part in [short.trim_end(), "\ncommit  ", "\ntarget  ", "\nAPI     Toggl Track v9"] {
        assert!(long.contains(part), "{long}");
    }
}
