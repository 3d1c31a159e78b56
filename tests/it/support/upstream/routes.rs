//! The calls that the stand-in answers.

use percent_encoding::percent_decode_str;

/// A call, named for what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Route {
    Objects,
    Associations,
    Association,
    AssociationByKey,
    AssociationsOfObject,
    Relations,
    RecordSearch,
    Record,
    ContactSearch,
    Contact,
    OpportunitySearch,
    Opportunity,
    Businesses,
    Business,
    Location,
}

impl Route {
    /// Finds the call and the decoded values of its path, with or without a slash at the end.
    pub(crate) fn find(method: &str, path: &str) -> Option<(Self, Vec<String>)> {
        let path = path.strip_prefix('/')?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<&str> = path.split('/').collect();
        let (route, values): (_, &[&str]) = match (method, &*segments) {
            ("GET", ["objects"]) => (Self::Objects, &[]),
            ("GET", ["associations"]) => (Self::Associations, &[]),
            ("GET", ["associations", "key", key]) => (Self::AssociationByKey, &[key]),
            ("GET", ["associations", "objectKey", key]) => (Self::AssociationsOfObject, &[key]),
            ("GET", ["associations", "relations", record]) => (Self::Relations, &[record]),
            ("GET", ["associations", id]) => (Self::Association, &[id]),
            ("POST", ["objects", key, "records", "search"]) => (Self::RecordSearch, &[key]),
            ("GET", ["objects", key, "records", id]) => (Self::Record, &[key, id]),
            ("POST", ["contacts", "search"]) => (Self::ContactSearch, &[]),
            ("GET", ["contacts", id]) => (Self::Contact, &[id]),
            ("GET", ["opportunities", "search"]) => (Self::OpportunitySearch, &[]),
            ("GET", ["opportunities", id]) => (Self::Opportunity, &[id]),
            ("GET", ["businesses"]) => (Self::Businesses, &[]),
            ("GET", ["businesses", id]) => (Self::Business, &[id]),
            ("GET", ["locations", id]) => (Self::Location, &[id]),
            _ => return None,
        };
        let decoded = |text: &&str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let values: Vec<String> = values.iter().map(decoded).collect();
        values.iter().all(|it| !it.is_empty()).then_some((route, values))
    }

    /// Returns whether it reads one thing by its id.
    pub(crate) fn is_direct(self) -> bool {
        use Route::{Association, Business, Contact, Location, Opportunity, Record};
        matches!(self, Association | Business | Contact | Location | Opportunity | Record)
    }

    /// Returns the scope that a token needs for it.
    pub(crate) fn scope(self) -> &'static str {
        match self {
            Self::Objects => "objects/schema.readonly",
            Self::Associations
            | Self::Association
            | Self::AssociationByKey
            | Self::AssociationsOfObject => "associations.readonly",
            Self::Relations => "associations/relation.readonly",
            Self::RecordSearch | Self::Record => "objects/record.readonly",
            Self::ContactSearch | Self::Contact => "contacts.readonly",
            Self::OpportunitySearch | Self::Opportunity => "opportunities.readonly",
            Self::Businesses | Self::Business => "businesses.readonly",
            Self::Location => "locations.readonly",
        }
    }
}
