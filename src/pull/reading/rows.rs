//! Rows of the sender's API, in the words of the model.

use serde_json::Value;

use crate::model::{Association, End, ObjectKey, RecordId, RecordRef, Relation};
use crate::pull::error::PullError;
use crate::pull::reading::paging::ListRow;

/// Something that was read of a location.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// The location itself.
    Location(LocationRow),
    /// A type of objects.
    Object(ObjectRow),
    /// An association.
    Association(Association),
    /// A record.
    Record(RecordRow),
    /// A relation.
    Relation(Relation),
}

/// The location itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationRow {
    /// What people call it.
    pub name: String,
}

/// A type of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRow {
    /// Its id.
    pub id: String,
    /// Its object key.
    pub key: ObjectKey,
    /// What one such thing is called.
    pub singular: Option<String>,
    /// What many are called.
    pub plural: Option<String>,
    /// The property that names its records.
    pub primary: Option<String>,
    /// `USER_DEFINED` or `SYSTEM_DEFINED`.
    pub object_type: Option<String>,
    /// When it was made, in the sender's words.
    pub created_at: Option<String>,
    /// When it last changed, in the sender's words.
    pub updated_at: Option<String>,
}

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordRow {
    /// Its object key.
    pub object: ObjectKey,
    /// Its id.
    pub id: RecordId,
    /// The row, with all that the sender says of it.
    pub row: Value,
}

impl ListRow for Association {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl ListRow for Relation {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl ListRow for RecordRow {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

/// Returns a member that is text, and not empty.
pub(crate) fn text<'r>(row: &'r Value, member: &str) -> Option<&'r str> {
    row.get(member)?.as_str().filter(|text| !text.is_empty())
}

fn owned(row: &Value, member: &str) -> Option<String> {
    text(row, member).map(str::to_owned)
}

/// Returns the id of a row, which must be of this location if it names one.
pub(crate) fn checked_id<'r>(row: &'r Value, location: &str) -> Result<&'r str, PullError> {
    if text(row, "locationId").is_some_and(|of| of != location) {
        return Err(PullError::row("the sender listed a row of another location", row));
    }
    let id = text(row, "id").or_else(|| text(row, "_id"));
    id.ok_or_else(|| PullError::row("the sender listed a row without an id", row))
}

fn required<'r>(row: &'r Value, member: &str, what: &'static str) -> Result<&'r str, PullError> {
    text(row, member).ok_or_else(|| PullError::row(what, row))
}

/// Reads a type of objects.
pub(crate) fn object(row: &Value, location: &str) -> Result<ObjectRow, PullError> {
    let id = checked_id(row, location)?;
    let labels = row.get("labels").unwrap_or(&Value::Null);
    Ok(ObjectRow {
        id: id.to_owned(),
        key: required(row, "key", "an object without a key")?.into(),
        singular: owned(labels, "singular"),
        plural: owned(labels, "plural"),
        primary: owned(row, "primaryDisplayProperty"),
        object_type: owned(row, "type").or_else(|| owned(row, "objectType")),
        created_at: owned(row, "dateAdded").or_else(|| owned(row, "createdAt")),
        updated_at: owned(row, "dateUpdated").or_else(|| owned(row, "updatedAt")),
    })
}

/// Reads a definition.
pub(crate) fn association(row: &Value, location: &str) -> Result<Association, PullError> {
    let id = checked_id(row, location)?;
    let key = |member| required(row, member, "an association without both object keys");
    let label = |member: &str| row.get(member).and_then(Value::as_str).unwrap_or_default();
    let end = |object: &str, label: &str| End { object: object.into(), label: label.into() };
    let cardinality = |member: &str| text(row, member).map(Box::from);
    Ok(Association {
        id: id.into(),
        key: text(row, "key").unwrap_or(id).into(),
        association_type: text(row, "associationType").unwrap_or("USER_DEFINED").into(),
        first: end(key("firstObjectKey")?, label("firstObjectLabel")),
        second: end(key("secondObjectKey")?, label("secondObjectLabel")),
        first_to_second: cardinality("firstObjectToSecondObjectCardinality"),
        second_to_first: cardinality("secondObjectToFirstObjectCardinality"),
    })
}

/// Reads a relation; `definition` gives the definition of an association, whose object keys
/// count where the row lacks them.
pub(crate) fn relation<'d>(
    row: &Value,
    location: &str,
    definition: impl Fn(&str) -> Option<&'d Association>,
) -> Result<Relation, PullError> {
    let id = checked_id(row, location)?;
    let lacking = "a relation without all of its members";
    let association = required(row, "associationId", lacking)?;
    let end = |key: &str, record: &str, known: Option<&End>| {
        let object = text(row, key).map(ObjectKey::from);
        let object = object.or_else(|| known.map(|end| end.object.clone()));
        let object = object.ok_or_else(|| PullError::row(lacking, row))?;
        Ok(RecordRef { object, id: required(row, record, lacking)?.into() })
    };
    let known = definition(association);
    Ok(Relation {
        id: id.into(),
        association: association.into(),
        first: end("firstObjectKey", "firstRecordId", known.map(|it| &it.first))?,
        second: end("secondObjectKey", "secondRecordId", known.map(|it| &it.second))?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_of_another_location_or_without_an_id_are_errors_that_show_them() {
        let long = "x".repeat(5_000);
        for (row, part) in [
            (json!({"id": "a", "locationId": "M"}), "another location: {\"id\":\"a\""),
            (json!({"name": long}), "without an id: {\"name\":\"xxx"),
            (json!({"id": ""}), "without an id"),
            (json!({"id": 7}), "without an id"),
            (json!("a"), "without an id: \"a\""),
        ] {
            let error = checked_id(&row, "L").unwrap_err().to_string();
            assert!(error.contains(part) && error.len() < 600, "{error}");
        }
        assert_eq!(checked_id(&json!({"_id": "a", "locationId": "L"}), "L").unwrap(), "a");
    }

    #[test]
    fn the_object_keys_of_a_relation_come_from_its_definition_where_it_lacks_them() {
        let row = json!({"id": "A", "firstObjectKey": "contact", "secondObjectKey": "pet"});
        let known = association(&row, "L").unwrap();
        assert_eq!((&*known.key, &*known.first.label), ("A", ""));
        let mut row = json!({
            "id": "r", "associationId": "A", "firstRecordId": "1", "secondRecordId": "2",
        });
        let read = relation(&row, "L", |id| Some(&known).filter(|_| id == "A")).unwrap();
        assert_eq!((read.first.object.as_str(), read.second.object.as_str()), ("contact", "pet"));
        assert!(relation(&row, "L", |_| None).is_err());
        row["secondRecordId"] = Value::Null;
        assert!(relation(&row, "L", |_| Some(&known)).is_err());
    }
}
