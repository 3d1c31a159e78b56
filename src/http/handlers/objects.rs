//! `GET …/objects` and `GET …/objects/{objectKey}/records`.

use std::sync::Arc;

use crate::api::{
    ObjectBody, ObjectsResponse, PageInfo, RecordBody, RecordsResponse, place_cursor,
};
use crate::graph::{Budget, LocationGraph, Page, RecordItem, View};
use crate::http::app::App;
use crate::http::execute::{self, PreparedQuery};
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::model::Seq;

pub(crate) async fn list_objects(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["limit", "cursor", "asOf"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let list = move |view: View<'_>, seq| {
        let page = view.object_page(after, limit);
        let objects = page.items.iter().map(ObjectBody::from).collect();
        json(&ObjectsResponse { objects, listed: PageInfo::new(page.next.map(place_cursor), seq) })
    };
    if let Some(as_of) = request.query.as_of()? {
        let run = move |(): &(), view: View<'_>, _: &mut Budget<'_>, seq| list(view, seq);
        let query = PreparedQuery::new((), Some(as_of), run);
        return execute::answer_query(app, &request, query).await;
    }
    execute::read_graph(app, &request, move |graph: &LocationGraph, seq| list(graph.view(), seq))
        .await
}

pub(crate) async fn list_records(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["limit", "cursor", "asOf"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let object = request.path_param("objectKey").to_owned();
    if let Some(as_of) = request.query.as_of()? {
        let run = move |(): &(), view: View<'_>, budget: &mut Budget<'_>, seq| {
            records(view.records_of(&object, after, limit, budget), budget.is_exhausted(), seq)
        };
        let query = PreparedQuery::new((), Some(as_of), run);
        return execute::answer_query(app, &request, query).await;
    }
    let read =
        move |graph: &LocationGraph, seq| records(graph.records(&object, after, limit), false, seq);
    execute::read_graph(app, &request, read).await
}

fn records(page: Option<Page<RecordItem<'_>>>, is_cut: bool, seq: Seq) -> Answer {
    let page = page.ok_or_else(|| Problem::not_found("no event has named this object key"))?;
    let records = page.items.iter().map(RecordBody::from).collect();
    let listed = PageInfo::of(page.next.map(place_cursor), !is_cut, seq);
    json(&RecordsResponse { records, listed })
}
