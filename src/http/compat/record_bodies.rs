//! Records as the sender's JSON, put together from the graph and the journal.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::graph::{Budget, Link, LinkQuery, RecordRow};
use crate::http::app::App;
use crate::http::compat::answer::incomplete;
use crate::http::compat::objects::NEVER;
use crate::http::execute::budget_until;
use crate::http::respond::problem::Problem;
use crate::model::{NodeRef, Seq, Stamp, Timestamp};
use crate::store::{Location, Stop};
use crate::webhook::RecordDetails;

/// Maximum number of relations that are shown of one record.
const RELATIONS_MAX: usize = 1_000;

/// The members of a record as JSON, in bytes, without what its event says.
const RECORD_MEMBERS: usize = 256;

/// A record that is to be described.
#[derive(Debug, Clone)]
pub(super) struct KnownRecord {
    pub(super) place: u32,
    pub(super) id: String,
    /// The greatest of its own events.
    last: Option<Stamp>,
}

impl From<RecordRow<'_>> for KnownRecord {
    fn from(row: RecordRow<'_>) -> Self {
        Self { place: row.place, id: row.record.to_owned(), last: row.last }
    }
}

/// One record.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecordBody {
    id: String,
    object_key: String,
    location_id: String,
    owner: Vec<String>,
    followers: Vec<String>,
    properties: Map<String, Value>,
    relations: Vec<RecordRelationBody>,
    created_at: String,
    updated_at: String,
    /// Where a list continues after it; absent outside of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) search_after: Option<(u32, String)>,
}

/// A link of a record.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordRelationBody {
    association_id: String,
    relation_id: String,
    object_key: String,
    record_id: String,
}

/// Describes records of an object key, with their links in one state; returns the event up to
/// which that includes all. Reads the journal, and costs the links.
pub(super) fn describe(
    app: &App,
    location: &Location,
    object: &str,
    records: Vec<KnownRecord>,
    stop: Stop<'_>,
) -> Result<(Vec<RecordBody>, Seq), Problem> {
    let head = app.store.head();
    let nodes: Vec<NodeRef> =
        records.iter().map(|record| NodeRef::record(object, record.id.as_str())).collect();
    let snapshot = location.read().snapshot_for(&*nodes);
    let (view, mut budget) = (snapshot.view(), budget_until(app, stop));
    let query = LinkQuery { limit: RELATIONS_MAX, ..LinkQuery::default() };
    let mut lists = view.link_lists(&query);
    let mut links = Vec::with_capacity(nodes.len());
    for node in &nodes {
        let page = lists.of(node, &mut budget)?;
        if budget.is_exhausted() {
            return Err(incomplete());
        }
        let body = |link: &Link<'_>| RecordRelationBody {
            association_id: link.association.to_owned(),
            relation_id: link.relation.unwrap_or_default().to_owned(),
            object_key: link.object.to_owned(),
            record_id: link.record.unwrap_or_default().to_owned(),
        };
        let mut of_record: Vec<RecordRelationBody> = page.links.iter().map(body).collect();
        // A link to itself is listed at both ends, one after the other.
        of_record.dedup_by(|one, other| one.relation_id == other.relation_id);
        links.push(of_record);
    }
    let id = location.id().as_str();
    let mut read = read_events(app, id, &records, stop)?;
    let describe = |(record, relations): (KnownRecord, _)| {
        let event = record.last.and_then(|last| read.remove(&last.seq()));
        one(record, relations, id, object, event)
    };
    let described = records.into_iter().zip(links).map(describe).collect();
    Ok((described, head.max(view.seq())))
}

/// What the newest event of a record says, and when it was received.
type NewestEvent = (Timestamp, RecordDetails);

/// Reads the newest event of each record from the journal. Their bodies are the greater part
/// of the answer, so together they may be as large as one; the first always fits.
fn read_events(
    app: &App,
    location: &str,
    records: &[KnownRecord],
    stop: Stop<'_>,
) -> Result<BTreeMap<Seq, NewestEvent>, Problem> {
    let mut seqs: Vec<Seq> = records.iter().filter_map(|it| Some(it.last?.seq())).collect();
    seqs.sort_unstable();
    let mut budget = Budget::unbounded().of_bytes(app.limits.answer_bytes);
    let mut read = BTreeMap::new();
    let is_whole = app.store.bodies_of(location, &seqs, stop, &mut |event| {
        if !budget.write(RECORD_MEMBERS + event.body.len(), []) {
            return ControlFlow::Break(());
        }
        read.insert(event.seq, (event.received_at, RecordDetails::read(event.body)));
        ControlFlow::Continue(())
    })?;
    if is_whole { Ok(read) } else { Err(incomplete()) }
}

fn one(
    record: KnownRecord,
    relations: Vec<RecordRelationBody>,
    location: &str,
    object: &str,
    event: Option<NewestEvent>,
) -> RecordBody {
    let (received_at, details) = event.unzip();
    let details = details.unwrap_or_default();
    let time = record.last.and_then(Stamp::at).or(received_at);
    let time = time.map_or_else(|| NEVER.to_owned(), |time| time.to_string());
    RecordBody {
        id: record.id,
        object_key: object.to_owned(),
        location_id: location.to_owned(),
        owner: details.owners,
        followers: details.followers,
        properties: details.properties,
        relations,
        created_at: time.clone(),
        updated_at: time,
        search_after: None,
    }
}
