//! What is read of a location, and how.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Association;
use crate::pull::error::PullError;

/// Longest page that may be asked for.
const PAGE_MAX: usize = 1_000;

/// What is read of a location, and how.
#[derive(Debug, Clone)]
pub struct ReadSettings {
    /// Id of the location.
    pub location: String,
    /// The object keys to read; all if `None`.
    pub objects: Option<Vec<String>>,
    /// The associations to read, by id or key; all if `None`.
    pub associations: Option<Vec<String>>,
    /// Which records become rows.
    pub records: RecordsRead,
    /// How links are read; `None` finds the cheapest way that proves good.
    pub method: Option<Method>,
    /// Lists both ends of every association, not those alone that are needed.
    pub both_ends: bool,
    /// Number of records of each object key whose links are read a second way.
    pub sample: usize,
    /// Length of pages to ask for; the longest that the sender takes if `None`.
    pub page_size: Option<usize>,
    /// Time between two readings that must agree.
    pub settle: Duration,
}

impl ReadSettings {
    /// Returns the defaults for a location: everything.
    pub fn new(location: impl Into<String>) -> Self {
        Self {
            location: location.into(),
            objects: None,
            associations: None,
            records: RecordsRead::All,
            method: None,
            both_ends: false,
            sample: 100,
            page_size: None,
            settle: Duration::from_secs(10),
        }
    }

    /// Returns an error if a setting cannot be used.
    pub(crate) fn check(&self) -> Result<(), PullError> {
        let fault = |why: &str| Err(PullError::Setting(why.to_owned()));
        if self.location.trim().is_empty() || self.location.len() > 512 {
            return fault("the id of a location has 1 to 512 bytes");
        }
        if self.page_size.is_some_and(|size| !(1..=PAGE_MAX).contains(&size)) {
            return fault("a page has 1 to 1000 rows");
        }
        Ok(())
    }

    /// Returns whether only some of the associations are read.
    pub(crate) fn is_partial(&self) -> bool {
        self.objects.is_some() || self.associations.is_some()
    }

    /// Returns whether an object key is read.
    pub(crate) fn reads_object(&self, key: &str) -> bool {
        names_object(self.objects.as_deref(), key)
    }

    /// Returns whether an association is read.
    pub(crate) fn reads_association(&self, association: &Association) -> bool {
        names_association(self.objects.as_deref(), self.associations.as_deref(), association)
    }
}

/// Returns whether an object key is among some, or among all if these are `None`.
pub(crate) fn names_object(objects: Option<&[String]>, key: &str) -> bool {
    objects.is_none_or(|keys| keys.iter().any(|it| it == key))
}

/// Returns whether an association is among some, named by id or key, and both its ends are
/// among some object keys; `None` is all.
pub(crate) fn names_association(
    objects: Option<&[String]>,
    associations: Option<&[String]>,
    association: &Association,
) -> bool {
    let (id, key) = (association.id.as_str(), &*association.key);
    associations.is_none_or(|all| all.iter().any(|it| it == id || it == key))
        && [&association.first, &association.second]
            .iter()
            .all(|end| names_object(objects, end.object.as_str()))
}

/// Which records become rows of their own; links are read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RecordsRead {
    /// All of them.
    All,
    /// Those with links, of the object keys whose links are listed.
    Linked,
    /// None.
    None,
}

/// How the links of a record are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Method {
    /// From the rows of the search that found the record, at no further cost.
    Embedded,
    /// In one list of all its links.
    List,
    /// In one list for each association: the slowest, and what others are compared with.
    ListEach,
}

impl Method {
    /// Returns the name, as flags and summaries have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::List => "list",
            Self::ListEach => "list-each",
        }
    }

    /// Returns the next better one.
    pub(crate) const fn better(self) -> Option<Self> {
        match self {
            Self::Embedded => Some(Self::List),
            Self::List => Some(Self::ListEach),
            Self::ListEach => None,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
