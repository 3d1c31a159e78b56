//! What records are called, and what they can be called once their schema is known.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::graph::memory::allocation::map_bytes;
use crate::graph::memory::table::{CowTable, ObjectNo, RecordNo};
use crate::model::{NAME, Properties, PropertyState, Stamp};

/// What one record is called, and by which event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordName {
    pub(crate) text: Arc<str>,
    pub(crate) stamp: Stamp,
}

/// The names of records, by number. Takes nothing while no record has one; else up to the
/// last that has, 32 bytes for each record, and 16 and its text for each name.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordNames(Option<Arc<NameTable>>);

type NameTable = CowTable<RecordNo, Option<RecordName>, 256>;

impl RecordNames {
    pub(crate) fn get(&self, record: RecordNo) -> Option<&RecordName> {
        let names = self.0.as_ref().filter(|names| record.0 < names.len())?;
        names[record].as_ref()
    }

    /// Returns the bytes of memory that they take, of which the texts are estimated from a
    /// sample.
    pub(in crate::graph) fn bytes(&self) -> usize {
        let Some(names) = &self.0 else { return 0 };
        let step = (names.len() / 1_024).max(1) as usize;
        let sample = (0..names.len()).step_by(step).filter_map(|at| names[RecordNo(at)].as_ref());
        let texts: usize = sample.map(|name| (name.text.len() + 16).next_multiple_of(16) + 8).sum();
        names.bytes() + texts * step
    }

    /// Returns the name as text.
    pub(crate) fn text(&self, record: RecordNo) -> Option<&str> {
        self.get(record).map(|name| &*name.text)
    }

    /// Returns the records whose names differ from those of an earlier copy. Costs a look at
    /// every 256th record, and 256 for each that changed.
    pub(crate) fn changed_since(&self, copy: &Self) -> impl Iterator<Item = RecordNo> {
        let none = NameTable::default();
        let now = self.0.as_deref();
        let changed = now.map(|now| now.changed_since(copy.0.as_deref().unwrap_or(&none)));
        let changed: Vec<RecordNo> = changed.into_iter().flatten().collect();
        let is_other = |record: &RecordNo| self.text(*record) != copy.text(*record);
        changed.into_iter().filter(is_other)
    }

    /// Names a record, and returns whether its name was another.
    fn set(&mut self, record: RecordNo, name: &PropertyState) -> bool {
        let names = Arc::make_mut(self.0.get_or_insert_default());
        while names.len() <= record.0 {
            names.push(None);
        }
        let row = &mut names[record];
        match row {
            Some(known) if *known.text == *name.value => {
                known.stamp = name.stamp;
                false
            }
            _ => {
                *row = Some(RecordName { text: (*name.value).into(), stamp: name.stamp });
                true
            }
        }
    }
}

/// What events have said of the names of records.
///
/// A record whose object key has a schema that says which property names it, or is built
/// in, has its name alone. All others keep what may name them until then.
#[derive(Debug, Clone, Default)]
pub(crate) struct NameSources {
    /// The property that names the records of an object key, where it is known.
    primaries: Vec<(ObjectNo, Primary)>,
    waiting: Option<Box<WaitingProperties>>,
    /// Number of records that have a name or properties.
    named: u32,
}

/// The property that names the records of an object key.
#[derive(Debug, Clone)]
enum Primary {
    /// That of every built-in object.
    Name,
    Declared(Box<str>),
}

/// Properties of which one may become a name.
#[derive(Debug, Clone, Default)]
struct WaitingProperties {
    /// Those of records whose naming property is not known.
    keyed: HashMap<RecordNo, Properties, RandomState>,
    /// By record id, of events without object key.
    unkeyed: HashMap<Box<str>, Properties, RandomState>,
}

/// A record, and which it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfObject {
    pub(crate) object: ObjectNo,
    pub(crate) record: RecordNo,
}

impl NameSources {
    /// Returns the bytes of memory that they take.
    pub(in crate::graph) fn bytes(&self) -> usize {
        let properties = |it: &Properties| it.states().len() * 96 + 16;
        let waiting = self.waiting.as_ref().map_or(0, |waiting| {
            let keyed: usize = waiting.keyed.values().map(properties).sum();
            let unkeyed: usize =
                waiting.unkeyed.iter().map(|(id, it)| id.len() + 16 + properties(it)).sum();
            map_bytes(&waiting.keyed) + map_bytes(&waiting.unkeyed) + keyed + unkeyed
        });
        self.primaries.capacity() * size_of::<(ObjectNo, Primary)>() + waiting
    }

    /// Returns how many rows a checkpoint has of them.
    pub(crate) fn rows(&self) -> usize {
        self.named as usize + self.waiting.as_ref().map_or(0, |waiting| waiting.unkeyed.len())
    }

    pub(crate) fn primary(&self, object: ObjectNo) -> Option<&str> {
        let (_, primary) = self.primaries.iter().find(|(of, _)| *of == object)?;
        Some(match primary {
            Primary::Name => NAME,
            Primary::Declared(key) => key,
        })
    }

    /// Sets the property that names the records of an object key. Returns whether there are
    /// records that wait for it.
    pub(crate) fn set_primary(&mut self, object: ObjectNo, primary: &str) -> bool {
        let primary =
            if primary == NAME { Primary::Name } else { Primary::Declared(primary.into()) };
        if let Some((_, known)) = self.primaries.iter_mut().find(|(of, _)| *of == object) {
            *known = primary;
            return false;
        }
        self.primaries.reserve_exact(1);
        self.primaries.push((object, primary));
        self.waiting.as_ref().is_some_and(|waiting| !waiting.keyed.is_empty())
    }

    /// Takes over the properties that name records from a graph with the same object keys.
    pub(crate) fn copy_primaries(&mut self, of: &Self) {
        self.primaries.clone_from(&of.primaries);
    }

    pub(crate) fn unkeyed(&self, id: &str) -> Option<&Properties> {
        self.waiting.as_ref()?.unkeyed.get(id)
    }

    /// Returns what a checkpoint keeps of a record.
    pub(crate) fn of_record(&self, record: RecordNo, names: &RecordNames) -> Option<Properties> {
        if let Some(properties) = self.keyed(record) {
            return Some(properties.clone());
        }
        let RecordName { text, stamp } = names.get(record)?;
        let only = PropertyState { key: "".into(), value: (**text).into(), stamp: *stamp };
        Some(Properties::from_iter([only]))
    }

    fn keyed(&self, record: RecordNo) -> Option<&Properties> {
        self.waiting.as_ref()?.keyed.get(&record)
    }

    fn is_known(&self, record: RecordNo, names: &RecordNames) -> bool {
        names.get(record).is_some() || self.keyed(record).is_some()
    }

    /// Takes what events have said of a record; returns whether its name is another now.
    pub(crate) fn merge(
        &mut self,
        OfObject { object, record }: OfObject,
        said: &Properties,
        names: &mut RecordNames,
    ) -> bool {
        if said.is_empty() {
            return false;
        }
        let was_known = self.is_known(record, names);
        let name = if let Some(primary) = self.primary(object) {
            said.name(Some(primary))
        } else {
            let waiting = self.waiting.get_or_insert_default();
            let all = waiting.keyed.entry(record).or_default();
            all.merge_states(said);
            all.name(None)
        };
        let is_newer =
            |name: &&PropertyState| names.get(record).is_none_or(|known| known.stamp < name.stamp);
        let is_other = match name.filter(is_newer) {
            Some(name) => names.set(record, name),
            None => false,
        };
        self.named += u32::from(self.is_known(record, names)) - u32::from(was_known);
        is_other
    }

    /// Names a record by the property that its schema names, which is known now. Returns
    /// whether it waited for that.
    pub(crate) fn resolve(
        &mut self,
        OfObject { object, record }: OfObject,
        names: &mut RecordNames,
    ) -> bool {
        let waiting = self.waiting.as_mut().and_then(|waiting| waiting.keyed.remove(&record));
        let Some(all) = waiting else { return false };
        // It comes from the event that named the record so far, or from a later one.
        if let Some(name) = all.name(self.primary(object)) {
            names.set(record, name);
        }
        self.named -= u32::from(names.get(record).is_none());
        true
    }

    /// Takes what events without object key have said of an id; returns whether any of it is
    /// new.
    pub(crate) fn merge_unkeyed(&mut self, id: &str, said: &Properties) -> bool {
        if said.is_empty() {
            return false;
        }
        let all = self.waiting.get_or_insert_default().unkeyed.entry(id.into()).or_default();
        let before = all.clone();
        all.merge_states(said);
        *all != before
    }

    /// Restores what a checkpoint keeps of a record.
    pub(crate) fn restore(&mut self, of: OfObject, kept: &Properties, names: &mut RecordNames) {
        match kept.get("") {
            Some(name) => {
                self.named += u32::from(!self.is_known(of.record, names));
                names.set(of.record, name);
            }
            None => {
                self.merge(of, kept, names);
            }
        }
    }

    pub(crate) fn restore_unkeyed(&mut self, id: &str, kept: &Properties) {
        self.waiting.get_or_insert_default().unkeyed.insert(id.into(), kept.clone());
    }
}
