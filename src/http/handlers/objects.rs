//! `GET …/objects` and `GET …/objects/{objectKey}/records`.

use crate::api::{
    ObjectBody, ObjectsResponse, PageInfo, RecordBody, RecordsResponse, place_cursor,
};
use crate::graph::LocationGraph;
use crate::http::app::App;
use crate::http::execute::PreparedRead;
use crate::http::extract::location;
use crate::http::extract::request::Request;
use crate::http::respond::json::json;
use crate::http::respond::problem::Problem;

pub(crate) fn list(app: &App, request: &Request<'_>) -> Result<PreparedRead, Problem> {
    request.query.only(&["limit", "cursor"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let read = move |graph: &LocationGraph, seq| {
        let mut behind =
            graph.objects().filter(|object| after.is_none_or(|after| object.place > after));
        let page: Vec<_> = behind.by_ref().take(limit).collect();
        let next =
            page.last().filter(|_| behind.next().is_some()).map(|last| place_cursor(last.place));
        let objects = page.iter().map(ObjectBody::from).collect();
        json(&ObjectsResponse { objects, listed: PageInfo::new(next, seq) })
    };
    Ok(PreparedRead { location: location::find(&app.store, request)?, read: Box::new(read) })
}

pub(crate) fn records(app: &App, request: &Request<'_>) -> Result<PreparedRead, Problem> {
    request.query.only(&["limit", "cursor"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let object = request.segment("objectKey").to_owned();
    let read = move |graph: &LocationGraph, seq| {
        let page = graph
            .records(&object, after, limit)
            .ok_or_else(|| Problem::not_found("no event has named this object key"))?;
        let records = page.records.iter().map(RecordBody::from).collect();
        json(&RecordsResponse { records, listed: PageInfo::new(page.next.map(place_cursor), seq) })
    };
    Ok(PreparedRead { location: location::find(&app.store, request)?, read: Box::new(read) })
}
