//! Text of outside origin, made safe and measurable: the one place that says what a terminal sees.
//!
//! A title, a path, a key of a damaged file or a server's words can be anything. Printed raw they could move the cursor,
//! repaint the screen, turn the line around or hide a part of themselves. So what is not shown as itself is shown as its
//! escape, `\u{202e}`; what has a place in ordinary writing (emoji sequences, variants of ideographs) stays.

use unicode_width::UnicodeWidthStr;

/// The text on one line, with every character that is invisible or changes how others are shown as its escape.
///
/// Escaped are control characters, line and paragraph separators, bidirectional controls, zero-width and other
/// characters that by default are not shown. A joiner stays between two pictographs, a variation selector behind what
/// it can vary, and tags behind a black flag.
///
/// ```
/// use chute_toggl::output::escape;
///
/// assert_eq!(escape("報告書 📝"), "報告書 📝");
/// assert_eq!(escape("two\nlines\u{1b}[2J"), "two\\nlines\\u{1b}[2J");
/// ```
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut in_flag = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        in_flag = c == BLACK_FLAG || (in_flag && is_tag(c));
        let stays = match c {
            JOINER => before.is_some_and(ends_pictograph) && chars.peek().copied().is_some_and(is_pictograph),
            '\u{fe0e}' | '\u{fe0f}' if before.is_some_and(|c| is_pictograph(c) || is_keycap(c)) => true,
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => before.is_some_and(is_ideograph),
            _ if is_tag(c) => in_flag,
            _ => !is_hidden(c),
        };
        if stays {
            escaped.push(c);
            before = Some(c);
        } else {
            escaped.extend(c.escape_default());
            before = None;
        }
    }
    escaped
}

/// The same value as JSON text, with what [`escape`] would escape as escapes of JSON: programs read what was there, and a
/// terminal shows nothing that moves.
#[must_use]
pub fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        // Outside of strings JSON has nothing hidden but line breaks, of which a document on one line has none.
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// The columns that an escaped text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// An escaped text, cut with `…` to at most so many columns. What belongs together, such as a letter with its accents
/// or a family of emoji, is kept or dropped as a whole.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for cluster in clusters(text) {
        used += width(cluster);
        if used + 1 > columns {
            break;
        }
        kept.push_str(cluster);
    }
    if columns > 0 {
        kept.truncate(kept.trim_end().len());
        kept.push('…');
    }
    kept
}

/// The smallest parts that a text can be cut into.
pub fn clusters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices();
        let (_, mut before) = chars.next()?;
        let mut flags = usize::from(is_flag_letter(before));
        let end = chars.find(|&(_, c)| {
            let goes_on = before == JOINER || is_attached(c) || (is_flag_letter(c) && flags == 1);
            flags = if is_flag_letter(c) { flags + 1 } else { 0 };
            before = c;
            !goes_on
        });
        let (cluster, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        rest = after;
        Some(cluster)
    })
}

const JOINER: char = '\u{200d}';
const BLACK_FLAG: char = '\u{1f3f4}';

/// Whether a terminal would show nothing, or something else than a character.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The blocks that have pictographs, emoji modifiers among them.
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}' | '\u{24c2}' | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

fn ends_pictograph(c: char) -> bool {
    is_pictograph(c) || c == '\u{fe0f}'
}

fn is_keycap(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '#' | '*')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007f}')
}

fn is_flag_letter(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Whether it belongs to the character before it: no column of its own, or a tone of skin.
fn is_attached(c: char) -> bool {
    use unicode_width::UnicodeWidthChar;
    c.width().is_none_or(|width| width == 0) || matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}
