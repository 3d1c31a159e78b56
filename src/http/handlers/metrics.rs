//! `GET /metrics`, in the text format of `OpenMetrics`,
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

use std::fmt::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use warp::http::Response as HttpResponse;
use warp::http::header::{CONTENT_TYPE, HeaderValue};

use crate::graph::Counts;
use crate::http::app::App;
use crate::http::extract::request::Request;
use crate::http::metrics::process::Process;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;
use crate::journal::DeadLetterTotals;
use crate::store::{LocationSummary, StorageUse};

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Number of locations that are read together.
const SLICE: usize = 256;

/// Answers with every figure. Costs a look at each location and at the file, on
/// a blocking thread.
pub(crate) async fn show_metrics(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
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
    app.metrics.encode(&mut text)?;
    let mut figures = Figures(Registry::with_prefix("relata"));
    figures.of_the_store(app, letters);
    figures.of_the_files(storage);
    figures.of_the_graphs(app);
    figures.of_the_graph_memory(app);
    figures.of_the_server(app);
    encode_registry(&mut text, &figures.0)?;
    let mut figures = Figures(Registry::with_prefix("process"));
    figures.of_the_process();
    encode_registry(&mut text, &figures.0)?;
    encode_eof(&mut text)?;
    Ok(text)
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OriginLabels {
    origin: &'static str,
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
        let events: Family<OriginLabels, Counter> = Family::default();
        for (origin, count) in store.events_by_origin() {
            let labels = OriginLabels { origin: origin.as_str() };
            events.get_or_create(&labels).inc_by(count);
        }
        self.0.register("events", "Events accepted, by where they came from", events);
        let writable = u64::from(store.failure().is_none());
        self.gauge("writable", "1 while deliveries are accepted", writable);
        let help = "1 if this server saves the checkpoints: one of those on the same database does";
        self.gauge("saves_checkpoints", help, u64::from(store.saves_checkpoints()));
        let help = "Since the server last heard from a database that other servers write, too";
        let age = ConstGauge::new(store.since_heard().as_secs_f64());
        self.0.register_with_unit("database_heard_age", help, Unit::Seconds, age);
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
            after = Some(last.place);
            locations += slice.len() as u64;
            for LocationSummary { counts, tombstones: hidden, .. } in &slice {
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
        let help = "Associations that relations name and no event has defined";
        self.gauge("pending_associations", help, sum.pending_associations);
        let help = "Things in memory that no list shows, deleted ones above all";
        self.gauge("tombstones", help, tombstones);
        let help = "Deleted things that were dropped from memory and the checkpoint";
        self.0.register("tombstones_dropped", help, ConstCounter::new(app.store.compacted_rows()));
    }

    fn of_the_graph_memory(&mut self, app: &App) {
        let memory = app.store.graph_memory();
        let help = "Locations whose graphs are in memory";
        self.gauge("locations_loaded", help, memory.loaded as u64);
        let bytes = ConstGauge::new((memory.bytes as u64).cast_signed());
        let help = "Memory that the graphs of locations take";
        self.0.register_with_unit("graph_memory", help, Unit::Bytes, bytes);
        let help = "Graphs of locations that were loaded from the checkpoint";
        self.0.register("location_loads", help, ConstCounter::new(memory.loads));
        let help = "Graphs of locations that were dropped from memory to make room";
        self.0.register("location_evictions", help, ConstCounter::new(memory.evictions));
        let seconds = ConstCounter::new(memory.load_time.as_secs_f64());
        let help = "Time that loading graphs of locations took";
        self.0.register_with_unit("location_loading", help, Unit::Seconds, seconds);
    }

    fn of_the_server(&mut self, app: &App) {
        let running = |limit: usize, free: usize| limit.saturating_sub(free) as u64;
        let exports = running(app.limits.exports, app.exports.available());
        self.gauge("exports_running", "Exports on their way", exports);
        let questions = running(app.limits.questions, app.queries.available());
        self.gauge("questions_running", "Long questions being answered", questions);
        let imports = running(app.limits.imports, app.imports.available_permits());
        self.gauge("imports_running", "Imports on their way", imports);
        let help = "Held of bodies that arrive, but for the first 16 KiB of each";
        let receiving = ConstGauge::new((app.receiving.held() as u64).cast_signed());
        self.0.register_with_unit("receiving", help, Unit::Bytes, receiving);
        self.gauge(
            "change_readers",
            "Readers of changes that are open",
            app.feed.stats.open() as u64,
        );
        if let Some(dropped) = &app.dropped_log_lines {
            let help = "Lines of the log that were dropped, since it was not read in time";
            let dropped = ConstCounter::new(dropped.load(Ordering::Relaxed));
            self.0.register("log_lines_dropped", help, dropped);
        }
        let help = "Readers of changes that were too slow";
        let dropped = ConstCounter::new(app.feed.stats.dropped());
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
