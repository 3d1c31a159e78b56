//! What a schema event says besides what the graph keeps of it.

use serde::Deserialize;

use crate::webhook::payload::SchemaLabels;
use crate::webhook::payload_values::{Member, Nested};

/// The members of a schema event that are shown and decide nothing; absent ones are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SchemaDetails {
    pub(crate) id: Option<String>,
    pub(crate) singular: Option<String>,
    pub(crate) plural: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) primary_display_property: Option<String>,
    pub(crate) object_type: Option<String>,
    pub(crate) created_at: Option<String>,
    pub(crate) updated_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    #[serde(rename = "type", borrow)]
    event_type: Option<Member<'a>>,
    #[serde(borrow)]
    data: Option<Nested<Payload<'a>>>,
    #[serde(borrow)]
    id: Option<Member<'a>>,
    #[serde(borrow)]
    labels: Option<Nested<SchemaLabels<'a>>>,
    #[serde(borrow)]
    description: Option<Member<'a>>,
    #[serde(borrow)]
    primary_display_property: Option<Member<'a>>,
    #[serde(borrow)]
    object_type: Option<Member<'a>>,
    #[serde(borrow)]
    created_at: Option<Member<'a>>,
    #[serde(borrow)]
    updated_at: Option<Member<'a>>,
}

impl SchemaDetails {
    /// Reads the body of an accepted event; what cannot be read counts as absent.
    pub(crate) fn read(body: &str) -> Self {
        match serde_json::from_str::<Payload<'_>>(body) {
            // An object `data` beside `type` is an envelope.
            Ok(Payload { event_type: Some(_), data: Some(Nested::Object(data)), .. }) => {
                Self::of(&data)
            }
            Ok(payload) => Self::of(&payload),
            Err(_) => Self::default(),
        }
    }

    /// Returns its texts.
    pub(crate) fn texts(&self) -> [Option<&str>; 8] {
        [
            &self.id,
            &self.singular,
            &self.plural,
            &self.description,
            &self.primary_display_property,
            &self.object_type,
            &self.created_at,
            &self.updated_at,
        ]
        .map(|text| text.as_deref())
    }

    fn of(payload: &Payload<'_>) -> Self {
        let (singular, plural) = match &payload.labels {
            Some(Nested::Object(labels)) => {
                (text(labels.singular.as_ref()), text(labels.plural.as_ref()))
            }
            _ => (None, None),
        };
        Self {
            id: text(payload.id.as_ref()),
            singular,
            plural,
            description: text(payload.description.as_ref()),
            primary_display_property: text(payload.primary_display_property.as_ref()),
            object_type: text(payload.object_type.as_ref()),
            created_at: text(payload.created_at.as_ref()),
            updated_at: text(payload.updated_at.as_ref()),
        }
    }
}

fn text(member: Option<&Member<'_>>) -> Option<String> {
    match member {
        Some(Member::Text(text)) if !text.is_empty() => Some(text.clone().into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_read_flat_and_enveloped() {
        let flat = r#"{"id":"i","labels":{"singular":"Pet","plural":7},"description":null,
            "objectType":"USER_DEFINED","createdAt":"2025-01-28T09:21:37.311Z","key":"k"}"#;
        let enveloped = format!(r#"{{"type":"ObjectSchemaCreate","data":{flat}}}"#);
        let details = SchemaDetails::read(flat);
        let text = |text: &str| Some(text.to_owned());
        let expected = SchemaDetails {
            id: text("i"),
            singular: text("Pet"),
            object_type: text("USER_DEFINED"),
            created_at: text("2025-01-28T09:21:37.311Z"),
            ..SchemaDetails::default()
        };
        assert_eq!(details, expected);
        assert_eq!(SchemaDetails::read(&enveloped), expected);
        assert_eq!(SchemaDetails::read("[]"), SchemaDetails::default());
    }
}
