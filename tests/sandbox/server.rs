//! The sandbox behind a socket: as much of HTTP/1.1 as a client of Toggl speaks.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Delivery, Incoming, Outgoing, Sandbox, SandboxClock, instant};

/// Called with every request, on the thread that answers it.
pub type Hook = Box<dyn FnMut(&Incoming) + Send>;

/// Requests below this path reach the sandbox.
const BASE: &str = "/api/v9";

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
    /// The open connections, to end them when the server ends.
    connections: Mutex<HashMap<u64, TcpStream>>,
    opened: AtomicU64,
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
            connections: Mutex::new(HashMap::new()),
            opened: AtomicU64::new(0),
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
        self.shared.opened.load(Ordering::SeqCst)
    }

    /// The sandbox, to look at it or to change it. Requests wait while this is held.
    pub fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
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
        for connection in lock(&self.shared.connections).values() {
            let _ = connection.shutdown(Shutdown::Both);
        }
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
        let number = shared.opened.fetch_add(1, Ordering::SeqCst);
        let Ok(twin) = stream.try_clone() else { continue };
        lock(&shared.connections).insert(number, twin);
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            let end = converse(&stream, &shared);
            // The twin goes first: the connection closes with the last of the two.
            lock(&shared.connections).remove(&number);
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
fn converse(stream: &TcpStream, shared: &Shared) -> io::Result<End> {
    stream.set_nodelay(true)?;
    while let Some(request) = Received::read(stream)? {
        if let Some(hook) = lock(&shared.before).as_mut() {
            hook(&request.incoming);
        }
        let delivery = lock(&shared.sandbox).exchange(&request.incoming);
        if let Some(hook) = lock(&shared.after).as_mut() {
            hook(&request.incoming);
        }
        if delivery == Delivery::Reset {
            return Ok(End::Reset);
        }
        request.finish(stream)?;
        match delivery {
            Delivery::Answer(answer) => send(stream, &render(&answer))?,
            Delivery::Late(ms, answer) => {
                wait(ms, shared);
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

fn render(answer: &Outgoing) -> Vec<u8> {
    let Outgoing { status, body, quota, retry_after, date } = answer;
    let is_json = body.starts_with(['{', '[', '"']) || body == "null";
    let kind = if is_json { "application/json" } else { "text/plain" };
    let mut out = format!("HTTP/1.1 {status} {}\r\nDate: {}\r\n", reason(*status), instant::http_date(*date));
    let _ = write!(out, "Content-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\n", body.len());
    if let Some(quota) = quota {
        let _ = write!(out, "X-Toggl-Quota-Remaining: {}\r\n", quota.remaining);
        if let Some(seconds) = quota.resets_in {
            let _ = write!(out, "X-Toggl-Quota-Resets-In: {seconds}\r\n");
        }
    }
    if let Some(seconds) = retry_after {
        let _ = write!(out, "Retry-After: {seconds}\r\n");
    }
    out.push_str("\r\n");
    out.push_str(body);
    out.into_bytes()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400..500 => "Refused",
        500.. => "Trouble",
        _ => "Other",
    }
}

/// A request that has come in, all but its last byte taken from the socket.
struct Received {
    incoming: Incoming,
    /// The client wants no further answer on this connection.
    close: bool,
}

/// More than any request of this API has; an endless head is cut off here.
const HEAD_MAX: usize = 64 * 1024;

impl Received {
    /// Reads one request; `None` if the client has closed the connection between two. The last byte is looked
    /// at but left in the socket until [`Received::finish`]: closing with it unread is a reset.
    fn read(mut stream: &TcpStream) -> io::Result<Option<Self>> {
        let mut taken: Vec<u8> = Vec::new();
        let mut window = [0; 16 * 1024];
        loop {
            let seen = stream.peek(&mut window)?;
            if seen == 0 {
                let between = taken.is_empty();
                return if between { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
            let before = taken.len();
            taken.extend_from_slice(&window[..seen]);
            let Some(end) = end_of_request(&taken)? else {
                stream.read_exact(&mut window[..seen])?;
                continue;
            };
            if end <= taken.len() {
                stream.read_exact(&mut window[..end - before - 1])?;
                taken.truncate(end);
                return parse(&taken).map(Some);
            }
            stream.read_exact(&mut window[..seen])?;
        }
    }

    /// Takes the last byte.
    fn finish(&self, mut stream: &TcpStream) -> io::Result<()> {
        stream.read_exact(&mut [0])
    }
}

/// How long the request is, once its head is complete.
fn end_of_request(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if bytes.len() > HEAD_MAX { Err(io::ErrorKind::InvalidData.into()) } else { Ok(None) };
    };
    let text = String::from_utf8_lossy(&bytes[..head]);
    let length = header(&text, "content-length").map_or(Ok(0), |value| value.parse::<usize>());
    match (length, header(&text, "transfer-encoding")) {
        (Ok(length), None) => Ok(Some(head + 4 + length)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

fn parse(bytes: &[u8]) -> io::Result<Received> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    let mut line = head.lines().next().unwrap_or("").split(' ');
    let (Some(method), Some(path)) = (line.next(), line.next()) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let below_base = path.strip_prefix(BASE).filter(|rest| rest.starts_with('/'));
    let incoming = Incoming {
        method: method.to_owned(),
        // What is not below the base has no leading slash then, and no call is found for it.
        target: below_base.map_or_else(|| format!("outside the base: {path}"), str::to_owned),
        authorization: header(head, "authorization"),
        user_agent: header(head, "user-agent"),
        content_type: header(head, "content-type"),
        body: body.to_owned(),
    };
    let close = header(head, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Ok(Received { incoming, close })
}
