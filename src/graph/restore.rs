//! To and from the rows of a checkpoint.

use std::sync::Arc;

use crate::graph::layers::record_data::EdgeType;
use crate::graph::location_graph::{Changed, LocationGraph};
use crate::graph::memory::table::{AssociationNo, ObjectNo, RecordNo};
use crate::model::{NamedThing, ObjectKey, Properties, Side, StateRow};

const ORDER: &str = "its number is not behind those before";
const REFERENCE: &str = "it refers to a row that is not there";

impl LocationGraph {
    /// Writes the present state of what changed, in an order that
    /// [`LocationGraph::restore`] can read.
    pub(crate) fn rows<E>(
        &self,
        changed: &Changed,
        mut put: impl FnMut(StateRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for &number in &changed.objects {
            let row = &self.objects.rows()[number];
            let schema = row.schema.as_deref().map(|(schema, stamp)| (schema, *stamp));
            put(StateRow::Object { number: number.0, key: row.key.as_str(), schema })?;
        }
        for &number in &changed.associations {
            let row = &self.associations.rows()[number];
            put(StateRow::Association {
                number: self.associations.rows().place(number),
                id: &row.id,
                stamp: row.stamp,
                definition: row.definition.as_ref(),
            })?;
        }
        for id in &changed.records.unkeyed {
            put(StateRow::UnkeyedRecord { id, state: self.records.unkeyed_state(id) })?;
        }
        for &number in &changed.records.records {
            put(StateRow::Record {
                number: self.records.records().place(number),
                object: self.records.records()[number].object.0,
                id: self.records.record_id(number),
                state: self.records.state(number),
            })?;
        }
        for &number in &changed.records.relations {
            let row = self.records.relations()[number];
            let association = self.records.kinds()[row.kind].kind.association;
            put(StateRow::Relation {
                number: self.records.relations().place(number),
                id: self.records.relation_id(number),
                association: self.associations.rows().place(association),
                first: self.records.records().place(row.first),
                second: self.records.records().place(row.second),
                stamp: row.stamp,
            })?;
        }
        self.name_rows(changed, put)
    }

    /// Writes what names the things that changed, or can.
    fn name_rows<E>(
        &self,
        changed: &Changed,
        mut put: impl FnMut(StateRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut put = |of, properties: &Properties| {
            if properties.is_empty() { Ok(()) } else { put(StateRow::Name { of, properties }) }
        };
        if changed.own_name {
            put(NamedThing::Location, &self.own_name)?;
        }
        for &number in &changed.objects {
            put(NamedThing::Object(number.0), &self.objects.rows()[number].names)?;
        }
        for &number in &changed.records.records {
            if let Some(name) = self.records.name_row(number) {
                put(NamedThing::Record(self.records.records().place(number)), &name)?;
            }
        }
        for id in &changed.records.unkeyed {
            if let Some(names) = self.records.names().unkeyed(id) {
                put(NamedThing::UnkeyedRecord(id), names)?;
            }
        }
        Ok(())
    }

    /// Takes back what a checkpoint holds of a name.
    fn restore_name(
        &mut self,
        of: NamedThing<'_>,
        properties: &Properties,
    ) -> Result<(), &'static str> {
        match of {
            NamedThing::Location => self.own_name = properties.clone(),
            NamedThing::Object(number) => {
                let number = self.objects.rows().at(number).ok_or(REFERENCE)?;
                Arc::make_mut(&mut self.objects).restore_names(number, properties.clone());
                self.name_by_schema(number);
            }
            NamedThing::Record(number) => {
                let number = self.records.records().at(number).ok_or(REFERENCE)?;
                self.records.restore_name(number, properties);
            }
            NamedThing::UnkeyedRecord(id) => self.records.restore_unkeyed_name(id, properties),
        }
        Ok(())
    }

    /// Takes back one row of a checkpoint; the error says what is wrong with
    /// it.
    pub(crate) fn restore(&mut self, row: &StateRow<'_>) -> Result<(), &'static str> {
        let in_order = match *row {
            StateRow::Object { number, key, schema } => {
                let objects = Arc::make_mut(&mut self.objects);
                let (given, new) = objects.intern(&ObjectKey::from(key));
                if let Some((schema, stamp)) = schema {
                    objects.restore_schema(given, schema.clone(), stamp);
                }
                self.name_by_schema(given);
                new && given.0 == number
            }
            StateRow::Association { number, id, stamp, definition } => {
                let associations = Arc::make_mut(&mut self.associations);
                let given = associations.add(id, number).ok_or(ORDER)?;
                associations.restore(given, stamp, definition.cloned());
                if let Some(definition) = definition {
                    let known = |side| self.objects.find(definition.end(side).object.as_str());
                    known(Side::First).and(known(Side::Second)).ok_or(REFERENCE)?;
                }
                self.show(given);
                true
            }
            StateRow::UnkeyedRecord { id, state } => {
                self.records.restore_unkeyed(id, state);
                true
            }
            StateRow::Record { number, object, id, state } => {
                let object: ObjectNo = self.objects.rows().at(object).ok_or(REFERENCE)?;
                self.records.restore_record(number, object, id, state)
            }
            StateRow::Relation { number, id, association, first, second, stamp } => {
                let association: AssociationNo =
                    self.associations.rows().at(association).ok_or(REFERENCE)?;
                let first: RecordNo = self.records.records().at(first).ok_or(REFERENCE)?;
                let second: RecordNo = self.records.records().at(second).ok_or(REFERENCE)?;
                let object = |record| self.records.records()[record].object;
                let kind = EdgeType { association, first: object(first), second: object(second) };
                let kind = self.intern_kind(kind);
                self.records.restore_relation(number, id, kind, (first, second), stamp)
            }
            StateRow::Name { of, properties } => {
                self.restore_name(of, properties)?;
                true
            }
        };
        if in_order { Ok(()) } else { Err(ORDER) }
    }
}
