//! `POST /associations/relations/bulk`: up to a thousand links in one commit.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use warp::http::StatusCode;

use crate::http::app::App;
use crate::http::compat::answer::answer;
use crate::http::compat::bodies::RelationBody;
use crate::http::compat::error::CompatError;
use crate::http::compat::findings::Findings;
use crate::http::compat::members::{Members, elements};
use crate::http::compat::mutate::{message, submit, written};
use crate::http::compat::relations::NewRelation;
use crate::http::compat::request::{CompatAnswer, CompatRequest};
use crate::http::compat::request_body::RequestBody;
use crate::http::extract::body::Body;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::model::Relation;
use crate::store::{Done, Mutated, Mutation, Mutations, Thing};

/// Maximum size of the body, in bytes.
const BODY_BYTES: usize = 4 << 20;

/// Maximum number of rows to add and ids to remove together.
const ROWS_MAX: usize = 1_000;

/// One row to add, or one id to remove.
struct Row {
    is_added: bool,
    /// The row as it was sent.
    sent: Box<RawValue>,
    /// What to do, or what is wrong with it.
    wanted: Result<Mutation, String>,
}

fn read(body: &[u8]) -> Result<RequestBody<Vec<Row>>, CompatError> {
    const KNOWN: &[&str] = &["locationId", "add", "remove"];
    RequestBody::read(body, KNOWN, read_rows)
}

fn read_rows(members: &Members<'_>, findings: &mut Findings) -> Result<Vec<Row>, CompatError> {
    let (mut rows, mut count) = (Vec::new(), 0);
    for name in ["add", "remove"] {
        let Some(value) = members.raw(name) else { continue };
        let Some((found, length)) = elements(value, ROWS_MAX) else {
            findings.add(format!("{name} must be an array"));
            continue;
        };
        count += length;
        for sent in found.into_iter().take(ROWS_MAX - rows.len()) {
            let is_added = name == "add";
            let wanted = if is_added { read_row(members, sent)? } else { read_id(sent) };
            rows.push(Row { is_added, sent: sent.to_owned(), wanted });
        }
    }
    if count > ROWS_MAX {
        findings.add(format!("add and remove must contain no more than {ROWS_MAX} elements"));
    } else if count == 0 {
        findings.add("add should not be empty");
    }
    Ok(rows)
}

/// Reads a relation to create.
fn read_row<'b>(
    body: &Members<'b>,
    sent: &'b RawValue,
) -> Result<Result<Mutation, String>, CompatError> {
    const KNOWN: &[&str] = &NewRelation::MEMBERS;
    let Some(members) = body.part(sent, KNOWN)? else {
        return Ok(Err("the row must be an object".to_owned()));
    };
    let mut findings = Findings::default();
    let relation = NewRelation::read(&members, &mut findings)?;
    members.find_unknown(&mut findings);
    let findings = findings.into_list();
    Ok(if findings.is_empty() { Ok(relation.into_mutation()) } else { Err(findings.join(", ")) })
}

/// Reads the id of a relation to delete.
fn read_id(sent: &RawValue) -> Result<Mutation, String> {
    let id = serde_json::from_str::<String>(sent.get()).ok().filter(|id| !id.is_empty());
    let id = id.ok_or("the id must be a string")?;
    Ok(Mutation::DeleteRelation { id: id.into() })
}

pub(crate) async fn change_relations(
    app: &Arc<App>,
    request: CompatRequest<'_>,
    body: Body,
) -> CompatAnswer {
    let (location, rows, _reservation) =
        request.receive_located(app, body, BODY_BYTES, read).await?;
    let client = request.grant.client(&location);
    let (shared, id, trace_id) = (Arc::clone(app), location.clone(), request.trace_id());
    let submitted = app.background.parse(&client, move || {
        let (mut mutations, mut tried) = (Vec::new(), Vec::new());
        for Row { is_added, sent, wanted } in rows {
            let refused = wanted.map(|mutation| mutations.push(mutation)).err();
            tried.push(Tried { is_added, sent, refused });
        }
        if mutations.is_empty() {
            return Ok((tried, None));
        }
        let location = id.into();
        let mutations = Mutations { location, trace_id: Some(trace_id.into()), mutations };
        let reply = submit(&shared.store, mutations)?;
        Ok::<_, CompatError>((tried, Some(reply)))
    });
    let (tried, reply) = submitted.await??;
    let mutated = match reply {
        Some(reply) => written(app, reply).await?,
        None => Mutated { outcomes: vec![], head: app.store.head() },
    };
    let trace_id = request.trace_id();
    let answered = move || respond(&location, &trace_id, &tried, mutated);
    Ok(app.background.parse(&client, answered).await??)
}

/// A row that was tried, or why it was refused before.
struct Tried {
    is_added: bool,
    sent: Box<RawValue>,
    refused: Option<String>,
}

#[derive(Serialize)]
struct Results<'a> {
    success: Vec<RelationBody<'a>>,
    errored: Vec<Box<RawValue>>,
    removed: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BulkBody<'a> {
    results: Results<'a>,
    trace_id: &'a str,
}

fn respond(location: &str, trace_id: &str, tried: &[Tried], mutated: Mutated) -> Answer {
    let (mut added, mut removed, mut errored) = (Vec::new(), Vec::new(), Vec::new());
    let mut seq = None;
    let mut outcomes = mutated.outcomes.into_iter();
    for row in tried {
        let outcome = match &row.refused {
            Some(reason) => Err(reason.clone()),
            None => match outcomes.next() {
                Some(Ok(done)) => Ok(done),
                Some(Err(refusal)) => Err(message(&refusal, row.is_added)),
                None => return Err(Problem::unavailable("the writer has not answered")),
            },
        };
        match outcome {
            Ok(Done { thing: Thing::Relation(relation), seq: written }) => {
                seq = seq.max(written);
                if row.is_added { &mut added } else { &mut removed }.push(relation);
            }
            Ok(_) => return Err(Problem::unavailable("the writer has answered otherwise")),
            Err(reason) => errored.push(refused(row, &reason).map_err(Problem::unavailable)?),
        }
    }
    let results = Results {
        success: added.iter().map(|it| RelationBody::new(it, location)).collect(),
        errored,
        removed: removed.iter().map(|it: &Relation| it.id.as_str()).collect(),
    };
    let seq = seq.unwrap_or(mutated.head);
    answer(StatusCode::CREATED, tried.len(), seq, &BulkBody { results, trace_id })
}

/// Returns a row as it was sent, with the reason for which it was refused.
fn refused(row: &Tried, reason: &str) -> serde_json::Result<Box<RawValue>> {
    let (sent, reason) = (row.sent.get(), to_raw_value(reason)?);
    let members = sent.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    let members = match members.filter(|_| row.is_added) {
        Some(members) if members.trim().is_empty() => String::new(),
        Some(members) => format!("{members},"),
        None if row.is_added => format!("\"row\":{sent},"),
        None => format!("\"id\":{sent},"),
    };
    RawValue::from_string(format!("{{{members}\"error\":{reason}}}"))
}
