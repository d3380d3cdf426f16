//! What can go wrong on the way, and the sandbox without a socket.

use chute_toggl::toggl::{Answer, Bucket, Failure, Method, Request, Transport};
use serde_json::{Value, json};

use super::{Api, NOW, careful_body, entries, incoming};
use crate::sandbox::{Call, Delivery, Fault, InProcess, SimClock};

fn send(client: &mut InProcess) -> Result<Answer, Failure> {
    client.send(&Request { method: Method::Post, path: entries(""), body: Some(careful_body()) })
}

#[test]
fn in_process_speaks_to_the_same_server() {
    let clock = SimClock::at(NOW);
    let mut client = InProcess::new(clock.clone());
    let answer = send(&mut client).unwrap();
    assert_eq!((answer.status, answer.date, answer.retry_after), (200, Some(NOW), None));
    assert!(answer.quota.is_some());
    let request = Request { method: Method::Get, path: "/me".to_owned(), body: None };
    assert_eq!(client.send(&request).unwrap().quota.unwrap().remaining, 29);
    let mut stranger = client.clone().with_token("ffffffffffffffffffffffffffffffff");
    assert_eq!(stranger.send(&request).unwrap().status, 403);
    assert_eq!(InProcess::to(client.shared()).sandbox().entries().len(), 1);
    client.sandbox().assert_clean();
}

#[test]
fn each_fault_does_what_it_says() {
    let unknown = |answer: &Result<_, Failure>| matches!(answer, Err(Failure::Unknown(_)));
    for (fault, carried_out, logged) in [
        (Fault::Unreachable, false, None),
        (Fault::CutBefore, false, None),
        (Fault::ResetBefore, false, None),
        (Fault::CutAfter, true, None),
        (Fault::CutMiddle, true, None),
        (Fault::status(500, false), false, Some(500)),
        (Fault::status(503, true), true, Some(503)),
        (Fault::Garbage, true, Some(200)),
        (Fault::NoId, true, Some(200)),
        (Fault::HalfBody, true, Some(200)),
        (Fault::Slow { ms: 1, carried_out: true }, true, Some(200)),
        (Fault::Slow { ms: 1, carried_out: false }, false, Some(504)),
    ] {
        let mut client = InProcess::new(SimClock::at(NOW));
        client.sandbox().faults.next(fault.clone());
        let answer = send(&mut client);
        match (&fault, &answer) {
            (Fault::Unreachable, Err(Failure::NotSent(_))) => {}
            (Fault::Status { code, body, .. }, Ok(answer)) => {
                assert_eq!((answer.status, &answer.body), (*code, body));
            }
            (Fault::NoId, Ok(answer)) => assert_eq!((answer.status, answer.body.as_str()), (200, "{}")),
            (Fault::Garbage | Fault::HalfBody, Ok(answer)) => {
                assert_eq!(answer.status, 200);
                assert!(serde_json::from_str::<Value>(&answer.body).is_err(), "{}", answer.body);
            }
            (_, answer) => assert!(unknown(answer), "{fault:?}: {answer:?}"),
        }
        let sandbox = client.sandbox();
        assert_eq!(sandbox.entries().len(), usize::from(carried_out), "{fault:?}");
        let line = &sandbox.log[0];
        assert_eq!((line.carried_out, line.status, line.fault.as_ref()), (carried_out, logged, Some(&fault)));
        let untouched = matches!(fault, Fault::Unreachable | Fault::CutBefore | Fault::ResetBefore);
        assert_eq!(sandbox.remaining(Bucket::Workspace) == sandbox.rules.workspace_total, untouched, "{fault:?}");
        drop(sandbox);
        assert_eq!(send(&mut client).unwrap().status, 200, "only once");
    }
}

#[test]
fn faults_can_be_scheduled_matched_or_chosen() {
    let mut client = InProcess::new(SimClock::at(NOW));
    client.sandbox().faults.at(2, Fault::CutBefore);
    client.sandbox().faults.at(3, Fault::CutAfter);
    let outcomes: Vec<bool> = (0..4).map(|_| send(&mut client).is_ok()).collect();
    assert_eq!(outcomes, [true, false, false, true]);
    client.sandbox().faults.when(|line| line.call == Some(Call::Me), Fault::status(502, false));
    client.sandbox().faults.by(|line| (line.number == 7).then_some(Fault::CutBefore));
    let request = Request { method: Method::Get, path: "/me".to_owned(), body: None };
    assert!(send(&mut client).is_ok());
    assert_eq!(client.send(&request).unwrap().status, 502);
    assert!(send(&mut client).is_err(), "number 7");
    client.sandbox().faults.clear();
    assert_eq!(client.send(&request).unwrap().status, 200);
}

#[test]
fn a_fault_does_not_open_a_closed_bucket() {
    let mut api = Api::new();
    api.sandbox.rules.workspace_total = 1;
    api.create(&json!({}));
    api.sandbox.faults.next(Fault::CutAfter);
    let delivery = api.sandbox.exchange(&incoming("POST", &entries(""), &careful_body()));
    assert_eq!(delivery, Delivery::Closed);
    assert!(!api.sandbox.log[1].carried_out && api.sandbox.log[1].quota_closed);
    assert_eq!(api.sandbox.entries().len(), 1);
}

/// What a client must not leave to the entry that runs, or to the start that a person may have moved.
#[test]
fn what_is_left_out_is_a_violation() {
    let mut api = Api::new();
    for name in ["project_id", "tags"] {
        let mut body = careful_body();
        body.as_object_mut().unwrap().remove(name);
        api.sandbox.exchange(&incoming("POST", &entries(""), &body));
        assert!(std::mem::take(&mut api.sandbox.violations)[0].contains("takes project or tags over"), "{name}");
    }
    api.sandbox.exchange(&incoming("POST", &entries(""), &careful_body()));
    api.sandbox.assert_clean();
    let id = api.sandbox.entries()[0].id;
    let stop = json!({"stop": "2026-05-11T08:20:00Z", "duration": 1200});
    api.sandbox.exchange(&incoming("PUT", &entries(&format!("/{id}")), &stop));
    assert!(api.sandbox.violations[0].contains("a stop without its start"), "{:?}", api.sandbox.violations);
}
