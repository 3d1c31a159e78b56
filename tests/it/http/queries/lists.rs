//! Lists that look at more rows than they may on one page.

use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::server::{Error, Server};

/// What a place knows after half of everything was deleted, one event per line: 40 object
/// keys and associations, 60 houses.
fn half_deleted() -> Vec<Value> {
    let relation = |number: usize, association: String, key: &str| {
        json!({"type": "RelationCreate", "id": format!("r{association}{number}"),
            "associationId": association, "locationId": "L", "firstObjectKey": "contact",
            "firstRecordId": "c", "secondObjectKey": key, "secondRecordId": format!("h{number}")})
    };
    let association = |number: usize, what: &str| {
        json!({"type": what, "id": format!("a{number}"), "key": format!("key{number}"),
            "locationId": "L", "associationType": "USER_DEFINED",
            "firstObjectKey": "contact", "firstObjectLabel": "Buyer",
            "secondObjectKey": format!("kind{number}"), "secondObjectLabel": "House"})
    };
    let mut events: Vec<_> = (0..40).map(|it| association(it, "AssociationCreate")).collect();
    events.extend((0..60).map(|number| relation(number, "b".to_owned(), "house")));
    events.extend((0..40).map(|number| relation(100 + number, format!("a{number}"), "contact")));
    let gone = (0..40).filter(|number| number % 8 > 2);
    events.extend(gone.map(|number| association(number, "AssociationDelete")));
    for number in (0..60).filter(|number| number % 20 > 2) {
        events.push(json!({"type": "RecordDelete", "id": format!("h{number}"),
            "objectKey": "house", "locationId": "L"}));
    }
    events
}

/// Returns all rows of a list and its number of pages.
fn pages(server: &Server, path: &str, list: &str) -> Result<(Vec<Value>, usize), Error> {
    let (mut rows, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let answer = server.get(&format!("{path}{joint}{cursor}limit=5"))?;
        let page = answer.json();
        assert_eq!(answer.status, 200, "{path}: {page}");
        rows.extend(page[list].as_array().ok_or("no list")?.iter().cloned());
        pages += 1;
        assert_eq!(page["complete"], page["next"].is_null(), "{path}: {page}");
        let Some(next) = page["next"].as_str() else { return Ok((rows, pages)) };
        assert!(pages < 200, "{path}: no end");
        cursor = format!("cursor={next}&");
    }
}

/// A list of a past state that looked at more rows than a question may ended without a
/// cursor: what came after could not be reached. One of the present state passed over any
/// number of deleted rows while it held the location's lock.
#[test]
fn a_list_over_its_budget_goes_on_where_it_ended() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let whole = Server::start(&db)?;
    let events = half_deleted();
    for event in &events {
        assert_eq!(whole.post("/webhooks", event.to_string().as_bytes())?.status, 200);
    }
    let lists = [
        ("/v1/locations/L/objects", "objects", 17),
        ("/v1/locations/L/associations", "associations", 15),
        ("/v1/locations/L/objects/house/records", "records", 9),
    ];
    let moments = [String::new(), "?asOf=100".to_owned(), format!("?asOf={}", events.len())];
    let ask = |server: &Server| {
        let mut answers = Vec::new();
        for (path, list, now) in lists {
            for moment in &moments {
                let path = format!("{path}{moment}");
                let (rows, pages) = pages(server, &path, list)?;
                assert!(moment == "?asOf=100" || rows.len() == now, "{path}: {}", rows.len());
                answers.push((path, rows, pages));
            }
        }
        Ok::<_, Error>(answers)
    };
    let expected = ask(&whole)?;
    whole.kill()?;
    let limited = Server::start_with(&db, &["--question-links", "3"])?;
    for ((path, rows, few), (_, expected, many)) in ask(&limited)?.into_iter().zip(expected) {
        assert_eq!(rows, expected, "{path}");
        assert!(few > many, "{path}: {few} pages, {many} without a limit");
    }
    Ok(())
}

/// Each label that a batch counts is charged, and what no budget is left for says so.
#[test]
fn a_batch_of_labels_over_its_budget_says_so() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--question-links", "4500"])?;
    let relation = |number: usize| {
        json!({"type": "RelationCreate", "id": format!("r{number}"), "locationId": "L",
            "associationId": format!("a{}", number % 5), "firstObjectKey": "contact",
            "firstRecordId": format!("c{}", number / 5), "secondObjectKey": "house",
            "secondRecordId": "h"})
    };
    let lines: Vec<String> = (0..5_000).map(|number| relation(number).to_string()).collect();
    let headers = [("content-type", "application/x-ndjson")];
    assert_eq!(
        server.request("POST", "/v1/import", &headers, lines.join("\n").as_bytes())?.status,
        200
    );
    let of: Vec<String> = (0..1_000).map(|number| format!("contact/c{number}")).collect();
    let many = |of: &[String]| {
        server.post("/v1/locations/L/labels", json!({"of": of}).to_string().as_bytes())
    };
    let answer = many(&of)?.json();
    let results = answer["results"].as_array().ok_or("no results")?;
    assert_eq!((results.len(), &answer["complete"]), (1_000, &json!(false)));
    let single = server.get("/v1/locations/L/labels?of=contact/c0")?.json();
    assert_eq!(single["labels"].as_array().map(Vec::len), Some(5));
    assert_eq!((&results[0]["labels"], &results[0]["complete"]), (&single["labels"], &json!(true)));
    let whole = results.iter().take_while(|one| one["complete"] == true).count();
    assert!((700..1_000).contains(&whole), "{whole}");
    assert!(results.iter().skip(whole).all(|one| one["complete"] == false));
    assert_eq!(many(&[of, vec!["contact/more".to_owned()]].concat())?.status, 400);
    Ok(())
}
