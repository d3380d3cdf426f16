//! Tells the program which target and, in a release, which commit it is built from.

use std::path::Path;
use std::process::Command;

#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts by the environment")]
fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let variable = |name| std::env::var(name).unwrap_or_default();
    println!("cargo::rustc-env=CHUTE_TOGGL_TARGET={}", variable("TARGET"));
    // Elsewhere each commit would build everything anew.
    let commit = if variable("PROFILE") == "release" { commit() } else { None };
    println!("cargo::rustc-env=CHUTE_TOGGL_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
}

/// The commit of the repository, or the one that cargo wrote into the package.
#[expect(clippy::disallowed_methods, reason = "a build reads its sources")]
fn commit() -> Option<String> {
    let text = if Path::new(".git").exists() {
        if Path::new(".git/logs/HEAD").exists() {
            println!("cargo::rerun-if-changed=.git/logs/HEAD");
        }
        String::from_utf8(Command::new("git").args(["rev-parse", "HEAD"]).output().ok()?.stdout).ok()?
    } else {
        let info = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
        info.split("\"sha1\": \"").nth(1)?.to_owned()
    };
    text.get(..12).map(str::to_owned)
}
