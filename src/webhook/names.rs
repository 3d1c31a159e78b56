//! Reads what names a thing from the members of a body: leniently, since a name is no reason
//! to refuse an event.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::{
    MAX_PROPERTIES, NAME, NAMING_PROPERTIES, ObjectKey, Property, built_in_primary, clean_name,
    property_key,
};
use crate::webhook::limits::MAX_ID_BYTES;

/// The members of an object, each as its JSON. Of repeated ones the last counts.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The members of the thing that an event is of.
#[derive(Debug, Default)]
pub(super) struct NamingMembers<'a>(Members<'a>);

impl<'a> NamingMembers<'a> {
    /// Reads the members of a body that was decoded, or of the `data` that it envelops.
    pub(super) fn read(text: &'a str) -> Self {
        let body: Members<'a> = serde_json::from_str(text).unwrap_or_default();
        let is_typed = body.get("type").is_some_and(|json| text_of(json).is_some());
        let data = body.get("data").filter(|_| is_typed);
        let data = data.and_then(|json| serde_json::from_str(json.get()).ok());
        Self(data.unwrap_or(body))
    }

    fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.get(key).copied()
    }

    fn text(&self, key: &str) -> Option<Box<str>> {
        value(self.get(key)?.get())
    }

    /// Returns the name of a location or an opportunity.
    pub(super) fn name(&self) -> Option<Box<str>> {
        self.text(NAME)
    }

    /// Returns the property that names the records of a schema.
    pub(super) fn primary(&self) -> Option<Box<str>> {
        let primary = text_of(self.get("primaryDisplayProperty")?)?;
        let key = property_key(&primary);
        (!key.is_empty() && key.len() <= MAX_ID_BYTES).then(|| key.into())
    }

    /// Returns what can name a record, by ascending key: its name if the object is built in,
    /// else its properties.
    pub(super) fn properties(&self, object: Option<&ObjectKey>) -> Box<[Property]> {
        let object = object.map(ObjectKey::as_str);
        if object.and_then(built_in_primary).is_some() {
            let name = if object == Some("contact") { self.contact_name() } else { self.name() };
            return name.map(|value| Property { key: NAME.into(), value }).into_iter().collect();
        }
        let mut all: BTreeMap<Box<str>, Box<str>> = BTreeMap::new();
        for (key, json) in self.all_properties() {
            let key = property_key(&key);
            if !key.is_empty()
                && key.len() <= MAX_ID_BYTES
                && let Some(value) = value(json)
            {
                all.insert(Box::from(key), value);
            }
        }
        let mut others = 0;
        all.retain(|key, _| {
            let is_naming = NAMING_PROPERTIES.contains(&&**key);
            others += usize::from(!is_naming);
            is_naming || others <= MAX_PROPERTIES
        });
        all.into_iter().map(|(key, value)| Property { key, value }).collect()
    }

    fn contact_name(&self) -> Option<Box<str>> {
        let both = || {
            let names = ["firstName", "lastName"].map(|key| self.text(key));
            let names: Vec<&str> = names.iter().flatten().map(AsRef::as_ref).collect();
            clean_name(&names.join(" "))
        };
        self.name().or_else(both).or_else(|| {
            ["companyName", "email", "phone"].into_iter().find_map(|key| self.text(key))
        })
    }

    /// Returns the key and JSON of each property, whether they are an object or a list of
    /// such as `{"key":"pet_name","valueString":"Buddy"}`.
    fn all_properties(&self) -> Vec<(String, &'a str)> {
        let Some(properties) = self.get("properties") else { return Vec::new() };
        if let Ok(members) = serde_json::from_str::<Members<'a>>(properties.get()) {
            return members.into_iter().map(|(key, json)| (key, json.get())).collect();
        }
        let entries: Vec<&RawValue> = serde_json::from_str(properties.get()).unwrap_or_default();
        let entries = entries.into_iter().filter_map(|entry| {
            let entry: Members<'a> = serde_json::from_str(entry.get()).ok()?;
            let key = text_of(entry.get("key")?)?.into_owned();
            // `valueString`, `valueNumber` and the like; `value` comes first.
            let is_value = |(member, json): &(&String, &&RawValue)| {
                member.starts_with("value") && json.get() != "null"
            };
            let (_, value) = entry.iter().find(is_value)?;
            Some((key, value.get()))
        });
        entries.collect()
    }
}

/// Returns a member that is text.
fn text_of(json: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    let Text(text) = serde_json::from_str(json.get()).ok()?;
    (!text.is_empty()).then_some(text)
}

/// Returns a value in the form of a display name; one that is no text as JSON.
fn value(json: &str) -> Option<Box<str>> {
    match json {
        "null" => None,
        _ if json.starts_with('"') => {
            let text: String = serde_json::from_str(json).ok()?;
            clean_name(&text)
        }
        _ => clean_name(json),
    }
}
