//! The program's commands in this process, on a clock that the caller sets.

use std::ffi::OsString;
use std::io::Write;
use std::sync::atomic::AtomicBool;

use chute_toggl::command::{self, Context};
use chute_toggl::execute::Unwatched;
use chute_toggl::exit::Exit;
use chute_toggl::sidecar::file::RealDisk;

use super::SimClock;

/// Runs `chute-toggl` with these arguments, this environment and nothing else of the machine's but its files: the real
/// code from the arguments to the exit code.
pub fn run_command(
    args: &[&str],
    variables: &[(&str, String)],
    clock: &SimClock,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let columns = variables.iter().find(|(name, _)| *name == "COLUMNS").map(|(_, columns)| columns.parse().unwrap());
    command::run(Context {
        args: std::iter::once("chute-toggl").chain(args.iter().copied()).map(OsString::from).collect(),
        variable: &|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()),
        clock,
        interrupted: &AtomicBool::new(false),
        disk: &mut RealDisk,
        out,
        err,
        out_columns: columns,
        err_columns: columns,
        watch: &mut Unwatched,
    })
}
