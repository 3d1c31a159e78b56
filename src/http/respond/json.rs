//! Successful answers.

use std::io::{self, Write};

use serde::Serialize;
use warp::http::Response as HttpResponse;
use warp::http::header::{CONTENT_TYPE, HeaderValue};
use warp::reply::Response;

use crate::graph::Budget;
use crate::http::limits::background::give_way;
use crate::http::respond::problem::Problem;

/// Bytes of an answer that are written before other threads may go first: some tens of
/// microseconds.
const PART_BYTES: usize = 32 << 10;

/// The body of an answer while it is written.
pub(crate) struct Body {
    bytes: Vec<u8>,
    give_way_at: usize,
}

impl Write for Body {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= self.give_way_at {
            give_way();
            self.give_way_at = self.bytes.len() + PART_BYTES;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The answer to a request, or the problem with it.
pub(crate) type Answer = Result<Response, Problem>;

/// Returns an answer of 200 with this JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Answer {
    json_of(256, value)
}

/// Returns an answer of 200 with this JSON, which is not built where it will not be used:
/// after a trial that exhausted its budget.
pub(crate) fn json_within<T: Serialize>(
    budget: &Budget<'_>,
    length: usize,
    value: impl FnOnce() -> T,
) -> Answer {
    json_written_within(budget, length, |body| Ok(serde_json::to_writer(body, &value())?))
}

/// Returns an answer as [`json_within`] does, with the JSON that this writes.
pub(crate) fn json_written_within(
    budget: &Budget<'_>,
    length: usize,
    write: impl FnOnce(&mut Body) -> io::Result<()>,
) -> Answer {
    if budget.is_in_vain() {
        return Err(Problem::unavailable("the trial budget is exhausted"));
    }
    json_written(length, write)
}

/// Returns an answer as [`json`] does, where the length in bytes can be guessed.
pub(crate) fn json_of<T: Serialize>(length: usize, value: &T) -> Answer {
    json_written(length, |body| Ok(serde_json::to_writer(body, value)?))
}

/// Returns an answer of 200 with the JSON that this writes.
pub(crate) fn json_written(
    length: usize,
    write: impl FnOnce(&mut Body) -> io::Result<()>,
) -> Answer {
    let mut body = Body { bytes: Vec::with_capacity(length), give_way_at: PART_BYTES };
    write(&mut body).map_err(Problem::unavailable)?;
    let mut response: Response = HttpResponse::new(body.bytes.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
