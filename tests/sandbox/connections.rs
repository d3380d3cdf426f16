//! The open connections of a server, and what of them is still to be served.
//!
//! A client that gives a request up closes its connection, and on a busy machine the request can be served long
//! after that. A real server would have served it within the seconds that a careful client leaves it; here the
//! client's seconds pass in no time. So requests are carried out in the order in which they came, over all
//! connections, and whoever looks at the state sees what has come before.

use std::collections::{BTreeMap, HashSet};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a connection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It waits for a request, or reads one.
    Listening,
    /// A request has come and a hook has it.
    Held,
    /// A request is about to be carried out.
    Serving,
    /// The request has been carried out.
    Served,
}

struct Connection {
    stream: TcpStream,
    phase: Phase,
}

impl Connection {
    /// Whether a request has come here that is not carried out. One that a hook holds counts if `held` does.
    fn is_pending(&self, held: bool) -> bool {
        match self.phase {
            Phase::Listening => self.has_unread(),
            Phase::Held => held,
            Phase::Serving => true,
            Phase::Served => false,
        }
    }

    /// Whether there are bytes that nobody has taken. The last byte of a request stays until it is carried out.
    fn has_unread(&self) -> bool {
        let _ = self.stream.set_read_timeout(Some(Duration::from_millis(1)));
        let unread = matches!(self.stream.peek(&mut [0]), Ok(1));
        let _ = self.stream.set_read_timeout(None);
        unread
    }
}

/// All connections that are open, by their numbers in the order in which they were accepted.
#[derive(Default)]
pub struct Connections {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    open: BTreeMap<u64, Connection>,
    opened: u64,
    /// The other ends of connections that carry nothing and only show how far the acceptor has come.
    markers: HashSet<SocketAddr>,
}

impl Connections {
    /// How many clients have connected to `address` so far.
    pub fn opened(&self, address: SocketAddr) -> u64 {
        self.caught_up(address).opened
    }

    /// Takes a new one in, once the requests that came before it are carried out. `None` for a marker.
    pub fn admit(&self, stream: TcpStream) -> Option<u64> {
        let peer = stream.peer_addr();
        let mut state = self.lock();
        if peer.is_ok_and(|peer| state.markers.remove(&peer)) {
            self.changed.notify_all();
            return None;
        }
        let mut state = self.settled(state, false);
        let number = state.opened;
        state.opened += 1;
        state.open.insert(number, Connection { stream, phase: Phase::Listening });
        Some(number)
    }

    /// The connection is now about something else.
    pub fn enter(&self, number: u64, phase: Phase) {
        if let Some(connection) = self.lock().open.get_mut(&number) {
            connection.phase = phase;
        }
        self.changed.notify_all();
    }

    /// The connection has ended.
    pub fn remove(&self, number: u64) {
        self.lock().open.remove(&number);
        self.changed.notify_all();
    }

    /// Waits until everything that clients have sent to `address` so far is carried out.
    pub fn drain(&self, address: SocketAddr) {
        drop(self.settled(self.caught_up(address), true));
    }

    /// Waits until the acceptor has taken in all that have connected to `address` so far.
    fn caught_up(&self, address: SocketAddr) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        // The acceptor takes connections in their order, and finds this one in the list when it comes to it.
        let Ok(marker) = TcpStream::connect(address) else { return state };
        let Ok(name) = marker.local_addr() else { return state };
        state.markers.insert(name);
        while state.markers.contains(&name) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// Ends all of them.
    pub fn shut_down(&self) {
        for connection in self.lock().open.values() {
            let _ = connection.stream.shutdown(std::net::Shutdown::Both);
        }
    }

    fn settled<'a>(&'a self, mut state: MutexGuard<'a, State>, held: bool) -> MutexGuard<'a, State> {
        while state.open.values().any(|connection| connection.is_pending(held)) {
            // Bytes that arrive and are taken tell nobody: looked at again after a moment.
            let moment = Duration::from_millis(1);
            state = self.changed.wait_timeout(state, moment).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
