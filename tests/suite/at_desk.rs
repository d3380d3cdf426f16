//! The commands in this process: the real code from the arguments to the exit code, on a clock that the test sets.

use std::ffi::OsString;
use std::sync::atomic::AtomicBool;

use chute_toggl::command::{self, World};
use chute_toggl::store::RealDisk;

use crate::home::Ran;
use crate::rig::Blind;
use crate::sandbox::SimClock;

/// Runs `chute-toggl` with these arguments, this environment and nothing else of the machine's but its files.
pub fn run(args: &[&str], variables: &[(&str, String)], clock: &SimClock) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = command::run(World {
        args: std::iter::once("chute-toggl").chain(args.iter().copied()).map(OsString::from).collect(),
        variable: &|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()),
        clock,
        interrupted: &AtomicBool::new(false),
        disk: &mut RealDisk,
        out: &mut out,
        err: &mut err,
        out_columns: None,
        err_is_terminal: false,
        watch: &mut Blind,
    });
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: exit.code().into(), out: text(out), err: text(err) }
}
