//! Laying text out: lines that fit the terminal, restrained colour, and nothing printed unescaped. Whatever is put on a
//! [`Page`] is escaped here, so that nobody has to remember to.

use super::Style;
use super::escape::{clusters, cut, escape, width};

/// A narrower terminal wraps by itself; in wider lines the eye loses its way.
const COLUMNS: std::ops::RangeInclusive<usize> = 40..=200;

/// Text under way.
#[derive(Debug)]
pub struct Page {
    text: String,
    style: Style,
}

/// What a colour stands for. The words say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Nothing in particular.
    Plain,
    /// Something is added, or in order.
    Green,
    /// Something changes, or is worth knowing.
    Yellow,
    /// Something is taken away, or went wrong.
    Red,
    /// Beside the point.
    Dim,
}

impl Page {
    pub fn new(style: &Style) -> Page {
        Page { text: String::new(), style: *style }
    }

    /// The text of a page that `write` fills.
    pub fn text(style: &Style, write: impl FnOnce(&mut Page)) -> String {
        let mut page = Page::new(style);
        write(&mut page);
        page.finish()
    }

    pub fn columns(&self) -> usize {
        self.style.columns.clamp(*COLUMNS.start(), *COLUMNS.end())
    }

    pub fn is_verbose(&self) -> bool {
        self.style.verbose
    }

    /// A line of parts as they are, each in its colour, trailing blanks dropped. Whoever calls sees that it fits.
    pub fn line(&mut self, parts: &[(Ink, &str)]) {
        let mut line = String::new();
        for &(ink, part) in parts {
            self.paint(&mut line, ink, &escape(part));
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A line cut to the terminal.
    pub fn cut_line(&mut self, line: &str) {
        let line = cut(&escape(line), self.columns());
        self.line(&[(Ink::Plain, &line)]);
    }

    /// Sentences, broken between words, all lines but the first indented. What stands in backticks is kept together.
    pub fn paragraph(&mut self, indent: usize, text: &str) {
        self.labelled(&[], indent, Ink::Plain, text);
    }

    /// A label and sentences behind it, all lines but the first indented.
    pub fn labelled(&mut self, label: &[(Ink, &str)], indent: usize, ink: Ink, text: &str) {
        let text = escape(text);
        let lead = text.len() - text.trim_start_matches(' ').len();
        self.fill(label, lead, indent, ink, words(&text));
    }

    /// Parts of one sentence, broken between the parts.
    pub fn parts(&mut self, parts: &[String]) {
        let mut ended: Vec<String> = parts.iter().map(|part| format!("{};", escape(part))).collect();
        if let Some(last) = ended.last_mut() {
            last.pop();
            last.push('.');
        }
        let columns = self.columns();
        let fitting = ended.iter().flat_map(|part| match width(part) + 2 <= columns {
            true => vec![part.as_str()],
            false => words(part).collect(),
        });
        self.fill(&[], 0, 2, Ink::Plain, fitting);
    }

    /// Words, as many on a line as fit: the first line behind a label and `lead` columns, the others `indent` in.
    fn fill<'t>(
        &mut self,
        label: &[(Ink, &str)],
        lead: usize,
        indent: usize,
        ink: Ink,
        words: impl Iterator<Item = &'t str>,
    ) {
        let columns = self.columns();
        let mut lines = Vec::new();
        let mut line = " ".repeat(lead);
        let mut used = label.iter().map(|(_, part)| width(&escape(part))).sum::<usize>() + lead;
        let mut is_empty = true;
        let mut end_line = |line: &mut String| {
            lines.push(std::mem::replace(line, " ".repeat(indent)));
            indent
        };
        for word in words {
            let wide = width(word);
            if !is_empty && used + 1 + wide > columns {
                used = end_line(&mut line);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
                used += 1;
            }
            is_empty = false;
            if used + wide <= columns {
                line.push_str(word);
                used += wide;
                continue;
            }
            // Longer than a line.
            for cluster in clusters(word) {
                if used + width(cluster) > columns {
                    used = end_line(&mut line);
                }
                line.push_str(cluster);
                used += width(cluster);
            }
        }
        lines.push(line);
        for (at, line) in lines.iter().enumerate() {
            let label = if at == 0 { label } else { &[] };
            let parts: Vec<(Ink, &str)> = label.iter().copied().chain([(ink, line.as_str())]).collect();
            self.line(&parts);
        }
    }

    /// An empty line, unless nothing stands above it.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn paint(&self, line: &mut String, ink: Ink, text: &str) {
        let code = match ink {
            Ink::Plain => "",
            Ink::Green => "32",
            Ink::Yellow => "33",
            Ink::Red => "31",
            Ink::Dim => "2",
        };
        let text_end = text.trim_end().len();
        if !self.style.color || code.is_empty() || text_end == 0 {
            line.push_str(text);
            return;
        }
        let (text, blanks) = text.split_at(text_end);
        line.push_str(&format!("\u{1b}[{code}m{text}\u{1b}[0m{blanks}"));
    }

    pub fn finish(self) -> String {
        self.text
    }
}

/// The words of a text; what stands between two backticks counts as one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut in_quotes = false;
    text.split(move |c: char| {
        in_quotes ^= c == '`';
        c == ' ' && !in_quotes
    })
    .filter(|word| !word.is_empty())
}

/// The text with blanks behind it up to so many columns. It must be escaped.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text with blanks before it up to so many columns. It must be escaped.
pub fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}
