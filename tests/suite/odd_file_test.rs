//! Files that are no files, that may not be looked at, or that nothing can be written to.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::test_home::{TestHome, one_session};

const COMMANDS: [&[&str]; 4] = [&["push", "-n"], &["push"], &["status"], &["verify"]];

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// It read as "nothing recorded yet", with exit 0.
#[test]
fn a_snapshot_that_was_named_and_is_not_there() {
    let home = TestHome::new();
    for command in COMMANDS {
        home.run(command).exits(0).says("Nothing is recorded yet");
        let named: [&[&str]; 2] = [&["--snapshot", "/no/such/file"], &["--chute-state", "/no/such/file"]];
        for flag in named {
            home.run(&[command, flag].concat()).exits(8).complains("there is no snapshot at `/no/such/file`");
        }
        let ran = home.run_with(&[("CHUTE_KUN_STATE", "/no/such/file")], command);
        ran.exits(8).complains("there is no snapshot at `/no/such/file`");
    }
    assert_eq!(home.files(), [], "nothing is made");
}

/// So did a folder that may not be looked into.
#[test]
fn what_may_not_be_looked_at_is_not_missing() {
    // As root everything may be looked at, but a file is no folder, and a link to itself leads nowhere.
    let make: [fn(&Path); 2] = [|path| fs::write(path, "").unwrap(), |path| symlink(path, path).unwrap()];
    for make in make {
        let home = TestHome::new();
        make(&home.path(".local"));
        for command in COMMANDS {
            home.run(command).exits(8).complains("cannot be read");
        }
        let home = TestHome::with_work();
        make(&home.path("other"));
        for command in COMMANDS {
            let sidecar = home.arg("other/toggl.json");
            home.run(&[command, &["--sidecar", &sidecar]].concat()).exits(8).complains("cannot be read");
        }
    }
}

/// Through the link the other file was emptied; a pipe waits for whoever is at its other end.
#[test]
fn a_lock_that_is_a_link_or_no_file() {
    let home = TestHome::with_work();
    fs::create_dir_all(home.sidecar_path().parent().unwrap()).unwrap();
    let lock = home.path(".local/share/chute_kun/sync/toggl.json.lock");
    let other = home.path("precious");
    let make: [&dyn Fn(); 4] =
        [&|| symlink(&other, &lock).unwrap(), &|| fs::hard_link(&other, &lock).unwrap(), &|| pipe(&lock), &|| {
            fs::create_dir(&lock).unwrap()
        }];
    for make in make {
        fs::write(&other, "precious").unwrap();
        make();
        home.run(&["push"]).exits(1).complains("move it away");
        home.run(&["verify", "--repair"]).exits(1).complains("move it away");
        home.run(&["doctor"]);
        assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
        assert!(home.toggl.sandbox().entries().is_empty());
        fs::remove_file(&lock).or_else(|_| fs::remove_dir(&lock)).unwrap();
    }
    // A link that leads nowhere makes nothing there.
    symlink(home.path("nowhere"), &lock).unwrap();
    home.run(&["push"]).exits(1);
    assert!(!home.path("nowhere").exists());
}

/// Files beside the snapshot and the sidecar: all are read with an end.
#[test]
fn settings_and_a_log_that_are_no_files() {
    let zero = |path: &Path| symlink("/dev/zero", path).unwrap();
    for make in [&pipe as &dyn Fn(&Path), &zero] {
        for (file, command, exit) in [
            (".config/chute-toggl/config.toml", "status", 2),
            (".config/chute-toggl/config.toml", "push", 2),
            (".config/chute_kun/config.toml", "status", 0),
            (".local/share/chute_kun/sync/toggl.log.jsonl", "log", 1),
            (".local/share/chute_kun/sync/toggl.log.jsonl", "push", 0),
        ] {
            let home = TestHome::with_work();
            fs::create_dir_all(home.path(file).parent().unwrap()).unwrap();
            make(&home.path(file));
            assert_eq!(home.run(&[command]).code, exit, "{file}, {command}");
        }
    }
}

/// A pipe never ends, and `/dev/zero` fills the memory.
#[test]
fn a_sidecar_that_is_no_file() {
    let home = TestHome::with_work();
    pipe(&home.path("pipe"));
    fs::create_dir(home.path("folder")).unwrap();
    for sidecar in [home.arg("pipe"), home.arg("folder"), "/dev/zero".to_owned()] {
        for command in [&["push", "-n"][..], &["status"], &["verify"], &["doctor"]] {
            let ran = home.run(&[command, &["--sidecar", &sidecar]].concat()).exits(8);
            assert!(format!("{}{}", ran.out, ran.err).contains("not a file"), "{ran:?}");
        }
    }
}

/// It was exit 0.
#[test]
fn a_result_that_cannot_be_written_is_exit_1() {
    let home = TestHome::with_binary();
    home.save(&one_session("Write report", 0, 1));
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for args in [
        "push -n",
        "push -n --format json",
        "push",
        "push",
        "push --format json",
        "status",
        "verify",
        "doctor",
        "hook bash",
        "completions zsh",
        "--help",
        "--version",
    ] {
        let args: Vec<&str> = args.split(' ').collect();
        let ran = home.process(&args).stdout(Stdio::from(full())).output().unwrap();
        let err = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(1), "{args:?}: {err}");
        assert!(err.contains("the result could not be written"), "{args:?}: {err}");
    }
    // A reader who has gone is no failure.
    let line = format!("{} --help | head -n 1; exit ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_chute-toggl"));
    assert!(Command::new("bash").args(["-c", &line]).stdout(Stdio::null()).status().unwrap().success());
}
