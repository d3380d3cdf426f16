//! `config.toml`: what it can say, and what each mistake is answered with.

use std::fmt::Write as _;

use chute_toggl::reconcile::selection::{NameOrId, Rule, RuleAt};
use chute_toggl::settings::file::{ConfigFile, EXAMPLE, parse};
use chute_toggl::sidecar::Category;
use time::macros::date;

use crate::sandbox::TOKEN;

#[test]
fn all_that_can_be_said_is_read() {
    let text = r#"
since = 2026-05-01
workspace = "ACME"
project = 77
tags = ["chute", " deep work ", "chute"]
running = false
at_least_min = 2

[[rule]]
category = "Work"
title = "ACME:"
project = "2024"
tags = []

[[rule]]
project = ""
skip = true
"#;
    let name = |name: &str| NameOrId::Name(name.into());
    let rules = vec![
        Rule {
            at: RuleAt { number: 1, line: 9 },
            category: Some(Category::Work),
            title: Some("ACME:".to_owned()),
            project: Some(Some(name("2024"))),
            tags: Some([].into()),
            skip: false,
        },
        Rule { at: RuleAt { number: 2, line: 15 }, project: Some(None), skip: true, ..Rule::default() },
    ];
    let expected = ConfigFile {
        since: Some(date!(2026 - 05 - 01)),
        workspace: Some(name("ACME")),
        project: Some(Some(NameOrId::Id(77))),
        tags: Some(["chute".to_owned(), "deep work".to_owned()].into()),
        running: Some(false),
        at_least_min: Some(2),
        rules,
    };
    assert_eq!(parse(text), Ok(expected));
    assert_eq!(parse(""), Ok(ConfigFile::default()));
}

/// The example sets nothing as it stands, and every line of it is valid.
#[test]
fn the_example_is_the_defaults_and_each_of_its_lines_can_be_used() {
    assert_eq!(parse(EXAMPLE), Ok(ConfigFile::default()));
    let mut used = String::new();
    for line in EXAMPLE.lines() {
        let _ = writeln!(used, "{}", line.strip_prefix('#').filter(|line| !line.starts_with(' ')).unwrap_or(""));
    }
    let file = parse(&used).unwrap();
    assert_eq!((file.rules.len(), file.running, file.at_least_min), (2, Some(true), Some(0)));
    assert!(file.since.is_some() && file.workspace.is_some() && file.project.is_some() && file.tags.is_some());
}

#[test]
fn every_mistake_has_its_line_and_what_would_be_right() {
    for (text, line, reason) in [
        ("\nsinze = 2026-05-01", 2, "unknown field `sinze`"),
        ("[[rule]]\nskipp = true", 2, "unknown field `skipp`"),
        ("[rules]\n", 1, "unknown field `rules`"),
        ("since = \"2026-05-01\"", 1, "without quotes"),
        ("since = 2026-05-01T10:00:00", 1, "a day"),
        ("since = 2026-02-30", 1, ""),
        ("workspace = \"\"", 1, "`workspace` must be"),
        ("workspace = 0", 1, "a name in quotes, or a number"),
        ("project = true", 1, "a name in quotes, or a number"),
        ("tags = \"a\"", 1, "a list of names"),
        ("tags = [1]", 1, "a list of names"),
        ("tags = [\" \"]", 1, "a tag has no name"),
        ("running = \"no\"", 1, "true or false"),
        ("at_least_min = -1", 1, "from 0 to 1440"),
        ("at_least_min = 1441", 1, "from 0 to 1440"),
        ("\n\n[[rule]]\ncategory = \"work\"", 4, "\"Work\""),
        ("[[rule]]\ntitle = 5", 2, "`title`"),
        ("[[rule]]\nskip = 1", 2, "true or false"),
        ("rule = 5", 1, "[[rule]]"),
        ("since = 2026-05-01\nsince = 2026-05-02", 2, "duplicate"),
        ("this is no file of settings", 1, ""),
        ("project = \"a\nb\"", 2, ""),
    ] {
        let mistake = parse(text).expect_err(text);
        assert_eq!(mistake.line, line, "{text}: {mistake}");
        assert!(mistake.reason.contains(reason) && !mistake.reason.is_empty(), "{text}: {mistake}");
    }
    let many: Vec<String> = (0..51).map(|n| format!("\"t{n}\"")).collect();
    assert!(parse(&format!("tags = [{}]", many.join(","))).unwrap_err().reason.contains("50"));
}

/// Wherever it is put by mistake.
#[test]
fn a_token_in_the_file_is_a_mistake_that_does_not_repeat_it() {
    for text in [
        format!("token = \"{TOKEN}\""),
        format!("token = '{TOKEN}' # mine"),
        format!("workspace = \"{TOKEN}\""),
        format!("[[rule]]\ntitle = \"{TOKEN}\""),
        format!("tags = [\"{TOKEN}\"]"),
        format!("since = \"{TOKEN}\""),
        format!("running = \"{TOKEN}\""),
        format!("rule = \"{TOKEN}\""),
    ] {
        let mistake = parse(&text).expect_err(&text).to_string();
        assert!(!mistake.contains(TOKEN), "{mistake}");
    }
    assert!(parse("token = 1").unwrap_err().reason.contains("TOGGL_API_TOKEN"));
    assert!(parse("project = \"toggl_sk_1\"").unwrap_err().reason.contains("token"));
}
