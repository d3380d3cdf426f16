//! The fields of the JSON documents, from their schemas: a subsection for a document, and one for each type in it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::inline;
use crate::support::schemas::schemas;

/// What a page has of them already: no type is described twice.
#[derive(Default)]
pub struct Told(BTreeSet<String>);

impl Told {
    /// The document of this name, but for the fields that one of another name has as well: `status beyond push-dry-run`.
    pub fn document(&mut self, asked: &str) -> String {
        let (name, other) = asked.split_once(" beyond ").unwrap_or((asked, ""));
        let mut roff = String::new();
        let root = schema(name).unwrap_or_else(|| panic!("the template asks for the fields of `{name}`"));
        let known = schema(other).map_or(&Value::Null, |schema| &schema["properties"]);
        let mut types = Vec::new();
        write_fields(&mut roff, root, known, &mut types);
        self.0.insert(root["title"].as_str().unwrap_or_default().to_owned());
        let mut at = 0;
        while let Some(name) = types.get(at).cloned() {
            at += 1;
            if self.0.insert(name.clone()) {
                let _ = write!(roff, ".SS \\fI{}\\fP\n{}\n", spaced(&name), described(&root["$defs"][&name]));
                write_type(&mut roff, &root["$defs"][&name], &mut types);
            }
        }
        roff.trim_end().to_owned()
    }
}

fn schema(name: &str) -> Option<&'static Value> {
    schemas().iter().find(|(known, _)| *known == name).map(|(_, schema)| schema)
}

/// The fields of an object, as the type has them: those that are always there, then the others.
fn in_order(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let required: Vec<&str> = list(&schema["required"]).filter_map(Value::as_str).collect();
    let all = schema["properties"].as_object().into_iter().flatten();
    let others = all.filter(|(name, _)| !list(&schema["required"]).any(|known| known == name.as_str()));
    let always = required.into_iter().map(|name| (name, &schema["properties"][name]));
    always.chain(others.map(|(name, field)| (name.as_str(), field)))
}

fn write_type(roff: &mut String, schema: &Value, types: &mut Vec<String>) {
    for value in list(&schema["enum"]) {
        let _ = writeln!(roff, ".br\n\\fB{value}\\fP");
    }
    write_fields(roff, schema, &Value::Null, types);
    for one in list(&schema["oneOf"]) {
        match one.get("const") {
            Some(value) => write_item(roff, &format!("\\fB{value}\\fP"), &described(one)),
            None => {
                // A tag and what comes with it.
                let fields: Vec<String> = in_order(one)
                    .map(|(name, field)| format!("\\fB{}\\fP ({})", inline(name), kind(field, types)))
                    .collect();
                write_item(roff, &fields.join(", "), &described(one));
            }
        }
    }
}

/// The fields of an object that are not among those that are known already.
fn write_fields(roff: &mut String, schema: &Value, known: &Value, types: &mut Vec<String>) {
    for (name, field) in in_order(schema).filter(|(name, field)| known[*name] != **field) {
        let is_always_there = list(&schema["required"]).any(|known| known == name);
        let absent = if is_always_there { "" } else { ", or absent" };
        let values: Vec<String> = list(&field["enum"]).map(|value| format!("\\fB{value}\\fP")).collect();
        let one_of = if values.is_empty() { String::new() } else { format!(" One of {}.", values.join(", ")) };
        let head = format!("\\fB{}\\fP ({}{absent})", inline(name), kind(field, types));
        write_item(roff, &head, &(described(field) + &one_of));
    }
}

fn write_item(roff: &mut String, head: &str, text: &str) {
    let _ = write!(roff, ".TP\n{head}\n{text}\n");
}

fn described(schema: &Value) -> String {
    inline(schema["description"].as_str().unwrap_or_default())
}

/// What a value is, in a word or two. Types with a name are noted: they are described below.
fn kind(schema: &Value, types: &mut Vec<String>) -> String {
    if let Some(value) = schema.get("const") {
        return format!("\\fB{value}\\fP");
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        types.push(name.to_owned());
        return format!("\\fI{}\\fP", spaced(name));
    }
    let alternatives: Vec<String> = match (&schema["anyOf"], &schema["type"]) {
        (Value::Array(any), _) => any.iter().map(|one| kind(one, types)).collect(),
        (_, Value::Array(several)) => several.iter().map(|one| word(one, schema, types)).collect(),
        (_, one) => vec![word(one, schema, types)],
    };
    alternatives.join(" or ")
}

fn word(name: &Value, schema: &Value, types: &mut Vec<String>) -> String {
    match name.as_str().unwrap_or_default() {
        "array" => match kind(&schema["items"], types) {
            name if name.starts_with('\\') => format!("list of {name}"),
            plain => format!("list of {plain}s"),
        },
        "string" if schema["format"] == "date-time" => "time".to_owned(),
        "string" if schema["format"] == "date" => "day".to_owned(),
        "string" if schema.get("pattern").is_some() => "key".to_owned(),
        "string" => "text".to_owned(),
        "integer" => "number".to_owned(),
        "boolean" => "true or false".to_owned(),
        other => other.to_owned(),
    }
}

/// The name of a type as words: `HeldBack` is a held back.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        words.push_str(if c.is_uppercase() && !words.is_empty() { " " } else { "" });
        words.extend(c.to_lowercase());
    }
    words
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
