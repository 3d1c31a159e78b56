//! kill -9 while mutations are written: of each call that was answered all is there, and of
//! every other all or nothing.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use relata::graph::Budget;
use relata::journal::SqliteJournal;
use relata::mutation::{Mutation, Mutations, NewAssociation, Thing};
use relata::{AssociationId, End, ObjectKey, RecordId, Store, verify};

use crate::links::Links;
use crate::support::database::fresh;
use crate::support::long;
use crate::support::server::Error;

/// Names the database of the process that writes.
const WRITES: &str = "RELATA_CRASH_WRITES";

/// Links of one call.
const ROWS: usize = 200;

const THREADS: usize = 4;

fn mutations(mutations: Vec<Mutation>) -> Mutations {
    Mutations { location: "L".into(), trace_id: None, mutations }
}

/// The association of the links, created by the first process.
fn association(store: &Store) -> AssociationId {
    let location = store.location("L").unwrap();
    let known = location.and_then(|location| {
        let budget = &mut Budget::unbounded();
        let graph = location.read();
        Some(graph.view().association_by_key("interest", budget)?.association.id.clone())
    });
    known.unwrap_or_else(|| {
        let end = |object| End { object: ObjectKey::from(object), label: "".into() };
        let new = NewAssociation {
            key: "interest".into(),
            first: end("contact"),
            second: end("home"),
            first_to_second: None,
            second_to_first: None,
        };
        let created = store.mutate(mutations(vec![Mutation::CreateAssociation(new)])).unwrap();
        match created.outcomes.into_iter().next().unwrap().unwrap().thing {
            Thing::Association(association) => association.id,
            other => panic!("{other:?}"),
        }
    })
}

/// Writes calls of links, each from one record, and says which were answered, until it is
/// killed.
#[expect(clippy::print_stdout, reason = "what the other process reads")]
fn write(db: &Path) {
    let store = Store::open(db).unwrap();
    let (id, process) = (association(&store), std::process::id());
    let write_calls = |thread: usize| {
        for call in 0.. {
            let first = format!("{process}-{thread}-{call}");
            let row = |number: usize| Mutation::CreateRelation {
                association: id.clone(),
                first: RecordId::from(&*first),
                second: RecordId::from(format!("h{number}")),
            };
            let mutated = store.mutate(mutations((0..ROWS).map(row).collect())).unwrap();
            assert!(mutated.outcomes.iter().all(Result::is_ok));
            println!("done {first}.");
            std::io::stdout().flush().unwrap();
        }
    };
    std::thread::scope(|scope| {
        (0..THREADS).for_each(|thread| drop(scope.spawn(move || write_calls(thread))));
    });
}

/// The calls that were answered, of lines that another process has printed; the last line may
/// be cut.
fn answered(line: &str) -> Option<String> {
    let (_, call) = line.split_once("done ")?;
    call.strip_suffix('.').map(str::to_owned)
}

/// Waits until the log beside a database is written to.
fn wait_for_write(db: &Path, at_most: Duration) {
    let log = db.with_file_name("relata.db-wal");
    let written = || std::fs::metadata(&log).and_then(|log| log.modified()).ok();
    let (since, before) = (Instant::now(), written());
    while written() == before && since.elapsed() < at_most {
        std::hint::spin_loop();
    }
}

#[test]
fn a_killed_process_leaves_whole_calls_or_nothing_of_them() -> Result<(), Error> {
    if let Some(db) = std::env::var_os(WRITES) {
        write(Path::new(&db));
        return Ok(());
    }
    let (_directory, db) = fresh()?;
    let name = "mutations::a_killed_process_leaves_whole_calls_or_nothing_of_them";
    let (mut done, mut unanswered) = (BTreeSet::new(), 0);
    for round in 0..long::rounds(12, 200) {
        let mut writer = Command::new(std::env::current_exe()?)
            .args([name, "--exact", "--nocapture"])
            .env(WRITES, &db)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let (mut heard, until) = (0, 5 + round * 7 % 23);
        let mut begun = Instant::now();
        while heard < until {
            let line = lines.next().ok_or("the writer has ended")??;
            heard += u32::from(answered(&line).is_some_and(|call| done.insert(call)));
            if heard == 1 {
                begun = Instant::now();
            }
        }
        // In what is written next: calls are answered once all that wait are written.
        let together = u32::try_from(THREADS)? * begun.elapsed() / (until - 1);
        if round % 3 == 0 {
            std::thread::sleep(together * (round * 37 % 101) / 101);
        } else {
            wait_for_write(&db, 3 * together);
        }
        writer.kill()?;
        writer.wait()?;
        // What it said before it was killed.
        done.extend(lines.map_while(Result::ok).filter_map(|line| answered(&line)));
        let found = Links::read(&db, "L")?.from;
        for (call, links) in &found {
            assert_eq!(*links, ROWS, "{call} is half there");
        }
        for call in &done {
            assert!(found.contains_key(call), "{call} was answered and is gone");
        }
        unanswered = found.len() - done.len();
    }
    let verified = verify(&mut SqliteJournal::open_read_only(&db)?, 10)?;
    assert_eq!(verified.differences, []);
    long::tell("calls of mutations answered and written before a kill", done.len());
    long::tell("calls of mutations that were written and not answered", unanswered);
    Ok(())
}
