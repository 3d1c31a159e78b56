//! Node references: `contact` names a type, `contact/emqf…` a record.

use std::fmt;
use std::str::FromStr;

use crate::model::ids::{ObjectKey, RecordId};

/// A node of either layer, written `object` or `object/record`.
///
/// ```
/// use relata::NodeRef;
///
/// let node: NodeRef = "contact/emqfhnG3g9D9chy9inTz".parse()?;
/// assert_eq!(node.object.as_str(), "contact");
/// assert_eq!(node.record.as_ref().unwrap().as_str(), "emqfhnG3g9D9chy9inTz");
/// assert_eq!(node.to_string(), "contact/emqfhnG3g9D9chy9inTz");
/// # Ok::<(), relata::ParseNodeRefError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeRef {
    /// The object key.
    pub object: ObjectKey,
    /// The record id; absent for a node of the object layer.
    pub record: Option<RecordId>,
}

/// The text names no node: an empty object key or record id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a node reference is an object key, or an object key, a slash and a record id")]
pub struct ParseNodeRefError;

impl NodeRef {
    /// Returns the reference to a type of things.
    pub fn object(key: impl Into<ObjectKey>) -> Self {
        Self { object: key.into(), record: None }
    }

    /// Returns the reference to one record.
    pub fn record(key: impl Into<ObjectKey>, id: impl Into<RecordId>) -> Self {
        Self { object: key.into(), record: Some(id.into()) }
    }
}

impl FromStr for NodeRef {
    type Err = ParseNodeRefError;

    /// Splits at the first slash, so a record id may hold slashes itself.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((object, record)) if !object.is_empty() && !record.is_empty() => {
                Ok(Self::record(object, record))
            }
            None if !text.is_empty() => Ok(Self::object(text)),
            _ => Err(ParseNodeRefError),
        }
    }
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.record {
            Some(record) => write!(f, "{}/{record}", self.object),
            None => fmt::Display::fmt(&self.object, f),
        }
    }
}
