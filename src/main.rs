//! The program: a thin shell around the library.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chute_toggl::clock::SystemClock;
use chute_toggl::command::{self, Context};
use chute_toggl::execute::Unwatched;
use chute_toggl::exit::Exit;
use chute_toggl::sidecar::file::RealDisk;
use terminal_size::terminal_size_of;

fn main() -> ExitCode {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The first asks for a clean end; a second one ends at once, which the sidecar's intents make safe.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&interrupted));
        let _ = signal_hook::flag::register(signal, Arc::clone(&interrupted));
    }
    // The work has a thread of its own: signals are delivered to this one, so none cuts a request short.
    let work = std::thread::spawn(move || run(&interrupted));
    work.join().unwrap_or(Exit::Failure).into()
}

#[expect(clippy::disallowed_methods, reason = "the one place that hands what the process has to the library")]
fn run(interrupted: &Arc<AtomicBool>) -> Exit {
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    let columns = |size: Option<(terminal_size::Width, terminal_size::Height)>| {
        let variable = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        size.map(|(width, _)| usize::from(width.0)).filter(|&columns| columns > 0).or_else(variable).unwrap_or(80)
    };
    command::run(Context {
        args: std::env::args_os().collect(),
        variable: &|name| std::env::var_os(name),
        clock: &SystemClock { interrupted: Arc::clone(interrupted) },
        interrupted,
        disk: &mut RealDisk,
        out_columns: std::io::stdout().is_terminal().then(|| columns(terminal_size_of(std::io::stdout()))),
        err_columns: std::io::stderr().is_terminal().then(|| columns(terminal_size_of(std::io::stderr()))),
        out: &mut out,
        err: &mut err,
        watch: &mut Unwatched,
    })
}
