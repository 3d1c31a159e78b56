//! What events have said of the properties that can name a thing.

use crate::model::display_name::{MAX_PROPERTIES, NAMING_PROPERTIES, Property};
use crate::model::stamp::{Seq, Stamp};

/// A property by the greatest event that had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyState {
    /// Its key; empty for what names the thing, where that alone is kept.
    pub key: Box<str>,
    /// Its value.
    pub value: Box<str>,
    /// The event.
    pub stamp: Stamp,
}

/// The properties of one thing, by key: each has the value of the greatest event that had it.
///
/// Merging takes a maximum for each key, so any order of events and any repetition gives the
/// same. At most `name`, `title` and the 32 least other keys are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Properties(Vec<PropertyState>);

fn is_naming(key: &str) -> bool {
    NAMING_PROPERTIES.contains(&key)
}

impl Properties {
    /// Returns them by ascending key.
    pub fn states(&self) -> &[PropertyState] {
        &self.0
    }

    /// Returns whether no event had any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the state of a property.
    pub fn get(&self, key: &str) -> Option<&PropertyState> {
        let place = self.0.binary_search_by(|state| (*state.key).cmp(key)).ok()?;
        self.0.get(place)
    }

    /// Takes what an event says of a property; returns whether its value is another now.
    pub fn merge(&mut self, key: &str, value: &str, stamp: Stamp) -> bool {
        match self.0.binary_search_by(|state| (*state.key).cmp(key)) {
            Ok(place) => {
                let Some(state) = self.0.get_mut(place) else { return false };
                if stamp <= state.stamp {
                    return false;
                }
                state.stamp = stamp;
                let is_other = *state.value != *value;
                if is_other {
                    state.value = value.into();
                }
                is_other
            }
            Err(place) => {
                self.0.insert(place, PropertyState { key: key.into(), value: value.into(), stamp });
                self.drop_greatest();
                true
            }
        }
    }

    /// Takes what an event says of several.
    pub fn merge_all(&mut self, properties: &[Property], stamp: Stamp) {
        for Property { key, value } in properties {
            self.merge(key, value, stamp);
        }
    }

    /// Takes what other events have said.
    pub fn merge_states(&mut self, other: &Self) {
        for PropertyState { key, value, stamp } in &other.0 {
            self.merge(key, value, *stamp);
        }
    }

    /// Keeps the least keys, however many there were in which order.
    fn drop_greatest(&mut self) {
        if self.0.len() <= MAX_PROPERTIES {
            return;
        }
        let others = self.0.iter().filter(|state| !is_naming(&state.key)).count();
        if others > MAX_PROPERTIES
            && let Some(last) = self.0.iter().rposition(|state| !is_naming(&state.key))
        {
            self.0.remove(last);
        }
    }

    /// Returns what names the thing if its schema names this property: the greatest event
    /// that had it, or else `name` or `title`, counts, and of one event the first of these.
    pub fn name(&self, primary: Option<&str>) -> Option<&PropertyState> {
        let [name, title] = NAMING_PROPERTIES;
        let keys = [Some(title), Some(name), primary];
        // Of equal ones the last is the greatest.
        let found = keys.into_iter().flatten().filter_map(|key| self.get(key));
        found.max_by_key(|state| state.stamp)
    }

    /// Returns the last event that they are of, 0 if none.
    pub(crate) fn newest(&self) -> Seq {
        self.0.iter().map(|state| state.stamp.seq()).max().unwrap_or(0)
    }
}

impl FromIterator<PropertyState> for Properties {
    fn from_iter<I: IntoIterator<Item = PropertyState>>(states: I) -> Self {
        let mut all = Self::default();
        for PropertyState { key, value, stamp } in states {
            all.merge(&key, &value, stamp);
        }
        all
    }
}
