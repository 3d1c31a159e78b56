//! Bodies and errors as the sender documents them.

use serde_json::{Value, json};

use super::client::Client;
use crate::support::server::Error;
use crate::support::upstream::{Plan, Route, Settings, Shape, StandIn};

/// A location of two contacts, two opportunities, two companies and two houses, each kind
/// linked to contacts.
fn small() -> Plan {
    let house = "custom_objects.house";
    let links = [
        ("OPPORTUNITIES_CONTACTS_ASSOCIATION", ["opportunity", "contact"], 4),
        ("BUSINESSES_CONTACTS_ASSOCIATION", ["business", "contact"], 4),
        ("house_owner", [house, "contact"], 9),
    ];
    Plan::of(7, &[("contact", 2), ("opportunity", 2), ("business", 2), (house, 2)], &links)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|it| it.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// Asserts that a body has an object with these members, and others perhaps.
fn has(body: &Value, members: &str) {
    for member in members.split_whitespace() {
        assert!(keys(body).contains(&member), "no {member} in {body}");
    }
}

#[test]
fn lists_have_the_members_that_clients_read() -> Result<(), Error> {
    let location = small().location();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let client = Client::new(&stand_in, &location);

    let page = client.get("/associations?locationId={L}&skip=1&limit=1")?.json();
    assert_eq!(keys(&page), ["associations", "total", "traceId"]);
    assert_eq!((&page["total"], page["associations"].as_array().unwrap().len()), (&json!(3), 1));
    let members = "associationType firstObjectKey firstObjectLabel id key locationId";
    has(&page["associations"][0], members);
    has(&page["associations"][0], "secondObjectKey secondObjectLabel");

    let contact = &location.records["contact"][0].id;
    let page = client.get(&format!("/associations/relations/{contact}/?locationId={{L}}"))?.json();
    assert_eq!(keys(&page), ["relations", "total", "traceId"]);
    let members = "associationId firstObjectKey firstRecordId id locationId";
    has(&page["relations"][0], members);
    has(&page["relations"][0], "secondObjectKey secondRecordId");

    let page = client.get("/businesses/?locationId={L}")?.json();
    assert_eq!(keys(&page), ["businesses", "traceId"]);
    has(&page["businesses"][0], "id name locationId createdAt updatedAt website");

    let page = client.get("/objects?locationId={L}")?.json();
    has(&page["objects"][3], "id standard key labels locationId primaryDisplayProperty");
    has(&page["objects"][3], "dateAdded dateUpdated type description");
    assert_eq!(page["objects"][3]["primaryDisplayProperty"], "custom_objects.house.title_line");
    Ok(())
}

#[test]
fn searches_have_the_members_that_clients_read() -> Result<(), Error> {
    let location = small().location();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let client = Client::new(&stand_in, &location);
    let ask = json!({"locationId": location.id, "page": 1, "pageLimit": 1, "query": "",
        "searchAfter": []});
    for key in ["custom_objects.house", "business"] {
        let answer = client.post(&format!("/objects/{key}/records/search"), &ask)?;
        let page = answer.json();
        assert_eq!((answer.status, keys(&page)), (201, vec!["records", "total", "traceId"]));
        has(&page["records"][0], "id owner followers properties createdAt updatedAt locationId");
        has(&page["records"][0], "objectId objectKey createdBy lastUpdatedBy searchAfter");
    }
    let answer = client.post("/contacts/search", &ask)?;
    let page = answer.json();
    assert_eq!((answer.status, keys(&page)), (200, vec!["contacts", "total", "traceId"]));
    has(&page["contacts"][0], "id locationId firstName lastName dateAdded searchAfter businessId");
    // A contact that is linked has its company.
    assert!(page["contacts"][0]["businessId"].is_string());

    let page = client.get("/opportunities/search?location_id={L}&limit=1")?.json();
    has(&page, "opportunities meta aggregations");
    has(&page["meta"], "total startAfter startAfterId currentPage nextPage prevPage");
    has(&page["opportunities"][0], "id name status pipelineId createdAt contactId locationId");
    Ok(())
}

#[test]
fn things_are_found_by_their_ids() -> Result<(), Error> {
    let location = small().location();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let client = Client::new(&stand_in, &location);
    let first = |key: &str| (location.records[key][0].id.clone(), &location.records[key][0].name);
    for (path, key, wrapper, name) in [
        ("/contacts/", "contact", "contact", "/name"),
        ("/opportunities/", "opportunity", "opportunity", "/name"),
        ("/businesses/", "business", "business", "/name"),
        ("/objects/business/records/", "business", "record", "/properties/name"),
        (
            "/objects/custom_objects.house/records/",
            "custom_objects.house",
            "record",
            "/properties/title_line",
        ),
    ] {
        let (id, expected) = first(key);
        let body = client.get(&format!("{path}{id}"))?.json();
        assert_eq!(body[wrapper]["id"], id);
        let name = body[wrapper].pointer(name).and_then(Value::as_str);
        assert_eq!(name, Some(&**expected.at(stand_in.now())), "{body}");
        let missing = client.get(&format!("{path}gone"))?;
        assert_eq!(missing.status, 404, "{path}: {}", missing.text());
    }
    stand_in.change(|settings| settings.missing = 400);
    assert_eq!(client.get("/contacts/gone")?.status, 400);
    let body = client.get("/locations/{L}")?.json();
    assert_eq!(body["location"]["name"], location.name.as_str());
    let owner = &location.associations[2];
    for path in [format!("/associations/{}", owner.id), format!("/associations/key/{}", owner.key)]
    {
        let body = client.get(&format!("{path}?locationId={{L}}"))?.json();
        assert_eq!((&body["id"], &body["key"]), (&json!(owner.id), &json!(owner.key)));
    }
    for shape in [Shape::Array, Shape::Object, Shape::Wrapped] {
        stand_in.change(|settings| settings.shape = shape);
        let body =
            client.get("/associations/objectKey/custom_objects.house?locationId={L}")?.json();
        let found = match shape {
            Shape::Array => &body[0],
            Shape::Object => &body,
            Shape::Wrapped => &body["associations"][0],
        };
        assert_eq!(found["id"], owner.id, "{shape:?}: {body}");
    }
    Ok(())
}

#[test]
fn what_is_wrong_is_refused_in_the_words_of_the_sender() -> Result<(), Error> {
    let location = small().location();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let client = Client::new(&stand_in, &location);
    let relations = "/associations/relations/a?locationId={L}";
    for (path, status, message) in [
        ("/associations/a/b", 404, json!("Cannot GET /associations/a/b")),
        ("/associations/gone", 404, json!("Association not found")),
        (
            "/associations/?locationId=other",
            403,
            json!("The token does not have access to this location."),
        ),
        (
            "/objects/",
            422,
            json!(["locationId should not be empty", "locationId must be a string"]),
        ),
        (
            &format!("{relations}&associationId=b&x=1"),
            422,
            json!(["property associationId should not exist", "property x should not exist"]),
        ),
        (&format!("{relations}&limit=101"), 422, json!(["limit must not be greater than 100"])),
        (
            "/opportunities/search?locationId={L}",
            422,
            json!([
                "property locationId should not exist",
                "location_id should not be empty",
                "location_id must be a string",
            ]),
        ),
    ] {
        let answer = client.get(path)?;
        assert_eq!((answer.status, &answer.json()["message"]), (status, &message), "{path}");
        assert_eq!(answer.json()["statusCode"], status);
        has(&answer.json(), "error traceId");
    }
    let refused = |change: &dyn Fn(&mut Client)| -> Result<(u16, Value), Error> {
        let mut client = Client::new(&stand_in, &location);
        change(&mut client);
        let answer = client.get("/objects/?locationId={L}")?;
        Ok((answer.status, answer.json()["message"].clone()))
    };
    let wrong = |token: &'static str| move |client: &mut Client| client.token = token.to_owned();
    assert_eq!(refused(&wrong("eyJ"))?, (401, json!("Invalid JWT")));
    let message = "Invalid Private Integration token";
    assert_eq!(refused(&wrong("pit-1"))?, (401, json!(message)));
    let message = "version header was not found.";
    assert_eq!(refused(&|client| client.headers.clear())?, (401, json!(message)));
    let body = json!({"locationId": location.id});
    let answer = client.post("/contacts/search", &body)?;
    assert_eq!(answer.json()["message"], json!(["pageLimit should not be empty"]));
    Ok(())
}

#[test]
fn lists_of_ids_are_read_as_each_client_writes_them() -> Result<(), Error> {
    let location = small().location();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let client = Client::new(&stand_in, &location);
    let contact = &location.records["contact"][0].id;
    let [first, second] = [0, 2].map(|at: usize| location.associations[at].id.clone());
    let wanted = [first.clone(), second.clone()];
    let of = |query: &str| -> Result<Vec<Value>, Error> {
        let path = format!("/associations/relations/{contact}?locationId={{L}}&{query}");
        Ok(client.get(&path)?.json()["relations"].as_array().unwrap().clone())
    };
    let all = of("")?;
    let expected: Vec<Value> = all
        .iter()
        .filter(|row| wanted.iter().any(|id| row["associationId"] == **id))
        .cloned()
        .collect();
    assert!(!expected.is_empty() && expected.len() < all.len());
    for query in [
        format!("associationIds={first}&associationIds={second}"),
        format!("associationIds[]={first}&associationIds%5B%5D={second}"),
        format!("associationIds[0]={first}&associationIds%5B1%5D={second}&associationIds=gone"),
    ] {
        assert_eq!(of(&query)?, expected, "{query}");
    }
    assert_eq!(of("associationIds=gone")?, Vec::<Value>::new());
    Ok(())
}

#[test]
fn requests_are_counted_and_each_token_opens_its_own_location() -> Result<(), Error> {
    let (one, two) = (small().location(), Plan { seed: 8, ..small() }.location());
    let stand_in = StandIn::start_all(vec![one.clone(), two.clone()], Settings::default());
    for location in [&one, &two] {
        let client = Client::new(&stand_in, location);
        for _ in 0..2 {
            let body = client.get("/locations/{L}")?.json();
            assert_eq!(body["location"]["id"], location.id);
        }
        assert_eq!(client.get("/associations/gone?locationId={L}")?.status, 404);
    }
    let mixed = Client { token: two.token.clone(), ..Client::new(&stand_in, &one) };
    assert_eq!(mixed.get("/associations/?locationId={L}")?.status, 403);
    assert!(mixed.get("/objects/")?.header("date").is_some());
    stand_in.change(|settings| settings.has_date = false);
    assert_eq!(mixed.get("/objects/")?.header("date"), None);
    let counts: Vec<(Route, usize)> = stand_in.counts().into_iter().collect();
    let expected = [
        (Route::Objects, 2),
        (Route::Associations, 1),
        (Route::Association, 2),
        (Route::Location, 4),
    ];
    assert_eq!(counts, expected);
    stand_in.wait_for(9);
    let seen: Vec<u16> = stand_in.seen().iter().map(|it| it.status).collect();
    assert_eq!(seen, [200, 200, 404, 200, 200, 404, 403, 422, 422]);
    let seen = stand_in.seen();
    assert!(seen.is_sorted_by_key(|it| it.at) && seen[6].at <= stand_in.now());
    assert_eq!(
        (&*seen[6].request.path, seen[6].request.method.as_str()),
        ("/associations/", "GET")
    );
    Ok(())
}
