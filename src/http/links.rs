//! `GET …/objects/{objectKey}/links` and
//! `GET …/objects/{objectKey}/records/{recordId}/links`.

use super::answer::{Answer, json_of};
use super::app::App;
use super::locations;
use super::problem::Problem;
use super::request::Request;
use crate::wire::Links;

/// What a link takes as JSON, about.
const LINK_BYTES: usize = 384;

pub(super) fn list(app: &App, request: &Request<'_>) -> Answer {
    let query = request.query.links()?;
    let seq = app.store.head();
    let location = locations::find(app, request)?;
    let graph = location.read();
    let page = graph
        .links(&request.node(), &query)
        .ok_or_else(|| Problem::not_found("no event has named this object key or record"))?;
    json_of(128 + page.links.len() * LINK_BYTES, &Links::new(&page, seq))
}
