//! A store: open, ingest, ask, close.

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::graph::LocationGraph;
use crate::journal::{
    DeadLetter, DeadLetterSummary, DeadLetterTotals, Journal, JournalError, JournalReader,
    MemoryJournal, OpenReader, Refused, SqliteJournal,
};
use crate::model::{Epochs, Seq};
use crate::store::changes::subscription::Subscriptions;
use crate::store::delivery::{
    Delivery, IngestError, Preview, PreviewError, Receipt, ReplayError, Status,
};
use crate::store::index::no_ops::NoOpEvents;
use crate::store::index::redeliveries::Redeliveries;
use crate::store::location_ids::{count_locations, forget_changes};
use crate::store::locations::{Location, Locations};
use crate::store::name_limits::{NameLimits, NewNames};
use crate::store::options::Options;
use crate::store::past::cache::PastCache;
use crate::store::recovery::{OpenError, recover, recover_beside_writer};
use crate::store::writer::batch::receipt;
use crate::store::writer::clock::ReceiptClock;
use crate::store::writer::command::{Command, Pending};
use crate::store::writer::compaction::Compacting;
use crate::store::writer::dedup_window::{DedupWindow, recall_after};
use crate::store::writer::import_marks::Imports;
use crate::store::writer::log_trimming::LogTrimming;
use crate::store::writer::queue::{Gauge, Queue};
use crate::store::writer::recovery::Retrying;
use crate::store::writer::retention::Pruning;
use crate::store::writer::thread::Writer;
use crate::sync::IgnorePoison;
use crate::webhook::{Decoded, UrlTypes};

/// An association graph store: a journal on disk, graphs in memory, and the one
/// thread that writes.
///
/// All calls block and need no async runtime; share it as `Arc<Store>`.
/// Dropping it waits for what was queued and saves a checkpoint.
///
/// ```
/// use relata::graph::{LinkFilter, LinkQuery};
/// use relata::{NodeRef, Store};
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
/// let location = store.location("eHy2").unwrap();
/// let graph = location.read();
/// let house: NodeRef = "custom_objects.property/12-maple-street".parse()?;
/// let buyers = LinkFilter::default().label("Interested Buyer");
/// let page = graph.links(&house, &LinkQuery::from(buyers)).unwrap();
/// assert_eq!(page.total, Some(1));
/// assert_eq!(page.links[0].record, Some("amara"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Store {
    pub(crate) locations: Arc<Locations>,
    pub(crate) gauge: Arc<Gauge>,
    queue: Option<Queue>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Arc<OpenReader>,
    keep_ignored: bool,
    pub(crate) repeats: Redeliveries,
    pub(crate) idle: NoOpEvents,
    pub(crate) subscriptions: Arc<Subscriptions>,
    epochs: Epochs,
    pub(crate) pasts: PastCache,
    /// Held while what a writing process added is taken in.
    pub(crate) refreshing: Mutex<()>,
    /// For [`preview`](Self::preview) where there is no writer.
    names: NameLimits,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("head", &self.head()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in this SQLite file, creating it if there is none.
    ///
    /// Costs the checkpoint and the events behind it, about a second for a
    /// million relations.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, Options::default())
    }

    /// Opens the store in this SQLite file, paced by these options.
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        Self::with_journal(Box::new(SqliteJournal::open(path.as_ref())?), options)
    }

    /// Opens the store in this SQLite file for questions alone, beside a process
    /// that writes to it. It shows the state at this moment, or at the last
    /// [`refresh`](Self::refresh), and refuses every delivery.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_beside_writer(path.as_ref(), None, &Options::default())
    }

    pub(crate) fn open_beside_writer(
        path: &Path,
        only: Option<&str>,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let mut journal = SqliteJournal::open_read_only(path)?;
        let recovered = recover_beside_writer(&mut journal, options, only)?;
        let touched = recovered.checkpointer.touched();
        touched.for_each(|number| forget_changes(&recovered.locations, number));
        let path = path.to_owned();
        let gauge = Arc::new(Gauge::default());
        gauge.pulse.begin(recovered.checkpoint);
        gauge.fail("it is open for reading only".to_owned());
        Ok(Self {
            idle: recovered.checkpointer.idle(),
            subscriptions: Subscriptions::starting_at(recovered.head),
            epochs: journal.epochs()?,
            locations: Arc::new(recovered.locations),
            gauge,
            queue: None,
            writer: Mutex::new(None),
            readers: Arc::new(move || Ok(Box::new(SqliteJournal::open_read_only(&path)?))),
            keep_ignored: false,
            repeats: Redeliveries::default(),
            pasts: PastCache::new(options.past_graphs),
            refreshing: Mutex::default(),
            names: options.names,
        })
    }

    /// A store that lives as long as the process.
    pub fn in_memory() -> Result<Self, OpenError> {
        Self::with_journal(Box::new(MemoryJournal::new()), Options::default())
    }

    /// A store on any journal.
    pub fn with_journal(
        mut journal: Box<dyn Journal>,
        options: Options,
    ) -> Result<Self, OpenError> {
        let mut recovered = recover(journal.as_mut(), &options)?;
        recovered.replace_damaged_checkpoint(journal.as_mut())?;
        let epochs = journal.epochs()?;
        let head = recovered.head;
        let pruning = Pruning::new(options.keep_events, journal.pruned()?);
        let clock = ReceiptClock::new(options.clock.clone(), journal.received_at(head)?);
        let locations = Arc::new(recovered.locations);
        let (queue, jobs, gauge) = Queue::new(&options);
        gauge.pulse.begin(recovered.checkpoint);
        let readers = journal.readers();
        let (keep_ignored, names) = (options.keep_ignored, options.names);
        let (repeats, pasts) =
            (recovered.checkpointer.repeats(), PastCache::new(options.past_graphs));
        let idle = recovered.checkpointer.idle();
        let subscriptions = Subscriptions::starting_at(head);
        let writer = Writer {
            journal,
            jobs,
            subscriptions: Arc::clone(&subscriptions),
            gauge: Arc::clone(&gauge),
            locations: Arc::clone(&locations),
            deliveries: DedupWindow::new(options.remembered_deliveries),
            checkpointer: recovered.checkpointer,
            imports: Imports::default(),
            pruning,
            compaction: Compacting::new(options.keep_tombstones),
            log: LogTrimming::default(),
            retrying: Retrying::default(),
            clock,
            options,
            head,
        };
        let thread = std::thread::Builder::new().name("relata-writer".to_owned());
        let handle = thread.spawn(move || writer.run_guarded()).map_err(OpenError::Thread)?;
        let writer = Mutex::new(Some(handle));
        let queue = Some(queue);
        let refreshing = Mutex::default();
        Ok(Self {
            locations,
            gauge,
            queue,
            writer,
            readers,
            keep_ignored,
            repeats,
            idle,
            subscriptions,
            epochs,
            pasts,
            refreshing,
            names,
        })
    }

    /// Reads a body, makes it durable and merges it. When this returns a
    /// receipt, the event is on disk and every question sees it.
    ///
    /// Costs one fsync, which calls at the same time share. See
    /// [`webhook::decode`](crate::webhook::decode) for what can be read.
    pub fn ingest(&self, body: &[u8]) -> Result<Receipt, IngestError> {
        self.accept(Delivery::read(body, None, None)?)
    }

    /// As [`ingest`](Self::ingest), for a delivery that is read already.
    pub fn accept(&self, delivery: Delivery) -> Result<Receipt, IngestError> {
        let (sender, receiver) = sync_channel(1);
        self.enqueue(delivery, true, move |result| {
            // The other end waits below.
            sender.send(result).unwrap_or_default();
        })?;
        receiver.recv().unwrap_or_else(|_| Err(self.unavailable()))
    }

    /// Queues a delivery and has `reply` called, on the writer's thread, once it
    /// is durable and merged. Never blocks: a full queue is refused at once.
    pub fn submit(
        &self,
        delivery: Delivery,
        reply: impl FnOnce(Result<Receipt, IngestError>) + Send + 'static,
    ) -> Result<(), IngestError> {
        self.enqueue(delivery, false, reply)
    }

    /// As [`submit`](Self::submit), but waits while the queue is full.
    pub fn submit_waiting(
        &self,
        delivery: Delivery,
        reply: impl FnOnce(Result<Receipt, IngestError>) + Send + 'static,
    ) -> Result<(), IngestError> {
        self.enqueue(delivery, true, reply)
    }

    fn enqueue(
        &self,
        delivery: Delivery,
        wait: bool,
        reply: impl FnOnce(Result<Receipt, IngestError>) + Send + 'static,
    ) -> Result<(), IngestError> {
        let queue = self.open_queue()?;
        if !self.keeps(&delivery) {
            reply(Ok(receipt(delivery.decoded, Status::Ignored, None)));
            return Ok(());
        }
        let job = Command::Append(Box::new(Pending { delivery, reply: Box::new(reply) }));
        if wait { queue.put(job) } else { queue.offer(job) }
    }

    /// Whether a delivery goes into the journal, unless it is there already.
    pub(crate) fn keeps(&self, delivery: &Delivery) -> bool {
        self.keep_ignored || matches!(delivery.decoded, Decoded::Event(_))
    }

    /// Keeps a delivery that was refused as a dead letter, and has `reply`
    /// called, on the writer's thread, once it is durable. Never blocks: a full
    /// queue is refused at once.
    ///
    /// Dead letters are bounded by [`Options::dead_letters`]; the oldest make
    /// room, and a body that is there already is only counted.
    pub fn keep_refused(
        &self,
        refused: Refused,
        reply: impl FnOnce(Result<(), IngestError>) + Send + 'static,
    ) -> Result<(), IngestError> {
        self.open_queue()?.offer(Command::KeepDeadLetter(Box::new(refused), Box::new(reply)))
    }

    /// Up to `limit` dead letters behind this id, in order.
    pub fn dead_letters(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetterSummary>, JournalError> {
        self.reader()?.dead_letters(after, limit)
    }

    /// How many dead letters there are.
    pub fn dead_letter_totals(&self) -> Result<DeadLetterTotals, JournalError> {
        self.reader()?.dead_letter_totals()
    }

    /// One dead letter.
    pub fn dead_letter(&self, id: u64) -> Result<Option<DeadLetter>, JournalError> {
        self.reader()?.dead_letter(id)
    }

    /// Deletes a dead letter and tells whether there was one. Durable when this
    /// returns.
    pub fn delete_dead_letter(&self, id: u64) -> Result<bool, IngestError> {
        self.ask(|reply| Command::DeleteDeadLetter(id, reply))?
    }

    /// Reads a dead letter again, as if it came in now, and deletes it if it can
    /// be used this time. Answers with nothing if there is no such letter. `url_types`
    /// says whether the type of its URL counts.
    pub fn replay_dead_letter(
        &self,
        id: u64,
        url_types: UrlTypes,
    ) -> Result<Option<Receipt>, ReplayError> {
        let Some(letter) = self.dead_letter(id)? else { return Ok(None) };
        let url_type = letter.summary.url_type.as_deref();
        let read = Delivery::read_with(&letter.body, url_type, url_types, None);
        let mut delivery = read.map_err(IngestError::Unreadable)?;
        if let Some(id) = letter.webhook_id() {
            delivery = delivery.with_webhook_id(id);
        }
        let receipt = self.accept(delivery)?;
        self.delete_dead_letter(id)?;
        Ok(Some(receipt))
    }

    /// What a delivery would do if it came now, and the seq it would get, or for
    /// a duplicate has. Nothing is stored.
    ///
    /// In a store that is open for reading only it reads the ids of all
    /// deliveries of the last seven days.
    pub fn preview(&self, delivery: Delivery) -> Result<Preview, PreviewError> {
        if self.queue.is_none() {
            return self.preview_here(delivery);
        }
        let (previewed, delivery) =
            self.ask(|reply| Command::Preview(Box::new(delivery), reply))?;
        let beyond = |reached| IngestError::LimitReached { reached, delivery };
        let (status, seq) = previewed.map_err(beyond)?;
        Ok(Preview { status, seq })
    }

    fn preview_here(&self, delivery: Delivery) -> Result<Preview, PreviewError> {
        let Decoded::Event(event) = delivery.decoded() else {
            return Ok(Preview { status: Status::Ignored, seq: None });
        };
        if let Some(webhook_id) = &event.webhook_id {
            let mut first = None;
            let mut journal = self.reader()?;
            let room = Options::default().remembered_deliveries;
            let after = recall_after(journal.as_mut(), room)?;
            journal.accepted(after, &mut |it| {
                let same =
                    it.location == event.location.as_str() && it.webhook_id == webhook_id.as_str();
                first = first.or(same.then_some(it.seq));
            })?;
            if first.is_some() {
                return Ok(Preview { status: Status::Duplicate, seq: first });
            }
        }
        let known = match self.location(event.location.as_str()) {
            Some(_) => self.locations.len(),
            None => count_locations(self.reader()?.as_mut(), self.names.locations)?,
        };
        let mut names = NewNames::new(self.names, &self.locations, known);
        if let Err(reached) = names.check(event) {
            return Err(IngestError::LimitReached { reached, delivery: delivery.into() }.into());
        }
        let seq = self.head() + 1;
        let outcome = match self.location(event.location.as_str()) {
            Some(location) => location.read().preview(seq, event),
            None => LocationGraph::new().preview(seq, event),
        };
        Ok(Preview { status: outcome.into(), seq: Some(seq) })
    }

    /// Has the writer do something between two batches, and waits for it.
    pub(crate) fn ask<T>(
        &self,
        command: impl FnOnce(SyncSender<T>) -> Command,
    ) -> Result<T, IngestError> {
        let (reply, answer) = sync_channel(1);
        self.put(command(reply))?;
        answer.recv().map_err(|_| self.unavailable())
    }

    /// Has the writer do something, once there is room for it in the queue.
    pub(crate) fn put(&self, command: Command) -> Result<(), IngestError> {
        self.open_queue()?.put(command)
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.queue.is_none()
    }

    fn open_queue(&self) -> Result<&Queue, IngestError> {
        let open = self.queue.as_ref().filter(|_| self.failure().is_none());
        open.ok_or_else(|| self.unavailable())
    }

    pub(crate) fn unavailable(&self) -> IngestError {
        let reason = self.failure().unwrap_or_else(|| "it is closed".to_owned());
        IngestError::Unavailable { reason }
    }

    /// Why nothing can be written, if so: for now, or until the store is opened again.
    /// Questions are still answered.
    pub fn failure(&self) -> Option<String> {
        self.gauge.failure()
    }

    /// Returns the epochs of the store: which stretches of history its seqs are of.
    pub fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    /// Whether deliveries are taken at once. False for a while after opening, until the
    /// ids of recent deliveries are known: what comes before waits in the queue.
    pub fn is_ready(&self) -> bool {
        self.gauge.is_ready() && self.failure().is_none()
    }

    /// The seq that every question sees at least.
    pub fn head(&self) -> Seq {
        self.locations.news.head()
    }

    /// Waits until an event is visible to every question; false if it is not in
    /// time.
    pub fn wait_for(&self, seq: Seq, timeout: Duration) -> bool {
        self.locations.news.wait(seq, timeout)
    }

    /// Has this called on the writer's thread whenever events have become
    /// visible, with the seq of the last; it must not block. False if there is
    /// such a listener already.
    pub fn listen(&self, listener: impl Fn(Seq) + Send + Sync + 'static) -> bool {
        self.locations.news.listen(Box::new(listener))
    }

    /// One location, if any event was ever accepted for it.
    pub fn location(&self, id: &str) -> Option<Arc<Location>> {
        self.locations.find(id)
    }

    /// All locations, in the order the store first heard of them.
    pub fn locations(&self) -> Vec<Arc<Location>> {
        self.locations.all()
    }

    /// Returns up to `limit` locations, in the order the store first heard of them, from
    /// behind the [place](Location::place) `after` on. Costs the page.
    pub fn locations_after(&self, after: Option<u32>, limit: usize) -> Vec<Arc<Location>> {
        self.locations.page(after, limit)
    }

    /// Saves a checkpoint now.
    pub fn checkpoint(&self) -> Result<(), IngestError> {
        self.ask(Command::Checkpoint)?
    }

    /// Events up to this seq are no longer kept; 0 if all are.
    pub fn pruned(&self) -> Result<Seq, JournalError> {
        self.reader()?.pruned()
    }

    /// A reader of the journal as it stands now.
    pub fn reader(&self) -> Result<Box<dyn JournalReader>, JournalError> {
        (self.readers)()
    }

    /// Waits for what was queued, saves a checkpoint and says whether all of it
    /// went well.
    pub fn close(mut self) -> Result<(), IngestError> {
        let read_only = self.queue.is_none();
        self.stop();
        match self.failure() {
            Some(reason) if !read_only => Err(IngestError::Unavailable { reason }),
            _ => Ok(()),
        }
    }

    fn stop(&mut self) {
        self.queue = None;
        let handle = self.writer.lock().ignore_poison().take();
        if let Some(handle) = handle
            && handle.join().is_err()
        {
            self.gauge.fail("the writer has crashed; this is a bug in Relata".to_owned());
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.stop();
    }
}
