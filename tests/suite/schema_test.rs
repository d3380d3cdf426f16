//! The JSON Schemas of the documents: they are made from the types, and every document of every test is held to them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::schemas::{assert_valid, name_of, schemas};
use crate::support::test_home::TestHome;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn schemas_are_in_sync() {
    let folder = project().join("fixtures/schemas");
    let manifest = fs::read_to_string(project().join("Cargo.toml")).unwrap();
    assert!(manifest.contains(r#"["fixtures/schemas/*.json", "usr/share/doc/chute-toggl/schemas/", "644"]"#));
    for (name, schema) in schemas() {
        let path = folder.join(format!("{name}.json"));
        let schema = serde_json::to_string_pretty(schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &schema).unwrap();
        }
        assert!(
            fs::read_to_string(&path).is_ok_and(|kept| kept == schema),
            "{} is not what the types in src/output/json make of it. Write it anew with \
             `UPDATE_SCHEMAS=1 cargo test schemas_are_in_sync`, and commit it",
            path.display()
        );
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), schemas().len(), "one of them is of no document");
}

/// Whoever reads a schema is told what each field means.
#[test]
fn every_field_of_a_schema_is_described() {
    fn undescribed(schema: &Value, found: &mut Vec<String>) {
        if let Some(fields) = schema["properties"].as_object() {
            found.extend(
                fields.iter().filter(|(_, field)| field["description"].is_null()).map(|(name, _)| name.clone()),
            );
        }
        let parts: Vec<&Value> = schema.as_object().map(|map| map.values().collect()).unwrap_or_default();
        parts.into_iter().for_each(|part| undescribed(part, found));
    }
    for (name, schema) in schemas() {
        let mut found = Vec::new();
        undescribed(schema, &mut found);
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

/// Every run of a test home with `--format json` is held to its schema: see `TestHome::run`. Here each has its turn.
#[test]
fn every_command_prints_what_its_schema_says() {
    let empty = TestHome::new();
    let mut seen = BTreeSet::new();
    let mut run = |home: &TestHome, line: &str, exit: i32| {
        let args: Vec<&str> = line.split(' ').chain(["--format", "json"]).collect();
        for line in home.run(&args).exits(exit).out.lines() {
            seen.insert(name_of(&serde_json::from_str(line).unwrap()).to_owned());
        }
    };
    for command in ["push", "push -n", "status", "verify", "explain report"] {
        run(&empty, command, 0);
    }
    let home = TestHome::with_work();
    for command in ["push -n", "push", "status", "log", "explain report", "doctor", "verify"] {
        run(&home, command, 0);
    }
    let id = home.entry("Write report");
    home.toggl.sandbox().remove(id);
    run(&home, "explain nonsense", 2);
    run(&home, "verify", 6);
    run(&home, "verify --repair", 0);
    home.toggl.sandbox().spend(chute_toggl::toggl::Bucket::User, 30);
    run(&home, "verify", 4);
    let all: BTreeSet<String> = schemas().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(seen, all);
}

#[test]
fn a_document_that_is_not_as_its_schema_says_is_found_out() {
    let right = json!({"schema": 1, "command": "doctor", "exit": 0, "next": "push", "checks": [
        {"check": "mode", "state": "ok", "text": "push", "do": null, "exit": null},
    ]});
    assert_valid(&right);
    for (path, wrong) in [
        ("/schema", json!(2)),
        ("/exit", json!("0")),
        ("/exit", json!(-1)),
        ("/next", json!(null)),
        ("/checks/0/state", json!("well")),
        ("/checks/0", json!({})),
        ("/checks/0/do", json!({"further": true})),
    ] {
        let mut document = right.clone();
        *document.pointer_mut(path).unwrap() = wrong;
        assert!(std::panic::catch_unwind(|| assert_valid(&document)).is_err(), "{document}");
    }
    let mut more = right.clone();
    more["further"] = json!(1);
    assert!(std::panic::catch_unwind(|| assert_valid(&more)).is_err());
}
