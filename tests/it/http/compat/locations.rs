//! Which location a request is about.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::compat::{HERE, INTEREST, check_error, relation};
use crate::support::database::fresh;
use crate::support::sample::SAMPLE;
use crate::support::server::{Answer, Error, Server, run};

const SYSTEM: &str = "BUSINESSES_CONTACTS_ASSOCIATION";

/// A protected server that knows two locations, and tokens of one, of both by name, and of
/// all.
struct Agency {
    _directory: tempfile::TempDir,
    server: Server,
    one: String,
    two: String,
    all: String,
}

impl Agency {
    fn open() -> Result<Self, Error> {
        let (directory, db) = fresh()?;
        let new = |arguments: &[&str]| {
            run(&db, &[&["token", "new", "--scope", "write"], arguments].concat())
        };
        let one = new(&["--location", HERE])?;
        let two = new(&["--location", HERE, "--location", "there"])?;
        let all = new(&[])?;
        let server = Server::start_with(&db, &["--api-auth", "required"])?;
        for location in [HERE, "there"] {
            let mut event = super::interest();
            event["locationId"] = json!(location);
            event["id"] = json!(if location == HERE { INTEREST } else { "abroad" });
            assert_eq!(server.post("/webhooks", event.to_string().as_bytes())?.status, 200);
            event["id"] = json!(SYSTEM);
            event["key"] = json!(SYSTEM);
            assert_eq!(server.post("/webhooks", event.to_string().as_bytes())?.status, 200);
        }
        Ok(Self { _directory: directory, server, one, two, all })
    }

    fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", &*bearer), ("content-type", "application/json")];
        self.server.request(method, path, &headers, body.to_string().as_bytes()).unwrap()
    }

    fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(token, "GET", path, &Value::Null)
    }
}

#[test]
fn the_location_is_that_of_the_token_or_of_the_id() -> Result<(), Error> {
    let agency = Agency::open()?;
    let (one, two, all) = (&*agency.one, &*agency.two, &*agency.all);
    let system = format!("/associations/{SYSTEM}");
    let of = |answer: &Answer| (answer.status, answer.json()["locationId"].clone());
    for (token, path, expected) in [
        (one, "/associations/67ade73d1119d2ac7ad0c475", HERE),
        (one, &*system, HERE),
        (two, "/associations/67ade73d1119d2ac7ad0c475", HERE),
        (two, "/associations/abroad", "there"),
        (all, "/associations/abroad", "there"),
        (all, "/associations/BUSINESSES_CONTACTS_ASSOCIATION?locationId=there", "there"),
    ] {
        assert_eq!(of(&agency.get(token, path)), (200, json!(expected)), "{path}");
    }
    let ambiguous = json!("locationId is required: this id exists in several locations");
    check_error(&agency.get(two, &system), 400, &ambiguous);
    check_error(&agency.get(all, &system), 400, &ambiguous);
    let missing = json!("Association not found");
    check_error(&agency.get(one, "/associations/abroad"), 404, &missing);
    check_error(&agency.get(all, "/associations/nobody"), 404, &missing);
    check_error(&agency.get(all, "/associations/abroad?locationId=never"), 404, &missing);

    let labels = json!({"firstObjectLabel": "A", "secondObjectLabel": "B"});
    let renamed = agency.ask(two, "PUT", "/associations/abroad", &labels);
    assert_eq!(of(&renamed), (200, json!("there")));
    let mut link = relation("b1", "p1");
    link["locationId"] = json!("there");
    link["associationId"] = json!("abroad");
    let created = agency.ask(all, "POST", "/associations/relations", &link).json();
    let id = created["id"].as_str().unwrap();
    let gone = agency.ask(two, "DELETE", &format!("/associations/relations/{id}"), &Value::Null);
    assert_eq!(of(&gone), (200, json!("there")));
    let twice = agency.ask(two, "DELETE", &format!("/associations/relations/{id}"), &Value::Null);
    check_error(&twice, 404, &json!("Relation not found"));
    assert_eq!(agency.ask(all, "DELETE", "/associations/abroad", &Value::Null).status, 200);
    Ok(())
}

#[test]
fn a_location_that_nothing_says_is_asked_for() -> Result<(), Error> {
    let agency = Agency::open()?;
    let (one, two) = (&*agency.one, &*agency.two);
    let missing = json!(["locationId should not be empty", "locationId must be a string"]);
    for path in [
        "/associations/",
        "/associations/key/k",
        "/associations/objectKey/contact",
        "/associations/relations/b1",
        "/objects/",
        "/objects/contact",
    ] {
        assert_ne!(agency.get(one, path).status, 422, "{path}");
        check_error(&agency.get(two, path), 422, &missing);
    }
    let mut body = relation("b1", "p1");
    body.as_object_mut().unwrap().remove("locationId");
    check_error(&agency.ask(two, "POST", "/associations/relations", &body), 422, &missing);
    assert_eq!(agency.ask(one, "POST", "/associations/relations", &body).status, 201);
    let snake = agency.get(two, "/associations/?location_id=there");
    let expected = json!([
        "locationId should not be empty",
        "locationId must be a string",
        "property location_id should not exist",
    ]);
    check_error(&snake, 422, &expected);
    Ok(())
}

#[test]
fn a_token_has_no_access_to_other_locations_whether_they_exist_or_not() -> Result<(), Error> {
    let agency = Agency::open()?;
    let refusal = json!("The token does not have access to this location.");
    for location in ["there", "never"] {
        for (method, path) in [
            ("GET", "/associations/"),
            ("GET", "/associations/abroad"),
            ("PUT", "/associations/abroad"),
            ("DELETE", "/associations/abroad"),
            ("POST", "/associations/"),
            ("GET", "/associations/key/k"),
            ("GET", "/associations/objectKey/contact"),
            ("GET", "/associations/relations/b1"),
            ("DELETE", "/associations/relations/r"),
            ("POST", "/associations/relations"),
            ("POST", "/associations/relations/bulk"),
            ("GET", "/objects/"),
            ("GET", "/objects/contact"),
        ] {
            let in_query = format!("{path}?locationId={location}");
            let answer = agency.ask(&agency.one, method, &in_query, &json!({}));
            check_error(&answer, 403, &refusal);
            if method == "POST" {
                let body = json!({"locationId": location});
                check_error(&agency.ask(&agency.one, method, path, &body), 403, &refusal);
            }
        }
    }
    Ok(())
}

#[test]
fn the_only_location_of_a_store_need_not_be_named() -> Result<(), Error> {
    let office = super::Office::open()?;
    assert_eq!(office.get("/associations").json()["total"], 1);
    let mut event = super::interest();
    event["locationId"] = json!("another");
    office.hear(&event);
    assert_eq!(office.get("/associations").status, 422);
    Ok(())
}

#[test]
fn a_location_that_nothing_is_known_of_is_empty_until_it_is_written_to() -> Result<(), Error> {
    let office = super::Office::open()?;
    let new = "?locationId=new";
    let empty = |path: &str, list: &str| {
        let body = office.get(&format!("{path}{new}")).json();
        assert_eq!(body[list], json!([]), "{path}: {body}");
    };
    empty("/associations/", "associations");
    empty("/associations/relations/b1", "relations");
    empty("/associations/objectKey/contact", "associations");
    empty("/objects/", "objects");
    let missing = office.get(&format!("/objects/contact{new}"));
    check_error(&missing, 404, &json!("Object not found"));
    assert_eq!(office.get("/v1/locations/new/objects").status, 404, "reading creates nothing");
    let refused = json!({"locationId": "new", "associationId": "gone", "firstRecordId": "a",
        "secondRecordId": "b"});
    let text = json!("Could not create relation: association not found");
    check_error(&office.post("/associations/relations", &refused), 400, &text);
    assert_eq!(office.get("/v1/locations/new/objects").status, 404, "nor does a refusal");
    let definition = json!({"locationId": "new", "key": "k", "firstObjectLabel": "",
        "secondObjectLabel": "", "firstObjectKey": "contact", "secondObjectKey": "contact"});
    assert_eq!(office.post("/associations/", &definition).status, 201);
    assert_eq!(office.get(&format!("/associations/{new}")).json()["total"], 1);
    Ok(())
}

#[test]
fn locations_that_are_on_disk_alone_answer_alike() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let sample = directory.path().join("sample.ndjson");
    std::fs::write(&sample, SAMPLE)?;
    run(&db, &["ingest", sample.to_str().ok_or("path")?])?;
    let here = "locationId=seaside-realty";
    let paths = [
        "/associations/724455fc72ba9d79a3488b7e".to_owned(),
        format!("/associations/?{here}"),
        format!("/associations/key/spouse?{here}"),
        format!("/associations/objectKey/contact?{here}&relationsCount=true"),
        format!("/associations/relations/TO8RJjq9RDegjbPPMkse?{here}"),
        format!("/objects/?{here}"),
        format!("/objects/custom_objects.property/records/6adf249e8ce18ef62a90b95f?{here}"),
    ];
    let relation = json!({"locationId": "seaside-realty", "firstRecordId": "n1",
        "associationId": "724455fc72ba9d79a3488b7e", "secondRecordId": "n2"});
    let mut answers = Vec::new();
    for memory in ["1000000000", "1"] {
        let mut server = Server::start_with(&db, &["--graph-memory", memory])?;
        // Figures are taken now and then.
        let wait_for = |name: &str| -> Result<(), Error> {
            let start = Instant::now();
            loop {
                let metrics = server.get("/metrics")?.text();
                let value = metrics.lines().find_map(|line| line.strip_prefix(name));
                if memory != "1" || value.ok_or("no such metric")?.trim() != "0" {
                    return Ok(());
                }
                assert!(start.elapsed() < Duration::from_secs(30), "{name} is 0");
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        wait_for("relata_location_evictions_total ")?;
        let of_paths = paths.iter().map(|path| {
            let mut body = server.get(path).unwrap().json();
            body.as_object_mut().unwrap().remove("traceId");
            body
        });
        answers.push(of_paths.collect::<Vec<_>>());
        // Without its location: each has to be looked for.
        let posted = super::send(&server, "POST", "/associations/relations", &relation).json();
        let path = format!("/associations/relations/{}", posted["id"].as_str().unwrap());
        let deleted = super::send(&server, "DELETE", &path, &Value::Null);
        assert_eq!(deleted.json()["locationId"], "seaside-realty", "{}", deleted.text());
        wait_for("relata_location_loads_total ")?;
        server.signal("TERM")?;
        assert!(server.wait(Duration::from_secs(30))?.success());
    }
    assert_eq!(answers[0], answers[1]);
    Ok(())
}
