//! The memory of a location of which little is known.

use relata::Delivery;
use relata::graph::LocationGraph;
use relata::webhook::Decoded;

use crate::support::long;
use crate::support::process::{anonymous, in_own_process};

/// A location of one relation took 5 KB, nearly all of it room for more: 200,000 of them,
/// which anybody may invent who may send, a gigabyte.
#[test]
fn a_location_of_one_relation_is_small() {
    in_own_process(&a_location_of_one_relation_is_small, || {
        let body = br#"{"id":"67ae0123456789abcdef0123","associationId":"67ad0123456789abcdef0123",
        "locationId":"eHy2","firstObjectKey":"contact","firstRecordId":"emqfhnG3g9D9chy9inTz",
        "secondObjectKey":"custom_objects.property","secondRecordId":"67a30123456789abcdef0123"}"#;
        let delivery = Delivery::read(body, None, None).unwrap();
        let Decoded::Event(event) = delivery.decoded() else { panic!("it is one") };
        let count = 20_000;
        let mut graphs: Vec<LocationGraph> = Vec::with_capacity(count);
        let Some(before) = anonymous(std::process::id()) else { return };
        for _ in 0..count {
            let mut graph = LocationGraph::new();
            graph.merge(1, event);
            graphs.push(graph);
        }
        let each = (anonymous(std::process::id()).unwrap() - before) / count as u64;
        long::tell("bytes of a location of one relation", each);
        long::tell("of them in place", size_of::<LocationGraph>());
        assert!(each < 3_600, "{each}");
    });
}

/// A location of 100,000 contacts, named or not, and its memory.
fn contacts(is_named: bool) -> (LocationGraph, u64) {
    let before = anonymous(std::process::id()).unwrap_or_default();
    let mut graph = LocationGraph::new();
    for number in 0..100_000 {
        let name =
            if is_named { format!(r#","name":"Amara Okafor {number:05}""#) } else { String::new() };
        let body = format!(
            r#"{{"type":"ContactCreate","id":"emqfhnG3g9D9chy{number:05}","locationId":"eHy2"{name}}}"#
        );
        let delivery = Delivery::read(body.as_bytes(), None, None).unwrap();
        let Decoded::Event(event) = delivery.decoded() else { panic!("it is one") };
        graph.merge(number + 1, event);
    }
    let after = anonymous(std::process::id()).unwrap_or_default();
    (graph, after - before)
}

#[test]
fn a_name_is_small() {
    in_own_process(&a_name_is_small, || {
        // Both are kept, so that neither takes the memory of the other.
        let (_unnamed, without) = contacts(false);
        let (_named, with) = contacts(true);
        let each = with.saturating_sub(without) / 100_000;
        long::tell("bytes of a name of 18 letters", each);
        let is_measured = with > 0;
        assert!(!is_measured || (34..120).contains(&each), "{each}");
    });
}
