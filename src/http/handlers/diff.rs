//! `GET …/diff`: the differences between two states.

use std::sync::Arc;

use crate::api::DiffResponse;
use crate::graph::DiffQuery;
use crate::http::app::App;
use crate::http::execute;
use crate::http::extract::location;
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::store::{AsOf, PastError};

pub(crate) async fn compare_states(app: &Arc<App>, request: Request<'_>) -> Answer {
    let query = &request.query;
    query.deny_unknown(&["from", "to", "limit", "cursor"])?;
    let missing = || Problem::invalid_parameter("from", "is missing: give a seq or a time");
    let from = query.moment("from")?.ok_or_else(missing)?;
    let to = query.moment("to")?;
    let page = DiffQuery { after: query.place()?, limit: query.limit()? };
    let location = location::find(app, &request).await?;
    for (name, moment) in [("from", Some(from)), ("to", to)] {
        if let Some(AsOf::Seq(seq)) = moment
            && seq > app.store.head()
        {
            let head = app.store.head();
            return Err(Problem::ahead(name, &PastError::Ahead { seq, head }));
        }
    }
    let client = request.grant.client(location.id().as_str());
    let between = execute::read_journal(app, &client, move |store, stop| {
        store.diff_until(&location, from, to, stop)
    });
    let between = between.await??;
    execute::spawn_query(app, &client, move |app, stop| {
        let mut budget = execute::budget_until(app, stop);
        let associations = between.associations(&mut budget);
        let all = !budget.is_exhausted();
        let mut links = between.links(&page, &mut budget);
        links.complete &= all;
        json(&DiffResponse::new(between.seqs(), &associations, &links))
    })
    .await
}
