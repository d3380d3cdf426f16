//! Those who stand between a client and Toggl, clocks that are wrong, and addresses.

use chute_toggl::toggl::{Bucket, Method, Request, Transport};
use serde_json::{Value, json};

use super::{AUTH, Api, HOUR, NOW, careful_body, entries, incoming, json_of};
use crate::sandbox::{Call, DateHeader, Delivery, Fault, InProcess, OUTSIDE, Outgoing, Page, SimClock, TOKEN};

impl Api {
    fn meet(&mut self, fault: Fault) -> Outgoing {
        self.sandbox.faults.next(fault);
        self.send()
    }

    /// Sends a create past no fault.
    fn send(&mut self) -> Outgoing {
        match self.sandbox.exchange(&incoming("POST", &entries(""), &careful_body())) {
            Delivery::Answer(answer) => answer,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_gateway_answers_in_its_own_words_before_or_after_the_work() {
    for code in [302, 303, 304, 400, 403, 404, 407, 408, 421, 425, 451, 502] {
        for carried_out in [false, true] {
            let mut api = Api::new();
            let html = api.meet(Fault::html(code, carried_out));
            assert_eq!((html.status, html.content_type, html.quota), (code, Some("text/html"), None));
            assert!(html.body.starts_with("<html>") && html.body.contains(&code.to_string()), "{}", html.body);
            assert_eq!(html.location.is_some(), matches!(code, 302 | 303));
            let plain = api.meet(Fault::plain(code, carried_out));
            assert!(plain.body.starts_with(&code.to_string()) && plain.body.lines().count() == 1, "{}", plain.body);
            assert_eq!(api.meet(Fault::bare(code, carried_out)).body, "");
            let page = Page::Text("{\"error\":\"no\"}".to_owned());
            assert_eq!(api.meet(Fault::Gateway { code, page, carried_out }).body, "{\"error\":\"no\"}");
            let done = if carried_out { 4 } else { 0 };
            assert_eq!(api.sandbox.entries().len(), done, "{code}");
            let used = api.sandbox.rules.workspace_total - api.sandbox.remaining(Bucket::Workspace);
            assert_eq!(used, done as i64, "what does not reach Toggl costs nothing");
            assert!(api.sandbox.log.iter().all(|line| line.carried_out == carried_out && line.status == Some(code)));
            api.sandbox.assert_clean();
        }
    }
}

#[test]
fn an_echo_has_the_token_in_every_form() {
    let mut api = Api::new();
    let answer = api.meet(Fault::Gateway { code: 400, page: Page::Echo, carried_out: false });
    let text = json_of(&answer);
    let text = text.as_str().unwrap();
    assert!(text.contains(TOKEN) && text.contains(AUTH), "{text}");
}

#[test]
fn a_fault_passes_after_so_many_requests_or_with_time() {
    let mut api = Api::new();
    api.sandbox.faults.times(2, |line| line.call == Some(Call::Create), Fault::html(403, false));
    api.ask("GET", "/me", &Value::Null);
    let statuses: Vec<u16> = (0..3).map(|_| api.send().status).collect();
    assert_eq!(statuses, [403, 403, 200]);
    api.sandbox.faults.during(NOW + 60..NOW + 120, Fault::html(502, true));
    let at = [59_999, 1, 59_999, 1].map(|ms| {
        api.clock.advance(ms);
        api.send().status
    });
    assert_eq!(at, [200, 502, 502, 200]);
    assert_eq!(api.sandbox.entries().len(), 5);
}

#[test]
fn one_answer_can_come_twice() {
    for carried_out in [false, true] {
        let mut api = Api::new();
        assert_eq!(api.meet(Fault::Repeated { carried_out }).status, 200);
        let first = api.sandbox.entries()[0].id;
        let again = api.meet(Fault::Repeated { carried_out });
        assert_eq!((again.status, json_of(&again)["id"].as_i64()), (200, Some(first)));
        assert_eq!(api.sandbox.entries().len(), 1 + usize::from(carried_out));
        api.sandbox.faults.next(Fault::Repeated { carried_out });
        let me = api.sandbox.exchange(&incoming("GET", "/me", &Value::Null));
        assert!(matches!(me, Delivery::Answer(answer) if answer.body.contains("fullname")), "a create only");
        let third = api.send();
        assert_ne!(json_of(&third)["id"], first);
    }
}

#[test]
fn the_servers_clock_can_be_any_distance_off() {
    for ahead in [-40 * 366 * 24 * HOUR, -2 * 24 * HOUR, -300, 300, 2 * 24 * HOUR, 4 * 365 * 24 * HOUR] {
        let mut api = Api::new();
        api.sandbox.rules.clock_ahead_ms = ahead * 1000;
        let id = api.id(&json!({}));
        assert_eq!(api.ask("GET", "/me", &Value::Null).date, Some(NOW + ahead));
        let running = api.sandbox.insert("running", NOW + ahead - 60, None);
        if ahead > -24 * 365 * HOUR {
            let stopped = api.ask("PATCH", &entries(&format!("/{running}/stop")), &Value::Null);
            assert_eq!(stopped.status, 200, "{}", stopped.body);
            assert_eq!(api.sandbox.entry(running).unwrap().stop, Some(NOW + ahead));
        }
        assert_eq!(api.list(&format!("since={}", NOW + ahead)).len(), 2);
        assert_eq!(api.list(&format!("since={}", NOW + ahead + 1)).len(), 0);
        api.ask("DELETE", &entries(&format!("/{id}")), &Value::Null);
        assert_eq!(api.sandbox.entry(id).unwrap().deleted, Some(NOW + ahead));
        // The quota's hour is an hour all the same.
        assert_eq!(api.ask("GET", "/me", &Value::Null).quota.unwrap().resets_in, Some(3600));
        api.sandbox.assert_clean();
    }
}

#[test]
fn lists_reach_back_from_the_servers_clock() {
    let mut api = Api::new();
    api.sandbox.rules.clock_ahead_ms = 2 * 24 * HOUR * 1000;
    let answer = api.ask("GET", "/me/time_entries?start_date=2026-02-12&end_date=2026-05-12", &Value::Null);
    assert_eq!(answer.body, "start_date must not be earlier than 2026-02-13");
    api.list("start_date=2026-02-13&end_date=2026-05-12");
    api.sandbox.assert_clean();
}

#[test]
fn the_date_header_can_say_anything_or_nothing() {
    let mut api = Api::new();
    // The last second of the year 9999.
    for (header, date) in [(DateHeader::At(253_402_300_799), Some(253_402_300_799)), (DateHeader::Absent, None)] {
        api.sandbox.rules.date_header = header;
        assert_eq!(api.create(&json!({})).date, date);
    }
    assert!(api.sandbox.entries().iter().all(|entry| entry.at == NOW));
}

#[test]
fn outside_the_base_there_is_a_plain_web_server() {
    let mut api = Api::new();
    let answer = api.ask("GET", &format!("{OUTSIDE}/me"), &Value::Null);
    assert_eq!((answer.status, answer.content_type, answer.quota), (404, Some("text/html"), None));
    assert!(answer.body.contains("<h1>404 Not Found</h1>"), "{}", answer.body);
    let mut client = InProcess::new(SimClock::at(NOW)).at_wrong_base();
    let answer = client.send(&Request { method: Method::Get, path: "/me".to_owned(), body: None }).unwrap();
    assert_eq!((answer.status, answer.quota), (404, None));
    client.sandbox().assert_clean();
    api.sandbox.assert_clean();
}
