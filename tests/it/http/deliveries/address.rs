//! Queries and probes of the address.

use std::time::Duration;

use crate::http::deliveries::ASSOCIATION;
use crate::support::database::fresh;
use crate::support::server::{Error, Server, relata};

/// The address that somebody gave the CRM carried a query, as those of many set-up
/// pages and proxies do. Every delivery was refused, none was kept, and the sender could
/// do nothing about it.
#[test]
fn a_delivery_is_taken_whatever_query_its_address_carries() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let file = directory.path().join("log");
    let mut command = relata();
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "trace", "--db"]).arg(&db);
    let mut server = Server::spawn(command.stderr(std::fs::File::create(&file)?))?;
    let long = "x".repeat(60_000);
    let odd = ["source=crm", "secret=hush-hush", "a=1&a=2", "minSeq=9", "%", "%zz=%ff", "", &long];
    for query in odd {
        for path in ["/webhooks", "/webhooks/AssociationCreate"] {
            let address = format!("{path}?secret=hush-hush&{query}");
            let answer = server.post(&address, ASSOCIATION)?;
            assert_eq!(answer.status, 200, "{query:.20}: {}", answer.text());
            // One that cannot be used is kept, and a probe is answered.
            assert_eq!(server.post(&address, b"{")?.status, 400);
            assert_eq!(server.get(&address)?.json()["status"], "ok");
            assert_eq!(server.request("HEAD", &address, &[], b"")?.status, 200);
        }
    }
    assert_eq!(
        server.get("/v1/dead-letters")?.json()["total"],
        2,
        "one body, with and without type"
    );
    // What a query holds may be a secret: it is kept nowhere.
    let metrics = server.get("/metrics")?.text();
    server.signal("TERM")?;
    server.wait(Duration::from_secs(20))?;
    let mut kept = vec![("metrics".to_owned(), metrics.into_bytes())];
    for file in std::fs::read_dir(directory.path())? {
        let path = file?.path();
        kept.push((path.display().to_string(), std::fs::read(path)?));
    }
    assert!(kept.len() > 2);
    for (name, bytes) in kept {
        let found = bytes.windows(9).any(|window| window == b"hush-hush");
        assert!(!found, "{name}");
    }
    Ok(())
}

/// Set-up pages try an address with HEAD or GET before they save it, and call one
/// that answers 405 a dead one.
#[test]
fn a_probe_of_the_address_is_answered() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let required = ["--webhook-auth", "required", "--api-auth", "required"];
    let server = Server::start_with(&db, &required)?;
    for path in ["/webhooks", "/webhooks/RelationCreate", "/webhooks/Unheard"] {
        let alive = server.get(path)?;
        assert_eq!((alive.status, alive.text().as_str()), (200, r#"{"status":"ok"}"#));
        assert_eq!(server.request("HEAD", path, &[], b"")?.status, 200);
        let other = server.request("DELETE", path, &[], b"")?;
        assert_eq!((other.status, other.header("allow")), (405, Some("POST, GET, HEAD")));
    }
    Ok(())
}
