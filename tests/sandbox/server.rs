//! The sandbox behind a socket.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::connections::{Connections, Phase};
use super::wire::{BASE, Received, render};
use super::{Delivery, Incoming, Sandbox, SandboxClock};

/// Called with every request, on the thread that answers it.
pub type Hook = Box<dyn FnMut(&Incoming) + Send>;

/// A server on the loopback address that ends when it is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    sandbox: Arc<Mutex<Sandbox>>,
    before: Mutex<Option<Hook>>,
    after: Mutex<Option<Hook>>,
    connections: Connections,
    ended: AtomicBool,
}

impl Server {
    /// Serves a new sandbox on this clock.
    pub fn new(clock: impl Into<SandboxClock>) -> Self {
        Self::of(Arc::new(Mutex::new(Sandbox::new(clock))))
    }

    /// Serves this sandbox.
    pub fn of(sandbox: Arc<Mutex<Sandbox>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback address has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            sandbox,
            before: Mutex::new(None),
            after: Mutex::new(None),
            connections: Connections::default(),
            ended: AtomicBool::new(false),
        });
        let for_acceptor = Arc::clone(&shared);
        let acceptor = thread::spawn(move || accept(&listener, &for_acceptor));
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// The base URL, as for `--api-url`.
    pub fn url(&self) -> String {
        format!("http://{}{BASE}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were opened: none means that nobody even tried.
    pub fn connections(&self) -> u64 {
        self.shared.connections.opened(self.address)
    }

    /// The sandbox, to look at it or to change it. What clients have sent so far is carried out before, also what
    /// they have given up: none of it meets faults that are set now, and none is missing from the state. Requests
    /// wait while this is held. Not for hooks, whose own request would be waited for: they take
    /// [`shared`](Self::shared).
    pub fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
        self.shared.connections.drain(self.address);
        lock(&self.shared.sandbox)
    }

    /// The sandbox, to share it.
    pub fn shared(&self) -> Arc<Mutex<Sandbox>> {
        Arc::clone(&self.shared.sandbox)
    }

    /// Calls `hook` when a request has come, before it is carried out. The sandbox is not held.
    pub fn on_request(&self, hook: Hook) {
        *lock(&self.shared.before) = Some(hook);
    }

    /// Calls `hook` when a request has been carried out, before the answer is sent. The sandbox is not held.
    pub fn after_request(&self, hook: Hook) {
        *lock(&self.shared.after) = Some(hook);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the acceptor, which then finds that it has ended.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        self.shared.connections.shut_down();
    }
}

/// A test that failed inside a hook must not hide behind a poisoned lock in all others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let Ok(twin) = stream.try_clone() else { continue };
        let Some(number) = shared.connections.admit(twin) else { continue };
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            let end = converse(&stream, number, &shared);
            // The twin goes first: the connection closes with the last of the two.
            shared.connections.remove(number);
            if !matches!(end, Ok(End::Reset)) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }
}

/// How a connection is closed.
enum End {
    Close,
    /// With bytes left unread, which makes the system send a reset instead of an orderly end.
    Reset,
}

/// Answers requests until one side has enough.
fn converse(stream: &TcpStream, number: u64, shared: &Shared) -> io::Result<End> {
    let enter = |phase| shared.connections.enter(number, phase);
    stream.set_nodelay(true)?;
    while let Some(request) = Received::read(stream)? {
        enter(Phase::Serving);
        if let Some(hook) = lock(&shared.before).as_mut() {
            enter(Phase::Held);
            hook(&request.incoming);
            enter(Phase::Serving);
        }
        let delivery = lock(&shared.sandbox).exchange(&request.incoming);
        enter(Phase::Served);
        if let Some(hook) = lock(&shared.after).as_mut() {
            hook(&request.incoming);
        }
        if delivery == Delivery::Reset {
            return Ok(End::Reset);
        }
        request.finish(stream)?;
        match delivery {
            Delivery::Answer(answer) => {
                enter(Phase::Listening);
                send(stream, &render(&answer))?;
            }
            Delivery::Late(ms, answer) => {
                wait(ms, shared);
                enter(Phase::Listening);
                send(stream, &render(&answer))?;
            }
            Delivery::Half(answer) => {
                let whole = render(&answer);
                let sent = match answer.body.len() {
                    0 => whole.len() / 2,
                    body => whole.len() - body.div_ceil(2),
                };
                send(stream, &whole[..sent])?;
                return Ok(End::Close);
            }
            Delivery::Closed | Delivery::Reset | Delivery::Unreachable => return Ok(End::Close),
        }
        if request.close {
            break;
        }
    }
    Ok(End::Close)
}

fn send(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)
}

/// Waits in small steps, so that a server that ends is not held up.
fn wait(ms: u64, shared: &Shared) {
    let mut left = ms;
    while left > 0 && !shared.ended.load(Ordering::SeqCst) {
        let step = left.min(5);
        thread::sleep(Duration::from_millis(step));
        left -= step;
    }
}
