//! A location that changes while it is compared.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relata::Store;
use relata::drift::{DriftSettings, Verdict, What, compare_with_sender};
use relata::pull::{BaseUrl, EventWriter};
use relata::pull::{Reader, ServerDestination};
use relata::webhook::Keep;

use crate::drift::compared::Pulled;
use crate::pull::pulled::{Pull, planned};
use crate::support::database::fresh;
use crate::support::server::Server;
use crate::support::upstream::{Delivery, Fate, Settings, StandIn};

/// Compares beside a server that receives the webhooks of a location that changes meanwhile.
#[test]
fn what_webhooks_settle_in_time_is_no_difference() {
    let mut judged = 0;
    for seed in 1..=4 {
        let location = planned();
        let webhooks = Delivery {
            delay: Duration::from_millis(400),
            of_companies: true,
            cascades: true,
            ..Settings::default().webhooks
        };
        let settings = Settings { seed, webhooks, ..Settings::default() };
        let stand_in = StandIn::start(location.clone(), settings);
        let (_folder, db) = fresh().unwrap();
        let server = Server::start(&db).unwrap();
        let url = format!("http://{}", server.address);
        stand_in.change(|it| it.webhooks.url = Some(format!("{url}/webhooks")));
        let Pull { upstream, read, stop, .. } = Pull::of(&stand_in, &location);
        let base = BaseUrl::parse(&url, false).unwrap();
        let pause = Duration::from_millis(2);
        let to = ServerDestination::new(base, None, None, pause, stop.clone()).unwrap();
        let mut writer = EventWriter::new(&location.id, Keep::Names, to).unwrap();
        let reader = Reader::new(upstream, read, stop).unwrap();
        reader.read(&mut writer, None, &mut |_| ()).unwrap();

        stand_in.change(|it| it.churn_every = 8);
        let store = Store::open_read_only(&db).unwrap();
        let settings = DriftSettings { settle: Duration::from_secs(2), ..Default::default() };
        let comparison = compare_with_sender(&store, &reader, &settings, &mut |_| ()).unwrap();
        stand_in.change(|it| it.churn_every = 0);
        let webhooks = stand_in.webhooks();
        assert!(webhooks.len() > 20, "little has changed");
        // On a machine that is too busy, webhooks take longer than they may.
        let overdue = stand_in.now() - 1_000;
        if webhooks.iter().any(|it| it.fate == Fate::Waiting && it.due < overdue) {
            continue;
        }
        judged += 1;
        let confirmed = |it: &Verdict| matches!(it, Verdict::Confirmed { .. });
        let false_ones: Vec<_> =
            comparison.findings.iter().filter(|it| confirmed(&it.verdict)).collect();
        assert!(false_ones.is_empty(), "seed {seed}: {false_ones:?}");
    }
    assert!(judged > 0, "webhooks were late in every run");
}

#[test]
fn a_thing_that_changes_whenever_it_is_read_is_moving() {
    let pulled = Pulled::with(Settings::default());
    let truth = pulled.stand_in.truth();
    let id = truth.associations.iter().find(|(_, it)| !it.is_system).unwrap().0;
    let (reader, is_done) = (pulled.reader(), AtomicBool::new(false));
    let settings = DriftSettings { settle: Duration::from_millis(50), ..Default::default() };
    let comparison = std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut number = 0;
            while !is_done.load(Ordering::Relaxed) {
                number += 1;
                let label = format!("Label {number}");
                pulled.stand_in.edit(|it| it.rename_association(id, [&label, "Other"]));
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let compared = compare_with_sender(&pulled.store, &reader, &settings, &mut |_| ());
        is_done.store(true, Ordering::Relaxed);
        compared.unwrap()
    });
    let found: Vec<_> = comparison.findings.iter().map(|it| it.verdict).collect();
    assert_eq!(found, [Verdict::Moving]);
    assert_eq!(comparison.findings[0].difference.what(), What::Association);
    let head = pulled.store.head();
    pulled.repair(&comparison);
    assert_eq!(pulled.store.head(), head);
}
