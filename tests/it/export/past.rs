//! Exports of the graph as it stood, by the real binary.

use std::time::{Duration, Instant};

use crate::support::sample::SAMPLE;
use crate::support::server::{Error, Server, relata};

const AT: &str = "/v1/locations/seaside-realty";

/// The first events of the sample in a store of their own.
fn part(directory: &std::path::Path, events: usize) -> Result<std::path::PathBuf, Error> {
    let (db, file) = (directory.join("part.db"), directory.join("part.ndjson"));
    let lines: Vec<&str> = SAMPLE.lines().take(events).collect();
    std::fs::write(&file, lines.join("\n"))?;
    let ingested = relata().arg("--db").arg(&db).arg("ingest").arg(&file).output()?;
    assert!(ingested.status.success(), "{ingested:?}");
    Ok(db)
}

#[test]
fn an_export_as_of_a_moment_equals_the_export_made_then() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let whole = Server::start_with(&directory.path().join("none.db"), &["--demo"])?;
    let then = Server::start(&part(directory.path(), 192)?)?;
    // Event 192 of the sample came then, and event 193 later.
    for moment in ["192", "2026-11-01T15:00:00Z"] {
        for query in
            ["format=graphml", "format=node-link&layer=records&label=Owner", "format=ndjson"]
        {
            let before = then.get(&format!("{AT}/export?{query}"))?;
            let now = whole.get(&format!("{AT}/export?{query}"))?;
            let past = whole.get(&format!("{AT}/export?{query}&asOf={moment}"))?;
            assert_eq!((past.status, before.status), (200, 200), "{}", past.text());
            assert_eq!(past.text(), before.text(), "{query} as of {moment}");
            assert_ne!(past.body, now.body, "{query}");
            for header in ["relata-nodes", "relata-links", "content-disposition", "content-type"] {
                assert_eq!(past.header(header), before.header(header), "{header}");
            }
            assert_eq!(past.header("relata-seq"), Some("192"), "{query} as of {moment}");
        }
    }
    let last = whole.get(&format!("{AT}/export?format=dot&asOf=388"))?;
    assert_eq!(last.header("relata-seq"), Some("388"));
    assert_eq!(last.body, whole.get(&format!("{AT}/export?format=dot"))?.body);
    for wrong in ["389", "", "yesterday", "-1", "1&asOf=2"] {
        let refused = whole.get(&format!("{AT}/export?format=dot&asOf={wrong}"))?;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some("asOf")));
    }
    Ok(())
}

#[test]
fn an_export_as_of_a_pruned_moment_is_refused() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let db = part(directory.path(), 192)?;
    let server = Server::start_with(&db, &["--keep-events", "0", "--checkpoint-events", "10"])?;
    let body = SAMPLE.lines().nth(192).ok_or("line")?;
    assert_eq!(server.post("/webhooks", body.as_bytes())?.status, 200);
    // Not by asking for the past: what was answered once is remembered. An export
    // during which events leave is broken off.
    let start = Instant::now();
    while server.get(&format!("{AT}/export?format=ndjson")).map_or(true, |it| it.status == 200) {
        assert!(start.elapsed() < Duration::from_secs(30), "nothing is pruned");
        std::thread::sleep(Duration::from_millis(50));
    }
    let gone = server.get(&format!("{AT}/export?format=dot&asOf=100"))?;
    assert_eq!((gone.status, gone.json()["code"].as_str()), (410, Some("pruned")));
    assert_eq!(gone.header("content-disposition"), None);
    for query in ["format=ndjson&asOf=100", "format=gexf&dynamic=true"] {
        let gone = server.get(&format!("{AT}/export?{query}"))?;
        assert_eq!((gone.status, gone.json()["code"].as_str()), (410, Some("pruned")), "{query}");
    }
    assert_eq!(server.get(&format!("{AT}/export?format=dot&asOf=193"))?.status, 200);
    drop(server);
    for format in ["dot", "ndjson"] {
        let arguments =
            ["export", "--location", "seaside-realty", "--as-of", "100", "--format", format];
        let output = relata().arg("--db").arg(&db).args(arguments).output()?;
        assert_eq!(output.status.code(), Some(1));
        let errors = String::from_utf8(output.stderr)?;
        assert!(errors.contains("pruned") && errors.lines().count() == 1, "{errors}");
        assert!(output.stdout.is_empty());
    }
    Ok(())
}
