//! What is counted as it happens. No label holds anything that comes from outside, so the
//! number of series is bounded.

use std::fmt::Error;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use warp::http::StatusCode;

use crate::model::EventType;
use crate::store::{ImportCounts, Observation, Store, WriteEvent};
use crate::sync::IgnorePoison;

/// Seconds: from a look into memory to what every limit allows.
const SECONDS: [f64; 14] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5,
    10.0,
];

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

/// The count of good answers of a route and how long they took: found once, not at each.
#[derive(Debug, Default)]
pub(crate) struct RouteCounts(OnceLock<(Counter, Histogram)>);

/// The counters and histograms. What they do not hold is read when it is asked for.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    deliveries: Family<DeliveryLabels, Counter>,
    imported: Family<ImportLabels, Counter>,
    requests: Family<ResponseLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    /// When the last checkpoint was saved, or the server started.
    checkpoint: Arc<Mutex<Instant>>,
    _observation: Observation,
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
        let observation = store.observe(move |event| match event {
            WriteEvent::Committed { count, took } => {
                batches.observe(u32::try_from(count).map_or(f64::INFINITY, f64::from));
                commits.observe(took.as_secs_f64());
            }
            WriteEvent::CheckpointSaved { took, .. } => {
                checkpoints.observe(took.as_secs_f64());
                *saved.lock().ignore_poison() = Instant::now();
            }
            WriteEvent::Visible { .. } => {}
        });
        Self {
            registry,
            deliveries,
            imported,
            requests,
            durations,
            checkpoint,
            _observation: observation,
        }
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

    /// Counts an answer of a route; both names are empty for a path that does not exist.
    pub(crate) fn answered(
        &self,
        (method, route): (&'static str, &'static str),
        status: StatusCode,
        took: Duration,
        counts: Option<&RouteCounts>,
    ) {
        let counters = || {
            let answered = ResponseLabels { method, route, status: status.as_u16() };
            let requests = self.requests.get_or_create_owned(&answered);
            (requests, self.durations.get_or_create_owned(&RouteLabels { method, route }))
        };
        let found;
        let (requests, durations) = match counts {
            Some(RouteCounts(of_good)) if status == StatusCode::OK => of_good.get_or_init(counters),
            _ => {
                found = counters();
                &found
            }
        };
        requests.inc();
        durations.observe(took.as_secs_f64());
    }

    /// Writes everything that was counted.
    pub(crate) fn encode(&self, to: &mut String) -> Result<(), Error> {
        encode_registry(to, &self.registry)
    }

    /// Returns the time since the last checkpoint was saved, or the server started.
    pub(crate) fn since_checkpoint(&self) -> Duration {
        self.checkpoint.lock().ignore_poison().elapsed()
    }
}
