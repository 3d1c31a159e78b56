//! Things as JSON, with the members that the sender documents.

use serde_json::{Value, json};

use super::clock::rfc3339;
use super::location::{Association, Object, Record, Relation};
use super::reading::Reading;

/// What the stand-in has no better value for: who made a thing, and how.
fn made_by(at: i64) -> Value {
    json!({"channel": "OAUTH", "createdAt": rfc3339(at), "source": "PUBLIC_API",
        "sourceId": "26653146-ec82-435d-8a99-84ecdb7fde13"})
}

impl Reading<'_> {
    pub(crate) fn object_row(&self, object: &Object) -> Value {
        let is_custom = object.key.starts_with("custom_objects.");
        json!({
            "id": object.id,
            "standard": !is_custom,
            "key": object.key,
            "labels": {"singular": object.singular, "plural": object.plural},
            "description": format!("{} of this location", object.plural),
            "locationId": self.location.id,
            "primaryDisplayProperty": format!("{}.{}", object.key, object.primary),
            "dateAdded": rfc3339(object.made),
            "dateUpdated": rfc3339(object.made),
            "type": if is_custom { "USER_DEFINED" } else { "SYSTEM_DEFINED" },
        })
    }

    pub(crate) fn association_row(&self, association: &Association) -> Value {
        let [first, second] = association.labels.at(self.at);
        json!({
            "locationId": self.location.id,
            "id": association.id,
            "key": association.key,
            "firstObjectLabel": first,
            "firstObjectKey": association.ends[0],
            "secondObjectLabel": second,
            "secondObjectKey": association.ends[1],
            "associationType": if association.system { "SYSTEM_DEFINED" } else { "USER_DEFINED" },
        })
    }

    pub(crate) fn relation_row(&self, relation: &Relation) -> Value {
        let association = &self.location.associations[relation.association];
        json!({
            "id": relation.id,
            "associationId": association.id,
            "firstObjectKey": association.ends[0],
            "firstRecordId": relation.records[0],
            "secondObjectKey": association.ends[1],
            "secondRecordId": relation.records[1],
            "locationId": self.location.id,
        })
    }

    /// Returns a custom record or company as a search has it.
    pub(crate) fn record_row(&self, object: &Object, record: &Record) -> Value {
        let mut row = self.record(object, record);
        let added = record.span.made;
        row["createdAt"] = row["dateAdded"].take();
        row["updatedAt"] = row["dateUpdated"].take();
        let members = row.as_object_mut().unwrap();
        members.retain(|_, value| !value.is_null());
        members.insert("locationId".to_owned(), json!(self.location.id));
        members.insert("objectId".to_owned(), json!(object.id));
        members.insert("objectKey".to_owned(), json!(object.key));
        members.insert("createdBy".to_owned(), made_by(added));
        members.insert("lastUpdatedBy".to_owned(), made_by(added));
        row
    }

    /// Returns a custom record or company as a read by id has it.
    pub(crate) fn record(&self, object: &Object, record: &Record) -> Value {
        let row = json!({
            "id": record.id,
            "owner": [],
            "followers": [],
            "properties": {object.primary.clone(): record.name.at(self.at)},
            "dateAdded": rfc3339(record.span.made),
            "dateUpdated": rfc3339(record.name.changed(self.at).max(record.span.made)),
        });
        self.with_relations(row, &record.id)
    }

    /// Returns a contact as a search has it: without its whole name in one member.
    pub(crate) fn contact_row(&self, contact: &Record) -> Value {
        let mut row = self.contact(contact);
        row["contactName"] = row["name"].take();
        row.as_object_mut().unwrap().remove("name");
        row
    }

    /// Returns a contact as a read by id has it.
    pub(crate) fn contact(&self, contact: &Record) -> Value {
        let name = contact.name.at(self.at);
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        json!({
            "id": contact.id,
            "locationId": self.location.id,
            "name": name,
            "firstName": first,
            "lastName": last,
            "firstNameLowerCase": first.to_lowercase(),
            "lastNameLowerCase": last.to_lowercase(),
            "fullNameLowerCase": name.to_lowercase(),
            "email": null,
            "phone": null,
            "type": "lead",
            "tags": [],
            "customFields": [],
            "businessId": self.far_end(&contact.id, "business"),
            "dateAdded": rfc3339(contact.span.made),
            "dateUpdated": rfc3339(contact.name.changed(self.at).max(contact.span.made)),
        })
    }

    pub(crate) fn opportunity(&self, opportunity: &Record) -> Value {
        let (added, contact) = (opportunity.span.made, self.far_end(&opportunity.id, "contact"));
        let row = json!({
            "id": opportunity.id,
            "name": opportunity.name.at(self.at),
            "monetaryValue": 500,
            "pipelineId": "VDm7RPYC2GLUvdpKmBfC",
            "pipelineStageId": "e93ba61a-53b3-45e7-985a-c7732dbcdb69",
            "assignedTo": null,
            "status": "open",
            "source": "",
            "lastStatusChangeAt": rfc3339(added),
            "createdAt": rfc3339(added),
            "updatedAt": rfc3339(opportunity.name.changed(self.at).max(added)),
            "contactId": contact,
            "contact": {"id": contact, "tags": []},
            "locationId": self.location.id,
            "notes": [], "tasks": [], "calendarEvents": [], "customFields": [], "followers": [],
        });
        self.with_relations(row, &opportunity.id)
    }

    pub(crate) fn business(&self, business: &Record) -> Value {
        let added = business.span.made;
        json!({
            "id": business.id,
            "name": business.name.at(self.at),
            "phone": null, "email": null, "website": null, "address": null, "city": null,
            "description": null, "state": null, "postalCode": null, "country": "US",
            "locationId": self.location.id,
            "createdBy": made_by(added), "updatedBy": made_by(added),
            "createdAt": rfc3339(added),
            "updatedAt": rfc3339(business.name.changed(self.at).max(added)),
        })
    }

    pub(crate) fn location_row(&self) -> Value {
        json!({
            "id": self.location.id,
            "companyId": "5DP4iH6HLkQsiKESj6rh",
            "name": self.location.name,
            "timezone": "America/Chicago",
            "country": "US",
            "business": {"name": self.location.name, "timezone": "America/Chicago"},
            "social": {}, "settings": {}, "reseller": {},
        })
    }

    /// Returns the id of a record of a kind that the system's associations link to another.
    fn far_end(&self, record: &str, kind: &str) -> Option<&str> {
        self.relations_of(record).into_iter().find_map(|relation| {
            let association = &self.location.associations[relation.association];
            let far = usize::from(relation.records[0] == record);
            let is_wanted = association.system && association.ends[far] == kind;
            is_wanted.then_some(&*relation.records[far])
        })
    }
}
