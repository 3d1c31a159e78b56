//! Loading the graphs of locations when they are needed, and dropping those that have not been
//! needed for longest.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::graph::LocationGraph;
use crate::journal::{JournalError, JournalReader, OpenReader};
use crate::model::Seq;
use crate::store::eviction::Eviction;
use crate::store::load_error::LoadError;
use crate::store::load_graph::{LoadedGraph, Rows, load_graph};
use crate::store::locations::{LoadJob, Locations};
use crate::store::recovery::OpenError;
use crate::store::writer::command::Command;
use crate::store::writer::following::LastLook;
use crate::store::writer::queue::ToWriter;
use crate::store::writer::state::WriterState;
use crate::sync::IgnorePoison;

/// Number of locations that are loaded at once.
const THREADS: usize = 2;

/// How often the memory of the graphs is measured while none is loaded: events make them grow.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// Part of the limit that graphs are reduced to, in percent, so that they are not measured for
/// each that is loaded.
const REDUCED_TO: usize = 90;

/// How often, and how long each time, a graph waits for room that a checkpoint makes. Without
/// room it is loaded all the same.
const ROOM_TRIES: u32 = 40;
const ROOM_WAIT: Duration = Duration::from_millis(5);

/// How much of the time loading may take before it is reported, and how often.
const BUSY_PART: f64 = 0.5;
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// How long to wait at once for an event that another process has appended.
const FOLLOW_WAIT: Duration = Duration::from_millis(50);

/// What loading has done, and what graphs take in memory.
#[derive(Debug, Default)]
pub(crate) struct LoadStats {
    bytes: AtomicUsize,
    loaded: AtomicUsize,
    loads: AtomicU64,
    evictions: AtomicU64,
    load_micros: AtomicU64,
}

/// What the graphs of a store take in memory, and how often they were loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GraphMemory {
    /// Bytes that they may take, if there is a limit.
    pub limit: Option<usize>,
    /// Number of locations whose graphs are in memory.
    pub loaded: usize,
    /// Bytes that they take, as of the last measurement.
    pub bytes: usize,
    /// Number of graphs that were loaded from the checkpoint since the store was opened.
    pub loads: u64,
    /// Number of graphs that were dropped to make room.
    pub evictions: u64,
    /// Time that loading took.
    pub load_time: Duration,
}

impl LoadStats {
    pub(crate) fn memory(&self) -> GraphMemory {
        GraphMemory {
            limit: None,
            loaded: self.loaded.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            loads: self.loads.load(Ordering::Relaxed),
            evictions: self.evictions.load(Ordering::Relaxed),
            load_time: Duration::from_micros(self.load_micros.load(Ordering::Relaxed)),
        }
    }
}

/// Where other processes write the journal, too: how far the writer has followed them.
#[derive(Debug, Clone)]
pub(crate) struct Others {
    last_look: Arc<LastLook>,
    state: Arc<WriterState>,
}

impl Others {
    pub(crate) fn new(last_look: Arc<LastLook>, state: &Arc<WriterState>) -> Self {
        Self { last_look, state: Arc::clone(state) }
    }

    pub(crate) fn into_last_look(self) -> Arc<LastLook> {
        self.last_look
    }

    /// Waits until the writer has followed them up to this event.
    fn reach(&self, seq: Seq, is_closed: impl Fn() -> bool) -> Result<(), JournalError> {
        while self.state.watermark.head() < seq {
            self.last_look.hurry();
            if self.state.watermark.wait_for(seq, FOLLOW_WAIT) {
                break;
            }
            if is_closed() || self.last_look.is_overdue() || self.state.health.failure().is_some() {
                return Err(JournalError::Behind { head: self.state.watermark.head(), seq });
            }
        }
        Ok(())
    }
}

/// The threads that load.
#[derive(Debug)]
pub(crate) struct Loader {
    locations: Arc<Locations>,
    limit: Option<usize>,
    stats: Arc<LoadStats>,
    threads: Vec<JoinHandle<()>>,
}

impl Loader {
    /// Starts the threads. Graphs take up to `limit` bytes of memory.
    pub(crate) fn start(
        locations: &Arc<Locations>,
        readers: &Arc<OpenReader>,
        limit: Option<usize>,
        to_writer: &ToWriter,
        others: Option<&Others>,
    ) -> Result<Self, OpenError> {
        let stats = Arc::new(LoadStats::default());
        let (sender, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        let mut threads = Vec::with_capacity(THREADS);
        for _ in 0..THREADS {
            let worker = Worker {
                locations: Arc::clone(locations),
                readers: Arc::clone(readers),
                limit,
                to_writer: Arc::clone(to_writer),
                stats: Arc::clone(&stats),
                others: others.cloned(),
                reader: None,
                reported: (Instant::now(), stats.memory()),
            };
            let jobs = Arc::clone(&jobs);
            let thread = std::thread::Builder::new().name("relata-loader".to_owned());
            let thread = thread.spawn(move || worker.run(&jobs));
            threads.push(thread.map_err(OpenError::Thread)?);
        }
        locations.send_jobs_to(Some(sender));
        Ok(Self { locations: Arc::clone(locations), limit, stats, threads })
    }

    /// Returns what the graphs take in memory, and how often they were loaded.
    pub(crate) fn memory(&self) -> GraphMemory {
        GraphMemory { limit: self.limit, ..self.stats.memory() }
    }

    /// Returns whether there is hardly room for one graph more.
    pub(crate) fn is_nearly_full(&self) -> bool {
        let reduced = self.limit.map(|limit| limit / 100 * REDUCED_TO);
        reduced.is_some_and(|reduced| self.stats.memory().bytes > reduced)
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        // What is already waiting is loaded.
        self.locations.send_jobs_to(None);
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

/// Whether there is room for one graph more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Yes,
    /// Not before some are saved.
    AfterCheckpoint,
    /// What is there is in use.
    No,
}

struct Worker {
    locations: Arc<Locations>,
    readers: Arc<OpenReader>,
    limit: Option<usize>,
    to_writer: ToWriter,
    stats: Arc<LoadStats>,
    others: Option<Others>,
    /// Kept open from one location to the next.
    reader: Option<Box<dyn JournalReader>>,
    /// When it was last considered to warn, and what was loaded by then.
    reported: (Instant, GraphMemory),
}

impl Worker {
    fn run(mut self, jobs: &Mutex<Receiver<LoadJob>>) {
        // What opening loaded may be too much.
        self.trim();
        let mut measured = Instant::now();
        loop {
            let job = jobs.lock().ignore_poison().recv_timeout(MEASURE_EVERY);
            match job {
                Ok(job) => self.load(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.is_full() || measured.elapsed() >= MEASURE_EVERY {
                self.trim();
                measured = Instant::now();
            }
        }
    }

    /// Drops graphs while they take too much memory, or has them saved to be dropped later.
    fn trim(&mut self) {
        if self.measure() == Room::AfterCheckpoint {
            self.hurry_checkpoint();
        }
    }

    fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.stats.bytes.load(Ordering::Relaxed) > limit)
    }

    /// Waits while there is no room for one graph more, but a checkpoint of this process will
    /// make some.
    fn make_room(&mut self) {
        let saves = self.others.as_ref().is_none_or(|others| others.last_look.maintains());
        for _ in 0..ROOM_TRIES {
            if !self.is_full() || self.measure() != Room::AfterCheckpoint || !saves {
                return;
            }
            self.hurry_checkpoint();
            std::thread::sleep(ROOM_WAIT);
        }
    }

    fn hurry_checkpoint(&self) {
        if let Some(writer) = &*self.to_writer.lock().ignore_poison() {
            // With a full queue the writer is awake, and is asked again.
            writer.try_send(Command::HurryCheckpoint).unwrap_or_default();
        }
    }

    fn load(&mut self, job: LoadJob) {
        self.make_room();
        let start = Instant::now();
        let loaded = match self.reader.take().map_or_else(|| (self.readers)(), Ok) {
            Ok(mut reader) => {
                let rows = if self.others.is_some() { Rows::Shared } else { Rows::Own };
                let loaded = load_graph(reader.as_mut(), &job.id, job.number, rows);
                // After an error it is opened again.
                self.reader = loaded.is_ok().then_some(reader);
                loaded
            }
            Err(error) => Err(error),
        };
        let loaded = loaded.and_then(|loaded| self.reach(loaded));
        match &loaded {
            Ok(graph) => {
                self.stats.bytes.fetch_add(graph.bytes(), Ordering::Relaxed);
                self.stats.loaded.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                let (location, advice) = (job.id.as_str(), error.advice());
                tracing::error!(location, reason = %error, advice, "a location cannot be loaded");
            }
        }
        let id = job.id.clone();
        let loaded = loaded.map_err(|error| LoadError { id, source: Arc::new(error) });
        let took = u64::try_from(start.elapsed().as_micros()).unwrap_or_default();
        self.stats.loads.fetch_add(1, Ordering::Relaxed);
        self.stats.load_micros.fetch_add(took, Ordering::Relaxed);
        self.locations.finish_loading(job, loaded);
    }

    /// Waits until this process knows all that the rows of a graph cover. If there was more of
    /// this location, the writer has loaded it meanwhile.
    fn reach(&self, loaded: LoadedGraph) -> Result<LocationGraph, JournalError> {
        let LoadedGraph { graph, come, .. } = loaded;
        let is_closed = || self.to_writer.lock().ignore_poison().is_none();
        self.others.as_ref().map_or(Ok(()), |others| others.reach(come.newest, is_closed))?;
        Ok(graph)
    }

    /// Measures what the graphs take, drops those that were not asked for longest while that is
    /// too much, and returns whether there is room then.
    fn measure(&mut self) -> Room {
        let mut all = self.locations.measure();
        let mut bytes: usize = all.iter().map(|it| it.bytes).sum();
        let mut loaded = all.len();
        let mut is_unsaved = false;
        if let Some(limit) = self.limit.filter(|limit| bytes > *limit) {
            let reduced = limit / 100 * REDUCED_TO;
            all.sort_unstable_by_key(|it| it.asked);
            for location in all {
                if bytes <= reduced {
                    break;
                }
                match self.locations.evict(location.id.as_str()) {
                    Eviction::Dropped => {
                        bytes -= location.bytes;
                        loaded -= 1;
                        self.stats.evictions.fetch_add(1, Ordering::Relaxed);
                    }
                    Eviction::Unsaved => is_unsaved = true,
                    Eviction::Held => {}
                }
            }
        }
        if let Some(limit) = self.limit {
            self.report(bytes, limit);
        }
        self.stats.bytes.store(bytes, Ordering::Relaxed);
        self.stats.loaded.store(loaded, Ordering::Relaxed);
        match self.limit {
            Some(limit) if bytes > limit && is_unsaved => Room::AfterCheckpoint,
            Some(limit) if bytes > limit => Room::No,
            _ => Room::Yes,
        }
    }

    /// Warns if what is needed at once does not fit, or is dropped and loaded all the time.
    fn report(&mut self, bytes: usize, limit: usize) {
        let (since, before) = self.reported;
        if since.elapsed() < REPORT_EVERY {
            return;
        }
        let now = self.stats.memory();
        self.reported = (Instant::now(), now);
        if bytes > limit {
            let text = "the graphs in use take more memory than they may; none can be dropped";
            tracing::warn!(bytes, limit, "{text}");
        }
        let busy = now.load_time.saturating_sub(before.load_time);
        if now.evictions > before.evictions
            && busy.as_secs_f64() > BUSY_PART * since.elapsed().as_secs_f64()
        {
            let loads = now.loads - before.loads;
            let text = "graphs are dropped and loaded again all the time: they need more memory";
            tracing::warn!(loads, ?busy, limit, "{text}");
        }
    }
}
