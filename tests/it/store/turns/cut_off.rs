//! A process that is cut off from the database while it saves a checkpoint.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use relata::journal::MemoryJournal;
use relata::{Options, Store, verify};

use crate::support::fault_plan::{Fault, Plan, Saver};
use crate::support::faulty_journal::Faulty;

fn open(journal: &MemoryJournal, saver: &Saver, checkpoint_part_rows: usize) -> (Store, Arc<Plan>) {
    let mut journal = Faulty::new(journal.clone(), Fault::Full, u64::MAX);
    journal.saver = Some(Arc::clone(saver));
    let plan = Arc::clone(&journal.plan);
    let options = Options {
        checkpoint_part_rows,
        checkpoint_events: u64::MAX,
        checkpoint_interval: Duration::from_secs(3600),
        ..Options::default()
    };
    (Store::with_journal(Box::new(journal), options).unwrap(), plan)
}

fn link(store: &Store, number: u64) {
    let body = format!(
        r#"{{"type":"RelationCreate","id":"r{number}","associationId":"A","locationId":"L",
        "firstObjectKey":"contact","firstRecordId":"c{number}",
        "secondObjectKey":"house","secondRecordId":"h"}}"#
    );
    store.ingest(body.as_bytes()).unwrap();
}

/// The first process went on with the checkpoint that it had begun, over the rows of the other
/// one, and said that the location had fewer than there were.
#[test]
fn a_checkpoint_that_another_process_took_over_is_given_up() {
    let (journal, saver) = (MemoryJournal::shared(), Saver::default());
    // Two parts, of which it saves the first one slowly.
    let (first, first_plan) = open(&journal, &saver, 35);
    (1..=30).for_each(|number| link(&first, number));
    let (second, second_plan) = open(&journal, &saver, 1_000);
    first_plan.row_delay_us.store(5_000, Relaxed);
    std::thread::scope(|scope| {
        let saving = scope.spawn(|| first.checkpoint());
        std::thread::sleep(Duration::from_millis(20));
        first_plan.cut_ms.store(1_000, Relaxed);
        second_plan.start_saving(&saver);
        first_plan.cut(&saver);
        link(&second, 31);
        second.checkpoint().unwrap();
        assert!(second.saves_checkpoints());
        saving.join().unwrap().unwrap();
    });
    assert!(!first.saves_checkpoints());
    let verified = verify(&mut journal.clone(), 10).unwrap();
    assert!(verified.differences.is_empty(), "{verified:#?}");
    assert_eq!(verified.checkpoint, 31);
}
