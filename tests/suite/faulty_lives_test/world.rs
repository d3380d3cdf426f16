//! What goes wrong in a life beside requests that are lost: pages of whoever stands between, a 404 that passes, an
//! older sidecar that is put back, a clock or a file time that is wrong, a token or a workspace that changes.
//!
//! Each life meets some of it, so that each is also met alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chute_toggl::clock::Clock;
use fastrand::Rng;

use crate::sandbox::{Fault, InProcess, Loss, Page, SandboxClock, SimClock, TOKEN, WORKSPACE};

/// Something that can go wrong. `CHUTE_TOGGL_TRICKS` says which do, instead of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trick {
    /// Answers in the words of someone between, before or after the work was done; some tell the token.
    Gateways,
    /// "Not found", though it is there.
    Passing404,
    /// One answer for two creates.
    OneIdTwice,
    /// An older sidecar is put back.
    OlderSidecar,
    /// For some pushes the program's clock is hours or days off.
    Clock,
    /// The file's time is some seconds off.
    FileTime,
    /// The token is reset in the middle of a push; the next push has the new one.
    Token,
    /// A workspace is lost in the middle of a push, and comes back before a later one.
    Workspace,
    /// A person moves an entry to another workspace.
    MovedEntry,
}

/// All of them.
pub const TRICKS: [Trick; 9] = [
    Trick::Gateways,
    Trick::Passing404,
    Trick::OneIdTwice,
    Trick::OlderSidecar,
    Trick::Clock,
    Trick::FileTime,
    Trick::Token,
    Trick::Workspace,
    Trick::MovedEntry,
];

/// Another workspace of the account.
const ELSEWHERE: i64 = 4_200_777;

/// The world around one life.
pub struct World {
    rng: Rng,
    tricks: Vec<Trick>,
    /// How far the program's clock is ahead of everyone else's, in milliseconds.
    ahead: Arc<AtomicI64>,
    /// The sidecars that were, oldest first.
    sidecars: Vec<Vec<u8>>,
    /// How often each happened.
    pub happened: [usize; TRICKS.len()],
}

impl World {
    /// A world with some of the tricks, and Toggl in it: on the true clock, with a second workspace.
    pub fn new(mut rng: Rng, clock: &SimClock) -> (World, InProcess) {
        let ahead = Arc::new(AtomicI64::new(0));
        let (shown, off) = (clock.clone(), Arc::clone(&ahead));
        let toggl = InProcess::new(SandboxClock::By(Arc::new(move || shown.now_ms() - off.load(Ordering::SeqCst))));
        toggl.sandbox().add_workspace(ELSEWHERE, "Elsewhere");
        let wanted = std::env::var("CHUTE_TOGGL_TRICKS").ok();
        let is_met = |trick: &Trick| match &wanted {
            Some(names) => names.split(',').any(|name| name == format!("{trick:?}")),
            None => true,
        };
        let tricks = TRICKS.into_iter().filter(|_| rng.u8(..4) == 0).filter(is_met).collect();
        (World { rng, tricks, ahead, sidecars: Vec::new(), happened: [0; TRICKS.len()] }, toggl)
    }

    /// Whether this happens now, which is noted.
    fn happens(&mut self, trick: Trick, share: f64) -> bool {
        let is_now = self.tricks.contains(&trick) && self.rng.f64() < share;
        if is_now {
            self.happened[trick as usize] += 1;
        }
        is_now
    }

    /// A fault of the kinds that this world has, for one request.
    pub fn fault(&mut self) -> Option<Fault> {
        let carried_out = self.rng.bool();
        if self.happens(Trick::Passing404, 0.3) {
            let body = "\"Time entry not found\"".to_owned();
            return Some(Fault::Status { code: 404, body, carried_out: false });
        }
        if self.happens(Trick::OneIdTwice, 0.2) {
            return Some(Fault::Repeated { carried_out });
        }
        if !self.happens(Trick::Gateways, 0.5) {
            return None;
        }
        let codes = [302, 303, 304, 400, 403, 404, 407, 408, 421, 425, 451, 502];
        let code = *self.rng.choice(&codes).expect("there are some");
        Some(match self.rng.u8(..4) {
            0 if matches!(code, 302 | 303 | 304 | 407 | 408 | 421 | 425 | 451) => Fault::bare(code, carried_out),
            1 => Fault::Gateway { code: 502, page: Page::Echo, carried_out },
            _ => Fault::html(code, carried_out),
        })
    }

    /// What happens before a push of a file that was saved at `saved`; returns the time that the file shows.
    pub fn before_push(&mut self, clock: &SimClock, toggl: &InProcess, disk: &mut Vec<u8>, saved: i64) -> Before {
        let mut sandbox = toggl.sandbox();
        sandbox.add_workspace(WORKSPACE, "Mine");
        if self.happens(Trick::Workspace, 0.3) {
            let loss = if self.rng.bool() { Loss::Access } else { Loss::Deleted };
            sandbox.before_request(self.rng.usize(1..6), move |sandbox| sandbox.lose_workspace(WORKSPACE, loss));
        }
        if self.happens(Trick::Token, 0.3) {
            let token = format!("{:032x}", self.rng.u128(..));
            sandbox.before_request(self.rng.usize(1..6), move |sandbox| sandbox.reset_token(&token));
        }
        // What an older sidecar does not hold is looked for where it would be sent.
        if !self.tricks.contains(&Trick::OlderSidecar) && self.happens(Trick::MovedEntry, 0.3) {
            // One that the sidecar knows: an answer that was lost is looked for where it was sent.
            let known = String::from_utf8_lossy(disk);
            let ids = sandbox.entries().into_iter().map(|entry| entry.id);
            let ids: Vec<i64> = ids.filter(|id| known.contains(&id.to_string())).collect();
            if let Some(&id) = self.rng.choice(&ids) {
                sandbox.move_entry(id, ELSEWHERE);
            }
        }
        drop(sandbox);
        if self.happens(Trick::Clock, 0.3) {
            let ahead = self.rng.i64(-240..2 * 86_400) * 1000;
            clock.advance(ahead);
            self.ahead.fetch_add(ahead, Ordering::SeqCst);
        }
        let older = self.happens(Trick::OlderSidecar, 0.2).then(|| self.rng.choice(&self.sidecars).cloned()).flatten();
        let is_older = older.is_some();
        if let Some(older) = older {
            *disk = older;
        }
        let off = if self.happens(Trick::FileTime, 0.5) { self.rng.i64(-4..=4) } else { 0 };
        Before { shown: saved + off, is_older }
    }

    /// After it: the clock is right again.
    pub fn after_push(&mut self, clock: &SimClock, disk: &[u8]) {
        clock.advance(-self.ahead.swap(0, Ordering::SeqCst));
        if !disk.is_empty() && self.sidecars.last().is_none_or(|last| last != disk) {
            self.sidecars.push(disk.to_vec());
        }
        assert!(!String::from_utf8_lossy(disk).contains(TOKEN), "the token is in the sidecar");
    }

    /// Nothing happens any more.
    pub fn heal(&mut self, toggl: &InProcess) {
        self.tricks.clear();
        let mut sandbox = toggl.sandbox();
        sandbox.forget_acts();
        sandbox.add_workspace(WORKSPACE, "Mine");
    }
}

/// What a push finds.
pub struct Before {
    /// The time that the file shows, in unix seconds.
    pub shown: i64,
    /// An older sidecar was put back.
    pub is_older: bool,
}
