//! As much of HTTP/1.1 as a client of Toggl speaks.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::net::TcpStream;

use super::gateway::reason;
use super::{Incoming, OUTSIDE, Outgoing, instant};

/// Requests below this path reach the sandbox.
pub const BASE: &str = "/api/v9";

pub fn render(answer: &Outgoing) -> Vec<u8> {
    let Outgoing { status, body, quota, retry_after, date, content_type, location } = answer;
    let is_json = body.starts_with(['{', '[', '"']) || body == "null";
    let kind = content_type.unwrap_or(if is_json { "application/json" } else { "text/plain" });
    let mut out = format!("HTTP/1.1 {status} {}\r\n", reason(*status));
    if let Some(date) = date {
        let _ = write!(out, "Date: {}\r\n", instant::http_date(*date));
    }
    // These have no body, and no length either.
    let is_bare = matches!(status, 204 | 304);
    if !is_bare {
        let _ = write!(out, "Content-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\n", body.len());
    }
    if let Some(location) = location {
        let _ = write!(out, "Location: {location}\r\n");
    }
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
    if !is_bare {
        out.push_str(body);
    }
    out.into_bytes()
}

/// A request that has come in, all but its last byte taken from the socket.
pub struct Received {
    /// The request.
    pub incoming: Incoming,
    /// The client wants no further answer on this connection.
    pub close: bool,
}

/// More than any request of this API has; an endless head is cut off here.
const HEAD_MAX: usize = 64 * 1024;

impl Received {
    /// Reads one request; `None` if the client has closed the connection between two. The last byte is looked
    /// at but left in the socket until [`Received::finish`]: closing with it unread is a reset.
    pub fn read(mut stream: &TcpStream) -> io::Result<Option<Self>> {
        let mut taken: Vec<u8> = Vec::new();
        let mut window = [0; 16 * 1024];
        loop {
            let seen = match stream.peek(&mut window) {
                // Someone else has asked whether there is anything to read.
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => continue,
                seen => seen?,
            };
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
    pub fn finish(&self, mut stream: &TcpStream) -> io::Result<()> {
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
        target: below_base.map_or_else(|| format!("{OUTSIDE}{path}"), str::to_owned),
        authorization: header(head, "authorization"),
        user_agent: header(head, "user-agent"),
        content_type: header(head, "content-type"),
        body: body.to_owned(),
    };
    let close = header(head, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Ok(Received { incoming, close })
}
