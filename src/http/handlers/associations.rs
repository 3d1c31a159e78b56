//! `GET …/associations` and `GET …/associations/{id}`.

use crate::api::{AssociationBody, AssociationsResponse, PageInfo, place_cursor};
use crate::graph::{Budget, LocationGraph};
use crate::http::app::App;
use crate::http::execute::PreparedRead;
use crate::http::extract::location;
use crate::http::extract::request::Request;
use crate::http::respond::json::json;
use crate::http::respond::problem::Problem;

pub(crate) fn list(app: &App, request: &Request<'_>) -> Result<PreparedRead, Problem> {
    request.query.only(&["limit", "cursor"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let bytes = app.limits.answer_bytes;
    let read = move |graph: &LocationGraph, seq| {
        let page =
            graph.view().association_page(after, limit, &mut Budget::unbounded().of_bytes(bytes));
        let next = page.next.map(place_cursor);
        let associations = page.associations.iter().map(AssociationBody::from).collect();
        json(&AssociationsResponse { associations, listed: PageInfo::new(next, seq) })
    };
    Ok(PreparedRead { location: location::find(&app.store, request)?, read: Box::new(read) })
}

pub(crate) fn one(app: &App, request: &Request<'_>) -> Result<PreparedRead, Problem> {
    request.query.only(&[])?;
    let id = request.segment("id").to_owned();
    let read = move |graph: &LocationGraph, _| match graph.view().association_by_id(&id) {
        Some(row) => json(&AssociationBody::from(&row)),
        None => Err(Problem::not_found("there is no such association")),
    };
    Ok(PreparedRead { location: location::find(&app.store, request)?, read: Box::new(read) })
}
