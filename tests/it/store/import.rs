//! Imports: every line once, however often and from wherever it is read again.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use relata::import::{ImportCounts, ImportError, LineError, LineOutcome};
use relata::journal::{MemoryJournal, SqliteJournal};
use relata::webhook::DecodeError;
use relata::{Delivery, IngestError, Options, Status, Store, Timestamp, verify};

use crate::support::database::fresh;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;
use crate::support::sample::{SAMPLE, differences, tell};

fn import(store: &Store, lines: &str) -> ImportCounts {
    store.import().read(lines.as_bytes(), |_| Ok(())).unwrap()
}

/// Relations without an id of the delivery and without a time.
fn relation(number: usize) -> String {
    format!(
        r#"{{"id":"r{number}","associationId":"a","locationId":"L{}","firstObjectKey":"contact","firstRecordId":"c{}","secondObjectKey":"home","secondRecordId":"h{}"}}"#,
        number % 3,
        number % 97,
        number % 31
    )
}

fn relations(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| relation(number) + "\n").collect()
}

/// The input breaks off with an error after so many bytes.
struct Broken<'b>(&'b [u8], usize);

impl Read for Broken<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let most = to.len().min(self.1).min(1_000);
        if most == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let read = self.0.read(&mut to[..most])?;
        self.1 -= read;
        Ok(read)
    }
}

#[test]
fn importing_a_file_again_adds_only_its_new_lines() {
    let store = Store::in_memory().unwrap();
    let file = relations(0..10_000);
    assert_eq!(import(&store, &file).applied, 10_000);
    let again = import(&store, &file);
    assert_eq!((again.duplicate, again.lines, store.head()), (10_000, 10_000, 10_000));
    let grown = file.clone() + &relations(10_000..15_000);
    let more = import(&store, &grown);
    assert_eq!((more.duplicate, more.applied, store.head()), (10_000, 5_000, 15_000));
    assert_eq!(import(&store, &grown).duplicate, 15_000);
    assert_eq!(import(&store, &file).duplicate, 10_000, "the shorter one is still known");
    // Blank lines, line ends and gzip do not matter.
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(grown.replace('\n', "\r\n\n").as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let counts = store.import().read(&packed[..], |_| Ok(())).unwrap();
    assert_eq!((counts.duplicate, store.head()), (15_000, 15_000));
}

#[test]
fn files_that_share_lines_are_not_taken_for_each_other() {
    let store = Store::in_memory().unwrap();
    let file = relations(0..9_000);
    import(&store, &file);
    for (other, told) in [
        (relations(1..9_000), "without the first line"),
        (relations(4_096..8_192), "a transaction's lines, but not at the beginning"),
        (relation(9_000) + "\n" + &file, "with a line before"),
        (relations(0..100), "the first lines of what was written as one"),
        (file.replacen("r7\"", "r7x\"", 1), "one line is another"),
    ] {
        let before = store.head();
        let lines = other.lines().count() as u64;
        let counts = import(&store, &other);
        assert_eq!((counts.duplicate, store.head() - before), (0, lines), "{told}");
    }
}

#[test]
fn an_interrupted_import_resumes_where_it_was() {
    let file = relations(0..20_000);
    let reference = Store::in_memory().unwrap();
    tell(&reference, file.lines());
    for cut in [0, 1, 100_000, 1_500_000, file.len() - 1] {
        let journal = MemoryJournal::new();
        let open = || Store::with_journal(Box::new(journal.clone()), Options::default()).unwrap();
        let store = open();
        let mut told = 0;
        let broken = store.import().read(Broken(file.as_bytes(), cut), |line| {
            told += 1;
            assert_eq!(line.number, told, "in order");
            assert!(matches!(line.outcome, LineOutcome::Accepted { seq, .. } if seq == Some(told)));
            Ok(())
        });
        assert!(matches!(broken, Err(ImportError::Read(_))));
        // Waits for what the writer had been given.
        store.close().unwrap();
        let store = open();
        let had = store.head();
        assert!(told <= had && had < 20_000 && (cut < 1_400_000 || had > 4_000), "{told} of {had}");
        let counts = import(&store, &file);
        assert_eq!((counts.duplicate, counts.applied), (had, 20_000 - had));
        assert_eq!(store.head(), 20_000, "each line once");
        assert_eq!(differences(&store, &reference), []);
    }
}

#[test]
fn an_import_whose_results_cannot_be_written_ends_and_resumes() {
    let store = Store::in_memory().unwrap();
    let file = relations(0..10_000);
    let failed = store.import().read(file.as_bytes(), |line| match line.number {
        5_000 => Err(io::ErrorKind::StorageFull.into()),
        _ => Ok(()),
    });
    assert!(matches!(failed, Err(ImportError::Report(_))));
    import(&store, &file);
    assert_eq!(store.head(), 10_000);
}

#[test]
fn two_imports_of_the_same_lines_at_once_add_each_once() {
    let store = Store::in_memory().unwrap();
    let file = relations(0..15_000);
    let told = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let counts = import(&store, &file);
                told.fetch_add(usize::try_from(counts.applied).unwrap(), Ordering::Relaxed);
                assert_eq!(counts.applied + counts.duplicate, 15_000);
            });
        }
    });
    assert_eq!((store.head(), told.into_inner()), (15_000, 15_000));
}

#[test]
fn undated_events_of_one_thing_come_in_the_order_of_the_lines() {
    let association = |label: &str| {
        format!(
            r#"{{"type":"AssociationCreate","id":"a","key":"k","locationId":"L","firstObjectKey":"contact","firstObjectLabel":"{label}","secondObjectKey":"home","secondObjectLabel":"Home"}}"#
        )
    };
    let delete = r#"{"type":"AssociationDelete","id":"b","locationId":"L","firstObjectKey":"contact","secondObjectKey":"home"}"#;
    let lines = [
        association("One"),
        association("Two"),
        association("One"),
        association("Three").replace(r#""id":"a""#, r#""id":"b""#),
        delete.to_owned(),
        association("Three").replace(r#""id":"a""#, r#""id":"b""#),
    ];
    let file = lines.join("\n");
    let reference = Store::in_memory().unwrap();
    for line in &lines {
        reference.ingest(line.as_bytes()).unwrap();
    }
    let store = Store::in_memory().unwrap();
    let mut statuses = Vec::new();
    let each = |line: relata::import::ImportedLine<'_>| {
        if let LineOutcome::Accepted { status, .. } = line.outcome {
            statuses.push(status);
        }
        Ok(())
    };
    store.import().read(file.as_bytes(), each).unwrap();
    let mut expected = [Status::Applied; 6];
    expected[5] = Status::Stale;
    assert_eq!(statuses, expected);
    assert_eq!(differences(&store, &reference), []);
    import(&store, &file);
    assert_eq!((store.head(), differences(&store, &reference)), (6, vec![]));
}

fn kind(error: &LineError) -> &'static str {
    match error {
        LineError::Unreadable(DecodeError::Malformed { .. }) => "malformed",
        LineError::Unreadable(DecodeError::Invalid { .. }) => "invalid",
        LineError::TooLong { .. } => "too long",
        LineError::NotAdmitted => "not admitted",
        other => panic!("{other}"),
    }
}

#[test]
fn refused_lines_are_reported_in_order_each_time() {
    let store = Store::in_memory().unwrap();
    let long = format!(r#"{{"type":"X","x":"{}"}}"#, "x".repeat(300 << 10));
    let file = [
        &relation(0),
        "no",
        "",
        r#"{"type":"ContactDelete","locationId":"L0"}"#,
        r#"{"type":"InvoicePaid"}"#,
        &long,
        &relation(1),
        &relation(2),
    ]
    .join("\n");
    for (round, status) in [(0, Status::Applied), (1, Status::Duplicate)] {
        let mut told = Vec::new();
        let import = store.import().of_locations(|location| location != Some("L1"));
        let counts = import.read(file.as_bytes(), |line| {
            told.push(match line.outcome {
                LineOutcome::Accepted { status, seq } => (line.number, status.as_str(), seq, None),
                LineOutcome::Refused(why) => {
                    (line.number, kind(&why.error), None, why.error.field())
                }
            });
            Ok(())
        });
        let seq = |seq| (round == 0).then_some(seq);
        let expected = [
            (1, status.as_str(), seq(1), None),
            (2, "malformed", None, None),
            (4, "invalid", None, Some("id")),
            (5, "ignored", None, None),
            (6, "too long", None, None),
            (7, "not admitted", None, Some("locationId")),
            (8, status.as_str(), seq(2), None),
        ];
        assert_eq!(told, expected);
        let counts = counts.unwrap();
        assert_eq!((counts.lines, counts.refused, counts.ignored), (7, 4, 1));
    }
    assert_eq!(store.head(), 2);
    // A line that was refused and now is not is no repeat, nor what follows it.
    let all = import(&store, &file);
    assert_eq!((all.duplicate, all.applied, all.unchanged), (0, 1, 2));
}

#[test]
fn an_import_knows_the_ids_of_earlier_deliveries() {
    let store = Store::in_memory().unwrap();
    let line = relation(0).replacen('{', r#"{"webhookId":"w","#, 1);
    store.ingest(line.as_bytes()).unwrap();
    let mut told = Vec::new();
    let file = format!("{line}\n{}\n{line}", relation(1));
    store
        .import()
        .read(file.as_bytes(), |line| {
            let LineOutcome::Accepted { status, seq } = line.outcome else { return Ok(()) };
            told.push((status, seq));
            Ok(())
        })
        .unwrap();
    let again = (Status::Duplicate, Some(1));
    assert_eq!(told, [again, (Status::Applied, Some(2)), again]);
}

#[test]
fn an_import_keeps_ignored_events_if_asked() {
    let journal = MemoryJournal::new();
    let file = "{\"type\":\"InvoicePaid\"}\n".repeat(3);
    for (keep_ignored, ignored, duplicate) in [(false, 3, 0), (true, 3, 0), (true, 0, 3)] {
        let options = Options { keep_ignored, ..Options::default() };
        let store = Store::with_journal(Box::new(journal.clone()), options).unwrap();
        let counts = import(&store, &file);
        assert_eq!((counts.ignored, counts.duplicate), (ignored, duplicate), "{keep_ignored}");
    }
}

#[test]
fn a_decompression_bomb_is_stopped_at_the_limit() {
    let store = Store::in_memory().unwrap();
    let pack = |line: &[u8], times: usize| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        (0..times).for_each(|_| packed.write_all(line).unwrap());
        packed.finish().unwrap()
    };
    // One endless line, blank lines, and lines that can be used.
    for (line, times) in [(&[b'x'; 1 << 10][..], 10_000), (b"\n", 1 << 20), (b"{}\n", 1 << 19)] {
        let packed = pack(line, times);
        let imported = store.import().at_most(1 << 20).read(&packed[..], |_| Ok(()));
        let limit = 1 << 20;
        let is_stopped =
            matches!(imported, Err(ImportError::TooLarge { limit: at }) if at == limit);
        let fits = line.len() * times <= 1 << 20;
        assert_eq!(is_stopped, !fits, "{imported:?}");
    }
    let cut = pack(b"{}\n", 100);
    let imported = store.import().read(&cut[..cut.len() - 4], |_| Ok(()));
    assert!(matches!(imported, Err(ImportError::Read(_))));
}

#[test]
fn deliveries_are_taken_while_an_import_runs() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { queue_events: 8, ..Options::default() };
    let store = Store::open_with(directory.path().join("relata.db"), options).unwrap();
    let file = relations(0..60_000);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| import(&store, &file));
        let mut delivered = 0_u64;
        while !running.is_finished() {
            let (sender, receiver) = std::sync::mpsc::channel();
            let line = relation(100_000 + usize::try_from(delivered).unwrap());
            let delivery = Delivery::read(line.as_bytes(), None, Timestamp::now()).unwrap();
            let queued = store.submit(delivery, move |result| sender.send(result).unwrap());
            queued.expect("there is room for deliveries");
            receiver.recv().unwrap().unwrap();
            delivered += 1;
        }
        assert_eq!(running.join().unwrap().applied, 60_000);
        assert!(delivered > 10, "{delivered}");
        assert_eq!(store.head(), 60_000 + delivered);
    });
}

#[test]
fn an_import_resumes_after_a_failed_write_and_a_restart() {
    let file = relations(0..5_000);
    let reference = Store::in_memory().unwrap();
    tell(&reference, file.lines());
    for appends in [0, 1] {
        for fault in [Fault::Full, Fault::Lie] {
            let (_directory, path) = fresh().unwrap();
            let journal = Faulty::new(SqliteJournal::open(&path).unwrap(), fault, appends);
            let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
            let mut told = 0;
            let failed = store.import().read(file.as_bytes(), |_| {
                told += 1;
                Ok(())
            });
            let failed =
                matches!(failed, Err(ImportError::Ingest(IngestError::Unavailable { .. })));
            assert!(failed);
            // What is told of is there; what is there may not be told of yet.
            let seen = store.head();
            assert!(told <= seen && seen < 5_000 && (seen > 0) == (appends > 0), "{told} {seen}");
            assert_eq!(store.close().is_err(), fault == Fault::Lie);
            let store = Store::open(&path).unwrap();
            let had = store.head();
            // Of a write that went elsewhere it is known only now that it is there.
            assert_eq!(had > seen, fault == Fault::Lie, "{had} {seen}");
            let counts = import(&store, &file);
            assert_eq!((counts.duplicate, store.head()), (had, 5_000), "{fault:?}");
            assert_eq!(differences(&store, &reference), []);
            store.close().unwrap();
            let proof = verify(&mut SqliteJournal::open_read_only(&path).unwrap(), 10).unwrap();
            assert_eq!(proof.differences, []);
        }
    }
}

#[test]
fn an_imported_sample_is_known_after_pruning_and_a_restart() {
    let (_directory, path) = fresh().unwrap();
    // Without ids of deliveries, so that the import alone is what is known.
    let file = SAMPLE.replace("\"webhookId\"", "\"otherId\"");
    let lines = file.lines().count() as u64;
    let keep_events = Some(Duration::ZERO);
    let options = || Options { keep_events, checkpoint_events: 10, ..Options::default() };
    let store = Store::open_with(&path, options()).unwrap();
    assert_eq!(import(&store, &file).duplicate, 0);
    store.close().unwrap();
    let store = Store::open_with(&path, options()).unwrap();
    assert_eq!((import(&store, &file).duplicate, store.head()), (lines, lines));
}

/// A post that came while an import filled the log waited for the sync of all its pages. So
/// imports wait for the log while deliveries arrive, but not for one that is always moved.
#[test]
fn an_import_waits_for_the_log_beside_deliveries_and_not_for_ever() {
    let journal = Faulty::new(MemoryJournal::new(), Fault::Full, u64::MAX);
    journal.plan.is_moving_log.store(true, Ordering::Relaxed);
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    let file = relations(0..1_000);
    let imports = AtomicUsize::new(1);
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 5_000;
            while imports.load(Ordering::Relaxed) > 0 {
                store.ingest(relation(number).as_bytes()).unwrap();
                number += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        // So that the writer has seen a delivery before the first line.
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(import(&store, &file).applied, 1_000);
        imports.store(0, Ordering::Relaxed);
    });
    // Four parts of 256 lines.
    assert!(start.elapsed() > Duration::from_millis(250), "{:?}", start.elapsed());
}
