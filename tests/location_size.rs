//! What a location takes that hardly anything is known of: in a process of its own.

mod long;

use relata::Delivery;
use relata::graph::LocationGraph;
use relata::webhook::Decoded;

/// Memory of this process that is in use, in bytes.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<usize>().ok()? << 10)
}

/// A location of one relation took 5 KB, nearly all of it room for more: 200,000 of them,
/// which anybody may invent who may send, a gigabyte.
#[test]
fn a_location_of_one_relation_is_small() {
    let body = br#"{"id":"67ae0123456789abcdef0123","associationId":"67ad0123456789abcdef0123",
        "locationId":"eHy2","firstObjectKey":"contact","firstRecordId":"emqfhnG3g9D9chy9inTz",
        "secondObjectKey":"custom_objects.property","secondRecordId":"67a30123456789abcdef0123"}"#;
    let delivery = Delivery::read(body, None, None).unwrap();
    let Decoded::Event(event) = delivery.decoded() else { panic!("it is one") };
    let count = 20_000;
    let mut graphs: Vec<LocationGraph> = Vec::with_capacity(count);
    let Some(before) = resident() else { return };
    for _ in 0..count {
        let mut graph = LocationGraph::new();
        graph.merge(1, event);
        graphs.push(graph);
    }
    let each = (resident().unwrap() - before) / count;
    long::tell("bytes of a location of one relation", each);
    long::tell("of them in place", size_of::<LocationGraph>());
    assert!(each < 3_600, "{each}");
}
