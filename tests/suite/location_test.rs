//! Where the snapshot is: the precedence, the expansion, and which configurations count at all.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use chute_kun::config::Config;
use chute_toggl::chute_kun::location::{Environment, Located, Source, snapshot_path};
use proptest::prelude::*;
use proptest::sample::select;

/// An environment made of variables and files.
#[derive(Default, Clone)]
struct World {
    variables: HashMap<String, OsString>,
    files: HashMap<PathBuf, Vec<u8>>,
    state_flag: Option<PathBuf>,
}

impl World {
    fn new(variables: &[(&str, &str)]) -> World {
        let variables = variables.iter().map(|(name, value)| (name.to_string(), OsString::from(value))).collect();
        World { variables, ..World::default() }
    }

    fn file(mut self, path: &str, text: &str) -> World {
        self.files.insert(path.into(), text.into());
        self
    }

    fn located(&self) -> Option<Located> {
        snapshot_path(&Environment {
            state_flag: self.state_flag.clone(),
            variable: &|name| self.variables.get(name).cloned(),
            read: &|path| self.files.get(path).cloned(),
            config_dir: Some("/passwd/config".into()),
            data_dir: Some("/passwd/data".into()),
        })
    }

    fn path(&self) -> String {
        self.located().unwrap().path.to_str().unwrap().to_owned()
    }
}

/// A configuration file and the home that it lies in.
fn with_config(text: &str) -> World {
    World::new(&[("HOME", "/home/me"), ("XDG_DATA_HOME", "/data")]).file("/home/me/.config/chute_kun/config.toml", text)
}

#[test]
fn the_first_that_is_set_decides() {
    let mut world = World::new(&[
        ("CHUTE_KUN_CONFIG", "/etc/chute.toml"),
        ("CHUTE_KUN_STATE", "mine.toml"),
        ("XDG_DATA_HOME", "/data"),
        ("HOME", "/home/me"),
    ])
    .file("/etc/chute.toml", "state_path = '/var/chute.toml'\n");
    let expected = [
        ("CHUTE_KUN_CONFIG", "/var/chute.toml", Source::Config("/etc/chute.toml".into())),
        ("CHUTE_KUN_STATE", "mine.toml", Source::State),
        ("XDG_DATA_HOME", "/data/chute_kun/snapshot.toml", Source::DataHome),
        ("HOME", "/home/me/.local/share/chute_kun/snapshot.toml", Source::Home),
        ("", "/passwd/data/chute_kun/snapshot.toml", Source::System),
    ];
    for (variable, path, from) in expected {
        assert_eq!(world.located(), Some(Located { path: path.into(), from }));
        world.variables.remove(variable);
    }
    let nowhere =
        Environment { state_flag: None, variable: &|_| None, read: &|_| None, config_dir: None, data_dir: None };
    assert_eq!(snapshot_path(&nowhere), None);
}

#[test]
fn empty_variables_count_as_set() {
    assert_eq!(World::new(&[("XDG_DATA_HOME", ""), ("HOME", "/h")]).path(), "chute_kun/snapshot.toml");
    assert_eq!(World::new(&[("HOME", "")]).path(), ".local/share/chute_kun/snapshot.toml");
    assert_eq!(World::new(&[("CHUTE_KUN_STATE", ""), ("HOME", "/h")]).path(), "");
}

#[cfg(unix)]
#[test]
fn what_is_not_unicode_counts_where_chute_kun_lets_it() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(b"/odd/\xff".to_vec());
    let mut world = World::new(&[("HOME", "/h")]);
    world.variables.insert("CHUTE_KUN_STATE".into(), odd.clone());
    assert_eq!(world.located().unwrap().from, Source::Home);
    world.variables.insert("XDG_DATA_HOME".into(), odd.clone());
    assert_eq!(world.located().unwrap().path, Path::new(&odd).join("chute_kun/snapshot.toml"));
    let mut world = with_config("state_path = '/state'\n");
    world.variables.insert("CHUTE_KUN_DISABLE_CONFIG".into(), odd);
    assert_eq!(world.path(), "/state");
}

/// The shell hook passed on what `chute --state` was given as if nothing could beat it.
#[test]
fn the_flag_of_chute_yields_to_the_configuration_and_to_nothing_else() {
    let mut world = with_config("state_path = '/state'\n");
    world.variables.insert("CHUTE_KUN_STATE".into(), "/variable".into());
    world.state_flag = Some("flag.toml".into());
    assert_eq!(world.path(), "/state");
    world.variables.insert("CHUTE_KUN_DISABLE_CONFIG".into(), "1".into());
    let located = world.located().unwrap();
    assert_eq!((located.path, located.from), (PathBuf::from("flag.toml"), Source::Flag));
}

#[test]
fn the_configuration_is_found_where_chute_kun_finds_it() {
    let set = |name: &str, value: &str, path: &str, from: &str| {
        let mut world = with_config("state_path = '/state'\n").file(path, &format!("state_path = '{from}'\n"));
        world.variables.insert(name.into(), value.into());
        world.path()
    };
    assert_eq!(set("XDG_CONFIG_HOME", "/xdg", "/xdg/chute_kun/config.toml", "/a"), "/a");
    assert_eq!(set("XDG_CONFIG_HOME", "", "chute_kun/config.toml", "/b"), "/b");
    assert_eq!(set("XDG_CONFIG_HOME", "/xdg", "/other", "/c"), "/data/chute_kun/snapshot.toml");
    assert_eq!(set("CHUTE_KUN_CONFIG", "/mine", "/mine", "/d"), "/d");
    assert_eq!(set("CHUTE_KUN_CONFIG", "/mine", "/other", "/e"), "/state", "not there");
    assert_eq!(set("CHUTE_KUN_DISABLE_CONFIG", "", "/other", "/f"), "/data/chute_kun/snapshot.toml");
    assert_eq!(set("RUST_TEST_THREADS", "1", "/other", "/g"), "/data/chute_kun/snapshot.toml");
    let world = World::new(&[("HOME", "")]).file("/passwd/config/chute_kun/config.toml", "state_path = '/state'\n");
    assert_eq!(world.path(), "/state");
}

#[test]
fn a_faulty_configuration_counts_for_nothing_and_a_sound_one_hides_the_next() {
    let mut world = with_config("state_path = '/state'\n");
    world.variables.insert("CHUTE_KUN_CONFIG".into(), "/mine".into());
    let mut path = |bytes: &[u8]| {
        world.files.insert("/mine".into(), bytes.to_vec());
        world.path()
    };
    assert_eq!(path(b""), "/data/chute_kun/snapshot.toml");
    assert_eq!(path(b"state_path = 'relative'\n"), "/data/chute_kun/snapshot.toml");
    assert_eq!(path(b"state_path = 1\n"), "/state");
    assert_eq!(path(b"state_path = '/mine'\nday_start = '9'\n"), "/state");
    assert_eq!(path(b"state_path = '/mine'\n# \xff\n"), "/state");
}

#[test]
fn state_path_is_expanded_as_chute_kun_does() {
    let cases = [
        ("/plain/file", Some("/plain/file")),
        ("", None),
        ("relative", None),
        ("~", Some("/home/me/")),
        ("~/a", Some("/home/me/a")),
        ("~a", Some("/home/me/a")),
        ("~//etc/a", Some("/etc/a")),
        ("/~/a", Some("/~/a")),
        ("${HOME}/a", Some("/home/me/a")),
        ("${XDG_DATA_HOME}/${XDG_DATA_HOME}", Some("/data//data")),
        ("~/${HOME}", Some("/home/me//home/me")),
        ("${XDG_STATE_HOME}/a", None),
        ("/a/${USER}", None),
        ("/a/${}", None),
        ("/a/${HOME/b", Some("/a/${HOME/b")),
        ("/a/${HOME/${HOME}", None),
        ("/a/$HOME/$", Some("/a/$HOME/$")),
        ("/café/日", Some("/cafÃ©/æ\u{97}¥")),
    ];
    for (text, expected) in cases {
        let world = with_config(&format!("state_path = \"{text}\"\n"));
        assert_eq!(world.path(), expected.unwrap_or("/data/chute_kun/snapshot.toml"), "{text}");
    }
    let mut world = with_config("state_path = '${XDG_CONFIG_HOME}/é'\n");
    world.variables.insert("XDG_CONFIG_HOME".into(), "/é".into());
    world.files.insert("/é/chute_kun/config.toml".into(), b"state_path = '${XDG_CONFIG_HOME}/\xc3\xa9'\n".to_vec());
    assert_eq!(world.path(), "/é/Ã©", "what a variable holds is left as it is");
}

#[test]
fn a_person_is_told_what_decided() {
    let from = with_config("state_path = '/state'\n").located().unwrap().from;
    assert_eq!(from.to_string(), "`state_path` in /home/me/.config/chute_kun/config.toml");
    assert_eq!(World::new(&[("CHUTE_KUN_STATE", "/a")]).located().unwrap().from.to_string(), "$CHUTE_KUN_STATE");
}

/// Whether we take the configuration: only then does its `state_path` count.
fn taken(text: &str) -> bool {
    with_config(&format!("state_path = '/state'\n{text}")).path() == "/state"
}

fn check(text: &str) {
    let theirs = std::panic::catch_unwind(|| Config::from_toml_str(text).is_ok()).unwrap_or(false);
    assert_eq!(taken(text), theirs, "{text}");
}

const TIMES: [&str; 12] =
    ["9:00", "09:00", "99:99", "+9:+5", "9", "9:00:00", " 9:00", "9:", "65536:0", ":", "-1:0", "９:00"];
const KEYS: [&str; 30] = [
    "q",
    "Q",
    "Enter",
    "enter",
    "Space",
    "Tab",
    "BackTab",
    "Up",
    "Down",
    "Left",
    "",
    " ",
    "+",
    "a+",
    "+a",
    "Shift+Enter",
    "shift + a",
    "SHIFT+CTRL+ALT+x",
    "control+[",
    "cmd+x",
    "é",
    "qq",
    "Ctrl+é",
    " q ",
    "Shift+ +a",
    "Ctrl++",
    "\\u0001",
    "Alt+Space",
    "Shift+Shift+c",
    "\u{3000}q\u{3000}",
];
const COLOURS: [&str; 22] = [
    "white",
    "WHITE",
    " Blue ",
    "gray",
    "grey",
    "DarkGrey",
    "darkgray",
    "pink",
    "",
    "#000000",
    "#FFaa99",
    "#fffff",
    "#ggg000",
    "#+f+f+f",
    "#-f0000",
    "#é0000",
    "#0é000",
    "#00000é",
    "fffffff",
    "éééa",
    " #123456 ",
    "\u{212a}",
];
const VALUES: [&str; 14] = [
    "1",
    "true",
    "''",
    "[]",
    "{}",
    "['q']",
    "['q', 'Enter']",
    "['q', 1]",
    "['']",
    "{quit='q'}",
    "{general={color='red'}}",
    "['General', 'white']",
    "2026-05-13",
    "[{color='red'}]",
];

#[test]
fn the_same_configurations_count_as_with_chute_kun() {
    check(&Config::default_toml());
    TIMES.iter().for_each(|time| check(&format!("day_start = \"{time}\"\n")));
    KEYS.iter().for_each(|key| check(&format!("[keys]\nquit = \"{key}\"\nother = 1\n")));
    KEYS.iter().for_each(|key| check(&format!("[keys]\ncategory_picker = ['q', \"{key}\"]\n")));
    COLOURS.iter().for_each(|colour| check(&format!("[categories.hobby]\ncolor = \"{colour}\"\n")));
    for value in VALUES {
        for key in
            ["day_start", "keys", "keys.popup", "categories", "categories.work", "categories.home.color", "other"]
        {
            check(&format!("{key} = {value}\n"));
        }
    }
    let keys = |count: usize| format!("keys = [{}]\n", "'q', ".repeat(count));
    [18, 19, 20].into_iter().for_each(|count| check(&keys(count)));
    check("categories = [['a', 'red'], ['b', 'pink']]\n");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_configurations_count_as_with_chute_kun(
        lines in prop::collection::vec((any::<prop::sample::Index>(), select(VALUES.to_vec())), 0..3),
        byte in any::<prop::sample::Index>(),
        put in select(vec!["", "\"", "'", "=", "\n", "[", "]", "#", "é", "+", "1"]),
        removed in 0..3usize,
    ) {
        let sound = Config::default_toml();
        let mut text: Vec<String> = sound.lines().map(str::to_owned).collect();
        for (at, value) in lines {
            let line = at.get(&text).clone();
            if let Some((key, _)) = line.split_once('=') {
                let at = at.index(text.len());
                text[at] = format!("{key}= {value}");
            }
        }
        let mut text: Vec<char> = text.join("\n").chars().collect();
        let at = byte.index(text.len());
        let end = text.len().min(at + removed);
        text.splice(at..end, put.chars());
        check(&text.into_iter().collect::<String>());
    }

    #[test]
    fn any_key_time_and_colour_counts_as_with_chute_kun(key in "[ +a-cA-Cé]{0,4}|(Shift|alt|CTRL|x)( ?\\+ ?(Enter|Up|a|é|))?", time in "[0-9+: -]{0,6}", colour in "#[0-9a-gA-Gé+]{4,8}") {
        check(&format!("keys.quit = '{key}'\n"));
        check(&format!("day_start = '{time}'\n"));
        check(&format!("categories.work.color = '{colour}'\n"));
    }
}
