//! Chute_kun's configuration file, read for its `state_path` alone.
//!
//! Chute_kun drops a configuration with any error in it, `state_path` included, and says nothing. So everything else
//! in the file must be held to Chute_kun's rules too.

use serde::Deserialize;

/// An error anywhere in the file; which one makes no difference.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Faulty;

/// The `state_path` of the configuration as it is written, if it has one.
pub(super) fn state_path(text: &str) -> Result<Option<String>, Faulty> {
    let config: Config = toml::from_str(text).map_err(|_| Faulty)?;
    config.is_sound().then_some(config.state_path).ok_or(Faulty)
}

// The tables as Chute_kun declares them. The order of the fields and their defaults count, because TOML also lets
// tables be written as arrays.

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    day_start: Option<String>,
    #[serde(default)]
    state_path: Option<String>,
    #[serde(default)]
    keys: Option<Keys>,
    #[serde(default)]
    categories: Option<Categories>,
}

#[derive(Deserialize)]
struct Keys {
    quit: Option<OneOrMany>,
    add_task: Option<OneOrMany>,
    add_interrupt: Option<OneOrMany>,
    start_or_resume: Option<OneOrMany>,
    finish_active: Option<OneOrMany>,
    popup: Option<OneOrMany>,
    delete: Option<OneOrMany>,
    reorder_up: Option<OneOrMany>,
    reorder_down: Option<OneOrMany>,
    estimate_plus: Option<OneOrMany>,
    postpone: Option<OneOrMany>,
    bring_to_today: Option<OneOrMany>,
    view_next: Option<OneOrMany>,
    view_prev: Option<OneOrMany>,
    select_up: Option<OneOrMany>,
    select_down: Option<OneOrMany>,
    toggle_blocks: Option<OneOrMany>,
    category_cycle: Option<OneOrMany>,
    category_picker: Option<OneOrMany>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Categories {
    #[serde(default)]
    general: Option<Style>,
    #[serde(default)]
    work: Option<Style>,
    #[serde(default)]
    home: Option<Style>,
    #[serde(default)]
    hobby: Option<Style>,
}

#[derive(Deserialize)]
struct Style {
    #[serde(default, rename = "name")]
    _name: Option<String>,
    #[serde(default)]
    color: Option<String>,
}

impl Config {
    fn is_sound(&self) -> bool {
        self.day_start.as_deref().is_none_or(is_time)
            && self.keys.as_ref().is_none_or(Keys::are_sound)
            && self.categories.as_ref().is_none_or(Categories::are_sound)
    }
}

impl Keys {
    #[rustfmt::skip]
    fn are_sound(&self) -> bool {
        let Keys {
            quit, add_task, add_interrupt, start_or_resume, finish_active, popup, delete, reorder_up, reorder_down,
            estimate_plus, postpone, bring_to_today, view_next, view_prev, select_up, select_down, toggle_blocks,
            category_cycle, category_picker,
        } = self;
        let all = [
            quit, add_task, add_interrupt, start_or_resume, finish_active, popup, delete, reorder_up, reorder_down,
            estimate_plus, postpone, bring_to_today, view_next, view_prev, select_up, select_down, toggle_blocks,
            category_cycle, category_picker,
        ];
        all.into_iter().flatten().all(|keys| match keys {
            OneOrMany::One(key) => is_key(key),
            OneOrMany::Many(keys) => keys.iter().all(|key| is_key(key)),
        })
    }
}

impl Categories {
    fn are_sound(&self) -> bool {
        let styles = [&self.general, &self.work, &self.home, &self.hobby];
        styles.into_iter().flatten().filter_map(|style| style.color.as_deref()).all(is_colour)
    }
}

/// Two numbers with a colon between them, of any size that fits 16 bits: 99:99 is taken and wrapped.
fn is_time(text: &str) -> bool {
    text.split_once(':').is_some_and(|(hour, minute)| hour.parse::<u16>().is_ok() && minute.parse::<u16>().is_ok())
}

/// Modifiers and a key, joined by `+`.
fn is_key(text: &str) -> bool {
    let mut parts = text.trim().split('+').map(str::trim).rev();
    let key = parts.next().unwrap_or_default();
    let modifiers = ["shift", "ctrl", "control", "alt"];
    (key.len() == 1 || matches!(key, "Enter" | "Space" | "Tab" | "BackTab" | "Up" | "Down"))
        && parts.all(|part| modifiers.iter().any(|modifier| part.eq_ignore_ascii_case(modifier)))
}

/// A name, or `#RRGGBB`. Chute_kun dies of seven bytes that are not all ASCII; here they are an error like any other.
fn is_colour(text: &str) -> bool {
    let named =
        ["white", "blue", "yellow", "magenta", "red", "green", "cyan", "black", "gray", "grey", "darkgray", "darkgrey"];
    let text = text.trim();
    let hex = |from: usize| text.get(from..from + 2).is_some_and(|pair| u8::from_str_radix(pair, 16).is_ok());
    named.iter().any(|name| text.eq_ignore_ascii_case(name))
        || (text.starts_with('#') && text.len() == 7 && hex(1) && hex(3) && hex(5))
}
