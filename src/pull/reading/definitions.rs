//! The object layer of a location: types of objects and associations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::{Association, Timestamp};
use crate::pull::error::PullError;
use crate::pull::reading::page_sizes::PageSizes;
use crate::pull::reading::paging::{Listing, PageAnswer, read_list};
use crate::pull::reading::rows::{LocationRow, ObjectRow, association, object, text};
use crate::pull::upstream::{Answer, Call, Client, rejected};

/// The associations of a location by their ids.
#[derive(Debug, Clone, Default)]
pub(crate) struct Definitions(BTreeMap<String, Association>);

impl Definitions {
    /// Takes the associations of a list.
    pub(crate) fn new(all: impl IntoIterator<Item = Association>) -> Self {
        Self(all.into_iter().map(|it| (it.id.as_str().to_owned(), it)).collect())
    }

    /// Returns the definition of an association.
    pub(crate) fn get(&self, id: &str) -> Option<&Association> {
        self.0.get(id)
    }

    /// Returns all of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Association> {
        self.0.values()
    }

    /// Returns the ids of those that an object key takes part in.
    pub(crate) fn of_object<'d>(&'d self, key: &'d str) -> impl Iterator<Item = &'d str> {
        let touches = move |it: &&Association| {
            [&it.first, &it.second].iter().any(|end| end.object.as_str() == key)
        };
        self.all().filter(touches).map(|it| it.id.as_str())
    }

    /// Returns whether an association joins records of this object key with one another.
    pub(crate) fn joins_itself(&self, key: &str) -> bool {
        self.all().any(|it| it.first.object.as_str() == key && it.second.object.as_str() == key)
    }

    /// Returns the object keys of all ends.
    pub(crate) fn objects(&self) -> BTreeSet<&str> {
        self.all().flat_map(|it| [it.first.object.as_str(), it.second.object.as_str()]).collect()
    }
}

/// Reads the name of the location, if the token may.
pub(crate) fn read_location(
    client: &Client,
    location: &str,
) -> Result<Option<(LocationRow, Timestamp)>, PullError> {
    let (json, at) = match client.fetch(&Call::location(location)) {
        Ok(Answer::Found(json, at)) => (json, at),
        Ok(Answer::Missing(_) | Answer::NotTaken(_)) => return Ok(None),
        Err(PullError::Refused(why)) => {
            tracing::warn!(why, "the name of the location is not read");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let row = json.get("location").unwrap_or(&json);
    Ok(text(row, "name").map(|name| (LocationRow { name: name.to_owned() }, at)))
}

/// Reads the types of objects.
pub(crate) fn read_objects(
    client: &Client,
    location: &str,
) -> Result<(Vec<ObjectRow>, Timestamp), PullError> {
    let call = Call::objects(location);
    match client.fetch(&call)? {
        Answer::Found(json, at) => {
            let rows = rows_of(&json, "objects").iter().map(|row| object(row, location));
            Ok((rows.collect::<Result<_, _>>()?, at))
        }
        Answer::Missing(_) => Err(rejected(&call, 404, "there is no such list")),
        Answer::NotTaken(why) => Err(rejected(&call, 422, &why)),
    }
}

/// Reads all associations.
pub(crate) fn read_associations(
    client: &Client,
    location: &str,
    sizes: &PageSizes,
) -> Result<(Listing<Association>, Timestamp), PullError> {
    let mut read_at = None;
    let listing = read_list(sizes, |skip, limit| {
        let call = Call::associations(location, skip, limit);
        match client.fetch(&call)? {
            Answer::Found(json, at) => {
                read_at.get_or_insert(at);
                let rows = rows_of(&json, "associations");
                let rows = rows.iter().map(|row| association(row, location));
                Ok(PageAnswer::Page {
                    rows: rows.collect::<Result<_, _>>()?,
                    total: json.get("total").and_then(Value::as_u64),
                })
            }
            Answer::Missing(_) => Err(rejected(&call, 404, "there is no such list")),
            Answer::NotTaken(why) => too_long_or_else(&call, &why),
        }
    })?;
    Ok((listing, read_at.unwrap_or_else(Timestamp::now)))
}

/// Reads one definition, which a relation names and the list does not have.
pub(crate) fn read_association(
    client: &Client,
    location: &str,
    id: &str,
) -> Result<Option<(Association, Timestamp)>, PullError> {
    match client.fetch(&Call::association(location, id))? {
        Answer::Found(json, at) => {
            let row = json.get("association").unwrap_or(&json);
            // What is found under an internal id may be no association at all.
            Ok(association(row, location).ok().map(|read| (read, at)))
        }
        Answer::Missing(_) | Answer::NotTaken(_) => Ok(None),
    }
}

/// Returns the list in a member of an answer, or the answer itself if it is a list.
pub(crate) fn rows_of<'j>(json: &'j Value, member: &str) -> &'j [Value] {
    let list = json.as_array().or_else(|| json.get(member)?.as_array());
    list.map(Vec::as_slice).unwrap_or_default()
}

/// Decides whether a request was refused for the length of its page.
pub(crate) fn too_long_or_else<T>(call: &Call, why: &str) -> Result<PageAnswer<T>, PullError> {
    let error = rejected(call, 422, why);
    if why.to_lowercase().contains("limit") { Ok(PageAnswer::TooLong(error)) } else { Err(error) }
}
