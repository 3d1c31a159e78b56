//! Which things are compared: what was not read is not judged.

use std::collections::BTreeSet;

use crate::drift::difference::What;
use crate::model::Association;
use crate::pull::{names_association, names_object};

/// Which things are compared. The default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only these kinds of things; all if empty.
    pub only: BTreeSet<What>,
    /// Only these object keys; all if `None`.
    pub objects: Option<Vec<String>>,
    /// Only these associations, by id or key; all if `None`.
    pub associations: Option<Vec<String>>,
    /// The object keys whose records were read; all if `None`.
    pub record_objects: Option<BTreeSet<String>>,
    /// Keys of the associations whose relations could not be read.
    pub unreachable: BTreeSet<String>,
}

impl Scope {
    /// Returns whether things of a kind are compared.
    pub fn includes(&self, what: What) -> bool {
        self.only.is_empty() || self.only.contains(&what)
    }

    /// Returns whether an object key is compared.
    pub(crate) fn has_object(&self, key: &str) -> bool {
        names_object(self.objects.as_deref(), key)
    }

    /// Returns whether the records of an object key are compared.
    pub(crate) fn has_records_of(&self, key: &str) -> bool {
        self.has_object(key) && self.record_objects.as_ref().is_none_or(|keys| keys.contains(key))
    }

    /// Returns whether an association is compared.
    pub(crate) fn has_association(&self, association: &Association) -> bool {
        names_association(self.objects.as_deref(), self.associations.as_deref(), association)
    }

    /// Returns whether the relations under an association are compared, whose definition may
    /// be unknown.
    pub(crate) fn has_relations_of(&self, association: Option<&Association>) -> bool {
        match association {
            Some(known) => self.has_association(known) && !self.unreachable.contains(&*known.key),
            None => self.objects.is_none() && self.associations.is_none(),
        }
    }
}
