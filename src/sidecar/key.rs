//! Keys and places as text, and back: there is one way of writing each.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};

use super::{List, Place, SessionKey, TaskKey};

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}/{}", self.day, self.number)
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.task, self.session)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.list, self.index)
    }
}

impl FromStr for TaskKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (day, task) = text.split_once('/').ok_or(())?;
        let key = TaskKey { day: day.parse().map_err(drop)?, number: task.parse().map_err(drop)? };
        // Only the one way of writing it: `+1` and `01` parse as numbers too.
        let is_a_day = if day.len() > 8 { is_plain(day) } else { day.len() == 8 && !day.starts_with('+') };
        if is_a_day && is_plain(task) { Ok(key) } else { Err(()) }
    }
}

impl FromStr for SessionKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (task, session) = text.rsplit_once('/').ok_or(())?;
        let key = SessionKey { task: task.parse()?, session: session.parse().map_err(drop)? };
        if is_plain(session) { Ok(key) } else { Err(()) }
    }
}

/// Whether a number is written as numbers are: without a sign and without a zero before it.
fn is_plain(number: &str) -> bool {
    number == "0" || !number.starts_with(['+', '0'])
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (list, index) = text.split_once('/').ok_or(())?;
        let list = match list {
            "today" => List::Today,
            "future" => List::Future,
            "past" => List::Past,
            _ => return Err(()),
        };
        Ok(Place { list, index: index.parse().map_err(drop)? })
    }
}

/// Written and read by serde as their text.
macro_rules! as_text {
    ($name:ident, $what:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(|()| D::Error::custom(format!("`{text}` is no {}", $what)))
            }
        }
    };
}

as_text!(Place, "place such as `today/0`");
as_text!(SessionKey, "session such as `20260511/0/0`");

impl JsonSchema for SessionKey {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SessionKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"description": "The key of the session.", "type": "string", "pattern": "^[0-9]{8,}/[0-9]+/[0-9]+$"})
    }
}
