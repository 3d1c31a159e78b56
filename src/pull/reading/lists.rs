//! The links of one record.

use serde_json::Value;

use crate::model::{ObjectKey, RecordRef, Relation, Timestamp};
use crate::pull::error::PullError;
use crate::pull::reading::definitions::{Definitions, rows_of, too_long_or_else};
use crate::pull::reading::page_sizes::PageSizes;
use crate::pull::reading::paging::{PageAnswer, read_list};
use crate::pull::reading::rows::{relation, text};
use crate::pull::upstream::{Answer, Call, Client};

/// The links of a record as they were read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RecordLinks {
    pub(crate) rows: Vec<Relation>,
    /// False if the list moved each time it was read.
    pub(crate) is_stable: bool,
    /// When it was read, by the sender's clock.
    pub(crate) at: Timestamp,
}

/// What is needed to read lists. Threads share it.
#[derive(Debug)]
pub(crate) struct Lists<'c> {
    pub(crate) client: &'c Client,
    pub(crate) location: &'c str,
    pub(crate) definitions: &'c Definitions,
    pub(crate) sizes: &'c PageSizes,
}

impl Lists<'_> {
    /// Reads the links of a record in one list, under one association or all.
    pub(crate) fn of(
        &self,
        record: &str,
        association: Option<&str>,
    ) -> Result<RecordLinks, PullError> {
        let mut read_at = None;
        let listing = read_list(self.sizes, |skip, limit| {
            let call = Call::relations(self.location, record, association, skip, limit);
            match self.client.fetch(&call)? {
                Answer::Found(json, at) => {
                    read_at.get_or_insert(at);
                    self.page(&json)
                }
                Answer::Missing(at) => {
                    read_at.get_or_insert(at);
                    Ok(PageAnswer::Missing)
                }
                Answer::NotTaken(why) => too_long_or_else(&call, &why),
            }
        })?;
        let at = read_at.unwrap_or_else(Timestamp::now);
        Ok(RecordLinks { rows: listing.rows, is_stable: listing.is_stable, at })
    }

    /// Reads the links of a record in one list for each association of its object key.
    pub(crate) fn each(&self, object: &str, record: &str) -> Result<RecordLinks, PullError> {
        let mut whole: Option<RecordLinks> = None;
        for association in self.definitions.of_object(object) {
            let part = self.of(record, Some(association))?;
            match &mut whole {
                None => whole = Some(part),
                Some(whole) => {
                    whole.rows.extend(part.rows);
                    whole.is_stable &= part.is_stable;
                    whole.at = whole.at.min(part.at);
                }
            }
        }
        let none = || RecordLinks { rows: Vec::new(), is_stable: true, at: Timestamp::now() };
        Ok(whole.unwrap_or_else(none))
    }

    fn page(&self, json: &Value) -> Result<PageAnswer<Relation>, PullError> {
        let rows = rows_of(json, "relations");
        let rows =
            rows.iter().map(|row| relation(row, self.location, |id| self.definitions.get(id)));
        Ok(PageAnswer::Page {
            rows: rows.collect::<Result<_, _>>()?,
            total: json.get("total").and_then(Value::as_u64),
        })
    }
}

/// Reads the links that a row of a search embeds, or `None` if they cannot be used: the row
/// has none, one lacks an id, or it does not say which end the record is on. Those of unknown
/// associations are left out if only a part is read, and else cannot be used.
pub(crate) fn embedded(
    row: &Value,
    object: &str,
    record: &str,
    definitions: &Definitions,
    is_partial: bool,
) -> Option<Vec<Relation>> {
    let is_read = |link: &&Value| {
        let association = text(link, "associationId");
        !is_partial || association.is_none_or(|id| definitions.get(id).is_some())
    };
    row.get("relations")?
        .as_array()?
        .iter()
        .filter(is_read)
        .map(|link| {
            // The id of an opportunity was seen in place of that of its relation.
            let id = text(link, "relationId").filter(|id| *id != record)?;
            let association = definitions.get(text(link, "associationId")?)?;
            let other = text(link, "recordId")?;
            let [first, second] = [&association.first, &association.second].map(|it| &it.object);
            let (ours, theirs) = match [first, second].map(|key| key.as_str() == object) {
                [true, false] => (record, other),
                [false, true] => (other, record),
                _ => return None,
            };
            let end =
                |object: &ObjectKey, id: &str| RecordRef { object: object.clone(), id: id.into() };
            Some(Relation {
                id: id.into(),
                association: association.id.clone(),
                first: end(first, ours),
                second: end(second, theirs),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pull::reading::rows::association;

    fn definitions() -> Definitions {
        let defined = |id: &str, first: &str, second: &str| {
            let row = json!({"id": id, "firstObjectKey": first, "secondObjectKey": second});
            association(&row, "L").unwrap()
        };
        Definitions::new([defined("A", "contact", "pet"), defined("S", "pet", "pet")])
    }

    #[test]
    fn embedded_rows_count_only_if_they_say_all() {
        let link = json!({"associationId": "A", "relationId": "r", "recordId": "c"});
        let read = |relations: Value| {
            let row = json!({"id": "p", "relations": relations});
            embedded(&row, "pet", "p", &definitions(), false)
        };
        assert_eq!(embedded(&json!({"id": "p"}), "pet", "p", &definitions(), false), None);
        assert_eq!(read(json!([])), Some(Vec::new()));
        let found = read(json!([link])).unwrap();
        assert_eq!((found[0].first.id.as_str(), found[0].second.id.as_str()), ("c", "p"));
        for (member, value) in [
            ("relationId", json!(null)),
            ("relationId", json!("p")),
            ("associationId", json!(null)),
            ("associationId", json!("unknown")),
            ("associationId", json!("S")),
            ("recordId", json!("")),
        ] {
            let mut lacking = link.clone();
            lacking[member] = value.clone();
            assert_eq!(read(json!([link, lacking])), None, "{member}: {value}");
        }
        // If only some associations are read, others are no fault.
        let other = json!({"associationId": "other", "relationId": "o", "recordId": "c"});
        let row = json!({"id": "p", "relations": [link, other]});
        assert_eq!(embedded(&row, "pet", "p", &definitions(), true).unwrap().len(), 1);
        assert_eq!(embedded(&row, "pet", "p", &definitions(), false), None);
    }
}
