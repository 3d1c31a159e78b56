//! `GET …/export?format=…`, and `POST` for a set of nodes: streams a graph while events arrive.

use std::cell::Cell;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use warp::Reply;
use warp::http::header::{
    CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, VARY,
};
use warp::reply::Response;

use crate::api::ExportQueryBody;
use crate::export::{Content, Format, Options, check, write_timeline};
use crate::graph::{QueryError, Snapshot, Subgraph, SubgraphQuery};
use crate::http::app::App;
use crate::http::extract::body::Body;
use crate::http::extract::params::Query;
use crate::http::extract::request::Request;
use crate::http::extract::{json_body, location};
use crate::http::limits::background::give_way;
use crate::http::limits::receive_budget::Reservation;
use crate::http::respond::chunks::{Chunks, accepts_gzip};
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::model::Seq;
use crate::store::{AsOf, ExportEventsError, Location, PastError};

/// Size of a chunk of the answer, in bytes.
const CHUNK_BYTES: usize = 64 << 10;

/// Maximum number of chunks that wait for a slow client before the export waits, too.
const CHUNKS: usize = 4;

pub(crate) async fn export_graph(app: &Arc<App>, request: Request<'_>) -> Answer {
    let mut asked = read(&request, &KNOWN)?;
    let depth = request.query.depth()?;
    let of = request.query.get("of")?.map(|_| request.query.node("of")).transpose()?;
    if depth.is_some() && of.is_none() {
        return Err(Problem::invalid_parameter("depth", "requires `of`, the node in the middle"));
    }
    asked.part.around = of.map(|of| (of, depth.unwrap_or(1)));
    stream(app, &request, asked, None).await
}

pub(crate) async fn export_nodes(app: &Arc<App>, request: Request<'_>, body: Body) -> Answer {
    let mut asked = read(&request, &KNOWN_OF_NODES)?;
    if matches!(asked.content, Content::Events) {
        let why = "is ndjson, which holds every event: it cannot be limited to some nodes";
        return Err(Problem::invalid_parameter("format", why));
    }
    let read = |body: &[u8]| {
        let of = json_body::read::<ExportQueryBody>(body)?.nodes();
        json_body::check_set(&of)?;
        Ok(of)
    };
    let limit = app.limits.question_bytes;
    let (of, reservation) = json_body::receive(app, &request, body, limit, read).await?;
    asked.part.only = Some(of);
    stream(app, &request, asked, Some(reservation)).await
}

/// Streams an export. The reservation is that of the body which asks for it.
async fn stream(
    app: &Arc<App>,
    request: &Request<'_>,
    asked: ExportParams,
    reservation: Option<Reservation>,
) -> Answer {
    let content = asked.content;
    let location = location::find(app, request).await?;
    if let Some(AsOf::Seq(seq)) = asked.as_of
        && seq > app.store.head()
    {
        let head = app.store.head();
        return Err(Problem::ahead("asOf", &PastError::Ahead { seq, head }));
    }
    let client = request.grant.client(location.id().as_str());
    let permit = app.exports.acquire(&client).await?;
    let gzip = accepts_gzip(&request.headers) && !content.is_compressed();
    let name = disposition(location.id().as_str(), content);
    let whole = Arc::new(AtomicBool::new(false));
    let (begun, beginning) = oneshot::channel();
    let (sender, mut receiver) = mpsc::channel(CHUNKS);
    let now = now(app, &location, &asked).await?;
    let export = Export {
        app: Arc::clone(app),
        location,
        now: Cell::new(now),
        trace_id: request.id.to_owned(),
        asked,
        chunks: Chunks {
            sender,
            runtime: Handle::current(),
            patience: app.limits.export_stall,
            end: Instant::now() + app.limits.export_timeout,
        },
        gzip,
        _reservation: reservation,
    };
    let written = Arc::clone(&whole);
    app.background.spawn(move || {
        written.store(export.run(begun), Ordering::Release);
        drop((export, permit));
    });
    let size = beginning.await.map_err(Problem::unavailable)??;
    let chunks = futures_util::stream::poll_fn(move |context| {
        let chunk: Option<Vec<u8>> = ready!(receiver.poll_recv(context));
        // An error cuts the connection, so that the client does not take a part for the whole.
        let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let end = || (!whole.load(Ordering::Acquire)).then(|| Err(broken()));
        Poll::Ready(chunk.map(Ok).or_else(end))
    });
    let mut response = warp::reply::stream(chunks).into_response();
    header(&mut response, CONTENT_TYPE, content.media_type());
    header(&mut response, CONTENT_DISPOSITION, &name);
    header(&mut response, VARY, "accept-encoding");
    size.put_on(&mut response);
    if gzip {
        header(&mut response, CONTENT_ENCODING, "gzip");
    }
    Ok(response)
}

/// The parameters of an export.
struct ExportParams {
    content: Content,
    options: Options,
    part: SubgraphQuery,
    as_of: Option<AsOf>,
}

/// Takes a snapshot of the current graph, if that is what is exported. At the usual priority:
/// the writer waits while a graph is copied.
async fn now(
    app: &Arc<App>,
    location: &Arc<Location>,
    asked: &ExportParams,
) -> Result<Option<(Seq, Snapshot)>, Problem> {
    if asked.as_of.is_some() || matches!(asked.content, Content::Timeline) {
        return Ok(None);
    }
    let (app, location, part) = (Arc::clone(app), Arc::clone(location), asked.part.clone());
    let copied = tokio::task::spawn_blocking(move || app.store.snapshot(&location, None, &part));
    Ok(Some(copied.await.map_err(Problem::unavailable)??))
}

const KNOWN: [&str; 11] = [
    "format",
    "layer",
    "label",
    "association",
    "of",
    "depth",
    "edgesKey",
    "dynamic",
    "bom",
    "yed",
    "asOf",
];

/// Those of an export of nodes that the body names.
const KNOWN_OF_NODES: [&str; 9] =
    ["format", "layer", "label", "association", "edgesKey", "dynamic", "bom", "yed", "asOf"];

/// Reads the parameters that all exports have.
fn read(request: &Request<'_>, known: &[&str]) -> Result<ExportParams, Problem> {
    let query = &request.query;
    query.deny_unknown(known)?;
    let content = content(query)?;
    Ok(ExportParams {
        content,
        options: Options {
            edges_key: query.get_enum("edgesKey", "edges, links")?.unwrap_or_default(),
            location: request.path_param("locationId").to_owned(),
            bom: of_format(query, "bom", content)?,
            yed: of_format(query, "yed", content)?,
        },
        part: SubgraphQuery {
            layers: query.get_enum("layer", "objects, records, all")?.unwrap_or_default(),
            along: query.along(),
            ..SubgraphQuery::default()
        },
        as_of: query.as_of()?,
    })
}

fn content(query: &Query<'_>) -> Result<Content, Problem> {
    let content = query.get_enum("format", &Content::names())?.ok_or_else(|| {
        let why = format!("is missing; it is one of {}", Content::names());
        Problem::invalid_parameter("format", why)
    })?;
    let given = |name: &&str| !query.get_all(name).is_empty();
    if matches!(content, Content::Events)
        && let Some(name) =
            KNOWN.into_iter().filter(|name| !matches!(*name, "format" | "asOf")).find(given)
    {
        let why = "cannot be combined with ndjson, which holds every event";
        return Err(Problem::invalid_parameter(name, why));
    }
    let dynamic = of_format(query, "dynamic", content)?;
    Ok(if dynamic { Content::Timeline } else { content })
}

/// Returns whether a parameter of one format alone is true.
fn of_format(query: &Query<'_>, name: &'static str, content: Content) -> Result<bool, Problem> {
    let wanted = query.get_enum(name, "true, false")?.unwrap_or(false);
    let only = Content::format_of_option(name);
    if let Some(only) = only.filter(|only| wanted && content.format() != Some(*only)) {
        let why = format!("applies to {} alone", only.as_str());
        return Err(Problem::invalid_parameter(name, why));
    }
    Ok(wanted)
}

/// What the headers of the answer report.
struct Size {
    seq: Seq,
    nodes: u64,
    links: u64,
}

impl Size {
    fn of(seq: Seq, part: &Subgraph<'_>) -> Self {
        Self { seq, nodes: part.node_count() as u64, links: part.link_count() as u64 }
    }

    fn put_on(&self, response: &mut Response) {
        let Self { seq, nodes, links } = self;
        for (name, number) in
            [("relata-seq", seq), ("relata-nodes", nodes), ("relata-links", links)]
        {
            header(response, HeaderName::from_static(name), &number.to_string());
        }
    }
}

/// Begins the answer with these headers.
type Begin<'b> = &'b mut dyn FnMut(Size) -> io::Result<()>;

/// An export that is being written.
struct Export {
    app: Arc<App>,
    location: Arc<Location>,
    /// A copy of the graph, where that is what is exported.
    now: Cell<Option<(Seq, Snapshot)>>,
    trace_id: String,
    asked: ExportParams,
    chunks: Chunks,
    gzip: bool,
    _reservation: Option<Reservation>,
}

/// Receives the headers of the answer, or why there is none.
type Begun = oneshot::Sender<Result<Size, Problem>>;

/// Why an export ends early: before its answer begins, or after.
enum Ended {
    Refused(Problem),
    Broken(io::Error),
}

impl From<Problem> for Ended {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// Returns the problem of a subgraph that cannot be exported; `of` alone names nodes.
fn of_part(error: QueryError) -> Problem {
    Problem::of_nodes(error, |_| "of")
}

impl Export {
    /// Writes the export, and returns whether all of it was written.
    fn run(&self, waiting: Begun) -> bool {
        let mut waiting = Some(waiting);
        let mut begin = |size| {
            // Fails if the client has disconnected.
            let sent = waiting.take().map(|waiting| waiting.send(Ok(size)));
            sent.and_then(Result::ok).ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe))
        };
        let written = match self.asked.content {
            Content::Graph(format) => self.graph(&mut begin, format),
            Content::Timeline => self.timeline(&mut begin),
            Content::Events => self.events(&mut begin),
        };
        match written {
            Ok(()) => true,
            Err(Ended::Refused(problem)) => {
                // Fails if the client has disconnected, which needs no reason then.
                waiting.map(|waiting| waiting.send(Err(problem)).ok());
                false
            }
            Err(Ended::Broken(error)) => {
                tell(&error, self.location.id().as_str(), &self.trace_id);
                false
            }
        }
    }

    fn graph(&self, begin: Begin<'_>, format: Format) -> Result<(), Ended> {
        let (seq, snapshot) = self.snapshot().map_err(Problem::from)?;
        let part = snapshot.view().part(&self.asked.part).map_err(of_part)?;
        let checked = check(&part, format).map_err(Problem::from)?;
        begin(Size::of(seq, &part))?;
        Ok(self.stream(|to| checked.write(&self.asked.options, to))?)
    }

    fn timeline(&self, begin: Begin<'_>) -> Result<(), Ended> {
        let location = self.location.id().as_str();
        let deadline = Instant::now() + self.app.limits.past_timeout;
        let stop = || self.is_over(deadline);
        let timeline = self.app.store.timeline_until(location, self.asked.as_of, &stop);
        let (seq, timeline) = timeline.map_err(Problem::from)?;
        let part = timeline.view().part(&self.asked.part).map_err(of_part)?;
        begin(Size::of(seq, &part))?;
        Ok(self.stream(|to| write_timeline(&part, &timeline, to))?)
    }

    fn events(&self, begin: Begin<'_>) -> Result<(), Ended> {
        let pruned = self.app.store.pruned().map_err(Problem::unavailable)?;
        if pruned > 0 {
            return Err(Problem::pruned(pruned).into());
        }
        let (seq, snapshot) = self.snapshot().map_err(Problem::from)?;
        // An export of events leaves nothing out, so the counts suffice.
        let counts = snapshot.view().counts();
        drop(snapshot);
        begin(Size {
            seq,
            nodes: counts.objects + counts.records,
            links: counts.associations + counts.relations,
        })?;
        Ok(self.stream(|to| self.write_events(seq, to))?)
    }

    fn snapshot(&self) -> Result<(Seq, Snapshot), PastError> {
        if let Some(now) = self.now.take() {
            return Ok(now);
        }
        let deadline = Instant::now() + self.app.limits.past_timeout;
        let stop = || self.is_over(deadline);
        self.app.store.snapshot_until(&self.location, self.asked.as_of, &self.asked.part, &stop)
    }

    /// Returns whether a read of the journal has taken long enough, the client has
    /// disconnected, or the server is stopping.
    fn is_over(&self, deadline: Instant) -> bool {
        give_way();
        self.chunks.sender.is_closed()
            || self.app.stopping.load(Ordering::Relaxed)
            || Instant::now() >= deadline
    }

    fn write_events(&self, upto: Seq, to: &mut dyn Write) -> io::Result<()> {
        let stop = || self.is_over(self.chunks.end);
        let location = self.location.id().as_str();
        match self.app.store.export_events_until(location, upto, to, &stop) {
            Ok(_) => Ok(()),
            Err(ExportEventsError::Write(error)) => Err(error),
            Err(ExportEventsError::Stopped { .. }) if self.chunks.sender.is_closed() => {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn stream(&self, run: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut chunks = BufWriter::with_capacity(CHUNK_BYTES, &self.chunks);
        if self.gzip {
            let mut encoder = GzEncoder::new(&mut chunks, Compression::fast());
            run(&mut encoder)?;
            encoder.finish()?;
        } else {
            run(&mut chunks)?;
        }
        chunks.flush()
    }
}

/// Logs why an export was cut off: its status was sent, so nothing else reports it.
fn tell(error: &io::Error, location: &str, trace_id: &str) {
    match error.kind() {
        io::ErrorKind::BrokenPipe => {
            tracing::debug!(location, trace_id, "the client of an export disconnected");
        }
        io::ErrorKind::TimedOut => {
            tracing::info!(
                location,
                trace_id,
                "the client of an export read nothing for too long and is cut off"
            );
        }
        _ => {
            tracing::error!(location, trace_id, code = "unavailable", detail = %error, "export broke off");
        }
    }
}

fn header(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Returns the name of the file (RFC 6266): one that every file system and client accepts,
/// and another with the location's own letters if they differ.
fn disposition(location: &str, content: Content) -> String {
    let named = |is_safe: fn(char) -> bool| -> String {
        let safe = |c: char| if is_safe(c) || matches!(c, '-' | '_') { c } else { '_' };
        let location: String = location.chars().take(64).map(safe).collect();
        format!("relata-{location}.{}", content.file_extension())
    };
    let (plain, lettered) = (named(|c| c.is_ascii_alphanumeric()), named(char::is_alphanumeric));
    let mut disposition = format!("attachment; filename=\"{plain}\"");
    if lettered != plain {
        let encoded = utf8_percent_encode(&lettered, NON_ALPHANUMERIC);
        disposition.extend(["; filename*=UTF-8''", &encoded.to_string()]);
    }
    disposition
}
