//! Where Toggl's API is, and whether the token may go there.

use std::net::{Ipv4Addr, Ipv6Addr};

use ureq::http::Uri;

/// The official address of Toggl Track's API, version 9.
pub const OFFICIAL: &str = "https://api.track.toggl.com/api/v9";

/// The base URL of a Toggl server: one that the token may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    url: String,
    host: String,
    loopback: bool,
}

/// Why a text is no base URL. The messages are for people and never repeat more of it than scheme or host: the rest
/// may be the token, put in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// Not a URL with a scheme and a host.
    #[error("this is no address of an API such as {OFFICIAL}")]
    NotAUrl,
    /// Another scheme than http or https.
    #[error("the address of the API has to begin with https://, not with `{0}://`")]
    Scheme(String),
    /// http to a host that is not this machine.
    #[error("http:// to `{0}` would send the API token for all to read; use https://")]
    InTheClear(String),
    /// User or password in the URL.
    #[error("the address of the API has a user in it; the token goes into TOGGL_API_TOKEN")]
    User,
    /// `?…` or `#…`.
    #[error("the address of the API ends where the paths begin: without `?` and `#`")]
    Query,
}

/// Checks a base URL: https, or http to a loopback host (`127.0.0.0/8`, `[::1]`, `localhost`), since the token goes
/// with every request. Slashes at its end are cut off.
///
/// # Errors
/// [`BaseError`] says what is wrong with it.
pub fn parse(text: &str) -> Result<Base, BaseError> {
    let text = text.trim();
    let authority = text.split_once("//").map_or(text, |(_, rest)| rest).split(['/', '?', '#']).next();
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(BaseError::User);
    }
    if text.contains(['?', '#']) {
        return Err(BaseError::Query);
    }
    let url: Uri = text.parse().map_err(|_| BaseError::NotAUrl)?;
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
        return Err(BaseError::NotAUrl);
    };
    let host = authority.host().to_owned();
    if host.is_empty() || (authority.port().is_none() && authority.as_str() != host) {
        return Err(BaseError::NotAUrl);
    }
    let loopback = is_loopback(&host);
    match scheme {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err(BaseError::InTheClear(host)),
        other => return Err(BaseError::Scheme(other.to_owned())),
    }
    Ok(Base { url: text.trim_end_matches('/').to_owned(), host, loopback })
}

impl Base {
    /// The URL, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The host in it, for messages.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

fn is_loopback(host: &str) -> bool {
    let ipv6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || ipv6.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()))
}
