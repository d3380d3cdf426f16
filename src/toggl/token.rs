//! The secret that Toggl's API is opened with.

use std::borrow::Cow;
use std::fmt;

/// What the keys of Toggl 2.0, another product with another API, begin with.
const OTHER_PRODUCT: &str = "toggl_sk_";

/// An API token of Toggl Track. It has no way into a message: no `Display`, no serialization, and its `Debug` prints
/// a placeholder.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Why a text cannot be an API token. None of the messages repeats the text: it may be the secret with a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing but white space.
    #[error("the API token is empty; it is at the bottom of https://track.toggl.com/profile")]
    Empty,
    /// A key of another product with another API.
    #[error(
        "this is a key of Toggl 2.0 (it begins with `{OTHER_PRODUCT}`), which is not supported yet: this program speaks to \
         Toggl Track, whose API tokens are 32 hexadecimal digits"
    )]
    OtherProduct,
    /// A character that no token has, and that could not be sent.
    #[error("the API token has a space, a control character or a character outside of ASCII in it")]
    Character,
    /// The password part came along, or the header would be read in two parts.
    #[error("the API token has a `:` in it; leave out the `:api_token` that other programs want with it")]
    Colon,
}

impl Token {
    /// Takes a token as a person pasted it: white space around it is cut off. The shape is left to the server, which
    /// decides in the end; see [`Token::looks_odd`].
    ///
    /// # Errors
    /// [`TokenError`], when it is empty, another product's, or cannot be sent.
    pub fn parse(text: &str) -> Result<Token, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            Err(TokenError::Empty)
        } else if text.starts_with(OTHER_PRODUCT) {
            Err(TokenError::OtherProduct)
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Err(TokenError::Character)
        } else if text.contains(':') {
            Err(TokenError::Colon)
        } else {
            Ok(Token(text.to_owned()))
        }
    }

    /// Whether it is not the 32 hexadecimal digits that Toggl gives out, which is worth a word when the server
    /// refuses it.
    #[must_use]
    pub fn looks_odd(&self) -> bool {
        self.0.len() != 32 || !self.0.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// What must be hidden of it wherever text leaves the program or is saved.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        Secrets::of(&self.0)
    }

    /// The value of the `Authorization` header: the token is the user, the password is the word `api_token`.
    pub(super) fn authorization(&self) -> String {
        format!("Basic {}", base64(format!("{}:api_token", self.0).as_bytes()))
    }
}

/// The forms in which a token could turn up in a text: a server's words, a file, a variable.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<String>);

/// What a secret is replaced with.
const HIDDEN: &str = "[hidden]";

/// A shorter text is no secret: hiding it would tear words apart.
const SHORTEST_SECRET: usize = 16;

impl Secrets {
    /// The forms of what stands in `TOGGL_API_TOKEN`, whether it can be used or not: itself, with and without what may
    /// follow it, and its base64, with and without the password that goes with it.
    #[must_use]
    pub fn of(text: &str) -> Secrets {
        let text = text.trim();
        let bare = text.split(':').next().unwrap_or_default();
        let coded = [format!("{bare}:api_token"), bare.to_owned()].map(|plain| base64(plain.as_bytes()));
        let mut forms: Vec<String> = [text, bare].into_iter().map(str::to_owned).collect();
        if bare.len() >= SHORTEST_SECRET {
            forms.extend(coded);
        }
        forms.dedup();
        forms.retain(|form| form.len() >= SHORTEST_SECRET);
        Secrets(forms)
    }

    /// The text without them.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }

    /// Whether one of them is in these bytes.
    #[must_use]
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        // A snapshot of ten years is megabytes, and nearly always UTF-8.
        let text = std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
        self.0.iter().any(|secret| text.contains(secret))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(hidden)")
    }
}

/// A message without what looks like a token: whoever names the wrong file, or sets the wrong variable, may have a token
/// in it that is set nowhere. So no 16 hexadecimal digits or more in a row are shown, and no key of another product.
#[must_use]
pub fn hide_lookalikes(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    let mut rest = message;
    while !rest.is_empty() {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let is_hex = word.len() >= SHORTEST_SECRET && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        shown.push_str(if is_hex || (word.starts_with(OTHER_PRODUCT) && word != OTHER_PRODUCT) {
            HIDDEN
        } else {
            word
        });
        let other = after.chars().next().map_or(0, char::len_utf8);
        shown.push_str(&after[..other]);
        rest = &after[other..];
    }
    shown
}

/// A server's words without what may be the credentials of the request that they answer: what follows the name of a scheme,
/// as in `Authorization: Basic …`, and what looks like a token.
pub(super) fn hide_credentials(text: &str) -> String {
    let mut follows_scheme = false;
    let words = text.split(' ').map(|word| {
        let is_credential = follows_scheme && word.len() >= SHORTEST_SECRET;
        let name = word.trim_matches(|c: char| !c.is_ascii_alphabetic());
        follows_scheme = ["basic", "bearer"].iter().any(|scheme| name.eq_ignore_ascii_case(scheme));
        if is_credential { HIDDEN } else { word }
    });
    hide_lookalikes(&words.collect::<Vec<_>>().join(" "))
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, n| bits << 8 | u32::from(chunk.get(n).copied().unwrap_or(0)));
        for n in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * n)) as usize & 63];
            text.push(if n <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }
}
