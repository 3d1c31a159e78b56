//! `/objects/` and `/objects/{key}`: the kinds of records.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use aws_lc_rs::digest;
use serde::Serialize;

use crate::graph::{Budget, ObjectCount, View};
use crate::http::app::App;
use crate::http::compat::answer::{incomplete, ok};
use crate::http::compat::error::CompatError;
use crate::http::compat::location;
use crate::http::compat::request::{CompatAnswer, CompatRequest};
use crate::http::execute;
use crate::http::extract;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::model::Seq;
use crate::store::{Location, Stop, Store};
use crate::webhook::SchemaDetails;

/// The time of what no event has dated.
pub(super) const NEVER: &str = "1970-01-01T00:00:00.000Z";

const SYSTEM: &str = "SYSTEM_DEFINED";
const USER: &str = "USER_DEFINED";

/// The sender's own kinds of records.
const STANDARD: [&str; 3] = ["contact", "opportunity", "business"];

/// The members of an object as JSON, in bytes, without what its schema says.
const OBJECT_MEMBERS: usize = 256;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectBody {
    id: String,
    standard: bool,
    key: String,
    labels: LabelsBody,
    description: String,
    location_id: String,
    primary_display_property: String,
    date_added: String,
    date_updated: String,
    r#type: String,
}

#[derive(Debug, Serialize)]
struct LabelsBody {
    singular: String,
    plural: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectsBody<'a> {
    objects: &'a [ObjectBody],
    trace_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneBody<'a> {
    object: &'a ObjectBody,
    /// The properties of its records, which Relata does not keep.
    fields: [(); 0],
    cache: bool,
    trace_id: &'a str,
}

pub(crate) async fn list_objects(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    let mut params = request.params(&[]);
    let given = params.text("locationId");
    let location = location::required(app, &request.grant, given, None, params.findings)?;
    let trace_id = request.trace_id();
    let answer =
        move |objects: &[ObjectBody], seq| ok(seq, &ObjectsBody { objects, trace_id: &trace_id });
    answer_objects(app, &request, location, None, answer).await
}

pub(crate) async fn show_object(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    let mut params = request.params(&["fetchProperties"]);
    let given = params.text("locationId");
    params.flag("fetchProperties");
    let location = location::required(app, &request.grant, given, None, params.findings)?;
    let (called, trace_id) = (request.path_param("key").to_owned(), request.trace_id());
    let wanted = called.clone();
    let answer = move |objects: &[ObjectBody], seq| {
        let by_key = objects.iter().find(|object| object.key == called);
        let found = by_key.or_else(|| objects.iter().find(|object| object.id == called));
        let object = found.ok_or_else(|| Problem::not_found("Object not found"))?;
        ok(seq, &OneBody { object, fields: [], cache: false, trace_id: &trace_id })
    };
    answer_objects(app, &request, location, Some(wanted), answer).await
}

/// Answers with what is known of the object keys of a location, or of that one alone which is
/// `wanted`, if there is such a key. Their schema events are read from the journal, in the
/// background.
async fn answer_objects(
    app: &Arc<App>,
    request: &CompatRequest<'_>,
    id: String,
    wanted: Option<String>,
    answer: impl FnOnce(&[ObjectBody], Seq) -> Answer + Send + 'static,
) -> CompatAnswer {
    let grant = &request.grant;
    let Some(location) = extract::location::find_by_id(app, grant, &id).await? else {
        return Ok(answer(&[], app.store.head())?);
    };
    let (client, bytes) = (grant.client(&id), app.limits.answer_bytes);
    let read = execute::read_journal(app, &client, move |store, stop| {
        let seq = store.head();
        let mut known = KnownObjects::read(&location);
        let is_wanted = |object: &KnownObject| Some(&object.key) == wanted.as_ref();
        if known.objects.iter().any(is_wanted) {
            known.objects.retain(is_wanted);
        }
        let mut schemas = known.read_schemas(store, &id, bytes, stop)?;
        let objects = known.objects.iter().map(|of| {
            let details = of.schema.and_then(|seq| schemas.remove(&seq));
            of.describe(&id, details)
        });
        let objects: Vec<ObjectBody> = objects.collect();
        answer(&objects, seq.max(known.seq))
    });
    Ok(read.await.map_err(CompatError::from)??)
}

/// The object keys of a location, as its graph knows them.
struct KnownObjects {
    objects: Vec<KnownObject>,
    seq: Seq,
}

struct KnownObject {
    key: String,
    singular: Option<String>,
    plural: Option<String>,
    /// The greatest schema event.
    schema: Option<Seq>,
}

impl KnownObjects {
    /// Reads them under the location's lock; there are at most some thousand.
    fn read(location: &Location) -> Self {
        let graph = location.read();
        let view: View<'_> = graph.view();
        let object = |row: ObjectCount<'_>| KnownObject {
            key: row.object.to_owned(),
            singular: row.singular.map(str::to_owned),
            plural: row.plural.map(str::to_owned),
            schema: view.schema_seq(row.object),
        };
        Self { objects: view.objects().map(object).collect(), seq: view.seq() }
    }

    /// Reads what the schema events say from the journal. It may take about as many bytes as
    /// an answer; that of the first always fits.
    fn read_schemas(
        &self,
        store: &Store,
        location: &str,
        bytes: usize,
        stop: Stop<'_>,
    ) -> Result<BTreeMap<Seq, SchemaDetails>, Problem> {
        let mut seqs: Vec<Seq> = self.objects.iter().filter_map(|it| it.schema).collect();
        seqs.sort_unstable();
        let mut budget = Budget::unbounded().of_bytes(bytes);
        let mut schemas = BTreeMap::new();
        let is_whole = store.bodies_of(location, &seqs, stop, &mut |event| {
            let details = SchemaDetails::read(event.body);
            if !budget.write(OBJECT_MEMBERS, details.texts()) {
                return ControlFlow::Break(());
            }
            schemas.insert(event.seq, details);
            ControlFlow::Continue(())
        })?;
        if is_whole { Ok(schemas) } else { Err(incomplete()) }
    }
}

impl KnownObject {
    fn describe(&self, location: &str, details: Option<SchemaDetails>) -> ObjectBody {
        let is_own = STANDARD.contains(&self.key.as_str());
        let details = details.unwrap_or_default();
        let singular = details.singular.or_else(|| self.singular.clone());
        let plural = details.plural.or_else(|| self.plural.clone());
        let singular = singular.unwrap_or_else(|| words(&self.key));
        let r#type =
            details.object_type.unwrap_or_else(|| (if is_own { SYSTEM } else { USER }).to_owned());
        let primary = details.primary_display_property;
        ObjectBody {
            id: details.id.unwrap_or_else(|| made_up_id(location, &self.key)),
            standard: is_own,
            key: self.key.clone(),
            labels: LabelsBody { plural: plural.unwrap_or_else(|| plural_of(&singular)), singular },
            description: details.description.unwrap_or_default(),
            location_id: location.to_owned(),
            primary_display_property: primary.unwrap_or_else(|| format!("{}.name", self.key)),
            date_added: details.created_at.unwrap_or_else(|| NEVER.to_owned()),
            date_updated: details.updated_at.unwrap_or_else(|| NEVER.to_owned()),
            r#type,
        }
    }
}

/// Returns the words of an object key: those of `custom_objects.real_estate_buyer` are
/// "Real Estate Buyer".
fn words(key: &str) -> String {
    let name = key.rsplit('.').next().unwrap_or(key);
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(char::to_uppercase);
        first.into_iter().flatten().chain(letters).collect::<String>()
    };
    let words = name.split('_').filter(|it| !it.is_empty()).map(word);
    words.collect::<Vec<_>>().join(" ")
}

fn plural_of(singular: &str) -> String {
    if singular.ends_with('s') { singular.to_owned() } else { format!("{singular}s") }
}

/// Returns an id for an object key of which no event has said one, always the same.
fn made_up_id(location: &str, key: &str) -> String {
    const BYTES: usize = 12;
    let named = [location.as_bytes(), key.as_bytes()].join(&0);
    let digest = digest::digest(&digest::SHA256, &named);
    let bytes = digest.as_ref().iter().take(BYTES);
    bytes.fold(String::new(), |id, byte| format!("{id}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_made_from_keys() {
        for (key, singular, plural) in [
            ("custom_objects.real_estate_buyer", "Real Estate Buyer", "Real Estate Buyers"),
            ("custom_objects.pets", "Pets", "Pets"),
            ("été", "Été", "Étés"),
            ("custom_objects.", "", "s"),
        ] {
            assert_eq!((words(key), plural_of(&words(key))), (singular.into(), plural.into()));
        }
    }
}
