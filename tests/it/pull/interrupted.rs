//! Pulls that end in the midst of it, and continue.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use relata::Store;

use crate::pull::command::Place;
use crate::pull::limits::resumable;
use crate::pull::pulled::{Pull, records, relations};
use crate::support::long::rounds;
use crate::support::process::{peak_resident, processor_time};
use crate::support::server::relata;
use crate::support::upstream::{Embedded, Fault, Faults, Plan, Searches, Settings, StandIn};

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Waits until a pull has sent another request.
fn wait_for_request(place: &Place, seen: usize, child: &mut Child) {
    while place.stand_in.seen().len() <= seen {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before it asked");
        sleep(Duration::from_millis(5));
    }
}

/// Kills or interrupts pulls at twenty moments, until one is done. Returns the runs and the
/// requests.
fn interrupted(place: &Place, arguments: &[&str], name: &str) -> (usize, usize) {
    for run in 1.. {
        let mut child =
            place.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let ended = if run <= 20 {
            sleep(Duration::from_millis(120 + 53 * (run as u64 % 5)));
            signal(&child, name);
            child.wait().unwrap()
        } else {
            child.wait().unwrap()
        };
        if ended.success() {
            return (run, place.stand_in.seen().len());
        }
        let code = ended.code();
        assert!(code.is_none() || code == Some(3) && name == "INT", "{ended:?} in run {run}");
    }
    unreachable!()
}

#[test]
fn a_pull_that_is_killed_or_interrupted_continues_where_it_was() {
    // Slow enough that many runs are needed.
    let latency = Duration::from_millis(10);
    let once = {
        let place = Place::with(Settings { embedded: Embedded::Absent, ..Settings::default() });
        place.ends(&[], 0);
        place.stand_in.seen().len()
    };
    for name in ["KILL", "INT"] {
        let settings = Settings { latency, embedded: Embedded::Absent, ..Settings::default() };
        let place = Place::with(settings);
        let (runs, requests) = interrupted(&place, &["--concurrency", "2"], name);
        assert!(runs > 3, "{runs} runs");
        place.assert_whole(&place.db);
        // Each run reads the definitions again, and the pages in progress; a kill loses what
        // was not committed yet.
        let again = if name == "INT" { 12 } else { 60 };
        assert!(requests <= once + runs * again, "{requests} in {runs} runs, {once} at once");
        let folder = std::fs::read_dir(place.folder.path()).unwrap();
        assert!(
            folder
                .map(|it| it.unwrap().file_name())
                .all(|it| !it.to_string_lossy().contains(".pull-"))
        );
    }
}

/// However few requests a run may send, the runs come to an end.
#[test]
fn runs_that_are_shorter_than_the_proof_end_all_the_same() {
    let place = Place::with(Settings { embedded: Embedded::Absent, ..Settings::default() });
    // Each record is read a second way.
    let options = ["--concurrency", "1", "--sample", "1000"];
    place.ends(&[&options[..], &["--output", place.path("once").to_str().unwrap()]].concat(), 0);
    let once = place.stand_in.seen().len();
    let mut runs = 0;
    loop {
        let output = place.run(&[&options[..], &["--max-requests", "60"]].concat());
        runs += 1;
        match output.status.code() {
            Some(0) => break,
            Some(3) => assert!(runs < 60, "{output:?}"),
            _ => panic!("{output:?}"),
        }
    }
    place.assert_whole(&place.db);
    let again = place.stand_in.seen().len() - 2 * once;
    assert!(again <= runs * 12, "{again} more in {runs} runs");
}

#[test]
fn a_file_continues_too() {
    let latency = Duration::from_millis(10);
    let settings = Settings { latency, embedded: Embedded::Absent, ..Settings::default() };
    let place = Place::with(settings);
    let output = place.path("events.ndjson.gz");
    let output_name = output.to_str().unwrap();
    interrupted(&place, &["--concurrency", "2", "--output", output_name], "KILL");
    let ingested = relata().arg("--db").arg(&place.db).arg("ingest").arg(&output).output().unwrap();
    assert!(ingested.status.success(), "{ingested:?}");
    place.assert_whole(&place.db);
}

#[test]
fn another_pull_is_not_continued_unless_asked_to_start_again() {
    let place = Place::with(Settings::default());
    place.ends(&["--max-requests", "100"], 3);
    let (_, errors) = place.ends(&["--sample", "3"], 2);
    assert!(errors.contains("--fresh"), "{errors}");
    place.ends(&["--sample", "3", "--fresh"], 0);
    place.assert_whole(&place.db);
}

/// The page before what cannot be read is no end of the search.
#[test]
fn what_is_left_out_is_said_again_by_a_pull_that_continues() {
    let property = "custom_objects.property";
    let planned = [(property, 10_400), ("contact", 600)];
    let location = Plan::of(2, &planned, &[("interest", ["contact", property], 60)]).location();
    let searches = Searches { has_cursors: false, ..Settings::default().searches };
    let settings = Settings { searches, embedded: Embedded::Absent, ..Settings::default() };
    let stand_in = StandIn::start(location.clone(), settings);
    let mut pull = Pull::of(&stand_in, &location);
    let (store, folder) = (Store::in_memory().unwrap(), tempfile::tempdir().unwrap());
    let log = folder.path().join("log");
    // Lists are read beside the pages, so that some run is stopped behind the last page: there
    // are many more of them.
    (pull.upstream.max_requests, pull.upstream.concurrency) = (Some(20), 1);
    let mut runs = (0..60).map(|_| {
        pull.stop = relata::pull::Stop::default();
        resumable(&pull, &store, &log)
    });
    let report = runs.find(|report| {
        assert_eq!(report.stopped, Some(relata::pull::StopReason::MaxRequests));
        !report.left_out.is_empty()
    });
    let report = report.expect("a run that comes to the last page");
    assert!(report.left_out[0].contains("cannot read past 10000 records"), "{report:?}");
    pull.upstream.max_requests = None;
    pull.stop = relata::pull::Stop::default();
    let report = resumable(&pull, &store, &log);
    assert_eq!((report.stopped.clone(), report.left_out.len()), (None, 1), "{report:?}");
    assert!(!report.is_complete());
    // Links lead to some of the others, which have no names.
    let known = records(&store, &location.id);
    let read = known.iter().filter(|((object, _), name)| object == property && !name.is_empty());
    assert_eq!(read.count(), 10_000);
}

/// Lists that lose rows are noticed also by a pull that was interrupted before it looked.
#[test]
fn a_method_that_fails_is_noticed_across_runs() {
    let settings = Settings {
        mixed_loss_percent: 50,
        embedded: Embedded::Absent,
        latency: Duration::from_millis(2),
        ..Settings::default()
    };
    let place = Place::with(settings);
    // A sample that leaves nothing to chance.
    let sample = ["--sample", "1000"];
    for requests in ["150", "150", "150", "60", "40", "40", "40"] {
        let output = place.run(&[&sample[..], &["--max-requests", requests]].concat());
        assert!(output.status.success() || output.status.code() == Some(3), "{output:?}");
    }
    place.ends(&sample, 0);
    place.assert_whole(&place.db);
}

#[test]
fn a_second_signal_ends_at_once() {
    let faults = Faults { percent: vec![(Fault::Stalled, 100)], only: None, ..Faults::default() };
    let place = Place::with(Settings { faults, ..Settings::default() });
    let mut child = place.command(&["--timeout", "60s"]).stderr(Stdio::null()).spawn().unwrap();
    wait_for_request(&place, 0, &mut child);
    let since = Instant::now();
    signal(&child, "INT");
    // Signals that arrive together may count as one.
    while child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(50));
        signal(&child, "INT");
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(since.elapsed() < Duration::from_secs(4));
}

#[test]
fn two_pulls_of_one_location_exclude_each_other() {
    let place = Place::with(Settings { latency: Duration::from_millis(30), ..Settings::default() });
    let output = place.path("events.ndjson");
    for arguments in [&[][..], &["--output", output.to_str().unwrap()]] {
        let seen = place.stand_in.seen().len();
        let mut first = place.command(arguments).stdout(Stdio::null()).spawn().unwrap();
        wait_for_request(&place, seen, &mut first);
        let (_, errors) = place.ends(arguments, 1);
        assert!(errors.contains("a pull of this location is running"), "{errors}");
        assert!(first.wait().unwrap().success());
    }
    place.assert_whole(&place.db);
}

/// A page of each object key is in memory, not the location.
/// However many records there are, and at the pace that the sender allows: a request takes so
/// little that a pull waits nearly all the time.
#[test]
fn a_large_location_takes_little_memory_and_little_of_a_processor() {
    // The stand-in looks through all of them for each page.
    let many = rounds(40_000, 300_000) as usize;
    let records = [("custom_objects.property", many), ("contact", 100)];
    let joins = [("interest", ["contact", "custom_objects.property"], 200)];
    let location = Plan::of(1, &records, &joins).location();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let folder = tempfile::tempdir().unwrap();
    let mut command = relata();
    command.args(["pull", "--location", &location.id, "--base-url", &stand_in.url()]);
    command.args(["--unlimited", "--rate", "100000", "--sample", "5", "--progress", "none"]);
    command.env("RELATA_HIGHLEVEL_TOKEN", &location.token).arg("--output");
    command.arg(folder.path().join("events.ndjson.gz")).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (mut peak, mut used) = (0, Duration::ZERO);
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(peak_resident(child.id()).unwrap_or_default());
        used = used.max(processor_time(child.id()).unwrap_or_default());
        sleep(Duration::from_millis(20));
    }
    assert!(child.wait().unwrap().success());
    assert!(peak > 0 && peak < 100 << 20, "{} MiB", peak >> 20);
    let requests = u32::try_from(stand_in.seen().len()).unwrap();
    let (a_second, part) = (used / requests * 9, Duration::from_millis(200));
    assert!(used > Duration::ZERO && a_second < part, "{used:?} for {requests} requests");
}

#[test]
fn a_stop_from_another_thread_ends_a_reading() {
    let settings = Settings { latency: Duration::from_millis(20), ..Settings::default() };
    let location = crate::pull::pulled::planned();
    let stand_in = StandIn::start(location.clone(), settings);
    let pull = Pull::of(&stand_in, &location);
    let store = Store::in_memory().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while stand_in.seen().len() < 60 {
                sleep(Duration::from_millis(5));
            }
            pull.stop.stop(relata::pull::StopReason::Asked);
        });
        let (report, _) = pull.run(&store).unwrap();
        assert_eq!(report.stopped, Some(relata::pull::StopReason::Asked));
    });
    // What was read is in the store.
    assert!(!relations(&store, &location.id).is_empty());
}
