//! The filters of a location's subscribers. Subscribers with the same filter share a topic;
//! topics for one record are found by its id.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::http::feed::stats::Stats;
use crate::http::feed::subscriber::Subscriber;
use crate::http::limits::background::give_way;
use crate::http::respond::sse;
use crate::model::{Change, EpochId, Event, Seq};
use crate::store::{AppliedEvent, ChangeFilter, Definitions};

/// Maximum size of one chunk, in bytes.
const CHUNK_BYTES: usize = 128 << 10;

/// The topics of one location.
#[derive(Debug)]
pub(crate) struct Topics {
    stats: Arc<Stats>,
    epoch: Option<EpochId>,
    all: Vec<Topic>,
    by_filter: HashMap<ChangeFilter, usize, RandomState>,
    /// Topics for one record, by its id.
    by_record: HashMap<Box<str>, Vec<usize>, RandomState>,
    /// All other topics.
    others: Vec<usize>,
    /// Topics with something to send.
    filled: Vec<usize>,
}

/// Subscribers with the same filter.
#[derive(Debug)]
struct Topic {
    filter: ChangeFilter,
    subscribers: Vec<Arc<Subscriber>>,
    unsent: Vec<u8>,
    /// The last event in `unsent`.
    last: Seq,
}

impl Topics {
    /// Returns an empty set of topics.
    pub(crate) fn new(stats: Arc<Stats>, epoch: Option<EpochId>) -> Self {
        Self {
            stats,
            epoch,
            all: Vec::new(),
            by_filter: HashMap::default(),
            by_record: HashMap::default(),
            others: Vec::new(),
            filled: Vec::new(),
        }
    }

    /// Iterates over all subscribers.
    pub(crate) fn subscribers(&self) -> impl Iterator<Item = &Arc<Subscriber>> {
        self.all.iter().flat_map(|topic| &topic.subscribers)
    }

    /// Returns whether nobody subscribes.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Forgets subscribers that are gone. The cost grows with the number of subscribers.
    pub(crate) fn sweep(&mut self) {
        for topic in &mut self.all {
            topic.subscribers.retain(|subscriber| !subscriber.is_over());
        }
        if self.all.iter().any(|topic| topic.subscribers.is_empty()) {
            let topics = std::mem::take(&mut self.all);
            *self = Self::new(Arc::clone(&self.stats), self.epoch);
            for topic in topics.into_iter().filter(|topic| !topic.subscribers.is_empty()) {
                self.add(&topic.filter, topic.subscribers);
            }
        }
    }

    /// Queues events up to `upto` for the subscribers whose filters they match, and returns
    /// the number of subscribers that were sent something.
    pub(crate) fn fan_out(
        &mut self,
        events: Vec<AppliedEvent>,
        upto: Seq,
        definitions: &mut Definitions,
    ) -> usize {
        for mut applied in events {
            give_way();
            self.take(&mut applied, definitions);
        }
        let mut sent = 0;
        for filled in std::mem::take(&mut self.filled) {
            if let Some(topic) = self.all.get_mut(filled) {
                sent += topic.subscribers.len();
                topic.send(&self.stats, upto);
            }
        }
        sent
    }

    /// Adds subscribers with this filter.
    pub(crate) fn add(&mut self, filter: &ChangeFilter, subscribers: Vec<Arc<Subscriber>>) {
        let known = self.by_filter.get(filter);
        if let Some(topic) = known.and_then(|&number| self.all.get_mut(number)) {
            topic.subscribers.extend(subscribers);
            return;
        }
        let number = self.all.len();
        match filter.of.as_ref().and_then(|of| of.record.as_ref()) {
            Some(id) => self.by_record.entry(id.as_str().into()).or_default().push(number),
            None => self.others.push(number),
        }
        self.by_filter.insert(filter.clone(), number);
        let filter = filter.clone();
        self.all.push(Topic { filter, subscribers, unsent: Vec::new(), last: 0 });
    }

    /// Adds an event to the topics that it matches.
    fn take(&mut self, applied: &mut AppliedEvent, definitions: &mut Definitions) {
        let Self { stats, epoch, all: topics, by_record, others, filled, .. } = self;
        let of = |id: &str| by_record.get(id).map(Vec::as_slice).unwrap_or_default();
        let (first, second, rest): (&[usize], &[usize], &[usize]) = match &applied.event.change {
            Change::Relation(relation) => {
                (of(relation.first.id.as_str()), of(relation.second.id.as_str()), others)
            }
            Change::Record { id, .. } => (of(id.as_str()), &[], others),
            // There are few of these.
            Change::Association(_)
            | Change::AssociationDeleted { .. }
            | Change::ObjectSchema(_)
            | Change::Location { .. } => {
                let mut event = Rendered::new(applied, definitions, *epoch);
                for (number, topic) in topics.iter_mut().enumerate() {
                    topic.take(stats, &mut event, number, filled);
                }
                return;
            }
        };
        if first.is_empty() && second.is_empty() && rest.is_empty() {
            return;
        }
        let mut event = Rendered::new(applied, definitions, *epoch);
        for &number in first.iter().chain(second).chain(rest) {
            if let Some(topic) = topics.get_mut(number) {
                topic.take(stats, &mut event, number, filled);
            }
        }
    }
}

impl Drop for Topics {
    /// Ends every subscription if fan-out panics.
    fn drop(&mut self) {
        let detail = "the feed failed; reconnect with Last-Event-ID";
        self.subscribers().for_each(|subscriber| subscriber.end("unavailable", detail.to_owned()));
    }
}

impl Topic {
    fn take(
        &mut self,
        stats: &Arc<Stats>,
        event: &mut Rendered<'_>,
        number: usize,
        filled: &mut Vec<usize>,
    ) {
        // Both ends of a relation may lead to the same topic.
        if self.last == event.seq() || !event.is_for(&self.filter) {
            return;
        }
        if self.unsent.is_empty() {
            filled.push(number);
        }
        self.last = event.seq();
        self.unsent.extend_from_slice(event.text());
        if self.unsent.len() >= CHUNK_BYTES {
            self.send(stats, self.last);
        }
    }

    fn send(&mut self, stats: &Arc<Stats>, upto: Seq) {
        if self.unsent.is_empty() {
            return;
        }
        let chunk = stats.chunk(std::mem::take(&mut self.unsent));
        for subscriber in &self.subscribers {
            if !subscriber.push(upto, chunk.clone(), stats) {
                subscriber.drop_lagging(stats);
            }
        }
    }
}

/// An event, and its text once it is needed.
struct Rendered<'e> {
    applied: &'e mut AppliedEvent,
    definitions: &'e mut Definitions,
    epoch: Option<EpochId>,
    is_defined: bool,
    text: Vec<u8>,
}

impl<'e> Rendered<'e> {
    fn new(
        applied: &'e mut AppliedEvent,
        definitions: &'e mut Definitions,
        epoch: Option<EpochId>,
    ) -> Self {
        Self { applied, definitions, epoch, is_defined: false, text: Vec::new() }
    }

    fn seq(&self) -> Seq {
        self.applied.seq
    }

    fn event(&self) -> &Event {
        &self.applied.event
    }

    fn define(&mut self) {
        if !self.is_defined {
            self.applied.association = self.definitions.association_of(&self.applied.event);
            self.is_defined = true;
        }
    }

    fn is_for(&mut self, filter: &ChangeFilter) -> bool {
        if !filter.matches_names(self.event()) {
            return false;
        }
        if filter.labels.is_empty() {
            return true;
        }
        self.define();
        filter.matches_labels(self.event(), self.applied.association.as_deref())
    }

    fn text(&mut self) -> &[u8] {
        if self.text.is_empty() {
            self.define();
            self.applied.names = self.definitions.names_of(&self.applied.event);
            sse::write_change(self.applied, self.epoch, &mut self.text);
        }
        &self.text
    }
}
