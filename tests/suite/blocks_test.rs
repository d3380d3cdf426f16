//! The snapshot task by task gives the same as the snapshot in one piece.

use chute_kun::app::App;
use chute_kun::config::Config;
use chute_kun::task::Task as TheirTask;
use chute_toggl::chute_kun::snapshot::List;
use chute_toggl::chute_kun::snapshot::blocks::{read, split, task};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::damaged_snapshot::{FILES, check, damaged, expected};

/// The pieces are the text, and if it is valid, each is a task and all are the snapshot.
fn check_pieces(text: &str) {
    check("pieces", text.as_bytes());
    let Some(pieces) = split(text) else { return };
    let together: String = [pieces.preamble].into_iter().chain(pieces.blocks.iter().map(|block| block.text)).collect();
    assert_eq!(together, text);
    let whole = expected(text.as_bytes());
    if whole.is_some() {
        pieces.blocks.iter().for_each(|block| drop(task(block).expect("a piece of a valid text")));
        assert_eq!(read(text), whole);
    } else {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn what_chute_kun_wrote_is_read_task_by_task() {
    let mut count = 0;
    for (name, bytes) in FILES.iter().filter(|(name, _)| !name.contains("/invalid/")) {
        count += 1;
        assert_eq!(read(std::str::from_utf8(bytes).unwrap()), expected(bytes), "{name}");
        assert!(expected(bytes).is_some());
    }
    assert!(count >= 5);
    for (_, bytes) in FILES.iter() {
        std::str::from_utf8(bytes).iter().for_each(|text| check_pieces(text));
    }
}

const REST: &str = "estimate_min = 1\nactual_min = 0\nstate = \"Planned\"\n";

#[test]
fn blocks_know_their_list_and_text() {
    let text = format!(
        "version = 1\nfuture = []\n\n[[past]]\ntitle = '''\n[[today]]\n'''\n{REST}\n[[past.sessions]]\nstart_min = 1\n\n[[today]]\n"
    );
    let pieces = split(&text).unwrap();
    assert_eq!(pieces.preamble, "version = 1\nfuture = []\n\n");
    let lists: Vec<List> = pieces.blocks.iter().map(|block| block.list).collect();
    assert_eq!(lists, [List::Past, List::Today]);
    assert_eq!(task(&pieces.blocks[0]).unwrap().title, "[[today]]\n");
    assert_eq!(task(&pieces.blocks[0]).unwrap().sessions.len(), 1);
    assert_eq!(pieces.blocks[1].text, "[[today]]\n");
    assert!(task(&pieces.blocks[1]).is_err());
    assert!(pieces.inline().is_some());
    assert_eq!(split("").unwrap().blocks, []);
}

/// Comments and odd strings that hide or seem to begin strings do not cost the fast way.
#[test]
fn what_only_looks_unusual_is_read_task_by_task() {
    let lines = [
        "# don't",
        "x = 1 # '''",
        "x = '#'",
        r"x = '\'",
        r#"x = "\"""#,
        r#"x = """""""#,
        r#"x = '"""'"#,
        "x = '''''a'''''",
    ];
    for line in lines {
        let text = format!("version = 1\n{line}\n[[past]]\ntitle = 'a'\n{REST}{line}\n[[past]]\ntitle = 'b'\n{REST}");
        assert_eq!(read(&text).expect(line).past.len(), 2);
        check_pieces(&text);
    }
}

/// Each is reason to read the whole in one piece.
#[test]
fn the_unusual_is_left_to_the_other_reader() {
    let task = format!("title = 'a'\n{REST}");
    let unusual = [
        format!("version = 1\npast = []\n[[past]]\n{task}"),
        format!("version = 1\n\"past\" = []\n[[past]]\n{task}"),
        format!("version = 1\npast.x = 1\n[[past]]\n{task}"),
        format!("version = 1\n[x]\n[[past]]\n{task}"),
        format!("version = 1\n[[past]]\n{task}[past.x]\n"),
        format!("version = 1\n[[past]]\n{task} [[past]]\n{task}"),
        format!("version = 1\n[[past]]\n{task}[[past]] # x\n{task}"),
        format!("version = 1\n[[past]]\r\n{task}"),
        format!("version = 1\n[[past]]\n{task}[[today.sessions]]\nstart_min = 1\n"),
        format!("version = 1\n[[past]]\n{task}[[past]]\n{task}x = \"\n"),
        format!("version = 1\n[[past]]\n{task}sessions = []\n[[past.sessions]]\nstart_min = 1\n"),
        format!("version = 1\n[[past]]\n{task}x = [\n[[past]]\n{task}]\n"),
        format!("version = 2\n[[past]]\n{task}"),
        format!("[[past]]\n{task}version = 1\n"),
        format!("\u{feff}[[past]]\nversion = 1\n{task}[[past]]\n{task}"),
        "version = 1".to_owned(),
    ];
    for text in unusual {
        assert_eq!(read(&text), None, "{text}");
        check_pieces(&text);
    }
}

fn form(content: &str) -> impl Strategy<Value = String> + use<> {
    let content = content.to_owned();
    select(vec!["\"", "'", "\"\"\"", "'''", "\"\"\"\n", "'''\n", ""])
        .prop_map(move |quote| format!("{quote}{content}{}", quote.trim_end()))
}

/// A line of a document, usual or not.
fn line() -> impl Strategy<Value = String> {
    let pieces = vec![
        "[[today]]",
        "[[past]]\n",
        "\n[[past]]\n",
        "\n",
        "\\",
        "\\\n",
        "\"",
        "\"\"",
        "'",
        "''",
        "#",
        "a",
        "é",
        "\r\n",
        "\t",
        "=",
        "[",
        "{",
        "\\\"",
    ];
    let content = prop::collection::vec(select(pieces), 0..4).prop_map(|pieces| pieces.concat());
    let value = content.prop_flat_map(|content| form(&content));
    prop_oneof![
        6 => select(vec!["[[today]]", "[[past]]", "[[future]]", "[[past.sessions]]", "[[today.sessions]]"]).prop_map(str::to_owned),
        1 => select(vec!["[past]", "[x]", "[[x]]", " [[past]]", "[[past]] ", "today = []", "past = [ # x", "]", "", "'[[past]]' = 1", "#'''"])
            .prop_map(str::to_owned),
        4 => value.clone().prop_map(|value| format!("title = {value}")),
        1 => value.clone().prop_map(|value| format!("title = {value} # '''")),
        1 => value.prop_map(|value| format!("x = [ {value},\n{{ y = 1 }} ]")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Titles of all kinds, written by Chute_kun.
    #[test]
    fn any_title_that_chute_kun_writes(
        titles in prop::collection::vec("(\\PC|\n|\t|\"|'|\\\\|\\[\\[past\\]\\]|\n\\[\\[today\\]\\]\n|\"\"\"|'''|\u{1}|\r){0,8}", 1..5),
    ) {
        let mut app = App::with_config(Config::default());
        let tasks: Vec<TheirTask> = titles.iter().map(|title| TheirTask { planned_ymd: 0, ..TheirTask::new(title, 1) }).collect();
        app.apply_snapshot(tasks.clone(), vec![], tasks);
        let text = chute_kun::storage::save_to_string(&app).unwrap();
        let snapshot = read(&text).expect("no fallback");
        prop_assert_eq!(snapshot.past.iter().map(|task| &task.title).collect::<Vec<_>>(), titles.iter().collect::<Vec<_>>());
        check_pieces(&text);
    }

    /// Documents made of lines that are often valid, each task completed with what it must have.
    #[test]
    fn any_sequence_of_lines(lines in prop::collection::vec(line(), 0..12), complete in prop::bool::weighted(0.9)) {
        let mut text = "version = 1\n".to_owned();
        for line in lines {
            text += &line;
            text += "\n";
            if complete && ["[[today]]", "[[past]]", "[[future]]"].contains(&line.as_str()) {
                text += REST;
                text += "title = 'a'\n";
            } else if complete && line.ends_with(".sessions]]") {
                text += "start_min = 1\n";
            }
        }
        check_pieces(&text);
        check_pieces(&text.replace("title = 'a'\ntitle", "title"));
    }

    #[test]
    fn damaged_files(bytes in damaged()) {
        if let Ok(text) = std::str::from_utf8(&bytes) {
            check_pieces(text);
        }
    }
}
