//! Nodes that the command line gives by what people call them.

use std::fmt;

use anyhow::Context;
use relata::graph::LocationGraph;
use relata::history::Subject;
use relata::query::{FoundBy, FoundRecord};
use relata::webhook::MAX_ID_BYTES;
use relata::{Location, NodeRef, Store};

use crate::cli::output::table;
use crate::config::NodeArg;

/// Maximum number of records that a name may mean to be listed.
const LISTED_MAX: usize = 20;

/// The beginning of the object keys of custom objects, which may be omitted.
const CUSTOM: &str = "custom_objects.";

/// Several records are what a name may mean.
#[derive(Debug)]
pub(super) struct Ambiguous {
    name: String,
    /// One more than are listed if there are more.
    records: Vec<FoundRecord<String>>,
}

impl std::error::Error for Ambiguous {}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "several records match `{}`: write one of them as OBJECT/ID", self.name)
    }
}

impl Ambiguous {
    /// Returns the lines that list the records.
    pub(super) fn lines(&self) -> Vec<String> {
        let row = |it: &FoundRecord<String>| {
            vec![it.object.clone(), it.name.clone().unwrap_or_default(), it.record.clone()]
        };
        let rows: Vec<Vec<String>> = self.records.iter().take(LISTED_MAX).map(row).collect();
        let more = (self.records.len() > LISTED_MAX).then(|| "… and more".to_owned());
        table(&["OBJECT", "NAME", "ID"], &rows).chain(more).collect()
    }
}

/// Returns the node that the command line means.
///
/// A reference to a node that an event has named means that node, whatever else has such a
/// name. Other texts are looked up among the present names and ids: what follows an object key
/// among its records first, and then the whole text among all. If nothing is found, returns
/// the text as a reference, and the command reports an unknown node.
pub(super) fn resolve(
    store: &Store,
    location: &Location,
    NodeArg(given): &NodeArg,
) -> anyhow::Result<NodeRef> {
    let object = object_key(&location.read(), given);
    if is_known(store, location, given)? {
        return Ok(given.clone());
    }
    let in_object = object.zip(given.record.as_ref());
    let in_object = in_object.map(|(object, name)| Wanted {
        text: name.as_str().to_owned(),
        object: Some(object),
        by_start_of_id: false,
    });
    let anywhere =
        Wanted { text: given.to_string(), object: None, by_start_of_id: given.record.is_none() };
    for wanted in in_object.into_iter().chain([anywhere]) {
        let mut records = find(location, &wanted);
        if records.len() > 1 {
            let ambiguous = Ambiguous { name: given.to_string(), records };
            return Err(ambiguous).with_context(|| location.id().to_string());
        }
        if let Some(found) = records.pop() {
            return Ok(NodeRef::record(found.object, found.record));
        }
    }
    Ok(given.clone())
}

/// Returns whether an event has named a node. Of one that was deleted and dropped since, only
/// the journal knows, which commands about the past read.
fn is_known(store: &Store, location: &Location, node: &NodeRef) -> anyhow::Result<bool> {
    if location.read().knows(node) {
        return Ok(true);
    }
    // Object keys are never dropped.
    if !location.read().knows(&NodeRef::object(node.object.clone())) {
        return Ok(false);
    }
    let events = store.history(location.id().as_str(), &Subject::Node(node.clone()), 0, 1)?;
    Ok(!events.is_empty())
}

/// Returns the object key that a text begins with, if it is one.
fn object_key(graph: &LocationGraph, given: &NodeRef) -> Option<String> {
    let written = given.object.as_str();
    let keys = [written.to_owned(), format!("{CUSTOM}{written}")];
    keys.into_iter().find(|key| graph.knows(&NodeRef::object(key.as_str())))
}

/// What to look for.
struct Wanted {
    text: String,
    /// Only records of this object key.
    object: Option<String>,
    /// Whether the beginning of an id is enough. After an object key it is not: a script that
    /// names a record which does not exist must not be given another.
    by_start_of_id: bool,
}

/// Finds the records of this whole name or id or, if there are none, those that a search finds:
/// up to one more than are listed.
fn find(location: &Location, wanted: &Wanted) -> Vec<FoundRecord<String>> {
    if wanted.text.len() > MAX_ID_BYTES {
        return Vec::new();
    }
    let mut search = location.search(&wanted.text).limit(LISTED_MAX + 1);
    if let Some(object) = &wanted.object {
        search = search.object(object);
    }
    let mut found = search.page().results;
    let mut whole: Vec<_> =
        found.iter().filter(|it| it.by == FoundBy::WholeName).cloned().collect();
    for record in of_id(location, wanted) {
        let is_same =
            |it: &FoundRecord<String>| (&it.object, &it.record) == (&record.object, &record.record);
        if whole.len() <= LISTED_MAX && !whole.iter().any(is_same) {
            whole.push(record);
        }
    }
    if !whole.is_empty() {
        return whole;
    }
    found.retain(|it| wanted.by_start_of_id || it.by != FoundBy::IdStart);
    found
}

fn of_id(location: &Location, wanted: &Wanted) -> Vec<FoundRecord<String>> {
    let graph = location.read();
    let records = graph.records_of_id(&wanted.text);
    let is_wanted =
        |it: &FoundRecord<&str>| wanted.object.as_deref().is_none_or(|object| object == it.object);
    records.filter(is_wanted).take(LISTED_MAX + 1).map(FoundRecord::into_owned).collect()
}
