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
