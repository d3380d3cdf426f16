//! Why a snapshot cannot be used, in few words whatever the file holds.

use std::fmt;

/// A snapshot that cannot be used. The caller adds the file's name and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Chute_kun empties the file before it writes it. It never means that all tasks were deleted.
    #[error("it is empty, as it is for a moment while Chute_kun writes it")]
    Empty,
    /// Chute_kun always ends the file with a newline, so the rest of it is missing, even if what is there parses.
    #[error("line {line} does not end with a newline: the file was cut short")]
    Cut {
        /// The last line, counted from 1.
        line: usize,
    },
    /// The file is of another version, whatever else it holds.
    #[error("it is of version {found}, and only version 1 is understood")]
    Version {
        /// The version that it names.
        found: i64,
    },
    /// It is no UTF-8, no TOML (or JSON), or not of the shape that Chute_kun reads.
    #[error("{}", Report(.place.as_ref(), .reason))]
    Invalid {
        /// Where, if that is known.
        place: Option<Place>,
        /// A short reason.
        reason: String,
    },
}

/// A place in a text, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// The part of the line around it, some 60 characters at most. May be empty.
    pub excerpt: String,
}

/// The most characters that are shown of a line.
const EXCERPT: usize = 60;
/// How many of them may come before the place in question.
const BEFORE: usize = 40;
/// The most characters of a reason: a parser's message may quote a value of any length.
const REASON: usize = 200;

impl SnapshotError {
    /// The fault at the byte `offset` of `text`.
    pub(super) fn at(text: &str, offset: usize, reason: &str) -> SnapshotError {
        SnapshotError::Invalid { place: Some(Place::at(text, offset)), reason: shortened(reason, REASON) }
    }

    /// A fault of which no place is known.
    pub(super) fn somewhere(reason: &str) -> SnapshotError {
        SnapshotError::Invalid { place: None, reason: shortened(reason, REASON) }
    }
}

impl Place {
    fn at(text: &str, offset: usize) -> Place {
        let offset = floor_boundary(text, offset);
        let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[offset..].find('\n').map_or(text.len(), |newline| offset + newline);
        // A line of many megabytes is looked at only around the place.
        let near = text[start..offset].char_indices().rev().nth(BEFORE - 1).map_or(start, |(at, _)| start + at);
        let cut = if near > start { "…" } else { "" };
        Place {
            line: 1 + text[..start].bytes().filter(|&byte| byte == b'\n').count(),
            column: 1 + text[start..offset].chars().count(),
            excerpt: format!("{cut}{}", shortened(text[near..end].trim_end(), EXCERPT)),
        }
    }
}

/// The last boundary between characters at or before `offset`.
fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The first `most` characters of `text`.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `line 3, column 9: reason (at "the part of the line")`.
struct Report<'a>(Option<&'a Place>, &'a str);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report(place, reason) = self;
        let Some(Place { line, column, excerpt }) = place else { return f.write_str(reason) };
        write!(f, "line {line}, column {column}: {reason}")?;
        if excerpt.is_empty() { Ok(()) } else { write!(f, " (at \"{}\")", excerpt.trim_start()) }
    }
}
