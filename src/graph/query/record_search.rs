//! Finding records by name, or by the beginning of their id.

use crate::graph::layers::names::RecordNames;
use crate::graph::layers::record_data::RecordRows;
use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::table::{ObjectNo, RecordNo};
use crate::graph::query::budget::Budget;
use crate::graph::query::layer::Layer;
use crate::graph::query::links::link_count;
use crate::graph::search::folded_query::FoldedQuery;
use crate::graph::search::name_index::{Merge, Merged, NameIndex};
use crate::graph::search::rank::FoundBy;
use crate::graph::search::records::Records;
use crate::graph::view::View;
use crate::model::NodeRef;

/// What to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// The beginning of a name, of words of it, or of an id.
    pub text: String,
    /// Only records of this object key.
    pub object: Option<String>,
    /// Maximum number of records to list.
    pub limit: usize,
}

impl From<&str> for SearchQuery {
    /// Returns a search of all records, of which the 20 best are listed.
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), object: None, limit: 20 }
    }
}

/// A record that a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundRecord<T> {
    /// The object key.
    pub object: T,
    /// The record id.
    pub record: T,
    /// What people call it, if an event has said so.
    pub name: Option<T>,
    /// How many links a listing of them would show.
    pub links: u64,
    /// What of it is as the text says.
    pub by: FoundBy,
}

impl FoundRecord<String> {
    /// Returns the reference to the record, which other queries take.
    pub fn node(&self) -> NodeRef {
        NodeRef::record(self.object.as_str(), self.record.as_str())
    }
}

impl FoundRecord<&str> {
    /// Returns the same with texts of its own.
    pub fn into_owned(self) -> FoundRecord<String> {
        FoundRecord {
            object: self.object.to_owned(),
            record: self.record.to_owned(),
            name: self.name.map(str::to_owned),
            links: self.links,
            by: self.by,
        }
    }
}

/// The members of a found record as JSON, without its texts.
const MEMBERS: usize = 64;

/// What finds the records of one location. Kept beside its graph, which knows nothing of it:
/// [`update`](Self::update) takes what changed from a view, before each search.
#[derive(Debug, Default)]
pub(crate) struct RecordSearch {
    index: NameIndex,
    /// As they are in the index.
    names: RecordNames,
    /// Number of records in the index, and the place of the last.
    records: u32,
    last_place: u32,
}

impl RecordSearch {
    /// Returns the bytes of memory that it takes, without those that it shares with the graph.
    pub(crate) fn bytes(&self) -> usize {
        self.index.bytes()
    }

    /// Takes the names of records as a view has them, which is no older than the one before.
    ///
    /// # Performance
    ///
    /// Costs a look at every 256th record, and some microseconds for each name that changed
    /// since the last time. The first time, and after a compaction that dropped records, it
    /// costs all records: about a second for 400,000 of them.
    pub(crate) fn update(&mut self, view: View<'_>) {
        let rows = view.rows;
        if !self.has_numbers_of(rows) {
            *self = Self::default();
        }
        let count = rows.records.len();
        let changed = rows.names.changed_since(&self.names).map(|record| record.0);
        let known = self.records;
        let changed = changed.filter(|&record| record < known).chain(known..count);
        let names = changed.map(|record| (record, rows.names.text(RecordNo(record))));
        self.index.update(names, &Source { view, object: None });
        self.names = rows.names.clone();
        self.records = count;
        self.last_place = count.checked_sub(1).map_or(0, |last| rows.records.place(RecordNo(last)));
    }

    /// Returns whether records still have the numbers that they have in the index. A
    /// compaction gives them others and leaves them their places.
    fn has_numbers_of(&self, rows: &RecordRows) -> bool {
        let Some(last) = self.records.checked_sub(1) else { return true };
        last < rows.records.len() && rows.records.place(RecordNo(last)) == self.last_place
    }

    /// Returns a merge that makes the next searches faster, if one is due. Run it without
    /// keeping anyone waiting, with [`run_merge`].
    pub(crate) fn begin_merge(&mut self) -> Option<Merge> {
        self.index.begin_merge()
    }

    pub(crate) fn finish_merge(&mut self, merged: Merged) {
        self.index.finish_merge(merged);
    }

    /// Finds up to `limit` records by the beginning of their name, of words of it, or of
    /// their id, best first; only those of an object key, if one is given.
    ///
    /// # Performance
    ///
    /// Costs what is found and the logarithm of the location, and some nanoseconds for each
    /// word and id that begin with the text.
    pub(crate) fn find<'g>(
        &self,
        view: View<'g>,
        SearchQuery { text, object, limit }: &SearchQuery,
        budget: &mut Budget<'_>,
    ) -> Vec<FoundRecord<&'g str>> {
        let object = match object.as_deref().map(|key| view.objects.find(key)) {
            Some(None) => return Vec::new(),
            known => known.flatten(),
        };
        let source = Source { view, object };
        let query = FoldedQuery::new(text);
        let found = self.index.find(&query, *limit, &source, |entries| budget.charge(entries));
        let mut records = Vec::with_capacity(found.records.len());
        for (record, by) in found.records {
            let name = view.rows.names.text(RecordNo(record));
            let links = source.links(record);
            let (object, id) = (source.object_key_in(record), source.id_in(record));
            if !budget.write(MEMBERS, [Some(object), Some(id), name]) {
                break;
            }
            records.push(FoundRecord { object, record: id, name, links, by });
        }
        records
    }
}

impl LocationGraph {
    /// Returns the records of an id: each object key may have one. As with the nodes of a
    /// query, those that were deleted are among them.
    ///
    /// Costs a look-up for each object key.
    pub fn records_of_id<'g>(&'g self, id: &str) -> impl Iterator<Item = FoundRecord<&'g str>> {
        let source = Source { view: self.view(), object: None };
        let objects = self.objects.rows().numbers();
        objects.filter_map(move |object| self.records.find_record(object, id)).map(
            move |RecordNo(record)| FoundRecord {
                object: source.object_key_in(record),
                record: source.id_in(record),
                name: source.view.rows.names.text(RecordNo(record)),
                links: source.links(record),
                by: FoundBy::IdStart,
            },
        )
    }
}

/// Runs a merge, on a view that is no older than the last update before it was begun.
pub(crate) fn run_merge(merge: Merge, view: View<'_>) -> Merged {
    merge.run(&Source { view, object: None })
}

/// The records of a view, of one object key or of all.
struct Source<'g> {
    view: View<'g>,
    object: Option<ObjectNo>,
}

impl<'g> Source<'g> {
    fn id_in(&self, record: u32) -> &'g str {
        self.view.rows.record_id(RecordNo(record))
    }

    fn object_key_in(&self, record: u32) -> &'g str {
        let object = self.view.rows.records[RecordNo(record)].object;
        self.view.objects.rows()[object].key.as_str()
    }
}

impl Records for Source<'_> {
    fn id(&self, record: u32) -> &str {
        self.id_in(record)
    }

    fn object_key(&self, record: u32) -> &str {
        self.object_key_in(record)
    }

    fn links(&self, record: u32) -> u64 {
        link_count(Layer::Records(self.view), record)
    }

    fn is_wanted(&self, record: u32) -> bool {
        let row = self.view.rows.records[RecordNo(record)];
        row.listed && self.object.is_none_or(|object| object == row.object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::LocationGraph;
    use crate::webhook::{Decoded, decode};

    /// A graph and what finds its records.
    #[derive(Default)]
    struct Location {
        graph: LocationGraph,
        search: RecordSearch,
        seq: u64,
    }

    impl Location {
        fn merge(&mut self, body: &str) {
            let Ok(Decoded::Event(event)) = decode(body.as_bytes(), None) else {
                panic!("a bad body: {body}")
            };
            self.seq += 1;
            self.graph.merge(self.seq, &event);
        }

        fn name(&mut self, id: &str, name: &str) {
            self.merge(&format!(
                r#"{{"type":"ContactUpdate","locationId":"L","id":"{id}","name":"{name}"}}"#
            ));
        }

        fn delete(&mut self, id: &str) {
            self.merge(&format!(r#"{{"type":"ContactDelete","locationId":"L","id":"{id}"}}"#));
        }

        fn find(&mut self, text: &str, object: Option<&str>) -> Vec<String> {
            let copy = self.graph.snapshot();
            self.search.update(copy.view());
            if let Some(merge) = self.search.begin_merge() {
                self.search.finish_merge(run_merge(merge, copy.view()));
            }
            let mut budget = Budget::unbounded();
            let query = SearchQuery { object: object.map(str::to_owned), ..text.into() };
            let found = self.search.find(copy.view(), &query, &mut budget);
            let found = found.iter();
            found
                .map(|it| format!("{} {} {}", it.record, it.name.unwrap_or("-"), it.links))
                .collect()
        }
    }

    const LINK: &str = r#"{"id":"r1","associationId":"A","locationId":"L",
        "firstObjectKey":"contact","firstRecordId":"c2",
        "secondObjectKey":"house","secondRecordId":"h1"}"#;

    #[test]
    fn a_search_sees_every_change() {
        let mut location = Location::default();
        assert!(location.find("ann", None).is_empty());
        for (id, name) in [("c1", "Ann Lee"), ("c2", "Ánn Lee"), ("c3", "Joann"), ("c4", "Jo Ann")]
        {
            location.name(id, name);
        }
        assert_eq!(location.find("ANN", None), ["c1 Ann Lee 0", "c2 Ánn Lee 0", "c4 Jo Ann 0"]);
        location.merge(LINK);
        assert_eq!(location.find("ann l", None), ["c2 Ánn Lee 1", "c1 Ann Lee 0"]);
        assert_eq!(location.find("h", None), ["h1 - 1"]);
        assert_eq!(location.find("h", Some("contact")), Vec::<String>::new());
        assert_eq!(location.find("h", Some("tree")), Vec::<String>::new());
        location.name("c1", "Bo Lee");
        assert_eq!(location.find("ann", None), ["c2 Ánn Lee 1", "c4 Jo Ann 0"]);
        assert_eq!(location.find("lee", Some("contact")), ["c2 Ánn Lee 1", "c1 Bo Lee 0"]);
        for house in ["h9", "h3", "h5"] {
            location.merge(&LINK.replace("r1", house).replace("h1", house));
        }
        location.delete("c1");
        assert_eq!(location.find("lee", None), ["c2 Ánn Lee 4"]);
        // From now on each record has the number of the one before.
        let seq = location.seq;
        assert_eq!(location.graph.compact(seq), 1);
        location.name("c5", "Lee");
        assert_eq!(location.find("lee", None), ["c5 Lee 0", "c2 Ánn Lee 4"]);
        for house in ["h1", "h3", "h5", "h9"] {
            assert_eq!(location.find(house, None), [format!("{house} - 1")]);
        }
    }

    #[test]
    fn only_names_that_changed_are_indexed_again() {
        let mut location = Location::default();
        for number in 0..2_000 {
            location.name(&format!("c{number:04}"), &format!("Ann {number:04}"));
        }
        assert_eq!(location.find("0007", None), ["c0007 Ann 0007 0"]);
        location.name("c0007", "Bo");
        location.name("d", "Di");
        let copy = location.graph.snapshot();
        let changed = copy.view().rows.names.changed_since(&location.search.names);
        assert_eq!(changed.map(|record| record.0).collect::<Vec<_>>(), [7, 2_000]);
        assert_eq!(location.find("bo", None), ["c0007 Bo 0"]);
        assert!(location.find("0007", None).is_empty());
    }

    #[test]
    fn records_of_one_id_are_found_under_every_object_key() {
        let mut location = Location::default();
        location.merge(LINK);
        location.merge(&LINK.replace("r1", "r2").replace("\"h1\"", "\"c2\""));
        location.name("c1", "Ann");
        location.name("c2", "Bo");
        location.delete("c1");
        let found = |id: &str| {
            let records = location.graph.records_of_id(id);
            records.map(|it| (it.object, it.name, it.links)).collect::<Vec<_>>()
        };
        assert_eq!(found("c2"), [("contact", Some("Bo"), 2), ("house", None, 1)]);
        assert_eq!(found("c1"), [("contact", Some("Ann"), 0)]);
        assert_eq!(found("c"), []);
        assert_eq!(found("contact"), []);
    }
}
