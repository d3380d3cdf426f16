//! The manual pages: the templates are their prose; the options are put in from the command line's own types, and the fields
//! of the JSON documents from their schemas, which are made from their types.

mod fields;

use std::fmt::Write as _;

use chute_toggl::cli::Cli;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

/// The pages by their names, with their templates.
const PAGES: [(&str, &str); 3] = [
    ("chute-toggl.1", include_str!("template.1")),
    ("chute-toggl-config.5", include_str!("template-config.5")),
    ("chute-toggl-json.5", include_str!("template-json.5")),
];

/// Each page by its name, as it has to be in `man/`.
pub fn pages() -> Vec<(&'static str, String)> {
    PAGES.into_iter().map(|(name, template)| (name, page(template))).collect()
}

fn page(template: &str) -> String {
    let mut page = String::from(".\\\" Made from tests/man and the command line's types; see man_pages_are_in_sync.\n");
    let mut told = fields::Told::default();
    for line in template.lines() {
        let placeholder = line.strip_prefix('@').and_then(|line| line.strip_suffix('@'));
        match placeholder.and_then(|placeholder| placeholder.split_whitespace().next()) {
            None => page.push_str(&line.replace("@VERSION@", env!("CARGO_PKG_VERSION"))),
            Some("SYNOPSIS") => page.push_str(&synopsis()),
            Some("COMMAND") => page.push_str(&options_of(line.trim_matches('@').trim_start_matches("COMMAND "))),
            Some("OPTIONS") => page.push_str(&options(Cli::command())),
            Some("FIELDS") => page.push_str(&told.document(line.trim_matches('@').trim_start_matches("FIELDS "))),
            Some(other) => panic!("the template asks for `{other}`"),
        }
        page.push('\n');
    }
    page.lines().fold(String::new(), |page, line| page + &wrapped(line) + "\n")
}

/// A line of text broken between words, as roff has them; a request stays whole.
fn wrapped(line: &str) -> String {
    if line.starts_with(['.', '\'']) {
        return line.to_owned();
    }
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let last = lines.last_mut().expect("there is always one");
        // A word that would turn its line into a request stays on the line before.
        if !last.is_empty() && last.len() + 1 + word.len() > 80 && !word.starts_with(['.', '\'']) {
            lines.push(word.to_owned());
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    lines.join("\n")
}

fn synopsis() -> String {
    let mut synopsis = String::new();
    for command in Cli::command().get_subcommands() {
        let argument: String = (command.get_positionals())
            .map(|argument| match argument.get_id().as_str() {
                "shell" => " \\fISHELL\\fP",
                _ if argument.is_required_set() => " \\fIWHAT\\fP...",
                _ => " [\\fIWHAT\\fP...]",
            })
            .collect();
        let _ = writeln!(
            synopsis,
            ".B chute\\-toggl {}\n[\\fIOPTION\\fP]...{argument}\n.br",
            command.get_name().replace('-', "\\-")
        );
    }
    synopsis.trim_end_matches("\n.br\n").to_owned()
}

/// The options that only this command has. Before a command is built, those of every command are not in it.
fn options_of(name: &str) -> String {
    let cli = Cli::command();
    options(cli.find_subcommand(name).expect("the template names commands that exist").clone())
}

fn options(command: Command) -> String {
    let mut roff = Vec::new();
    let command = command.disable_help_flag(true).disable_version_flag(true).disable_help_subcommand(true);
    Man::new(command).render_options_section(&mut roff).expect("memory takes it");
    let roff = String::from_utf8(roff).expect("roff is text");
    // What makes it a page of its own is left out.
    let lines = roff.lines().filter(|line| ![".SH", ".ie", ".el"].iter().any(|request| line.starts_with(request)));
    let roff = lines.collect::<Vec<_>>().join("\n");
    roff.replace("\\*(Aq", "'").replace("\n.br\n\n.br\n\\fIPossible values:\\fR\n.RS 14", ":\n.RS 14")
}

/// Markdown within a line: code is bold, emphasis is italic.
fn inline(text: &str) -> String {
    let mut roff = String::new();
    let (mut in_code, mut in_emphasis) = (false, false);
    for c in text.chars() {
        match c {
            '`' => {
                in_code = !in_code;
                roff.push_str(if in_code { "\\fB" } else { "\\fP" });
            }
            '*' if !in_code => {
                in_emphasis = !in_emphasis;
                roff.push_str(if in_emphasis { "\\fI" } else { "\\fP" });
            }
            '-' => roff.push_str("\\-"),
            '\\' => roff.push_str("\\e"),
            c => roff.push(c),
        }
    }
    // A line that begins with a dot or a quote would be a request.
    if roff.starts_with(['.', '\'']) { format!("\\&{roff}") } else { roff }
}
