//! The proxy between this machine and Toggl, as the environment names it; pure.

use std::ffi::OsString;

use ureq::Proxy;

/// What names a proxy for https, the first that is set first: that for https itself before that for everything.
const NAMES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// What names the hosts that are reached without one.
const EXCEPT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The kinds that requests can go through.
const KINDS: [&str; 7] = ["http", "https", "socks", "socks4", "socks4a", "socks5", "socks5h"];

/// A variable that names a proxy which cannot be used. The value is not repeated: there may be a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("names a proxy that cannot be used: {problem}")]
pub struct ProxyError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong with it.
    problem: String,
}

/// The proxy for requests to this host.
///
/// # Errors
/// [`ProxyError`]: sending around a proxy that was asked for would be as wrong as not sending.
pub fn find(host: &str, variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Option<Proxy>, ProxyError> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let Some((name, value)) = NAMES.into_iter().find_map(|name| Some((name, set(name)?))) else { return Ok(None) };
    let except = EXCEPT.into_iter().find_map(set).unwrap_or_default();
    if except.to_string_lossy().split(',').any(|entry| covers(entry.trim(), host)) {
        return Ok(None);
    }
    let error = |problem: String| ProxyError { name, problem };
    let value = value.to_str().ok_or_else(|| error("it is not UTF-8".to_owned()))?;
    let kind = value.split_once("://").map_or("http", |(kind, _)| kind);
    if !KINDS.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        return Err(error(format!("`{kind}://` is none of the kinds {}", KINDS.join(", "))));
    }
    match Proxy::new(value) {
        Ok(proxy) => Ok(Some(proxy)),
        Err(_) => Err(error("it is no address such as http://proxy.example.com:3128".to_owned())),
    }
}

/// Whether an entry of `NO_PROXY` covers the host: everything, the host, or a domain that it is in.
fn covers(entry: &str, host: &str) -> bool {
    let domain = entry.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    entry == "*" || (!domain.is_empty() && (host == domain || host.ends_with(&format!(".{domain}"))))
}
