//! Projects, tags, and what a start gets that leaves them out.

use serde_json::{Value, json};

use super::{Api, json_of};
use crate::sandbox::WORKSPACE;

impl Api {
    fn projects(&mut self, query: &str) -> Vec<String> {
        let answer = self.ask("GET", &format!("/workspaces/{WORKSPACE}/projects?{query}"), &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let rows = json_of(&answer);
        rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn projects_are_listed_by_name_and_page() {
    let mut api = Api::new();
    assert_eq!(api.projects("active=true"), [] as [&str; 0]);
    for number in 0..450 {
        api.sandbox.add_project(WORKSPACE, &format!("P{number:03}"));
    }
    api.sandbox.add_project(5, "Elsewhere");
    assert_eq!(api.projects("active=true").len(), 151, "the server has a page of its own");
    let lengths = ["1", "2", "3", "4"].map(|page| api.projects(&format!("active=true&per_page=200&page={page}")).len());
    assert_eq!(lengths, [200, 200, 50, 0]);
    assert_eq!(api.projects("per_page=2&page=3"), ["P004", "P005"]);
    api.sandbox.assert_clean();
    for query in ["per_page=201", "per_page=0", "page=0", "page=x", "name=P001", "active=yes"] {
        let target = format!("/workspaces/{WORKSPACE}/projects?{query}");
        assert_eq!(api.ask("GET", &target, &Value::Null).status, 400, "{query}");
        api.expect_violation("is not known");
    }
    assert_eq!(api.ask("GET", "/workspaces/5/projects", &Value::Null).status, 403);
}

#[test]
fn projects_are_renamed_archived_doubled_and_hidden() {
    let mut api = Api::new();
    let first = api.sandbox.add_project(WORKSPACE, "acme");
    api.sandbox.add_project(WORKSPACE, "Beta");
    let second = api.sandbox.add_project(WORKSPACE, "Acme");
    assert_eq!(api.projects("active=true"), ["acme", "Acme", "Beta"]);
    let target = format!("/workspaces/{WORKSPACE}/projects?active=true&per_page=1");
    let row = json_of(&api.ask("GET", &target, &Value::Null))[0].clone();
    let expected = (json!(first), json!(true), json!(WORKSPACE));
    assert_eq!((row["id"].clone(), row["active"].clone(), row["workspace_id"].clone()), expected);
    api.sandbox.edit_project(second, |project| project.name = "Zeta".to_owned());
    api.sandbox.edit_project(first, |project| project.active = false);
    assert_eq!(api.projects("active=true"), ["Beta", "Zeta"]);
    assert_eq!(api.projects("active=false"), ["acme"]);
    assert_eq!(api.projects("active=both").len(), 3);
    api.sandbox.rules.projects_hidden = true;
    assert_eq!(api.ask("GET", &format!("/workspaces/{WORKSPACE}/projects"), &Value::Null).status, 403);
    api.sandbox.assert_clean();
}

#[test]
fn a_project_must_be_there_active_and_of_the_workspace() {
    let mut api = Api::new();
    api.sandbox.add_workspace(5, "ACME");
    let (ours, theirs) = (api.sandbox.add_project(WORKSPACE, "Ours"), api.sandbox.add_project(5, "Theirs"));
    let id = api.id(&json!({"project_id": ours}));
    assert_eq!(api.create(&json!({"project_id": theirs})).body, "Project is not in this workspace");
    assert_eq!(api.put(id, &json!({"project_id": theirs})).status, 400);
    assert_eq!(api.create(&json!({"project_id": 7})).body, "Project not found");
    api.sandbox.edit_project(ours, |project| project.active = false);
    assert_eq!(api.create(&json!({"project_id": ours})).body, "Project is archived");
    assert_eq!(api.put(id, &json!({"description": "still in it"})).status, 200);
    api.sandbox.remove_project(ours);
    assert_eq!(api.create(&json!({"project_id": ours})).body, "Project not found");
    assert_eq!(api.sandbox.entry(id).unwrap().project_id, None);
    api.sandbox.remove_project(theirs);
    assert_eq!(api.create(&json!({"project_id": 7})).status, 400, "no number is one now");
    api.sandbox.assert_clean();
}

#[test]
fn tags_are_made_without_a_word() {
    let mut api = Api::new();
    let id = api.id(&json!({"tags": ["client", "deep work"]}));
    api.put(id, &json!({"tags": ["home", "client"]}));
    assert_eq!(api.sandbox.tags(WORKSPACE), ["client", "deep work", "home"]);
    assert_eq!(api.sandbox.tags(5), [] as [&str; 0]);
    api.sandbox.assert_clean();
}

#[test]
fn a_start_gets_what_it_leaves_out_from_the_entry_that_runs() {
    let mut api = Api::new();
    let texts = |api: &Api, id: i64| {
        let entry = api.sandbox.entry(id).unwrap();
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
        let first = api.id(&running);
        let id = api.id(&more);
        assert_eq!(texts(&api, id), expected, "{more}");
        api.sandbox.remove(first);
        api.sandbox.remove(id);
        let id = api.id(&more);
        assert_ne!(texts(&api, id).1, tags, "nothing runs");
        api.sandbox.remove(id);
    }
    api.id(&running);
    let id = api.create_null_project(&json!({"duration": -1, "tags": []}));
    assert_eq!(texts(&api, id), (None, vec![]), "said to have none");
    api.id(&running);
    api.sandbox.rules.finished_inherits = true;
    let id = api.id(&json!({}));
    assert_eq!(texts(&api, id), (Some(7), tags));
    api.sandbox.add_workspace(5, "ACME");
    let elsewhere = api.sandbox.running_id().unwrap();
    api.sandbox.move_entry(elsewhere, 5);
    let id = api.id(&json!({"duration": -1}));
    assert_eq!(texts(&api, id), (None, vec![]), "of another workspace there is nothing to get");
    api.sandbox.assert_clean();
}
