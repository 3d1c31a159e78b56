//! Compressed bodies.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http::deliveries::{ASSOCIATION, SECRET, post_with, signed, signed_server};
use crate::support::compression::{deflate, gzip};
use crate::support::database::fresh;
use crate::support::server::{Answer, Error, Server, relata};

/// A relay packed what it passed on. Its deliveries were refused as no JSON, and what
/// was kept of them nobody could read.
#[test]
fn a_compressed_body_is_decompressed_by_every_route() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let here = "/v1/locations/eHy2cOSZxMQzQ6Yyvl8P";
    let links = format!("{here}/links");
    let cases: [(&str, &[u8], &str); 4] = [
        ("/webhooks", ASSOCIATION, "\"event\":\"AssociationCreate\""),
        ("/v1/doctor", ASSOCIATION, "\"ok\":true"),
        ("/v1/import", ASSOCIATION, "\"lines\":1"),
        (&links, br#"{"of":["contact","custom_objects.property"]}"#, "Property"),
    ];
    let association: serde_json::Value = serde_json::from_slice(ASSOCIATION)?;
    let line = association.to_string();
    for (path, body, said) in cases {
        let body = if path == "/v1/import" { line.as_bytes() } else { body };
        let cut = &gzip(body)[..20];
        for (encoding, packed, status) in [
            ("gzip", &*gzip(body), 200),
            ("X-GZIP", &gzip(body), 200),
            ("identity, gzip", &gzip(body), 200),
            ("deflate", &deflate(body), 200),
            ("identity", body, 200),
            ("gzip", cut, 400),
            ("deflate", &[&deflate(body)[..], b"x"].concat(), 400),
            ("br", body, 415),
            ("gzip, gzip", &gzip(body), 415),
        ] {
            let headers = [("content-type", "application/json"), ("content-encoding", encoding)];
            let answer = server.request("POST", path, &headers, packed)?;
            // The doctor reports what a delivery would be answered with.
            let examined = path == "/v1/doctor" && status == 400;
            let expected = if examined { 200 } else { status };
            assert_eq!(answer.status, expected, "{path} {encoding}: {}", answer.text());
            match status {
                200 => assert!(answer.text().contains(said), "{path}: {}", answer.text()),
                400 => assert!(answer.text().contains("unpacked"), "{path}: {}", answer.text()),
                _ => assert_eq!(answer.header("accept-encoding"), Some("gzip, deflate")),
            }
        }
    }
    Ok(())
}

/// A few kilobytes that unpack to gigabytes cost no more than a body of the limit.
#[test]
fn a_compressed_body_is_bounded_before_and_after_decompression() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let packed = [("content-encoding", "gzip")];
    let bomb = gzip(&vec![b' '; 100 << 20]);
    assert!(bomb.len() < 256 << 10);
    let padded = |length: usize| {
        let mut body = ASSOCIATION.to_vec();
        body.resize(length, b' ');
        gzip(&body)
    };
    for path in ["/webhooks", "/v1/doctor", "/v1/locations/nowhere/links"] {
        let answer = server.request("POST", path, &packed, &bomb)?;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (413, Some("body_too_large")),
            "{path}"
        );
    }
    assert_eq!(server.request("POST", "/webhooks", &packed, &padded(256 << 10))?.status, 200);
    assert_eq!(server.request("POST", "/webhooks", &packed, &padded((256 << 10) + 1))?.status, 413);
    assert_eq!(server.get("/v1/dead-letters")?.json()["total"], 0);
    Ok(())
}

/// Some sign what they send, some what they had before they packed it. Either way the
/// content is what was signed; one that fits neither is refused.
#[test]
fn a_compressed_body_may_be_signed_before_or_after_compression() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = signed_server(&db, &[])?;
    let bad = br#"{"type":"RelationCreate"}"#;
    let encoded = ("content-encoding".to_owned(), "gzip".to_owned());
    let post = |id: &str, signed_over: &[u8], sent: &[u8]| -> Result<Answer, Error> {
        let mut headers = signed("webhook", id, signed_over);
        headers.push(encoded.clone());
        post_with(&server, "/webhooks", &headers, sent)
    };
    let packed = gzip(ASSOCIATION);
    assert_eq!(post("1", &packed, &packed)?.status, 200);
    assert_eq!(post("2", ASSOCIATION, &packed)?.status, 200);
    assert_eq!(post("3", b"another", &packed)?.status, 401);
    assert_eq!(post("4", ASSOCIATION, &packed[..20])?.status, 401, "nothing shows who sent it");
    // The signed bytes of a plain body mean nothing as packed ones, nor the other way.
    assert_eq!(post("5", ASSOCIATION, ASSOCIATION)?.status, 400);
    let plain = signed("webhook", "6", &packed);
    assert_eq!(post_with(&server, "/webhooks", &plain, &packed)?.status, 400);
    // Kept is what can be read, and of what cannot be unpacked how it came.
    assert_eq!(post("7", bad, &gzip(bad))?.status, 422);
    assert_eq!(post("8", &packed[..20], &packed[..20])?.status, 400);
    let list = server.get("/v1/dead-letters")?.json();
    let letters = list["deadLetters"].as_array().ok_or("no list")?;
    let mut bodies = Vec::new();
    for letter in letters {
        bodies.push(server.get(&format!("/v1/dead-letters/{}", letter["id"]))?.json());
    }
    assert_eq!(bodies.len(), 4, "{list}");
    assert_eq!(bodies[2]["body"].as_str().map(str::as_bytes), Some(&bad[..]));
    assert!(bodies[2]["headers"]["content-encoding"].is_null());
    assert_eq!(bodies[3]["bodyBase64"].as_str(), Some(&*STANDARD.encode(&packed[..20])));
    assert_eq!(bodies[3]["headers"]["content-encoding"], "gzip");
    Ok(())
}

/// What `relata doctor` says of a packed body that was kept in a file.
#[test]
fn the_doctor_decompresses_as_the_headers_say() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let file = directory.path().join("delivery");
    std::fs::write(&file, gzip(ASSOCIATION))?;
    let key = format!("whsec_{}", STANDARD.encode(SECRET));
    for signed_over in [&gzip(ASSOCIATION)[..], ASSOCIATION] {
        let mut command = relata();
        command.args(["doctor", "--json", "--webhook-key", &key, "--db"]).arg(&db).arg(&file);
        command.args(["--header", "Content-Encoding: gzip"]);
        for (name, value) in signed("webhook", "1", signed_over) {
            command.args(["--header", &format!("{name}: {value}")]);
        }
        let output = command.output()?;
        let found: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(found["answer"], 200, "{found}");
    }
    Ok(())
}
