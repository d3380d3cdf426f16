//! What stands between a request and the call that it asks for: the log, the faults, the token, the quota.

use chute_toggl::toggl::Bucket;

use super::account::basic_auth;
use super::route::Route;
use super::state::{Outcome, Refused};
use super::{Call, DateHeader, Delivery, Fault, Incoming, LogLine, OUTSIDE, Outgoing, Page, Sandbox};

/// The text of a 402 that means the quota.
const QUOTA_USED_UP: &str = "You have hit your hourly limit for API calls.";

impl Sandbox {
    /// Answers a request as if nothing could go wrong on the way.
    pub fn handle(&mut self, incoming: &Incoming) -> Outgoing {
        self.act();
        let account = self.account_of(incoming.authorization.as_deref());
        self.as_account(account, |its| {
            its.note(incoming, account);
            let answer = its.serve(incoming);
            its.deliver(Delivery::Answer(answer.clone()));
            answer
        })
    }

    /// Takes a request in with whatever [`Sandbox::faults`] has in store for it.
    pub fn exchange(&mut self, incoming: &Incoming) -> Delivery {
        self.act();
        let account = self.account_of(incoming.authorization.as_deref());
        self.as_account(account, |its| {
            its.note(incoming, account);
            its.look_at_fields(incoming);
            let fault = its.log.last().and_then(|line| its.faults.pick(line));
            if let Some(line) = its.log.last_mut() {
                line.fault.clone_from(&fault);
            }
            let delivery = match fault {
                None => Delivery::Answer(its.serve(incoming)),
                Some(fault) => its.disturb(incoming, fault),
            };
            its.deliver(delivery)
        })
    }

    /// What becomes of a request that meets a fault.
    fn disturb(&mut self, incoming: &Incoming, fault: Fault) -> Delivery {
        let now_ms = self.log.last().map_or(0, |line| line.at_ms);
        Delivery::Answer(match fault {
            Fault::Unreachable => return Delivery::Unreachable,
            Fault::CutBefore => return Delivery::Closed,
            Fault::ResetBefore => return Delivery::Reset,
            Fault::CutAfter => {
                self.serve(incoming);
                return Delivery::Closed;
            }
            Fault::CutMiddle => return Delivery::Half(self.serve(incoming)),
            Fault::Slow { ms, carried_out: true } => return Delivery::Late(ms, self.serve(incoming)),
            Fault::Slow { ms, carried_out: false } => {
                let answer = self.turn_away(incoming);
                let body = "upstream timed out".to_owned();
                return Delivery::Late(ms, Outgoing { status: 504, body, ..answer });
            }
            Fault::Status { code, body, carried_out } => {
                let answer = if carried_out { self.serve(incoming) } else { self.turn_away(incoming) };
                Outgoing { status: code, body, ..answer }
            }
            Fault::Gateway { code, page, carried_out } => {
                if carried_out {
                    self.serve(incoming);
                }
                self.page(code, &page, incoming, now_ms)
            }
            Fault::Repeated { carried_out } => {
                let is_create = self.log.last().is_some_and(|line| line.call == Some(Call::Create));
                let Some(before) = self.last_created.clone().filter(|_| is_create) else {
                    return Delivery::Answer(self.serve(incoming));
                };
                if carried_out {
                    self.serve(incoming);
                }
                before
            }
            Fault::Garbage => {
                let answer = self.serve(incoming);
                Outgoing { status: 200, body: "<html>It works!".to_owned(), ..answer }
            }
            Fault::NoId => {
                let answer = self.serve(incoming);
                Outgoing { status: 200, body: "{}".to_owned(), ..answer }
            }
            Fault::HalfBody => {
                let mut answer = self.serve(incoming);
                let half = (0..=answer.body.len() / 2).rev().find(|at| answer.body.is_char_boundary(*at));
                answer.body.truncate(half.unwrap_or(0));
                answer
            }
        })
    }

    /// A careful client leaves nothing to what runs, or to what a person may have changed.
    fn look_at_fields(&mut self, incoming: &Incoming) {
        let call = self.log.last().and_then(|line| line.call);
        let Ok(fields) = serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(&incoming.body) else { return };
        let lacks = |name: &str| !fields.contains_key(name);
        match call {
            Some(Call::Create) if lacks("project_id") || lacks("tags") => {
                self.violate("a create that takes project or tags over from what runs");
            }
            Some(Call::Update) if lacks("start") && !(lacks("stop") && lacks("duration")) => {
                self.violate("a stop without its start, which may have been moved");
            }
            _ => {}
        }
    }

    /// Writes the request into the log and looks at what every request must have.
    fn note(&mut self, incoming: &Incoming, account: usize) {
        let at_ms = self.now_ms();
        let bucket = bucket_of(&incoming.target);
        let window = &self.windows[index(bucket)];
        self.log.push(LogLine {
            number: self.log.len() + 1,
            at_ms,
            method: incoming.method.clone(),
            target: incoming.target.clone(),
            body: incoming.body.clone(),
            call: Route::find(&incoming.method, &incoming.target).map(|route| route.call),
            account,
            bucket,
            quota_closed: window.is_closed(self.total(bucket), at_ms),
            quota_told: window.was_told(at_ms),
            carried_out: false,
            status: None,
            fault: None,
        });
        if !incoming.user_agent.as_deref().is_some_and(|agent| agent.starts_with("chute-toggl/")) {
            self.violate(&format!("the User-Agent is {:?}", incoming.user_agent));
        }
        if incoming.target.contains(&self.rules.token) || incoming.body.contains(&self.rules.token) {
            self.violate("the token is in the address or in the body");
        }
        let is_json = incoming.content_type.as_deref().is_some_and(|kind| kind.starts_with("application/json"));
        if !incoming.body.is_empty() && !is_json {
            self.violate(&format!("a body of the type {:?}", incoming.content_type));
        }
        if !incoming.body.is_empty() && matches!(incoming.method.as_str(), "GET" | "DELETE") {
            self.violate("a body where none belongs");
        }
    }

    /// Completes the log line with what the client gets to see.
    fn deliver(&mut self, delivery: Delivery) -> Delivery {
        let Some(line) = self.log.last_mut() else { return delivery };
        if let Delivery::Answer(answer) | Delivery::Late(_, answer) = &delivery {
            line.status = Some(answer.status);
            let empty = answer.quota.is_some_and(|quota| quota.remaining <= 0);
            if empty || (answer.status == 402 && answer.body == QUOTA_USED_UP) {
                self.windows[index(line.bucket)].tell(line.at_ms);
            }
        }
        delivery
    }

    /// Lets the request in and carries it out.
    fn serve(&mut self, incoming: &Incoming) -> Outgoing {
        let now_ms = self.log.last().map_or(0, |line| line.at_ms);
        if incoming.target.starts_with(OUTSIDE) {
            // A plain web server has no such page, and knows nothing of tokens and quotas.
            return self.page(404, &Page::Html, incoming, now_ms);
        }
        if let Err(refusal) = self.admit(incoming, now_ms) {
            return refusal;
        }
        let outcome = match Route::find(&incoming.method, &incoming.target) {
            Some(route) if self.rules.gone.contains(&route.call) => {
                Err(Refused(410, "this version of the API is gone".to_owned()))
            }
            Some(route) => self.call(&route, &incoming.body, now_ms),
            None => {
                self.violate("there is no such call");
                Err(Refused(404, "404 page not found".to_owned()))
            }
        };
        let bucket = bucket_of(&incoming.target);
        match outcome {
            Ok(body) => {
                let answer = self.answer(200, body, Some(bucket), now_ms);
                if let Some(line) = self.log.last_mut() {
                    line.carried_out = true;
                    if line.call == Some(Call::Create) {
                        self.last_created = Some(answer.clone());
                    }
                }
                answer
            }
            Err(Refused(status, text)) => self.refusal(status, &text, Some(bucket), now_ms),
        }
    }

    /// Lets the request in and does nothing about it.
    fn turn_away(&mut self, incoming: &Incoming) -> Outgoing {
        let now_ms = self.log.last().map_or(0, |line| line.at_ms);
        match self.admit(incoming, now_ms) {
            Ok(()) => self.answer(200, String::new(), Some(bucket_of(&incoming.target)), now_ms),
            Err(refusal) => refusal,
        }
    }

    /// The token, the leaky bucket, the quota: in this order.
    fn admit(&mut self, incoming: &Incoming, now_ms: i64) -> Result<(), Outgoing> {
        if incoming.authorization.as_deref() != Some(basic_auth(&self.rules.token).as_str()) {
            self.tokens_refused += 1;
            return Err(self.answer(self.rules.token_status, String::new(), None, now_ms));
        }
        if let Some(rate) = self.rules.rate
            && !self.leak.admits(rate, now_ms)
        {
            let answer = self.refusal(429, "Too many requests", None, now_ms);
            return Err(Outgoing { retry_after: rate.retry_after, ..answer });
        }
        let bucket = bucket_of(&incoming.target);
        let total = self.total(bucket);
        let window = &mut self.windows[index(bucket)];
        if window.is_closed(total, now_ms) {
            return Err(self.refusal(402, QUOTA_USED_UP, Some(bucket), now_ms));
        }
        window.charge(1, total, now_ms);
        Ok(())
    }

    fn call(&mut self, route: &Route, body: &str, now_ms: i64) -> Outcome {
        if route.workspace != 0 {
            self.enter_workspace(route.workspace)?;
        }
        match route.call {
            Call::Create => self.create(route.workspace, body, now_ms),
            Call::Update => self.update(route.workspace, route.ids[0], body, now_ms),
            Call::Bulk => self.bulk(route.workspace, &route.ids, body, now_ms),
            Call::Stop => self.stop(route.workspace, route.ids[0], body, now_ms),
            Call::Delete => self.delete(route.workspace, route.ids[0], now_ms),
            Call::Me => self.me(),
            Call::List => self.list(route.query, now_ms),
            Call::Current => self.current(now_ms),
            Call::Entry => self.one(route.ids[0]),
            Call::Workspaces => self.workspaces(),
            Call::Projects => self.list_projects(route.workspace, route.query),
            Call::Quota => self.quota(now_ms),
        }
    }

    pub(super) fn answer(&self, status: u16, body: String, bucket: Option<Bucket>, now_ms: i64) -> Outgoing {
        let quota = bucket.filter(|_| self.rules.quota_headers).map(|bucket| self.quota_headers(bucket, now_ms));
        let date = match self.rules.date_header {
            DateHeader::Clock => Some(self.wall(now_ms)),
            DateHeader::At(second) => Some(second),
            DateHeader::Absent => None,
        };
        Outgoing { status, body, quota, retry_after: None, date, content_type: None, location: None }
    }

    fn refusal(&self, status: u16, text: &str, bucket: Option<Bucket>, now_ms: i64) -> Outgoing {
        let body = match self.rules.errors_as_json {
            true => serde_json::to_string(text).expect("a text is JSON"),
            false => text.to_owned(),
        };
        self.answer(status, body, bucket, now_ms)
    }

    /// What the headers say about a bucket.
    pub(super) fn quota_headers(&self, bucket: Bucket, now_ms: i64) -> chute_toggl::toggl::QuotaHeaders {
        self.windows[index(bucket)].headers(self.total(bucket), now_ms)
    }

    pub(super) fn total(&self, bucket: Bucket) -> i64 {
        match bucket {
            Bucket::Workspace => self.rules.workspace_total,
            Bucket::User => self.rules.user_total,
        }
    }
}

fn bucket_of(target: &str) -> Bucket {
    if target.starts_with("/me") { Bucket::User } else { Bucket::Workspace }
}

pub(super) fn index(bucket: Bucket) -> usize {
    match bucket {
        Bucket::Workspace => 0,
        Bucket::User => 1,
    }
}
