//! `GET /health`: whether the server runs.

use std::sync::Arc;

use serde::Serialize;

use crate::http::app::App;
use crate::http::compat::answer::ok;
use crate::http::compat::request::{CompatAnswer, CompatRequest};

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// Answers while the process runs.
pub(crate) async fn show_health(app: &Arc<App>, request: CompatRequest<'_>) -> CompatAnswer {
    request.params(&[]).findings.check()?;
    Ok(ok(app.store.head(), &Health { status: "ok" })?)
}
