//! What a location of the sender holds, and since when.
//!
//! Nothing is removed: a thing that was deleted keeps the time of its end, so that the
//! location can be read as it was a moment ago.

use std::collections::{BTreeMap, HashMap};

/// Milliseconds since the Unix epoch.
pub(crate) type Millis = i64;

/// When something was there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) made: Millis,
    pub(crate) gone: Option<Millis>,
}

impl Span {
    pub(crate) fn from(made: Millis) -> Self {
        Self { made, gone: None }
    }

    pub(crate) fn has(&self, at: Millis) -> bool {
        self.made <= at && self.gone.is_none_or(|gone| gone > at)
    }
}

/// Values of one thing, each with the time from which it held; the first from the start.
#[derive(Debug, Clone)]
pub(crate) struct Versions<T>(Vec<(Millis, T)>);

impl<T> Versions<T> {
    pub(crate) fn new(first: T) -> Self {
        Self(vec![(Millis::MIN, first)])
    }

    pub(crate) fn at(&self, at: Millis) -> &T {
        let (_, value) = self.0.iter().rev().find(|(from, _)| *from <= at).unwrap();
        value
    }

    /// Returns when it last changed, as far as it did.
    pub(crate) fn changed(&self, at: Millis) -> Millis {
        self.0.iter().rev().map(|(from, _)| *from).find(|from| *from <= at).unwrap()
    }

    pub(crate) fn set(&mut self, from: Millis, value: T) {
        self.0.push((from, value));
    }
}

/// A kind of record.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) singular: String,
    pub(crate) plural: String,
    /// The field that names a record, without the object key before it.
    pub(crate) primary: String,
    pub(crate) made: Millis,
}

#[derive(Debug, Clone)]
pub(crate) struct Association {
    pub(crate) id: String,
    pub(crate) key: String,
    /// Object keys of the first and the second end.
    pub(crate) ends: [String; 2],
    pub(crate) labels: Versions<[String; 2]>,
    pub(crate) system: bool,
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) name: Versions<String>,
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) id: String,
    /// Where its association is in the list of them.
    pub(crate) association: usize,
    /// Ids of the first and the second record.
    pub(crate) records: [String; 2],
    pub(crate) span: Span,
}

/// One location, and the token that opens it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Location {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) objects: Vec<Object>,
    pub(crate) associations: Vec<Association>,
    /// By object key, each list in the order of creation, then of ids.
    pub(crate) records: BTreeMap<String, Vec<Record>>,
    relations: Vec<Relation>,
    /// Where the relations of a record are, by its object key and id.
    of_record: HashMap<(String, String), Vec<usize>>,
}

impl Location {
    pub(crate) fn add_record(&mut self, object: &str, record: Record) {
        let list = self.records.entry(object.to_owned()).or_default();
        let order = |it: &Record| (it.span.made, it.id.clone());
        let new = order(&record);
        // Nearly always the last one.
        let is_last = list.last().is_none_or(|last| order(last) < new);
        let at = if is_last { list.len() } else { list.partition_point(|it| order(it) < new) };
        list.insert(at, record);
    }

    pub(crate) fn add_relation(&mut self, relation: Relation) {
        let ends = self.associations[relation.association].ends.clone();
        let at = self.relations.len();
        let [first, second] =
            ends.into_iter().zip(relation.records.clone()).collect::<Vec<_>>().try_into().unwrap();
        if first != second {
            self.of_record.entry(second).or_default().push(at);
        }
        self.of_record.entry(first).or_default().push(at);
        self.relations.push(relation);
    }

    pub(crate) fn relations(&self) -> &[Relation] {
        &self.relations
    }

    /// Returns the relations of the records with an id, under whatever object key.
    pub(crate) fn relations_of(&self, record: &str) -> impl Iterator<Item = &Relation> {
        let lists = self
            .records
            .keys()
            .filter_map(|object| self.of_record.get(&(object.clone(), record.to_owned())));
        lists.flatten().map(|at| &self.relations[*at])
    }

    pub(crate) fn has_relation(
        &self,
        association: usize,
        records: &[String; 2],
        at: Millis,
    ) -> bool {
        self.relations_of(&records[0])
            .any(|it| it.association == association && it.records == *records && it.span.has(at))
    }

    /// Returns a record that is there at a time.
    pub(crate) fn record(&self, object: &str, id: &str, at: Millis) -> Option<&Record> {
        self.records.get(object)?.iter().find(|it| it.id == id && it.span.has(at))
    }

    pub(crate) fn delete_relation(&mut self, id: &str, at: Millis) -> Option<Relation> {
        let relation = self.relations.iter_mut().find(|it| it.id == id && it.span.has(at))?;
        relation.span.gone = Some(at);
        Some(relation.clone())
    }

    /// Deletes a record with its relations, and returns these.
    pub(crate) fn delete_record(&mut self, object: &str, id: &str, at: Millis) -> Vec<Relation> {
        let list = self.records.get_mut(object).unwrap();
        let record = list.iter_mut().find(|it| it.id == id && it.span.has(at)).unwrap();
        record.span.gone = Some(at);
        let places = self.of_record.get(&(object.to_owned(), id.to_owned())).cloned();
        self.delete_places(&places.unwrap_or_default(), at)
    }

    /// Deletes an association with its relations, and returns these.
    pub(crate) fn delete_association(&mut self, association: usize, at: Millis) -> Vec<Relation> {
        self.associations[association].span.gone = Some(at);
        let of = |place: &usize| self.relations[*place].association == association;
        let places: Vec<usize> = (0..self.relations.len()).filter(of).collect();
        self.delete_places(&places, at)
    }

    fn delete_places(&mut self, places: &[usize], at: Millis) -> Vec<Relation> {
        let mut deleted = Vec::new();
        for place in places {
            let relation = &mut self.relations[*place];
            if relation.span.has(at) {
                relation.span.gone = Some(at);
                deleted.push(relation.clone());
            }
        }
        deleted
    }
}
