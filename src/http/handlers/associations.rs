//! `GET …/associations` and `GET …/associations/{id}`.

use std::sync::Arc;

use crate::api::{AssociationBody, AssociationsResponse, PageInfo, place_cursor};
use crate::graph::{Budget, LocationGraph};
use crate::http::app::App;
use crate::http::execute;
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;

pub(crate) async fn list_associations(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["limit", "cursor"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let bytes = app.limits.answer_bytes;
    let read = move |graph: &LocationGraph, seq| {
        let page =
            graph.view().association_page(after, limit, &mut Budget::unbounded().of_bytes(bytes));
        let next = page.next.map(place_cursor);
        let associations = page.items.iter().map(AssociationBody::from).collect();
        json(&AssociationsResponse { associations, listed: PageInfo::new(next, seq) })
    };
    execute::read_graph(app, &request, read).await
}

pub(crate) async fn show_association(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    let id = request.path_param("id").to_owned();
    let read = move |graph: &LocationGraph, _| match graph.view().association_by_id(&id) {
        Some(row) => json(&AssociationBody::from(&row)),
        None => Err(Problem::not_found("there is no such association")),
    };
    execute::read_graph(app, &request, read).await
}
