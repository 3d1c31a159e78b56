//! That pages, totals and cursors mislead as they are set to.

use serde_json::{Value, json};

use super::client::{Client, started};
use crate::support::server::Error;
use crate::support::upstream::{
    Location, Order, PageCap, PageCaps, Plan, Settings, StandIn, Total,
};

const HOUSES: &str = "/objects/custom_objects.house/records/search";

/// A location of houses and companies, all of whose associations are linked to the first one.
fn houses() -> Location {
    let records =
        [("custom_objects.house", 30), ("business", 30), ("opportunity", 3), ("contact", 3)];
    let links = [("owned", ["custom_objects.house", "business"], 20)];
    Plan { hub: 20, ..Plan::of(3, &records, &links) }.location()
}

fn start(settings: Settings) -> (StandIn, Client, Location) {
    started(houses(), settings)
}

fn count(page: &Value, name: &str) -> usize {
    page[name].as_array().map_or(0, Vec::len)
}

#[test]
fn a_page_that_is_too_long_is_cut_or_refused() -> Result<(), Error> {
    let (stand_in, client, location) = start(Settings::default());
    let body = json!({"locationId": location.id, "pageLimit": 11});
    let hub = &location.records["custom_objects.house"][0].id;
    let get = |path: &str| client.get(path);
    let calls: [(&str, &dyn Fn() -> Result<_, Error>); 5] = [
        ("relations", &|| get(&format!("/associations/relations/{hub}?locationId={{L}}&limit=11"))),
        ("associations", &|| get("/associations/?locationId={L}&limit=11")),
        ("businesses", &|| get("/businesses/?locationId={L}&limit=11")),
        ("opportunities", &|| get("/opportunities/search?location_id={L}&limit=11")),
        ("records", &|| client.post(HOUSES, &body)),
    ];
    for (name, call) in calls {
        stand_in.change(|settings| settings.caps = PageCaps::all(PageCap::clamped(10)));
        let (answer, all) = (call()?, if name == "associations" { 1 } else { 10 });
        let all = if name == "opportunities" { 3 } else { all };
        assert_eq!(count(&answer.json(), name), all, "{name}");
        stand_in.change(|settings| settings.caps = PageCaps::all(PageCap::refused(10)));
        let answer = call()?;
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.text().contains("must not be greater than 10"), "{name}");
        stand_in.change(|settings| settings.caps = PageCaps::all(PageCap::refused(11)));
        assert!(call()?.status < 300, "{name}");
        // What nobody asked for is not refused.
        stand_in.change(|settings| settings.caps = PageCaps::all(PageCap::refused(2)));
        assert_eq!(client.get("/businesses/?locationId={L}")?.status, 200);
    }
    Ok(())
}

#[test]
fn rows_come_in_the_order_that_is_set() -> Result<(), Error> {
    let (stand_in, client, location) = start(Settings::default());
    let hub = &location.records["custom_objects.house"][0].id;
    let relations = format!("/associations/relations/{hub}?locationId={{L}}");
    let body = json!({"locationId": location.id, "pageLimit": 30});
    let lists = || -> Result<Vec<Vec<Value>>, Error> {
        let pages = [
            (client.get(&relations)?, "relations"),
            (client.get("/businesses/?locationId={L}")?, "businesses"),
            (client.get("/opportunities/search?location_id={L}")?, "opportunities"),
            (client.post(HOUSES, &body)?, "records"),
        ];
        Ok(pages.map(|(page, name)| page.json()[name].as_array().unwrap().clone()).to_vec())
    };
    let oldest = lists()?;
    let made = |row: &Value| row["createdAt"].as_str().map(str::to_owned);
    assert!(oldest[1..].iter().all(|rows| rows.is_sorted_by_key(made) && made(&rows[0]).is_some()));
    stand_in.change(|settings| settings.order = Order::Newest);
    let mut newest = lists()?;
    assert_ne!(newest, oldest);
    for rows in &mut newest {
        rows.reverse();
    }
    assert_eq!(newest, oldest);
    // Those of opportunities, and contacts, can be asked for.
    let asked = client.get("/opportunities/search?location_id={L}&order=added_asc")?;
    assert_eq!(asked.json()["opportunities"].as_array(), Some(&oldest[2]));
    let contacts = |direction: &str| -> Result<Value, Error> {
        let sort = json!([{"field": "dateAdded", "direction": direction}]);
        let body = json!({"locationId": location.id, "pageLimit": 3, "sort": sort});
        Ok(client.post("/contacts/search", &body)?.json()["contacts"].clone())
    };
    assert_eq!(contacts("asc")?[0], contacts("desc")?[2]);
    assert!(
        contacts("asc")?.as_array().unwrap().is_sorted_by_key(|row| row["dateAdded"].to_string())
    );
    Ok(())
}

#[test]
fn totals_are_as_wrong_as_they_are_set() -> Result<(), Error> {
    let (stand_in, client, location) = start(Settings::default());
    let hub = &location.records["custom_objects.house"][0].id;
    let body = json!({"locationId": location.id, "pageLimit": 7});
    for (total, list, search) in [
        (Total::Exact, json!(20), json!(30)),
        (Total::Absent, Value::Null, Value::Null),
        (Total::Null, Value::Null, Value::Null),
        (Total::Low, json!(10), json!(15)),
        (Total::High, json!(31), json!(46)),
        (Total::Page, json!(7), json!(7)),
        (Total::Zero, json!(0), json!(0)),
    ] {
        stand_in.change(|settings| settings.total = total);
        let path = format!("/associations/relations/{hub}?locationId={{L}}&limit=7");
        let page = client.get(&path)?.json();
        assert_eq!(page["total"], list, "{total:?}");
        assert_eq!(page.get("total").is_none(), total == Total::Absent, "{total:?}");
        assert_eq!(client.post(HOUSES, &body)?.json()["total"], search, "{total:?}");
        let page = client.get("/opportunities/search?location_id={L}")?.json();
        assert_eq!(page["meta"].get("total").is_none(), total == Total::Absent, "{total:?}");
    }
    stand_in.change(|settings| settings.total = Total::Random);
    let mut found = std::collections::BTreeSet::new();
    for skip in 0..10 {
        let path = format!("/associations/relations/{hub}?locationId={{L}}&limit=7&skip={skip}");
        found.insert(client.get(&path)?.json()["total"].as_u64().unwrap());
    }
    assert!(found.len() > 3 && found.iter().all(|total| *total < 42), "{found:?}");
    Ok(())
}

#[test]
fn page_numbers_end_at_the_window_and_cursors_do_not() -> Result<(), Error> {
    let (stand_in, client, location) = start(Settings::default());
    stand_in.change(|settings| settings.searches.window = 20);
    let mut body = json!({"locationId": location.id, "pageLimit": 10, "page": 2});
    let page = client.post(HOUSES, &body)?.json();
    assert_eq!(count(&page, "records"), 10);
    body["page"] = json!(3);
    assert_eq!(client.post(HOUSES, &body)?.status, 400);
    assert_eq!(client.get("/opportunities/search?location_id={L}&page=5&limit=5")?.status, 400);
    body["page"] = json!(1);
    body["searchAfter"] = page["records"][9]["searchAfter"].clone();
    let page = client.post(HOUSES, &body)?.json();
    let ids = |range: std::ops::Range<usize>| -> Vec<Value> {
        let houses = &location.records["custom_objects.house"];
        houses[range].iter().map(|it| json!(it.id)).collect()
    };
    let found: Vec<Value> =
        page["records"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(found, ids(20..30));
    // Contacts take one or the other.
    let both =
        json!({"locationId": location.id, "pageLimit": 10, "page": 1, "searchAfter": [1, "a"]});
    assert_eq!(client.post("/contacts/search", &both)?.status, 400);
    Ok(())
}

#[test]
fn the_last_page_ends_as_it_is_set_to() -> Result<(), Error> {
    let (stand_in, client, location) = start(Settings::default());
    let last = location.records["custom_objects.house"].last().unwrap();
    let after = json!([last.span.made, last.id]);
    let body = json!({"locationId": location.id, "pageLimit": 4, "searchAfter": after});
    assert_eq!(count(&client.post(HOUSES, &body)?.json(), "records"), 0);
    // The last page of opportunities has a cursor that leads to nothing.
    let page = client.get("/opportunities/search?location_id={L}")?.json();
    let (made, id) = (&page["meta"]["startAfter"], page["meta"]["startAfterId"].as_str().unwrap());
    let path =
        format!("/opportunities/search?location_id={{L}}&startAfter={made}&startAfterId={id}");
    assert_eq!(count(&client.get(&path)?.json(), "opportunities"), 0);

    stand_in.change(|settings| settings.searches.repeats_last = true);
    let page = client.post(HOUSES, &body)?.json();
    assert_eq!((count(&page, "records"), &page["records"][3]["searchAfter"]), (4, &after));
    assert_eq!(count(&client.get(&path)?.json(), "opportunities"), 3);

    stand_in.change(|settings| settings.searches.has_cursors = false);
    assert!(client.post(HOUSES, &body)?.json()["records"][0].get("searchAfter").is_none());
    Ok(())
}

#[test]
fn companies_can_be_left_out_of_the_search_of_records() -> Result<(), Error> {
    let (stand_in, client, location) = start(Settings::default());
    let body = json!({"locationId": location.id, "pageLimit": 500});
    let search = || client.post("/objects/business/records/search", &body);
    assert_eq!(count(&search()?.json(), "records"), 30);
    stand_in.change(|settings| settings.searches.has_businesses = false);
    assert_eq!(search()?.status, 400);
    assert_eq!(count(&client.get("/businesses/?locationId={L}")?.json(), "businesses"), 30);
    // Nor are contacts and opportunities ever found by it.
    assert_eq!(client.post("/objects/contact/records/search", &body)?.status, 400);
    stand_in.change(|settings| settings.searches.status = 200);
    assert_eq!(client.post(HOUSES, &body)?.status, 200);
    Ok(())
}
