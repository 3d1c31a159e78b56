//! Clocks of processes that are wrong: the database's counts.

use std::ops::ControlFlow;
use std::time::Duration;

use relata::journal::{JournalReader, MemoryJournal};
use relata::{AsOf, Options, Status, Store};

use crate::support::clock::ManualClock;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;

const MINUTE: i64 = 60_000;

fn post(store: &Store, number: u64) -> Status {
    let body = format!(
        r#"{{"type":"RelationCreate","id":"r{number}","associationId":"A","locationId":"L",
        "firstObjectKey":"contact","firstRecordId":"c{number}",
        "secondObjectKey":"house","secondRecordId":"h","webhookId":"w{number}"}}"#
    );
    store.ingest(body.as_bytes()).unwrap().status
}

/// One is ten minutes ahead, one behind, and both are set while they run: what they accept has
/// the time of the database, a repeat is known at both, and the past of a time is the same.
#[test]
fn times_are_those_of_the_database() {
    let (journal, database) = (MemoryJournal::shared(), ManualClock::new());
    let clocks = [(); 2].map(|()| ManualClock::new());
    let stores = clocks.each_ref().map(|clock| {
        let mut journal = Faulty::new(journal.clone(), Fault::Full, u64::MAX);
        journal.clock = Some(database.clone());
        let options = Options { clock: clock.shared(), ..Options::default() };
        (Store::with_journal(Box::new(journal), options).unwrap(), clock)
    });
    stores[0].1.set(10 * MINUTE);
    stores[1].1.set(-10 * MINUTE);
    let mut times = Vec::new();
    for number in 0..40_u64 {
        let at = usize::try_from(number % 2).unwrap();
        if number == 20 {
            stores[0].1.set(-20 * MINUTE);
            stores[1].1.set(20 * MINUTE);
        }
        for clock in clocks.iter().chain([&database]) {
            clock.pass(MINUTE);
        }
        assert_eq!(post(&stores[at].0, number), Status::Applied);
        assert_eq!(post(&stores[1 - at].0, number), Status::Duplicate);
        times.push(database.wall());
    }
    let mut stamped = Vec::new();
    let mut read = journal.clone();
    read.read(0, &mut |_, entry| {
        stamped.push(entry.received_at);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(stamped, times);
    for (store, _) in &stores {
        assert!(store.wait_for(40, Duration::from_secs(10)));
        let location = store.location("L").unwrap().unwrap();
        for (before, time) in (0..).zip(&times) {
            let (seq, past) = store.snapshot(&location, Some(AsOf::Time(*time)), &()).unwrap();
            assert_eq!((seq, past.view().counts().relations), (before + 1, before + 1));
        }
    }
}
