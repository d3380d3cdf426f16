//! The JSON Schemas of the documents, and whether a document is as its schema says.

use std::sync::OnceLock;

use chute_toggl::output::json::{Doctor, DryRun, Explain, Failure, NothingRecorded, Push, Status, Verify};
use chute_toggl::sidecar::SessionKey;
use chute_toggl::sidecar::log::LogLine;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::{Iso8601, Rfc3339};

/// The schema of each document by its name, as it has to be in `fixtures/schemas`.
pub fn schemas() -> &'static [(&'static str, Value)] {
    static SCHEMAS: OnceLock<Vec<(&'static str, Value)>> = OnceLock::new();
    SCHEMAS.get_or_init(|| {
        vec![
            ("push-dry-run", schema::<DryRun<'_>>()),
            ("push", schema::<Push<'_>>()),
            ("status", schema::<Status<'_>>()),
            ("verify", schema::<Verify<'_>>()),
            ("explain", schema::<Explain<'_>>()),
            ("log", schema::<LogLine>()),
            ("doctor", schema::<Doctor<'_>>()),
            ("nothing-recorded", schema::<NothingRecorded<'_>>()),
            ("error", schema::<Failure<'_>>()),
        ]
    })
}

fn schema<T: JsonSchema>() -> Value {
    let mut schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value();
    on_one_line(&mut schema);
    schema
}

/// Descriptions as a program shows them: where a comment is broken says nothing.
fn on_one_line(schema: &mut Value) {
    match schema {
        Value::Object(map) => map.values_mut().for_each(on_one_line),
        Value::Array(list) => list.iter_mut().for_each(on_one_line),
        Value::String(text) => *text = text.replace('\n', " "),
        _ => {}
    }
}

/// The name of the schema that a document is to follow.
pub fn name_of(document: &Value) -> &str {
    match &document["command"] {
        _ if document.get("error").is_some() => "error",
        _ if document.get("nothing_recorded").is_some() => "nothing-recorded",
        Value::String(command) if command == "push" && document["dry_run"] == true => "push-dry-run",
        Value::String(command) => command,
        _ => "log",
    }
}

/// Asserts that a document is as its schema says, and has no field that is not in it.
#[track_caller]
pub fn assert_valid(document: &Value) {
    let name = name_of(document);
    let (_, schema) = schemas().iter().find(|(known, _)| *known == name).expect("every document has a schema");
    if let Err(problem) = check(document, schema, schema) {
        panic!("not as fixtures/schemas/{name}.json says: {problem}, in {document}");
    }
}

/// Whether a value is as a schema says that is a part of `root`. Knows what the schemas here are made of; what else
/// comes to be in them is a fault.
fn check(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let is_valid = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "required" => true,
            "$ref" => {
                let path = rule.as_str().and_then(|path| path.strip_prefix('#')).expect("within the schema");
                check(value, root.pointer(path).expect("it is there"), root)?;
                true
            }
            "type" => match rule {
                Value::Array(types) => types.iter().any(|one| is_of_type(value, one)),
                one => is_of_type(value, one),
            },
            "const" => value == rule,
            "enum" => list(rule).contains(value),
            "anyOf" | "oneOf" => list(rule).iter().filter(|one| check(value, one, root).is_ok()).count() == 1,
            "properties" => return check_fields(value, schema, root),
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|one| check(one, rule, root))?;
                true
            }
            "minimum" | "maximum" if !value.is_null() => (value.as_f64() >= rule.as_f64()) == (keyword == "minimum"),
            "minimum" | "maximum" => true,
            "pattern" => value.as_str().is_none_or(|text| text.parse::<SessionKey>().is_ok()),
            "format" => value.as_str().is_none_or(|text| has_format(text, rule)),
            other => panic!("the schema has the keyword `{other}`"),
        };
        if !is_valid {
            return Err(format!("{value} is against {keyword} {rule}"));
        }
    }
    Ok(())
}

/// Every field that is required is there, and every one that is there is described and valid.
fn check_fields(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    let Value::Object(fields) = value else { return Err(format!("{value} is no object")) };
    for name in list(&schema["required"]) {
        let name = name.as_str().expect("the name of a field");
        fields.get(name).ok_or_else(|| format!("`{name}` is missing"))?;
    }
    fields.iter().try_for_each(|(name, value)| match schema["properties"].get(name) {
        Some(field) => check(value, field, root).map_err(|problem| format!("`{name}`: {problem}")),
        None => Err(format!("`{name}` is not in the schema")),
    })
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => panic!("the schema has the type {name}"),
    }
}

fn has_format(text: &str, format: &Value) -> bool {
    match format.as_str() {
        Some("date-time") => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
        Some("date") => time::Date::parse(text, &Iso8601::DATE).is_ok(),
        _ => panic!("the schema has the format {format}"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
