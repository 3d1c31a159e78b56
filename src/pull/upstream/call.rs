//! The calls of the sender's API that are used.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::percent_encoded;

/// A kind of call: what it is named in errors, and the scope that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    Location,
    Objects,
    Associations,
    Association,
    Relations,
    RecordSearch,
    ContactSearch,
    OpportunitySearch,
    Businesses,
    Record,
    Contact,
    Opportunity,
    Business,
}

impl Route {
    /// Returns the scope that a token needs for it.
    pub(crate) const fn scope(self) -> &'static str {
        match self {
            Self::Location => "locations.readonly",
            Self::Objects => "objects/schema.readonly",
            Self::Associations | Self::Association => "associations.readonly",
            Self::Relations => "associations/relation.readonly",
            Self::RecordSearch | Self::Record => "objects/record.readonly",
            Self::ContactSearch | Self::Contact => "contacts.readonly",
            Self::OpportunitySearch | Self::Opportunity => "opportunities.readonly",
            Self::Businesses | Self::Business => "businesses.readonly",
        }
    }
}

/// One request, without its headers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) route: Route,
    /// Its path, with every segment encoded.
    pub(crate) path: String,
    query: Vec<(&'static str, String)>,
    /// The body of a POST; a GET has none.
    pub(crate) body: Option<Value>,
}

impl Call {
    fn get(route: Route, path: String, query: Vec<(&'static str, String)>) -> Self {
        Self { route, path, query, body: None }
    }

    /// Returns the call for the location itself, which has its name.
    pub(crate) fn location(location: &str) -> Self {
        Self::get(Route::Location, format!("/locations/{}", percent_encoded(location)), Vec::new())
    }

    /// Returns the call for the types of objects.
    pub(crate) fn objects(location: &str) -> Self {
        Self::get(Route::Objects, "/objects/".to_owned(), of(location))
    }

    /// Returns the call for a page of association definitions.
    pub(crate) fn associations(location: &str, skip: usize, limit: usize) -> Self {
        let query = page(location, skip, limit);
        Self::get(Route::Associations, "/associations/".to_owned(), query)
    }

    /// Returns the call for one definition.
    pub(crate) fn association(location: &str, id: &str) -> Self {
        let path = format!("/associations/{}", percent_encoded(id));
        Self::get(Route::Association, path, of(location))
    }

    /// Returns the call for a page of the links of a record, under one association or all.
    pub(crate) fn relations(
        location: &str,
        record: &str,
        association: Option<&str>,
        skip: usize,
        limit: usize,
    ) -> Self {
        let mut query = page(location, skip, limit);
        query.extend(association.map(|id| ("associationIds", id.to_owned())));
        Self::get(
            Route::Relations,
            format!("/associations/relations/{}", percent_encoded(record)),
            query,
        )
    }

    /// Returns the call for a page of companies, where they cannot be searched as records.
    pub(crate) fn businesses(location: &str, skip: usize, limit: usize) -> Self {
        Self::get(Route::Businesses, "/businesses/".to_owned(), page(location, skip, limit))
    }

    /// Returns the call for one record. The sender takes no location here: the id decides.
    pub(crate) fn record(object: &str, id: &str) -> Self {
        let id = percent_encoded(id);
        let (route, path) = match object {
            "contact" => (Route::Contact, format!("/contacts/{id}")),
            "opportunity" => (Route::Opportunity, format!("/opportunities/{id}")),
            "business" => (Route::Business, format!("/businesses/{id}")),
            _ => (Route::Record, format!("/objects/{}/records/{id}", percent_encoded(object))),
        };
        Self::get(route, path, Vec::new())
    }

    /// Returns the call that searches records of an object key. The documented body names a
    /// page; with a cursor it is the first after it.
    pub(crate) fn record_search(
        location: &str,
        object: &str,
        limit: usize,
        at: &SearchPlace,
    ) -> Self {
        let (page, after) = at.page_and_cursor();
        let body = json!({
            "locationId": location, "page": page, "pageLimit": limit, "query": "",
            "searchAfter": after,
        });
        let path = format!("/objects/{}/records/search", percent_encoded(object));
        Self { route: Route::RecordSearch, path, query: Vec::new(), body: Some(body) }
    }

    /// Returns the call that searches contacts, in the order of the cursor. A page and a
    /// cursor must not come together.
    pub(crate) fn contact_search(location: &str, limit: usize, at: &SearchPlace) -> Self {
        let mut body = json!({
            "locationId": location, "pageLimit": limit,
            "sort": [{ "field": "dateAdded", "direction": "asc" }],
        });
        let (member, value) = match at {
            SearchPlace::Page(page) => ("page", json!(page)),
            SearchPlace::After(cursor) => ("searchAfter", cursor.clone()),
        };
        if let Some(body) = body.as_object_mut() {
            body.insert(member.to_owned(), value);
        }
        let path = "/contacts/search".to_owned();
        Self { route: Route::ContactSearch, path, query: Vec::new(), body: Some(body) }
    }

    /// Returns the call that searches opportunities, which names the location in its own way.
    pub(crate) fn opportunity_search(location: &str, limit: usize, at: &SearchPlace) -> Self {
        let mut query = vec![
            ("location_id", location.to_owned()),
            ("limit", limit.to_string()),
            ("status", "all".to_owned()),
        ];
        match at {
            SearchPlace::Page(1) => {}
            SearchPlace::Page(page) => query.push(("page", page.to_string())),
            SearchPlace::After(cursor) => {
                let part = |at: usize| cursor.get(at).map(plain).unwrap_or_default();
                query.extend([("startAfter", part(0)), ("startAfterId", part(1))]);
            }
        }
        Self::get(Route::OpportunitySearch, "/opportunities/search".to_owned(), query)
    }

    /// Returns the path with the query.
    pub(crate) fn target(&self) -> String {
        let mut target = self.path.clone();
        for (at, (name, value)) in self.query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.extend([name, "=", &percent_encoded(value).to_string()]);
        }
        target
    }

    /// Returns the method.
    pub(crate) fn method(&self) -> &'static str {
        if self.body.is_some() { "POST" } else { "GET" }
    }
}

/// Where a page of a search begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SearchPlace {
    /// A page by its number, from 1.
    Page(usize),
    /// Behind the row with this cursor.
    After(Value),
}

impl SearchPlace {
    fn page_and_cursor(&self) -> (usize, Value) {
        match self {
            Self::Page(page) => (*page, json!([])),
            Self::After(cursor) => (1, cursor.clone()),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn of(location: &str) -> Vec<(&'static str, String)> {
    vec![("locationId", location.to_owned())]
}

fn page(location: &str, skip: usize, limit: usize) -> Vec<(&'static str, String)> {
    let mut query = of(location);
    query.extend([("skip", skip.to_string()), ("limit", limit.to_string())]);
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_as_documented() {
        let after = SearchPlace::After(json!([1_700_000_000_000_u64, "abc"]));
        for (call, target) in [
            (Call::objects("L"), "/objects/?locationId=L"),
            (Call::associations("L/1", 0, 100), "/associations/?locationId=L%2F1&skip=0&limit=100"),
            (Call::association("L", "a b"), "/associations/a%20b?locationId=L"),
            (
                Call::relations("L", "r", Some("A"), 99, 100),
                "/associations/relations/r?locationId=L&skip=99&limit=100&associationIds=A",
            ),
            (Call::record("contact", "a/b"), "/contacts/a%2Fb"),
            (Call::record("opportunity", "a"), "/opportunities/a"),
            (Call::record("business", "a"), "/businesses/a"),
            (Call::record("custom_objects.pet", "a"), "/objects/custom_objects.pet/records/a"),
            (
                Call::opportunity_search("L", 100, &SearchPlace::Page(1)),
                "/opportunities/search?location_id=L&limit=100&status=all",
            ),
            (
                Call::opportunity_search("L", 100, &after),
                "/opportunities/search?location_id=L&limit=100&status=all\
                 &startAfter=1700000000000&startAfterId=abc",
            ),
            (
                Call::record_search("L", "custom_objects.pet", 500, &after),
                "/objects/custom_objects.pet/records/search",
            ),
        ] {
            assert_eq!(call.target(), target);
        }
    }

    /// A search of contacts that names a page and a cursor is refused.
    #[test]
    fn contacts_are_searched_by_page_or_by_cursor() {
        let body = |at: &SearchPlace| Call::contact_search("L", 500, at).body.unwrap();
        let first = body(&SearchPlace::Page(1));
        assert!(first.get("page").is_some() && first.get("searchAfter").is_none());
        let next = body(&SearchPlace::After(json!([1, "a"])));
        assert!(next.get("page").is_none() && next["searchAfter"] == json!([1, "a"]));
    }
}
