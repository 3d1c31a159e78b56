//! `GET …/summary`.

use super::answer::{Answer, json};
use super::app::App;
use super::locations;
use super::request::Request;
use crate::wire::SummaryBody;

pub(super) fn summary(app: &App, request: &Request<'_>) -> Answer {
    request.query.only(&[])?;
    let seq = app.store.head();
    let location = locations::find(app, request)?;
    let graph = location.read();
    json(&SummaryBody::new(location.id(), &graph, seq))
}
