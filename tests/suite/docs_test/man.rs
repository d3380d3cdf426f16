//! The manual pages.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::support::tools::is_installed;

use super::{commands, exit_codes, project, read};

#[path = "../../man/mod.rs"]
mod made;

#[test]
fn man_pages_are_in_sync() {
    for (name, page) in made::pages() {
        let path = format!("man/{name}");
        if std::env::var_os("UPDATE_MAN").is_some() {
            fs::write(project().join(&path), &page).unwrap();
        }
        assert!(
            read(&path) == page,
            "{path} is not what the types of the program and the template in tests/man make of it. Write it anew with \
             `UPDATE_MAN=1 cargo test man_pages_are_in_sync`, and commit it"
        );
    }
}

#[test]
fn the_package_installs_every_manual_page() {
    let manifest = read("Cargo.toml");
    for (name, _) in made::pages() {
        let section = name.rsplit('.').next().unwrap();
        let asset = format!("[\"man/{name}\", \"usr/share/man/man{section}/\", \"644\"]");
        assert!(manifest.contains(&asset), "{asset}");
    }
}

/// A page without the escapes of its hyphens.
fn plain(name: &str) -> String {
    read(&format!("man/{name}")).replace("\\-", "-")
}

#[test]
fn the_manual_has_every_command_and_every_flag() {
    let page = plain("chute-toggl.1");
    for command in commands() {
        assert!(page.contains(&format!("\n.SS {}", command.get_name())), "{}", command.get_name());
        let shown = command.get_arguments().filter(|argument| !argument.is_hide_set());
        for flag in shown.filter_map(|argument| argument.get_long()).filter(|flag| *flag != "help") {
            assert!(page.contains(&format!("\\fB--{flag}\\fR")), "--{flag}");
        }
    }
}

#[test]
fn the_manual_has_every_exit_code() {
    let page = plain("chute-toggl.1");
    for code in exit_codes() {
        assert!(page.contains(&format!("\n.TP\n.B {code}\n")), "{code}");
    }
}

#[test]
fn the_manual_has_every_variable_that_is_read() {
    let page = plain("chute-toggl-config.5");
    let section = page.split(".SH ENVIRONMENT").nth(1).and_then(|rest| rest.split(".SH FILES").next()).unwrap();
    let is_name = |text: &&str| text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let mut names = BTreeSet::new();
    // Where the environment is read and nothing else is in capitals.
    for module in ["src/settings.rs", "src/chute_kun/location.rs", "src/command.rs", "src/main.rs"] {
        names.extend(read(module).split('"').skip(1).step_by(2).filter(is_name).map(str::to_owned));
    }
    // Where it is read beside other things.
    let doctor = read("src/command/doctor.rs");
    names.extend(doctor.split("variable)(\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let bold = [format!("B {name}\n"), format!("BR {name} "), format!("\" {name}\n"), format!("{{{name}}}")];
        assert!(bold.iter().any(|bold| section.contains(bold)), "{name}");
    }
}

#[test]
fn the_manual_has_nothing_that_mandoc_minds() {
    if !is_installed("mandoc") {
        return;
    }
    for (name, _) in made::pages() {
        let page = project().join("man").join(name);
        let output = Command::new("mandoc").arg("-Tlint").arg(page).output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    }
}
