//! The commands in this process, with what they print.

use crate::home::Ran;
use crate::sandbox::{SimClock, run_command};

/// Runs `chute-toggl` with these arguments, this environment and nothing else of the machine's but its files.
pub fn run(args: &[&str], variables: &[(&str, String)], clock: &SimClock) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = run_command(args, variables, clock, &mut out, &mut err);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: exit.code().into(), out: text(out), err: text(err) }
}
