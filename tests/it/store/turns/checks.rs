//! What must be so at the end of a schedule.

use std::collections::{BTreeMap, HashMap};

use relata::changes::ChangeFilter;
use relata::journal::{Compaction, Journal, JournalEntry, JournalReader, MemoryJournal};
use relata::{Options, Seq, Store};

use crate::store::turns::schedules::{LOCATIONS, World};

impl World {
    /// Each was written where its answer says, and each id once.
    pub(super) fn check_acknowledged(&mut self) {
        let mut journal = self.journal.clone();
        let pruned = journal.pruned().unwrap();
        let mut found: BTreeMap<Seq, (String, Option<String>)> = BTreeMap::new();
        journal
            .read(pruned, &mut |seq, entry| {
                let id = entry.webhook_id.map(str::to_owned);
                found.insert(seq, (entry.location.to_owned(), id));
                std::ops::ControlFlow::Continue(())
            })
            .unwrap();
        let mut seen = HashMap::new();
        for (seq, of) in &self.acknowledged {
            if *seq <= pruned || self.erased.get(&of.location).is_some_and(|at| seq <= at) {
                continue;
            }
            let (location, id) = found.get(seq).expect("an acknowledged event");
            assert_eq!((location, id), (&of.location, &of.fresh), "event {seq}");
        }
        for (seq, (location, id)) in &found {
            let Some(id) = id else { continue };
            if let Some(first) = seen.insert((location, id), seq) {
                panic!("{id} is there twice: {first}, {seq}");
            }
        }
    }

    /// A store of one process that replays all there is.
    pub(super) fn replayed(&mut self) -> Store {
        let (mut from, mut to) = (self.journal.clone(), MemoryJournal::new());
        let pruned = from.pruned().unwrap();
        if pruned > 0 {
            return Store::with_journal(Box::new(from), self.options()).unwrap();
        }
        from.read(0, &mut |_, entry: JournalEntry<'_>| {
            to.append(&[entry]).unwrap();
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        for compaction in from.compactions(0).unwrap() {
            let Compaction { location, at, upto } = compaction;
            to.record_compaction(&Compaction { location, at, upto }).unwrap();
        }
        let options = Options { keep_tombstones: None, ..self.options() };
        Store::with_journal(Box::new(to), options).unwrap()
    }

    pub(super) fn check_changes(&self, store: &Store, replayed: &Store) {
        if self.keep_events.is_some() {
            return;
        }
        for number in 0..LOCATIONS {
            let id = format!("L{number}");
            let told = |store: &Store| {
                let page = store.changes(&id, 0, &ChangeFilter::default(), 1_000).unwrap();
                page.events.iter().map(|event| (event.seq, event.received_at)).collect::<Vec<_>>()
            };
            assert_eq!(told(store), told(replayed), "changes of {id}");
        }
    }
}
