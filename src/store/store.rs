//! The store itself: opening, sending commands to the writer, closing.

use std::collections::HashMap;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::journal::{Database, Journal, JournalError, JournalReader, MemoryJournal, OpenReader};
use crate::model::{Epochs, Seq};
use crate::store::changes::subscription::Subscriptions;
use crate::store::delivery::{Delivery, IngestError};
use crate::store::index::no_ops::NoOpEvents;
use crate::store::index::redeliveries::Redeliveries;
use crate::store::loader::{Loader, Others};
use crate::store::location_ids::forget_changes;
use crate::store::locations::Locations;
use crate::store::options::Options;
use crate::store::past::cache::PastCache;
use crate::store::recovery::{OpenError, Recovered, recover_beside_writer};
use crate::store::recovery_on_demand::open_graphs;
use crate::store::writer::clock::ReceiptClock;
use crate::store::writer::command::Command;
use crate::store::writer::compaction::Compacting;
use crate::store::writer::dedup_window::DedupWindow;
use crate::store::writer::following::{Following, LastLook};
use crate::store::writer::import_marks::Imports;
use crate::store::writer::indexing::Indexing;
use crate::store::writer::log_trimming::LogTrimming;
use crate::store::writer::mutation::new_ids::NewIds;
use crate::store::writer::queue::{Queue, ToWriter};
use crate::store::writer::recovery::Retrying;
use crate::store::writer::retention::Pruning;
use crate::store::writer::state::WriterState;
use crate::store::writer::thread::{Task, Writer};
use crate::sync::IgnorePoison;
use crate::webhook::Decoded;

/// An association graph store: a journal on disk, graphs in memory, and the one
/// thread that writes.
///
/// All calls block and need no async runtime; share it as `Arc<Store>`.
/// Dropping it waits for what was queued and saves a checkpoint.
///
/// ```
/// use relata::Store;
///
/// let store = Store::in_memory()?;
/// store.ingest(br#"{"id":"67ad","associationType":"USER_DEFINED","locationId":"eHy2",
///     "firstObjectKey":"contact","firstObjectLabel":"Interested Buyer",
///     "secondObjectKey":"custom_objects.property","secondObjectLabel":"Property",
///     "key":"buyer_property_interest"}"#)?;
/// store.ingest(br#"{"id":"67ae","associationId":"67ad","locationId":"eHy2",
///     "firstObjectKey":"contact","firstRecordId":"amara",
///     "secondObjectKey":"custom_objects.property","secondRecordId":"12-maple-street"}"#)?;
///
/// let location = store.location("eHy2")?.unwrap();
/// let house = "custom_objects.property/12-maple-street";
/// let page = location.links(house).label("Interested Buyer").page()?;
/// assert_eq!(page.total, Some(1));
/// assert_eq!(page.links[0].record.as_deref(), Some("amara"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Store {
    pub(crate) locations: Arc<Locations>,
    pub(crate) state: Arc<WriterState>,
    queue: Option<Queue>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Arc<OpenReader>,
    pub(crate) options: Options,
    pub(crate) redeliveries: Redeliveries,
    pub(crate) no_ops: NoOpEvents,
    pub(crate) subscriptions: Arc<Subscriptions>,
    epochs: Epochs,
    pub(crate) past_graphs: Arc<PastCache>,
    /// Held while events that a writing process added are merged.
    pub(crate) refreshing: Mutex<()>,
    /// Loads the graphs of locations; `None` where all are in memory.
    pub(super) loader: Option<Loader>,
    /// For what was loaded for the writer, while it is not being closed.
    to_writer: ToWriter,
    /// When the writer looked for what other processes have appended; `None` where there are
    /// none.
    last_look: Option<Arc<LastLook>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("head", &self.head()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in this database, a SQLite file or a PostgreSQL server's, creating it
    /// if there is none.
    ///
    /// # Performance
    ///
    /// Costs the checkpoint and the events after it, about a second for a million
    /// relations.
    pub fn open(database: impl Into<Database>) -> Result<Self, OpenError> {
        Self::open_with(database, Options::default())
    }

    /// Opens the store in this database with these options.
    pub fn open_with(database: impl Into<Database>, options: Options) -> Result<Self, OpenError> {
        Self::with_journal(database.into().open()?, options)
    }

    /// Opens the store in this database for queries only, beside processes that write to it.
    /// It shows the state at this moment, or at the last [`refresh`](Self::refresh), and
    /// refuses every delivery.
    pub fn open_read_only(database: impl Into<Database>) -> Result<Self, OpenError> {
        Self::open_beside_writer(database.into(), None, &Options::default())
    }

    pub(crate) fn open_beside_writer(
        database: Database,
        only: Option<&str>,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let mut journal = database.open_read_only()?;
        let recovered = recover_beside_writer(journal.as_mut(), options, only)?;
        let touched = recovered.checkpointer.touched();
        touched.for_each(|number| forget_changes(&recovered.locations, number));
        let state = Arc::new(WriterState::new(recovered.head, recovered.checkpoint));
        state.health.fail("it is open for reading only".to_owned(), None);
        Ok(Self {
            no_ops: recovered.checkpointer.no_ops(),
            subscriptions: Subscriptions::starting_at(recovered.head),
            epochs: journal.epochs()?,
            locations: Arc::new(recovered.locations),
            state,
            queue: None,
            writer: Mutex::new(None),
            readers: Arc::new(move || database.open_read_only()),
            options: options.clone(),
            redeliveries: Redeliveries::default(),
            past_graphs: PastCache::new(options.past_graphs),
            refreshing: Mutex::default(),
            loader: None,
            to_writer: Arc::default(),
            last_look: None,
        })
    }

    /// Creates a store that is lost when it is dropped.
    pub fn in_memory() -> Result<Self, OpenError> {
        Self::with_journal(Box::new(MemoryJournal::new()), Options::default())
    }

    /// Opens a store on any journal.
    pub fn with_journal(
        mut journal: Box<dyn Journal>,
        options: Options,
    ) -> Result<Self, OpenError> {
        let (recovered, shared) = open_graphs(journal.as_mut(), &options)?;
        let Recovered { locations, checkpointer, checkpoint, head } = recovered;
        let (locations, past_graphs) = (Arc::new(locations), PastCache::new(options.past_graphs));
        let (epochs, state) = (journal.epochs()?, Arc::new(WriterState::new(head, checkpoint)));
        let (queue, commands) = Queue::new(&options, Arc::clone(&state.queued));
        let (readers, subscriptions) = (journal.readers(), Subscriptions::starting_at(head));
        let to_writer = Arc::new(Mutex::new(Some(queue.sender())));
        let (kept, limit) = (options.clone(), options.graph_memory);
        let following = shared.map(|position| Following::new(position, &to_writer));
        let others = following.as_ref().map(|it| Others::new(it.last_look(), &state));
        let loader = Loader::start(&locations, &readers, limit, &to_writer, others.as_ref())?;
        let (redeliveries, no_ops) = (checkpointer.redeliveries(), checkpointer.no_ops());
        let writer = Writer {
            pruning: Pruning::new(options.keep_events, journal.pruned()?),
            clock: ReceiptClock::new(options.clock.clone(), journal.received_at(head)?, shared),
            journal,
            commands,
            subscriptions: Arc::clone(&subscriptions),
            state: Arc::clone(&state),
            locations: Arc::clone(&locations),
            past_graphs: Arc::clone(&past_graphs),
            deliveries: DedupWindow::new(options.remembered_deliveries),
            checkpointer,
            imports: Imports::default(),
            recalling: None,
            indexing: Indexing::new(),
            compaction: Compacting::new(options.keep_tombstones),
            log: LogTrimming::default(),
            new_ids: NewIds::default(),
            retrying: Retrying::default(),
            tasks_ran_at: Instant::now(),
            tasks: Task::ALL,
            options,
            head,
            following,
            waiting: HashMap::new(),
            to_self: Arc::clone(&to_writer),
        };
        Ok(Self {
            locations,
            state,
            queue: Some(queue),
            writer: Mutex::new(Some(start(writer)?)),
            readers,
            past_graphs,
            options: kept,
            redeliveries,
            no_ops,
            subscriptions,
            epochs,
            refreshing: Mutex::default(),
            loader: Some(loader),
            to_writer,
            last_look: others.map(Others::into_last_look),
        })
    }

    /// Has the writer execute a command between two batches, and waits for the reply.
    pub(crate) fn execute<T>(
        &self,
        command: impl FnOnce(SyncSender<T>) -> Command,
    ) -> Result<T, IngestError> {
        let (sender, reply) = sync_channel(1);
        self.send(command(sender))?;
        reply.recv().map_err(|_| self.unavailable())
    }

    /// Sends the writer a command, once there is room for it in the queue.
    pub(crate) fn send(&self, command: Command) -> Result<(), IngestError> {
        self.open_queue()?.send_waiting(command)
    }

    /// Returns whether a delivery goes into the journal, unless it is there already.
    pub(crate) fn is_stored(&self, delivery: &Delivery) -> bool {
        self.options.keep_ignored || matches!(delivery.decoded, Decoded::Event(_))
    }

    /// Returns the age at which events are deleted from the journal, `None` if never.
    pub fn retention(&self) -> Option<Duration> {
        self.options.keep_events
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.queue.is_none()
    }

    /// Returns the queue, if it is open and the writer works.
    pub(crate) fn open_queue(&self) -> Result<&Queue, IngestError> {
        let open = self.queue.as_ref().filter(|_| self.failure().is_none());
        open.ok_or_else(|| self.unavailable())
    }

    pub(crate) fn unavailable(&self) -> IngestError {
        self.state.health.refusal().unwrap_or_else(|| IngestError::unavailable("it is closed"))
    }

    /// Returns why nothing can be written, for now or until the store is opened again, or
    /// `None` while writing works. Queries are unaffected.
    pub fn failure(&self) -> Option<String> {
        self.state.health.failure()
    }

    /// Returns the epochs of the store: which stretches of history its seqs are of.
    pub fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    /// Returns whether deliveries are accepted at once. False for a moment after opening, until
    /// the ids of the last deliveries are known: earlier ones wait in the queue.
    pub fn is_ready(&self) -> bool {
        self.state.health.is_ready() && self.failure().is_none() && !self.is_outdated()
    }

    /// Returns whether the database, which other processes write, too, has not answered for
    /// ten seconds: queries may miss what they have appended since.
    pub fn is_outdated(&self) -> bool {
        self.last_look.as_ref().is_some_and(|last| last.is_overdue())
    }

    /// Returns the last event that every query sees.
    pub fn head(&self) -> Seq {
        self.state.watermark.head()
    }

    /// Returns whether this process saves the checkpoints: one of those that write the same
    /// journal does.
    pub fn saves_checkpoints(&self) -> bool {
        match &self.last_look {
            Some(last) => last.maintains(),
            None => !self.is_read_only(),
        }
    }

    /// Returns how long ago the database, which other processes write, too, has answered; 0
    /// where there are none.
    pub fn since_heard(&self) -> Duration {
        self.last_look.as_ref().map_or(Duration::ZERO, |last| last.age())
    }

    /// Returns whether other processes may write the journal, too.
    pub fn is_shared(&self) -> bool {
        self.last_look.is_some()
    }

    /// Looks for an event that another process has appended to the same journal, now rather
    /// than in a few milliseconds.
    pub(crate) fn look_for(&self, seq: Seq) {
        if let Some(last) = self.last_look.as_ref().filter(|_| self.head() < seq) {
            last.hurry();
        }
    }

    /// Waits until an event is visible to every query, and returns whether it is.
    pub fn wait_for(&self, seq: Seq, timeout: Duration) -> bool {
        self.look_for(seq);
        self.state.watermark.wait_for(seq, timeout)
    }

    /// Saves a checkpoint now.
    pub fn checkpoint(&self) -> Result<(), IngestError> {
        self.execute(Command::Checkpoint)?
    }

    /// Returns the last event that was pruned, 0 if none was.
    pub fn pruned(&self) -> Result<Seq, JournalError> {
        self.reader()?.pruned()
    }

    /// Opens a reader of the journal as it stands now.
    pub fn reader(&self) -> Result<Box<dyn JournalReader>, JournalError> {
        (self.readers)()
    }

    /// Waits for what was queued, saves a checkpoint and returns whether all of it
    /// succeeded.
    pub fn close(mut self) -> Result<(), IngestError> {
        let read_only = self.queue.is_none();
        self.stop();
        match self.state.health.refusal() {
            Some(refusal) if !read_only => Err(refusal),
            _ => Ok(()),
        }
    }

    fn stop(&mut self) {
        // The writer ends with the last sender.
        *self.to_writer.lock().ignore_poison() = None;
        self.queue = None;
        let handle = self.writer.lock().ignore_poison().take();
        if let Some(handle) = handle
            && handle.join().is_err()
        {
            self.state
                .health
                .fail("the writer has crashed; this is a bug in Relata".to_owned(), None);
        }
        self.loader = None;
    }
}

/// Starts the thread of the writer.
fn start(writer: Writer) -> Result<JoinHandle<()>, OpenError> {
    let thread = std::thread::Builder::new().name("relata-writer".to_owned());
    thread.spawn(move || writer.run_guarded()).map_err(OpenError::Thread)
}

impl Drop for Store {
    fn drop(&mut self) {
        self.stop();
    }
}
