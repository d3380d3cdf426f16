//! The state machine: what stands in front of every call, and the entries behind them.

use std::collections::BTreeMap;

use chute_toggl::toggl::Bucket;

use super::entry::Stored;
use super::quota::{Leak, Window};
use super::route::Route;
use super::{Call, Delivery, Entry, Fault, Faults, Incoming, LogLine, Outgoing, Rules, SandboxClock};

/// The text of a 402 that means the quota.
const QUOTA_USED_UP: &str = "You have hit your hourly limit for API calls.";

/// The server. Only requests and the methods of `by_hand` change its entries.
pub struct Sandbox {
    /// What kind of server it is; may be changed at any time.
    pub rules: Rules,
    /// What will go wrong.
    pub faults: Faults,
    /// Every request, in order.
    pub log: Vec<LogLine>,
    /// What a careful client must never have done, each with the number of the request.
    pub violations: Vec<String>,
    /// Requests with a wrong token.
    pub tokens_refused: usize,
    pub(super) clock: SandboxClock,
    /// By id; deleted ones too.
    pub(super) entries: BTreeMap<i64, Stored>,
    /// The running entry; there is at most one.
    pub(super) running: Option<i64>,
    /// Counts the entries written out, to vary their form.
    pub(super) shape: u32,
    next_id: i64,
    pub(super) windows: [Window; 2],
    leak: Leak,
}

/// A refusal: the status and the text.
pub(super) struct Refused(pub u16, pub String);

/// What a call answers: the body of a 200, or a refusal.
pub(super) type Outcome = Result<String, Refused>;

impl Sandbox {
    /// A server without entries, with the default [`Rules`].
    pub fn new(clock: impl Into<SandboxClock>) -> Self {
        Self {
            rules: Rules::default(),
            faults: Faults::default(),
            log: Vec::new(),
            violations: Vec::new(),
            tokens_refused: 0,
            clock: clock.into(),
            entries: BTreeMap::new(),
            running: None,
            shape: 0,
            // The first id that a double still holds but 32 bits do not, with room to spare.
            next_id: (1 << 33) + 1,
            windows: [Window::default(); 2],
            leak: Leak::default(),
        }
    }

    /// Another server in the same state, on this clock, with an empty log and nothing that will go wrong.
    pub fn twin(&self, clock: impl Into<SandboxClock>) -> Self {
        Self {
            rules: self.rules.clone(),
            entries: self.entries.clone(),
            running: self.running,
            shape: self.shape,
            next_id: self.next_id,
            windows: self.windows,
            leak: self.leak,
            ..Self::new(clock)
        }
    }

    /// Answers a request as if nothing could go wrong on the way.
    pub fn handle(&mut self, incoming: &Incoming) -> Outgoing {
        self.note(incoming);
        let answer = self.serve(incoming);
        self.deliver(Delivery::Answer(answer.clone()));
        answer
    }

    /// Takes a request in with whatever [`Sandbox::faults`] has in store for it.
    pub fn exchange(&mut self, incoming: &Incoming) -> Delivery {
        self.note(incoming);
        let Some(fault) = self.log.last().and_then(|line| self.faults.pick(line)) else {
            let answer = self.serve(incoming);
            return self.deliver(Delivery::Answer(answer));
        };
        if let Some(line) = self.log.last_mut() {
            line.fault = Some(fault.clone());
        }
        let delivery = match fault {
            Fault::Unreachable => Delivery::Unreachable,
            Fault::CutBefore => Delivery::Closed,
            Fault::ResetBefore => Delivery::Reset,
            Fault::CutAfter => {
                self.serve(incoming);
                Delivery::Closed
            }
            Fault::CutMiddle => Delivery::Half(self.serve(incoming)),
            Fault::Status { code, body, carried_out } => {
                let answer = if carried_out { self.serve(incoming) } else { self.turn_away(incoming) };
                Delivery::Answer(Outgoing { status: code, body, ..answer })
            }
            Fault::Garbage => {
                let answer = self.serve(incoming);
                Delivery::Answer(Outgoing { status: 200, body: "<html>It works!".to_owned(), ..answer })
            }
            Fault::NoId => {
                let answer = self.serve(incoming);
                Delivery::Answer(Outgoing { status: 200, body: "{}".to_owned(), ..answer })
            }
            Fault::HalfBody => {
                let mut answer = self.serve(incoming);
                let half = (0..=answer.body.len() / 2).rev().find(|at| answer.body.is_char_boundary(*at));
                answer.body.truncate(half.unwrap_or(0));
                Delivery::Answer(answer)
            }
            Fault::Slow { ms, carried_out: true } => Delivery::Late(ms, self.serve(incoming)),
            Fault::Slow { ms, carried_out: false } => {
                let answer = self.turn_away(incoming);
                Delivery::Late(ms, Outgoing { status: 504, body: "upstream timed out".to_owned(), ..answer })
            }
        };
        self.deliver(delivery)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, by the server's clock.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Writes the request into the log and looks at what every request must have.
    fn note(&mut self, incoming: &Incoming) {
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
                if let Some(line) = self.log.last_mut() {
                    line.carried_out = true;
                }
                self.answer(200, body, Some(bucket), now_ms)
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
            return Err(self.answer(403, String::new(), None, now_ms));
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
        match route.call {
            Call::Create => self.create(route.workspace, body, now_ms),
            Call::Update => self.update(route.workspace, route.ids[0], body, now_ms),
            Call::Bulk => self.bulk(route.workspace, &route.ids, body, now_ms),
            Call::Stop => self.stop(route.workspace, route.ids[0], body, now_ms),
            Call::Delete => self.delete(route.workspace, route.ids[0], now_ms),
            Call::Me => self.me(),
            Call::List => self.list(route.query, now_ms),
            Call::Current => self.current(now_ms),
            Call::Quota => self.quota(now_ms),
        }
    }

    fn answer(&self, status: u16, body: String, bucket: Option<Bucket>, now_ms: i64) -> Outgoing {
        let quota = bucket.filter(|_| self.rules.quota_headers).map(|bucket| self.quota_headers(bucket, now_ms));
        Outgoing { status, body, quota, retry_after: None, date: now_ms.div_euclid(1000) }
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

    /// Writes down a breach of the contract by the request under way.
    pub(super) fn violate(&mut self, what: &str) {
        if let Some(line) = self.log.last() {
            self.violations.push(format!("#{} {} {}: {what}", line.number, line.method, line.target));
        }
    }

    pub(super) fn new_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Keeps the entry as it now is.
    pub(super) fn commit(&mut self, mut entry: Entry, now_ms: i64) {
        entry.at = now_ms.div_euclid(1000);
        if entry.is_running() {
            self.running = Some(entry.id);
        } else if self.running == Some(entry.id) {
            self.running = None;
        }
        match self.entries.get_mut(&entry.id) {
            Some(stored) => stored.write(entry, now_ms, self.rules.lag_ms),
            None => {
                self.entries.insert(entry.id, Stored::new(entry, now_ms));
            }
        }
    }

    /// Stops the running entry at the server's now, whatever the new one's start is.
    pub(super) fn displace(&mut self, now_ms: i64) {
        if let Some(mut entry) = self.running.and_then(|id| self.entry(id)).cloned() {
            entry.stop = Some(now_ms.div_euclid(1000).max(entry.start));
            self.commit(entry, now_ms);
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

/// The `Authorization` header of a token.
pub(super) fn basic_auth(token: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = "Basic ".to_owned();
    for three in format!("{token}:api_token").as_bytes().chunks(3) {
        let bits = three.iter().enumerate().fold(0, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            out.push(if digit <= three.len() { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    out
}
