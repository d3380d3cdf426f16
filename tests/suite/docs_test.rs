//! What is written about the program is true of it.

mod examples;
mod help;
mod man;
mod readme;

use std::fs;
use std::path::Path;

use chute_toggl::cli::Cli;
use clap::{Command, CommandFactory as _};

/// The project's folder.
fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the project.
fn read(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The commands, as they are on the command line.
fn commands() -> Vec<Command> {
    let mut cli = Cli::command();
    cli.build();
    cli.get_subcommands().filter(|command| command.get_name() != "help").cloned().collect()
}

/// The exit codes, as their types have them.
fn exit_codes() -> Vec<String> {
    let source = read("src/exit.rs");
    let codes =
        source.lines().filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = ")?.1.parse::<u8>().ok());
    codes.map(|code| code.to_string()).collect()
}

/// The code blocks of a Markdown text, each with what stands behind its fence.
fn code_blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((info.to_owned(), block.join("\n")));
        }
    }
    blocks
}
