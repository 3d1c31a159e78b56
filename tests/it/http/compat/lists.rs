//! Lists: their parameters, their pages, their order.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::http::compat::{HERE, INTEREST, Office, check_error, column, relation, send, text};
use crate::support::server::Error;

const NUMBER: &str = "must be a number conforming to the specified constraints";

/// The path of the relations of a record.
fn of(record: &str, query: &str) -> String {
    format!("/associations/relations/{record}?locationId={HERE}{query}")
}

#[test]
fn numbers_are_read_strictly() -> Result<(), Error> {
    let office = Office::open()?;
    office.link("b1", "p1");
    for list in [of("b1", ""), format!("/associations/?locationId={HERE}")] {
        for value in ["0", "1001", "-1", "1e2", "", "+1", "1.0", "%201", "x"] {
            let answer = office.get(&format!("{list}&limit={value}"));
            check_error(&answer, 422, &json!([format!("limit {NUMBER}")]));
        }
        for value in ["-1", "1e2", "", "99999999999999999999999"] {
            let answer = office.get(&format!("{list}&skip={value}"));
            check_error(&answer, 422, &json!([format!("skip {NUMBER}")]));
        }
        let both = office.get(&format!("{list}&limit=1&limit=2&skip=x&page=1"));
        let expected = json!([
            format!("skip {NUMBER}"),
            format!("limit {NUMBER}"),
            "property page should not exist",
        ]);
        check_error(&both, 422, &expected);
        for query in ["&limit=1000", "&limit=1&skip=0", "&skip=0007", ""] {
            assert_eq!(office.get(&format!("{list}{query}")).json()["total"], 1, "{query}");
        }
        let behind = office.get(&format!("{list}&skip=18446744073709551615")).json();
        assert_eq!(behind["total"], 1, "{behind}");
        let rows = behind["relations"].as_array().or(behind["associations"].as_array());
        assert_eq!(rows.map(Vec::len), Some(0));
    }
    let repeated = office.get(&format!("{}&locationId={HERE}", of("b1", "")));
    check_error(&repeated, 422, &json!(["locationId must be a string"]));
    let odd = office.get(&of("b1", "&associationId=x&%ff=1"));
    let expected =
        json!(["property associationId should not exist", "property %ff should not exist"]);
    check_error(&odd, 422, &expected);
    Ok(())
}

/// Defines two more associations, and links a record once under each of the three.
fn three(office: &Office) -> Vec<String> {
    let define = |key: &str| {
        let body = json!({"locationId": HERE, "key": key, "firstObjectLabel": "", "secondObjectLabel": "",
            "firstObjectKey": "custom_objects.real_estate_buyer",
            "secondObjectKey": "custom_objects.property"});
        text(&office.post("/associations/", &body).json()["id"])
    };
    let associations = vec![INTEREST.to_owned(), define("two"), define("three")];
    for association in &associations {
        let mut body = relation("b1", "p1");
        body["associationId"] = json!(association);
        assert_eq!(office.post("/associations/relations", &body).status, 201);
    }
    associations
}

#[test]
fn relations_are_filtered_by_association_however_the_list_is_written() -> Result<(), Error> {
    let office = Office::open()?;
    let ids = three(&office);
    let seen = |query: &str| column(&office.get(&of("b1", query)), "relations", "associationId");
    let (one, two) = (&ids[0], &ids[1]);
    assert_eq!(seen(""), ids);
    for query in [
        format!("&associationIds={one}&associationIds={two}"),
        format!("&associationIds%5B%5D={one}&associationIds%5B%5D={two}"),
        format!("&associationIds[]={two}&associationIds[]={one}"),
        format!("&associationIds[0]={one}&associationIds[1]={two}"),
        format!("&associationIds={one}&associationIds[]={two}&associationIds[7]={one}"),
        format!("&associationIds={one}&associationIds={two}&associationIds=nobody"),
    ] {
        assert_eq!(seen(&query), ids[..2], "{query}");
    }
    // Ids are opaque: a comma is part of one.
    for nothing in ["&associationIds=nobody".to_owned(), format!("&associationIds={one},{two}")] {
        let answer = office.get(&of("b1", &nothing)).json();
        assert_eq!((&answer["relations"], &answer["total"]), (&json!([]), &json!(0)), "{nothing}");
    }
    let many =
        |count: usize| (0..count).fold(String::new(), |q, n| format!("{q}&associationIds=a{n}"));
    assert_eq!(office.get(&of("b1", &many(100))).status, 200);
    let finding = "associationIds must contain no more than 100 elements";
    check_error(&office.get(&of("b1", &many(101))), 422, &json!([finding]));
    assert_eq!(seen(&format!("&associationIds={one}").repeat(200)), ids[..1], "each counts once");
    let other = office.get(&of("b1", "&associationIds[x]=1"));
    check_error(&other, 422, &json!(["property associationIds[x] should not exist"]));
    Ok(())
}

#[test]
fn each_link_is_listed_once_from_either_end() -> Result<(), Error> {
    let office = Office::open()?;
    let ids = three(&office);
    let listed = |record: &str| column(&office.get(&of(record, "")), "relations", "id");
    assert_eq!(listed("b1").len(), 3, "one under each association");
    assert_eq!(listed("b1"), listed("p1"));
    let reversed = office.link("p1", "b1");
    assert_eq!(listed("b1").last(), Some(&reversed), "the other way round is another link");
    let own = office.link("self", "self");
    assert_eq!(listed("self"), [own], "a link to itself");
    let body = json!({"locationId": HERE, "key": "friend", "firstObjectLabel": "Friend",
        "secondObjectLabel": "Friend", "firstObjectKey": "contact", "secondObjectKey": "contact"});
    let friend = text(&office.post("/associations/", &body).json()["id"]);
    let mut body = relation("c1", "c1");
    body["associationId"] = json!(friend);
    let own = text(&office.post("/associations/relations", &body).json()["id"]);
    assert_eq!(listed("c1"), [own], "also where both ends are alike");
    let answer = office.get(&of("c1", "")).json();
    assert_eq!(answer["total"], 1);
    assert_eq!(ids.len(), 3);
    Ok(())
}

#[test]
fn pages_hold_each_link_once_while_others_are_added() -> Result<(), Error> {
    const LINKS: usize = 2_500;
    let office = Office::open()?;
    for chunk in (0..LINKS).collect::<Vec<_>>().chunks(1_000) {
        let rows = chunk.iter().map(|number| {
            json!({"associationId": INTEREST, "firstRecordId": "hub",
                "secondRecordId": format!("p{number}")})
        });
        let rows: Vec<Value> = rows.collect();
        let answer =
            office.post("/associations/relations/bulk", &json!({"locationId": HERE, "add": rows}));
        assert_eq!(answer.json()["results"]["success"].as_array().unwrap().len(), chunk.len());
    }
    let before = |limit: usize, at_most: usize| {
        let (mut seen, mut skip) = (Vec::new(), 0);
        while skip < at_most {
            let page = office.get(&of("hub", &format!("&limit={limit}&skip={skip}")));
            let found = column(&page, "relations", "secondRecordId");
            assert!(found.len() == limit || skip + found.len() >= LINKS, "a short page");
            skip += found.len();
            seen.extend(found);
        }
        seen
    };
    std::thread::scope(|scope| {
        let adding = scope.spawn(|| {
            for number in 0..200 {
                let body = relation("hub", &format!("new{number}"));
                assert_eq!(
                    send(&office.server, "POST", "/associations/relations", &body).status,
                    201
                );
            }
        });
        for limit in [1_000, 999, 100] {
            let seen = before(limit, LINKS);
            let old: Vec<&String> = seen.iter().filter(|id| id.starts_with('p')).collect();
            let distinct: BTreeSet<&&String> = old.iter().collect();
            assert_eq!((old.len(), distinct.len()), (LINKS, LINKS), "{limit}");
        }
        let first = before(1, 20);
        assert_eq!(first, (0..20).map(|number| format!("p{number}")).collect::<Vec<_>>());
        adding.join().unwrap();
    });
    assert_eq!(office.get(&of("hub", "&skip=3000")).json()["total"], LINKS + 200);
    Ok(())
}

#[test]
fn a_list_includes_what_was_answered_before() -> Result<(), Error> {
    let office = Office::open()?;
    for number in 1..=20 {
        let answer = office.post("/associations/relations", &relation("b1", &format!("p{number}")));
        let written: u64 = answer.header("relata-seq").unwrap().parse()?;
        let list = office.get(&of("b1", ""));
        assert_eq!(list.json()["total"], number);
        assert!(list.header("relata-seq").unwrap().parse::<u64>()? >= written);
    }
    Ok(())
}

#[test]
fn an_object_key_is_answered_in_the_shape_that_its_reader_knows() -> Result<(), Error> {
    let office = Office::open()?;
    let path =
        |key: &str, query: &str| format!("/associations/objectKey/{key}?locationId={HERE}{query}");
    let none = office.get(&path("nothing", "")).json();
    assert_eq!((&none["associations"], &none["total"]), (&json!([]), &json!(0)));
    assert!(none["id"].is_null());
    let bare = office.get(&path("nothing", "&includeInternalAssociations=true"));
    assert_eq!(bare.json(), json!([]));

    let ids = three(&office);
    let key = "custom_objects.property";
    let answer = office.get(&path(key, ""));
    assert_eq!(column(&answer, "associations", "id"), ids);
    let body = answer.json();
    assert_eq!((&body["id"], &body["total"]), (&json!(ids[0]), &json!(3)));
    assert_eq!(body["key"], "buyer_property_interest");
    let counted = office.get(&path(key, "&relationsCount=true&includeInternalAssociations=true"));
    let counted = counted.json();
    assert_eq!(counted.as_array().map(Vec::len), Some(3), "{counted}");
    assert_eq!(counted[1]["relationsCount"], 1);
    let plain = office.get(&path(key, "&includeInternalAssociations=false&relationsCount=false"));
    assert!(plain.json()["relationsCount"].is_null());
    let odd = office.get(&path(key, "&relationsCount=yes"));
    check_error(&odd, 422, &json!(["relationsCount must be a boolean value"]));
    Ok(())
}
