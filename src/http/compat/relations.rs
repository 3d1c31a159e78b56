//! `/associations/relations/…`: the links between records.

use std::sync::Arc;

use serde::Serialize;

use crate::graph::{Budget, RelationQuery, View};
use crate::http::app::App;
use crate::http::compat::answer::{created, incomplete, list, ok};
use crate::http::compat::bodies::{RelationBody, Traced};
use crate::http::compat::error::CompatError;
use crate::http::compat::findings::Findings;
use crate::http::compat::location;
use crate::http::compat::members::Members;
use crate::http::compat::mutate::mutate_one;
use crate::http::compat::read::read;
use crate::http::compat::request::{CompatAnswer, CompatRequest};
use crate::http::compat::request_body::RequestBody;
use crate::http::extract::body::Body;
use crate::model::{Relation, Seq, ThingId};
use crate::store::{Mutation, Thing};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelationsBody<'a> {
    relations: Vec<RelationBody<'a>>,
    total: u64,
    trace_id: &'a str,
}

pub(crate) async fn list_relations(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    let mut params = request.params(&["skip", "limit", "associationIds"]);
    let (given, rows) = (params.text("locationId"), params.rows());
    let associations = params.list("associationIds").unwrap_or_default();
    let location = location::required(app, &request.grant, given, None, params.findings)?;
    let record = request.path_param("id").to_owned();
    let (of, trace_id) = (location.clone(), request.trace_id());
    let run = move |query: &RelationQuery, view: View<'_>, budget: &mut Budget<'_>, seq: Seq| {
        let found = view.relations(query, budget);
        if !found.complete {
            return Err(incomplete());
        }
        list(budget, found.relations.len(), seq, || RelationsBody {
            relations: found.relations.iter().map(|it| RelationBody::of_edge(it, &of)).collect(),
            total: found.total,
            trace_id: &trace_id,
        })
    };
    let query = RelationQuery { record, associations, skip: rows.skip, limit: rows.limit };
    read(app, &request.grant, &location, query, run).await
}

/// A relation to create.
pub(super) struct NewRelation {
    association: String,
    first: String,
    second: String,
}

impl NewRelation {
    /// The members of its own.
    pub(super) const MEMBERS: [&'static str; 3] =
        ["associationId", "firstRecordId", "secondRecordId"];

    pub(super) fn read(
        members: &Members<'_>,
        findings: &mut Findings,
    ) -> Result<Self, CompatError> {
        let [association, first, second] = Self::MEMBERS;
        Ok(Self {
            association: members.required(association, findings)?,
            first: members.required(first, findings)?,
            second: members.required(second, findings)?,
        })
    }

    pub(super) fn into_mutation(self) -> Mutation {
        Mutation::CreateRelation {
            association: self.association.into(),
            first: self.first.into(),
            second: self.second.into(),
        }
    }
}

fn read_new(body: &[u8]) -> Result<RequestBody<NewRelation>, CompatError> {
    const KNOWN: &[&str] = &["locationId", "associationId", "firstRecordId", "secondRecordId"];
    RequestBody::read(body, KNOWN, NewRelation::read)
}

pub(crate) async fn create_relation(
    app: &Arc<App>,
    request: CompatRequest<'_>,
    body: Body,
) -> CompatAnswer {
    let limit = app.limits.webhook_bytes;
    let (location, relation, _reservation) =
        request.receive_located(app, body, limit, read_new).await?;
    let trace_id = request.line.id;
    let (thing, seq) = mutate_one(app, &location, trace_id, relation.into_mutation()).await?;
    let thing = RelationBody::new(relation_of(&thing)?, &location);
    Ok(created(seq, &Traced { thing, trace_id })?)
}

fn relation_of(thing: &Thing) -> Result<&Relation, CompatError> {
    match thing {
        Thing::Relation(relation) => Ok(relation),
        _ => Err(CompatError::unavailable("the writer has answered with another thing")),
    }
}

#[derive(Serialize)]
struct DeletedBody<'a> {
    #[serde(flatten)]
    relation: RelationBody<'a>,
    deleted: bool,
    success: bool,
    message: &'static str,
}

pub(crate) async fn delete_relation(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    let mut params = request.params(&[]);
    let (given, id) = (params.text("locationId"), request.path_param("id"));
    let (findings, thing) = (params.findings, ThingId::Relation(id));
    let location = location::of_thing(app, &request.grant, given, None, findings, thing).await?;
    let (trace_id, mutation) = (request.line.id, Mutation::DeleteRelation { id: id.into() });
    let (thing, seq) = mutate_one(app, &location, trace_id, mutation).await?;
    let relation = RelationBody::new(relation_of(&thing)?, &location);
    let message = "Relation deleted successfully";
    let thing = DeletedBody { relation, deleted: true, success: true, message };
    Ok(ok(seq, &Traced { thing, trace_id })?)
}
