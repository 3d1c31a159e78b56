//! `POST /objects/{key}/records/search`: the records of an object key, page by page.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::http::StatusCode;

use crate::graph::RelationQuery;
use crate::http::app::App;
use crate::http::compat::answer::{answer, incomplete};
use crate::http::compat::error::CompatError;
use crate::http::compat::findings::Findings;
use crate::http::compat::members::Members;
use crate::http::compat::record_bodies::{KnownRecord, RecordBody, describe};
use crate::http::compat::records::{object_key, read_records};
use crate::http::compat::request::{CompatAnswer, CompatRequest};
use crate::http::compat::request_body::RequestBody;
use crate::http::execute::budget_until;
use crate::http::extract::body::Body;
use crate::http::respond::problem::Problem;
use crate::store::{Location, Stop};

/// Maximum number of records of a page.
const PAGE_MAX: usize = 500;

/// Number of records of a page where `pageLimit` is not given.
const PAGE_DEFAULT: usize = 20;

/// How far `page` reaches, in records; beyond that `searchAfter` does.
const WINDOW: usize = 10_000;

/// Records looked at under a location's lock at a time.
const LOCKED_ROWS: usize = 4_096;

/// What to search for.
struct Search {
    /// How many records come before the page.
    skip: usize,
    limit: usize,
    after: Option<u32>,
    filter: Filter,
}

/// Which records.
enum Filter {
    All,
    Id(String),
    /// Those that are linked to a record of this id.
    LinkedTo(String),
}

/// A filter as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterBody {
    field: String,
    operator: Option<String>,
    value: String,
}

fn read(body: &[u8]) -> Result<RequestBody<Search>, CompatError> {
    const KNOWN: &[&str] = &["locationId", "page", "pageLimit", "query", "searchAfter", "filters"];
    RequestBody::read(body, KNOWN, |members, findings| Ok(read_search(members, findings)))
}

fn read_search(members: &Members<'_>, findings: &mut Findings) -> Search {
    let page = members.number("page", 1..=usize::MAX, findings).unwrap_or(1);
    let limit = members.number("pageLimit", 1..=PAGE_MAX, findings);
    let limit = limit.unwrap_or(PAGE_DEFAULT);
    if members.raw("query").is_some_and(|query| query.get() != "\"\"") {
        findings.add("query must be empty: filter by id or relations.recordId");
    }
    let after = members.raw("searchAfter").filter(|value| value.get() != "[]");
    let after = after.map(|value| serde_json::from_str::<(u32, String)>(value.get()));
    if after.as_ref().is_some_and(Result::is_err) {
        findings.add("searchAfter must be that of a record");
    }
    let after = after.and_then(Result::ok).map(|(place, _)| place);
    let skip = if after.is_some() { 0 } else { (page - 1).saturating_mul(limit) };
    if skip.saturating_add(limit) > WINDOW {
        findings.add(format!("page must not reach beyond {WINDOW} records: use searchAfter"));
    }
    let filter = read_filter(members, findings);
    Search { skip, limit, after, filter }
}

fn read_filter(members: &Members<'_>, findings: &mut Findings) -> Filter {
    let Some(value) = members.raw("filters") else { return Filter::All };
    let filters: Vec<FilterBody> = serde_json::from_str(value.get()).unwrap_or_default();
    let is_equality = |filter: &FilterBody| filter.operator.as_deref().is_none_or(|it| it == "eq");
    match &*filters {
        [] if value.get() == "[]" => return Filter::All,
        [one] if is_equality(one) && one.field == "id" => return Filter::Id(one.value.clone()),
        [one] if is_equality(one) && one.field == "relations.recordId" => {
            return Filter::LinkedTo(one.value.clone());
        }
        _ => {}
    }
    findings.add("filters must be one of id or relations.recordId with the operator eq");
    Filter::All
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SearchBody<'a> {
    records: &'a [RecordBody],
    total: u64,
    trace_id: &'a str,
}

pub(crate) async fn search_records(
    app: &Arc<App>,
    request: CompatRequest<'_>,
    body: Body,
) -> CompatAnswer {
    let object = object_key(&request)?.to_owned();
    let limit = app.limits.webhook_bytes;
    let (location, search, _reservation) = request.receive_located(app, body, limit, read).await?;
    let trace_id = request.trace_id();
    let found = read_records(app, &request, &location, move |app, location, stop| {
        let (page, total) = search.run(app, location, &object, stop)?;
        let cursors: Vec<_> = page.iter().map(|it| (it.place, it.id.clone())).collect();
        let (mut records, seq) = describe(app, location, &object, page, stop)?;
        for (record, cursor) in records.iter_mut().zip(cursors) {
            record.search_after = Some(cursor);
        }
        let body = SearchBody { records: &records, total, trace_id: &trace_id };
        answer(StatusCode::CREATED, records.len(), seq, &body)
    });
    if let Some(found) = found.await? {
        return Ok(found);
    }
    let nothing = SearchBody { records: &[], total: 0, trace_id: request.line.id };
    Ok(answer(StatusCode::CREATED, 0, app.store.head(), &nothing)?)
}

impl Search {
    /// Returns a page of records, and the number of records on all pages.
    fn run(
        &self,
        app: &App,
        location: &Location,
        object: &str,
        stop: Stop<'_>,
    ) -> Result<(Vec<KnownRecord>, u64), Problem> {
        let found = match &self.filter {
            Filter::All => return self.page_of_all(location, object, stop),
            Filter::Id(id) => location.read().record(object, id).map(KnownRecord::from),
            Filter::LinkedTo(id) => return self.page_linked_to(app, location, object, id, stop),
        };
        let found: Vec<KnownRecord> = found.into_iter().collect();
        let total = found.len() as u64;
        Ok((self.cut(found), total))
    }

    fn page_of_all(
        &self,
        location: &Location,
        object: &str,
        stop: Stop<'_>,
    ) -> Result<(Vec<KnownRecord>, u64), Problem> {
        let total = location.read().view().record_count(object);
        let (mut page, mut skip, mut after) = (Vec::new(), self.skip, self.after);
        while page.len() < self.limit {
            if stop() {
                return Err(incomplete());
            }
            let graph = location.read();
            let (rows, next) = graph.record_rows(object, after, LOCKED_ROWS);
            let passed = skip.min(rows.len());
            let rest = rows.into_iter().skip(passed).take(self.limit - page.len());
            page.extend(rest.map(KnownRecord::from));
            skip -= passed;
            after = next;
            if next.is_none() {
                break;
            }
        }
        Ok((page, total))
    }

    fn page_linked_to(
        &self,
        app: &App,
        location: &Location,
        object: &str,
        id: &str,
        stop: Stop<'_>,
    ) -> Result<(Vec<KnownRecord>, u64), Problem> {
        let query = RelationQuery { limit: WINDOW, ..RelationQuery::of(id) };
        let snapshot = location.read().snapshot_for(&query);
        let list = snapshot.view().relations(&query, &mut budget_until(app, stop));
        if !list.complete || list.total > WINDOW as u64 {
            return Err(incomplete());
        }
        let graph = location.read();
        let ends = list
            .relations
            .iter()
            .flat_map(|edge| [(&edge.first, &edge.second), (&edge.second, &edge.first)]);
        let linked = ends.filter(|(near, far)| near.object == object && far.record == Some(id));
        let rows = linked.filter_map(|(near, _)| graph.record(object, near.record?));
        let mut found: Vec<KnownRecord> = rows.map(KnownRecord::from).collect();
        drop(graph);
        found.sort_unstable_by_key(|record| record.place);
        found.dedup_by_key(|record| record.place);
        let total = found.len() as u64;
        Ok((self.cut(found), total))
    }

    /// Returns the page of all that was found.
    fn cut(&self, found: Vec<KnownRecord>) -> Vec<KnownRecord> {
        let is_after = |record: &KnownRecord| self.after.is_none_or(|after| record.place > after);
        found.into_iter().filter(is_after).skip(self.skip).take(self.limit).collect()
    }
}
