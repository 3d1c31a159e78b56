//! Which location a request is about: many of the sender's calls do not say it.

use std::sync::Arc;

use crate::http::app::App;
use crate::http::auth::token::Grant;
use crate::http::compat::error::CompatError;
use crate::http::compat::findings::Findings;
use crate::http::execute;
use crate::model::ThingId;

/// The parameter and the member.
const NAME: &str = "locationId";

/// Returns the location that a request gives in its query or body, else the only one that its
/// token may see.
fn given(
    grant: &Grant,
    in_query: Option<String>,
    in_body: Option<String>,
    findings: &mut Findings,
) -> Result<Option<String>, CompatError> {
    if in_query.is_some() && in_body.is_some() && in_query != in_body {
        findings.add("locationId in query and body differ");
    }
    if in_body.iter().chain(&in_query).any(|id| !grant.sees(id)) {
        return Err(CompatError::no_access());
    }
    Ok(in_query.or(in_body).or_else(|| match grant.locations() {
        Some([only]) => Some(only.clone()),
        _ => None,
    }))
}

/// Returns the location of a request whose other parameters and members do not say it. Refuses
/// the request if there are findings.
pub(super) fn required(
    app: &App,
    grant: &Grant,
    in_query: Option<String>,
    in_body: Option<String>,
    mut findings: Findings,
) -> Result<String, CompatError> {
    let given = given(grant, in_query, in_body, &mut findings)?;
    let only = || app.store.only_location().filter(|_| grant.sees_all());
    let found = given.or_else(|| Some(only()?.to_string()));
    if found.is_none() {
        findings.missing(NAME);
    }
    findings.check()?;
    Ok(found.unwrap_or_default())
}

/// Returns the location of a request about one thing. Refuses the request if there are
/// findings, before it looks for the thing.
pub(super) async fn of_thing(
    app: &Arc<App>,
    grant: &Grant,
    in_query: Option<String>,
    in_body: Option<String>,
    mut findings: Findings,
    thing: ThingId<'_>,
) -> Result<String, CompatError> {
    let given = given(grant, in_query, in_body, &mut findings)?;
    findings.check()?;
    if let Some(given) = given {
        return Ok(given);
    }
    let (id, is_relation, missing) = match thing {
        ThingId::Association(id) => (id.to_owned(), false, "Association not found"),
        ThingId::Relation(id) => (id.to_owned(), true, "Relation not found"),
    };
    let (visible, client) = (grant.clone(), grant.client(""));
    let found = execute::read_journal(app, &client, move |store, stop| {
        let thing = if is_relation { ThingId::Relation(&id) } else { ThingId::Association(&id) };
        store.locations_with_until(thing, 2, |location| visible.sees(location), stop)
    });
    let found = found.await?.map_err(CompatError::unavailable)?;
    let found = found.ok_or_else(|| CompatError::unavailable("looking for the id takes long"))?;
    match &*found {
        [only] => Ok(only.to_string()),
        [] => Err(CompatError::not_found(missing)),
        _ => Err(CompatError::bad_request(
            "locationId is required: this id exists in several locations",
        )),
    }
}
