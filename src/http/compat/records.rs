//! `/objects/{key}/records/…`: single records of custom objects and companies.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use warp::http::StatusCode;
use warp::reply::Response;

use crate::http::app::App;
use crate::http::compat::answer::{answer, ok};
use crate::http::compat::error::CompatError;
use crate::http::compat::findings::Findings;
use crate::http::compat::location;
use crate::http::compat::members::Members;
use crate::http::compat::mutate::mutate_one;
use crate::http::compat::record_bodies::{KnownRecord, RecordBody, describe};
use crate::http::compat::request::{CompatAnswer, CompatRequest};
use crate::http::compat::request_body::RequestBody;
use crate::http::execute;
use crate::http::extract;
use crate::http::extract::body::Body;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::model::Seq;
use crate::store::{Location, Mutation, Stop, Thing};

/// The text of a missing record.
const MISSING: &str = "Record not found";

/// Objects whose records the sender has other calls for.
const ELSEWHERE: [&str; 2] = ["contact", "opportunity"];

/// Returns the object key that the path names, if its records are served.
pub(super) fn object_key<'r>(request: &'r CompatRequest<'_>) -> Result<&'r str, CompatError> {
    let key = request.path_param("key");
    if ELSEWHERE.contains(&key) {
        return Err(CompatError::not_found("Object not found"));
    }
    Ok(key)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneBody<'a> {
    record: &'a RecordBody,
    trace_id: &'a str,
}

pub(crate) async fn show_record(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    let object = object_key(&request)?.to_owned();
    let mut params = request.params(&[]);
    let given = params.text("locationId");
    let location = location::required(app, &request.grant, given, None, params.findings)?;
    let id = request.path_param("id").to_owned();
    show(app, &request, location, object, id, StatusCode::OK, None).await
}

/// Answers with a record as it stands; `written` is the event that made it so.
async fn show(
    app: &Arc<App>,
    request: &CompatRequest<'_>,
    location: String,
    object: String,
    id: String,
    status: StatusCode,
    written: Option<Seq>,
) -> CompatAnswer {
    let trace_id = request.trace_id();
    read_records(app, request, &location, move |app, location, stop| {
        let row = location.read().record(&object, &id).map(KnownRecord::from);
        let row = row.ok_or_else(|| Problem::not_found(MISSING))?;
        let (records, seq) = describe(app, location, &object, vec![row], stop)?;
        let record = records.first().ok_or_else(|| Problem::not_found(MISSING))?;
        answer(status, 1, written.unwrap_or(seq), &OneBody { record, trace_id: &trace_id })
    })
    .await?
    .ok_or_else(|| CompatError::not_found(MISSING))
}

/// Reads records of a location in the background, with permits for a query and for the
/// journal; `None` if no event has named the location.
pub(super) async fn read_records(
    app: &Arc<App>,
    request: &CompatRequest<'_>,
    location: &str,
    read: impl FnOnce(&App, &Location, Stop<'_>) -> Answer + Send + 'static,
) -> Result<Option<Response>, CompatError> {
    let client = request.grant.client(location);
    let found = extract::location::find_by_id(app, &request.grant, location).await?;
    let Some(found) = found else { return Ok(None) };
    let permit = app.journal_reads.acquire(&client).await?;
    let answered = execute::spawn_query(app, &client, move |app, stop| {
        let answered = read(app, &found, stop);
        drop(permit);
        answered
    });
    Ok(Some(answered.await?))
}

/// Reads the properties that a body gives a record, as JSON.
fn read_properties(body: &[u8]) -> Result<RequestBody<Option<Box<str>>>, CompatError> {
    const KNOWN: &[&str] = &["locationId", "owner", "followers", "properties"];
    RequestBody::read(body, KNOWN, |members, findings| Ok(properties(members, findings)))
}

fn properties(members: &Members<'_>, findings: &mut Findings) -> Option<Box<str>> {
    for list in ["owner", "followers"] {
        if members.raw(list).is_some_and(|list| !list.get().starts_with('[')) {
            findings.add(format!("{list} must be an array"));
        }
    }
    let properties = members.raw("properties").map(RawValue::get);
    if properties.is_some_and(|json| !json.starts_with(['{', '['])) {
        findings.add("properties must be an object");
    }
    properties.map(Box::from)
}

pub(crate) async fn create_record(
    app: &Arc<App>,
    request: CompatRequest<'_>,
    body: Body,
) -> CompatAnswer {
    let object = object_key(&request)?.to_owned();
    let limit = app.limits.webhook_bytes;
    let (location, properties, _reservation) =
        request.receive_located(app, body, limit, read_properties).await?;
    let mutation = Mutation::CreateRecord { object: object.as_str().into(), id: None, properties };
    let (thing, seq) = mutate_one(app, &location, request.line.id, mutation).await?;
    let Thing::Record(record) = thing else {
        return Err(CompatError::unavailable("the writer has answered with another thing"));
    };
    let id = record.id.to_string();
    show(app, &request, location, object, id, StatusCode::CREATED, Some(seq)).await
}

pub(crate) async fn update_record(
    app: &Arc<App>,
    request: CompatRequest<'_>,
    body: Body,
) -> CompatAnswer {
    let object = object_key(&request)?.to_owned();
    let limit = app.limits.webhook_bytes;
    let (location, properties, _reservation) =
        request.receive_located(app, body, limit, read_properties).await?;
    let id = request.path_param("id").to_owned();
    let (key, record) = (object.as_str().into(), id.as_str().into());
    let mutation = Mutation::UpdateRecord { object: key, id: record, properties };
    let (_, seq) = mutate_one(app, &location, request.line.id, mutation).await?;
    show(app, &request, location, object, id, StatusCode::OK, Some(seq)).await
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeletedBody<'a> {
    id: &'a str,
    success: bool,
    trace_id: &'a str,
}

pub(crate) async fn delete_record(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    let object = object_key(&request)?;
    let mut params = request.params(&[]);
    let given = params.text("locationId");
    let location = location::required(app, &request.grant, given, None, params.findings)?;
    let (id, trace_id) = (request.path_param("id"), request.line.id);
    let mutation = Mutation::DeleteRecord { object: object.into(), id: id.into() };
    let (_, seq) = mutate_one(app, &location, trace_id, mutation).await?;
    Ok(ok(seq, &DeletedBody { id, success: true, trace_id })?)
}
