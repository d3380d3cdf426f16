//! Projects, tags, and what a start gets that leaves them out.

use serde_json::{Value, json};

use super::{Desk, json_of};
use crate::sandbox::WORKSPACE;

impl Desk {
    fn projects(&mut self, query: &str) -> Vec<String> {
        let answer = self.ask("GET", &format!("/workspaces/{WORKSPACE}/projects?{query}"), &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let rows = json_of(&answer);
        rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn projects_are_listed_by_name_and_page() {
    let mut desk = Desk::new();
    assert_eq!(desk.projects("active=true"), [] as [&str; 0]);
    for number in 0..450 {
        desk.sandbox.add_project(WORKSPACE, &format!("P{number:03}"));
    }
    desk.sandbox.add_project(5, "Elsewhere");
    assert_eq!(desk.projects("active=true").len(), 151, "the server has a page of its own");
    let lengths =
        ["1", "2", "3", "4"].map(|page| desk.projects(&format!("active=true&per_page=200&page={page}")).len());
    assert_eq!(lengths, [200, 200, 50, 0]);
    assert_eq!(desk.projects("per_page=2&page=3"), ["P004", "P005"]);
    desk.sandbox.assert_clean();
    for query in ["per_page=201", "per_page=0", "page=0", "page=x", "name=P001", "active=yes"] {
        let target = format!("/workspaces/{WORKSPACE}/projects?{query}");
        assert_eq!(desk.ask("GET", &target, &Value::Null).status, 400, "{query}");
        desk.expect_violation("is not known");
    }
    assert_eq!(desk.ask("GET", "/workspaces/5/projects", &Value::Null).status, 403);
}

#[test]
fn projects_are_renamed_archived_doubled_and_hidden() {
    let mut desk = Desk::new();
    let first = desk.sandbox.add_project(WORKSPACE, "acme");
    desk.sandbox.add_project(WORKSPACE, "Beta");
    let second = desk.sandbox.add_project(WORKSPACE, "Acme");
    assert_eq!(desk.projects("active=true"), ["acme", "Acme", "Beta"]);
    let target = format!("/workspaces/{WORKSPACE}/projects?active=true&per_page=1");
    let row = json_of(&desk.ask("GET", &target, &Value::Null))[0].clone();
    let expected = (json!(first), json!(true), json!(WORKSPACE));
    assert_eq!((row["id"].clone(), row["active"].clone(), row["workspace_id"].clone()), expected);
    desk.sandbox.edit_project(second, |project| project.name = "Zeta".to_owned());
    desk.sandbox.edit_project(first, |project| project.active = false);
    assert_eq!(desk.projects("active=true"), ["Beta", "Zeta"]);
    assert_eq!(desk.projects("active=false"), ["acme"]);
    assert_eq!(desk.projects("active=both").len(), 3);
    desk.sandbox.rules.projects_hidden = true;
    assert_eq!(desk.ask("GET", &format!("/workspaces/{WORKSPACE}/projects"), &Value::Null).status, 403);
    desk.sandbox.assert_clean();
}

#[test]
fn a_project_must_be_there_active_and_of_the_workspace() {
    let mut desk = Desk::new();
    desk.sandbox.add_workspace(5, "ACME");
    let (ours, theirs) = (desk.sandbox.add_project(WORKSPACE, "Ours"), desk.sandbox.add_project(5, "Theirs"));
    let id = desk.id(&json!({"project_id": ours}));
    assert_eq!(desk.create(&json!({"project_id": theirs})).body, "Project is not in this workspace");
    assert_eq!(desk.put(id, &json!({"project_id": theirs})).status, 400);
    assert_eq!(desk.create(&json!({"project_id": 7})).body, "Project not found");
    desk.sandbox.edit_project(ours, |project| project.active = false);
    assert_eq!(desk.create(&json!({"project_id": ours})).body, "Project is archived");
    assert_eq!(desk.put(id, &json!({"description": "still in it"})).status, 200);
    desk.sandbox.remove_project(ours);
    assert_eq!(desk.create(&json!({"project_id": ours})).body, "Project not found");
    assert_eq!(desk.sandbox.entry(id).unwrap().project_id, None);
    desk.sandbox.remove_project(theirs);
    assert_eq!(desk.create(&json!({"project_id": 7})).status, 400, "no number is one now");
    desk.sandbox.assert_clean();
}

#[test]
fn tags_are_made_without_a_word() {
    let mut desk = Desk::new();
    let id = desk.id(&json!({"tags": ["client", "deep work"]}));
    desk.put(id, &json!({"tags": ["home", "client"]}));
    assert_eq!(desk.sandbox.tags(WORKSPACE), ["client", "deep work", "home"]);
    assert_eq!(desk.sandbox.tags(5), [] as [&str; 0]);
    desk.sandbox.assert_clean();
}

#[test]
fn a_start_gets_what_it_leaves_out_from_the_entry_that_runs() {
    let mut desk = Desk::new();
    let texts = |desk: &Desk, id: i64| {
        let entry = desk.sandbox.entry(id).unwrap();
        (entry.project_id, entry.tags.clone())
    };
    let tags = vec!["phone".to_owned()];
    let running = json!({"duration": -1, "project_id": 7, "tags": ["phone"]});
    for (more, expected) in [
        (json!({"duration": -1}), (Some(7), tags.clone())),
        (json!({"duration": -1, "project_id": 8}), (Some(8), tags.clone())),
        (json!({"duration": -1, "tags": []}), (Some(7), vec![])),
        (json!({"duration": -1, "tags": ["x"]}), (Some(7), vec!["x".to_owned()])),
        (json!({}), (None, vec![])),
    ] {
        let first = desk.id(&running);
        let id = desk.id(&more);
        assert_eq!(texts(&desk, id), expected, "{more}");
        desk.sandbox.remove(first);
        desk.sandbox.remove(id);
        let id = desk.id(&more);
        assert_ne!(texts(&desk, id).1, tags, "nothing runs");
        desk.sandbox.remove(id);
    }
    desk.id(&running);
    let id = desk.create_null_project(&json!({"duration": -1, "tags": []}));
    assert_eq!(texts(&desk, id), (None, vec![]), "said to have none");
    desk.id(&running);
    desk.sandbox.rules.finished_inherits = true;
    let id = desk.id(&json!({}));
    assert_eq!(texts(&desk, id), (Some(7), tags));
    desk.sandbox.add_workspace(5, "ACME");
    let elsewhere = desk.sandbox.running_id().unwrap();
    desk.sandbox.move_entry(elsewhere, 5);
    let id = desk.id(&json!({"duration": -1}));
    assert_eq!(texts(&desk, id), (None, vec![]), "of another workspace there is nothing to get");
    desk.sandbox.assert_clean();
}
