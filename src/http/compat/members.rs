//! The members of a JSON body, read one by one so that each fault is found.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::compat::error::CompatError;
use crate::http::compat::findings::Findings;
use crate::http::compat::params::TEXT_BYTES;
use crate::webhook::json_text;

/// The members of an object: those that are known as they are written, of others the names.
#[derive(Debug)]
pub(super) struct Members<'b> {
    /// The text that positions are counted in.
    text: &'b str,
    known: Vec<(&'static str, &'b RawValue)>,
    unknown: Vec<String>,
}

impl<'b> Members<'b> {
    /// Reads a body in which these members may be.
    pub(super) fn of_body(
        body: &'b [u8],
        known: &'static [&'static str],
    ) -> Result<Self, CompatError> {
        let text = json_text(body)
            .map_err(|error| CompatError::unexpected_token(error.reason, error.position))?;
        Self::read(text, text, known)
    }

    /// Reads an object that is part of the body, or `None` if it is another value.
    pub(super) fn part(
        &self,
        part: &'b RawValue,
        known: &'static [&'static str],
    ) -> Result<Option<Self>, CompatError> {
        let is_object = part.get().starts_with('{');
        is_object.then(|| Self::read(self.text, part.get(), known)).transpose()
    }

    fn read(
        text: &'b str,
        object: &'b str,
        known: &'static [&'static str],
    ) -> Result<Self, CompatError> {
        let mut deserializer = serde_json::Deserializer::from_str(object);
        let read = Object { known }.deserialize(&mut deserializer);
        let read = read.and_then(|read| deserializer.end().map(|()| read));
        let (known, unknown) = read.map_err(|error| unexpected(text, object, &error))?;
        Ok(Self { text, known, unknown })
    }

    /// Returns a member as it is written; `null` counts as absent.
    pub(super) fn raw(&self, name: &str) -> Option<&'b RawValue> {
        // The last of several counts, as in JavaScript.
        let found = self.known.iter().rfind(|(known, _)| *known == name);
        found.map(|(_, value)| *value).filter(|value| value.get() != "null")
    }

    /// Adds the members that do not exist.
    pub(super) fn find_unknown(&self, findings: &mut Findings) {
        for name in &self.unknown {
            findings.unknown(name);
        }
    }

    /// Returns a text of at least one byte.
    pub(super) fn required(
        &self,
        name: &str,
        findings: &mut Findings,
    ) -> Result<String, CompatError> {
        let found = self.optional(name, findings)?;
        if found.is_none() && self.raw(name).is_none() {
            findings.missing(name);
        }
        Ok(found.unwrap_or_default())
    }

    /// Returns a text that may be missing, but not empty.
    pub(super) fn optional(
        &self,
        name: &str,
        findings: &mut Findings,
    ) -> Result<Option<String>, CompatError> {
        let found = self.text(name, findings)?;
        if found.as_deref() == Some("") {
            findings.empty(name);
            return Ok(None);
        }
        Ok(found)
    }

    /// Returns a text that may be empty.
    pub(super) fn label(&self, name: &str, findings: &mut Findings) -> Result<String, CompatError> {
        let found = self.text(name, findings)?;
        if found.is_none() && self.raw(name).is_none() {
            findings.not_text(name);
        }
        Ok(found.unwrap_or_default())
    }

    /// Returns a number that may be missing.
    pub(super) fn number(
        &self,
        name: &str,
        range: RangeInclusive<usize>,
        findings: &mut Findings,
    ) -> Option<usize> {
        let value = self.raw(name)?.get();
        let number = value.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            findings.not_number(name);
        }
        number
    }

    fn text(&self, name: &str, findings: &mut Findings) -> Result<Option<String>, CompatError> {
        let Some(value) = self.raw(name) else { return Ok(None) };
        let value = value.get();
        if !value.starts_with('"') {
            findings.not_text(name);
            return Ok(None);
        }
        let read = serde_json::from_str::<String>(value);
        let text = read.map_err(|error| unexpected(self.text, value, &error))?;
        if text.len() > TEXT_BYTES {
            findings.too_long(name, TEXT_BYTES);
            return Ok(None);
        }
        Ok(Some(text))
    }
}

/// Reads up to `limit` elements of a list as they are written, and counts them all; `None` if
/// it is no list.
pub(super) fn elements(value: &RawValue, limit: usize) -> Option<(Vec<&RawValue>, usize)> {
    let mut deserializer = serde_json::Deserializer::from_str(value.get());
    List { limit }.deserialize(&mut deserializer).ok()
}

/// Returns the error of a part of a text, by its position in the whole.
fn unexpected(text: &str, part: &str, error: &serde_json::Error) -> CompatError {
    let before = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let lines = part.split_inclusive('\n').take(error.line().saturating_sub(1));
    let line = lines.map(str::len).sum::<usize>();
    let position = before + line + error.column().saturating_sub(1);
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or_default();
    CompatError::unexpected_token(reason, position)
}

type ObjectParts<'b> = (Vec<(&'static str, &'b RawValue)>, Vec<String>);

/// Maximum number of names of unknown members that are kept.
const UNKNOWN_MAX: usize = 256;

/// Keeps the known members of an object. The others can be many: their values are skipped.
struct Object {
    known: &'static [&'static str],
}

impl<'b> DeserializeSeed<'b> for Object {
    type Value = ObjectParts<'b>;

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'b> Visitor<'b> for Object {
    type Value = ObjectParts<'b>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'b>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut found, mut unknown) = (Vec::new(), Vec::<String>::new());
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            if let Some(known) = self.known.iter().find(|known| **known == name) {
                let value = map.next_value()?;
                found.retain(|(earlier, _)| earlier != known);
                found.push((*known, value));
                continue;
            }
            map.next_value::<IgnoredAny>()?;
            if unknown.len() < UNKNOWN_MAX {
                unknown.push(name.into_owned());
            }
        }
        Ok((found, unknown))
    }
}

struct List {
    limit: usize,
}

impl<'b> DeserializeSeed<'b> for List {
    type Value = (Vec<&'b RawValue>, usize);

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'b> Visitor<'b> for List {
    type Value = (Vec<&'b RawValue>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'b>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut kept, mut count) = (Vec::new(), 0);
        loop {
            let more = if kept.len() < self.limit {
                list.next_element()?.map(|element| kept.push(element)).is_some()
            } else {
                list.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok((kept, count));
            }
            count += 1;
        }
    }
}
