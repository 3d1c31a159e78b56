//! What a record event says besides what the graph keeps of it.

use serde_json::{Map, Value};

use crate::model::property_key;

/// The members of a record event that are shown and decide nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RecordDetails {
    /// The properties by their keys, without the prefix of the object key.
    pub(crate) properties: Map<String, Value>,
    pub(crate) owners: Vec<String>,
    pub(crate) followers: Vec<String>,
}

impl RecordDetails {
    /// Reads the body of an accepted event; what cannot be read counts as absent.
    pub(crate) fn read(body: &str) -> Self {
        let body: Map<String, Value> = serde_json::from_str(body).unwrap_or_default();
        // An object `data` beside `type` is an envelope.
        let data = body.get("data").and_then(Value::as_object);
        let record = data.filter(|_| body.contains_key("type")).unwrap_or(&body);
        Self {
            properties: properties(record.get("properties")),
            owners: texts(record.get("owners")),
            followers: texts(record.get("followers")),
        }
    }
}

/// Reads properties that are an object, or a list of keys with a value each.
fn properties(properties: Option<&Value>) -> Map<String, Value> {
    let key = |key: &str| property_key(key).to_owned();
    match properties {
        Some(Value::Object(members)) => {
            members.iter().map(|(name, value)| (key(name), value.clone())).collect()
        }
        Some(Value::Array(list)) => {
            let property = |it: &Value| {
                let value = it.as_object()?.iter().find(|(name, _)| name.starts_with("value"))?.1;
                Some((key(it.get("key")?.as_str()?), value.clone()))
            };
            list.iter().filter_map(property).collect()
        }
        _ => Map::new(),
    }
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn properties_are_read_as_a_list_and_as_an_object() {
        let list = json!({"type": "RecordCreate", "owners": ["o"], "followers": [1, "f"],
            "properties": [{"key": "custom_objects.pet.name", "valueString": "Buddy"},
                {"key": "age", "valueNumber": 3}, {"key": "none"}, 7]});
        let expected = json!({"name": "Buddy", "age": 3});
        let details = RecordDetails::read(&list.to_string());
        assert_eq!(Value::Object(details.properties), expected);
        assert_eq!((details.owners, details.followers), (vec!["o".into()], vec!["f".into()]));
        let enveloped = json!({"type": "RecordUpdate", "data": {"properties": expected}});
        let details = RecordDetails::read(&enveloped.to_string());
        assert_eq!(Value::Object(details.properties), expected);
        assert_eq!(RecordDetails::read("{"), RecordDetails::default());
    }
}
