//! `POST …/export`, by the real binary.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use relata::export::{Format, Options, write};
use relata::graph::SubgraphQuery;
use relata::{Delivery, Store, Timestamp};
use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::sample::{SAMPLE, tell};
use crate::support::server::{Answer, Error, Server};

const AT: &str = "/v1/locations/seaside-realty";

const NODES: [&str; 4] = [
    "contact/TO8RJjq9RDegjbPPMkse",
    "contact/RwOR1rEroB5eX0lPuxFF",
    "custom_objects.property/6adf249e8ce18ef62a90b95f",
    "contact",
];

fn export(server: &Server, query: &str, body: &Value) -> Result<Answer, Error> {
    server.post(&format!("{AT}/export?{query}"), body.to_string().as_bytes())
}

fn demo(arguments: &[&str]) -> Result<(tempfile::TempDir, Server), Error> {
    let (directory, db) = fresh()?;
    let server = Server::start_with(&db, &[&["--demo"], arguments].concat())?;
    Ok((directory, server))
}

#[test]
fn every_format_of_a_set_is_what_the_library_writes() -> Result<(), Error> {
    let (_directory, server) = demo(&[])?;
    let store = Store::in_memory()?;
    tell(&store, SAMPLE.lines());
    let only = NODES.map(|node| node.parse().unwrap()).to_vec();
    let query = SubgraphQuery { only: Some(only), ..SubgraphQuery::default() };
    let location = store.location("seaside-realty")?.ok_or("no location")?;
    let (_, copy) = store.snapshot(&location, None, &query)?;
    let part = copy.view().part(&query)?;
    let options = Options { location: "seaside-realty".to_owned(), ..Options::default() };
    for &format in Format::ALL {
        let mut expected = Vec::new();
        write(&part, format, &options, &mut expected)?;
        let query = format!("format={}", format.as_str());
        let answer = export(&server, &query, &json!({"of": NODES}))?;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        assert!(answer.body == expected, "{query}: {}", answer.text());
        // With the headers of an export of everything.
        let whole = server.get(&format!("{AT}/export?{query}&of=contact/TO8RJjq9RDegjbPPMkse"))?;
        for header in ["content-type", "content-disposition", "vary", "relata-seq"] {
            assert_eq!(answer.header(header), whole.header(header), "{query}");
        }
        let counts = [part.node_count(), part.link_count()].map(|count| count.to_string());
        assert_eq!(answer.header("relata-nodes"), Some(&*counts[0]), "{query}");
        assert_eq!(answer.header("relata-links"), Some(&*counts[1]), "{query}");
    }
    assert!(part.link_count() > 3);
    Ok(())
}

#[test]
fn a_set_takes_the_parameters_of_an_export() -> Result<(), Error> {
    let (_directory, server) = demo(&[])?;
    let body = json!({"of": NODES});
    let links = |query: &str| -> Result<usize, Error> {
        let answer = export(&server, &format!("format=node-link&edgesKey=links&{query}"), &body)?;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        assert_eq!(answer.json()["nodes"].as_array().map(Vec::len), Some(4), "{query}");
        Ok(answer.json()["links"].as_array().ok_or("no links")?.len())
    };
    let between = |body: &Value| -> Result<usize, Error> {
        let answer = server.post(&format!("{AT}/between"), body.to_string().as_bytes())?;
        Ok(answer.json()["links"].as_array().ok_or("no links")?.len())
    };
    let all = links("")?;
    assert_eq!(all, between(&body)?);
    let referred = json!({"of": NODES, "label": "Referred By"});
    assert_eq!((links("label=Referred%20By")?, between(&referred)?), (2, 2));
    let then = json!({"of": NODES, "asOf": 138});
    assert_eq!(links("asOf=138")?, between(&then)?);
    assert!(links("asOf=138")? < all);

    let packed = server.request(
        "POST",
        &format!("{AT}/export?format=csv&bom=true"),
        &[("content-type", "application/json"), ("accept-encoding", "gzip")],
        body.to_string().as_bytes(),
    )?;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    GzDecoder::new(&*packed.body).read_to_end(&mut unpacked)?;
    assert!(unpacked == export(&server, "format=csv&bom=true", &body)?.body);
    assert!(unpacked.starts_with("\u{feff}source,".as_bytes()));
    let lives = export(&server, "format=gexf&dynamic=true", &body)?;
    assert!(lives.status == 200 && lives.text().contains("mode=\"dynamic\""));
    assert_eq!(lives.header("relata-nodes"), Some("4"));
    Ok(())
}

#[test]
fn a_set_that_cannot_be_exported_is_refused() -> Result<(), Error> {
    let (_directory, server) = demo(&[])?;
    let amara = "contact/TO8RJjq9RDegjbPPMkse";
    let of = |nodes: &[&str]| json!({"of": nodes});
    let many: Vec<String> = (0..2_001).map(|number| format!("contact/{number}")).collect();
    let events = "which holds every event: it cannot be limited to some nodes";
    for (query, body, status, field, why) in [
        ("format=dot", json!({"of": many}), 400, "of", "more than 2000 items"),
        ("format=dot", json!({"of": vec![amara; 2_001]}), 400, "of", "more than 2000 items"),
        ("format=dot", of(&[]), 400, "of", "1 to 2000 node references"),
        ("format=dot", json!({}), 400, "body", "missing field `of`"),
        ("format=dot", json!([amara]), 400, "body", "does not fit"),
        ("format=dot", json!({"of": amara}), 400, "of", "a list of at most 2000 items"),
        ("format=dot", of(&[amara, "/"]), 400, "of[1]", "does not fit"),
        ("format=dot", json!({"of": [amara, 7]}), 400, "of[1]", "does not fit"),
        ("format=dot", json!({"of": [amara], "asOf": 3}), 400, "asOf", "unknown field"),
        ("format=dot", json!({"of": [amara], "format": "dot"}), 400, "format", "unknown field"),
        ("format=dot&of=contact", of(&[amara]), 400, "of", "is unknown here"),
        ("format=dot&depth=1", of(&[amara]), 400, "depth", "is unknown here"),
        ("format=dot&layer=objects", of(&[amara]), 400, "of", "is of the other layer"),
        ("format=dot&layer=records", of(&[amara, "contact"]), 400, "of", "the other layer"),
        ("format=dot&asOf=999", of(&[amara]), 400, "asOf", "too great"),
        ("format=dot&dynamic=true", of(&[amara]), 400, "dynamic", "applies to gexf alone"),
        ("format=dot&bom=true", of(&[amara]), 400, "bom", "applies to csv alone"),
        ("format=svg", of(&[amara]), 400, "format", ""),
        ("", of(&[amara]), 400, "format", "is missing"),
        ("format=ndjson", of(&[amara]), 400, "format", events),
        ("format=ndjson", json!("not even an object"), 400, "format", events),
        ("format=dot", of(&[amara, "contact/nobody"]), 404, "", "has named contact/nobody"),
        ("format=dot&asOf=1", of(&[amara]), 404, "", "has named contact/TO8RJjq9RDegjbPPMkse"),
        ("format=gexf&dynamic=true", of(&["contact/nobody"]), 404, "", "contact/nobody"),
    ] {
        let answer = export(&server, query, &body)?;
        let told = answer.json();
        let blamed = told["field"].as_str().unwrap_or_default();
        assert_eq!((answer.status, blamed), (status, field), "{query} {}", answer.text());
        let detail = told["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(why), "{query}: {detail}");
        assert_eq!(answer.header("content-disposition"), None, "{query}");
    }
    let elsewhere =
        server.post("/v1/locations/none/export?format=dot", br#"{"of":["contact"]}"#)?;
    assert_eq!((elsewhere.status, elsewhere.json()["code"].as_str()), (404, Some("not_found")));
    let most: Vec<&str> = NODES.into_iter().cycle().take(2_000).collect();
    let answer = export(&server, "format=csv", &json!({"of": most}))?;
    assert_eq!((answer.status, answer.header("relata-nodes")), (200, Some("4")));
    Ok(())
}

/// A set of two nodes may have millions of links: it waits for the same permits as an export of
/// everything.
#[test]
fn an_export_of_a_set_waits_for_a_permit() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let store = Store::open(&db)?;
    // More than the system and the server hold for a connection that is not read.
    for number in 0..8_000 {
        let relation = json!({
            "id": format!("{number:0>500}"), "associationId": "A", "locationId": "seaside-realty",
            "firstObjectKey": "contact", "firstRecordId": format!("{:0>500}", 1),
            "secondObjectKey": "house", "secondRecordId": format!("{:0>500}", 2),
        });
        let delivery = Delivery::read(relation.to_string().as_bytes(), None, Timestamp::now())?;
        store.submit_waiting(delivery, |_| ())?;
    }
    store.close()?;
    let server = Server::start_with(&db, &["--exports", "1", "--question-wait-ms", "50"])?;
    let body = json!({"of": [format!("contact/{:0>500}", 1), format!("house/{:0>500}", 2)]});
    let text = body.to_string();
    let mut still = server.connect_narrow()?;
    write!(
        still,
        "POST {AT}/export?format=node-link HTTP/1.1\r\nhost: localhost\r\ncontent-type: \
         application/json\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    )?;
    let head = Answer::read_head(&mut still)?;
    assert_eq!((head.status, head.header("relata-links")), (200, Some("8000")));
    let refused = export(&server, "format=dot", &body)?;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (429, Some("overloaded")));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(server.get(&format!("{AT}/export?format=csv&layer=objects"))?.status, 429);
    // A question is none.
    assert_eq!(server.post(&format!("{AT}/between"), text.as_bytes())?.status, 200);
    drop(still);
    let start = Instant::now();
    while export(&server, "format=dot", &body)?.status != 200 {
        assert!(start.elapsed() < Duration::from_secs(20), "the permit is not given back");
    }
    Ok(())
}
