//! `POST /v1/import`: many events, one per line.

use std::convert::Infallible;
use std::io::{self, BufReader, Read};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use hyper::body::Bytes;
use tokio::sync::mpsc;
use warp::Reply;
use warp::http::HeaderMap;
use warp::http::header::{CONTENT_TYPE, HeaderValue};

use crate::api::{ImportResponse, ImportedLineBody};
use crate::http::app::App;
use crate::http::auth::token::Grant;
use crate::http::extract::body;
use crate::http::extract::body::Body;
use crate::http::extract::request::Request;
use crate::http::limits::background::give_way;
use crate::http::limits::settings::BUFFER_BYTES;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::model::{ParseNameError, SEQ_MAX};
use crate::store::{Import, ImportedLine, LineOutcome};
use crate::webhook::ContentEncoding;

/// Maximum number of parts of the body that wait until the lines before them are written.
const PARTS: usize = 4;

/// Maximum size of a part, in bytes. Besides those that wait, one is handed on and one read.
const PART_BYTES: usize = BUFFER_BYTES;

/// Minimum rate at which a sender is waited for, in bytes per second.
const SLOWEST_BYTES: u64 = 16 << 10;

/// Maximum size of the list of results, in bytes. The events of a body of the maximum size
/// that are accepted have less.
const RESULTS_BYTES: usize = 64 << 20;

/// A part of the body, or `None` at its end; without an end the body is incomplete.
type BodyChunk = Option<Bytes>;

/// Which lines the answer lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum ResultsFilter {
    #[default]
    All,
    Refused,
}

impl FromStr for ResultsFilter {
    type Err = ParseNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "all" => Ok(Self::All),
            "refused" => Ok(Self::Refused),
            _ => Err(ParseNameError::none_of(&["all", "refused"])),
        }
    }
}

/// Answers once every usable line is on disk and visible to every query. Lines are written as
/// they arrive: if the body ends early or the store fails, the lines written by then are
/// kept, and the same body sent again continues after them.
pub(crate) async fn import_events(app: &Arc<App>, request: Request<'_>, body: Body) -> Answer {
    request.query.deny_unknown(&["results", "onlyChanges", "unchangedSince"])?;
    let listed = request.query.get_enum("results", "all, refused")?.unwrap_or_default();
    let only_changes = request.query.get_enum("onlyChanges", "true, false")?.unwrap_or(false);
    let unchanged_since = request.query.number("unchangedSince", 0..=SEQ_MAX)?;
    if unchanged_since.is_some() {
        app.check_epoch(&request.headers)?;
    }
    let encoding = check_headers(&request.headers)?;
    let limits = &app.limits;
    body::check_length(&request.headers, limits.import_bytes)?;
    let permit = Arc::clone(&app.imports).try_acquire_owned();
    let permit = permit.map_err(|_| Problem::too_many_imports())?;
    let mut reservation = app.receiving.reserve();
    reservation.grow((PARTS + 2) * PART_BYTES)?;
    let (sender, receiver) = mpsc::channel(PARTS);
    let (importing, grant) = (Arc::clone(app), request.grant);
    let unpacked = limits.import_unpacked_bytes;
    let written = app.background.spawn(move || {
        let body = Parts::new(receiver);
        let body = match encoding {
            None => Box::new(body),
            Some(encoding) => encoding.reader(BufReader::new(body)),
        };
        let import = importing.store.import().at_most(unpacked);
        let import = if only_changes { import.only_changes() } else { import };
        let import = match unchanged_since {
            Some(seq) => import.unchanged_since(seq),
            None => import,
        };
        let results = take(&importing, &grant, body, import, listed);
        drop((permit, reservation));
        results
    });
    let sent = send(body, sender, limits.import_bytes, limits.body_timeout).await;
    let written = written.await.map_err(Problem::unavailable)?;
    // A fault of the body itself is the cause of what follows from it.
    sent?;
    let (counts, results) = written?;
    let head = serde_json::to_string(&counts).map_err(Problem::unavailable)?;
    let head = format!("{},\"results\":[", head.trim_end_matches('}'));
    let tail = format!("],\"complete\":{}}}", results.complete);
    let parts = [head.into_bytes(), results.json, tail.into_bytes()];
    let parts = futures_util::stream::iter(parts.map(Ok::<_, Infallible>));
    let mut response = warp::reply::stream(parts).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Accepts lines, JSON, or no content type. The bytes show whether they are plain or gzip;
/// any other encoding is returned.
fn check_headers(headers: &HeaderMap) -> Result<Option<ContentEncoding>, Problem> {
    let given = headers.get(CONTENT_TYPE).map(|given| given.to_str().unwrap_or_default());
    let essence = given.and_then(|given| given.split(';').next()).map(str::trim);
    let is_lines = essence.is_none_or(|essence| {
        ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/gzip"]
            .iter()
            .any(|known| essence.eq_ignore_ascii_case(known))
    });
    if !is_lines {
        body::check_content_type(headers)?;
    }
    Ok(body::encoding(headers)?.filter(|encoding| *encoding != ContentEncoding::Gzip))
}

/// Hands the body on as it arrives. A sender may pause for `patience` at a time, and in all
/// for as long as its bytes take at the minimum rate; the time for which the writer is busy
/// does not count.
async fn send(
    mut body: Body,
    to: mpsc::Sender<BodyChunk>,
    limit: usize,
    patience: Duration,
) -> Result<(), Problem> {
    let (mut bytes, mut waited) = (0, Duration::ZERO);
    loop {
        let earned = Duration::from_secs(bytes as u64 / SLOWEST_BYTES);
        let left = (patience + earned).saturating_sub(waited).min(patience);
        let since = Instant::now();
        let part = tokio::time::timeout(left, body.next()).await;
        waited += since.elapsed();
        let Some(part) = part.map_err(|_| Problem::body_timeout())? else { break };
        let part = part.map_err(|_| Problem::incomplete_body())?;
        bytes += part.len();
        if bytes > limit {
            return Err(Problem::body_too_large(limit));
        }
        if to.send(Some(part)).await.is_err() {
            // The reader has ended early and reports why.
            return Ok(());
        }
    }
    to.send(None).await.ok();
    Ok(())
}

/// The body, as its blocking reader sees it.
struct Parts {
    receiver: mpsc::Receiver<BodyChunk>,
    part: io::Cursor<Bytes>,
    ended: bool,
}

impl Parts {
    fn new(receiver: mpsc::Receiver<BodyChunk>) -> Self {
        Self { receiver, part: io::Cursor::default(), ended: false }
    }
}

impl Read for Parts {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.part.read(to)?;
            if read > 0 || to.is_empty() || self.ended {
                return Ok(read);
            }
            match self.receiver.blocking_recv() {
                Some(Some(part)) => self.part = io::Cursor::new(part),
                Some(None) => self.ended = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}

/// The results of lines, as JSON values between commas.
struct Results {
    json: Vec<u8>,
    /// Whether all results fitted.
    complete: bool,
}

impl Results {
    fn add(&mut self, line: &ImportedLine<'_>) -> io::Result<()> {
        if self.json.len() > RESULTS_BYTES {
            self.complete = false;
            return Ok(());
        }
        if !self.json.is_empty() {
            self.json.push(b',');
        }
        Ok(serde_json::to_writer(&mut self.json, &ImportedLineBody::new(line))?)
    }
}

fn take(
    app: &App,
    grant: &Grant,
    body: impl Read,
    import: Import<'_>,
    listed: ResultsFilter,
) -> Result<(ImportResponse, Results), Problem> {
    let mut results = Results { json: Vec::new(), complete: true };
    let admits = |location: Option<&str>| location.map_or(grant.sees_all(), |it| grant.sees(it));
    let counts = import.of_locations(admits).read(body, |line| {
        give_way();
        let is_refused = matches!(line.outcome, LineOutcome::Refused(_));
        if listed == ResultsFilter::All || is_refused { results.add(&line) } else { Ok(()) }
    })?;
    let (lines, refused, duplicate) = (counts.lines, counts.refused, counts.duplicate);
    app.metrics.imported(&counts);
    tracing::info!(lines, refused, duplicate, "import done");
    Ok((ImportResponse::new(&counts), results))
}
