//! Successful answers.

use serde::Serialize;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_TYPE, HeaderName};

use crate::graph::Budget;
use crate::http::compat::error::JSON;
use crate::http::respond::json::{Answer, json_of};
use crate::http::respond::problem::Problem;
use crate::model::Seq;

/// The event up to which an answer includes all.
const SEQ: HeaderName = HeaderName::from_static("relata-seq");

/// Approximate size of a row as JSON, in bytes.
const ROW_BYTES: usize = 320;

/// Returns an answer of 200 about one thing.
pub(super) fn ok<T: Serialize>(seq: Seq, value: &T) -> Answer {
    answer(StatusCode::OK, 1, seq, value)
}

/// Returns an answer of 201 about something new.
pub(super) fn created<T: Serialize>(seq: Seq, value: &T) -> Answer {
    answer(StatusCode::CREATED, 1, seq, value)
}

/// Returns an answer of so many rows.
pub(super) fn answer<T: Serialize>(status: StatusCode, rows: usize, seq: Seq, value: &T) -> Answer {
    let mut response = json_of(ROW_BYTES * rows, value)?;
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(SEQ, seq.into());
    Ok(response)
}

/// Returns an answer of 200 with a list, unless the budget did not suffice for all of it:
/// clients stop at the first short page, so that one must never be shorter than it is long.
pub(super) fn list<T: Serialize>(
    budget: &Budget<'_>,
    rows: usize,
    seq: Seq,
    value: impl FnOnce() -> T,
) -> Answer {
    if budget.is_exhausted() {
        return Err(incomplete());
    }
    answer(StatusCode::OK, rows, seq, &value())
}

/// Returns the problem of a list that cannot be answered as a whole.
pub(super) fn incomplete() -> Problem {
    Problem::unavailable("the list takes more than the limits of a query")
}
