//! Where events came from.

use relata::history::Subject;
use relata::webhook::Keep;
use relata::{NodeRef, Options, Origin, Seq, Store, Timestamp};

/// Where an event came from is a member of its body, kept however little else is.
#[test]
fn a_history_shows_where_events_came_from_and_when_they_were_observed() {
    for keep in [Keep::Bodies, Keep::Names, Keep::Ids] {
        let store = Store::with_journal(
            Box::new(relata::journal::MemoryJournal::new()),
            Options { keep, ..Options::default() },
        );
        let store = store.unwrap();
        let post = |members: &str| {
            let body = format!(
                r#"{{"type":"RecordUpdate","id":"h","objectKey":"home","locationId":"L",
                "note":"{}","properties":{{"name":"a"}}{members}}}"#,
                "x".repeat(1_000)
            );
            store.ingest(body.as_bytes()).unwrap();
        };
        let at = "2026-01-02T03:04:05.006Z";
        let observed: Option<Timestamp> = Some(at.parse().unwrap());
        let cases = [
            (String::new(), Origin::Webhook, None),
            (r#","origin":"webhook""#.to_owned(), Origin::Webhook, None),
            (r#","origin":"api""#.to_owned(), Origin::Api, None),
            (format!(r#","origin":"pull","observedAt":"{at}""#), Origin::Pull, observed),
            (format!(r#","observedAt":"{at}","origin":"drift""#), Origin::Drift, observed),
            // What is no origin and no time is no reason to refuse an event.
            (r#","origin":"elsewhere","observedAt":"today""#.to_owned(), Origin::Webhook, None),
            (r#","origin":1,"observedAt":null"#.to_owned(), Origin::Webhook, None),
            (r#","origin":"API","observedAt":["a"]"#.to_owned(), Origin::Webhook, None),
        ];
        for (members, ..) in &cases {
            post(members);
        }
        let of = Subject::Node(NodeRef::record("home", "h"));
        let page = store.history("L", &of, 0, 100).unwrap();
        let found = page.events.iter().map(|event| (event.origin, event.observed_at));
        let expected = cases.iter().map(|(_, origin, observed)| (*origin, *observed));
        assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{keep:?}");
        let newest = store.history_newest("L", &of, Seq::MAX, 100).unwrap();
        assert!(newest.events.iter().rev().eq(page.events.iter()), "{keep:?}");
    }
}
