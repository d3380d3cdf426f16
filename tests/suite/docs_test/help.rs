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
