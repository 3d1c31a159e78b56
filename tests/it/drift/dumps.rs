//! Comparing with a dump: what it finds, and that it is trusted on demand alone.

use std::collections::BTreeSet;
use std::time::Duration;

use relata::drift::{Comparison, Repair, RepairSettings, Verdict, compare_with_dump, repair};
use relata::pull::{EventWriter, Reader, StreamDestination};
use relata::webhook::Keep;
use relata::{Store, Timestamp};

use crate::drift::compared::{Pulled, found};
use crate::pull::pulled::Pull;
use crate::support::compression::gzip;
use crate::support::upstream::{Delivery, Settings};

/// Pulls a location into memory.
fn dump(pulled: &Pulled) -> Vec<u8> {
    let Pull { upstream, read, stop, .. } = Pull::of(&pulled.stand_in, &pulled.location);
    let (mut lines, location) = (Vec::new(), read.location.clone());
    let to = StreamDestination::new(&mut lines);
    let mut writer = EventWriter::new(&location, Keep::Names, to).unwrap();
    Reader::new(upstream, read, stop).unwrap().read(&mut writer, None, &mut |_| ()).unwrap();
    drop(writer);
    lines
}

fn compared(pulled: &Pulled, lines: &[u8]) -> Comparison {
    compare_with_dump(&pulled.store, &pulled.location.id, lines, &BTreeSet::new()).unwrap()
}

#[test]
fn a_dump_finds_the_same_and_is_applied_on_demand_alone() {
    let webhooks = Delivery {
        lost_percent: 30,
        of_companies: true,
        cascades: true,
        ..Settings::default().webhooks
    };
    let pulled = Pulled::with(Settings { webhooks, ..Settings::default() });
    assert_eq!(compared(&pulled, &dump(&pulled)).findings, []);
    pulled.stand_in.churn(120);
    pulled.receive();
    let lines = dump(&pulled);
    let comparison = compared(&pulled, &lines);
    assert!(!comparison.findings.is_empty() && comparison.is_complete());
    assert_eq!(found(&comparison), pulled.real());
    assert_eq!(compared(&pulled, &gzip(&lines)).findings, comparison.findings);
    let unconfirmed = |it: &Verdict| *it == Verdict::Unconfirmed;
    assert!(comparison.findings.iter().all(|it| unconfirmed(&it.verdict)));

    let head = pulled.store.head();
    let repairs = pulled.repair(&comparison);
    assert!(repairs.iter().all(|it| *it == Repair::Left), "{repairs:?}");
    assert_eq!(pulled.store.head(), head);
    pulled.stand_in.pass(Duration::from_secs(3));
    let at = Timestamp::from_millis(pulled.stand_in.now());
    let settings = RepairSettings { trust_dump: Some(at), ..RepairSettings::default() };
    let repairs = repair(&pulled.store, &pulled.location.id, &comparison, &settings).unwrap();
    assert!(repairs.iter().all(|it| matches!(it, Repair::Applied(_))), "{repairs:?}");
    assert_eq!(pulled.real(), [].into());
}

#[test]
fn a_dump_of_another_location_or_of_something_else_is_refused() {
    let store = Store::in_memory().unwrap();
    let only = BTreeSet::new();
    let other = br#"{"type":"RecordCreate","locationId":"M","id":"a","objectKey":"contact"}"#;
    for (dump, part) in [
        (&other[..], "no event of location L"),
        (b"", "no event of location L"),
        (b"no event", "line 1"),
        (b"{\"type\":\"RecordCreate\",\"locationId\":\"L\"}", "line 1"),
    ] {
        let error = compare_with_dump(&store, "L", dump, &only).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
