//! Laying text out: lines, paragraphs that fit the terminal, and restrained colour.

use super::Style;
use super::escape::{clusters, cut, width};

/// Below this a table has no room, and a narrower terminal wraps it; above, lines are too long to read.
const COLUMNS: std::ops::RangeInclusive<usize> = 60..=240;

/// Text under way.
#[derive(Debug)]
pub struct Page {
    text: String,
    style: Style,
}

/// What a colour stands for. The words say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Something is added.
    Green,
    /// Something changes.
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

    pub fn columns(&self) -> usize {
        self.style.columns.clamp(*COLUMNS.start(), *COLUMNS.end())
    }

    pub fn is_verbose(&self) -> bool {
        self.style.verbose
    }

    /// A line as it is, trailing blanks dropped.
    pub fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A line cut to the terminal. It must be clean and without colour.
    pub fn cut_line(&mut self, line: &str) {
        let line = cut(line, self.columns());
        self.line(&line);
    }

    /// Sentences, broken between words, all lines but the first indented; the first stands where the text does. What
    /// stands in backticks is kept together.
    pub fn paragraph(&mut self, indent: usize, text: &str) {
        let lead = text.len() - text.trim_start_matches(' ').len();
        self.fill(lead, indent, words(text));
    }

    /// Parts of one sentence, broken between the parts.
    pub fn parts(&mut self, parts: &[String]) {
        let mut ended: Vec<String> = parts.iter().map(|part| format!("{part};")).collect();
        if let Some(last) = ended.last_mut() {
            last.pop();
            last.push('.');
        }
        let columns = self.columns();
        let fitting = ended.iter().flat_map(|part| match width(part) < columns {
            true => vec![part.as_str()],
            false => words(part).collect(),
        });
        self.fill(0, 2, fitting);
    }

    /// Words, as many on a line as fit: the first line `lead` columns in, the others `indent`.
    fn fill<'t>(&mut self, lead: usize, indent: usize, words: impl Iterator<Item = &'t str>) {
        let columns = self.columns();
        let mut line = " ".repeat(lead);
        let (mut used, mut is_empty) = (lead, true);
        for word in words {
            let wide = width(word);
            if !is_empty && used + 1 + wide > columns {
                self.line(&line);
                line = " ".repeat(indent);
                (used, is_empty) = (indent, true);
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
                    self.line(&line);
                    line = " ".repeat(indent);
                    used = indent;
                }
                line.push_str(cluster);
                used += width(cluster);
            }
        }
        self.line(&line);
    }

    /// An empty line, unless nothing stands above it.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    pub fn paint(&self, ink: Ink, text: &str) -> String {
        if !self.style.color || text.is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Green => 32,
            Ink::Yellow => 33,
            Ink::Red => 31,
            Ink::Dim => 2,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
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

/// The text with blanks behind it up to so many columns. It must be clean and without colour.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text with blanks before it up to so many columns.
pub fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}
