//! What must hold for any input at all, one function a target.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use relata::graph::{Budget, Cursor, LinkQuery};
use relata::http::{App, AuthPolicy, Limits, routes};
use relata::journal::{JournalReader, SqliteJournal};
use relata::signature::{SignatureHeaders, Verifier, WebhookKey, diagnose};
use relata::webhook::{Decoded, DeliverySummary, MAX_ID_BYTES, decode as read, wrapped};
use relata::{NodeRef, Store, Timestamp, verify};

/// Events that every target's store holds.
const EVENTS: [&str; 4] = [
    r#"{"id":"A","key":"interest","locationId":"L","associationType":"USER_DEFINED","firstObjectKey":"contact","firstObjectLabel":"Interested Buyer","secondObjectKey":"p","secondObjectLabel":"Property"}"#,
    r#"{"id":"r1","associationId":"A","locationId":"L","firstObjectKey":"contact","firstRecordId":"a","secondObjectKey":"p","secondRecordId":"x"}"#,
    r#"{"id":"r2","associationId":"A","locationId":"L","firstObjectKey":"contact","firstRecordId":"a","secondObjectKey":"p","secondRecordId":"y"}"#,
    r#"{"type":"RelationCreate","id":"r3","associationId":"A","locationId":"L","firstObjectKey":"contact","firstRecordId":"a","secondObjectKey":"p","secondRecordId":"z","webhookId":"w","timestamp":"2025-02-10T08:26:05.961Z"}"#,
];

fn tell(store: &Store) {
    for event in EVENTS {
        store.ingest(event.as_bytes()).unwrap();
    }
}

static STORE: LazyLock<Arc<Store>> = LazyLock::new(|| {
    let store = Store::in_memory().unwrap();
    tell(&store);
    Arc::new(store)
});

/// A body is an event, ignored or refused; an event keeps its meaning when it is
/// written and read again.
pub fn decode(data: &[u8]) {
    DeliverySummary::sniff(data);
    for url_type in [None, Some("RelationCreate"), Some("Other")] {
        let Ok(decoded) = read(data, url_type) else { continue };
        let Decoded::Event(event) = &decoded else { continue };
        let id = event.change.entity_id();
        assert!(!id.is_empty() && id.len() <= MAX_ID_BYTES);
        let body = std::str::from_utf8(data).unwrap();
        let line = wrapped(body, event.event_type.as_str());
        assert_eq!(read(line.as_bytes(), None).as_ref(), Ok(&decoded), "{line}");
    }
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

/// No headers are taken for a signature of a body that was never signed, and no
/// text breaks the reading of keys.
///
/// The input is lines of `name: value`, an empty line, and the body.
pub fn signatures(data: &[u8]) {
    static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
        let public = STANDARD.encode(pair().public_key());
        let secret = STANDARD.encode([9; 32]);
        let keys = [
            format!("ed25519:{public}"),
            format!("whpk_{public}"),
            format!("whsec_{secret}"),
            "rsa:highlevel".to_owned(),
        ];
        Verifier::new(
            keys.iter().map(|key| key.parse().unwrap()),
            Duration::from_secs(u32::MAX.into()),
        )
    });
    if let Ok(text) = std::str::from_utf8(data) {
        for key in [
            text.to_owned(),
            format!("ed25519:{text}"),
            format!("rsa:{text}"),
            format!("whsec_{text}"),
        ] {
            key.parse::<WebhookKey>().ok();
        }
    }
    let at = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = data.split_at(at);
    let headers = head.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        Some((std::str::from_utf8(name).ok()?, value.get(1..)?))
    });
    let headers = SignatureHeaders::pick(headers);
    let found = diagnose(&VERIFIER, &headers, [body], Timestamp::from_millis(1_739_175_965_000));
    assert!(found.verdict.is_err(), "a forgery: {headers:?}");
}

/// A cursor reads back as it is written, and leads to links that are there.
pub fn cursors(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(cursor) = text.parse::<Cursor>() else { return };
    assert_eq!(cursor.to_string().parse::<Cursor>().ok(), Some(cursor));
    let location = STORE.location("L").unwrap().unwrap();
    let graph = location.read();
    for node in [NodeRef::object("contact"), NodeRef::record("contact", "a")] {
        let page = graph
            .view()
            .links(&node, &LinkQuery::default().after(cursor), &mut Budget::unbounded())
            .unwrap();
        assert!(page.links.len() <= 3);
    }
}

/// Any path and query is answered with a status that says whose fault it is.
pub fn queries(data: &[u8]) {
    static FILTER: LazyLock<warp::filters::BoxedFilter<(warp::reply::Response,)>> =
        LazyLock::new(|| {
            routes(Arc::new(App::new(Arc::clone(&STORE), Limits::default(), AuthPolicy::off())))
        });
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (path, query) = text.split_once('?').unwrap_or(("", text));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for target in [
        format!("/v1/locations/L/objects/contact/records/a/links?{query}"),
        format!("/v1/locations/L/objects/contact/links?{query}"),
        format!("/v1/locations/L/associations?{query}"),
        format!("/v1/locations/L/history?of=contact/a&{query}"),
        format!("/v1/locations?{query}"),
        format!("/v1/locations/{path}/summary?{query}"),
        format!("/{path}?{query}"),
    ] {
        if target.parse::<warp::http::Uri>().is_err() {
            continue; // hyper refuses it before it comes here.
        }
        let answer = runtime.block_on(warp::test::request().path(&target).reply(&*FILTER));
        let expected = [200, 400, 404, 405];
        assert!(expected.contains(&answer.status().as_u16()), "{target}: {}", answer.status());
    }
}

/// A change to any stored event is reported with its seq, never read as another
/// event.
///
/// The first bytes choose the event and the column, the rest is the new value.
pub fn rows(data: &[u8]) {
    static TEMPLATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relata.db");
        let store = Store::open(&path).unwrap();
        tell(&store);
        store.close().unwrap();
        std::fs::read(path).unwrap()
    });
    let [place, kind, value @ ..] = data else { return };
    let columns = [
        "location",
        "type",
        "entity",
        "webhook_id",
        "at",
        "received_at",
        "checksum",
        "body",
        "seq",
    ];
    let column = columns[usize::from(place / 4) % columns.len()];
    let seq = 1 + i64::from(place % 4);
    let text = String::from_utf8_lossy(value);
    let mut number = [0; 8];
    number.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
    let number = i64::from_le_bytes(number);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    std::fs::write(&path, &*TEMPLATE).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let before: rusqlite::types::Value = connection
        .query_row(&format!("SELECT {column} FROM event WHERE seq = ?1"), [seq], |row| row.get(0))
        .unwrap();
    let update = format!("UPDATE event SET {column} = ?1 WHERE seq = ?2");
    let changed = match kind % 3 {
        0 => connection.execute(&update, (&*text, seq)),
        1 => connection.execute(&update, (number, seq)),
        // Text that is not UTF-8.
        _ => connection.execute(
            &format!("UPDATE event SET {column} = CAST(?1 AS TEXT) WHERE seq = ?2"),
            (value, seq),
        ),
    };
    // STRICT tables refuse values of another type.
    if changed.is_err() {
        return;
    }
    let select = format!("SELECT count(*) FROM event WHERE seq = ?1 AND {column} IS ?2");
    let same: i64 = connection.query_row(&select, (seq, before), |row| row.get(0)).unwrap();
    drop(connection);
    let mut journal = SqliteJournal::open_read_only(&path).unwrap();
    let proof = verify(&mut journal, 5);
    assert_eq!(proof.is_ok(), same == 1, "{column} of {seq}: {proof:?}");
    journal.head().unwrap();
}
