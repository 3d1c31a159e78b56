//! Reads the graph of a location, or nothing where no event has named it: the sender may know
//! locations of which nothing has come yet.

use std::sync::Arc;

use crate::graph::{Budget, LocationGraph, NamesNodes, View};
use crate::http::app::App;
use crate::http::auth::token::Grant;
use crate::http::compat::request::CompatAnswer;
use crate::http::execute::{self, PreparedQuery};
use crate::http::extract::location;
use crate::http::respond::json::Answer;
use crate::model::Seq;

/// Answers a query of a location as those of `/v1` are: at once within a small budget, else in
/// the background on a snapshot.
pub(super) async fn read<Q, R>(
    app: &Arc<App>,
    grant: &Grant,
    location: &str,
    query: Q,
    run: R,
) -> CompatAnswer
where
    Q: NamesNodes + Send + 'static,
    R: Fn(&Q, View<'_>, &mut Budget<'_>, Seq) -> Answer + Send + 'static,
{
    let Some(location) = location::find_by_id(app, grant, location).await? else {
        let (nothing, seq) = (LocationGraph::new(), app.store.head());
        return Ok(run(&query, nothing.view(), &mut Budget::unbounded(), seq)?);
    };
    let query = PreparedQuery::new(query, None, run);
    Ok(execute::answer_query_in(app, grant, location, query).await?)
}
