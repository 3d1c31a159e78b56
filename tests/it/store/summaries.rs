//! What a checkpoint says that its locations hold, which is shown without loading them.

use relata::Store;
use relata::graph::Counts;
use relata::journal::{CheckpointRow, Journal, JournalReader, SqliteJournal};
use relata::operations::{VerifyOptions, repair_with, verify_location, verify_with};

use crate::store::{filled, verified};
use crate::support::database::fresh;

/// One that disagrees with the rows of its location is found, though it was saved as it is.
#[test]
fn a_wrong_summary_is_found_and_replaced() {
    for (what, change) in [
        (
            "relations",
            &(|it: &mut Counts, _: &mut u64| it.relations += 1) as &dyn Fn(&mut _, &mut _),
        ),
        ("records", &|it: &mut Counts, _: &mut u64| it.records = 0),
        ("pending associations", &|it: &mut Counts, _: &mut u64| it.pending_associations += 2),
        ("deleted things", &|_: &mut Counts, deleted: &mut u64| *deleted += 1),
        ("name", &|_: &mut Counts, _: &mut u64| ()),
    ] {
        let (_folder, db) = fresh().unwrap();
        filled(&db);
        let mut journal = SqliteJournal::open(&db).unwrap();
        let (mut id, mut saved) = (String::new(), None);
        let come = journal.list_locations(&mut |row| {
            match row {
                CheckpointRow::Location { number: 1, id: found, .. } => id = (*found).to_owned(),
                CheckpointRow::Summary { location: 1, name, counts, tombstones } => {
                    saved = Some((name.map(str::to_owned), *counts, *tombstones));
                }
                _ => {}
            }
            Ok(())
        });
        let (mut name, mut counts, mut tombstones) = saved.unwrap();
        change(&mut counts, &mut tombstones);
        if what == "name" {
            name = Some("Nobody".to_owned());
        }
        let wrong =
            CheckpointRow::Summary { location: 1, name: name.as_deref(), counts, tombstones };
        journal.save_checkpoint(come.unwrap(), &mut |put| put(&wrong)).unwrap();
        let options = VerifyOptions::default();
        let one = verify_location(&mut journal, &id, &options, &mut |_| ()).unwrap().unwrap();
        let thing = format!("summary of {id}: {what}");
        let things = |found: &[relata::graph::Difference]| -> Vec<String> {
            found.iter().map(|it| it.thing.clone()).collect()
        };
        assert_eq!(things(&one.differences), [&*thing]);
        let all = verify_with(&mut journal, &options, &mut |_| ()).unwrap();
        assert_eq!((things(&all.differences), all.differing.len()), (vec![thing], 1));
        repair_with(&mut journal, &options, &mut |_| ()).unwrap();
        drop(journal);
        Store::open(&db).unwrap().close().unwrap();
        assert_eq!(verified(&db).differences, []);
        let mut journal = SqliteJournal::open(&db).unwrap();
        let mut shown = 0;
        journal
            .list_locations(&mut |row| {
                shown += usize::from(matches!(row, CheckpointRow::Summary { .. }));
                Ok(())
            })
            .unwrap();
        assert_eq!(shown, 2, "each location has one again");
    }
}
