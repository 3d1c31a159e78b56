//! `GET …/objects` and `GET …/objects/{objectKey}/records`.

use std::sync::Arc;

use crate::api::{
    ObjectBody, ObjectsResponse, PageInfo, RecordBody, RecordsResponse, place_cursor,
};
use crate::graph::LocationGraph;
use crate::http::app::App;
use crate::http::execute;
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;

pub(crate) async fn list_objects(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["limit", "cursor"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let read = move |graph: &LocationGraph, seq| {
        let page = graph.view().object_page(after, limit);
        let objects = page.items.iter().map(ObjectBody::from).collect();
        json(&ObjectsResponse { objects, listed: PageInfo::new(page.next.map(place_cursor), seq) })
    };
    execute::read_graph(app, &request, read).await
}

pub(crate) async fn list_records(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["limit", "cursor"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let object = request.path_param("objectKey").to_owned();
    let read = move |graph: &LocationGraph, seq| {
        let page = graph
            .records(&object, after, limit)
            .ok_or_else(|| Problem::not_found("no event has named this object key"))?;
        let records = page.items.iter().map(RecordBody::from).collect();
        json(&RecordsResponse { records, listed: PageInfo::new(page.next.map(place_cursor), seq) })
    };
    execute::read_graph(app, &request, read).await
}
