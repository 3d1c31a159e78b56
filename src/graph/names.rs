//! The names of things: what events say of them, and which property holds them.

use std::sync::Arc;

use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::table::ObjectNo;
use crate::model::{
    Change, Event, NAME, NAMING_PROPERTIES, ObjectKey, Properties, Property, RecordId, Stamp,
    built_in_primary,
};

impl LocationGraph {
    /// Takes what an event says of the names of things that are known, and returns whether
    /// a name is another now. Costs a few look-ups; those of all records of an object key
    /// when a schema first says which property names them.
    pub(crate) fn merge_names(&mut self, event: &Event, stamp: Stamp) -> bool {
        match &event.change {
            Change::Record { object, id, properties } if !properties.is_empty() => {
                let mut said = Properties::default();
                said.merge_all(properties, stamp);
                let Some(object) = object else {
                    return self.records.merge_unkeyed_name(id.as_str(), &said);
                };
                let object = self.objects.find(object.as_str());
                object.is_some_and(|object| self.records.merge_name(object, id.as_str(), &said))
            }
            Change::ObjectSchema(schema) => {
                let Some(number) = self.objects.find(schema.key.as_str()) else { return false };
                Arc::make_mut(&mut self.objects).merge_schema(number, schema, stamp);
                self.changed_objects.push(number);
                self.name_by_schema(number);
                true
            }
            Change::Location { name: Some(name), .. } => {
                self.is_renamed = true;
                self.own_name.merge(NAME, name, stamp)
            }
            _ => false,
        }
    }

    /// Has records named by the property that their schema names.
    pub(super) fn name_by_schema(&mut self, object: ObjectNo) {
        let row = &self.objects.rows()[object];
        if let Some(primary) = built_in_primary(row.key.as_str()).or(row.primary()) {
            self.records.set_primary(object, primary);
        }
    }

    /// Returns what people call a record, if an event has said so.
    pub(crate) fn record_name(&self, object: &ObjectKey, id: &RecordId) -> Option<Arc<str>> {
        let object = self.objects.find(object.as_str())?;
        let record = self.records.find_record(object, id.as_str())?;
        self.records.rows().names.get(record).map(|name| Arc::clone(&name.text))
    }

    /// Returns the properties of an event that name its record, or `None` while that is not
    /// known: all of them may. Costs a look-up for each object key if the event names none.
    pub(crate) fn naming_properties(
        &self,
        object: Option<&ObjectKey>,
        id: &RecordId,
        properties: &[Property],
    ) -> Option<Vec<Property>> {
        let naming = |object: ObjectNo| {
            let primary = self.records.names().primary(object)?;
            let get = |key: &str| properties.iter().find(|property| *property.key == *key);
            let [name, title] = NAMING_PROPERTIES;
            Some(get(primary).or_else(|| get(name)).or_else(|| get(title)))
        };
        if let Some(object) = object {
            let found = naming(self.objects.find(object.as_str())?)?;
            return Some(found.into_iter().cloned().collect());
        }
        let mut all: Vec<Property> = Vec::new();
        let mut is_known = false;
        for object in self.objects.rows().numbers() {
            if self.records.find_record(object, id.as_str()).is_some() {
                is_known = true;
                let found = naming(object)?;
                all.extend(found.filter(|found| !all.contains(found)).cloned());
            }
        }
        all.sort_by(|a, b| a.key.cmp(&b.key));
        is_known.then_some(all)
    }
}
