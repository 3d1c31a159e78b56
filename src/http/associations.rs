//! `GET …/associations` and `GET …/associations/{id}`.

use super::answer::{Answer, json};
use super::app::App;
use super::locations;
use super::problem::Problem;
use super::request::Request;
use crate::wire::{AssociationBody, Associations, Listed, place_cursor};

pub(super) fn list(app: &App, request: &Request<'_>) -> Answer {
    request.query.only(&["limit", "cursor"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let seq = app.store.head();
    let location = locations::find(app, request)?;
    let graph = location.read();
    let mut behind = graph.associations().filter(|row| after.is_none_or(|after| row.place > after));
    let page: Vec<_> = behind.by_ref().take(limit).collect();
    let next = page.last().filter(|_| behind.next().is_some()).map(|last| place_cursor(last.place));
    let associations = page.iter().map(AssociationBody::from).collect();
    json(&Associations { associations, listed: Listed::new(next, seq) })
}

pub(super) fn one(app: &App, request: &Request<'_>) -> Answer {
    request.query.only(&[])?;
    let location = locations::find(app, request)?;
    let graph = location.read();
    let id = request.segment("id");
    let found = graph.associations().find(|row| row.association.id.as_str() == id);
    match found {
        Some(row) => json(&AssociationBody::from(&row)),
        None => Err(Problem::not_found("there is no such association")),
    }
}
