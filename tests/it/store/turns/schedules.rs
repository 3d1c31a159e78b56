//! Three processes, whatever they do and whenever one of them is killed: at the end all have
//! the same graphs and tell the same changes, and what was acknowledged is there, once.
//!
//! A schedule that fails names its seed: `RELATA_SEED=7 cargo test --test it schedules` runs
//! that one alone. `RELATA_SCHEDULES=100000` runs as many.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use relata::journal::{JournalReader, MemoryJournal};
use relata::mutation::{Condition, Mutation, Mutations};
use relata::{
    AssociationId, Delivery, LocationId, Options, RecordId, RelationId, Seq, Status, Store,
    Timestamp, verify,
};

use crate::support::clock::{DAY, ManualClock};
use crate::support::fault_plan::{Fault, Plan, Saver};
use crate::support::faulty_journal::Faulty;
use crate::support::long;
use crate::support::random::Random;
use crate::support::sample::differences;

/// Days after which a deletion is forgotten.
const KEEP_DAYS: u64 = 10;

const STEPS: u64 = 60;

pub(super) const LOCATIONS: u64 = 4;

pub(super) struct Node {
    pub(super) store: Store,
    pub(super) plan: Arc<Plan>,
}

/// What was acknowledged.
pub(super) struct Acknowledged {
    pub(super) location: String,
    pub(super) body: String,
    /// Its id, if it was accepted for the first time.
    pub(super) fresh: Option<String>,
}

pub(super) struct World {
    pub(super) random: Random,
    pub(super) clock: ManualClock,
    pub(super) journal: MemoryJournal,
    pub(super) saver: Saver,
    pub(super) nodes: Vec<Node>,
    /// Deliveries with an id, which may be sent again.
    pub(super) sent: Vec<(String, String)>,
    pub(super) acknowledged: BTreeMap<Seq, Acknowledged>,
    /// By location, the last event before it was last erased.
    pub(super) erased: HashMap<String, Seq>,
    /// Days after which old events are deleted.
    pub(super) keep_events: Option<u64>,
    pub(super) log: Vec<String>,
}

#[test]
fn every_schedule_leaves_all_processes_alike() {
    let read = |name: &str| std::env::var_os(name)?.to_str()?.parse::<u64>().ok();
    match read("RELATA_SEED") {
        Some(seed) => run(seed),
        None => run_all(read("RELATA_SCHEDULES").unwrap_or(1_000)),
    }
}

/// Runs as many at once as there are processors.
fn run_all(schedules: u64) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || (0..schedules).skip(first).step_by(threads).for_each(run));
        }
    });
}

fn run(seed: u64) {
    let mut world = World::new(seed);
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for _ in 0..STEPS {
            world.step();
        }
        world.check();
    }));
    if let Err(panic) = ran {
        long::tell(
            "this schedule fails: RELATA_SEED",
            format_args!("{seed}\n{}", world.log.join("\n")),
        );
        std::panic::resume_unwind(panic);
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let keep_events = (random.below(3) == 0).then_some(3);
        let mut world = Self {
            random,
            clock: ManualClock::new(),
            journal: MemoryJournal::shared(),
            saver: Saver::default(),
            nodes: Vec::new(),
            sent: Vec::new(),
            acknowledged: BTreeMap::new(),
            erased: HashMap::new(),
            keep_events,
            log: Vec::new(),
        };
        for _ in 0..3 {
            let node = world.open();
            world.nodes.push(node);
        }
        world
    }

    pub(super) fn options(&mut self) -> Options {
        Options {
            clock: self.clock.shared(),
            keep_tombstones: Some(Duration::from_secs(KEEP_DAYS * 24 * 3600)),
            keep_events: self.keep_events.map(|days| Duration::from_secs(days * 24 * 3600)),
            // At each event, now and then, or only when the schedule says so.
            checkpoint_events: [1, 5, u64::MAX][self.random.place(3)],
            checkpoint_interval: Duration::from_secs(3600),
            checkpoint_part_rows: 1 + self.random.place(8),
            // All graphs in memory, or as few as possible.
            graph_memory: [None, Some(1)][self.random.place(2)],
            rows_loaded_at_once: [0, 50_000][self.random.place(2)],
            ..Options::default()
        }
    }

    fn open(&mut self) -> Node {
        let fault = [Fault::Full, Fault::Taken, Fault::Same, Fault::Sync][self.random.place(4)];
        let mut journal = Faulty::new(self.journal.clone(), fault, u64::MAX);
        journal.clock = Some(self.clock.clone());
        journal.saver = Some(Arc::clone(&self.saver));
        let plan = Arc::clone(&journal.plan);
        plan.failures_left.store(0, Relaxed);
        let options = self.options();
        let store = Store::with_journal(Box::new(journal), options).unwrap();
        // Deliveries of earlier processes are known from here on.
        while !store.is_ready() {
            std::thread::yield_now();
        }
        Node { store, plan }
    }

    fn step(&mut self) {
        let at = self.random.place(self.nodes.len());
        self.restart_overtaken();
        let what = self.random.below(100);
        self.log.push(format!("{what} at {at}, head {}", self.nodes[at].store.head()));
        match what {
            0..40 => self.deliver(at),
            40..50 => self.ask(at),
            50..60 => self.mutate(at),
            60..66 => self.import(at),
            66..72 => self.nodes[at].store.checkpoint().unwrap_or_default(),
            72..76 => {
                self.nodes[at].store.compact().unwrap_or_default();
            }
            76..80 => self.erase(at),
            80..84 => {
                let plan = Arc::clone(&self.nodes[at].plan);
                plan.failures_left.store(1, Relaxed);
                plan.appends_left.store(0, Relaxed);
                self.deliver(at);
            }
            84..88 => self.kill_at_append(at),
            88..92 => self.kill(at),
            92..94 => {
                let node = self.open();
                let before = std::mem::replace(&mut self.nodes[at], node);
                // It may be paused, after a failure.
                before.store.close().unwrap_or_default();
                before.plan.stop_saving(&self.saver);
            }
            94..96 => self.cut(at),
            96..98 => {
                // One of the next events cannot be read at first.
                let next = self.nodes[at].store.head() + 1 + self.random.below(3);
                self.nodes[at].plan.read_fails_at.store(next, Relaxed);
            }
            _ => self.clock.pass(DAY * i64::try_from(self.random.below(5)).unwrap()),
        }
    }

    /// Starts processes again that have ended since others pruned what they had not read.
    fn restart_overtaken(&mut self) {
        for at in 0..self.nodes.len() {
            let failed = self.nodes[at].store.failure();
            if failed.is_some_and(|reason| reason.contains("are pruned, and this process")) {
                self.log.push(format!("{at} was overtaken"));
                assert!(self.keep_events.is_some());
                self.kill(at);
            }
        }
    }

    fn location(&mut self) -> String {
        format!("L{}", self.random.below(LOCATIONS))
    }

    /// Something that happened, perhaps long ago by its own words.
    fn body(&mut self, location: &str) -> String {
        let id = self.random.below(4);
        let event = self.random.one(&["Create", "Delete", "Create"]);
        let at = if self.random.below(3) == 0 {
            String::new()
        } else {
            let ago = DAY * i64::try_from(self.random.below(12)).unwrap();
            let at = Timestamp::from_millis(self.clock.wall().as_millis() - ago);
            format!(r#","timestamp":"{at}""#)
        };
        let what = match self.random.below(5) {
            0 => format!(
                r#""type":"Association{event}","id":"a{id}","key":"k{id}",
                "firstObjectKey":"contact","firstObjectLabel":"Owner",
                "secondObjectKey":"house","secondObjectLabel":"House""#
            ),
            1 => format!(r#""type":"Record{event}","objectKey":"contact","id":"c{id}""#),
            _ => format!(
                r#""type":"Relation{event}","id":"r{id}{}","associationId":"a{}",
                "firstObjectKey":"contact","firstRecordId":"c{id}",
                "secondObjectKey":"house","secondRecordId":"h{}""#,
                self.random.below(2),
                self.random.below(4),
                self.random.below(4)
            ),
        };
        format!(r#"{{"locationId":"{location}"{at},{what}}}"#).replace('\n', "")
    }

    fn deliver(&mut self, at: usize) {
        let again = !self.sent.is_empty() && self.random.below(4) == 0;
        let (body, id) = if again {
            let place = self.random.place(self.sent.len());
            self.sent[place].clone()
        } else {
            let location = self.location();
            let sent = (self.body(&location), format!("w{}", self.sent.len()));
            self.sent.push(sent.clone());
            sent
        };
        let delivery = Delivery::read(body.as_bytes(), None, self.clock.wall()).unwrap();
        let received = self.nodes[at].store.accept(delivery.with_webhook_id(&id));
        let Ok(receipt) = received else {
            self.log.push(format!("  {id} is refused"));
            return;
        };
        self.log.push(format!("  {id} {:?} {:?} {body}", receipt.status, receipt.seq));
        let seq = receipt.seq.unwrap();
        if receipt.status == Status::Duplicate {
            let first = self.acknowledged.get(&seq);
            assert!(first.is_none_or(|it| it.body == body), "a duplicate of another, {seq}");
            return;
        }
        let location = receipt.location.unwrap().to_string();
        let of = Acknowledged { location, body, fresh: Some(id) };
        assert!(self.acknowledged.insert(seq, of).is_none(), "event {seq} is acknowledged twice");
    }

    fn mutate(&mut self, at: usize) {
        let location = self.location();
        let (number, other) = (self.random.below(4), self.random.below(4));
        let mutation = match self.random.below(4) {
            0 => Mutation::CreateRelation {
                association: AssociationId::from(format!("a{number}")),
                first: RecordId::from(format!("c{other}")),
                second: RecordId::from(format!("h{number}")),
            },
            1 => Mutation::DeleteRelation { id: RelationId::from(format!("r{number}0")) },
            2 => Mutation::DeleteAssociation { id: AssociationId::from(format!("a{number}")) },
            _ => {
                let body = self.body(&location);
                let delivery = Delivery::read(body.as_bytes(), None, self.clock.wall()).unwrap();
                Mutation::Append { delivery: Box::new(delivery), condition: Condition::Unknown }
            }
        };
        let mutations = Mutations {
            location: LocationId::from(location.as_str()),
            trace_id: None,
            mutations: vec![mutation],
        };
        let Ok(mutated) = self.nodes[at].store.mutate(mutations) else { return };
        for done in mutated.outcomes.into_iter().flatten() {
            let Some(seq) = done.seq else { continue };
            self.log.push(format!("  mutated as {seq}"));
            let of = Acknowledged { location: location.clone(), body: String::new(), fresh: None };
            assert!(self.acknowledged.insert(seq, of).is_none(), "event {seq} twice");
        }
    }

    /// Asks for a location, whose graph may have to be loaded.
    fn ask(&mut self, at: usize) {
        let id = self.location();
        let found = self.nodes[at].store.location(&id).map(|found| found.is_some());
        self.log.push(format!("  {id}: {found:?}"));
    }

    fn import(&mut self, at: usize) {
        let lines: String = (0..=self.random.below(4))
            .map(|_| {
                let location = self.location();
                self.body(&location) + "\n"
            })
            .collect();
        let imported = self.nodes[at].store.import().read(lines.as_bytes(), |_| Ok(()));
        self.log.push(format!("  imported {imported:?}"));
        if imported.is_ok() && self.random.below(2) == 0 {
            // The same file at another process: each line is known there.
            let other = &self.nodes[self.random.place(self.nodes.len())].store;
            let again = other.import().read(lines.as_bytes(), |_| Ok(()));
            self.log.push(format!("  again {again:?}"));
            if let Ok(counts) = again {
                assert_eq!(counts.duplicate, counts.lines, "lines are imported twice");
            }
        }
    }

    fn erase(&mut self, at: usize) {
        let location = self.location();
        let erased = self.nodes[at].store.erase_location(&location);
        self.log.push(format!("  erased {location}: {erased:?}"));
        // After a failure it may be done all the same.
        if !matches!(erased, Ok(None)) {
            let head = self.journal.clone().head().unwrap();
            self.erased.insert(location, head);
        }
    }

    /// Kills a process between an append and its answer, or right before.
    fn kill_at_append(&mut self, at: usize) {
        let plan = Arc::clone(&self.nodes[at].plan);
        plan.dies.store(true, Relaxed);
        plan.failures_left.store(1, Relaxed);
        plan.appends_left.store(0, Relaxed);
        self.deliver(at);
        self.kill(at);
    }

    /// Cuts the connection of a process, perhaps in the middle of a checkpoint, which another
    /// one saves before it notices.
    fn cut(&mut self, at: usize) {
        self.nodes[at].plan.cut(&self.saver);
        let other = self.random.place(self.nodes.len());
        self.deliver(other);
        self.nodes[other].store.checkpoint().unwrap_or_default();
        self.nodes[at].store.checkpoint().unwrap_or_default();
    }

    fn kill(&mut self, at: usize) {
        self.nodes[at].plan.is_dead.store(true, Relaxed);
        self.nodes[at].plan.stop_saving(&self.saver);
        let before = self.open();
        drop(std::mem::replace(&mut self.nodes[at], before));
    }

    fn check(&mut self) {
        let head = self.journal.clone().head().unwrap();
        for node in &self.nodes {
            node.plan.read_fails_at.store(0, Relaxed);
        }
        for at in 0..self.nodes.len() {
            let mut tries = 0;
            while !self.nodes[at].store.wait_for(head, Duration::from_millis(20)) {
                self.restart_overtaken();
                tries += 1;
                let store = &self.nodes[at].store;
                assert!(tries < 500, "{store:?} does not come to {head}: {:?}", store.failure());
            }
        }
        for node in &self.nodes {
            // Compactions and erasures come with the next turn.
            let erase = || node.store.erase_location("nobody");
            // The first attempt of one that was cut off may fail.
            let ended = (0..500).map(|_| erase()).find(|ended| {
                let is_done = ended.is_ok();
                if !is_done {
                    std::thread::sleep(Duration::from_millis(20));
                }
                is_done
            });
            assert!(matches!(ended, Some(Ok(None))), "{ended:?}: {:?}", node.store.failure());
        }
        self.check_acknowledged();
        let mut fresh = Faulty::new(self.journal.clone(), Fault::Full, u64::MAX);
        fresh.clock = Some(self.clock.clone());
        let fresh = Store::with_journal(Box::new(fresh), self.options()).unwrap();
        let replayed = self.replayed();
        for store in self.nodes.iter().map(|node| &node.store).chain([&fresh]) {
            let found = differences(store, &replayed);
            assert!(found.is_empty(), "{found:#?}");
            self.check_changes(store, &replayed);
        }
        drop(fresh);
        let verified = verify(&mut self.journal.clone(), 10).unwrap();
        assert!(verified.differences.is_empty(), "{verified:#?}");
        // The one that saves checkpoints, and one that goes on where it has ended.
        while let Some(node) = self.nodes.pop() {
            node.store.checkpoint().unwrap();
            if self.random.below(2) == 0 {
                node.plan.is_dead.store(true, Relaxed);
            }
            let Node { store, plan } = node;
            drop(store);
            plan.stop_saving(&self.saver);
            let verified = verify(&mut self.journal.clone(), 10).unwrap();
            assert!(verified.differences.is_empty(), "{verified:#?}");
        }
        let last = Store::with_journal(Box::new(self.journal.clone()), self.options()).unwrap();
        let found = differences(&last, &replayed);
        assert!(found.is_empty(), "{found:#?}");
    }
}
