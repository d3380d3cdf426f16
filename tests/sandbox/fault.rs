//! What can go wrong between a client and the server, on demand.

use std::ops::Range;

use super::{LogLine, Outgoing, Page};

/// Something that goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The request never leaves the client's machine. A [`Server`](super::Server) cannot do this to a
    /// connection that stands, and cuts it instead.
    Unreachable,
    /// The connection is closed without an answer; the request is not carried out.
    CutBefore,
    /// The connection is reset without an answer; the request is not carried out.
    ResetBefore,
    /// The request is carried out; the connection is closed without an answer.
    CutAfter,
    /// The request is carried out; the connection is closed in the middle of the answer.
    CutMiddle,
    /// This answer, whether or not the request was carried out.
    Status {
        /// The HTTP status.
        code: u16,
        /// The body.
        body: String,
        /// Whether the server did what was asked before it answered so.
        carried_out: bool,
    },
    /// An answer of someone between the client and Toggl, whether or not the request went through.
    Gateway {
        /// The HTTP status.
        code: u16,
        /// What stands in it.
        page: Page,
        /// Whether the request had been passed on and carried out before.
        carried_out: bool,
    },
    /// The answer to the create before this one is given again: a second answer with its id. If there was none, or if
    /// this is no create, the request is answered as it should be.
    Repeated {
        /// Whether the server did what was asked.
        carried_out: bool,
    },
    /// The request is carried out; the answer is a 200 that is no JSON.
    Garbage,
    /// The request is carried out; the answer is a 200 with an empty object.
    NoId,
    /// The request is carried out; the answer is whole for HTTP, but its JSON is only half there.
    HalfBody,
    /// The answer comes late, in real time: for clients with a short timeout. What was not carried out is
    /// answered 504.
    Slow {
        /// How late.
        ms: u64,
        /// Whether the server did what was asked.
        carried_out: bool,
    },
}

impl Fault {
    /// An answer of `code` with a short text.
    pub fn status(code: u16, carried_out: bool) -> Self {
        Self::Status { code, body: format!("the server answered {code}"), carried_out }
    }

    /// A page of someone between, as HTML.
    pub fn html(code: u16, carried_out: bool) -> Self {
        Self::Gateway { code, page: Page::Html, carried_out }
    }

    /// A line of someone between.
    pub fn plain(code: u16, carried_out: bool) -> Self {
        Self::Gateway { code, page: Page::Plain, carried_out }
    }

    /// A bare status of someone between.
    pub fn bare(code: u16, carried_out: bool) -> Self {
        Self::Gateway { code, page: Page::Nothing, carried_out }
    }

    /// Whether the server does what it was asked, if it can, when this goes wrong.
    pub fn carries_out(&self) -> bool {
        match self {
            Self::Unreachable | Self::CutBefore | Self::ResetBefore => false,
            Self::Status { carried_out, .. }
            | Self::Gateway { carried_out, .. }
            | Self::Repeated { carried_out }
            | Self::Slow { carried_out, .. } => *carried_out,
            Self::CutAfter | Self::CutMiddle | Self::Garbage | Self::NoId | Self::HalfBody => true,
        }
    }
}

/// How an answer reaches the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// As it should.
    Answer(Outgoing),
    /// After so many milliseconds.
    Late(u64, Outgoing),
    /// Only its first half.
    Half(Outgoing),
    /// Not at all: the connection is closed.
    Closed,
    /// Not at all: the connection is reset.
    Reset,
    /// Not at all: the request cannot have been sent.
    Unreachable,
}

type Chooser = Box<dyn FnMut(&LogLine) -> Option<Fault> + Send>;

/// The faults that are still to come.
#[derive(Default)]
pub struct Faults {
    /// Requests to let pass before the fault, and the fault.
    scheduled: Vec<(usize, Fault)>,
    choosers: Vec<Chooser>,
}

impl Faults {
    /// The `n`-th request from now, counted from 1, meets `fault`.
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn at(&mut self, n: usize, fault: Fault) {
        assert!(n > 0, "the next request is number 1");
        self.scheduled.push((n - 1, fault));
    }

    /// The next request meets `fault`.
    pub fn next(&mut self, fault: Fault) {
        self.at(1, fault);
    }

    /// Every request that `matches` meets `fault`.
    pub fn when(&mut self, mut matches: impl FnMut(&LogLine) -> bool + Send + 'static, fault: Fault) {
        self.by(move |line| matches(line).then(|| fault.clone()));
    }

    /// The next `n` requests that match meet `fault`; then it has passed.
    pub fn times(&mut self, n: usize, mut matches: impl FnMut(&LogLine) -> bool + Send + 'static, fault: Fault) {
        let mut left = n;
        self.by(move |line| {
            let is_hit = left > 0 && matches(line);
            left -= usize::from(is_hit);
            is_hit.then(|| fault.clone())
        });
    }

    /// Every request in these seconds of the sandbox's clock meets `fault`.
    pub fn during(&mut self, seconds: Range<i64>, fault: Fault) {
        self.when(move |line| seconds.contains(&line.at_ms.div_euclid(1000)), fault);
    }

    /// Every request meets what `choose` says. It sees the log line before status and outcome are known.
    pub fn by(&mut self, choose: impl FnMut(&LogLine) -> Option<Fault> + Send + 'static) {
        self.choosers.push(Box::new(choose));
    }

    /// Nothing goes wrong any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The fault of this request: a scheduled one first, then the first that is chosen.
    pub(super) fn pick(&mut self, line: &LogLine) -> Option<Fault> {
        let mut due = None;
        self.scheduled.retain_mut(|(left, fault)| {
            if *left == 0 {
                due.get_or_insert_with(|| fault.clone());
                return false;
            }
            *left -= 1;
            true
        });
        // Every chooser is asked, so that one that counts requests sees them all.
        for choose in &mut self.choosers {
            let chosen = choose(line);
            due = due.or(chosen);
        }
        due
    }
}
