//! The names of the records of a layer.

use crate::graph::layers::names::{NameSources, OfObject};
use crate::graph::layers::records::RecordLayer;
use crate::graph::memory::table::{ObjectNo, RecordNo};
use crate::model::Properties;

impl RecordLayer {
    pub(crate) fn names(&self) -> &NameSources {
        &self.names
    }

    /// Returns what a checkpoint keeps of the name of a record.
    pub(crate) fn name_row(&self, record: RecordNo) -> Option<Properties> {
        self.names.of_record(record, &self.rows.names)
    }

    /// Takes what an event says of the name of a record that is known; returns whether the
    /// name is another now.
    pub(crate) fn merge_name(&mut self, object: ObjectNo, id: &str, said: &Properties) -> bool {
        let Some(record) = self.find_record(object, id) else { return false };
        self.changed.records.push(record);
        self.names.merge(OfObject { object, record }, said, &mut self.rows.names)
    }

    /// Takes what an event without object key says of the name of every record of an id;
    /// returns whether anything of it is new. Costs a look-up for each object key.
    pub(crate) fn merge_unkeyed_name(&mut self, id: &str, said: &Properties) -> bool {
        if !self.names.merge_unkeyed(id, said) {
            return false;
        }
        self.changed.unkeyed.push(id.into());
        for object in self.by_object.numbers() {
            self.merge_name(object, id, said);
        }
        true
    }

    /// Sets the property that names the records of an object key. Where it was not known,
    /// costs these records once.
    pub(crate) fn set_primary(&mut self, object: ObjectNo, primary: &str) {
        if !self.names.set_primary(object, primary) || object.0 >= self.by_object.len() {
            return;
        }
        for &record in &self.by_object[object] {
            if self.names.resolve(OfObject { object, record }, &mut self.rows.names) {
                self.changed.records.push(record);
            }
        }
    }

    /// Takes over the properties that name records from a graph with the same object keys.
    pub(crate) fn copy_primaries(&mut self, of: &Self) {
        self.names.copy_primaries(&of.names);
    }

    /// Restores what a checkpoint holds of the name of a record.
    pub(crate) fn restore_name(&mut self, record: RecordNo, kept: &Properties) {
        let object = self.rows.records[record].object;
        self.names.restore(OfObject { object, record }, kept, &mut self.rows.names);
    }

    pub(crate) fn restore_unkeyed_name(&mut self, id: &str, kept: &Properties) {
        self.names.restore_unkeyed(id, kept);
    }
}
