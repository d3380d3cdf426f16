//! Programs that tests use where they are installed.

/// `.ci/run` says which of them are there, and the workflow installs them all.
pub const TOOLS: [&str; 6] = ["bash", "zsh", "fish", "jq", "mandoc", "shellcheck"];

/// Whether it is installed.
pub fn is_installed(tool: &str) -> bool {
    assert!(TOOLS.contains(&tool), "{tool} is not one of {TOOLS:?}");
    std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|folder| folder.join(tool).is_file())
}
