//! Answers that are not Toggl's: of a proxy, a load balancer, a login page, a plain web server at a wrong address.

use super::{Incoming, Outgoing, Sandbox};

/// What stands in such an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// A page of a web server.
    Html,
    /// A line of plain text.
    Plain,
    /// Nothing.
    Nothing,
    /// This, as JSON if it looks like it.
    Text(String),
    /// The headers of the request, as some report a fault: with the token, as it is and as it was sent.
    Echo,
}

impl Sandbox {
    /// The answer of someone who stands before Toggl. It tells nothing of the quota.
    pub(super) fn page(&self, code: u16, page: &Page, incoming: &Incoming, now_ms: i64) -> Outgoing {
        let answer = self.answer(code, String::new(), None, now_ms);
        let (body, content_type) = match page {
            Page::Html => (html(code), Some("text/html")),
            Page::Plain => (format!("{code} {}\n", reason(code)), Some("text/plain")),
            Page::Nothing => (String::new(), None),
            Page::Text(text) => (text.clone(), None),
            Page::Echo => (self.echo(incoming), None),
        };
        let location = matches!(code, 301 | 302 | 303 | 307 | 308).then_some("https://login.example.com/");
        Outgoing { body, content_type, location, ..answer }
    }

    fn echo(&self, incoming: &Incoming) -> String {
        let Incoming { method, target, authorization, user_agent, .. } = incoming;
        let text = format!(
            "cannot process {method} {target}: Authorization: {}; user {}; User-Agent: {}",
            authorization.as_deref().unwrap_or(""),
            self.rules.token,
            user_agent.as_deref().unwrap_or(""),
        );
        serde_json::to_string(&text).expect("a text is JSON")
    }
}

fn html(code: u16) -> String {
    let title = format!("{code} {}", reason(code));
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
}

/// The words that go with a status.
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        421 => "Misdirected Request",
        425 => "Too Early",
        429 => "Too Many Requests",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}
