//! `completions`: what a shell completes. The generator is clap's; what it gets wrong is put right here.

use clap::{Args as _, Command, CommandFactory as _};

use crate::cli::{Cli, Common, PRINTING};

/// The command line with the options of every command where they change something, and nowhere else.
fn command() -> Command {
    let cli = Cli::command().mut_args(|arg| arg.global(false));
    let common = Common::augment_args(Command::default()).mut_args(|arg| arg.global(false));
    let names: Vec<String> = cli.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let takes_options = names.into_iter().filter(|name| !PRINTING.contains(&name.as_str()));
    takes_options.fold(cli, |cli, name| {
        cli.mut_subcommand(name, |command| command.args(common.get_arguments().filter(|arg| !arg.is_hide_set())))
    })
}

/// The completions for a shell.
pub fn completions(shell: clap_complete::Shell) -> String {
    let mut command = command();
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "chute-toggl", &mut text);
    // For bash, clap_complete 4.6 takes the hyphen of the name for the border of a command in one of two places, and so
    // completes no option of any command. Where it does not, there is nothing to replace.
    let mut text = String::from_utf8_lossy(&text).replace("chute__subcmd__toggl", "chute__toggl");
    if shell == clap_complete::Shell::Fish {
        text.push_str(&arguments_for_fish(&command));
    }
    text
}

/// The values of arguments that are no options, which clap_complete 4.6 leaves out for fish.
fn arguments_for_fish(command: &Command) -> String {
    let mut text = String::new();
    for command in command.get_subcommands() {
        let values = command.get_positionals().flat_map(clap::Arg::get_possible_values);
        let values: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        if !values.is_empty() {
            text += &format!(
                "complete -c chute-toggl -n \"__fish_chute_toggl_using_subcommand {}\" -f -a \"{}\"\n",
                command.get_name(),
                values.join(" ")
            );
        }
    }
    text
}
