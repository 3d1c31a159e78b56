//! Changes to a location, each with the webhook that reports it.

use super::events;
use super::location::{Association, Location, Millis, Record, Relation, Span, Versions};
use super::plan::{hex_id, record_id, relation_id};
use super::settings::Settings;
use super::webhooks::Webhooks;
use crate::support::random::Random;

/// A location while it is changed.
pub(crate) struct Change<'u> {
    pub(crate) location: &'u mut Location,
    pub(crate) settings: &'u Settings,
    pub(crate) webhooks: &'u mut Webhooks,
    pub(crate) random: &'u mut Random,
    pub(crate) at: Millis,
}

impl Change<'_> {
    /// Links two records, unless they are linked so.
    pub(crate) fn make_relation(
        &mut self,
        association: usize,
        records: [String; 2],
    ) -> Option<String> {
        if self.location.has_relation(association, &records, self.at) {
            return None;
        }
        let definition = &self.location.associations[association];
        let id = relation_id(self.random, definition, self.at);
        let relation = Relation { id: id.clone(), association, records, span: Span::from(self.at) };
        self.report_relation("RelationCreate", &relation);
        self.location.add_relation(relation);
        Some(id)
    }

    pub(crate) fn delete_relation(&mut self, id: &str) {
        if let Some(relation) = self.location.delete_relation(id, self.at) {
            self.report_relation("RelationDelete", &relation);
        }
    }

    pub(crate) fn rename_association(&mut self, id: &str, labels: [&str; 2]) {
        let alive = |it: &&mut Association| it.id == id && it.span.has(self.at);
        let found = self.location.associations.iter_mut().find(alive).unwrap();
        found.labels.set(self.at, labels.map(str::to_owned));
        let found = found.clone();
        self.report("AssociationUpdate", events::association(&found, self.at));
    }

    pub(crate) fn make_association(&mut self, key: &str, ends: [&str; 2]) -> String {
        let association = Association {
            id: hex_id(self.random, self.at),
            key: key.to_owned(),
            ends: ends.map(str::to_owned),
            labels: Versions::new(["First".to_owned(), "Second".to_owned()]),
            system: false,
            span: Span::from(self.at),
        };
        self.report("AssociationCreate", events::association(&association, self.at));
        let id = association.id.clone();
        self.location.associations.push(association);
        id
    }

    /// Deletes an association with its relations.
    pub(crate) fn delete_association(&mut self, id: &str) {
        let alive = |it: &Association| it.id == id && it.span.has(self.at);
        let place = self.location.associations.iter().position(alive).unwrap();
        let body = events::association(&self.location.associations[place], self.at);
        let deleted = self.location.delete_association(place, self.at);
        self.report("AssociationDelete", body);
        self.report_cascade(&deleted);
    }

    pub(crate) fn make_record(&mut self, object: &str, name: &str) -> String {
        let id = record_id(self.random, object, self.at);
        let record = Record {
            id: id.clone(),
            name: Versions::new(name.to_owned()),
            span: Span::from(self.at),
        };
        let (kind, body) = events::record(self.location, object, &record, "Create", self.at);
        self.location.add_record(object, record);
        self.report(&kind, body);
        id
    }

    pub(crate) fn rename_record(&mut self, object: &str, id: &str, name: &str) {
        let list = self.location.records.get_mut(object).unwrap();
        let record = list.iter_mut().find(|it| it.id == id && it.span.has(self.at)).unwrap();
        record.name.set(self.at, name.to_owned());
        let record = record.clone();
        let (kind, body) = events::record(self.location, object, &record, "Update", self.at);
        self.report(&kind, body);
    }

    /// Deletes a record with its relations.
    pub(crate) fn delete_record(&mut self, object: &str, id: &str) {
        let record = self.location.record(object, id, self.at).unwrap().clone();
        let (kind, body) = events::record(self.location, object, &record, "Delete", self.at);
        let deleted = self.location.delete_record(object, id, self.at);
        self.report(&kind, body);
        self.report_cascade(&deleted);
    }

    fn report_cascade(&mut self, deleted: &[Relation]) {
        if self.settings.webhooks.cascades {
            for relation in deleted {
                self.report_relation("RelationDelete", relation);
            }
        }
    }

    fn report_relation(&mut self, kind: &str, relation: &Relation) {
        let association = &self.location.associations[relation.association];
        let is_silent = association.id == "BUSINESSES_CONTACTS_ASSOCIATION";
        if !is_silent || self.settings.webhooks.of_companies {
            self.report(kind, events::relation(association, relation));
        }
    }

    fn report(&mut self, kind: &str, body: serde_json::Value) {
        let body = events::enveloped(kind, body, &self.location.id, self.random);
        self.webhooks.send(kind, body, &self.settings.webhooks, self.at, self.random);
    }
}
