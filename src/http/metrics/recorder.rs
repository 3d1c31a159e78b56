//! `GET /metrics`: what Prometheus asks.
//!
//! In the text format of `OpenMetrics`,
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>. No label holds
//! anything that comes from outside, so there are only so many series.

use std::fmt::Error;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use warp::http::header::{CONTENT_TYPE, HeaderValue};
use warp::http::{Response as HttpResponse, StatusCode};

use crate::graph::Counts;
use crate::http::app::App;
use crate::http::extract::request::Request;
use crate::http::metrics::process::Process;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::http::routes::Route;
use crate::journal::DeadLetterTotals;
use crate::model::EventType;
use crate::store::{ImportCounts, StorageUse, Store, WriteEvent};

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds: from a look into memory to what every limit allows.
const SECONDS: [f64; 14] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5,
    10.0,
];

/// Locations that are looked at together.
const SLICE: usize = 256;

/// Events of one transaction.
const EVENTS: [f64; 12] =
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    r#type: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ImportLabels {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResponseLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

/// What is counted as it happens. The rest is looked up when it is asked for.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    deliveries: Family<DeliveryLabels, Counter>,
    imported: Family<ImportLabels, Counter>,
    requests: Family<ResponseLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    /// When the last checkpoint was saved, or the server started.
    checkpoint: Arc<Mutex<Instant>>,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Metrics {
    /// Watches a store from now on.
    pub(crate) fn of(store: &Store) -> Self {
        let (mut registry, seconds_of) = (Registry::with_prefix("relata"), seconds as fn() -> _);
        let deliveries = Family::default();
        let help = "Deliveries answered, by event type and what became of them";
        registry.register("deliveries", help, deliveries.clone());
        let imported = Family::default();
        let help = "Lines of imports, by what became of them";
        registry.register("imported_lines", help, imported.clone());
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let durations = Family::new_with_constructor(seconds_of);
        let help = "How long an answer took to begin";
        registry.register_with_unit(
            "http_request_duration",
            help,
            Unit::Seconds,
            durations.clone(),
        );
        let batches = Histogram::new(EVENTS);
        registry.register("commit_events", "Events of one transaction", batches.clone());
        let commits = seconds();
        let help = "How long a transaction took, its sync included";
        registry.register_with_unit("commit_duration", help, Unit::Seconds, commits.clone());
        let checkpoints = seconds();
        let help = "How long saving a checkpoint took";
        registry.register_with_unit(
            "checkpoint_duration",
            help,
            Unit::Seconds,
            checkpoints.clone(),
        );
        let checkpoint = Arc::new(Mutex::new(Instant::now()));
        let saved = Arc::clone(&checkpoint);
        // Of two servers over one store the first counts what the store writes.
        store.observe(move |written| match written {
            WriteEvent::Events { count, took } => {
                batches.observe(u32::try_from(count).map_or(f64::INFINITY, f64::from));
                commits.observe(took.as_secs_f64());
            }
            WriteEvent::Checkpoint { took, .. } => {
                checkpoints.observe(took.as_secs_f64());
                *saved.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            }
        });
        Self { registry, deliveries, imported, requests, durations, checkpoint }
    }

    /// Counts a delivery by what became of it.
    pub(crate) fn delivered(&self, event_type: Option<&str>, status: &'static str) {
        let known = event_type.and_then(EventType::from_name);
        let r#type = known.map_or("other", EventType::as_str);
        self.deliveries.get_or_create(&DeliveryLabels { r#type, status }).inc();
    }

    /// Counts lines of imports by what became of them.
    pub(crate) fn imported(&self, counts: &ImportCounts) {
        for (status, lines) in counts.named() {
            self.imported.get_or_create(&ImportLabels { status }).inc_by(lines);
        }
    }

    /// Counts an answer; without a route it was to a path that there is not.
    pub(crate) fn answered(&self, route: Option<&Route>, status: StatusCode, took: Duration) {
        let (method, path) = route.map_or(("", ""), |route| (route.method, route.path));
        let answered = ResponseLabels { method, route: path, status: status.as_u16() };
        self.requests.get_or_create(&answered).inc();
        self.durations
            .get_or_create(&RouteLabels { method, route: path })
            .observe(took.as_secs_f64());
    }

    fn since_checkpoint(&self) -> Duration {
        self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

/// Answers with every figure. Costs a look at each location and at the file, on
/// a blocking thread.
pub(crate) async fn expose(app: &Arc<App>, request: &Request<'_>) -> Answer {
    request.query.only(&[])?;
    if !request.grant.sees_all() {
        return Err(Problem::forbidden("the token is good for some locations, these are of all"));
    }
    let app = Arc::clone(app);
    let text = tokio::task::spawn_blocking(move || {
        let letters = app.store.dead_letter_totals()?;
        let storage = app.store.storage_use()?;
        text(&app, letters, storage).map_err(Problem::unavailable)
    });
    let text = text.await.map_err(Problem::unavailable)??;
    let mut response = HttpResponse::new(text.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    Ok(response)
}

fn text(app: &App, letters: DeadLetterTotals, storage: StorageUse) -> Result<String, Error> {
    let mut text = String::with_capacity(16 << 10);
    encode_registry(&mut text, &app.metrics.registry)?;
    let mut figures = Figures(Registry::with_prefix("relata"));
    figures.of_the_store(app, letters);
    figures.of_the_files(storage);
    figures.of_the_graphs(app);
    figures.of_the_server(app);
    encode_registry(&mut text, &figures.0)?;
    let mut figures = Figures(Registry::with_prefix("process"));
    figures.of_the_process();
    encode_registry(&mut text, &figures.0)?;
    encode_eof(&mut text)?;
    Ok(text)
}

/// What is looked up when it is asked for.
struct Figures(Registry);

impl Figures {
    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.0.register(name, help, ConstGauge::new(value.cast_signed()));
    }

    fn of_the_store(&mut self, app: &App, letters: DeadLetterTotals) {
        let (store, waiting) = (&app.store, app.store.waiting());
        let (head, checkpoint) = (store.head(), store.checkpoint_seq());
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        self.0.register("build", "Which Relata this is", Info::new(version));
        let help = "Writes to the journal that failed";
        self.0.register("write_failures", help, ConstCounter::new(store.write_failures()));
        let writable = u64::from(store.failure().is_none());
        self.gauge("writable", "1 while deliveries are accepted", writable);
        self.gauge("queue_jobs", "What waits for the writer", waiting.jobs as u64);
        let help = "Bodies that wait for the writer";
        let queued = ConstGauge::new((waiting.bytes as u64).cast_signed());
        self.0.register_with_unit("queue", help, Unit::Bytes, queued);
        self.gauge("head_seq", "The last event that every question sees", head);
        self.gauge("checkpoint_seq", "The last event of the checkpoint on disk", checkpoint);
        let help = "Since the last checkpoint was saved, or the server started";
        let age = ConstGauge::new(app.metrics.since_checkpoint().as_secs_f64());
        self.0.register_with_unit("checkpoint_age", help, Unit::Seconds, age);
        self.gauge("dead_letters", "Deliveries kept that could not be used", letters.letters);
        let bytes = ConstGauge::new(letters.bytes.cast_signed());
        let help = "Bodies of deliveries kept that could not be used";
        self.0.register_with_unit("dead_letters", help, Unit::Bytes, bytes);
        let help = "Such deliveries that made room for later ones";
        self.0.register("dead_letters_dropped", help, ConstCounter::new(letters.dropped));
    }

    fn of_the_files(&mut self, storage: StorageUse) {
        let sizes = [
            ("database", "Size of the database file", storage.files.database),
            ("wal", "Size of the write-ahead log beside it", storage.files.log),
        ];
        for (name, help, bytes) in sizes {
            let gauge = ConstGauge::new(bytes.cast_signed());
            self.0.register_with_unit(name, help, Unit::Bytes, gauge);
        }
        let help = "How long a reader has kept the write-ahead log from being cut down";
        let seconds = ConstGauge::new(storage.log_held.as_secs_f64());
        self.0.register_with_unit("wal_held", help, Unit::Seconds, seconds);
    }

    fn of_the_graphs(&mut self, app: &App) {
        let (mut sum, mut tombstones, mut locations, mut after) = (Counts::default(), 0, 0, None);
        loop {
            let slice = app.store.locations_after(after, SLICE);
            let Some(last) = slice.last() else { break };
            after = Some(last.place());
            locations += slice.len() as u64;
            for location in &slice {
                let (counts, hidden) = {
                    let graph = location.read();
                    let counts = graph.counts();
                    (counts, graph.tombstones(&counts))
                };
                tombstones += hidden;
                sum.objects += counts.objects;
                sum.associations += counts.associations;
                sum.records += counts.records;
                sum.relations += counts.relations;
                sum.pending_associations += counts.pending_associations;
            }
        }
        self.gauge("locations", "Locations", locations);
        self.gauge("objects", "Object keys of all locations", sum.objects);
        self.gauge("associations", "Associations of all locations", sum.associations);
        self.gauge("records", "Records of all locations", sum.records);
        self.gauge("relations", "Relations of all locations", sum.relations);
        let help = "Associations that relations name and no event has told of";
        self.gauge("pending_associations", help, sum.pending_associations);
        let help = "Things in memory that no list shows, deleted ones above all";
        self.gauge("tombstones", help, tombstones);
        let help = "Deleted things that were dropped from memory and the checkpoint";
        self.0.register("tombstones_dropped", help, ConstCounter::new(app.store.compacted_rows()));
    }

    fn of_the_server(&mut self, app: &App) {
        let running = |limit: usize, free: usize| limit.saturating_sub(free) as u64;
        let exports = running(app.limits.exports, app.exports.available());
        self.gauge("exports_running", "Exports on their way", exports);
        let questions = running(app.limits.questions, app.questions.available());
        self.gauge("questions_running", "Long questions being answered", questions);
        let imports = running(app.limits.imports, app.imports.available_permits());
        self.gauge("imports_running", "Imports on their way", imports);
        let help = "Held of bodies that arrive, but for the first 16 KiB of each";
        let receiving = ConstGauge::new((app.receiving.held() as u64).cast_signed());
        self.0.register_with_unit("receiving", help, Unit::Bytes, receiving);
        self.gauge(
            "change_readers",
            "Readers of changes that are open",
            app.feed.open_readers() as u64,
        );
        if let Some(dropped) = &app.dropped_log_lines {
            let help = "Lines of the log that were dropped, since it was not read in time";
            let dropped = ConstCounter::new(dropped.load(Ordering::Relaxed));
            self.0.register("log_lines_dropped", help, dropped);
        }
        let help = "Readers of changes that were too slow";
        let dropped = ConstCounter::new(app.feed.dropped_readers());
        self.0.register("change_readers_dropped", help, dropped);
    }

    fn of_the_process(&mut self) {
        let process = Process::look();
        let mut bytes = |name: &str, help: &str, value: Option<u64>| {
            if let Some(value) = value {
                let gauge = ConstGauge::new(value.cast_signed());
                self.0.register_with_unit(name, help, Unit::Bytes, gauge);
            }
        };
        bytes("resident_memory", "Memory that is resident", process.resident_bytes);
        bytes("virtual_memory", "Memory that is addressed", process.virtual_bytes);
        if let Some(seconds) = process.cpu_seconds {
            let help = "Processor time taken";
            self.0.register_with_unit("cpu", help, Unit::Seconds, ConstCounter::new(seconds));
        }
        let counts = [
            ("open_fds", "Files and connections open", process.open_files),
            ("max_fds", "Files and connections that may be open", process.max_files),
            ("threads", "Threads", process.threads),
        ];
        for (name, help, value) in counts {
            if let Some(value) = value {
                self.gauge(name, help, value);
            }
        }
    }
}
