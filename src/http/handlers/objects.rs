//! `GET …/objects` and `GET …/objects/{objectKey}/records`.

use std::sync::Arc;

use crate::api::{
    ObjectBody, ObjectsResponse, PageInfo, RecordBody, RecordsResponse, place_cursor,
};
use crate::graph::{Budget, Page, RecordItem, View};
use crate::http::app::App;
use crate::http::execute::{self, PreparedQuery};
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::model::Seq;

pub(crate) async fn list_objects(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["limit", "cursor", "asOf"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let list = move |view: View<'_>, budget: &mut Budget<'_>, seq| {
        let page = view.object_page(after, limit, budget);
        let objects = page.items.iter().map(ObjectBody::from).collect();
        json(&ObjectsResponse { objects, listed: listed(page.next, budget, seq) })
    };
    if let Some(as_of) = request.query.as_of()? {
        let run =
            move |(): &(), view: View<'_>, budget: &mut Budget<'_>, seq| list(view, budget, seq);
        return execute::answer_query(app, &request, PreparedQuery::new((), Some(as_of), run))
            .await;
    }
    execute::read_graph(app, &request, move |graph, budget, seq| list(graph.view(), budget, seq))
        .await
}

pub(crate) async fn list_records(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["limit", "cursor", "asOf"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let object = request.path_param("objectKey").to_owned();
    if let Some(as_of) = request.query.as_of()? {
        let run = move |(): &(), view: View<'_>, budget: &mut Budget<'_>, seq| {
            records(view.records_of(&object, after, limit, budget), budget, seq)
        };
        return execute::answer_query(app, &request, PreparedQuery::new((), Some(as_of), run))
            .await;
    }
    execute::read_graph(app, &request, move |graph, budget, seq| {
        records(graph.records(&object, after, limit, budget), budget, seq)
    })
    .await
}

fn records(page: Option<Page<RecordItem<'_>>>, budget: &Budget<'_>, seq: Seq) -> Answer {
    let page = page.ok_or_else(|| Problem::not_found("no event has named this object key"))?;
    let records = page.items.iter().map(RecordBody::from).collect();
    json(&RecordsResponse { records, listed: listed(page.next, budget, seq) })
}

/// Returns the members of a list beside its rows.
pub(super) fn listed(next: Option<u32>, budget: &Budget<'_>, seq: Seq) -> PageInfo {
    PageInfo::of(next.map(place_cursor), !budget.is_exhausted(), seq)
}
