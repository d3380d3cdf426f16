//! The sandbox without a socket between.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chute_toggl::toggl::{Answer, Failure, Request, Transport};

use super::account::basic_auth;
use super::{Delivery, Incoming, OUTSIDE, Outgoing, Sandbox, SandboxClock};

/// A client's end of a sandbox in the same process. Clones talk to the same server.
#[derive(Clone)]
pub struct InProcess {
    sandbox: Arc<Mutex<Sandbox>>,
    authorization: String,
    is_outside: bool,
}

impl InProcess {
    /// A new sandbox on this clock, and a client with the right token.
    pub fn new(clock: impl Into<SandboxClock>) -> Self {
        Self::to(Arc::new(Mutex::new(Sandbox::new(clock))))
    }

    /// A client of this sandbox, with the token that it now has.
    pub fn to(sandbox: Arc<Mutex<Sandbox>>) -> Self {
        let authorization = basic_auth(&sandbox.lock().unwrap_or_else(PoisonError::into_inner).rules.token);
        Self { sandbox, authorization, is_outside: false }
    }

    /// The same client with another token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.authorization = basic_auth(token);
        self
    }

    /// The same client with an address that lacks `/api/v9`.
    #[must_use]
    pub fn at_wrong_base(self) -> Self {
        Self { is_outside: true, ..self }
    }

    /// The sandbox, to look at it or to change it. Sending while this is held would wait for ever.
    pub fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
        self.sandbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sandbox, to share it.
    pub fn shared(&self) -> Arc<Mutex<Sandbox>> {
        Arc::clone(&self.sandbox)
    }
}

impl Transport for InProcess {
    fn send(&mut self, request: &Request) -> Result<Answer, Failure> {
        let incoming = Incoming {
            method: request.method.as_str().to_owned(),
            target: if self.is_outside { format!("{OUTSIDE}{}", request.path) } else { request.path.clone() },
            authorization: Some(self.authorization.clone()),
            user_agent: Some(concat!("chute-toggl/", env!("CARGO_PKG_VERSION")).to_owned()),
            content_type: request.body.as_ref().map(|_| "application/json".to_owned()),
            body: request.body.as_ref().map_or_else(String::new, ToString::to_string),
        };
        let delivery = self.sandbox().exchange(&incoming);
        match delivery {
            Delivery::Answer(answer) => Ok(read(answer)),
            Delivery::Late(..) => Err(Failure::Unknown("timed out".to_owned())),
            Delivery::Half(_) => Err(Failure::Unknown("the connection was closed within the answer".to_owned())),
            Delivery::Closed => Err(Failure::Unknown("the connection was closed".to_owned())),
            Delivery::Reset => Err(Failure::Unknown("the connection was reset".to_owned())),
            Delivery::Unreachable => Err(Failure::NotSent("connection refused".to_owned())),
        }
    }
}

fn read(answer: Outgoing) -> Answer {
    Answer {
        status: answer.status,
        body: answer.body,
        quota: answer.quota,
        retry_after: answer.retry_after,
        date: answer.date,
    }
}
