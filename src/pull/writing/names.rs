//! What records are called, of all that the sender says of them.

use serde_json::Value;

use crate::model::{NAMING_PROPERTIES, clean_name, property_key};
use crate::pull::reading::text;

/// Returns the name of a contact or an opportunity.
pub(super) fn built_in_name(object: &str, row: &Value) -> Option<Box<str>> {
    let name = |member: &str| clean_name(text(row, member)?);
    if object != "contact" {
        return name("name");
    }
    let both = || {
        let names = ["firstName", "lastName"].map(|member| text(row, member));
        clean_name(&names.into_iter().flatten().collect::<Vec<_>>().join(" "))
    };
    name("name")
        .or_else(|| name("contactName"))
        .or_else(both)
        .or_else(|| ["companyName", "email", "phone"].into_iter().find_map(name))
}

/// Returns the property that names another record, with its value: the primary one of its
/// type of objects, or one that is called like a name.
pub(super) fn naming_property(row: &Value, primary: Option<&str>) -> Option<(String, Box<str>)> {
    let wanted = primary.map(property_key).into_iter().chain(NAMING_PROPERTIES);
    wanted.into_iter().find_map(|key| Some((key.to_owned(), property(row, key)?)))
}

/// Returns the value of a property, whether they are an object, a list or members of the row.
fn property(row: &Value, wanted: &str) -> Option<Box<str>> {
    let is_wanted = |key: &str| property_key(key) == wanted;
    let value = match row.get("properties") {
        Some(Value::Object(properties)) => {
            properties.iter().find(|(key, _)| is_wanted(key)).map(|(_, value)| value)
        }
        Some(Value::Array(properties)) => properties
            .iter()
            .find(|property| text(property, "key").is_some_and(is_wanted))
            .and_then(|property| {
                let members = property.as_object()?;
                members.iter().find(|(name, _)| name.starts_with("value")).map(|(_, value)| value)
            }),
        _ => row.get(wanted),
    };
    match value? {
        Value::Null => None,
        Value::String(text) => clean_name(text),
        other => clean_name(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_contact_is_called_by_the_first_that_is_not_blank() {
        for (row, name) in [
            (json!({"name": " Amara  Okafor ", "email": "a@b"}), Some("Amara Okafor")),
            (json!({"name": " ", "firstName": "Amara"}), Some("Amara")),
            (json!({"firstName": "Amara", "lastName": "Okafor"}), Some("Amara Okafor")),
            (json!({"firstName": null, "companyName": "Ice"}), Some("Ice")),
            (json!({"phone": "+44"}), Some("+44")),
            (json!({}), None),
        ] {
            assert_eq!(built_in_name("contact", &row).as_deref(), name, "{row}");
        }
        assert_eq!(built_in_name("opportunity", &json!({"firstName": "A"})), None);
    }

    #[test]
    fn other_records_are_called_by_their_primary_property() {
        let primary = Some("custom_objects.pet.pet_name");
        for (row, found) in [
            (
                json!({"properties": {"pet_name": "Buddy", "name": "x"}}),
                Some(("pet_name", "Buddy")),
            ),
            (json!({"properties": {"pet_name": "", "title": "T"}}), Some(("title", "T"))),
            (
                json!({"properties": {"pet_name": {"value": 7}}}),
                Some(("pet_name", "{\"value\":7}")),
            ),
            (
                json!({"properties": [{"key": "pet_name", "valueString": "B"}]}),
                Some(("pet_name", "B")),
            ),
            (json!({"name": "Ice"}), Some(("name", "Ice"))),
            (json!({"properties": {}}), None),
        ] {
            let named = naming_property(&row, primary);
            let named = named.as_ref().map(|(key, value)| (&**key, &**value));
            assert_eq!(named, found, "{row}");
        }
    }
}
