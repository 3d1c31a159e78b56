//! `GET …/associations` and `GET …/associations/{id}`.

use std::sync::Arc;

use crate::api::{AssociationBody, AssociationsResponse};
use crate::graph::{Budget, View};
use crate::http::app::App;
use crate::http::execute::{self, PreparedQuery};
use crate::http::extract::request::Request;
use crate::http::handlers::objects::listed;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::model::Seq;

pub(crate) async fn list_associations(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["limit", "cursor", "asOf"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let list = move |view: View<'_>, budget: &mut Budget<'_>, seq| {
        let page = view.association_page(after, limit, budget);
        let associations = page.items.iter().map(AssociationBody::from).collect();
        json(&AssociationsResponse { associations, listed: listed(page.next, budget, seq) })
    };
    answer(app, &request, list).await
}

pub(crate) async fn show_association(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["asOf"])?;
    let id = request.path_param("id").to_owned();
    let show = move |view: View<'_>, _: &mut Budget<'_>, _| match view.association_by_id(&id) {
        Some(row) => json(&AssociationBody::from(&row)),
        None => Err(Problem::not_found("there is no such association")),
    };
    answer(app, &request, show).await
}

/// Answers from the current state or, with `asOf`, from a past one.
async fn answer(
    app: &Arc<App>,
    request: &Request<'_>,
    run: impl Fn(View<'_>, &mut Budget<'_>, Seq) -> Answer + Send + 'static,
) -> Answer {
    if let Some(as_of) = request.query.as_of()? {
        let run =
            move |(): &(), view: View<'_>, budget: &mut Budget<'_>, seq| run(view, budget, seq);
        return execute::answer_query(app, request, PreparedQuery::new((), Some(as_of), run)).await;
    }
    execute::read_graph(app, request, move |graph, budget, seq| run(graph.view(), budget, seq))
        .await
}
