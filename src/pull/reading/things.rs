//! Single things, each asked for by itself.

use std::time::Duration;

use crate::model::{Association, RecordRef, Relation, Timestamp};
use crate::pull::error::PullError;
use crate::pull::reading::definitions::{Definitions, read_objects};
use crate::pull::reading::lists::Lists;
use crate::pull::reading::page_sizes::PageSizes;
use crate::pull::reading::rows::{ObjectRow, association};
use crate::pull::stop::StopReason;
use crate::pull::upstream::{Answer, Call, Client, rejected};

/// One thing as it was read by itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ThingRead<T> {
    /// The thing, `None` if there is none.
    pub(crate) thing: Option<T>,
    /// When it was read, by the sender's clock.
    pub(crate) at: Timestamp,
    /// False if it may be there though it was not found.
    pub(crate) is_certain: bool,
}

/// Reads single things of a location.
#[derive(Debug)]
pub(crate) struct Things<'c> {
    client: &'c Client,
    location: &'c str,
    definitions: Definitions,
    sizes: PageSizes,
}

impl<'c> Things<'c> {
    /// Reads things of a location with these associations.
    pub(crate) fn new(
        client: &'c Client,
        location: &'c str,
        associations: impl IntoIterator<Item = Association>,
    ) -> Self {
        let definitions = Definitions::new(associations);
        Self { client, location, definitions, sizes: PageSizes::new(100) }
    }

    /// Reads a definition.
    pub(crate) fn association(&self, id: &str) -> Result<ThingRead<Association>, PullError> {
        let started = Timestamp::now();
        let call = Call::association(self.location, id);
        let (thing, at) = match self.client.fetch(&call)? {
            Answer::Found(json, at) => {
                let row = json.get("association").unwrap_or(&json);
                (Some(association(row, self.location)?), at)
            }
            Answer::Missing(at) => (None, at),
            Answer::NotTaken(why) => (absent(&call, &why)?, started),
        };
        Ok(ThingRead { thing, at, is_certain: true })
    }

    /// Reads a relation, from the lists of both of its records under its association alone.
    pub(crate) fn relation(&self, like: &Relation) -> Result<ThingRead<Relation>, PullError> {
        let (client, location, definitions) = (self.client, self.location, &self.definitions);
        let lists = Lists { client, location, definitions, sizes: &self.sizes };
        let mut read = ThingRead { thing: None, at: Timestamp::now(), is_certain: true };
        for (number, end) in [&like.first, &like.second].into_iter().enumerate() {
            let links = lists.of(end.id.as_str(), Some(like.association.as_str()))?;
            read.is_certain &= links.is_stable;
            read.at = if number == 0 { links.at } else { read.at.min(links.at) };
            let found = links.rows.into_iter().find(|row| row.id == like.id);
            read.thing = read.thing.or(found);
        }
        read.is_certain |= read.thing.is_some();
        Ok(read)
    }

    /// Reads the links of a record, one association at a time.
    pub(crate) fn links(&self, record: &RecordRef) -> Result<Vec<Relation>, PullError> {
        let (client, location, definitions) = (self.client, self.location, &self.definitions);
        let lists = Lists { client, location, definitions, sizes: &self.sizes };
        Ok(lists.each(record.object.as_str(), record.id.as_str())?.rows)
    }

    /// Reads a record.
    pub(crate) fn record(&self, like: &RecordRef) -> Result<ThingRead<RecordRef>, PullError> {
        let started = Timestamp::now();
        let call = Call::record(like.object.as_str(), like.id.as_str());
        let (thing, at) = match self.client.fetch(&call)? {
            Answer::Found(_, at) => (Some(like.clone()), at),
            Answer::Missing(at) => (None, at),
            Answer::NotTaken(why) => (absent(&call, &why)?, started),
        };
        Ok(ThingRead { thing, at, is_certain: true })
    }

    /// Reads the types of objects.
    pub(crate) fn objects(&self) -> Result<(Vec<ObjectRow>, Timestamp), PullError> {
        read_objects(self.client, self.location)
    }

    /// Waits for a duration, unless it is stopped.
    pub(crate) fn wait(&self, time: Duration) -> Result<(), PullError> {
        if self.client.wait(time) {
            return Ok(());
        }
        let reason = self.client.stop().reason().unwrap_or(StopReason::Asked);
        Err(PullError::Stopped(reason))
    }
}

/// Decides whether a request was refused because there is no such thing: the sender may say so
/// with another status than 404.
fn absent<T>(call: &Call, why: &str) -> Result<Option<T>, PullError> {
    if why.to_lowercase().contains("not found") { Ok(None) } else { Err(rejected(call, 400, why)) }
}
