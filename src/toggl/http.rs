//! The HTTP client.
//!
//! Its one subtle duty is to tell a request that cannot have been carried out from one that may have been: a
//! creation that was carried out and is sent again makes a second entry. The error that a library reports does not
//! tell, since the connection can break in the same way before and after; so the body of the request watches itself:
//! as long as nobody has begun to read it, no server can have got it.

use std::cell::OnceCell;
use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use ureq::http::{self, HeaderMap, HeaderValue};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, AsSendBody, Body, Proxy, SendBody, Timeout};

use super::base::Base;
use super::token::{Secrets, Token};
use super::{Answer, Failure, Method, QuotaHeaders, Request, Transport};

/// More than the longest list that Toggl answers with (1000 entries of 3000 characters).
const LONGEST_BODY: u64 = 16 << 20;

/// A host or a connection that takes longer to be found will not be found.
const CONNECT: Duration = Duration::from_secs(10);

/// No wait that the server asks for is longer: the quota is counted by the hour. A number beyond it is no number of
/// seconds, and believing it would stop all pushes for as long.
const LONGEST_WAIT: i64 = 24 * 3600;

/// The transport over HTTP. Every request has a connection of its own: a kept one may be closed by the server in the
/// very moment in which a creation is sent on it, and whether it arrived could not be told.
pub struct Client {
    base: Base,
    proxy: Option<Proxy>,
    /// Made for the first request: reading what the system trusts takes longer than a push with nothing to do.
    agent: OnceCell<Agent>,
    authorization: String,
    secrets: Secrets,
    timeout: Duration,
}

impl Client {
    /// A client for this server and token. `timeout` bounds each request as a whole, from the look-up of the host to
    /// the end of the answer; of it, the look-up and the connection may take a third each, and ten seconds at most.
    #[must_use]
    pub fn new(base: Base, token: &Token, timeout: Duration) -> Client {
        let (authorization, secrets) = (token.authorization(), token.secrets());
        Client { base, proxy: None, agent: OnceCell::new(), authorization, secrets, timeout }
    }

    /// The same through a proxy, but never to a loopback address: that traffic is for this machine alone.
    #[must_use]
    pub fn through(self, proxy: Option<Proxy>) -> Client {
        Client { proxy: proxy.filter(|_| !self.base.is_loopback()), ..self }
    }

    fn agent(&self) -> Agent {
        let part = (self.timeout / 3).min(CONNECT);
        let tls = TlsConfig::builder().root_certs(trusted()).build();
        Agent::config_builder()
            .user_agent(concat!("chute-toggl/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .timeout_global(Some(self.timeout))
            .timeout_resolve(Some(part))
            .timeout_connect(Some(part))
            .proxy(self.proxy.clone())
            .tls_config(tls)
            .build()
            .new_agent()
    }

    fn exchange<B: AsSendBody>(&self, request: http::Request<B>) -> Result<Answer, ureq::Error> {
        let (head, mut body): (_, Body) = self.agent.get_or_init(|| self.agent()).run(request)?.into_parts();
        let body = body.with_config().limit(LONGEST_BODY).read_to_vec()?;
        Ok(Answer {
            status: head.status.as_u16(),
            // A server may send the request's own headers back.
            body: self.secrets.hide(&String::from_utf8_lossy(&body)),
            quota: quota(&head.headers),
            retry_after: number(&head.headers, "retry-after").filter(is_a_wait),
            date: text(&head.headers, "date").and_then(unix_seconds),
        })
    }

    fn failure(&self, error: &ureq::Error, sent: bool) -> Failure {
        let hide = |reason: String| self.secrets.hide(&reason);
        match self.set_up_fault(error) {
            _ if sent => Failure::Unknown(hide(self.reason(error))),
            Some(reason) => Failure::SetUp(hide(reason)),
            None => Failure::NotSent(hide(self.reason(error))),
        }
    }

    /// What is to be changed on this machine, if that is what went wrong.
    fn set_up_fault(&self, error: &ureq::Error) -> Option<String> {
        let host = self.base.host();
        match error {
            ureq::Error::Io(e) if is_untrusted(e) => Some(format!(
                "`{host}` shows a certificate that this machine does not trust ({e}). If a gateway of your company or network \
                 stands in between, log in there if it asks for that; else add its certificate to those that the system \
                 trusts, or name the file with it in SSL_CERT_FILE. A clock that is wrong does the same"
            )),
            ureq::Error::ConnectProxyFailed(what) if what.contains("responded 4") => Some(format!(
                "the proxy does not let requests to `{host}` through ({what}); check the address, user and password in \
                 HTTPS_PROXY or ALL_PROXY, or name `{host}` in NO_PROXY to go around it"
            )),
            _ => None,
        }
    }

    /// What went wrong, for people.
    fn reason(&self, error: &ureq::Error) -> String {
        let host = self.base.host();
        let seconds = self.timeout.as_secs_f32();
        match error {
            ureq::Error::HostNotFound => format!("no address is known for `{host}`"),
            ureq::Error::Io(e) if is_lookup(e) => format!("no address can be found for `{host}`: {e}"),
            ureq::Error::Io(e) => format!("{host}: {e}"),
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => format!("no connection to `{host}` in time"),
            ureq::Error::Timeout(_) => format!("no whole answer from `{host}` within {seconds} s"),
            ureq::Error::Protocol(e) => format!("`{host}` did not answer in HTTP: {e}"),
            ureq::Error::BodyExceedsLimit(limit) => format!("`{host}` answered with more than {limit} bytes"),
            other => format!("{host}: {other}"),
        }
    }
}

impl Transport for Client {
    fn send(&mut self, request: &Request) -> Result<Answer, Failure> {
        let url = format!("{}{}", self.base.url(), request.path);
        // Keeps the header out of what ureq may log.
        let mut authorization = HeaderValue::from_str(&self.authorization).map_err(not_made)?;
        authorization.set_sensitive(true);
        let head = http::Request::builder()
            .method(request.method.as_str())
            .uri(url)
            .header(AUTHORIZATION, authorization)
            .header(ACCEPT, "application/json");
        let Some(body) = &request.body else {
            // Without a length, ureq would send an empty body in chunks where one is usual.
            let usual = !matches!(request.method, Method::Get | Method::Delete);
            let head = if usual { head.header(CONTENT_LENGTH, 0) } else { head };
            // What has no body is never a creation: repeating it is harmless, so the kind of error is proof enough.
            let request = head.body(()).map_err(not_made)?;
            return self.exchange(request).map_err(|e| self.failure(&e, !is_before_sending(&e)));
        };
        let bytes = body.to_string().into_bytes();
        let head = head.header(CONTENT_TYPE, "application/json").header(CONTENT_LENGTH, bytes.len());
        let mut body = Watched { left: &bytes, taken: false };
        let request = head.body(SendBody::from_reader(&mut body)).map_err(not_made)?;
        let answer = self.exchange(request);
        answer.map_err(|e| self.failure(&e, body.taken))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// The body of a request, which knows whether it was asked for. ureq asks for it when the connection stands and the
/// head is sent.
struct Watched<'a> {
    left: &'a [u8],
    taken: bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.taken = true;
        self.left.read(buffer)
    }
}

/// The certificates that the system trusts, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name; Mozilla's where there
/// are none.
fn trusted() -> RootCerts {
    let certificates = rustls_native_certs::load_native_certs().certs;
    if certificates.is_empty() {
        return RootCerts::WebPki;
    }
    certificates.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).into()
}

/// A request that cannot even be put together (a path with a space in it).
fn not_made(error: impl fmt::Display) -> Failure {
    Failure::NotSent(format!("the request cannot be made: {error}"))
}

/// Whether errors of this kind come up before a byte of the request is written.
fn is_before_sending(error: &ureq::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, InvalidData, NetworkUnreachable};
    match error {
        ureq::Error::Io(e) => {
            let kinds = [AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable];
            // InvalidData is what rustls reports of a handshake.
            kinds.contains(&e.kind()) || e.kind() == InvalidData || is_lookup(e)
        }
        ureq::Error::HostNotFound
        | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect)
        | ureq::Error::Tls(_)
        | ureq::Error::Rustls(_)
        | ureq::Error::TlsRequired
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::ConnectionFailed
        | ureq::Error::BadUri(_)
        | ureq::Error::Http(_) => true,
        _ => false,
    }
}

/// What rustls reports of a certificate comes wrapped.
fn is_untrusted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData && error.to_string().starts_with("invalid peer certificate")
}

/// The standard library gives a failed look-up no kind of its own.
fn is_lookup(error: &io::Error) -> bool {
    error.to_string().starts_with("failed to lookup address")
}

fn quota(headers: &HeaderMap) -> Option<QuotaHeaders> {
    let remaining = number(headers, "x-toggl-quota-remaining")?;
    let resets_in = number(headers, "x-toggl-quota-resets-in").filter(is_a_wait);
    Some(QuotaHeaders { remaining, resets_in })
}

fn is_a_wait(seconds: &i64) -> bool {
    (0..=LONGEST_WAIT).contains(seconds)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    text(headers, name)?.parse().ok()
}

fn unix_seconds(date: &str) -> Option<i64> {
    OffsetDateTime::parse(date, &Rfc2822).ok().map(OffsetDateTime::unix_timestamp)
}
