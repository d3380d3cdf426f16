//! Which sessions a person means: by key, or by day and a part of the title.

use time::Date;

use crate::cli::Day;
use crate::sidecar::{SessionKey, TaskKey};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// One session.
    Session(SessionKey),
    /// All sessions of a task.
    Task(TaskKey),
    /// Sessions that started on the day, if one is named, and whose title has this part, in any case of letters.
    Title {
        /// The day, by the offset in force then.
        day: Option<Date>,
        /// In lower case; empty for any title.
        part: String,
    },
}

impl Selector {
    /// Reads the words of a command line; `today` is the local day.
    #[must_use]
    pub fn parse(words: &[String], today: Date) -> Selector {
        if let [word] = words {
            if let Ok(key) = word.parse() {
                return Selector::Session(key);
            }
            if let Ok(key) = word.parse() {
                return Selector::Task(key);
            }
        }
        let day = words.first().and_then(|word| word.parse::<Day>().ok());
        let title = if day.is_some() { &words[1..] } else { words };
        Selector::Title { day: day.map(|day| day.date(today)), part: title.join(" ").to_lowercase() }
    }

    /// Reads several keys, or what [`Selector::parse`] reads.
    #[must_use]
    pub fn parse_several(words: &[String], today: Date) -> Vec<Selector> {
        let each: Vec<Selector> = words.iter().map(|word| Selector::parse(std::slice::from_ref(word), today)).collect();
        let are_keys = each.iter().all(|selector| !matches!(selector, Selector::Title { .. }));
        if are_keys { each } else { vec![Selector::parse(words, today)] }
    }

    /// Whether it means this session.
    #[must_use]
    pub fn means(&self, session: SessionKey, title: &str, started: Date) -> bool {
        match self {
            Selector::Session(key) => *key == session,
            Selector::Task(key) => *key == session.task,
            Selector::Title { day, part } => {
                day.is_none_or(|day| day == started) && title.to_lowercase().contains(part.as_str())
            }
        }
    }
}
