//! `/associations/…`: the definitions.

use std::sync::Arc;

use serde::Serialize;

use crate::graph::{AssociationCount, Budget, View};
use crate::http::app::App;
use crate::http::compat::answer::{created, incomplete, list, ok};
use crate::http::compat::bodies::{AssociationBody, Traced};
use crate::http::compat::error::CompatError;
use crate::http::compat::findings::Findings;
use crate::http::compat::location;
use crate::http::compat::members::Members;
use crate::http::compat::mutate::mutate_one;
use crate::http::compat::read::read;
use crate::http::compat::request::{CompatAnswer, CompatRequest};
use crate::http::compat::request_body::RequestBody;
use crate::http::extract::body::Body;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::model::{Association, End, Seq, ThingId};
use crate::store::{Mutation, NewAssociation, Thing};

/// Maximum number of associations of an object key that are listed.
const OF_OBJECT_MAX: usize = 1_000;

/// The text of a missing association.
const MISSING: &str = "Association not found";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AssociationsBody<'a> {
    associations: Vec<AssociationBody<'a>>,
    total: usize,
    trace_id: &'a str,
}

pub(crate) async fn list_associations(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    let mut params = request.params(&["skip", "limit"]);
    let (given, rows) = (params.text("locationId"), params.rows());
    let location = location::required(app, &request.grant, given, None, params.findings)?;
    let (of, trace_id) = (location.clone(), request.trace_id());
    let run = move |(): &(), view: View<'_>, budget: &mut Budget<'_>, seq: Seq| {
        let (mut total, mut associations) = (0, Vec::new());
        for row in view.associations() {
            let is_listed = total >= rows.skip && associations.len() < rows.limit;
            if !budget.charge(1) || is_listed && !row.write(budget) {
                break;
            }
            total += 1;
            associations.extend(is_listed.then(|| AssociationBody::new(row.association, &of)));
        }
        let count = associations.len();
        list(budget, count, seq, || AssociationsBody { associations, total, trace_id: &trace_id })
    };
    read(app, &request.grant, &location, (), run).await
}

pub(crate) async fn show_association(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    let id = request.path_param("associationId").to_owned();
    let location = of_association(app, &request, None, Findings::default()).await?;
    show(app, request, location, move |view, _| {
        view.association_by_id(&id).map(|row| row.association)
    })
    .await
}

pub(crate) async fn find_by_key(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    let mut params = request.params(&[]);
    let given = params.text("locationId");
    let location = location::required(app, &request.grant, given, None, params.findings)?;
    let key = request.path_param("keyName").to_owned();
    show(app, request, location, move |view, budget| {
        view.association_by_key(&key, budget).map(|row| row.association)
    })
    .await
}

/// Answers with one association.
async fn show<F>(
    app: &Arc<App>,
    request: CompatRequest<'_>,
    location: String,
    find: F,
) -> CompatAnswer
where
    F: for<'g> Fn(View<'g>, &mut Budget<'_>) -> Option<&'g Association> + Send + 'static,
{
    let (of, trace_id) = (location.clone(), request.trace_id());
    let run = move |(): &(), view: View<'_>, budget: &mut Budget<'_>, seq: Seq| {
        let found = find(view, budget);
        if budget.is_exhausted() {
            return Err(incomplete());
        }
        let found = found.ok_or_else(|| Problem::not_found(MISSING))?;
        ok(seq, &Traced { thing: AssociationBody::new(found, &of), trace_id: &trace_id })
    };
    read(app, &request.grant, &location, (), run).await
}

/// The associations of an object key, for clients that read one object: the first of them,
/// with all of them beside it.
#[derive(Serialize)]
struct OfObjectBody<'a> {
    #[serde(flatten)]
    first: Option<AssociationBody<'a>>,
    #[serde(flatten)]
    all: AssociationsBody<'a>,
}

pub(crate) async fn list_of_object(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    let mut params = request.params(&["includeInternalAssociations", "relationsCount"]);
    let given = params.text("locationId");
    let is_bare = params.flag("includeInternalAssociations");
    let is_counted = params.flag("relationsCount");
    let location = location::required(app, &request.grant, given, None, params.findings)?;
    let (of, trace_id) = (location.clone(), request.trace_id());
    let key = request.path_param("objectKey").to_owned();
    let run = move |(): &(), view: View<'_>, budget: &mut Budget<'_>, seq: Seq| {
        let (rows, total) = view.associations_of_object(&key, OF_OBJECT_MAX, budget);
        let all = || {
            let bodies = rows.iter().map(|row| of_count(row, &of, is_counted));
            bodies.collect::<Vec<_>>()
        };
        if is_bare {
            return list(budget, rows.len(), seq, all);
        }
        list(budget, rows.len(), seq, || OfObjectBody {
            first: rows.first().map(|row| of_count(row, &of, is_counted)),
            all: AssociationsBody { associations: all(), total, trace_id: &trace_id },
        })
    };
    read(app, &request.grant, &location, (), run).await
}

fn of_count<'a>(
    row: &AssociationCount<'a>,
    location: &'a str,
    is_counted: bool,
) -> AssociationBody<'a> {
    let relations = is_counted.then_some(row.relations);
    AssociationBody::new(row.association, location).with_count(relations)
}

/// Words for how many things one thing may be linked to.
const CARDINALITIES: [&str; 4] = ["ONE_TO_ONE", "ONE_TO_MANY", "MANY_TO_ONE", "MANY_TO_MANY"];

fn read_new(body: &[u8]) -> Result<RequestBody<NewAssociation>, CompatError> {
    const KNOWN: &[&str] = &[
        "locationId",
        "key",
        "firstObjectLabel",
        "firstObjectKey",
        "secondObjectLabel",
        "secondObjectKey",
        "firstObjectToSecondObjectCardinality",
        "secondObjectToFirstObjectCardinality",
    ];
    RequestBody::read(body, KNOWN, new_association)
}

fn new_association(
    members: &Members<'_>,
    findings: &mut Findings,
) -> Result<NewAssociation, CompatError> {
    let key = members.required("key", findings)?.into();
    let mut end = |label: &str, object: &str| {
        let label = members.label(label, findings)?.into();
        let key = members.required(object, findings)?;
        if key.contains('/') {
            findings.add(format!("{object} must not contain /"));
        }
        Ok::<_, CompatError>(End { object: key.into(), label })
    };
    let first = end("firstObjectLabel", "firstObjectKey")?;
    let second = end("secondObjectLabel", "secondObjectKey")?;
    let mut cardinality = |name: &str| {
        let word = members.optional(name, findings)?;
        if word.as_deref().is_some_and(|word| !CARDINALITIES.contains(&word)) {
            let words = CARDINALITIES.join(", ");
            findings.add(format!("{name} must be one of the following values: {words}"));
        }
        Ok::<_, CompatError>(word.map(Box::from))
    };
    let first_to_second = cardinality("firstObjectToSecondObjectCardinality")?;
    let second_to_first = cardinality("secondObjectToFirstObjectCardinality")?;
    Ok(NewAssociation { key, first, second, first_to_second, second_to_first })
}

pub(crate) async fn create_association(
    app: &Arc<App>,
    request: CompatRequest<'_>,
    body: Body,
) -> CompatAnswer {
    let limit = app.limits.webhook_bytes;
    let (location, association, _reservation) =
        request.receive_located(app, body, limit, read_new).await?;
    let mutation = Mutation::CreateAssociation(association);
    let (thing, seq) = mutate_one(app, &location, request.line.id, mutation).await?;
    changed(&thing, &location, request.line.id, |body| created(seq, body))
}

/// The labels of both ends, as a body gives them.
type Labels = [String; 2];

fn read_labels(body: &[u8]) -> Result<RequestBody<Labels>, CompatError> {
    const KNOWN: &[&str] = &["locationId", "firstObjectLabel", "secondObjectLabel"];
    RequestBody::read(body, KNOWN, |members, findings| {
        let mut label = |name| members.label(name, findings);
        Ok([label("firstObjectLabel")?, label("secondObjectLabel")?])
    })
}

pub(crate) async fn update_association(
    app: &Arc<App>,
    request: CompatRequest<'_>,
    body: Body,
) -> CompatAnswer {
    let received = request.receive(app, body, app.limits.webhook_bytes, read_labels).await?;
    let (RequestBody { location, asked, findings }, _reservation) = received;
    let [first, second] = asked;
    let location = of_association(app, &request, location, findings).await?;
    let mutation = Mutation::UpdateAssociation {
        id: request.path_param("associationId").into(),
        first_label: first.into(),
        second_label: second.into(),
    };
    let (thing, seq) = mutate_one(app, &location, request.line.id, mutation).await?;
    changed(&thing, &location, request.line.id, |body| ok(seq, body))
}

/// Answers with an association that was written.
fn changed(
    thing: &Thing,
    location: &str,
    trace_id: &str,
    answer: impl FnOnce(&Traced<'_, AssociationBody<'_>>) -> Answer,
) -> CompatAnswer {
    let Thing::Association(association) = thing else {
        return Err(CompatError::unavailable("the writer has answered with another thing"));
    };
    let thing = AssociationBody::new(association, location);
    Ok(answer(&Traced { thing, trace_id })?)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeletedBody<'a> {
    deleted: bool,
    id: &'a str,
    message: &'static str,
    trace_id: &'a str,
}

pub(crate) async fn delete_association(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    let (id, trace_id) = (request.path_param("associationId"), request.line.id);
    let location = of_association(app, &request, None, Findings::default()).await?;
    let mutation = Mutation::DeleteAssociation { id: id.into() };
    let (_, seq) = mutate_one(app, &location, trace_id, mutation).await?;
    let message = "Association deleted successfully";
    Ok(ok(seq, &DeletedBody { deleted: true, id, message, trace_id })?)
}

/// Returns the location of the association that the path names.
async fn of_association(
    app: &Arc<App>,
    request: &CompatRequest<'_>,
    in_body: Option<String>,
    mut findings: Findings,
) -> Result<String, CompatError> {
    let mut params = request.params(&[]);
    let given = params.text("locationId");
    findings.append(params.findings);
    let thing = ThingId::Association(request.path_param("associationId"));
    location::of_thing(app, &request.grant, given, in_body, findings, thing).await
}
