//! Who wants to know of which changes. Readers of the same are one channel; channels
//! that ask for one record are found by its id.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hyper::body::Bytes;

use super::feed::Feed;
use super::outbox::Outbox;
use crate::model::{Change, Event, Seq};
use crate::store::{AppliedEvent, ChangeFilter, Definitions, Store};
use crate::wire::ChangeBody;

/// The greatest part of what happened that is sent in one piece, in bytes.
const CHUNK_BYTES: usize = 128 << 10;

/// The channels of every location.
#[derive(Debug)]
pub(super) struct Channels {
    feed: Arc<Feed>,
    locations: HashMap<Box<str>, Place, RandomState>,
}

/// The channels of one location.
#[derive(Debug, Default)]
struct Place {
    channels: Vec<Channel>,
    by_filter: HashMap<ChangeFilter, usize, RandomState>,
    /// Those that ask for a record, by its id.
    by_record: HashMap<Box<str>, Vec<usize>, RandomState>,
    /// All others.
    others: Vec<usize>,
    /// Those with something to send.
    filled: Vec<usize>,
}

/// Readers that ask for the same.
#[derive(Debug)]
struct Channel {
    filter: ChangeFilter,
    readers: Vec<Arc<Outbox>>,
    unsent: Vec<u8>,
    /// The last event in `unsent`.
    last: Seq,
}

impl Channels {
    pub(super) fn new(feed: Arc<Feed>) -> Self {
        Self { feed, locations: HashMap::default() }
    }

    pub(super) fn add(&mut self, location: &str, filter: &ChangeFilter, outbox: &Arc<Outbox>) {
        let place = self.locations.entry(location.into()).or_default();
        place.add(filter, vec![Arc::clone(outbox)]);
    }

    pub(super) fn outboxes(&self) -> impl Iterator<Item = &Arc<Outbox>> {
        let channels = self.locations.values().flat_map(|place| &place.channels);
        channels.flat_map(|channel| &channel.readers)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.locations.is_empty()
    }

    /// Forgets readers that are gone. Costs the readers.
    pub(super) fn sweep(&mut self) {
        for place in self.locations.values_mut() {
            for channel in &mut place.channels {
                channel.readers.retain(|outbox| !outbox.is_over());
            }
            if place.channels.iter().any(|channel| channel.readers.is_empty()) {
                *place = std::mem::take(place).without_empty();
            }
        }
        self.locations.retain(|_, place| !place.channels.is_empty());
    }

    /// Puts what happened up to `upto` into the outboxes of those whom it concerns.
    pub(super) fn hand_out(&mut self, store: &Store, events: Vec<AppliedEvent>, upto: Seq) -> u32 {
        let mut known: HashMap<Box<str>, Definitions, RandomState> = HashMap::default();
        for mut applied in events {
            let location = applied.event.location.as_str();
            let Some(place) = self.locations.get_mut(location) else { continue };
            let definitions = match known.get_mut(location) {
                Some(definitions) => definitions,
                None => known
                    .entry(location.into())
                    .or_insert_with(|| Definitions::of(store.location(location))),
            };
            place.take(&self.feed, &mut applied, definitions);
        }
        let mut readers = 0;
        for place in self.locations.values_mut() {
            for filled in std::mem::take(&mut place.filled) {
                if let Some(channel) = place.channels.get_mut(filled) {
                    readers += channel.readers.len();
                    channel.send(&self.feed, upto);
                }
            }
        }
        u32::try_from(readers).unwrap_or(u32::MAX)
    }
}

impl Drop for Channels {
    /// Nobody is left waiting for what will not come, should handing out break off.
    fn drop(&mut self) {
        let detail = "the feed broke off; come back with Last-Event-ID";
        self.outboxes().for_each(|outbox| outbox.end("unavailable", detail.to_owned()));
    }
}

impl Place {
    fn add(&mut self, filter: &ChangeFilter, readers: Vec<Arc<Outbox>>) {
        let known = self.by_filter.get(filter);
        if let Some(channel) = known.and_then(|&number| self.channels.get_mut(number)) {
            channel.readers.extend(readers);
            return;
        }
        let number = self.channels.len();
        match filter.of.as_ref().and_then(|of| of.record.as_ref()) {
            Some(id) => self.by_record.entry(id.as_str().into()).or_default().push(number),
            None => self.others.push(number),
        }
        self.by_filter.insert(filter.clone(), number);
        let filter = filter.clone();
        self.channels.push(Channel { filter, readers, unsent: Vec::new(), last: 0 });
    }

    fn without_empty(self) -> Self {
        let mut place = Self::default();
        for channel in self.channels.into_iter().filter(|channel| !channel.readers.is_empty()) {
            place.add(&channel.filter, channel.readers);
        }
        place
    }

    /// Adds an event to the channels that want it.
    fn take(&mut self, feed: &Feed, applied: &mut AppliedEvent, definitions: &mut Definitions) {
        let Self { channels, by_record, others, filled, .. } = self;
        let of = |id: &str| by_record.get(id).map(Vec::as_slice).unwrap_or_default();
        let (first, second, rest): (&[usize], &[usize], &[usize]) = match &applied.event.change {
            Change::Relation(relation) => {
                (of(relation.first.id.as_str()), of(relation.second.id.as_str()), others)
            }
            Change::Record { id, .. } => (of(id.as_str()), &[], others),
            // There are few of these.
            Change::Association(_) | Change::AssociationGone(_) | Change::ObjectSchema(_) => {
                let mut event = Rendered::new(applied, definitions);
                for (number, channel) in channels.iter_mut().enumerate() {
                    channel.take(feed, &mut event, number, filled);
                }
                return;
            }
        };
        if first.is_empty() && second.is_empty() && rest.is_empty() {
            return;
        }
        let mut event = Rendered::new(applied, definitions);
        for &number in first.iter().chain(second).chain(rest) {
            if let Some(channel) = channels.get_mut(number) {
                channel.take(feed, &mut event, number, filled);
            }
        }
    }
}

impl Channel {
    fn take(
        &mut self,
        feed: &Feed,
        event: &mut Rendered<'_>,
        number: usize,
        filled: &mut Vec<usize>,
    ) {
        // Both ends of a relation may lead here.
        if self.last == event.seq() || !event.is_for(&self.filter) {
            return;
        }
        if self.unsent.is_empty() {
            filled.push(number);
        }
        self.last = event.seq();
        self.unsent.extend_from_slice(event.text());
        if self.unsent.len() >= CHUNK_BYTES {
            self.send(feed, self.last);
        }
    }

    fn send(&mut self, feed: &Feed, upto: Seq) {
        if self.unsent.is_empty() {
            return;
        }
        let chunk = Bytes::from(std::mem::take(&mut self.unsent));
        for outbox in &self.readers {
            if !outbox.push(upto, chunk.clone()) {
                feed.drop_slow(outbox);
            }
        }
    }
}

/// An event, and its text once somebody wants it.
struct Rendered<'e> {
    applied: &'e mut AppliedEvent,
    definitions: &'e mut Definitions,
    is_defined: bool,
    text: Vec<u8>,
}

impl<'e> Rendered<'e> {
    fn new(applied: &'e mut AppliedEvent, definitions: &'e mut Definitions) -> Self {
        Self { applied, definitions, is_defined: false, text: Vec::new() }
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
        if !filter.names(self.event()) {
            return false;
        }
        if filter.labels.is_empty() {
            return true;
        }
        self.define();
        filter.labels(self.event(), self.applied.association.as_deref())
    }

    fn text(&mut self) -> &[u8] {
        if self.text.is_empty() {
            self.define();
            render(self.applied, &mut self.text);
        }
        &self.text
    }
}

/// Writes an event as the protocol of server-sent events has it. JSON has no line
/// breaks, whatever texts it holds.
pub(super) fn render(applied: &AppliedEvent, to: &mut Vec<u8>) {
    let head = format!("id: {}\nevent: {}\ndata: ", applied.seq, applied.event.event_type);
    to.extend_from_slice(head.as_bytes());
    // Neither the text nor the vector can fail.
    serde_json::to_writer(&mut *to, &ChangeBody::from(applied)).unwrap_or_default();
    to.extend_from_slice(b"\n\n");
}
