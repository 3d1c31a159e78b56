//! Summaries of deliveries, for logs and lists.

use std::borrow::Cow;

use serde::Deserialize;

use crate::webhook::decode::Decoded;
use crate::webhook::encoding::strip_bom;
use crate::webhook::limits::MAX_ID_BYTES;
use crate::webhook::payload_values::Nested;

/// The event type and location of a delivery, whether it can be used or not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliverySummary {
    /// Its event type.
    pub event: Option<Cow<'static, str>>,
    /// Its location.
    pub location: Option<String>,
}

/// The members that a summary needs.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Members {
    #[serde(rename = "type")]
    event: Option<serde_json::Value>,
    location_id: Option<serde_json::Value>,
    data: Option<Nested<Enveloped>>,
}

/// The members that it needs of an envelope.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Enveloped {
    location_id: Option<serde_json::Value>,
}

impl DeliverySummary {
    /// Summarizes a delivery that was decoded.
    pub fn of(decoded: &Decoded) -> Self {
        match decoded {
            Decoded::Event(event) => Self {
                event: Some(Cow::Borrowed(event.event_type.as_str())),
                location: Some(event.location.as_str().to_owned()),
            },
            Decoded::Ignored { event_type, location, .. } => Self {
                event: Some(event_type.to_string().into()),
                location: location.as_ref().map(|location| location.as_str().to_owned()),
            },
        }
    }

    /// Summarizes a body that cannot be used, as far as it is JSON at all.
    ///
    /// The location is the one that [`decode`](crate::webhook::decode) would find: in an
    /// envelope, the inner one takes precedence.
    pub fn sniff(body: &[u8]) -> Self {
        let read = serde_json::from_slice(strip_bom(body));
        let Ok(Nested::Object(members)) = read else { return Self::default() };
        let Members { event, location_id, data } = *members;
        let named = |event: &serde_json::Value| event.as_str().is_some_and(|name| !name.is_empty());
        let inner = match data {
            Some(Nested::Object(data)) if event.as_ref().is_some_and(named) => data.location_id,
            _ => None,
        };
        let short = |value: Option<serde_json::Value>| {
            let text = value?.as_str()?.to_owned();
            (!text.is_empty() && text.len() <= MAX_ID_BYTES).then_some(text)
        };
        Self { event: short(event).map(Cow::Owned), location: short(inner.or(location_id)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_broken_body_tells() {
        let check = |body: &str, event: Option<&str>, location: Option<&str>| {
            let expected = DeliverySummary {
                event: event.map(|name| name.to_owned().into()),
                location: location.map(Into::into),
            };
            assert_eq!(DeliverySummary::sniff(body.as_bytes()), expected, "{body}");
        };
        check(
            r#"{"type":"RelationCreate","locationId":"L","x":[1,{}]}"#,
            Some("RelationCreate"),
            Some("L"),
        );
        check(r#"{"type":7,"locationId":"L"}"#, None, Some("L"));
        check(r#"{"type":"","locationId":null}"#, None, None);
        check(r#"{"locationId":"L""#, None, None);
        check(r#"{"locationId":"L","locationId":"M"}"#, None, None);
        check(&format!(r#"{{"locationId":"{}"}}"#, "x".repeat(513)), None, None);
        let enveloped = |outer: &str, inner: &str| format!(r#"{{{outer}"data":{{{inner}}}}}"#);
        let typed = r#""type":"T","locationId":"L","#;
        check(&enveloped(typed, r#""locationId":"M""#), Some("T"), Some("M"));
        check(&enveloped(typed, r#""locationId":null"#), Some("T"), Some("L"));
        check(&enveloped(typed, r#""locationId":7"#), Some("T"), None);
        check(&enveloped(r#""type":"T","#, r#""locationId":"M""#), Some("T"), Some("M"));
        check(&enveloped(r#""locationId":"L","#, r#""locationId":"M""#), None, Some("L"));
        check(r#"{"type":"T","locationId":"L","data":[1]}"#, Some("T"), Some("L"));
        check("[]", None, None);
        check(r#"["T","L",null]"#, None, None);
        check(r#"{"type":"T","data":["M"]}"#, Some("T"), None);
        check("\u{feff}{\"type\":\"T\"}", Some("T"), None);
        check("", None, None);
    }
}
