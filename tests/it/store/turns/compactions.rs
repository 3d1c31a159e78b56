//! What one process drops from its graphs while others write.

use std::sync::Arc;
use std::time::Duration;

use relata::journal::{JournalReader, MemoryJournal};
use relata::{Options, Store};

use crate::support::clock::ManualClock;
use crate::support::fault_plan::{Fault, Saver};
use crate::support::faulty_journal::Faulty;

/// Two servers of one journal, of which the first saves and compacts.
struct Pair {
    journal: MemoryJournal,
    clock: ManualClock,
    stores: [Store; 2],
}

impl Pair {
    fn new() -> Self {
        let (journal, saver) = (MemoryJournal::shared(), Saver::default());
        let clock = ManualClock::new();
        let open = |saves: bool| {
            let mut journal = Faulty::new(journal.clone(), Fault::Full, u64::MAX);
            (journal.saver, journal.clock) = (Some(Arc::clone(&saver)), Some(clock.clone()));
            if saves {
                journal.plan.start_saving(&saver);
            }
            let keep_tombstones = Some(Duration::from_secs(10 * 24 * 3600));
            let options = Options { keep_tombstones, clock: clock.shared(), ..Options::default() };
            Store::with_journal(Box::new(journal), options).unwrap()
        };
        let stores = [open(true), open(false)];
        Self { journal, clock, stores }
    }

    /// Fills a location with three links that were deleted long ago.
    fn delete(&self, location: &str) {
        for event in ["Create", "Delete"] {
            let lines: String = (0..3).map(|number| line(event, location, number)).collect();
            self.stores[0].import().read(lines.as_bytes(), |_| Ok(())).unwrap();
        }
        assert!(self.stores[1].wait_for(self.stores[0].head(), Duration::from_secs(60)));
        self.clock.pass_days(20);
    }

    fn compactions(&self) -> usize {
        self.journal.clone().compactions(0).unwrap().len()
    }
}

fn line(event: &str, location: &str, number: u64) -> String {
    format!(
        r#"{{"type":"Relation{event}","id":"r{number}","associationId":"A","locationId":"{location}",
        "firstObjectKey":"contact","firstRecordId":"c{number}",
        "secondObjectKey":"house","secondRecordId":"h{number}"}}"#
    )
    .replace('\n', " ")
        + "\n"
}

#[test]
fn a_compaction_names_nothing_that_another_has_erased() {
    let pair = Pair::new();
    let [saving, other] = &pair.stores;
    pair.delete("kept");
    assert!(saving.compact().unwrap() > 0);
    assert_eq!(pair.compactions(), 1);
    for round in 0..20 {
        let location = format!("L{round}");
        pair.delete(&location);
        other.erase_location(&location).unwrap().unwrap();
        // Before it has heard of that.
        saving.compact().unwrap();
        assert_eq!(pair.compactions(), 1, "in round {round}");
    }
}
